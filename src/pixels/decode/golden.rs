//! The decoding table against `tests/decode`: golden inputs with expectations that `make.py` there takes from elsewhere
//! (numpy, Pillow, LittleCMS), and what must hold for any bytes at all.

use super::{DecodeError, Limits, decode, probe_size};
use crate::digest::Digest;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode")
}

/// Golden inputs, by name.
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with(".py") && !name.ends_with(".tsv"))
        .collect();
    inputs.sort();
    inputs
}

/// The row of `expected.tsv` that the file deserves, but for the tolerance.
fn row(bytes: &[u8]) -> (String, String, String) {
    match decode(bytes, &Limits::default()) {
        Ok(image) => {
            let size = image.size();
            (size.width.to_string(), size.height.to_string(), Digest::of(image.data()).hex())
        }
        Err(error) => ("-".into(), "-".into(), error.to_string()),
    }
}

#[test]
fn every_golden_file_decodes_as_the_table_says() {
    let table = std::fs::read_to_string(folder().join("expected.tsv")).unwrap();
    let mut listed = Vec::new();
    let mut wrong = Vec::new();
    for line in table.lines().skip(1) {
        let [name, width, height, tolerance, outcome] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("five columns in {line}");
        };
        let bytes = std::fs::read(folder().join(name)).unwrap();
        listed.push(name.to_owned());
        let actual = row(&bytes);
        if actual != (width.into(), height.into(), outcome.into()) {
            wrong.push(format!(
                "expected {line}\n  actual {name}\t{}\t{}\t{tolerance}\t{}",
                actual.0, actual.1, actual.2
            ));
        }
        let (Ok(tolerance @ 1..), Ok(image)) = (tolerance.parse::<u8>(), decode(&bytes, &Limits::default())) else {
            continue;
        };
        let reference = std::fs::read(folder().join("reference").join(format!("{name}.png"))).unwrap();
        let reference = decode(&reference, &Limits::default()).unwrap();
        assert_eq!(image.size(), reference.size(), "{name}");
        let most = image.data().iter().zip(reference.data()).map(|(a, b)| a.abs_diff(*b)).max();
        if most > Some(tolerance) {
            wrong.push(format!("{name} differs by {most:?} from its reference, more than {tolerance}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let names: Vec<_> = inputs().into_iter().map(|(name, _)| name).collect();
    listed.sort();
    assert_eq!(listed, names, "expected.tsv lists every file");
}

#[test]
fn a_probe_gives_the_size_that_decoding_gives() {
    for (name, bytes) in inputs() {
        if let Ok(image) = decode(&bytes, &Limits::default()) {
            assert_eq!(probe_size(&bytes, &Limits::default()), Ok(image.size()), "{name}");
        }
    }
}

#[test]
fn too_many_pixels_are_refused_whatever_the_format() {
    for (name, bytes) in inputs() {
        let Ok(size) = probe_size(&bytes, &Limits::default()) else { continue };
        let limits = Limits { max_pixels: size.pixels() - 1 };
        for result in [probe_size(&bytes, &limits).err(), decode(&bytes, &limits).err()] {
            // A cut file may be found out first.
            let cut = matches!(result, Some(DecodeError::Truncated(_) | DecodeError::Corrupt { .. }));
            assert!(cut || matches!(result, Some(DecodeError::TooLarge { .. })), "{name}: {result:?}");
        }
        let exact = Limits { max_pixels: size.pixels() };
        assert_eq!(decode(&bytes, &exact).is_ok(), decode(&bytes, &Limits::default()).is_ok(), "{name}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error() {
    for (name, bytes) in inputs() {
        // What follows the end of the image may go.
        let tail = if name == "jpeg-trailing-bytes.jpg" { 300 } else { 0 };
        if decode(&bytes, &Limits::default()).is_ok() {
            for length in 0..bytes.len() - tail {
                assert!(decode(&bytes[..length], &Limits::default()).is_err(), "{name} cut to {length} bytes");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_give_an_image_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, &Limits::default());
    }

    /// Small limits: a damaged size may ask for much memory, which is legal and slow.
    #[test]
    fn damaged_files_give_an_image_or_an_error(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in prop::option::of(any::<prop::sample::Index>()),
    ) {
        thread_local!(static INPUTS: Vec<(String, Vec<u8>)> = inputs());
        let mut bytes = INPUTS.with(|inputs| which.get(inputs).1.clone());
        if bytes.is_empty() {
            return Ok(());
        }
        for (at, value) in damage {
            *at.get_mut(&mut bytes) = value;
        }
        if let Some(keep) = keep {
            bytes.truncate(keep.index(bytes.len()));
        }
        let _ = decode(&bytes, &Limits { max_pixels: 100_000 });
        let _ = probe_size(&bytes, &Limits { max_pixels: 100_000 });
    }
}
