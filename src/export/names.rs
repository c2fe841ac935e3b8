//! Names that any file system takes, and that stay apart: of class folders, and of the files that sources become.

use crate::digest::Digest;
use std::collections::BTreeMap;

/// Most bytes of a name: no file system has less than 255, and endings and numbers have to fit too. A tar's header has
/// room for 100.
const FOLDER_BYTES: usize = 200;
const FILE_BYTES: usize = 80;

/// The name of each class's folder, by class number: its own name where that is one that Linux, macOS and Windows take,
/// else with `_` for what they do not. Classes that would meet, be it only where case is not told apart, are told apart
/// by their numbers.
pub fn folders<'a>(classes: impl IntoIterator<Item = (u32, &'a str)>) -> BTreeMap<u32, String> {
    let mut names: BTreeMap<u32, String> =
        classes.into_iter().map(|(number, name)| (number, safe(name, FOLDER_BYTES, ""))).collect();
    loop {
        let mut same = BTreeMap::<String, Vec<u32>>::new();
        for (number, name) in &names {
            same.entry(name.to_lowercase()).or_default().push(*number);
        }
        let mut meeting = same.into_values().filter(|numbers| numbers.len() > 1).flatten().peekable();
        if meeting.peek().is_none() {
            return names;
        }
        for number in meeting {
            let name = names.get_mut(&number).expect("BUG: a class of no name");
            *name = format!("{name}_{number}");
        }
    }
}

/// The name of a file without its ending, and the ending in lower case, for a path below a folder of images: `a/b.v2.JPG`
/// becomes `a_b_v2` and `jpg`. There is no point in it: `webdataset` takes what follows the first one for the ending.
/// What is too long is cut and ends in 12 digits of the whole path's digest, so that paths that begin alike stay apart.
pub fn file(path: &str) -> (String, String) {
    let (stem, ending) = path.rsplit_once('.').filter(|(stem, end)| is_ending(stem, end)).unwrap_or((path, ""));
    let flat = stem.replace(['/', '.'], "_");
    let mark = format!("_{}", Digest::of(path.as_bytes()).short());
    (safe(&flat, FILE_BYTES, &mark), if ending.is_empty() { "bin".into() } else { ending.to_lowercase() })
}

fn is_ending(stem: &str, ending: &str) -> bool {
    let plain = (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain && !stem.is_empty() && !stem.ends_with('/')
}

/// What Windows takes for a device, whatever the ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A name that any file system takes, of at most `most` bytes; one that is cut for them ends in `mark`.
fn safe(name: &str, most: usize, mark: &str) -> String {
    let mut safe: String =
        name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c }).collect();
    if safe.len() > most {
        let end = (0..=most - mark.len()).rev().find(|at| safe.is_char_boundary(*at)).unwrap_or(0);
        safe.truncate(end);
        safe += mark;
    }
    // Windows drops points and blanks at the end; a point in front hides.
    let kept = safe.trim_end_matches(['.', ' ']).len();
    safe = format!("{}{}", &safe[..kept], "_".repeat(safe[kept..].chars().count()));
    if safe.starts_with(['.', ' ']) {
        safe.replace_range(..1, "_");
    }
    let lower = safe.to_lowercase();
    let stem = lower.split('.').next().unwrap_or("");
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    if DEVICES.contains(&stem) || port.is_some_and(|port| port.len() == 1 && port.as_bytes()[0].is_ascii_digit()) {
        safe.insert(0, '_');
    }
    if safe.is_empty() { "_".into() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_are_fine_stay_and_others_are_mended() {
        for (name, mended) in [
            ("invoice", "invoice"),
            ("여권 사본", "여권 사본"),
            ("a.b", "a.b"),
            ("and/or", "and_or"),
            ("..", "__"),
            (".hidden", "_hidden"),
            ("trailing. ", "trailing__"),
            ("", "_"),
            ("CON", "_CON"),
            ("com1.x", "_com1.x"),
            ("comb", "comb"),
            ("what?\n", "what__"),
        ] {
            assert_eq!(safe(name, FOLDER_BYTES, ""), mended, "{name:?}");
        }
        assert_eq!(safe(&"가".repeat(100), FOLDER_BYTES, "").len(), 198);
    }

    #[test]
    fn classes_that_would_meet_are_told_apart_by_their_numbers() {
        let names = folders([(0, "a/b"), (1, "a:b"), (2, "A_B"), (3, "c"), (4, "a_b_1")]);
        let names: Vec<&str> = names.values().map(String::as_str).collect();
        assert_eq!(names, ["a_b_0", "a_b_1_1", "A_B_2", "c", "a_b_1_4"]);
    }

    #[test]
    fn a_path_becomes_one_name_without_a_point() {
        for (path, name, ending) in [
            ("a/b.v2.JPG", "a_b_v2", "jpg"),
            ("0001.jpeg", "0001", "jpeg"),
            ("문서/1.png", "문서_1", "png"),
            ("no ending", "no ending", "bin"),
            ("a.b/c", "a_b_c", "bin"),
        ] {
            assert_eq!(file(path), (name.to_owned(), ending.to_owned()), "{path}");
        }
    }

    #[test]
    fn paths_that_are_cut_stay_apart_and_others_are_as_they_were() {
        let folder = "가".repeat(27);
        let paths = ["IMG_1.jpg", "IMG_2.jpg", "img_1.jpg", "IMG_1.png"].map(|name| format!("{folder}/{name}"));
        let names: std::collections::BTreeSet<String> = paths.iter().map(|path| file(path).0.to_lowercase()).collect();
        assert_eq!(names.len(), 4);
        for name in &names {
            assert!(name.starts_with(&"가".repeat(22)) && name.len() <= FILE_BYTES, "{name}");
        }
        let digest = Digest::of(paths[0].as_bytes()).short();
        assert_eq!(file(&paths[0]), (format!("{}_{digest}", "가".repeat(22)), "jpg".to_owned()));
        // 80 bytes fit.
        let whole = format!("{}/1", "가".repeat(26));
        assert_eq!(file(&format!("{whole}.jpg")).0, whole.replace('/', "_"));
    }

    proptest! {
        #[test]
        fn any_classes_get_folders_that_stay_apart(names in proptest::collection::vec("[aAbB/:._ 0-3]{0,4}|\\PC{0,5}", 1..12)) {
            let classes = names.iter().enumerate().map(|(number, name)| (number as u32, name.as_str()));
            let folders = folders(classes);
            let lower: std::collections::BTreeSet<_> = folders.values().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(lower.len(), names.len());
            for name in folders.values() {
                prop_assert!(!name.is_empty() && !name.contains(['/', '\\', '\n']) && !name.starts_with('.'), "{:?}", name);
                prop_assert!(name != "." && name != "..");
            }
        }
    }
}
