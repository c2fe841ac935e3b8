//! Convolution, BatchNorm, and the two with a non-linearity behind them.
//!
//! Names and shapes of parameters are torch's, so a state dict loads by name. BatchNorm's `num_batches_tracked` is not kept: it
//! is read only where BatchNorm has no momentum, which is so in no network here.

use super::start::Start;
use tch::Tensor;
use tch::nn::{self, Module as _, ModuleT};

/// What a family's convolutions and norms have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convention {
    /// How convolutions start.
    pub start: Start,
    /// Added to the variance.
    pub eps: f64,
    /// The weight of the newest batch in the running statistics, torch's sense of the word.
    pub momentum: f64,
}

/// How a map is padded before a convolution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Padding {
    /// So many zeros on each side.
    Zeros(i64),
    /// TensorFlow's SAME: outputs = ⌈inputs / stride⌉, the odd zero to the right and below.
    Same,
}

/// A non-linearity. In place where torch's gradient needs only the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Activation {
    Identity,
    Relu,
    Relu6,
    Silu,
    Hardswish,
}

impl Activation {
    pub(super) fn apply(self, mut x: Tensor) -> Tensor {
        match self {
            Self::Identity => x,
            Self::Relu => x.relu_(),
            Self::Relu6 => x.relu6_(),
            Self::Silu => x.silu(),
            Self::Hardswish => x.hardswish(),
        }
    }
}

/// The shape of a convolution with a square kernel, before it has weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvShape {
    inputs: i64,
    outputs: i64,
    kernel: i64,
    stride: i64,
    groups: i64,
    padding: Padding,
    bias: bool,
}

impl ConvShape {
    /// Stride 1, one group, no bias, padded so that an odd kernel keeps the size.
    pub(super) fn new(inputs: i64, outputs: i64, kernel: i64) -> Self {
        Self { inputs, outputs, kernel, stride: 1, groups: 1, padding: Padding::Zeros((kernel - 1) / 2), bias: false }
    }

    /// A kernel for each channel.
    pub(super) fn depthwise(channels: i64, kernel: i64) -> Self {
        Self { groups: channels, ..Self::new(channels, channels, kernel) }
    }

    pub(super) fn stride(self, stride: i64) -> Self {
        Self { stride, ..self }
    }

    pub(super) fn pad(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    pub(super) fn with_bias(self) -> Self {
        Self { bias: true, ..self }
    }

    /// Makes the layer; its parameters are `weight` and, if it has one, `bias` below `path`.
    pub(super) fn at(self, path: &nn::Path, start: Start) -> Conv {
        let shape = [self.outputs, self.inputs / self.groups, self.kernel, self.kernel];
        let weight = path.var("weight", &shape, start.weight(&shape, self.groups));
        let bias = self.bias.then(|| path.var("bias", &[self.outputs], start.bias(&shape)));
        Conv { weight, bias, shape: self }
    }
}

/// A convolution: `[n, inputs, h, w]` to `[n, outputs, h', w']`.
#[derive(Debug)]
pub(super) struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    shape: ConvShape,
}

impl nn::Module for Conv {
    fn forward(&self, x: &Tensor) -> Tensor {
        let ConvShape { kernel, stride, groups, padding, .. } = self.shape;
        let run = |x: &Tensor, zeros: i64| {
            x.conv2d(&self.weight, self.bias.as_ref(), [stride, stride], [zeros, zeros], [1, 1], groups)
        };
        match padding {
            Padding::Zeros(zeros) => run(x, zeros),
            Padding::Same => {
                let (_, _, height, width) = x.size4().expect("BUG: a convolution takes [n, c, h, w]");
                let (above, below) = same(height, kernel, stride);
                let (left, right) = same(width, kernel, stride);
                if above == below && left == right && above == left {
                    run(x, above)
                } else {
                    run(&x.constant_pad_nd([left, right, above, below]), 0)
                }
            }
        }
    }
}

/// Zeros before and after `size` pixels for SAME padding.
fn same(size: i64, kernel: i64, stride: i64) -> (i64, i64) {
    let total = (((size + stride - 1) / stride - 1) * stride + kernel - size).max(0);
    (total / 2, total - total / 2)
}

/// Batch normalisation of `[n, c, h, w]`.
#[derive(Debug)]
pub(super) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    eps: f64,
    momentum: f64,
}

impl BatchNorm {
    /// Gain 1, bias 0, running mean 0 and variance 1.
    pub(super) fn new(path: &nn::Path, channels: i64, convention: &Convention) -> Self {
        Self {
            weight: path.var("weight", &[channels], nn::Init::Const(1.0)),
            bias: path.var("bias", &[channels], nn::Init::Const(0.0)),
            running_mean: path.zeros_no_train("running_mean", &[channels]),
            running_var: path.ones_no_train("running_var", &[channels]),
            eps: convention.eps,
            momentum: convention.momentum,
        }
    }
}

impl ModuleT for BatchNorm {
    /// In train mode with the statistics of the batch, which move the running ones. A batch with one value in each channel (one
    /// image, a map of one pixel) has no variance: torch raises an error in Python and writes NaN in C++; here it is
    /// normalised with the running statistics, which stay as they are.
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let values: i64 = x.size().iter().enumerate().filter(|(axis, _)| *axis != 1).map(|(_, n)| n).product();
        x.batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.running_mean),
            Some(&self.running_var),
            train && values > 1,
            self.momentum,
            self.eps,
            true,
        )
    }
}

/// A convolution, BatchNorm and a non-linearity.
#[derive(Debug)]
pub(super) struct ConvNorm {
    conv: Conv,
    norm: BatchNorm,
    activation: Activation,
}

impl ConvNorm {
    /// The two layers at paths of their own.
    pub(super) fn new(
        conv: &nn::Path,
        norm: &nn::Path,
        shape: ConvShape,
        convention: &Convention,
        activation: Activation,
    ) -> Self {
        let norm = BatchNorm::new(norm, shape.outputs, convention);
        Self { conv: shape.at(conv, convention.start), norm, activation }
    }

    /// torchvision's `Conv2dNormActivation`: the convolution is `0`, the norm `1`.
    pub(super) fn pair(path: &nn::Path, shape: ConvShape, convention: &Convention, activation: Activation) -> Self {
        Self::new(&(path / 0), &(path / 1), shape, convention, activation)
    }
}

impl ModuleT for ConvNorm {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        self.activation.apply(self.norm.forward_t(&self.conv.forward(x), train))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn same_padding_is_tensorflows() {
        assert_eq!(same(224, 3, 2), (0, 1));
        assert_eq!(same(225, 3, 2), (1, 1));
        assert_eq!(same(28, 5, 2), (1, 2));
        assert_eq!(same(7, 5, 1), (2, 2));
        assert_eq!(same(7, 1, 1), (0, 0));
    }

    #[test]
    fn one_value_a_channel_is_normalised_with_the_running_statistics() {
        let store = nn::VarStore::new(Device::Cpu);
        let norm = BatchNorm::new(&store.root(), 2, &Convention { start: Start::Torch, eps: 1e-5, momentum: 0.1 });
        let x = Tensor::from_slice(&[3.0f32, -1.0]).reshape([1, 2, 1, 1]);
        let y = Vec::<f32>::try_from(norm.forward_t(&x, true).flatten(0, -1)).unwrap();
        assert!((y[0] - 3.0).abs() < 1e-4 && (y[1] + 1.0).abs() < 1e-4, "{y:?}");
        assert_eq!(norm.running_var.double_value(&[0]), 1.0);
    }
}
