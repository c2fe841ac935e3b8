//! What is done with the pixels of a sample.

use augmint::digest::Digest;
use augmint::effect::simd;
use augmint::pixels::{Encoding, Image, Limits, Subsampling, decode};
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// The output modes of the speed table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// JPEG of quality 90, 4:2:0; SHA-256; a file.
    Jpeg,
    /// PNG; SHA-256; a file.
    Png,
    /// Lossless WebP; SHA-256; a file.
    Webp,
    /// `[3, h, w]` u8, contiguous: what a trainer takes; it becomes floats on the device, a batch at a time.
    Tensor,
    /// The same after a round trip through the JPEG codec: what streaming a lossy version costs.
    Streamed,
}

impl Mode {
    /// The encoding of a mode that has one.
    pub fn encoding(self) -> Option<Encoding> {
        match self {
            Self::Jpeg | Self::Streamed => Some(Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 }),
            Self::Png => Some(Encoding::Png),
            Self::Webp => Some(Encoding::Webp),
            Self::Tensor => None,
        }
    }
}

/// Ends samples in one mode, with memory that is used again.
pub struct Ending {
    mode: Mode,
    folder: PathBuf,
    files: usize,
    bytes: Vec<u8>,
    planes: Vec<u8>,
}

impl Ending {
    /// Files go to a new folder below `out`.
    pub fn new(mode: Mode, out: &Path) -> Self {
        let folder = out.join(format!("augmint-{mode:?}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self { mode, folder, files: 0, bytes: Vec::new(), planes: Vec::new() }
    }

    /// Ends one sample; gives how many bytes it came to.
    pub fn finish(&mut self, image: &Image) -> usize {
        match (self.mode, self.mode.encoding()) {
            (Mode::Streamed, Some(encoding)) => {
                encoding.encode_into(image, &mut self.bytes).unwrap();
                let shown = decode(&self.bytes, &Limits::default()).unwrap();
                self.tensor(&shown)
            }
            (_, Some(encoding)) => {
                self.encode(image, &encoding);
                black_box(self.hash());
                self.write();
                self.bytes.len()
            }
            (_, None) => self.tensor(image),
        }
    }

    pub fn encode(&mut self, image: &Image, encoding: &Encoding) {
        encoding.encode_into(image, &mut self.bytes).unwrap();
    }

    pub fn hash(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// A new file, as the peers write one for each sample.
    pub fn write(&mut self) {
        std::fs::write(self.folder.join(format!("{:06}", self.files)), &self.bytes).unwrap();
        self.files += 1;
    }

    pub fn tensor(&mut self, image: &Image) -> usize {
        self.planes.resize(image.data().len(), 0);
        simd::planes(image.data(), 0, &mut self.planes);
        black_box(&self.planes).len()
    }

    /// The memory of a tensor, where the executor fills it itself.
    pub fn planes(&mut self) -> Option<&mut Vec<u8>> {
        (self.mode == Mode::Tensor).then_some(&mut self.planes)
    }

    /// Removes the files.
    pub fn clean(self) {
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}
