//! Any bytes are a manifest, a source list and a record, or errors; what is accepted is written back as it was.
#![no_main]

use augmint::manifest::{LineParser, Reader};
use augmint::source::{read_tsv, write_tsv};
use augmint::store::Record;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(reader) = Reader::new(bytes, Path::new("m"), None) {
        for entry in reader {
            if let Err(error) = entry {
                drop(error.to_string());
                break;
            }
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parser = LineParser::default();
    for line in text.lines() {
        if let Ok(entry) = parser.parse(line) {
            assert_eq!(entry.line(), line, "an entry has one spelling");
        }
    }
    if let Ok((sources, parts)) = read_tsv(text) {
        assert_eq!(write_tsv(&sources, &parts), text, "a source list has one spelling");
    }
    if let Ok(record) = serde_json::from_str::<Record>(text) {
        drop(record.to_text());
    }
});
