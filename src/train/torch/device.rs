//! Which device trains: this CPU, or a GPU through a torch that is installed elsewhere.
//!
//! The program is linked against the CPU part of libtorch alone. A GPU's part, `libtorch_cuda.so` of an installed torch of the
//! very same version, is loaded into the running process before anything asks whether there is a GPU: it registers itself
//! with the libraries that are there already. So one program serves both kinds of machine, and nothing of CUDA is wanted
//! where there is no GPU.

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tch::Device;

/// The version of libtorch that the program is linked against; another one's GPU part would crash it.
pub const LIBTORCH: &str = "2.13.0";

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DeviceChoice {
    /// A GPU if a torch is named that can be loaded and finds one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// This GPU, or an error.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => (text.strip_prefix("cuda:").and_then(|number| number.parse().ok()).map(Self::Cuda))
                .ok_or_else(|| format!("'{text}' is no device: auto, cpu, cuda or cuda:N")),
        }
    }
}

/// Why there is no GPU to train on.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DeviceError {
    /// Asked for, without saying where its libraries are.
    #[error("this program is linked against libtorch's CPU part, and was not told where a torch with CUDA is")]
    #[diagnostic(help(
        "pip install torch=={LIBTORCH}, then --torch (or AUGMINT_TORCH) with the folder that this prints: \
         python3 -c 'import torch; print(*torch.__path__)'"
    ))]
    NotNamed,
    /// The folder holds no torch.
    #[error("{} is no installed torch: there is no {} in it", folder.display(), missing)]
    #[diagnostic(help("it is the folder that python3 -c 'import torch; print(*torch.__path__)' prints"))]
    NoTorch {
        /// As given.
        folder: PathBuf,
        /// The file that was looked for.
        missing: &'static str,
    },
    /// A torch that was built without CUDA.
    #[error("the torch in {} was built without CUDA: it has no lib/libtorch_cuda.so", folder.display())]
    #[diagnostic(help("the torch of Python's registry for Linux has it; `+cpu` builds do not"))]
    NoCuda {
        /// As given.
        folder: PathBuf,
    },
    /// Another version.
    #[error("the torch in {} is {found}, and this program needs {LIBTORCH}", folder.display())]
    #[diagnostic(help("pip install torch=={LIBTORCH}"))]
    Version {
        /// As given.
        folder: PathBuf,
        /// What its version.py says.
        found: String,
    },
    /// The loader refused it.
    #[error("cannot load {}: {reason}", path.display())]
    #[diagnostic(help("its CUDA libraries come with pip install torch=={LIBTORCH} (without --no-deps)"))]
    Load {
        /// The library.
        path: PathBuf,
        /// By the loader.
        reason: String,
    },
    /// It is loaded and finds none.
    #[error("{} is loaded, and finds no GPU", path.display())]
    #[diagnostic(help("nvidia-smi says what the driver sees; CUDA_VISIBLE_DEVICES may hide it"))]
    NoGpu {
        /// The library.
        path: PathBuf,
    },
    /// Fewer than asked for.
    #[error("there is no cuda:{wanted}: this machine has {count} GPU(s), counted from 0")]
    Number {
        /// As asked for.
        wanted: usize,
        /// As found.
        count: i64,
    },
}

/// Decides the device. `torch` is the folder of an installed torch, as Python's `torch.__path__[0]`. To be called before
/// anything else of libtorch, once. With the CPU comes why it is not the GPU, where the choice was left to the machine and a
/// torch was named.
///
/// # Errors
/// When a GPU was asked for and cannot be used, or what was named is no torch of this version; never for the CPU alone.
pub fn device(choice: DeviceChoice, torch: Option<&Path>) -> Result<(Device, Option<DeviceError>), DeviceError> {
    match (choice, torch) {
        (DeviceChoice::Cpu, _) | (DeviceChoice::Auto, None) => Ok((Device::Cpu, None)),
        (DeviceChoice::Cuda(_), None) => Err(DeviceError::NotNamed),
        (DeviceChoice::Cuda(number), Some(torch)) => Ok((gpu(number, torch)?, None)),
        (DeviceChoice::Auto, Some(torch)) => match gpu(0, torch) {
            Ok(device) => Ok((device, None)),
            // What the machine lacks, one can do without; what was named wrongly should be put right.
            Err(
                why @ (DeviceError::NoCuda { .. }
                | DeviceError::Load { .. }
                | DeviceError::NoGpu { .. }
                | DeviceError::Number { .. }),
            ) => Ok((Device::Cpu, Some(why))),
            Err(error) => Err(error),
        },
    }
}

fn gpu(number: usize, torch: &Path) -> Result<Device, DeviceError> {
    let path = library(torch)?;
    load(&path)?;
    if !tch::Cuda::is_available() {
        return Err(DeviceError::NoGpu { path });
    }
    let count = tch::Cuda::device_count();
    match i64::try_from(number) {
        Ok(wanted) if wanted < count => Ok(Device::Cuda(number)),
        _ => Err(DeviceError::Number { wanted: number, count }),
    }
}

/// The GPU part of an installed torch, once it is sure to be of our version.
fn library(folder: &Path) -> Result<PathBuf, DeviceError> {
    let version = folder.join("version.py");
    let no_torch = || DeviceError::NoTorch { folder: folder.to_owned(), missing: "version.py" };
    let text = std::fs::read_to_string(&version).map_err(|_| no_torch())?;
    let found = text.lines().find_map(|line| line.strip_prefix("__version__ = ")).ok_or_else(no_torch)?;
    let found = found.trim_matches(['\'', '"']);
    if found.split('+').next() != Some(LIBTORCH) {
        return Err(DeviceError::Version { folder: folder.to_owned(), found: found.to_owned() });
    }
    let path = folder.join("lib/libtorch_cuda.so");
    match path.is_file() {
        true => Ok(path),
        false => Err(DeviceError::NoCuda { folder: folder.to_owned() }),
    }
}

/// Loads a library for the rest of the process.
#[expect(unsafe_code, reason = "a library's initialisers are code that nobody here has read")]
fn load(path: &Path) -> Result<(), DeviceError> {
    let failed = |error: libloading::Error| DeviceError::Load { path: path.to_owned(), reason: error.to_string() };
    // SAFETY: torch's own library, of the version that this process runs on; Python's torch loads it in the same way.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }.map_err(failed)?;
    // It registered itself with libtorch_cpu.so, which will call it.
    std::mem::forget(library);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn installed(version: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        let text = format!("from typing import Optional\n__version__ = '{version}'\ncuda: Optional[str] = '13.0'\n");
        std::fs::write(folder.path().join("version.py"), text).unwrap();
        folder
    }

    fn refused(choice: DeviceChoice, torch: Option<&Path>) -> String {
        device(choice, torch).unwrap_err().to_string()
    }

    #[test]
    fn the_cpu_needs_nothing() {
        for (choice, torch) in [(DeviceChoice::Auto, None), (DeviceChoice::Cpu, Some(Path::new("/nowhere")))] {
            let (device, why) = device(choice, torch).unwrap();
            assert!(device == Device::Cpu && why.is_none());
        }
        assert_eq!("cuda:3".parse(), Ok(DeviceChoice::Cuda(3)));
        assert!("gpu".parse::<DeviceChoice>().unwrap_err().contains("auto, cpu, cuda or cuda:N"));
    }

    #[test]
    fn a_gpu_that_cannot_be_had_is_refused_with_the_reason() {
        assert!(refused(DeviceChoice::Cuda(0), None).contains("was not told where a torch with CUDA is"));
        let nothing = tempfile::tempdir().unwrap();
        assert!(refused(DeviceChoice::Auto, Some(nothing.path())).contains("is no installed torch"));
        let other = installed("2.12.1+cu130");
        assert!(
            refused(DeviceChoice::Auto, Some(other.path())).contains("is 2.12.1+cu130, and this program needs 2.13.0")
        );
        let cpu = installed("2.13.0+cpu");
        let without_cuda = "was built without CUDA";
        assert!(refused(DeviceChoice::Cuda(0), Some(cpu.path())).contains(without_cuda));
        assert!(instead(cpu.path()).contains(without_cuda));
        std::fs::write(cpu.path().join("lib/libtorch_cuda.so"), "no library").unwrap();
        assert!(refused(DeviceChoice::Cuda(0), Some(cpu.path())).contains("cannot load "));
        assert!(instead(cpu.path()).contains("cannot load "));
    }

    /// Why it is the CPU, where the choice is left to the machine.
    fn instead(torch: &Path) -> String {
        let (device, why) = device(DeviceChoice::Auto, Some(torch)).unwrap();
        assert_eq!(device, Device::Cpu);
        why.unwrap().to_string()
    }

    /// What a machine without a GPU can try of the real thing: a library is loaded, and then there is no GPU.
    #[test]
    fn a_library_that_loads_and_finds_no_gpu_says_so() {
        let torch = installed("2.13.0+cu130");
        let library = torch.path().join("lib/libtorch_cuda.so");
        let mut gcc = Command::new("gcc");
        gcc.args(["-shared", "-nostdlib", "-o"]).arg(&library).args(["-x", "c", "/dev/null"]);
        assert!(gcc.status().unwrap().success());
        if !tch::Cuda::is_available() {
            assert!(refused(DeviceChoice::Cuda(0), Some(torch.path())).contains("finds no GPU"));
            assert!(instead(torch.path()).contains("finds no GPU"));
        }
    }
}
