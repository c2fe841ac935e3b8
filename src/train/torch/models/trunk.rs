//! What every network is cut into: a trunk of stages, from the stem down to the last feature map, and a head behind the pool.
//!
//! A stage knows the names of its parameters, so that it can be frozen, and its stride, so that its map can be taken for a
//! feature pyramid. Families only list their layers; running, freezing and tapping are written once, in `network.rs`.

use super::conv::Conv;
use super::layers::{Chain, Layer, pool};
use tch::Tensor;
use tch::nn::{self, Module as _, ModuleT};

/// The stride of the first level of a feature pyramid.
pub(super) const FINEST_STRIDE: i64 = 4;

/// A run of layers that is frozen and thawed as one.
#[derive(Debug)]
pub(super) struct Stage {
    /// Prefixes of the names of its parameters.
    pub names: Vec<String>,
    /// Pixels of the image for each pixel of its map.
    pub stride: i64,
    /// Channels of its map.
    pub channels: i64,
    /// Maps `[n, c, h, w]` to `[n, channels, h', w']`.
    pub layers: Chain,
}

/// The stages of a network before the pool, stem first.
#[derive(Debug, Default)]
pub(super) struct Trunk {
    pub stages: Vec<Stage>,
}

impl Trunk {
    /// A new stage, whose map is `factor` times smaller than the one before.
    pub(super) fn stage(&mut self, names: &[&str], factor: i64, channels: i64, layers: Vec<Layer>) {
        let stride = self.stages.last().map_or(1, |stage| stage.stride) * factor;
        let names = names.iter().map(ToString::to_string).collect();
        self.stages.push(Stage { names, stride, channels, layers: Chain(layers) });
    }

    /// A layer more: it opens a stage when its map is smaller than the one before, and joins the last stage otherwise.
    pub(super) fn layer(&mut self, names: &[&str], factor: i64, channels: i64, layer: impl ModuleT + 'static) {
        match self.stages.last_mut() {
            Some(stage) if factor == 1 => {
                stage.names.extend(names.iter().map(ToString::to_string));
                stage.channels = channels;
                stage.layers.0.push(Box::new(layer));
            }
            _ => self.stage(names, factor, channels, vec![Box::new(layer)]),
        }
    }

    /// Stride and channels of each level of the pyramid, finest first.
    pub(super) fn levels(&self) -> Vec<(i64, i64)> {
        let mut levels: Vec<(i64, i64)> = Vec::new();
        for stage in self.stages.iter().filter(|stage| stage.stride >= FINEST_STRIDE) {
            match levels.last_mut() {
                Some(level) if level.0 == stage.stride => level.1 = stage.channels,
                _ => levels.push((stage.stride, stage.channels)),
            }
        }
        levels
    }

    /// Channels of the last map.
    pub(super) fn channels(&self) -> i64 {
        self.stages.last().map_or(0, |stage| stage.channels)
    }
}

/// The last layer.
#[derive(Debug)]
pub(super) enum Classifier {
    /// Features `[n, width]` to logits.
    Linear(nn::Linear),
    /// SqueezeNet's: a convolution of one pixel, ReLU, then the pool.
    Conv(Conv),
}

/// What comes behind the trunk: pool, perhaps more layers, dropout, classifier.
#[derive(Debug)]
pub(super) struct Head {
    /// Layers between the pool and the classifier, over `[n, c]`; frozen and thawed with the last stage of the trunk.
    pub neck: Chain,
    /// Prefixes of the names of the neck's parameters.
    pub neck_names: Vec<String>,
    /// The probability that a feature is dropped in train mode.
    pub drop_rate: f64,
    pub classifier: Classifier,
    /// Prefix of the names of the classifier's parameters.
    pub name: &'static str,
    /// Features that the classifier takes.
    pub width: i64,
}

impl Head {
    /// Pool, dropout, a linear layer.
    pub(super) fn linear(name: &'static str, layer: nn::Linear, drop_rate: f64) -> Self {
        let width = layer.ws.size()[1];
        let classifier = Classifier::Linear(layer);
        Self { neck: Chain(Vec::new()), neck_names: Vec::new(), drop_rate, classifier, name, width }
    }

    /// With layers between the pool and the dropout.
    pub(super) fn with_neck(self, names: &[&str], layers: Vec<Layer>) -> Self {
        Self { neck: Chain(layers), neck_names: names.iter().map(ToString::to_string).collect(), ..self }
    }

    /// The last map to what the classifier takes, `[n, width]`.
    pub(super) fn features(&self, map: &Tensor, train: bool) -> Tensor {
        self.neck.forward_t(&pool(map), train)
    }

    /// Features `[n, width]` to logits `[n, classes]`.
    pub(super) fn classify(&self, features: &Tensor, train: bool) -> Tensor {
        match &self.classifier {
            Classifier::Linear(layer) => layer.forward(&features.dropout(self.drop_rate, train)),
            Classifier::Conv(_) => self.map_to_logits(&features.unsqueeze(-1).unsqueeze(-1), train),
        }
    }

    /// The last map to logits; `train_neck` is the mode of the layers before the classifier.
    pub(super) fn forward(&self, map: &Tensor, train_neck: bool, train: bool) -> Tensor {
        match &self.classifier {
            Classifier::Linear(_) => self.classify(&self.features(map, train_neck), train),
            Classifier::Conv(_) => self.map_to_logits(map, train),
        }
    }

    fn map_to_logits(&self, map: &Tensor, train: bool) -> Tensor {
        match &self.classifier {
            Classifier::Linear(layer) => layer.forward(&pool(map).dropout(self.drop_rate, train)),
            Classifier::Conv(conv) => pool(&conv.forward(&map.dropout(self.drop_rate, train)).relu()),
        }
    }
}
