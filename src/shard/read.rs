//! Reads a shard: any sample at random, or all of it to check every byte.

use super::{Place, describe, entries_path, places, tar, tar_path};
use crate::digest::Digest;
use crate::fs::{self, FsError};
use crate::manifest::{Entry, EntryError, EntryLines, Key, ManifestError};
use crate::source::Classes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Why a shard cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The entries beside the tar cannot be read.
    #[error(transparent)]
    Entries(#[from] ManifestError),
    /// An entry that breaks a rule.
    #[error("sample {key} cannot be stored: {problem}")]
    Entry {
        /// Which.
        key: Key,
        /// What is wrong.
        problem: EntryError,
    },
    /// The tar is longer or shorter than its entries say.
    #[error("{}: the shard was changed or cut off: it has {found} bytes instead of {expected}", path.display())]
    Length {
        /// The tar.
        path: PathBuf,
        /// By the entries.
        expected: u64,
        /// By the file system.
        found: u64,
    },
    /// The samples are right and what follows them is not.
    #[error("{}: the end of the shard was changed; its samples are as they should be", path.display())]
    End {
        /// The tar.
        path: PathBuf,
    },
}

/// A sample that is not as its entry says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Its index in the shard.
    pub index: usize,
    /// Which sample.
    pub key: Key,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// Its bytes have another digest.
    #[error("its pixels were changed: their digest is {found}")]
    Pixels {
        /// The digest of the bytes that are there.
        found: Digest,
    },
    /// The `.json` member is not what follows from the entry.
    #[error("its .json was changed")]
    Description,
    /// A tar header or padding is not what follows from the entry.
    #[error("the tar around it was changed")]
    Frame,
    /// The tar ends before it.
    #[error("the shard is cut off before its end")]
    CutOff,
}

/// A shard that is open for reading. Reads at given places, so many threads may share one.
pub struct Shard {
    path: PathBuf,
    file: File,
    length: u64,
    entries: Vec<Entry>,
    places: Vec<Place>,
    expected_length: u64,
}

impl Shard {
    /// Opens the shard of this key in the folder of shards; looks at the files' lengths, not at every byte.
    ///
    /// # Errors
    /// When a file is missing, the entries are damaged, or the tar has not the length that follows from them.
    pub fn open(folder: &Path, key: &Digest, classes: &Classes) -> Result<Self, ShardError> {
        let entries = EntryLines::open(&entries_path(folder, key))?.collect::<Result<_, _>>()?;
        let shard = Self::with_entries(&tar_path(folder, key), entries, classes)?;
        if shard.length != shard.expected_length {
            let (expected, found) = (shard.expected_length, shard.length);
            return Err(ShardError::Length { path: shard.path, expected, found });
        }
        Ok(shard)
    }

    /// Opens a tar whose entries are known, whatever its length; for checking and mending.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn with_entries(path: &Path, entries: Vec<Entry>, classes: &Classes) -> Result<Self, ShardError> {
        let (places, expected_length) = places(&entries, classes);
        let file = fs::open(path)?;
        let length = file.metadata().map_err(fs::on("look at", path))?.len();
        Ok(Self { path: path.to_owned(), file, length, entries, places, expected_length })
    }

    /// The samples, in the shard's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where their bytes lie, in the same order.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// How long the tar is, in bytes.
    pub fn bytes(&self) -> u64 {
        self.length
    }

    /// Reads the stored bytes of a sample into `buffer`, replacing what was in it. They are not checked against the
    /// digest: that is [`Shard::verify`]'s work.
    ///
    /// # Errors
    /// When they cannot be read.
    ///
    /// # Panics
    /// When there is no sample of this index.
    pub fn read(&self, index: usize, buffer: &mut Vec<u8>) -> Result<(), FsError> {
        let place = self.places[index];
        self.read_range(place.offset, place.bytes, buffer)
    }

    /// A length that the file does not have is an error before memory is asked for.
    fn read_range(&self, offset: u64, bytes: u64, buffer: &mut Vec<u8>) -> Result<(), FsError> {
        let inside = offset.checked_add(bytes).is_some_and(|end| end <= self.length);
        let result = match usize::try_from(bytes) {
            Ok(bytes) if inside => {
                buffer.resize(bytes, 0);
                self.file.read_exact_at(buffer, offset)
            }
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        };
        result.map_err(fs::on("read", &self.path))
    }

    /// Compares every byte of the tar with what the entries say: the samples that differ, in the shard's order.
    ///
    /// # Errors
    /// When the disk cannot be read, or, with all samples as they should be, what ends the tar is not.
    pub fn verify(&self, classes: &Classes) -> Result<Vec<Fault>, ShardError> {
        let mut faults = Vec::new();
        let mut buffer = Vec::new();
        for (index, (entry, place)) in self.entries.iter().zip(&self.places).enumerate() {
            let problem = self.check(entry, *place, classes, &mut buffer)?;
            faults.extend(problem.map(|problem| Fault { index, key: entry.key, problem }));
        }
        if faults.is_empty() {
            let end = tar::END.len() as u64;
            let ends = self.length == self.expected_length && {
                self.read_range(self.length - end, end, &mut buffer)?;
                buffer == tar::END
            };
            if !ends {
                return Err(ShardError::End { path: self.path.clone() });
            }
        }
        Ok(faults)
    }

    fn check(
        &self,
        entry: &Entry,
        place: Place,
        classes: &Classes,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<Problem>, ShardError> {
        let description = describe(entry, classes);
        let (start, pixels) = (place.offset - tar::BLOCK, tar::padded(entry.bytes));
        let bytes = 2 * tar::BLOCK + pixels + tar::padded(description.len() as u64);
        if start + bytes > self.length {
            return Ok(Some(Problem::CutOff));
        }
        self.read_range(start, bytes, buffer)?;
        // Within the file's length, so within a usize.
        let (head, rest) = buffer.split_at(tar::BLOCK as usize);
        let (image, rest) = rest.split_at(pixels as usize);
        let (image, image_padding) = image.split_at(entry.bytes as usize);
        let (described_head, rest) = rest.split_at(tar::BLOCK as usize);
        let (described, padding) = rest.split_at(description.len());
        let found = Digest::of(image);
        if found != entry.digest {
            return Ok(Some(Problem::Pixels { found }));
        }
        if described != description.as_bytes() {
            return Ok(Some(Problem::Description));
        }
        let frame = head == tar::header(&format!("{}.{}", entry.key, entry.file.extension()), entry.bytes)
            && described_head == tar::header(&format!("{}.json", entry.key), description.len() as u64)
            && image_padding.iter().chain(padding).all(|byte| *byte == 0);
        Ok((!frame).then_some(Problem::Frame))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pixels, ShardWriter};
    use super::*;
    use crate::manifest::sample;
    use proptest::prelude::*;
    use std::io::Read as _;

    fn pixels(n: u32) -> Vec<u8> {
        (0..400 + 300 * n).map(|at| (at * 7 + n) as u8).collect()
    }

    fn stored(n: u32) -> Entry {
        Entry { bytes: pixels(n).len() as u64, digest: Digest::of(&pixels(n)), ..sample(n) }
    }

    fn classes() -> Classes {
        Classes((0..3).map(|number| (number, format!("class {number}"))).collect())
    }

    fn key() -> Digest {
        Digest::of(b"shard")
    }

    fn write(folder: &Path, count: u32) -> super::super::Written {
        let classes = classes();
        let mut writer = ShardWriter::new(folder, &key(), &classes, Pixels::Keep).unwrap();
        (0..count).for_each(|n| writer.push(&stored(n), &pixels(n)).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn a_shard_reads_back_at_random_and_by_any_tar() {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), 20);
        let shard = Shard::open(folder.path(), &key(), &classes()).unwrap();
        assert_eq!((written.samples, written.bytes), (20, shard.bytes()));
        let mut buffer = Vec::new();
        for n in [7, 0, 19] {
            shard.read(n, &mut buffer).unwrap();
            assert_eq!((&buffer, &shard.entries()[n]), (&pixels(n as u32), &stored(n as u32)));
        }
        assert_eq!(shard.verify(&classes()).unwrap(), []);

        let mut archive = ::tar::Archive::new(File::open(tar_path(folder.path(), &key())).unwrap());
        let mut names = Vec::new();
        for (index, member) in archive.entries().unwrap().enumerate() {
            let mut member = member.unwrap();
            names.push(member.path().unwrap().to_str().unwrap().to_owned());
            let place = shard.places()[index / 2];
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            if index % 2 == 0 {
                assert_eq!((member.raw_file_position(), content), (place.offset, pixels(index as u32 / 2)));
            } else {
                assert_eq!(content, describe(&stored(index as u32 / 2), &classes()).into_bytes());
            }
        }
        let key = stored(3).key;
        assert_eq!(names[6..8], [format!("{key}.jpg"), format!("{key}.json")]);
        assert_eq!(names.len(), 40);
    }

    #[test]
    fn a_dropped_writer_leaves_nothing_and_a_second_one_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let classes = classes();
        let mut writer = ShardWriter::new(folder.path(), &key(), &classes, Pixels::Keep).unwrap();
        writer.push(&stored(0), &pixels(0)).unwrap();
        drop(writer);
        assert_eq!(fs::names(folder.path()).unwrap(), [""; 0]);
        write(folder.path(), 3);
        let before = fs::read(&tar_path(folder.path(), &key())).unwrap();
        write(folder.path(), 3);
        assert_eq!(fs::read(&tar_path(folder.path(), &key())).unwrap(), before);
    }

    #[test]
    fn without_pixels_the_entries_appear_and_the_length_is_that_of_the_tar() {
        let folder = tempfile::tempdir().unwrap();
        let kept = write(folder.path(), 3);
        let lines = fs::read(&entries_path(folder.path(), &key())).unwrap();
        let other = tempfile::tempdir().unwrap();
        let classes = classes();
        let mut writer = ShardWriter::new(other.path(), &key(), &classes, Pixels::Drop).unwrap();
        (0..3).for_each(|n| writer.push(&stored(n), &pixels(n)).unwrap());
        assert_eq!(writer.finish().unwrap(), kept);
        assert_eq!(fs::read(&entries_path(other.path(), &key())).unwrap(), lines);
        assert_eq!(fs::names(other.path()).unwrap().len(), 1);
    }

    #[test]
    fn every_flipped_byte_is_noticed_and_names_its_sample() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 3);
        let path = tar_path(folder.path(), &key());
        let good = fs::read(&path).unwrap();
        let starts: Vec<_> = {
            let shard = Shard::open(folder.path(), &key(), &classes()).unwrap();
            shard.places().iter().map(|place| (place.offset - tar::BLOCK) as usize).collect()
        };
        for at in (0..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 4;
            std::fs::write(&path, &bad).unwrap();
            let result = Shard::open(folder.path(), &key(), &classes()).unwrap().verify(&classes());
            let sample = starts.iter().rposition(|start| *start <= at).unwrap();
            if at >= good.len() - tar::END.len() {
                assert!(matches!(result, Err(ShardError::End { .. })), "{at}");
            } else {
                let faults = result.unwrap();
                assert_eq!(
                    faults.iter().map(|fault| fault.key).collect::<Vec<_>>(),
                    [stored(sample as u32).key],
                    "{at}"
                );
            }
        }
    }

    #[test]
    fn a_cut_shard_names_the_samples_that_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 3);
        let path = tar_path(folder.path(), &key());
        let length = fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length - 2500).unwrap();
        let error = Shard::open(folder.path(), &key(), &classes()).err().unwrap().to_string();
        assert!(error.contains(&format!("it has {} bytes instead of {length}", length - 2500)), "{error}");
        let entries = (0..3).map(stored).collect();
        let shard = Shard::with_entries(&path, entries, &classes()).unwrap();
        let faults = shard.verify(&classes()).unwrap();
        assert_eq!(faults, [Fault { index: 2, key: stored(2).key, problem: Problem::CutOff }]);
        let message = shard.read(2, &mut Vec::new()).unwrap_err().to_string();
        assert!(message.starts_with("cannot read ") && message.contains(".tar"), "{message}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_read_or_give_an_error(tar: Vec<u8>, lines: Vec<u8>, good_lines: bool) {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), 2);
            std::fs::write(tar_path(folder.path(), &key()), &tar).unwrap();
            if !good_lines {
                std::fs::write(entries_path(folder.path(), &key()), &lines).unwrap();
            }
            let _ = Shard::open(folder.path(), &key(), &classes()).map(|shard| shard.verify(&classes()));
            let huge = Entry { bytes: (1 << 33) - 1, ..sample(1) };
            let shard = Shard::with_entries(&tar_path(folder.path(), &key()), vec![huge], &classes()).unwrap();
            prop_assert!(shard.read(0, &mut Vec::new()).is_err());
            prop_assert_eq!(shard.verify(&classes()).unwrap().len(), 1);
        }
    }
}
