//! ShuffleNetV2 (arXiv 1807.11164) as torchvision has it.
//!
//! Starts: everything as torch's own layers start, U(±1/√fan_in), norms gain 1. Names: `conv1`, `stage2` … `stage4`, `conv5`,
//! `fc`.

use super::conv::{Activation, ConvNorm, ConvShape, Convention};
use super::layers::{Chain, Layer, linear, max_pool};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::Tensor;
use tch::nn::{self, ModuleT};

const CONVENTION: Convention = Convention { start: Start::Torch, eps: 1e-5, momentum: 0.1 };
const STEM: i64 = 24;
/// Blocks of `stage2`, `stage3`, `stage4`.
const BLOCKS: [i64; 3] = [4, 8, 4];

/// A ShuffleNetV2: the channels of `stage2`, `stage3`, `stage4` and of `conv5`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShuffleNetV2(pub [i64; 4]);

#[derive(Debug)]
struct Block {
    /// Only in a block with stride 2; otherwise half of the channels pass as they are.
    branch1: Option<Chain>,
    branch2: Chain,
}

impl Block {
    fn new(path: &nn::Path, inputs: i64, outputs: i64, stride: i64) -> Self {
        let half = outputs / 2;
        // The convolution at index `at` of its branch, its norm behind it.
        let conv = |branch: &str, at: usize, shape: ConvShape, activation: Activation| -> Layer {
            let path = path / branch;
            Box::new(ConvNorm::new(&(&path / at), &(&path / (at + 1)), shape, &CONVENTION, activation))
        };
        let branch1 = (stride > 1).then(|| {
            let filter = ConvShape::depthwise(inputs, 3).stride(stride);
            Chain(vec![
                conv("branch1", 0, filter, Activation::Identity),
                conv("branch1", 2, ConvShape::new(inputs, half, 1), Activation::Relu),
            ])
        });
        let entering = if stride > 1 { inputs } else { half };
        let branch2 = Chain(vec![
            conv("branch2", 0, ConvShape::new(entering, half, 1), Activation::Relu),
            conv("branch2", 3, ConvShape::depthwise(half, 3).stride(stride), Activation::Identity),
            conv("branch2", 5, ConvShape::new(half, half, 1), Activation::Relu),
        ]);
        Self { branch1, branch2 }
    }
}

impl ModuleT for Block {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let halves = match &self.branch1 {
            Some(branch1) => [branch1.forward_t(x, train), self.branch2.forward_t(x, train)],
            None => {
                let half = x.size()[1] / 2;
                [x.narrow(1, 0, half), self.branch2.forward_t(&x.narrow(1, half, half), train)]
            }
        };
        shuffle(&Tensor::cat(&halves, 1))
    }
}

/// The channels of the two halves taken in turns.
fn shuffle(x: &Tensor) -> Tensor {
    let (n, channels, height, width) = x.size4().expect("BUG: a block takes [n, c, h, w]");
    x.view([n, 2, channels / 2, height, width]).transpose(1, 2).reshape([n, channels, height, width])
}

impl ShuffleNetV2 {
    pub(super) fn trunk(self, root: &nn::Path) -> Trunk {
        let mut trunk = Trunk::default();
        let stem = ConvShape::new(3, STEM, 3).stride(2);
        let stem = ConvNorm::pair(&(root / "conv1"), stem, &CONVENTION, Activation::Relu);
        trunk.stage(&["conv1"], 4, STEM, vec![Box::new(stem), max_pool(3, 2, 1, false)]);
        let Self([.., last]) = self;
        for (n, (outputs, count)) in (2..).zip(self.0.into_iter().zip(BLOCKS)) {
            let name = format!("stage{n}");
            let mut inputs = trunk.channels();
            let blocks = (0..count).map(|block| -> Layer {
                let stride = if block == 0 { 2 } else { 1 };
                let layer = Block::new(&(root / &name / block), inputs, outputs, stride);
                inputs = outputs;
                Box::new(layer)
            });
            let blocks = Chain(blocks.collect());
            trunk.layer(&[&name], 2, outputs, blocks);
        }
        let conv5 = ConvShape::new(trunk.channels(), last, 1);
        trunk.layer(&["conv5"], 1, last, ConvNorm::pair(&(root / "conv5"), conv5, &CONVENTION, Activation::Relu));
        trunk
    }

    pub(super) fn head(root: &nn::Path, width: i64, classes: i64, drop_rate: f64) -> Head {
        Head::linear("fc", linear(&(root / "fc"), width, classes, Start::Torch), drop_rate)
    }
}
