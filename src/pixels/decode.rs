//! Files to pixels, by one table.
use super::Image;

/// What an input image may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most pixels, width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 100_000_000 }
    }
}

/// Why a file is not an image that we take.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {}

/// Decodes a file's bytes.
pub fn decode(_bytes: &[u8], _limits: &Limits) -> Result<Image, DecodeError> {
    unimplemented!()
}
/// x
pub const DECODE_REVISION: u32 = 1;
