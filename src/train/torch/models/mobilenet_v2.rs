//! MobileNetV2 (arXiv 1801.04381) as torchvision has it.
//!
//! Starts: convolutions N(0, 2/fan_out), norms gain 1, the linear layer N(0, 0.01²) with bias 0. Names: `features.0` …
//! `features.18`, `classifier.1`.

use super::conv::{Activation, BatchNorm, ConvNorm, ConvShape, Convention};
use super::layers::{Chain, Layer, linear};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::Tensor;
use tch::nn::{self, ModuleT};

const CONVENTION: Convention = Convention { start: Start::FanOut, eps: 1e-5, momentum: 0.1 };
/// Expansion, outputs, blocks, stride of the first: Table 2 of the paper.
const BLOCKS: [(i64, i64, i64, i64); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];
const LAST: i64 = 1280;

/// Expand, filter each channel, project; around it a shortcut where the shapes allow.
#[derive(Debug)]
struct InvertedResidual {
    branch: Chain,
    shortcut: bool,
}

impl InvertedResidual {
    fn new(path: &nn::Path, inputs: i64, outputs: i64, stride: i64, expansion: i64) -> Self {
        let conv = &(path / "conv");
        let wide = inputs * expansion;
        let mut layers: Vec<Layer> = Vec::new();
        let relu6 = |n: usize, shape: ConvShape| -> Layer {
            Box::new(ConvNorm::pair(&(conv / n), shape, &CONVENTION, Activation::Relu6))
        };
        if expansion != 1 {
            layers.push(relu6(0, ConvShape::new(inputs, wide, 1)));
        }
        layers.push(relu6(layers.len(), ConvShape::depthwise(wide, 3).stride(stride)));
        let last = layers.len();
        layers.push(Box::new(ConvShape::new(wide, outputs, 1).at(&(conv / last), CONVENTION.start)));
        layers.push(Box::new(BatchNorm::new(&(conv / (last + 1)), outputs, &CONVENTION)));
        Self { branch: Chain(layers), shortcut: stride == 1 && inputs == outputs }
    }
}

impl ModuleT for InvertedResidual {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let branch = self.branch.forward_t(x, train);
        if self.shortcut { branch + x } else { branch }
    }
}

pub(super) fn trunk(root: &nn::Path) -> Trunk {
    let features = &(root / "features");
    let pair = |n: usize, shape: ConvShape| ConvNorm::pair(&(features / n), shape, &CONVENTION, Activation::Relu6);
    let mut trunk = Trunk::default();
    trunk.layer(&["features.0"], 2, 32, pair(0, ConvShape::new(3, 32, 3).stride(2)));
    let mut n = 1;
    for (expansion, outputs, count, stride) in BLOCKS {
        for block in 0..count {
            let stride = if block == 0 { stride } else { 1 };
            let layer = InvertedResidual::new(&(features / n), trunk.channels(), outputs, stride, expansion);
            trunk.layer(&[&format!("features.{n}")], stride, outputs, layer);
            n += 1;
        }
    }
    let last = pair(n, ConvShape::new(trunk.channels(), LAST, 1));
    trunk.layer(&[&format!("features.{n}")], 1, LAST, last);
    trunk
}

pub(super) fn head(root: &nn::Path, width: i64, classes: i64, drop_rate: f64) -> Head {
    let layer = linear(&(root / "classifier" / 1), width, classes, Start::Normal(0.01));
    Head::linear("classifier.1", layer, drop_rate)
}
