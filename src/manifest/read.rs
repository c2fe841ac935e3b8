//! Reads a manifest, or the entries of one shard, line by line.

use super::{Entry, FORMAT, Header, Key, LineError, LineParser};
use crate::digest::{Digest, StreamHasher};
use crate::fs::{self, FsError};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Why a manifest, or a shard's list of entries, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The first line is not a header of ours.
    #[error("{}: not a manifest: the first line is not a canonical JSON object of the format '{FORMAT}'", path.display())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// A line is not an entry.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: LineError,
    },
    /// A line is too long, is not UTF-8, or the last one has no newline.
    #[error("{}, line {line}: {problem}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// Two samples of one key, or samples out of order.
    #[error("{}, line {line}: sample {key} is listed twice or out of order; keys have to ascend", path.display())]
    Order {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The sample.
        key: Key,
    },
    /// The bytes are not those that the version is named by.
    #[error("{}: the manifest was changed: its digest is {found}, not {expected}", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// The version's.
        expected: Digest,
        /// The bytes'.
        found: Digest,
    },
}

/// The longest line that is read: far beyond any entry, and little enough to hold.
const LONGEST: u64 = 1 << 20;

/// Lines of a text, each with its newline taken off; never holds more than one.
struct Lines<R> {
    input: R,
    path: PathBuf,
    number: u64,
    line: Vec<u8>,
    done: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R, path: &Path) -> Self {
        Self { input, path: path.to_owned(), number: 0, line: Vec::new(), done: false }
    }

    fn text_error(&self, problem: &'static str) -> ManifestError {
        ManifestError::Text { path: self.path.clone(), line: self.number, problem }
    }

    /// The next line, or `None` at the end; after an error always `None`.
    fn next(&mut self) -> Result<Option<&str>, ManifestError> {
        if self.done {
            return Ok(None);
        }
        self.done = true;
        self.number += 1;
        self.line.clear();
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.line);
        read.map_err(fs::on("read", &self.path))?;
        if self.line.is_empty() {
            return Ok(None);
        }
        if self.line.pop() != Some(b'\n') {
            let full = self.line.len() as u64 + 1 >= LONGEST;
            return Err(self.text_error(if full { "longer than any entry" } else { "cut off: no newline at the end" }));
        }
        if std::str::from_utf8(&self.line).is_err() {
            return Err(self.text_error("not UTF-8"));
        }
        self.done = false;
        Ok(Some(std::str::from_utf8(&self.line).expect("BUG: checked above")))
    }
}

/// A manifest being read: its header, then its entries in key order; ends after the first error.
pub struct Reader<R> {
    lines: Lines<R>,
    header: Header,
    parser: LineParser,
    hasher: StreamHasher,
    last: Option<Key>,
    expected: Option<Digest>,
}

impl Reader<BufReader<zstd::Decoder<'static, BufReader<File>>>> {
    /// Opens a stored manifest (zstd). With `expected`, the iteration ends in an error when the bytes are not those that
    /// have this digest.
    ///
    /// # Errors
    /// When it cannot be opened, or does not start with our header.
    pub fn open(path: &Path, expected: Option<Digest>) -> Result<Self, ManifestError> {
        let decoder = zstd::Decoder::new(fs::open(path)?).map_err(fs::on("read", path))?;
        Self::new(BufReader::with_capacity(1 << 16, decoder), path, expected)
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the uncompressed text of a manifest; `path` is for messages.
    ///
    /// # Errors
    /// When it does not start with our header.
    pub fn new(input: R, path: &Path, expected: Option<Digest>) -> Result<Self, ManifestError> {
        let mut lines = Lines::new(input, path);
        let header = lines.next()?.and_then(Header::parse);
        let header = header.ok_or_else(|| ManifestError::Header { path: path.to_owned() })?;
        let mut hasher = StreamHasher::default();
        hasher.update(header.line().as_bytes());
        hasher.update(b"\n");
        Ok(Self { lines, header, parser: LineParser::default(), hasher, last: None, expected })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Entry>, ManifestError> {
        let Some(line) = self.lines.next()? else {
            let found = std::mem::take(&mut self.hasher).finish();
            let path = || self.lines.path.clone();
            return match self.expected.take() {
                Some(expected) if expected != found => Err(ManifestError::Digest { path: path(), expected, found }),
                _ => Ok(None),
            };
        };
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
        let parsed = self.parser.parse(line);
        let (path, line) = (|| self.lines.path.clone(), self.lines.number);
        let entry = parsed.map_err(|problem| ManifestError::Line { path: path(), line, problem })?;
        if self.last.is_some_and(|last| last >= entry.key) {
            return Err(ManifestError::Order { path: path(), line, key: entry.key });
        }
        self.last = Some(entry.key);
        Ok(Some(entry))
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Entry, ManifestError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.read();
        if result.is_err() {
            self.lines.done = true;
            self.expected = None; // one error is enough
        }
        result.transpose()
    }
}

/// The entries beside a shard, in the shard's order: lines without a header; ends after the first error.
pub struct EntryLines {
    lines: Lines<BufReader<File>>,
    parser: LineParser,
}

impl EntryLines {
    /// Opens a file of entries.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        let input = BufReader::with_capacity(1 << 16, fs::open(path)?);
        Ok(Self { lines: Lines::new(input, path), parser: LineParser::default() })
    }

    /// The key of the next entry, which is not parsed beyond it.
    ///
    /// # Errors
    /// When the line has none, or cannot be read.
    pub fn next_key(&mut self) -> Result<Option<Key>, ManifestError> {
        let Some(line) = self.lines.next()? else { return Ok(None) };
        match key_of(line) {
            Some(key) => Ok(Some(key)),
            None => {
                self.lines.done = true;
                Err(self.lines.text_error("not an entry: it has no key"))
            }
        }
    }

    /// The next entry whose key is wanted; the others are passed over without being parsed.
    pub(super) fn next_wanted(&mut self, wanted: impl Fn(&Key) -> bool) -> Result<Option<Entry>, ManifestError> {
        while let Some(line) = self.lines.next()? {
            if key_of(line).is_some_and(|key| !wanted(&key)) {
                continue;
            }
            return self.parser.parse(line).map(Some).map_err(|problem| {
                self.lines.done = true;
                ManifestError::Line { path: self.lines.path.clone(), line: self.lines.number, problem }
            });
        }
        Ok(None)
    }
}

/// The key in a line, found without parsing it: no field before it can hold this text.
fn key_of(line: &str) -> Option<Key> {
    let (_, rest) = line.split_once(",\"key\":\"")?;
    rest.get(..32)?.parse().ok()
}

impl Iterator for EntryLines {
    type Item = Result<Entry, ManifestError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_wanted(|_| true).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::sample;
    use super::super::{Summary, WriteError, Writer};
    use super::*;
    use crate::canonical::Json;
    use crate::set::{Set, SetRole};
    use proptest::prelude::*;

    fn header() -> Header {
        Header::new(Json::object([
            ("seed", 17u32.into()),
            ("chance", crate::number::Micro::from_millionths(100_000).into()),
        ]))
    }

    fn entries(count: u32) -> Vec<Entry> {
        let mut entries: Vec<_> = (0..count).map(sample).collect();
        entries.sort_by_key(|entry| entry.key);
        entries
    }

    fn written(entries: &[Entry]) -> (Vec<u8>, Summary) {
        let validation = Header::validation(Json::object([("seed", 1u32.into())]));
        let mut writer = Writer::new(Vec::new(), &header(), Some(&validation)).unwrap();
        entries.iter().for_each(|entry| writer.push(entry).unwrap());
        writer.finish().unwrap()
    }

    fn text(entries: &[Entry]) -> String {
        zstd::decode_all(&written(entries).0[..]).map(|bytes| String::from_utf8(bytes).unwrap()).unwrap()
    }

    fn read(text: &str) -> Result<Vec<Entry>, ManifestError> {
        Reader::new(text.as_bytes(), Path::new("m"), None)?.collect()
    }

    #[test]
    fn a_manifest_reads_back_and_its_digest_is_that_of_its_text() {
        let entries = entries(50);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl.zst");
        let (bytes, summary) = written(&entries);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(summary.digest, Digest::of(text(&entries).as_bytes()));
        assert_eq!((summary.samples, summary.repeated), (50, 0));
        let mut reader = Reader::open(&path, Some(summary.digest)).unwrap();
        assert_eq!(*reader.header(), header());
        assert_eq!(reader.by_ref().collect::<Result<Vec<_>, _>>().unwrap(), entries);
        let wrong = Reader::open(&path, Some(Digest::of(b""))).unwrap().last().unwrap().unwrap_err().to_string();
        assert!(wrong.contains("the manifest was changed: its digest is sha256:"), "{wrong}");
    }

    #[test]
    fn the_empty_manifest_is_pinned() {
        assert_eq!(text(&[]), "{\"chance\":0.1,\"format\":\"augmint manifest 1\",\"seed\":17}\n");
    }

    #[test]
    fn the_validation_digest_depends_on_held_out_samples_alone() {
        let mut samples = entries(30);
        let before = written(&samples).1.validation;
        samples.remove(3);
        assert_eq!(written(&samples).1.validation, before);
        samples[4].role = crate::seed::Role::Val;
        samples[4].set = Set { fold: None, role: SetRole::Val };
        assert_ne!(written(&samples).1.validation, before);
    }

    #[test]
    fn equal_bytes_are_counted() {
        let mut samples = entries(10);
        samples[3].digest = samples[5].digest;
        assert_eq!(written(&samples).1.repeated, 1);
    }

    #[test]
    fn order_and_duplicates_are_errors_with_their_line() {
        let entries = entries(3);
        let good = text(&entries);
        let lines: Vec<_> = good.lines().collect();
        let message = |lines: &[&str]| read(&(lines.join("\n") + "\n")).unwrap_err().to_string();
        let twice = message(&[lines[0], lines[1], lines[1]]);
        assert_eq!(
            twice,
            format!("m, line 3: sample {} is listed twice or out of order; keys have to ascend", entries[0].key)
        );
        assert!(message(&[lines[0], lines[2], lines[1]]).starts_with("m, line 3: "));
        assert!(message(&[lines[1]]).starts_with("m: not a manifest"));
        assert!(message(&[lines[0], "{}"]).starts_with("m, line 2: column 1: expected {\"bytes\":"));
        assert_eq!(read(good.trim_end()).unwrap_err().to_string(), "m, line 4: cut off: no newline at the end");
        let mut writer = Writer::new(Vec::new(), &header(), None).unwrap();
        writer.push(&entries[1]).unwrap();
        assert!(matches!(writer.push(&entries[0]), Err(WriteError::Order { .. })));
    }

    #[test]
    fn a_cut_compressed_manifest_is_an_error_and_the_iteration_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.zst");
        let bytes = written(&entries(2000)).0;
        for cut in [0, 3, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            match Reader::open(&path, None) {
                Ok(reader) => {
                    let results: Vec<_> = reader.collect();
                    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1, "{cut}");
                    assert!(results.last().unwrap().is_err());
                }
                Err(error) => assert!(error.to_string().contains("m.zst"), "{error}"),
            }
        }
    }

    #[test]
    fn an_endless_line_is_refused_without_being_held() {
        let endless = BufReader::new(std::io::repeat(b'x'));
        let error = Reader::new(endless, Path::new("m"), None).err().unwrap().to_string();
        assert_eq!(error, "m, line 1: longer than any entry");
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_give_an_error(bytes: Vec<u8>, after_header: bool) {
            let mut input = if after_header { text(&[]).into_bytes() } else { Vec::new() };
            input.extend(bytes);
            if let Ok(reader) = Reader::new(&input[..], Path::new("m"), None) {
                let _ = reader.collect::<Vec<_>>();
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("m.zst");
            std::fs::write(&path, &input).unwrap();
            if let Ok(reader) = Reader::open(&path, None) {
                let _ = reader.collect::<Vec<_>>();
            }
        }
    }
}
