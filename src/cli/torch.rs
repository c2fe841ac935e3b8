//! What the commands that train or ask a network share: the device, and what a build without libtorch says.

use std::path::PathBuf;

/// Options of every command that runs a network.
#[derive(clap::Args, Clone, Debug)]
pub struct Torch {
    /// auto (a GPU where --torch finds one, else the CPU), cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// An installed torch of this program's version, for its GPU part: the folder that python3 -c 'import torch;
    /// print(*torch.__path__)' prints
    #[arg(long, value_name = "DIR", env = "AUGMINT_TORCH")]
    pub torch: Option<PathBuf>,
}

/// Options of the commands that ask a trained network.
#[derive(clap::Args, Clone, Debug)]
pub struct Asking {
    /// Views of each image whose probabilities are averaged
    #[cfg(feature = "torch")]
    #[arg(long, value_enum, default_value_t)]
    pub tta: crate::train::torch::asked::Tta,
    /// Where the version's sources are, for what is rendered; by default where its recipe has them
    #[arg(long, value_name = "DIR")]
    pub sources: Option<PathBuf>,
    /// Threads that decode
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub threads: usize,
}

#[cfg(feature = "torch")]
impl Torch {
    /// Decides the device, and says so where it is a GPU.
    ///
    /// # Errors
    /// When it names none, or a GPU was asked for and cannot be had.
    pub fn start(&self) -> miette::Result<tch::Device> {
        use crate::train::torch::device::device;
        let choice = self.device.parse().map_err(|reason: String| miette::miette!("--device: {reason}"))?;
        let (device, why) = device(choice, self.torch.as_deref())?;
        if let Some(why) = why {
            eprintln!("{why}; using the CPU (--device cuda makes this an error)");
        }
        if let tch::Device::Cuda(number) = device {
            eprintln!("training on GPU {number}");
        }
        Ok(device)
    }
}

/// What a build without the trainer says of a command that needs it.
#[cfg(not(feature = "torch"))]
pub fn without(command: &str) -> miette::Report {
    miette::miette!(
        help = "in a checkout of augmint: scripts/libtorch && cargo install --locked --path . --features torch",
        "this augmint was built without libtorch, which `augmint {command}` needs"
    )
}
