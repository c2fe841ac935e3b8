//! MobileNetV3 (arXiv 1905.02244) as torchvision has it.
//!
//! Starts: convolutions N(0, 2/fan_out), norms gain 1, linear layers N(0, 0.01²) with bias 0. BatchNorm has eps 0.001 and
//! momentum 0.01. Names: `features.0` …, `classifier.0`, `classifier.3`. Features are taken behind `classifier.0` and its hard
//! swish, where the last linear layer takes them.

use super::conv::{Activation, ConvNorm, ConvShape, Convention};
use super::layers::{Chain, Gate, Layer, SqueezeExcitation, linear, round_to_8};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::Tensor;
use tch::nn::{self, ModuleT};

const CONVENTION: Convention = Convention { start: Start::FanOut, eps: 1e-3, momentum: 0.01 };
const LINEAR: Start = Start::Normal(0.01);

/// A block: kernel, expanded channels, outputs, with squeeze and excitation, non-linearity, stride.
type Row = (i64, i64, i64, bool, Activation, i64);

const RELU: Activation = Activation::Relu;
const SWISH: Activation = Activation::Hardswish;

/// Table 1 of the paper.
const LARGE: [Row; 15] = [
    (3, 16, 16, false, RELU, 1),
    (3, 64, 24, false, RELU, 2),
    (3, 72, 24, false, RELU, 1),
    (5, 72, 40, true, RELU, 2),
    (5, 120, 40, true, RELU, 1),
    (5, 120, 40, true, RELU, 1),
    (3, 240, 80, false, SWISH, 2),
    (3, 200, 80, false, SWISH, 1),
    (3, 184, 80, false, SWISH, 1),
    (3, 184, 80, false, SWISH, 1),
    (3, 480, 112, true, SWISH, 1),
    (3, 672, 112, true, SWISH, 1),
    (5, 672, 160, true, SWISH, 2),
    (5, 960, 160, true, SWISH, 1),
    (5, 960, 160, true, SWISH, 1),
];

/// Table 2 of the paper.
const SMALL: [Row; 11] = [
    (3, 16, 16, true, RELU, 2),
    (3, 72, 24, false, RELU, 2),
    (3, 88, 24, false, RELU, 1),
    (5, 96, 40, true, SWISH, 2),
    (5, 240, 40, true, SWISH, 1),
    (5, 240, 40, true, SWISH, 1),
    (5, 120, 48, true, SWISH, 1),
    (5, 144, 48, true, SWISH, 1),
    (5, 288, 96, true, SWISH, 2),
    (5, 576, 96, true, SWISH, 1),
    (5, 576, 96, true, SWISH, 1),
];

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MobileNetV3 {
    Large,
    Small,
}

#[derive(Debug)]
struct Block {
    branch: Chain,
    shortcut: bool,
}

impl Block {
    fn new(path: &nn::Path, inputs: i64, (kernel, wide, outputs, squeeze, activation, stride): Row) -> Self {
        let path = &(path / "block");
        let mut layers: Vec<Layer> = Vec::new();
        if wide != inputs {
            let shape = ConvShape::new(inputs, wide, 1);
            layers.push(Box::new(ConvNorm::pair(&(path / 0), shape, &CONVENTION, activation)));
        }
        let shape = ConvShape::depthwise(wide, kernel).stride(stride);
        layers.push(Box::new(ConvNorm::pair(&(path / layers.len()), shape, &CONVENTION, activation)));
        if squeeze {
            let squeezed = round_to_8((wide / 4) as f64);
            let path = path / layers.len();
            layers.push(Box::new(SqueezeExcitation::new(&path, wide, squeezed, Gate::Hard, CONVENTION.start)));
        }
        let shape = ConvShape::new(wide, outputs, 1);
        layers.push(Box::new(ConvNorm::pair(&(path / layers.len()), shape, &CONVENTION, Activation::Identity)));
        Self { branch: Chain(layers), shortcut: stride == 1 && inputs == outputs }
    }
}

impl ModuleT for Block {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let branch = self.branch.forward_t(x, train);
        if self.shortcut { branch + x } else { branch }
    }
}

impl MobileNetV3 {
    pub(super) fn trunk(self, root: &nn::Path) -> Trunk {
        let features = &(root / "features");
        let rows: &[Row] = match self {
            Self::Large => &LARGE,
            Self::Small => &SMALL,
        };
        let pair = |n: usize, shape: ConvShape| ConvNorm::pair(&(features / n), shape, &CONVENTION, SWISH);
        let mut trunk = Trunk::default();
        trunk.layer(&["features.0"], 2, 16, pair(0, ConvShape::new(3, 16, 3).stride(2)));
        for (n, row) in (1usize..).zip(rows) {
            let (_, _, outputs, _, _, stride) = *row;
            let layer = Block::new(&(features / n), trunk.channels(), *row);
            trunk.layer(&[&format!("features.{n}")], stride, outputs, layer);
        }
        let (n, inputs) = (rows.len() + 1, trunk.channels());
        trunk.layer(&[&format!("features.{n}")], 1, 6 * inputs, pair(n, ConvShape::new(inputs, 6 * inputs, 1)));
        trunk
    }

    pub(super) fn head(self, root: &nn::Path, inputs: i64, classes: i64, drop_rate: f64) -> Head {
        let width = match self {
            Self::Large => 1280,
            Self::Small => 1024,
        };
        let classifier = &(root / "classifier");
        let neck: Vec<Layer> =
            vec![Box::new(linear(&(classifier / 0), inputs, width, LINEAR)), Box::new(nn::func(Tensor::hardswish))];
        Head::linear("classifier.3", linear(&(classifier / 3), width, classes, LINEAR), drop_rate)
            .with_neck(&["classifier.0"], neck)
    }
}
