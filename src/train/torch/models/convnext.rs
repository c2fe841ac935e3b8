//! ConvNeXt (arXiv 2201.03545) as torchvision has it.
//!
//! Starts: convolutions and linear layers N(0, 0.02²), the truncation at ±2 being a hundred deviations away, with bias 0;
//! layer norms gain 1, eps 1e-6; `layer_scale` 1e-6. Stochastic depth grows linearly from 0 at the first block to `drop_path` at
//! the last. Names: `features.0` (stem), `features.1`, `.3`, `.5`, `.7` (blocks), `.2`, `.4`, `.6` (downsampling),
//! `classifier.0` (a layer norm behind the pool), `classifier.2`. Features are taken behind that norm.

use super::conv::{Conv, ConvShape, Padding};
use super::layers::{Chain, DropPath, Layer, LayerNorm, LayerNorm2d, linear};
use super::start::Start;
use super::trunk::{Head, Trunk};
use tch::Tensor;
use tch::nn::{self, Module as _, ModuleT};

const START: Start = Start::Normal(0.02);
const EPS: f64 = 1e-6;
const LAYER_SCALE: f64 = 1e-6;

/// A ConvNeXt: the channels and the blocks of each stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvNeXt {
    pub channels: [i64; 4],
    pub blocks: [i64; 4],
}

#[derive(Debug)]
struct Block {
    filter: Conv,
    norm: LayerNorm,
    widen: nn::Linear,
    narrow: nn::Linear,
    layer_scale: Tensor,
    drop: DropPath,
}

impl Block {
    fn new(path: &nn::Path, channels: i64, rate: f64) -> Self {
        let block = &(path / "block");
        Self {
            filter: ConvShape::depthwise(channels, 7).with_bias().at(&(block / 0), START),
            norm: LayerNorm::new(&(block / 2), channels, EPS),
            widen: linear(&(block / 3), channels, 4 * channels, START),
            narrow: linear(&(block / 5), 4 * channels, channels, START),
            layer_scale: path.var("layer_scale", &[channels, 1, 1], nn::Init::Const(LAYER_SCALE)),
            drop: DropPath { rate },
        }
    }
}

impl ModuleT for Block {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let rows = self.norm.forward(&self.filter.forward(x).permute([0, 2, 3, 1])); // [n, h, w, c]
        let rows = self.narrow.forward(&self.widen.forward(&rows).gelu("none"));
        let branch = &self.layer_scale * rows.permute([0, 3, 1, 2]);
        self.drop.apply(branch, train) + x
    }
}

impl ConvNeXt {
    pub(super) fn trunk(self, root: &nn::Path, drop_path: f64) -> Trunk {
        let features = &(root / "features");
        let shrink = |path: nn::Path, inputs: i64, outputs: i64, factor: i64| {
            let shape = ConvShape::new(inputs, outputs, factor).stride(factor).pad(Padding::Zeros(0));
            shape.with_bias().at(&path, START)
        };
        let last: i64 = self.blocks.iter().sum::<i64>() - 1;
        let mut before = 0;
        let mut trunk = Trunk::default();
        for (i, (channels, count)) in self.channels.into_iter().zip(self.blocks).enumerate() {
            let (down, stage) = (2 * i, 2 * i + 1);
            let at = features / down;
            let norm = |path: nn::Path, channels: i64| LayerNorm2d(LayerNorm::new(&path, channels, EPS));
            let layers: Vec<Layer> = if i == 0 {
                vec![Box::new(shrink(&at / 0, 3, channels, 4)), Box::new(norm(&at / 1, channels))]
            } else {
                let inputs = trunk.channels();
                vec![Box::new(norm(&at / 0, inputs)), Box::new(shrink(&at / 1, inputs, channels, 2))]
            };
            trunk.layer(&[&format!("features.{down}")], if i == 0 { 4 } else { 2 }, channels, Chain(layers));
            let blocks = (0..count).map(|block| -> Layer {
                let rate = drop_path * before as f64 / last as f64;
                before += 1;
                Box::new(Block::new(&(features / stage / block), channels, rate))
            });
            let blocks = Chain(blocks.collect());
            trunk.layer(&[&format!("features.{stage}")], 1, channels, blocks);
        }
        trunk
    }

    pub(super) fn head(root: &nn::Path, width: i64, classes: i64, drop_rate: f64) -> Head {
        let classifier = &(root / "classifier");
        let norm = LayerNorm::new(&(classifier / 0), width, EPS);
        Head::linear("classifier.2", linear(&(classifier / 2), width, classes, START), drop_rate)
            .with_neck(&["classifier.0"], vec![Box::new(norm)])
    }
}
