//! A network that can be trained: a trunk of stages with a head or a BiFPN behind it, or a TorchScript module.
//!
//! It is thawed from the head down. A frozen stage runs in eval mode whatever mode is asked for: its BatchNorm uses the
//! running statistics and does not move them, its dropout is off, and its parameters ask for no gradient, so that torch
//! records nothing for it.

use super::bifpn::Bifpn;
use super::script::Script;
use super::trunk::{Classifier, FINEST_STRIDE, Head, Stage, Trunk};
use crate::train::torch::variables;
use tch::Tensor;
use tch::nn::{self, ModuleT as _};

/// A network over images `[n, 3, h, w]` float, normalised, that gives logits `[n, classes]`.
///
/// [`Architecture::build`](super::Architecture::build) makes one; all of it is thawed at first.
#[derive(Debug)]
pub struct Network {
    body: Body,
    /// How many stages are trained, counted from the head.
    thawed: usize,
}

#[derive(Debug)]
enum Body {
    Layers { trunk: Trunk, tail: Tail },
    Script(Script),
}

#[derive(Debug)]
pub(super) enum Tail {
    Head(Head),
    Bifpn(Bifpn),
}

/// A map of the feature pyramid.
#[derive(Debug)]
pub struct Level {
    /// Pixels of the image for each pixel of the map.
    pub stride: i64,
    /// `[n, c, ⌈h/stride⌉, ⌈w/stride⌉]`, a pixel less where a network does not pad.
    pub map: Tensor,
}

impl Network {
    pub(super) fn new(trunk: Trunk, tail: Tail) -> Self {
        let thawed = trunk.stages.len() + 1;
        Self { body: Body::Layers { trunk, tail }, thawed }
    }

    pub(super) fn of_script(script: Script) -> Self {
        Self { body: Body::Script(script), thawed: 1 }
    }

    /// Gives the logits `[n, classes]` of images `[n, 3, h, w]`.
    ///
    /// With `train`, the thawed stages run in train mode: BatchNorm with the statistics of the batch, which move the running
    /// ones; dropout; stochastic depth. Frozen stages run in eval mode always.
    ///
    /// # Panics
    /// On images of another shape, or smaller than the network can take (32 px are enough for all); a TorchScript module
    /// panics with torch's message where its code fails.
    pub fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        match &self.body {
            Body::Script(script) => script.forward_t(images, train),
            Body::Layers { trunk, tail: Tail::Head(head) } => {
                let map = self.last_map(trunk, images, train);
                head.forward(&map, train && self.is_trained(1), train)
            }
            Body::Layers { trunk, tail: Tail::Bifpn(bifpn) } => {
                bifpn.forward_t(&self.levels(trunk, images, train), train)
            }
        }
    }

    /// Gives what the last linear layer takes, `[n, width]`, before its dropout; nothing for a TorchScript module.
    ///
    /// ResNet, DenseNet, MobileNetV2, EfficientNet, ShuffleNetV2: the means of the last map. MobileNetV3: behind
    /// `classifier.0` and its hard swish. ConvNeXt: behind the layer norm `classifier.0`. SqueezeNet: the means of the last
    /// map, from which its logits do not follow exactly. BiFPN: the means of its maps, side by side.
    pub fn features(&self, images: &Tensor, train: bool) -> Option<Tensor> {
        match &self.body {
            Body::Script(_) => None,
            Body::Layers { trunk, tail: Tail::Head(head) } => {
                let map = self.last_map(trunk, images, train);
                Some(head.features(&map, train && self.is_trained(1)))
            }
            Body::Layers { trunk, tail: Tail::Bifpn(bifpn) } => {
                Some(bifpn.features(&self.levels(trunk, images, train), train))
            }
        }
    }

    /// Gives the logits of [`features`](Self::features) `[n, width]`: dropout and the last layer.
    pub fn classify(&self, features: &Tensor, train: bool) -> Option<Tensor> {
        match &self.body {
            Body::Script(_) => None,
            Body::Layers { tail: Tail::Head(head), .. } => Some(head.classify(features, train)),
            Body::Layers { tail: Tail::Bifpn(bifpn), .. } => Some(bifpn.classify(features, train)),
        }
    }

    /// Whether features may be computed once and kept while the head alone is trained: the logits follow exactly from them, and
    /// nothing below them is part of the head. Not so for SqueezeNet, a BiFPN and TorchScript.
    pub fn can_cache_features(&self) -> bool {
        match &self.body {
            Body::Layers { tail: Tail::Head(head), .. } => matches!(head.classifier, Classifier::Linear(_)),
            Body::Layers { tail: Tail::Bifpn(_), .. } | Body::Script(_) => false,
        }
    }

    /// How many features the last layer takes; nothing for a TorchScript module.
    pub fn width(&self) -> Option<i64> {
        match &self.body {
            Body::Script(_) => None,
            Body::Layers { tail: Tail::Head(head), .. } => Some(head.width),
            Body::Layers { tail: Tail::Bifpn(bifpn), .. } => Some(bifpn.width()),
        }
    }

    /// Gives the last map of each stride from 4 on, finest first; nothing for a TorchScript module.
    ///
    /// The last level is the end of the trunk, with the 1×1 convolution that some networks have before the pool, as in
    /// torchvision's own pyramids. DenseNet's first three are the ends of its blocks, before the norm of the transition.
    pub fn pyramid(&self, images: &Tensor, train: bool) -> Option<Vec<Level>> {
        match &self.body {
            Body::Script(_) => None,
            Body::Layers { trunk, .. } => Some(self.levels(trunk, images, train)),
        }
    }

    /// Prefixes of the parameters that depend on the classes: what is replaced when weights of other classes are loaded, and
    /// what is trained when the head alone is thawed. Empty for a TorchScript module, whose head stays as it is.
    pub fn head(&self) -> Vec<String> {
        match &self.body {
            Body::Script(_) => Vec::new(),
            Body::Layers { tail, .. } => vec![tail.name().to_string()],
        }
    }

    /// Prefixes of the names of parameters, stage by stage from the head down to the stem.
    ///
    /// A layer between the pool and the head is in the stage before the head. A TorchScript module is one stage, with the empty
    /// prefix, which every name has.
    pub fn stages(&self) -> Vec<Vec<String>> {
        let Body::Layers { trunk, tail } = &self.body else { return vec![vec![String::new()]] };
        let neck = match tail {
            Tail::Head(head) => head.neck_names.as_slice(),
            Tail::Bifpn(_) => &[],
        };
        let mut stages = vec![self.head()];
        stages.extend(trunk.stages.iter().rev().map(|stage| stage.names.clone()));
        stages[1].splice(0..0, neck.iter().cloned());
        stages
    }

    /// Says which of [`stages`](Self::stages) a parameter or buffer of that name is in.
    pub fn stage_of(&self, name: &str) -> Option<usize> {
        self.stages().iter().position(|prefixes| prefixes.iter().any(|prefix| is_under(name, prefix)))
    }

    /// Trains the first `stages` of [`stages`](Self::stages) and freezes the others: 1 is the head alone. At least the head
    /// is trained, at most everything; a TorchScript module is trained whole.
    ///
    /// `store` is the one that the network was built in.
    pub fn thaw(&mut self, store: &nn::VarStore, stages: usize) {
        let all = self.stages();
        self.thawed = stages.clamp(1, all.len());
        if matches!(self.body, Body::Script(_)) {
            return;
        }
        let trained = &all[..self.thawed];
        for one in variables::parameters(store) {
            let on = trained.iter().flatten().any(|prefix| is_under(&one.name, prefix));
            let _ = one.tensor.set_requires_grad(on);
        }
    }

    /// How many stages are trained, counted from the head.
    pub fn thawed(&self) -> usize {
        self.thawed
    }

    /// The TorchScript module, where the network is one.
    pub fn script(&self) -> Option<&Script> {
        match &self.body {
            Body::Script(script) => Some(script),
            Body::Layers { .. } => None,
        }
    }

    fn is_trained(&self, from_head: usize) -> bool {
        from_head < self.thawed
    }

    /// The maps of the stages, stem first, each in its mode.
    fn maps<'a>(
        &'a self,
        trunk: &'a Trunk,
        images: &Tensor,
        train: bool,
    ) -> impl Iterator<Item = (&'a Stage, Tensor)> + 'a {
        let count = trunk.stages.len();
        trunk.stages.iter().enumerate().scan(images.shallow_clone(), move |x, (i, stage)| {
            *x = stage.layers.forward_t(x, train && self.is_trained(count - i));
            Some((stage, x.shallow_clone()))
        })
    }

    fn last_map(&self, trunk: &Trunk, images: &Tensor, train: bool) -> Tensor {
        self.maps(trunk, images, train).last().expect("BUG: a trunk has stages").1
    }

    fn levels(&self, trunk: &Trunk, images: &Tensor, train: bool) -> Vec<Level> {
        let mut levels: Vec<Level> = Vec::new();
        for (stage, map) in self.maps(trunk, images, train).filter(|(stage, _)| stage.stride >= FINEST_STRIDE) {
            match levels.last_mut() {
                Some(level) if level.stride == stage.stride => level.map = map,
                _ => levels.push(Level { stride: stage.stride, map }),
            }
        }
        levels
    }
}

impl Tail {
    fn name(&self) -> &'static str {
        match self {
            Self::Head(head) => head.name,
            Self::Bifpn(_) => Bifpn::NAME,
        }
    }
}

/// Whether a name is `prefix` or stands below it; every name stands below the empty prefix.
pub fn is_under(name: &str, prefix: &str) -> bool {
    prefix.is_empty() || name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
