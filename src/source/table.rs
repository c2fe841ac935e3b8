//! Contest tables: comma-separated, one header line, UTF-8.
//!
//! A byte order mark, CRLF, quoted fields, further columns and spaces around cells are accepted; everything else that
//! is odd is a [`Problem`] with the table and the line. Nothing is guessed.

use super::problem::{Problem, TableError};
use std::path::{Path, PathBuf};

/// One row: as many cells as columns were asked for, trimmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    /// Counted from 1.
    pub line: u64,
    /// In the order asked for.
    pub cells: Vec<String>,
}

/// A table as it stands: its header and its rows, which may be longer or shorter.
pub(super) struct Table {
    /// Where it was read; only for messages.
    pub path: PathBuf,
    header_line: u64,
    /// Trimmed.
    pub header: Vec<String>,
    records: Vec<(u64, csv::StringRecord)>,
}

/// Reads the named columns of a table; what is wrong is added to `problems`, and rows that are wrong are left out.
pub(super) fn read(path: &Path, columns: &[&str], problems: &mut Vec<Problem>) -> Vec<Row> {
    Table::read(path, problems).map(|table| table.named(columns, problems)).unwrap_or_default()
}

/// [`read`] of bytes in memory; `path` is only for messages.
#[cfg(test)]
pub(super) fn parse(path: &Path, bytes: &[u8], columns: &[&str], problems: &mut Vec<Problem>) -> Vec<Row> {
    Table::parse(path, bytes, problems).map(|table| table.named(columns, problems)).unwrap_or_default()
}

impl Table {
    /// Reads a table; `None` where there is no header, with the reason among `problems`.
    pub fn read(path: &Path, problems: &mut Vec<Problem>) -> Option<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(path, &bytes, problems),
            Err(error) => {
                let error = TableError::Unreadable(error.to_string());
                problems.push(Problem { table: path.to_owned(), line: None, error });
                None
            }
        }
    }

    fn parse(path: &Path, bytes: &[u8], problems: &mut Vec<Problem>) -> Option<Self> {
        let mut problem = |line, error| problems.push(Problem { table: path.to_owned(), line, error });
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            problem(None, TableError::Utf16);
            return None;
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
            problem(Some(line), TableError::Encoding);
            return None;
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut counter = LineCounter { bytes, at: 0, line: 1 };
        let mut records = reader.records().filter_map(|record| match record {
            Ok(record) => Some((counter.line_of(record.position().map_or(0, |position| position.byte())), record)),
            Err(error) => {
                let line = error.position().map(|position| position.line());
                problem(line, TableError::Unreadable(error.to_string()));
                None
            }
        });
        let Some((header_line, header)) = records.next() else {
            drop(records);
            problem(None, TableError::Empty);
            return None;
        };
        let records = records.collect();
        let header = header.iter().map(|name| name.trim().to_owned()).collect();
        Some(Self { path: path.to_owned(), header_line, header, records })
    }

    /// Something wrong with the header.
    pub fn header_problem(&self, error: TableError) -> Problem {
        Problem { table: self.path.clone(), line: Some(self.header_line), error }
    }

    /// The place of a column; `None`, with the reason among `problems`, where it stands twice, and where it is not there.
    pub fn column(&self, column: &str, problems: &mut Vec<Problem>) -> Option<usize> {
        let mut found = self.header.iter().enumerate().filter(|(_, name)| *name == column).map(|(place, _)| place);
        let (first, second) = (found.next(), found.next());
        if second.is_some() {
            problems.push(self.header_problem(TableError::TwiceAColumn(column.into())));
            return None;
        }
        first
    }

    /// The rows that are as long as the header, with their lines; the others are added to `problems`.
    pub fn rows<'a>(
        &'a self,
        problems: &'a mut Vec<Problem>,
    ) -> impl Iterator<Item = (u64, &'a csv::StringRecord)> + 'a {
        self.records.iter().filter_map(|(line, record)| {
            if record.len() == self.header.len() {
                return Some((*line, record));
            }
            let error = TableError::Fields { found: record.len(), expected: self.header.len() };
            problems.push(Problem { table: self.path.clone(), line: Some(*line), error });
            None
        })
    }

    /// The cells of these columns.
    fn named(&self, columns: &[&str], problems: &mut Vec<Problem>) -> Vec<Row> {
        let mut places = Vec::new();
        for &column in columns {
            let before = problems.len();
            match self.column(column, problems) {
                Some(place) => places.push(place),
                None if problems.len() == before => {
                    let (expected, found) = (columns.join(","), self.header.join(","));
                    let error = TableError::MissingColumn { column: column.into(), expected, found };
                    problems.push(self.header_problem(error));
                }
                None => {}
            }
        }
        if places.len() < columns.len() {
            return Vec::new();
        }
        let cells = |record: &csv::StringRecord| places.iter().map(|&place| record[place].trim().to_owned()).collect();
        self.rows(problems).map(|(line, record)| Row { line, cells: cells(record) }).collect()
    }
}

/// Counts lines as editors do. The csv crate's own count is one short after CRLF and blank lines.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line of the record that starts at or after `start`, which must not fall from call to call.
    fn line_of(&mut self, start: u64) -> u64 {
        while let Some(&byte) = self.bytes.get(self.at) {
            let ends_line = byte == b'\n' || (byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at as u64 >= start && byte != b'\n' && byte != b'\r' {
                break;
            }
            self.line += u64::from(ends_line);
            self.at += 1;
        }
        self.line
    }
}

/// The candidate that is closest to `text`, if any is close; looks at no more than 5,000, so that a long list of
/// errors stays cheap.
pub(super) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let most = (text.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::osa_distance(&text.to_lowercase(), &candidate.to_lowercase());
    let scored = candidates.into_iter().take(5_000).map(|candidate| (distance(candidate), candidate));
    scored.filter(|(distance, _)| *distance <= most).min().map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Result<Vec<(u64, String, String)>, String> {
        let mut problems = Vec::new();
        let rows = parse(Path::new("t.csv"), text, &["ID", "target"], &mut problems);
        if problems.is_empty() {
            Ok(rows.into_iter().map(|row| (row.line, row.cells[0].clone(), row.cells[1].clone())).collect())
        } else {
            Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }

    #[test]
    fn accepts_a_mark_crlf_quotes_spaces_and_other_columns() {
        let text = "\u{feff}target , ID,note\r\n 3 ,\"a, b.jpg\",\"two\nlines\"\r\n\r\n4, 한국 어.png ,\r\n";
        let expected = vec![(2, "a, b.jpg".to_owned(), "3".to_owned()), (5, "한국 어.png".into(), "4".into())];
        assert_eq!(rows(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn every_malformed_table_has_its_message() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "t.csv: is empty; expected a header line"),
            (b"\xff\xfeI\0D\0", "t.csv: is UTF-16; save it as 'CSV UTF-8'"),
            (
                b"ID,target\na.jpg,\xc7\xd1\n",
                "t.csv:2: is not UTF-8 (CP949, EUC-KR or Latin-1?); save it as 'CSV UTF-8'",
            ),
            (b"id,target\na,1\n", "t.csv:1: no column 'ID'; expected the header ID,target, found id,target"),
            (
                b"a.jpg,1\nb.jpg,2\n",
                "t.csv:1: no column 'ID'; expected the header ID,target, found a.jpg,1\n\
              t.csv:1: no column 'target'; expected the header ID,target, found a.jpg,1",
            ),
            (b"ID,target,ID\na,1,b\n", "t.csv:1: the column 'ID' stands twice in the header"),
            (b"ID,target\na,b.jpg,1\n", "t.csv:2: 3 fields, but the header has 2; quote a field that holds a comma"),
            (
                b"ID,target\na\nb\n",
                "t.csv:2: 1 fields, but the header has 2; quote a field that holds a comma\n\
              t.csv:3: 1 fields, but the header has 2; quote a field that holds a comma",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(rows(text), Err(message.to_owned()), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_missing_table_is_named() {
        let mut problems = Vec::new();
        read(Path::new("no.csv"), &["ID"], &mut problems);
        assert_eq!(problems[0].to_string(), "no.csv: cannot be read: No such file or directory (os error 2)");
    }

    #[test]
    fn nearest_finds_slips_and_nothing_else() {
        assert_eq!(nearest("reciept", ["invoice", "receipt"]), Some("receipt".into()));
        assert_eq!(nearest("zebra", ["invoice", "receipt"]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_give_a_problem(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = rows(&bytes);
            let _ = rows(&[b"ID,target\n", bytes.as_slice()].concat());
        }

        #[test]
        fn any_text_parses_or_gives_a_problem(text in "(ID,target\n)?[\\x00-\\x7f가-각\",\n]{0,60}") {
            let _ = rows(text.as_bytes());
        }
    }
}
