//! What MLflow takes: names, lengths and batches, as its `utils/validation.py` has them (3.17).

/// Parameters and tags in one request.
pub(super) const MOST_PARAMS: usize = 100;
/// Metrics in one request.
pub(super) const MOST_METRICS: usize = 1000;
/// Characters of a parameter's value. Servers before 2.8 take 500, and cut or refuse the rest.
pub(super) const PARAM: usize = 6000;
/// Characters of a tag's value; since 2.13, 5000 before.
pub(super) const TAG: usize = 5000;
/// Characters of a name.
pub(super) const NAME: usize = 250;
/// Characters of a dataset's digest.
pub(super) const DIGEST: usize = 36;
/// Characters of a dataset's tag.
pub(super) const INPUT_TAG: usize = 500;
/// Bytes of values in one request: the limit is 1 MB for all of it, of which JSON may make the half.
pub(super) const BATCH_BYTES: usize = 400_000;

/// A text cut to so many characters, the last an ellipsis where some are missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// A name of a parameter or metric that MLflow takes: letters, digits, `_`, `-`, `.`, space, `:` and `/`, and it must be
/// its own path. Other characters become `_`.
pub(super) fn name(text: &str) -> String {
    let fine = |letter: char| letter.is_alphanumeric() || "_-. :/".contains(letter);
    let text: String = text.chars().map(|letter| if fine(letter) { letter } else { '_' }).take(NAME).collect();
    let parts = text.split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.map(|part| if matches!(part, "." | "..") { "_" } else { part }).collect();
    if parts.is_empty() { "_".into() } else { parts.join("/") }
}

/// Batches of at most `most` items and [`BATCH_BYTES`] bytes.
pub(super) fn batches<T>(items: Vec<T>, most: usize, bytes: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut filled = 0;
    for item in items {
        let size = bytes(&item);
        match batches.last_mut().filter(|batch| batch.len() < most && filled + size <= BATCH_BYTES) {
            Some(batch) => {
                batch.push(item);
                filled += size;
            }
            None => {
                batches.push(vec![item]);
                filled = size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_own_paths() {
        let cases = [
            ("noisy_f1/3 계약서", "noisy_f1/3 계약서"),
            ("a//b/", "a/b"),
            ("../x", "_/x"),
            ("", "_"),
            ("f1 (macro)%", "f1 _macro__"),
        ];
        for (text, expected) in cases {
            assert_eq!(name(text), expected);
        }
        assert_eq!(name(&"é".repeat(300)).chars().count(), 250);
    }

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(cut("계약서류", 3), "계약…");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn batches_keep_to_both_limits_and_lose_nothing() {
        let sizes: Vec<usize> = batches((0..250).collect(), 100, |_| 1).iter().map(Vec::len).collect();
        assert_eq!(sizes, [100, 100, 50]);
        let sizes: Vec<usize> = batches((0..5).collect(), 100, |_| 150_000).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 2, 1]);
        assert_eq!(batches(vec![0], 100, |_| 9_000_000), [[0]]);
        assert!(batches(Vec::<u8>::new(), 100, |_| 1).is_empty());
    }
}
