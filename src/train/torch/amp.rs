//! A forward pass in bfloat16: PyTorch's autocast, on the CPU and on CUDA.
//!
//! tch's own `tch::autocast` does nothing on a CPU, and on CUDA means float16, which would want loss scaling: it has no call
//! to choose the device or the numbers. libtorch has both as plain functions of two small numbers, which are called here by
//! their C++ names (`ATen/autocast_mode.h` of libtorch 2.13.0; `torch.autocast` calls the same).
//!
//! Losses are computed outside of it, and the backward pass too: gradients of weights come in the weights' 32 bits. What
//! autocast has cast of a weight is kept for the time of the closure, so a weight must not be changed within.

use crate::train::precision::Precision;
use std::ffi::c_int;
use tch::Device;

/// `c10::DeviceType`.
const CPU: i8 = 0;
const CUDA: i8 = 1;
/// `c10::ScalarType::BFloat16`.
const BFLOAT16: i8 = 15;

/// Why a precision cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PrecisionError {
    /// It would be emulated, slower than 32 bits.
    #[error(
        "this CPU has no instructions for bfloat16 (AVX512_BF16 or AMX), and emulated it is slower: use precision = \"float32\""
    )]
    Cpu,
    /// Neither a CPU nor CUDA.
    #[error("bfloat16 is for CPUs and CUDA, and the device is {0:?}: use precision = \"float32\"")]
    Device(Device),
}

/// What a CPU has for bfloat16.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CpuBfloat16 {
    /// Nothing: it is emulated.
    None,
    /// Products of vectors (AVX512_BF16, or NEON's). Not faster everywhere: on an Intel Xeon of this kind libtorch 2.13.0
    /// took 1.3 times as long for a training step of a small ResNet-like network as in 32 bits, and 1 to 2 times for its
    /// single convolutions.
    Vector,
    /// A matrix unit (AMX).
    Matrix,
}

/// Checks that the device has instructions for this precision. (Every CUDA device is taken: those before compute capability
/// 8.0 emulate, and tch cannot tell.)
///
/// # Errors
/// When it has none.
pub fn check(precision: Precision, device: Device) -> Result<(), PrecisionError> {
    match (precision, device) {
        (Precision::Float32, _) | (Precision::Bfloat16, Device::Cuda(_)) => Ok(()),
        (Precision::Bfloat16, Device::Cpu) if cpu_bfloat16() == CpuBfloat16::None => Err(PrecisionError::Cpu),
        (Precision::Bfloat16, Device::Cpu) => Ok(()),
        (Precision::Bfloat16, device) => Err(PrecisionError::Device(device)),
    }
}

/// What this CPU has.
pub fn cpu_bfloat16() -> CpuBfloat16 {
    #[cfg(target_arch = "x86_64")]
    let vector = std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(target_arch = "aarch64")]
    let vector = std::arch::is_aarch64_feature_detected!("bf16");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let vector = false;
    match vector {
        true if has_amx() => CpuBfloat16::Matrix,
        true => CpuBfloat16::Vector,
        false => CpuBfloat16::None,
    }
}

/// AMX-BF16: leaf 7, EDX bit 22. (Every CPU that has it has AVX512_BF16 too, so leaf 7 is there; std's own test of it is not
/// stable yet.)
fn has_amx() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has = std::arch::x86_64::__cpuid_count(7, 0).edx & (1 << 22) != 0;
    #[cfg(not(target_arch = "x86_64"))]
    let has = false;
    has
}

/// What the user should be told who asked for this precision on this device; `None` where it is the faster one.
pub fn advice(precision: Precision, device: Device) -> Option<&'static str> {
    let doubtful = precision == Precision::Bfloat16 && device == Device::Cpu && cpu_bfloat16() != CpuBfloat16::Matrix;
    doubtful.then_some(
        "this CPU has bfloat16 in its vectors and no matrix unit (AMX) for it: that may be slower than float32, so time both",
    )
}

/// Computes `forward` in this precision on this thread, then goes back to what was before, after a panic too. With
/// `Bfloat16`, what a convolution or matrix product gives is bfloat16: a loss has to widen it, and ours do.
pub fn autocast<T>(precision: Precision, device: Device, forward: impl FnOnce() -> T) -> T {
    let _guard = match (precision, device) {
        (Precision::Bfloat16, Device::Cpu) => Some(Autocast::on(CPU)),
        (Precision::Bfloat16, Device::Cuda(_)) => Some(Autocast::on(CUDA)),
        _ => None,
    };
    forward()
}

/// Autocast to bfloat16, until dropped.
struct Autocast {
    device: i8,
    was_on: bool,
    was_kind: i8,
}

impl Autocast {
    #[expect(unsafe_code, reason = "libtorch's functions; tch has none for them")]
    fn on(device: i8) -> Self {
        // SAFETY: the signatures are those of libtorch 2.13.0's header, both enumerations are of the type int8_t there, the
        // device is one that autocast knows, and the functions read and set thread-local values alone.
        unsafe {
            let before = Self { device, was_on: is_autocast_enabled(device), was_kind: get_autocast_dtype(device) };
            set_autocast_dtype(device, BFLOAT16);
            set_autocast_enabled(device, true);
            let _: c_int = torch_sys::at_autocast_increment_nesting();
            before
        }
    }
}

impl Drop for Autocast {
    #[expect(unsafe_code, reason = "libtorch's functions; tch has none for them")]
    fn drop(&mut self) {
        // SAFETY: as in `on`, with the values that were there.
        unsafe {
            if torch_sys::at_autocast_decrement_nesting() == 0 {
                torch_sys::at_autocast_clear_cache();
            }
            set_autocast_enabled(self.device, self.was_on);
            set_autocast_dtype(self.device, self.was_kind);
        }
    }
}

#[expect(unsafe_code, reason = "libtorch's functions; tch has none for them")]
// SAFETY: exported by libtorch_cpu (TORCH_API), free functions of small integers, so the C++ and C calls are the same.
unsafe extern "C" {
    /// `at::autocast::is_autocast_enabled(at::DeviceType)`
    #[link_name = "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE"]
    fn is_autocast_enabled(device: i8) -> bool;
    /// `at::autocast::set_autocast_enabled(at::DeviceType, bool)`
    #[link_name = "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb"]
    fn set_autocast_enabled(device: i8, enabled: bool);
    /// `at::autocast::get_autocast_dtype(at::DeviceType)`
    #[link_name = "_ZN2at8autocast18get_autocast_dtypeEN3c1010DeviceTypeE"]
    fn get_autocast_dtype(device: i8) -> i8;
    /// `at::autocast::set_autocast_dtype(at::DeviceType, at::ScalarType)`
    #[link_name = "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE"]
    fn set_autocast_dtype(device: i8, kind: i8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Kind, Tensor};

    fn numbers(shape: &[i64]) -> Tensor {
        let count: i64 = shape.iter().product();
        (Tensor::arange(count, (Kind::Float, Device::Cpu)) * 0.37).sin().reshape(shape)
    }

    fn convolve(x: &Tensor, weight: &Tensor) -> Tensor {
        x.conv2d(weight, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)
    }

    #[test]
    fn a_convolution_is_that_of_its_inputs_in_bfloat16_and_gradients_are_wide() {
        tch::set_num_threads(1);
        let (x, weight) = (numbers(&[2, 3, 8, 8]), numbers(&[4, 3, 3, 3]).set_requires_grad(true));
        let narrow = |tensor: &Tensor| tensor.detach().to_kind(Kind::BFloat16);
        let cast = autocast(Precision::Bfloat16, Device::Cpu, || convolve(&x, &weight));
        assert_eq!(cast.kind(), Kind::BFloat16);
        assert!(cast.detach().equal(&convolve(&narrow(&x), &narrow(&weight))));
        cast.to_kind(Kind::Float).square().sum(None).backward();
        let gradient = weight.grad().copy();
        assert_eq!(gradient.kind(), Kind::Float);

        // Within the seven bits that bfloat16 has of the gradient in 32 bits, and not the same.
        let _ = weight.grad().zero_();
        convolve(&x, &weight).square().sum(None).backward();
        let wide = weight.grad();
        let apart = (&wide - &gradient).norm().double_value(&[]) / wide.norm().double_value(&[]);
        assert!(apart > 0.0 && apart < 0.01, "{apart}");
    }

    #[test]
    fn afterwards_everything_is_as_before() {
        let (x, weight) = (numbers(&[1, 3, 4, 4]), numbers(&[2, 3, 3, 3]));
        let kind = || convolve(&x, &weight).kind();
        let bfloat16 = Precision::Bfloat16;
        assert_eq!(kind(), Kind::Float);
        let (inner, outer) = autocast(bfloat16, Device::Cpu, || (autocast(bfloat16, Device::Cpu, kind), kind()));
        assert_eq!((inner, outer, kind()), (Kind::BFloat16, Kind::BFloat16, Kind::Float));
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            autocast(bfloat16, Device::Cpu, || panic!("stop"));
        }));
        assert!(broken.is_err());
        assert_eq!(kind(), Kind::Float);
        assert_eq!(autocast(Precision::Float32, Device::Cpu, kind), Kind::Float);
    }

    /// The switch for CUDA is set and unset without CUDA: it is a value of this thread.
    #[test]
    fn autocast_for_cuda_leaves_the_cpu_alone() {
        let (x, weight) = (numbers(&[1, 3, 4, 4]), numbers(&[2, 3, 3, 3]));
        let kind = autocast(Precision::Bfloat16, Device::Cuda(0), || convolve(&x, &weight).kind());
        assert_eq!(kind, Kind::Float);
    }

    #[test]
    fn what_a_machine_cannot_do_is_refused() {
        assert_eq!(check(Precision::Float32, Device::Mps), Ok(()));
        assert_eq!(check(Precision::Bfloat16, Device::Cuda(0)), Ok(()));
        assert_eq!(check(Precision::Bfloat16, Device::Mps), Err(PrecisionError::Device(Device::Mps)));
        let (has, advice) = (cpu_bfloat16(), advice(Precision::Bfloat16, Device::Cpu));
        let expected = if has == CpuBfloat16::None { Err(PrecisionError::Cpu) } else { Ok(()) };
        assert_eq!(check(Precision::Bfloat16, Device::Cpu), expected);
        assert_eq!(advice.is_none(), has == CpuBfloat16::Matrix);
        assert_eq!(super::advice(Precision::Float32, Device::Cpu), None);
        // What Linux reads from the same processor.
        if let Ok(text) = std::fs::read_to_string("/proc/cpuinfo") {
            let flag = |name: &str| text.split_whitespace().any(|word| word == name);
            assert_eq!(has == CpuBfloat16::Matrix, flag("amx_bf16") && flag("avx512_bf16"));
        }
    }
}
