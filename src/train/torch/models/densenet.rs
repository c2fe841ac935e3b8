//! DenseNet-BC (arXiv 1608.06993) as torchvision has it.
//!
//! Starts: convolutions N(0, 2/fan_in), norms gain 1, `classifier` weights as torch's linear layer with bias 0. Names:
//! `features.conv0`, `features.norm0`, `features.denseblock1` …, `features.transition1` …, `features.norm5`, `classifier`.
//! Dropout, where asked for, is inside: behind each dense layer, as in torchvision.

use super::conv::{Activation, BatchNorm, Conv, ConvNorm, ConvShape, Convention};
use super::layers::{Layer, linear, max_pool};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::Tensor;
use tch::nn::{self, Module as _, ModuleT};

const CONVENTION: Convention = Convention { start: Start::FanIn, eps: 1e-5, momentum: 0.1 };
/// Channels of a bottleneck, for each channel that a layer adds.
const BOTTLENECK: i64 = 4;

/// A DenseNet: the channels of its stem, the channels that each layer adds, the layers of each block.
#[derive(Clone, Copy, Debug)]
pub(super) struct DenseNet {
    pub stem: i64,
    pub growth: i64,
    pub blocks: [i64; 4],
}

/// BatchNorm, ReLU, convolution: the order of a pre-activated network.
#[derive(Debug)]
struct NormConv {
    norm: BatchNorm,
    conv: Conv,
}

impl NormConv {
    fn new(norm: &nn::Path, conv: &nn::Path, inputs: i64, outputs: i64, kernel: i64) -> Self {
        let norm = BatchNorm::new(norm, inputs, &CONVENTION);
        Self { norm, conv: ConvShape::new(inputs, outputs, kernel).at(conv, CONVENTION.start) }
    }
}

impl ModuleT for NormConv {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        self.conv.forward(&Activation::Relu.apply(self.norm.forward_t(x, train)))
    }
}

/// Layers, each of which sees the input and what all layers before it made.
#[derive(Debug)]
struct DenseBlock {
    layers: Vec<[NormConv; 2]>,
    drop_rate: f64,
}

impl ModuleT for DenseBlock {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let mut made = vec![x.shallow_clone()];
        for [bottleneck, conv] in &self.layers {
            let new = conv.forward_t(&bottleneck.forward_t(&Tensor::cat(&made, 1), train), train);
            made.push(new.dropout(self.drop_rate, train));
        }
        Tensor::cat(&made, 1)
    }
}

impl DenseNet {
    pub(super) fn trunk(self, root: &nn::Path, drop_rate: f64) -> Trunk {
        let features = &(root / "features");
        let stem = ConvShape::new(3, self.stem, 7).stride(2);
        let stem = ConvNorm::new(&(features / "conv0"), &(features / "norm0"), stem, &CONVENTION, Activation::Relu);
        let mut trunk = Trunk::default();
        let names = ["features.conv0", "features.norm0"];
        trunk.stage(&names, 4, self.stem, vec![Box::new(stem), max_pool(3, 2, 1, false)]);
        let mut channels = self.stem;
        for (i, count) in (1..).zip(self.blocks) {
            let mut names = vec![format!("features.denseblock{i}")];
            let mut layers: Vec<Layer> = Vec::new();
            if i > 1 {
                let transition = features / format!("transition{}", i - 1);
                names.push(format!("features.transition{}", i - 1));
                let (norm, conv) = (&transition / "norm", &transition / "conv");
                layers.push(Box::new(NormConv::new(&norm, &conv, channels, channels / 2, 1)));
                layers.push(Box::new(nn::func(|x| x.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None))));
                channels /= 2;
            }
            let block = features / format!("denseblock{i}");
            let dense = (0..count).map(|n| {
                let (path, inputs) = (&block / format!("denselayer{}", n + 1), channels + n * self.growth);
                let wide = BOTTLENECK * self.growth;
                [
                    NormConv::new(&(&path / "norm1"), &(&path / "conv1"), inputs, wide, 1),
                    NormConv::new(&(&path / "norm2"), &(&path / "conv2"), wide, self.growth, 3),
                ]
            });
            layers.push(Box::new(DenseBlock { layers: dense.collect(), drop_rate }));
            channels += count * self.growth;
            if i == 4 {
                names.push("features.norm5".into());
                layers.push(Box::new(BatchNorm::new(&(features / "norm5"), channels, &CONVENTION)));
                layers.push(Box::new(nn::func(Tensor::relu)));
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            trunk.stage(&names, if i == 1 { 1 } else { 2 }, channels, layers);
        }
        trunk
    }

    pub(super) fn head(root: &nn::Path, width: i64, classes: i64) -> Head {
        Head::linear("classifier", linear(&(root / "classifier"), width, classes, Start::TorchNoBias), 0.0)
    }
}
