//! Why a pickle is not read, and what to do then.

use super::MAX_STEPS;

/// The one-line program that turns what is refused here into what is read.
const CONVERT: &str = "in Python, and for a file that you trust alone, as it may run what it likes there: python3 -c \
    \"import sys, torch, safetensors.torch as s; d = torch.load(sys.argv[1], map_location='cpu', weights_only=False); \
    d = d.state_dict() if hasattr(d, 'state_dict') else d.get('state_dict', d); s.save_file({k: v.contiguous().clone() \
    for k, v in d.items() if torch.is_tensor(v)}, sys.argv[2])\" IN.pth OUT.safetensors";

/// Why a pickle is not read. Positions are bytes from its beginning.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PickleError {
    /// It ends within a step.
    #[error("the pickle is cut off at byte {at}")]
    CutOff {
        /// Where the step began.
        at: usize,
    },
    /// A step that no plain state dict has.
    #[error("the pickle has opcode {code:#04x} at byte {at}, which no plain state dict has; convert it {CONVERT}")]
    Opcode {
        /// Which.
        code: u8,
        /// Where.
        at: usize,
    },
    /// A name of Python that is not known here.
    #[error("it asks Python for {name}, which no plain state dict does, so it was not read; convert it {CONVERT}")]
    Global {
        /// Module and name.
        name: String,
    },
    /// A known name with arguments that it does not take.
    #[error("the pickle gives {what} arguments that it does not take, at byte {at}")]
    Arguments {
        /// To what.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// A step that takes something which is not there, or of another type.
    #[error("the pickle is broken at byte {at}: its step {code:#04x} does not fit what came before")]
    Misfit {
        /// Which opcode.
        code: u8,
        /// Where.
        at: usize,
    },
    /// More steps than any state dict takes.
    #[error("the pickle takes more than {MAX_STEPS} steps, more than any state dict")]
    TooLong,
}
