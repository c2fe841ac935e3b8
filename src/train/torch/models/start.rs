//! How weights start: the drawing rules of torch, torchvision and timm, by name.
//!
//! tch's own defaults are not torch's: its BatchNorm starts with gains from U(0, 1), its convolutions and linear layers with
//! weights √6 times too wide. So every layer here takes its rule from its family.

use tch::nn;

/// How the weights of a convolution or of a linear layer are drawn; biases start at 0 unless said otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Start {
    /// Weights and biases from U(±1/√fan_in), what `torch.nn.Conv2d` and `Linear` do by themselves.
    Torch,
    /// The weights as `Torch`, the biases 0.
    TorchNoBias,
    /// N(0, 2/fan_out), fan_out = outputs · kernel area: `kaiming_normal_(mode="fan_out")`, blind to groups.
    FanOut,
    /// N(0, 2·groups/fan_out): timm's for its EfficientNets.
    FanOutOfGroup,
    /// N(0, 2/fan_in): `kaiming_normal_`.
    FanIn,
    /// U(±√(6/fan_in)): `kaiming_uniform_`.
    FanInUniform,
    /// U(±1/√outputs).
    Outputs,
    /// N(0, σ²).
    Normal(f64),
}

impl Start {
    /// For weights `[outputs, inputs/groups, ...]`.
    pub(super) fn weight(self, shape: &[i64], groups: i64) -> nn::Init {
        let fan_in = shape[1..].iter().product::<i64>() as f64;
        let fan_out = (shape[0] * shape[2..].iter().product::<i64>()) as f64;
        let uniform = |bound: f64| nn::Init::Uniform { lo: -bound, up: bound };
        let normal = |stdev: f64| nn::Init::Randn { mean: 0.0, stdev };
        match self {
            Self::Torch | Self::TorchNoBias => uniform((1.0 / fan_in).sqrt()),
            Self::FanOut => normal((2.0 / fan_out).sqrt()),
            Self::FanOutOfGroup => normal((2.0 * groups as f64 / fan_out).sqrt()),
            Self::FanIn => normal((2.0 / fan_in).sqrt()),
            Self::FanInUniform => uniform((6.0 / fan_in).sqrt()),
            Self::Outputs => uniform((1.0 / shape[0] as f64).sqrt()),
            Self::Normal(stdev) => normal(stdev),
        }
    }

    /// For the biases of weights of that shape.
    pub(super) fn bias(self, shape: &[i64]) -> nn::Init {
        match self {
            Self::Torch => self.weight(shape, 1),
            _ => nn::Init::Const(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn weights_start_with_the_spread_they_claim() {
        let spread = |start: Start, shape: &[i64], groups: i64| {
            let tensor = nn::f_init(start.weight(shape, groups), shape, Device::Cpu, Kind::Float).unwrap();
            tensor.std(true).double_value(&[])
        };
        for (start, expected) in [
            (Start::Torch, (1.0f64 / 576.0 / 3.0).sqrt()),
            (Start::FanOut, (2.0f64 / 1152.0).sqrt()),
            (Start::FanIn, (2.0f64 / 576.0).sqrt()),
            (Start::FanInUniform, (2.0f64 / 576.0).sqrt()),
            (Start::Outputs, (1.0f64 / 128.0 / 3.0).sqrt()),
            (Start::Normal(0.02), 0.02),
        ] {
            let measured = spread(start, &[128, 64, 3, 3], 1);
            assert!((measured / expected - 1.0).abs() < 0.03, "{start:?}: {measured} for {expected}");
        }
        let depthwise = spread(Start::FanOutOfGroup, &[512, 1, 3, 3], 512);
        assert!((depthwise / (2.0f64 / 9.0).sqrt() - 1.0).abs() < 0.05, "{depthwise}");
    }

    #[test]
    fn biases_start_at_0_but_for_torchs_own_rule() {
        let bias = |start: Start| {
            nn::f_init(start.bias(&[1000, 16]), &[1000], Device::Cpu, Kind::Float)
                .unwrap()
                .abs()
                .max()
                .double_value(&[])
        };
        assert_eq!(bias(Start::TorchNoBias), 0.0);
        assert_eq!(bias(Start::FanOut), 0.0);
        let largest = bias(Start::Torch);
        assert!(0.24 < largest && largest <= 0.25, "{largest}: U(±1/√16)");
    }
}
