//! Files that Python wrote (`tests/train/weights.py`), and files that nobody should have written.

use super::*;
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/train/weights")
}

fn read_part(name: &str, part: Part) -> StateDict {
    read(&folder().join(name), part).unwrap_or_else(|error| panic!("{error}"))
}

fn error(name: &str) -> String {
    read(&folder().join(name), Part::Best).unwrap_err().to_string()
}

#[test]
fn every_format_gives_what_python_reads() {
    for (name, twin) in [
        ("kinds-zip.pth", "kinds"),
        ("kinds-legacy.pth", "kinds"),
        ("kinds-protocol-4.pth", "kinds"),
        ("network-zip.pth", "network"),
        ("network-legacy.pth", "network"),
    ] {
        let (dict, expected) = (read_part(name, Part::Best), read_part(&format!("{twin}.safetensors"), Part::Best));
        assert_eq!(dict.arrays, expected.arrays, "{name}");
        assert_eq!((dict.found_under, dict.stripped.as_str(), dict.left_out.len()), (None, "", 0), "{name}");
    }
    let kinds = read_part("kinds-zip.pth", Part::Best);
    let dtypes: std::collections::BTreeSet<_> = kinds.arrays.values().map(Array::dtype).collect();
    assert_eq!(dtypes.len(), 10, "every kind of number is among them");
    assert_eq!(kinds.arrays["transposed"].shape(), [6, 4]);
    assert_eq!(kinds.arrays["여권"].shape(), [0; 0]);
}

#[test]
fn the_prefix_of_wrappers_is_taken_off() {
    let dict = read_part("network-parallel.pth", Part::Best);
    assert_eq!(dict.arrays, read_part("network.safetensors", Part::Best).arrays);
    assert_eq!(dict.stripped, "module.");
}

#[test]
fn a_checkpoint_gives_the_part_that_is_wanted() {
    let averaged = read_part("checkpoint.pth", Part::Best);
    assert_eq!(averaged.arrays, read_part("checkpoint-averaged.safetensors", Part::Best).arrays);
    assert_eq!(averaged.found_under.as_deref(), Some("state_dict_ema"));
    assert_eq!(averaged.left_out, ["module.decay"]);
    let plain = read_part("checkpoint.pth", Part::Under("state_dict"));
    assert_eq!(plain.arrays, read_part("checkpoint-plain.safetensors", Part::Best).arrays);
    assert_eq!(plain.found_under.as_deref(), Some("state_dict"));
    let wrong = read(&folder().join("checkpoint.pth"), Part::Under("optimizer")).unwrap_err().to_string();
    assert!(
        wrong.ends_with(
            "the checkpoint has no dict of tensors under 'optimizer'; it has: epoch, arch, best, state_dict, \
             state_dict_ema, optimizer, history"
        ),
        "{wrong}"
    );
}

#[test]
fn what_is_refused_is_said_with_what_to_do() {
    for (name, expected) in [
        (
            "bad-malicious-zip.pth",
            "it asks Python for posix.system, which no plain state dict does, so it was not read",
        ),
        ("bad-malicious-legacy.pth", "it asks Python for posix.system, which"),
        ("bad-malicious.pkl", "a pickle, but not one that torch.save wrote"),
        ("bad-whole-module.pth", "it asks Python for torch.nn.modules.container.Sequential, which"),
        ("bad-list.pth", "the checkpoint is no dict; save a state dict"),
        (
            "bad-no-tensors.pth",
            "no dict of tensors where one is looked for; say where with the key that holds it, of: epoch",
        ),
        ("bad-complex.pth", "it asks Python for torch.ComplexFloatStorage"),
        ("bad-scripted.pt", "a TorchScript module, not a state dict; train it with --model"),
        ("bad-cut-off-network-zip.pth", "a broken zip file"),
        ("bad-cut-off-network-legacy.pth", "the file is cut off: 12 bytes of storage"),
        ("bad-compressed.pth", "'byteorder' in the zip is compressed or encrypted, which torch never does"),
        ("bad-big-endian.pth", "written on a big-endian machine"),
        ("bad-short-storage.pth", "storage '0': it is shorter than the pickle says"),
        ("bad-flipped.pth", "'archive/data/0' in the zip is damaged: its checksum is"),
    ] {
        let error = error(name);
        assert!(error.contains(expected) && error.contains(name), "{name}: {error}");
    }
    assert!(error("bad-malicious-zip.pth").contains("python3 -c \"import sys, torch, safetensors.torch as s; "));
    assert!(!Path::new("augmint-was-here").exists() && !folder().join("augmint-was-here").exists());
}

#[test]
fn other_files_are_said_to_be_none() {
    let parse = |bytes: &[u8]| parse(bytes, Part::Best).unwrap_err().to_string();
    assert!(parse(b"").contains("it begins with )"));
    assert!(parse(b"version https://git-lfs").contains("it begins with version https://git-lfs)"));
    let mut tar = [0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(parse(&tar).contains("a tar file: if torch.save wrote it, before 2017"));
    let whole = std::fs::read(folder().join("network-legacy.pth")).unwrap();
    let cut_off = parse(&whole[..whole.len() - 3]);
    assert!(cut_off.starts_with("the file is cut off: ") && cut_off.ends_with(" are left"), "{cut_off}");
}

/// A legacy file around an object's pickle, with one storage '0' of bytes.
fn legacy(object: &[u8], storage: &[u8]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend(object);
    file.extend(b"\x80\x02]X\x01\0\0\x000a.");
    file.extend((storage.len() as u64).to_le_bytes());
    file.extend(storage);
    file
}

/// A dict with one tensor 'w' of storage '0', of which the tuples of shape and strides are given as steps.
fn tensor(view: &[u8], offset: u8, shape_and_strides: &[u8]) -> Vec<u8> {
    let mut object = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    object.extend(b"(X\x07\0\0\0storagectorch\nByteStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x06");
    object.extend(view);
    object.extend([b't', b'Q', b'K', offset]);
    object.extend(shape_and_strides);
    object.extend(b"\x89NtRs.");
    object
}

#[test]
fn a_view_of_a_storage_begins_where_it_says() {
    let view = b"(X\x01\0\0\0vK\x02K\x04t";
    let dict = parse(&legacy(&tensor(view, 1, b"K\x03\x85K\x01\x85"), b"\0\x01\x02\x03\x04\x05"), Part::Best).unwrap();
    assert_eq!(dict.arrays["w"].bytes(), [3, 4, 5]);
}

#[test]
fn lengths_are_not_believed() {
    let error = |shape_and_strides: &[u8]| {
        parse(&legacy(&tensor(b"N", 0, shape_and_strides), &[7; 6]), Part::Best).unwrap_err().to_string()
    };
    assert!(error(b"K\x07\x85K\x01\x85").contains("tensor 'w' reaches number 6 of a storage that has 6"));
    assert!(error(b"J\xff\xff\xff\x7f\x85K\0\x85").contains("tensor 'w' would take more memory than"));
    assert!(error(b"J\xff\xff\xff\xff\x85K\x01\x85").contains("arguments that it does not take"), "a negative length");
    assert!(error(b"K\x01\x85K\x01K\x01\x86").contains("arguments that it does not take"), "another count of strides");
    let mut file = legacy(&tensor(b"N", 0, b"K\x06\x85K\x01\x85"), &[7; 6]);
    let count = file.len() - 14;
    file[count..count + 8].fill(0xff);
    assert!(parse(&file, Part::Best).unwrap_err().to_string().starts_with("the file is cut off: "));
}

/// The good files, to be damaged.
fn good() -> Vec<Vec<u8>> {
    let names = ["kinds-zip.pth", "kinds-legacy.pth", "checkpoint.pth", "kinds.safetensors", "kinds-protocol-4.pth"];
    names.map(|name| std::fs::read(folder().join(name)).unwrap()).into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_parse_or_give_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), start in 0..4_usize) {
        let start: &[u8] = [&b""[..], b"PK\x03\x04", b"\x80\x02", b"\x02\0\0\0\0\0\0\0{}"][start];
        let _ = parse(&[start, &bytes].concat(), Part::Best);
        let _ = pickle::run(&bytes);
    }

    /// Steps of the pickle machine in any order, so that it gets further than on noise.
    #[test]
    fn any_steps_parse_or_give_an_error(steps in proptest::collection::vec(0..STEPS.len(), 0..60)) {
        let object: Vec<u8> = steps.into_iter().flat_map(|step| STEPS[step].iter().copied()).chain(*b".").collect();
        let _ = parse(&legacy(&object, &[7; 6]), Part::Best);
    }

    #[test]
    fn damaged_files_parse_or_give_an_error(
        file in 0..5_usize, damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = good().swap_remove(file);
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = parse(&bytes, Part::Best);
    }
}

const STEPS: [&[u8]; 28] = [
    b"(",
    b"t",
    b")",
    b"\x85",
    b"\x86",
    b"\x87",
    b"}",
    b"]",
    b"s",
    b"u",
    b"a",
    b"e",
    b"R",
    b"b",
    b"Q",
    b"N",
    b"\x88",
    b"2",
    b"0",
    b"K\x02",
    b"J\xff\xff\xff\xff",
    b"X\x01\0\0\x000",
    b"ctorch\nByteStorage\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"X\x07\0\0\0storage",
    b"q\0",
    b"h\0",
];
