//! SqueezeNet (arXiv 1602.07360) 1.0 and 1.1 as torchvision has it: no norms, and a convolution for a classifier.
//!
//! Starts: U(±√(6/fan_in)) with bias 0, the classifier N(0, 0.01²). Names: `features.0` …, `classifier.1`. Its last map has
//! stride 16. The classifier is a convolution with a ReLU *before* the pool, so logits are not a function of pooled features:
//! `features` gives the means of the last map, and a head that is trained on them is close to the network, not the same.

use super::conv::{Conv, ConvShape, Padding};
use super::layers::{Chain, Layer, max_pool};
use super::start::Start;
use super::trunk::{Classifier, Head, Trunk};
use tch::Tensor;
use tch::nn::{self, Module};

const START: Start = Start::FanInUniform;
/// Channels of the last map.
const LAST: i64 = 512;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SqueezeNet {
    V1_0,
    V1_1,
}

/// One pixel to few channels, then 1×1 and 3×3 kernels side by side.
#[derive(Debug)]
struct Fire {
    squeeze: Conv,
    expand1x1: Conv,
    expand3x3: Conv,
}

impl Fire {
    fn new(path: &nn::Path, inputs: i64, squeezed: i64, expanded: i64) -> Self {
        let conv = |name: &str, inputs: i64, outputs: i64, kernel: i64| {
            ConvShape::new(inputs, outputs, kernel).with_bias().at(&(path / name), START)
        };
        Self {
            squeeze: conv("squeeze", inputs, squeezed, 1),
            expand1x1: conv("expand1x1", squeezed, expanded, 1),
            expand3x3: conv("expand3x3", squeezed, expanded, 3),
        }
    }
}

impl Module for Fire {
    fn forward(&self, x: &Tensor) -> Tensor {
        let x = self.squeeze.forward(x).relu_();
        Tensor::cat(&[self.expand1x1.forward(&x), self.expand3x3.forward(&x)], 1).relu_()
    }
}

impl SqueezeNet {
    /// Squeezed and expanded channels of each fire module; before which of them a pool stands.
    const FIRES: [(i64, i64); 8] =
        [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)];

    pub(super) fn trunk(self, root: &nn::Path) -> Trunk {
        let (channels, kernel, pooled_before) = match self {
            Self::V1_0 => (96, 7, [0, 3, 7]),
            Self::V1_1 => (64, 3, [0, 2, 4]),
        };
        let features = &(root / "features");
        let stem = ConvShape::new(3, channels, kernel).stride(2).pad(Padding::Zeros(0)).with_bias();
        let mut trunk = Trunk::default();
        trunk.layer(
            &["features.0"],
            2,
            channels,
            Chain(vec![Box::new(stem.at(&(features / 0), START)), Box::new(nn::func(Tensor::relu))]),
        );
        let mut index = 2; // `features.1` is the ReLU
        for (n, (squeezed, expanded)) in Self::FIRES.into_iter().enumerate() {
            let mut layers: Vec<Layer> = Vec::new();
            let factor = if pooled_before.contains(&n) { 2 } else { 1 };
            if factor == 2 {
                layers.push(max_pool(3, 2, 0, true));
                index += 1;
            }
            layers.push(Box::new(Fire::new(&(features / index), trunk.channels(), squeezed, expanded)));
            trunk.layer(&[&format!("features.{index}")], factor, 2 * expanded, Chain(layers));
            index += 1;
        }
        trunk
    }

    pub(super) fn head(root: &nn::Path, classes: i64, drop_rate: f64) -> Head {
        let conv = ConvShape::new(LAST, classes, 1).with_bias().at(&(root / "classifier" / 1), Start::Normal(0.01));
        let (neck, neck_names) = (Chain(Vec::new()), Vec::new());
        Head { neck, neck_names, drop_rate, classifier: Classifier::Conv(conv), name: "classifier.1", width: LAST }
    }
}
