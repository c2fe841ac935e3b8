//! A BiFPN (EfficientDet, arXiv 1911.09070, section 3) over a trunk's feature pyramid, with a classifier behind it.
//!
//! The levels P3 to P7 have strides 8 to 128. Those that the trunk has pass a 1×1 convolution with BatchNorm; the first one
//! that it lacks is a 1×1 convolution of its last map and a max pool, the next ones are max pools (3×3, stride 2). A layer of
//! the BiFPN goes down once and up once:
//!
//! ```text
//! Pi_td  = f((w1·Pi + w2·up(Pi+1_td))  / (w1 + w2 + ε))                 i = 6, 5, 4; P7_td = P7; P3_out likewise
//! Pi_out = f((w1·Pi + w2·Pi_td + w3·down(Pi-1_out)) / (w1 + w2 + w3 + ε))   i = 4, 5, 6; without the middle term for P7
//! ```
//!
//! with w = ReLU of a trained weight that starts at 1 and ε = 1e-4 ("fast normalised fusion"), `up` nearest neighbours, `down`
//! a max pool, f a depthwise 3×3 and a 1×1 convolution, BatchNorm (eps 0.001, momentum 0.01) and swish, as section 3.3 says.
//! The head is not EfficientDet's, which detects: the means of all maps side by side, dropout, a linear layer.
//!
//! Starts: convolutions N(0, 2·groups/fan_out), norms gain 1, the linear layer U(±1/√classes) with bias 0. All names begin
//! with `bifpn`.

use super::conv::{Activation, BatchNorm, Conv, ConvNorm, ConvShape, Convention};
use super::layers::{linear, pool};
use super::network::Level;
use super::start::Start;
use tch::Tensor;
use tch::nn::{self, Module as _, ModuleT as _};

const CONVENTION: Convention = Convention { start: Start::FanOutOfGroup, eps: 1e-3, momentum: 0.01 };
/// P3 to P7.
const LEVELS: usize = 5;
const FINEST_STRIDE: i64 = 8;
const EPS: f64 = 1e-4;

/// The size of a BiFPN; the default is EfficientDet-D0's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BifpnOptions {
    /// Channels of every map, at least 1; default 64.
    pub channels: i64,
    /// How often information goes down and up, at least 1; default 3.
    pub layers: usize,
}

impl Default for BifpnOptions {
    fn default() -> Self {
        Self { channels: 64, layers: 3 }
    }
}

/// A sum of maps with weights that are trained, and the convolution behind it.
#[derive(Debug)]
struct Node {
    /// One for each map.
    weights: Tensor,
    depthwise: Conv,
    pointwise: Conv,
    norm: BatchNorm,
}

impl Node {
    fn new(path: &nn::Path, channels: i64, maps: i64) -> Self {
        Self {
            weights: path.var("weights", &[maps], nn::Init::Const(1.0)),
            depthwise: ConvShape::depthwise(channels, 3).at(&(path / "depthwise"), CONVENTION.start),
            pointwise: ConvShape::new(channels, channels, 1).at(&(path / "pointwise"), CONVENTION.start),
            norm: BatchNorm::new(&(path / "bn"), channels, &CONVENTION),
        }
    }

    /// Maps of one shape `[n, c, h, w]` to one of that shape.
    fn forward(&self, maps: &[&Tensor], train: bool) -> Tensor {
        let fused = self.fuse(maps);
        let mixed = self.pointwise.forward(&self.depthwise.forward(&fused));
        Activation::Silu.apply(self.norm.forward_t(&mixed, train))
    }

    /// Fast normalised fusion.
    fn fuse(&self, maps: &[&Tensor]) -> Tensor {
        let weights = self.weights.relu();
        let total = weights.sum(None) + EPS;
        let terms = (0..).zip(maps).map(|(i, map)| *map * weights.get(i) / &total);
        terms.reduce(|sum, term| sum + term).expect("BUG: a node has maps")
    }
}

/// One way down and one way up.
#[derive(Debug)]
struct Cell {
    /// For P3 to P6.
    down: Vec<Node>,
    /// For P4 to P7.
    up: Vec<Node>,
}

impl Cell {
    fn new(path: &nn::Path, channels: i64) -> Self {
        let last = LEVELS - 1;
        let down = (0..last).map(|level| Node::new(&(path / format!("p{}_td", level + 3)), channels, 2));
        let up = (1..LEVELS).map(|level| {
            let maps = if level == last { 2 } else { 3 };
            Node::new(&(path / format!("p{}_out", level + 3)), channels, maps)
        });
        Self { down: down.collect(), up: up.collect() }
    }

    /// P3 to P7 to P3 to P7.
    fn forward(&self, inputs: &[Tensor], train: bool) -> Vec<Tensor> {
        let last = inputs.len() - 1;
        let mut going_down = vec![inputs[last].shallow_clone()]; // coarsest first
        for level in (0..last).rev() {
            let above = resized_up(&going_down[last - 1 - level], &inputs[level]);
            going_down.push(self.down[level].forward(&[&inputs[level], &above], train));
        }
        going_down.reverse();
        let mut outputs = vec![going_down[0].shallow_clone()];
        for level in 1..=last {
            let below = halved(&outputs[level - 1], Some(&inputs[level]));
            let node = &self.up[level - 1];
            outputs.push(if level == last {
                node.forward(&[&inputs[level], &below], train)
            } else {
                node.forward(&[&inputs[level], &going_down[level], &below], train)
            });
        }
        outputs
    }
}

/// The neck and its classifier.
#[derive(Debug)]
pub(super) struct Bifpn {
    laterals: Vec<ConvNorm>,
    /// The 1×1 convolution before the first level that the trunk lacks.
    extra: ConvNorm,
    cells: Vec<Cell>,
    drop_rate: f64,
    classifier: nn::Linear,
}

impl Bifpn {
    /// What all names begin with.
    pub(super) const NAME: &'static str = "bifpn";

    /// Over a trunk with levels of these strides and channels, finest first.
    pub(super) fn new(
        root: &nn::Path,
        levels: &[(i64, i64)],
        classes: i64,
        drop_rate: f64,
        options: &BifpnOptions,
    ) -> Self {
        let path = &(root / Self::NAME);
        let lateral = |name: String, inputs: i64| {
            let shape = ConvShape::new(inputs, options.channels, 1);
            ConvNorm::pair(&(path / name), shape, &CONVENTION, Activation::Identity)
        };
        let taken: Vec<i64> =
            levels.iter().filter(|(stride, _)| *stride >= FINEST_STRIDE).map(|level| level.1).collect();
        let coarsest = *taken.last().expect("BUG: a trunk has a map of stride 8 or more");
        let extra = lateral(format!("lateral_p{}", taken.len() + 3), coarsest);
        let laterals = (3..).zip(taken).map(|(n, inputs)| lateral(format!("lateral_p{n}"), inputs)).collect();
        let cells = (0..options.layers).map(|n| Cell::new(&(path / "cells" / n), options.channels)).collect();
        let width = options.channels * LEVELS as i64;
        let classifier = linear(&(path / "classifier"), width, classes, Start::Outputs);
        Self { laterals, extra, cells, drop_rate, classifier }
    }

    /// Features that the classifier takes.
    pub(super) fn width(&self) -> i64 {
        self.classifier.ws.size()[1]
    }

    /// A pyramid, finest first, to features `[n, 5·channels]`.
    pub(super) fn features(&self, pyramid: &[Level], train: bool) -> Tensor {
        let taken: Vec<&Level> = pyramid.iter().filter(|level| level.stride >= FINEST_STRIDE).collect();
        let mut maps: Vec<Tensor> =
            self.laterals.iter().zip(&taken).map(|(lateral, level)| lateral.forward_t(&level.map, train)).collect();
        if let Some(coarsest) = taken.last() {
            maps.push(halved(&self.extra.forward_t(&coarsest.map, train), None));
        }
        while maps.len() < LEVELS {
            maps.push(halved(&maps[maps.len() - 1], None));
        }
        let maps = self.cells.iter().fold(maps, |maps, cell| cell.forward(&maps, train));
        Tensor::cat(&maps.iter().map(pool).collect::<Vec<_>>(), 1)
    }

    /// Features to logits `[n, classes]`.
    pub(super) fn classify(&self, features: &Tensor, train: bool) -> Tensor {
        self.classifier.forward(&features.dropout(self.drop_rate, train))
    }

    pub(super) fn forward_t(&self, pyramid: &[Level], train: bool) -> Tensor {
        self.classify(&self.features(pyramid, train), train)
    }
}

/// Nearest neighbours, to the size of `like`.
fn resized_up(map: &Tensor, like: &Tensor) -> Tensor {
    let size = like.size();
    map.upsample_nearest2d([size[2], size[3]], None, None)
}

/// A max pool to half the size, rounded up; where a trunk that does not pad has a map of another size, to the size of `like`.
fn halved(map: &Tensor, like: Option<&Tensor>) -> Tensor {
    let half = map.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
    match like {
        Some(like) if like.size()[2..] != half.size()[2..] => resized_up(&half, like),
        _ => half,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    fn level(stride: i64, channels: i64) -> Level {
        let size = 128 / stride;
        Level { stride, map: Tensor::randn([2, channels, size, size], CPU).set_requires_grad(true) }
    }

    #[test]
    fn fusion_is_normalised_and_ignores_negative_weights() {
        let store = nn::VarStore::new(Device::Cpu);
        let mut node = Node::new(&store.root(), 1, 3);
        let maps = [2.0, 4.0, 100.0].map(|v| Tensor::full([1, 1, 1, 1], v, CPU));
        let fuse = |node: &Node| node.fuse(&maps.each_ref()).double_value(&[0, 0, 0, 0]);
        assert!((fuse(&node) - 106.0 / 3.0001).abs() < 1e-4);
        tch::no_grad(|| node.weights.copy_(&Tensor::from_slice(&[1.0f32, 3.0, -5.0])));
        assert!((fuse(&node) - 14.0 / 4.0001).abs() < 1e-5);
    }

    #[test]
    fn gradient_reaches_every_level_and_every_weight() {
        tch::manual_seed(1);
        let store = nn::VarStore::new(Device::Cpu);
        let levels = [(4, 6), (8, 8), (16, 12), (32, 16)];
        let options = BifpnOptions { channels: 8, layers: 2 };
        let bifpn = Bifpn::new(&store.root(), &levels, 5, 0.0, &options);
        let pyramid = levels.map(|(stride, channels)| level(stride, channels));
        let logits = bifpn.forward_t(&pyramid, true);
        assert_eq!(logits.size(), [2, 5]);
        logits.cross_entropy_for_logits(&Tensor::from_slice(&[1i64, 3])).backward();
        assert!(!pyramid[0].map.grad().defined(), "stride 4 is not a level of a BiFPN");
        for level in &pyramid[1..] {
            assert!(level.map.grad().abs().sum(None).double_value(&[]) > 0.0, "stride {}", level.stride);
        }
        for (name, tensor) in super::super::tests::parameters(&store) {
            let total = tensor.grad().abs().sum(None).double_value(&[]);
            assert!(total > 0.0, "{name} has no gradient");
        }
    }

    #[test]
    fn every_output_depends_on_every_level() {
        tch::manual_seed(2);
        let store = nn::VarStore::new(Device::Cpu);
        let cell = Cell::new(&store.root(), 4);
        let inputs: Vec<Tensor> =
            [16, 8, 4, 2, 1].map(|n| Tensor::randn([1, 4, n, n], CPU).set_requires_grad(true)).into();
        let outputs = cell.forward(&inputs, false);
        for (i, (output, input)) in outputs.iter().zip(&inputs).enumerate() {
            assert_eq!(output.size(), input.size());
            let gradients = Tensor::run_backward(&[output.sum(None)], &inputs, true, false);
            for (j, gradient) in gradients.iter().enumerate() {
                assert!(gradient.abs().sum(None).double_value(&[]) > 0.0, "P{} from P{}", i + 3, j + 3);
            }
        }
    }

    #[test]
    fn a_trunk_with_two_levels_and_odd_sizes_will_do() {
        let store = nn::VarStore::new(Device::Cpu);
        let bifpn = Bifpn::new(&store.root(), &[(8, 3), (16, 5)], 2, 0.0, &BifpnOptions { channels: 4, layers: 1 });
        let maps = [(8, 3, 27), (16, 5, 13)]
            .map(|(stride, channels, size)| Level { stride, map: Tensor::randn([1, channels, size, size - 2], CPU) });
        assert_eq!(bifpn.forward_t(&maps, false).size(), [1, 2]);
    }
}
