//! The folder that is being written: every file of it is hashed on its way, for `SHA256SUMS`.

use super::images::Images;
use super::{ExportError, Item, Transfer};
use crate::digest::{Digest, StreamHasher};
use crate::fs::{self, Linked, PendingFolder};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The name of the file of checksums.
const SUMS: &str = "SHA256SUMS";

/// The folder.
pub(super) struct Output {
    folder: PendingFolder,
    sums: BTreeMap<String, Digest>,
}

/// A file that is being written to it; [`Output::end`] takes it over.
pub(super) struct OutputFile {
    name: String,
    file: BufWriter<File>,
    hasher: StreamHasher,
}

impl Output {
    /// Starts the folder.
    pub fn new(path: &Path) -> Result<Self, ExportError> {
        Ok(Self { folder: PendingFolder::new(path)?, sums: BTreeMap::new() })
    }

    /// Starts a file.
    pub fn start(&self, name: String) -> Result<OutputFile, ExportError> {
        let file = self.folder.file(&name)?;
        Ok(OutputFile { name, file, hasher: StreamHasher::default() })
    }

    /// Ends a file.
    pub fn end(&mut self, file: OutputFile) -> Result<(), ExportError> {
        let OutputFile { name, mut file, hasher } = file;
        file.flush().map_err(fs::on("write", &self.folder.path().join(&name)))?;
        self.sums.insert(name, hasher.finish());
        Ok(())
    }

    /// Writes a whole file.
    pub fn file(&mut self, name: String, bytes: &[u8]) -> Result<(), ExportError> {
        let mut file = self.start(name)?;
        self.write(&mut file, bytes)?;
        self.end(file)
    }

    /// Appends to a file.
    pub fn write(&self, file: &mut OutputFile, bytes: &[u8]) -> Result<(), ExportError> {
        let path = || self.folder.path().join(&file.name);
        let (hasher, name) = (&mut file.hasher, path());
        hasher.update(bytes);
        Ok(file.file.write_all(bytes).map_err(fs::on("write", &name))?)
    }

    /// Writes an item's image as a file of its own.
    pub fn image(
        &mut self,
        name: String,
        item: &Item,
        images: &mut Images<'_>,
        transfer: Transfer,
    ) -> Result<(), ExportError> {
        let (bytes, digest) = images.read(item)?;
        let linked = match (transfer, item) {
            (Transfer::Link, Item::File { path, .. }) => self.folder.link(path, &name)?,
            _ => Linked::No,
        };
        if linked == Linked::No {
            let written = self.folder.file(&name).and_then(|mut file| {
                let path = self.folder.path().join(&name);
                file.write_all(bytes).and_then(|()| file.flush()).map_err(fs::on("write", &path))
            });
            written?;
        }
        self.sums.insert(name, digest);
        Ok(())
    }

    /// Writes the checksums, as `sha256sum -c` reads them, and makes the folder appear. Gives the number of files, and the
    /// digest of the checksums.
    pub fn publish(mut self, title: &str) -> Result<(u64, Digest), ExportError> {
        // A line that starts with # is a comment to sha256sum.
        let mut text = format!("# {}\n", title.replace(['\n', '\r'], " "));
        for (name, digest) in &self.sums {
            text += &format!("{}  {name}\n", digest.hex());
        }
        self.file(SUMS.to_owned(), text.as_bytes())?;
        self.folder.publish()?;
        Ok((self.sums.len() as u64, Digest::of(text.as_bytes())))
    }
}

impl Write for OutputFile {
    /// For encoders; [`Output::write`] has better errors.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
