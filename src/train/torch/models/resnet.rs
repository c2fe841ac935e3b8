//! ResNet (arXiv 1512.03385) as torchvision has it: the 2015 blocks, in bottlenecks the stride at the 3×3 convolution ("v1.5").
//!
//! Starts: convolutions N(0, 2/fan_out), norms gain 1 (the last of a block too, torchvision's default), `fc` as torch's linear
//! layer. Names: `conv1`, `bn1`, `layer1` … `layer4`, `fc`.

use super::conv::{Activation, ConvNorm, ConvShape, Convention};
use super::layers::{Chain, Layer, linear, max_pool};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::Tensor;
use tch::nn::{self, ModuleT};

const CONVENTION: Convention = Convention { start: Start::FanOut, eps: 1e-5, momentum: 0.1 };

/// The two kinds of residual branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Branch {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3, 1×1, four times wider at its end.
    Bottleneck,
}

/// A ResNet: its branch, and how many blocks each stage has.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResNet(pub Branch, pub [i64; 4]);

#[derive(Debug)]
struct Block {
    branch: Chain,
    downsample: Option<ConvNorm>,
}

impl Block {
    fn new(path: &nn::Path, kind: Branch, inputs: i64, width: i64, stride: i64) -> Self {
        let outputs = width * kind.expansion();
        let conv = |n: usize, shape: ConvShape, activation: Activation| -> Layer {
            let (conv, norm) = (path / format!("conv{n}"), path / format!("bn{n}"));
            Box::new(ConvNorm::new(&conv, &norm, shape, &CONVENTION, activation))
        };
        let branch = Chain(match kind {
            Branch::Basic => vec![
                conv(1, ConvShape::new(inputs, width, 3).stride(stride), Activation::Relu),
                conv(2, ConvShape::new(width, width, 3), Activation::Identity),
            ],
            Branch::Bottleneck => vec![
                conv(1, ConvShape::new(inputs, width, 1), Activation::Relu),
                conv(2, ConvShape::new(width, width, 3).stride(stride), Activation::Relu),
                conv(3, ConvShape::new(width, outputs, 1), Activation::Identity),
            ],
        });
        let downsample = (stride != 1 || inputs != outputs).then(|| {
            let shape = ConvShape::new(inputs, outputs, 1).stride(stride);
            ConvNorm::pair(&(path / "downsample"), shape, &CONVENTION, Activation::Identity)
        });
        Self { branch, downsample }
    }
}

impl ModuleT for Block {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let branch = self.branch.forward_t(x, train);
        let sum = match &self.downsample {
            Some(downsample) => branch + downsample.forward_t(x, train),
            None => branch + x,
        };
        Activation::Relu.apply(sum)
    }
}

impl Branch {
    fn expansion(self) -> i64 {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

impl ResNet {
    pub(super) fn trunk(self, root: &nn::Path) -> Trunk {
        let Self(branch, blocks) = self;
        let stem = ConvShape::new(3, 64, 7).stride(2);
        let stem = ConvNorm::new(&(root / "conv1"), &(root / "bn1"), stem, &CONVENTION, Activation::Relu);
        let mut trunk = Trunk::default();
        trunk.stage(&["conv1", "bn1"], 4, 64, vec![Box::new(stem), max_pool(3, 2, 1, false)]);
        for (i, (count, width)) in blocks.into_iter().zip([64, 128, 256, 512]).enumerate() {
            let name = format!("layer{}", i + 1);
            let factor = if i == 0 { 1 } else { 2 };
            let mut inputs = trunk.channels();
            let layers = (0..count).map(|block| -> Layer {
                let stride = if block == 0 { factor } else { 1 };
                let layer = Block::new(&(root / &name / block), branch, inputs, width, stride);
                inputs = width * branch.expansion();
                Box::new(layer)
            });
            trunk.stage(&[&name], factor, width * branch.expansion(), layers.collect());
        }
        trunk
    }

    pub(super) fn head(root: &nn::Path, width: i64, classes: i64, drop_rate: f64) -> Head {
        Head::linear("fc", linear(&(root / "fc"), width, classes, Start::Torch), drop_rate)
    }
}
