//! What the networks are made of beside convolutions: linear layers, layer norms, squeeze and excitation, dropping of residual
//! branches, pooling.

use super::conv::{Conv, ConvShape};
use super::start::Start;
use tch::Tensor;
use tch::nn::{self, ModuleT};

/// Any layer, owned.
pub(super) type Layer = Box<dyn ModuleT>;

/// Layers one after the other.
#[derive(Debug)]
pub(super) struct Chain(pub Vec<Layer>);

impl ModuleT for Chain {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        self.0.iter().fold(x.shallow_clone(), |x, layer| layer.forward_t(&x, train))
    }
}

/// Max pooling.
pub(super) fn max_pool(kernel: i64, stride: i64, padding: i64, ceil: bool) -> Layer {
    let pool = move |x: &Tensor| x.max_pool2d([kernel; 2], [stride; 2], [padding; 2], [1, 1], ceil);
    Box::new(nn::func(pool))
}

/// A linear layer: `[.., inputs]` to `[.., outputs]`.
pub(super) fn linear(path: &nn::Path, inputs: i64, outputs: i64, start: Start) -> nn::Linear {
    let shape = [outputs, inputs];
    let config = nn::LinearConfig { ws_init: start.weight(&shape, 1), bs_init: Some(start.bias(&shape)), bias: true };
    nn::linear(path, inputs, outputs, config)
}

/// Layer normalisation over the channels of `[n, h, w, c]`.
#[derive(Debug)]
pub(super) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// Gain 1, bias 0.
    pub(super) fn new(path: &nn::Path, channels: i64, eps: f64) -> Self {
        let weight = path.var("weight", &[channels], nn::Init::Const(1.0));
        Self { weight, bias: path.var("bias", &[channels], nn::Init::Const(0.0)), eps }
    }
}

impl nn::Module for LayerNorm {
    fn forward(&self, x: &Tensor) -> Tensor {
        x.layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), self.eps, true)
    }
}

/// Layer normalisation over the channels of `[n, c, h, w]`, torchvision's `LayerNorm2d`.
#[derive(Debug)]
pub(super) struct LayerNorm2d(pub LayerNorm);

impl nn::Module for LayerNorm2d {
    fn forward(&self, x: &Tensor) -> Tensor {
        self.0.forward(&x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2])
    }
}

/// The gate of a squeeze and excitation block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gate {
    /// SiLU between the two layers, a sigmoid behind: EfficientNet.
    Sigmoid,
    /// ReLU between the two layers, a hard sigmoid behind: MobileNetV3.
    Hard,
}

/// Squeeze and excitation (arXiv 1709.01507): channels scaled by what a small network makes of their means.
#[derive(Debug)]
pub(super) struct SqueezeExcitation {
    fc1: Conv,
    fc2: Conv,
    gate: Gate,
}

impl SqueezeExcitation {
    pub(super) fn new(path: &nn::Path, channels: i64, squeezed: i64, gate: Gate, start: Start) -> Self {
        let fc1 = ConvShape::new(channels, squeezed, 1).with_bias().at(&(path / "fc1"), start);
        let fc2 = ConvShape::new(squeezed, channels, 1).with_bias().at(&(path / "fc2"), start);
        Self { fc1, fc2, gate }
    }
}

impl nn::Module for SqueezeExcitation {
    fn forward(&self, x: &Tensor) -> Tensor {
        let squeezed = self.fc1.forward(&x.adaptive_avg_pool2d([1, 1]));
        let scale = match self.gate {
            Gate::Sigmoid => self.fc2.forward(&squeezed.silu()).sigmoid(),
            Gate::Hard => self.fc2.forward(&squeezed.relu()).hardsigmoid(),
        };
        scale * x
    }
}

/// Stochastic depth (arXiv 1603.09382) by row: in train mode a residual branch is left out for some of the images, and scaled up
/// for the others so that its mean stays.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct DropPath {
    /// The probability that an image goes without, 0 to below 1.
    pub rate: f64,
}

impl DropPath {
    /// `branch [n, c, h, w]`.
    pub(super) fn apply(self, branch: Tensor, train: bool) -> Tensor {
        if !train || self.rate == 0.0 {
            return branch;
        }
        let keep = 1.0 - self.rate;
        let mut kept = Tensor::empty([branch.size()[0], 1, 1, 1], (branch.kind(), branch.device()));
        branch * (kept.bernoulli_float_(keep) / keep)
    }
}

/// A branch, and beside it the input itself where the shapes are alike.
#[derive(Debug)]
pub(super) struct Residual {
    pub branch: Chain,
    /// How often the branch is left out; `None` where there is no shortcut.
    pub shortcut: Option<DropPath>,
}

impl ModuleT for Residual {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let branch = self.branch.forward_t(x, train);
        match self.shortcut {
            Some(drop) => drop.apply(branch, train) + x,
            None => branch,
        }
    }
}

/// Channels rounded to a multiple of 8, never below nine tenths of what was asked for: `_make_divisible`.
pub(super) fn round_to_8(channels: f64) -> i64 {
    let rounded = (((channels + 4.0) / 8.0).floor() * 8.0).max(8.0);
    (if rounded < 0.9 * channels { rounded + 8.0 } else { rounded }) as i64
}

/// The means of the channels: `[n, c, h, w]` to `[n, c]`.
pub(super) fn pool(x: &Tensor) -> Tensor {
    x.adaptive_avg_pool2d([1, 1]).flatten(1, -1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn drop_path_drops_whole_rows_and_keeps_the_mean() {
        let x = Tensor::ones([4000, 2, 1, 2], (Kind::Float, Device::Cpu));
        let drop = DropPath { rate: 0.25 };
        let y = drop.apply(x.shallow_clone(), true);
        let rows = Vec::<f32>::try_from(y.select(1, 0).select(2, 0).flatten(0, -1)).unwrap();
        assert!(rows.iter().all(|v| *v == 0.0 || (*v - 1.0 / 0.75).abs() < 1e-6));
        let dropped = rows.iter().filter(|v| **v == 0.0).count() as f64 / 4000.0;
        assert!((dropped - 0.25).abs() < 0.04, "{dropped}"); // 5.8 standard deviations
        let spread = y.flatten(1, -1).std_dim([1].as_slice(), false, false).abs().max().double_value(&[]);
        assert_eq!(spread, 0.0, "a row is dropped whole");
        assert_eq!(drop.apply(x.shallow_clone(), false), x);
    }

    #[test]
    fn channels_are_rounded_as_torchvision_does() {
        assert_eq!(round_to_8(32.0 * 1.1), 32);
        assert_eq!(round_to_8(16.0 * 1.2), 24); // 19.2: 16 would be below nine tenths
        assert_eq!(round_to_8(24.0 * 1.4), 32);
        assert_eq!(round_to_8(3.0), 8);
    }
}
