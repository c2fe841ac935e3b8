//! The list of a version's sources, `sources/<digest>.tsv`: kept in git, so that a version can be restored and its split
//! kept.
//!
//! Lines end in `\n`. The first is `# augmint sources 1`, the second names the columns: `digest class group page part
//! width height paths`, separated by tabs, one source a line, sorted by digest. `digest` and `page` are 64 hexadecimal
//! digits (`page` is `=` where it is the source's own digest, a smaller one elsewhere), `class`, `width` and `height` plain numbers, `part` is `train`, `val` or `fold-0`, `fold-1`…; each path is a
//! field of its own, so a line has eight fields or more. In group and paths `\\`, `\t`, `\n` and `\r` stand for a
//! backslash, tab, line feed and carriage return. There is one text for a list: the reader takes no other.
//!
//! [`identity`] names the list by what can reach a sample or its label: digest, class, group and part. Never by paths.

use super::Source;
use super::tables::checked_id;
use crate::digest::{Digest, Hasher};
use crate::pixels::Size;
use crate::split::Part;
use std::str::FromStr;

const FORMAT: &str = "# augmint sources 1";
const COLUMNS: &str = "digest\tclass\tgroup\tpage\tpart\twidth\theight\tpaths";

/// Why a text is not a list of sources.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ListError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// The digest of a list, whatever its order: over the number of sources and each one's digest, class, group and part.
///
/// # Panics
/// When there are not as many parts as sources.
pub fn identity(sources: &[Source], parts: &[Part]) -> Digest {
    let rows = sorted(sources, parts);
    let hasher = Hasher::new("augmint sources 1").number(rows.len() as u64);
    let add = |hasher: Hasher, (source, part): &(&Source, Part)| {
        hasher.digest(&source.digest).number(source.class.into()).text(&source.group).text(&part.to_string())
    };
    rows.iter().fold(hasher, add).finish()
}

/// Writes a list.
///
/// # Panics
/// When there are not as many parts as sources.
pub fn write_tsv(sources: &[Source], parts: &[Part]) -> String {
    let mut text = format!("{FORMAT}\n{COLUMNS}\n");
    for (source, part) in sorted(sources, parts) {
        let Source { digest, paths, class, group, page, size } = source;
        let page = if page == digest { "=".to_owned() } else { page.hex() };
        let (digest, group) = (digest.hex(), escaped(group));
        text += &format!("{digest}\t{class}\t{group}\t{page}\t{part}\t{}\t{}", size.width, size.height);
        for path in paths {
            text += "\t";
            text += &escaped(path);
        }
        text += "\n";
    }
    text
}

/// Reads a list; what it takes, [`write_tsv`] writes again byte for byte.
///
/// # Errors
/// With the first line that is not as the module says.
pub fn read_tsv(text: &str) -> Result<(Vec<Source>, Vec<Part>), ListError> {
    let mut lines = text.split('\n').enumerate().map(|(index, line)| (index + 1, line));
    for expected in [FORMAT, COLUMNS] {
        let (line, found) = lines.next().unwrap_or((1, ""));
        if found != expected {
            return Err(ListError { line, what: format!("expected '{expected}', found '{found}'") });
        }
    }
    let (mut sources, mut parts) = (Vec::<Source>::new(), Vec::new());
    while let Some((line, row)) = lines.next() {
        if row.is_empty() && lines.next().is_none() {
            return Ok((sources, parts));
        }
        let (source, part) = parse(row).map_err(|what| ListError { line, what })?;
        if sources.last().is_some_and(|last| last.digest >= source.digest) {
            return Err(ListError { line, what: "digests must rise from line to line".into() });
        }
        sources.push(source);
        parts.push(part);
    }
    Err(ListError { line: sources.len() + 3, what: "the last line has no end: the file is cut off".into() })
}

fn sorted<'a>(sources: &'a [Source], parts: &[Part]) -> Vec<(&'a Source, Part)> {
    assert_eq!(sources.len(), parts.len(), "BUG: a part for each source");
    let mut rows: Vec<_> = sources.iter().zip(parts.iter().copied()).collect();
    rows.sort_by_key(|(source, _)| source.digest);
    rows
}

fn parse(row: &str) -> Result<(Source, Part), String> {
    let fields: Vec<_> = row.split('\t').collect();
    let [digest, class, group, page, part, width, height, paths @ ..] = fields.as_slice() else {
        return Err(format!("{} fields, expected 8 or more", fields.len()));
    };
    let paths = paths.iter().map(|path| unescaped(path)).collect::<Result<Vec<_>, _>>()?;
    if paths.is_empty() {
        return Err("7 fields, expected 8 or more".into());
    }
    if let Some(path) = paths.iter().find(|path| checked_id(path).as_ref() != Ok(path)) {
        return Err(format!("'{path}' is not a plain path below the folder of images"));
    }
    if !paths.is_sorted_by(|a, b| a < b) {
        return Err("paths must rise".into());
    }
    let group = unescaped(group)?;
    if group.is_empty() {
        return Err("the group is empty".into());
    }
    let size = Size::new(exact(width, "a width")?, exact(height, "a height")?);
    if size.pixels() == 0 {
        return Err("an image of no pixels".into());
    }
    let digest = hex(digest)?;
    let page = match *page {
        "=" => digest,
        page => {
            hex(page).ok().filter(|page| *page < digest).ok_or("the page must be '=' or a digest below the source's")?
        }
    };
    Ok((Source { digest, paths, class: exact(class, "a class number")?, group, page, size }, exact(part, "a part")?))
}

fn hex(text: &str) -> Result<Digest, String> {
    let digest = text.parse::<Digest>().ok().filter(|digest| digest.hex() == text);
    digest.ok_or_else(|| format!("'{text}' is not 64 lower-case hexadecimal digits"))
}

/// A value whose text is exactly this one.
fn exact<T: FromStr + ToString>(text: &str, what: &str) -> Result<T, String> {
    let value = text.parse::<T>().ok().filter(|value| value.to_string() == text);
    value.ok_or_else(|| format!("'{text}' is not {what}"))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('\\') => '\\',
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                _ => return Err(format!("'{text}' has a backslash that stands for nothing")),
            },
            '\r' => return Err("a carriage return: lines end in a line feed alone".into()),
            other => other,
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(seed: u8, paths: &[&str]) -> Source {
        let digest = Digest::of(&[seed]);
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Source { digest, paths, class: 3, group: "문서 1".into(), page: digest, size: Size::new(30, 40) }
    }

    const LINE: &str = "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a\t3\t문서 1\t=\t\
                        fold-2\t30\t40\ta b.jpg\tc\\\\\\t\\n.jpg\n";

    #[test]
    fn the_text_is_pinned() {
        let text = write_tsv(&[source(1, &["a b.jpg", "c\\\t\n.jpg"])], &[Part::Fold(2)]);
        assert_eq!(text, format!("{FORMAT}\n{COLUMNS}\n{LINE}"));
        assert_eq!(read_tsv(&text), Ok((vec![source(1, &["a b.jpg", "c\\\t\n.jpg"])], vec![Part::Fold(2)])));
    }

    #[test]
    fn the_identity_is_pinned_and_knows_no_paths() {
        let (a, b) = (source(1, &["a.jpg"]), source(2, &["b.jpg"]));
        let digest = identity(&[a.clone(), b.clone()], &[Part::Train, Part::Val]);
        assert_eq!(digest.hex(), "7c872ab59d393e456465b64e4c3e8126512b2a74a6ec4722ce29742aa79f6d71");
        assert_eq!(identity(&[b.clone(), source(1, &["z.jpg"])], &[Part::Val, Part::Train]), digest);
        assert_ne!(identity(&[a.clone(), b.clone()], &[Part::Train, Part::Train]), digest);
        assert_ne!(
            identity(&[Source { group: "x".into(), ..a.clone() }, b.clone()], &[Part::Train, Part::Val]),
            digest
        );
        assert_ne!(identity(&[Source { class: 0, ..a }, b], &[Part::Train, Part::Val]), digest);
    }

    #[test]
    fn every_malformed_list_has_its_message() {
        let head = format!("{FORMAT}\n{COLUMNS}\n");
        let second = LINE.replace("a b.jpg", "d.jpg");
        let cases = [
            (String::new(), "line 1: expected '# augmint sources 1', found ''"),
            (FORMAT.to_owned(), "line 1: expected 'digest\tclass\tgroup\tpage\tpart\twidth\theight\tpaths', found ''"),
            (head.trim_end().to_owned(), "line 3: the last line has no end: the file is cut off"),
            (format!("{head}{}", LINE.trim_end()), "line 4: the last line has no end: the file is cut off"),
            (format!("{head}\n{LINE}"), "line 3: 1 fields, expected 8 or more"),
            (format!("{head}{LINE}{LINE}"), "line 4: digests must rise from line to line"),
            (format!("{head}{second}"), "line 3: paths must rise"),
            (head.clone() + &LINE.replace("fold-2", "fold-02"), "line 3: 'fold-02' is not a part"),
            (head.clone() + &LINE.replace("\t3\t", "\t+3\t"), "line 3: '+3' is not a class number"),
            (head.clone() + &LINE.replace("\t30\t", "\t0\t"), "line 3: an image of no pixels"),
            (
                head.clone() + &LINE.replace("\t=", "\tff"),
                "line 3: the page must be '=' or a digest below the source's",
            ),
            (head.clone() + &LINE.replace("문서 1", ""), "line 3: the group is empty"),
            (
                head.clone() + &LINE.replace("\\n", "\\x"),
                "line 3: 'c\\\\\\t\\x.jpg' has a backslash that stands for nothing",
            ),
            (
                head.clone() + &LINE.replace("a b.jpg", "../a.jpg"),
                "line 3: '../a.jpg' is not a plain path below the folder of images",
            ),
            (
                head.clone() + &LINE.replace("4bf5", "4BF5"),
                "line 3: '4BF5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a' is not 64 lower-case hexadecimal digits",
            ),
            (head + &LINE.replace('\n', "\r\n"), "line 3: a carriage return: lines end in a line feed alone"),
        ];
        for (text, message) in cases {
            assert_eq!(read_tsv(&text).map_err(|error| error.to_string()), Err(message.to_owned()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_list_reads_back(
            rows in proptest::collection::btree_map(
                any::<u8>(),
                (any::<u32>(), "[^\0]{1,8}", proptest::collection::btree_set("[^/\0]{3,9}", 1..3), 1u32..9, 0u32..4),
                0..6,
            )
        ) {
            let (mut sources, mut parts) = (Vec::new(), Vec::new());
            for (seed, (class, group, paths, width, part)) in rows {
                let size = Size::new(width, 2);
                let page = if part == 3 { Digest::from_bytes([0; 32]) } else { Digest::of(&[seed]) };
                sources.push(Source { paths: paths.into_iter().collect(), class, group, size, page, ..source(seed, &[]) });
                parts.push([Part::Train, Part::Val, Part::Fold(0), Part::Fold(11)][part as usize]);
            }
            let text = write_tsv(&sources, &parts);
            let (read, read_parts) = read_tsv(&text).unwrap();
            prop_assert_eq!(write_tsv(&read, &read_parts), text);
            prop_assert_eq!(identity(&read, &read_parts), identity(&sources, &parts));
            sources.sort_by_key(|source| source.digest);
            prop_assert_eq!(read, sources);
        }

        #[test]
        fn any_text_reads_or_gives_an_error(text in "[\\x00-\\x7f가\t\n]{0,40}", cut in 0..500usize, byte: char) {
            let _ = read_tsv(&text);
            let _ = read_tsv(&format!("{FORMAT}\n{COLUMNS}\n{text}"));
            let mut damaged: Vec<char> = format!("{FORMAT}\n{COLUMNS}\n{LINE}").chars().collect();
            let place = cut % damaged.len();
            damaged[place] = byte;
            let text: String = damaged.into_iter().collect();
            if let Ok((sources, parts)) = read_tsv(&text) {
                prop_assert_eq!(write_tsv(&sources, &parts), text);
            }
        }
    }
}
