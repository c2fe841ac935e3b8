//! EfficientNet (arXiv 1905.11946), B0 to B5, as torchvision has it: symmetric padding, unlike TensorFlow's own.
//!
//! Starts: convolutions N(0, 2/fan_out), norms gain 1, the linear layer U(±1/√classes) with bias 0. BatchNorm is torch's (eps
//! 1e-5, momentum 0.1), but eps 0.001 and momentum 0.01 in B5. Stochastic depth grows linearly from 0 at the first block to
//! just below `drop_path` at the last. Names: `features.0` … `features.8`, `classifier.1`.

use super::conv::{Activation, ConvNorm, ConvShape, Convention};
use super::layers::{Chain, DropPath, Gate, Layer, Residual, SqueezeExcitation, linear, round_to_8};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::nn;

/// Expansion, kernel, stride of the first block, outputs, blocks: Table 1 of the paper, B0.
pub(super) const STAGES: [(i64, i64, i64, i64, i64); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];
/// Channels of B0's stem.
const STEM: i64 = 32;

/// How B0 is scaled.
#[derive(Clone, Copy, Debug)]
pub(super) struct EfficientNet {
    /// Channels, times this.
    pub width: f64,
    /// Blocks of each stage, times this, rounded up.
    pub depth: f64,
    /// BatchNorm.
    pub norm: Norm,
}

/// Which BatchNorm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Norm {
    /// eps 1e-5, momentum 0.1.
    Torch,
    /// eps 0.001, momentum 0.01.
    TensorFlow,
}

impl Norm {
    fn convention(self) -> Convention {
        let (eps, momentum) = match self {
            Self::Torch => (1e-5, 0.1),
            Self::TensorFlow => (1e-3, 0.01),
        };
        Convention { start: Start::FanOut, eps, momentum }
    }
}

/// The shape of a block: expand, filter each channel, squeeze and excite, project (MBConv).
struct BlockShape {
    inputs: i64,
    outputs: i64,
    expansion: i64,
    kernel: i64,
    stride: i64,
}

impl BlockShape {
    fn at(self, path: &nn::Path, convention: &Convention, rate: f64) -> Residual {
        let path = &(path / "block");
        let Self { inputs, outputs, expansion, kernel, stride } = self;
        let wide = inputs * expansion;
        let mut layers: Vec<Layer> = Vec::new();
        if expansion != 1 {
            let shape = ConvShape::new(inputs, wide, 1);
            layers.push(Box::new(ConvNorm::pair(&(path / 0), shape, convention, Activation::Silu)));
        }
        let shape = ConvShape::depthwise(wide, kernel).stride(stride);
        layers.push(Box::new(ConvNorm::pair(&(path / layers.len()), shape, convention, Activation::Silu)));
        let squeeze = path / layers.len();
        layers.push(Box::new(SqueezeExcitation::new(&squeeze, wide, inputs / 4, Gate::Sigmoid, convention.start)));
        let shape = ConvShape::new(wide, outputs, 1);
        layers.push(Box::new(ConvNorm::pair(&(path / layers.len()), shape, convention, Activation::Identity)));
        Residual { branch: Chain(layers), shortcut: (stride == 1 && inputs == outputs).then_some(DropPath { rate }) }
    }
}

impl EfficientNet {
    pub(super) fn trunk(self, root: &nn::Path, drop_path: f64) -> Trunk {
        let convention = &self.norm.convention();
        let features = &(root / "features");
        let channels = |channels: i64| round_to_8(channels as f64 * self.width);
        let depth = |count: i64| (count as f64 * self.depth).ceil() as i64;
        let total: i64 = STAGES.iter().map(|stage| depth(stage.4)).sum();
        let pair = |n: usize, shape: ConvShape| ConvNorm::pair(&(features / n), shape, convention, Activation::Silu);
        let mut trunk = Trunk::default();
        let stem = channels(STEM);
        trunk.layer(&["features.0"], 2, stem, pair(0, ConvShape::new(3, stem, 3).stride(2)));
        let mut before = 0;
        for (n, (expansion, kernel, stride, outputs, count)) in (1usize..).zip(STAGES) {
            let (mut inputs, outputs) = (trunk.channels(), channels(outputs));
            let blocks = (0..depth(count)).map(|block| -> Layer {
                let stride = if block == 0 { stride } else { 1 };
                let shape = BlockShape { inputs, outputs, expansion, kernel, stride };
                let rate = drop_path * before as f64 / total as f64;
                inputs = outputs;
                before += 1;
                Box::new(shape.at(&(features / n / block), convention, rate))
            });
            let blocks = Chain(blocks.collect());
            trunk.layer(&[&format!("features.{n}")], stride, outputs, blocks);
        }
        let (n, inputs) = (STAGES.len() + 1, trunk.channels());
        trunk.layer(&[&format!("features.{n}")], 1, 4 * inputs, pair(n, ConvShape::new(inputs, 4 * inputs, 1)));
        trunk
    }

    pub(super) fn head(root: &nn::Path, width: i64, classes: i64, drop_rate: f64) -> Head {
        let layer = linear(&(root / "classifier" / 1), width, classes, Start::Outputs);
        Head::linear("classifier.1", layer, drop_rate)
    }
}
