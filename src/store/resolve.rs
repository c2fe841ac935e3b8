//! From what people say to the version that they mean.

use super::{Datasets, Name, Record, Reference, Result, Tag, Which};
use crate::digest::Digest;
use crate::fs;
use std::path::PathBuf;

/// A version that exists: it has a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The dataset that holds the record.
    pub name: Name,
    /// The version.
    pub digest: Digest,
    /// The tag that it was named by.
    pub tag: Option<Tag>,
}

impl std::fmt::Display for Resolved {
    /// The shortest sure way to name it again.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{}@{tag}", self.name),
            None => write!(f, "{}@sha256:{}", self.name, self.digest.short()),
        }
    }
}

/// Why a reference names no version.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ResolveError {
    /// No such dataset.
    #[error("there is no dataset '{name}' in {}", root.display())]
    UnknownName {
        /// As given.
        name: Name,
        /// Where it was looked for.
        root: PathBuf,
        /// What to do.
        #[help]
        help: String,
    },
    /// No such tag.
    #[error("{name} has no tag '{tag}'")]
    UnknownTag {
        /// The dataset.
        name: Name,
        /// As given.
        tag: Tag,
        /// What to do.
        #[help]
        help: String,
    },
    /// A dataset alone.
    #[error("'{name}' alone does not say which version")]
    Unsaid {
        /// The dataset.
        name: Name,
        /// What to do.
        #[help]
        help: String,
    },
    /// No digest starts so.
    #[error("no version's digest starts with '{prefix}'")]
    UnknownDigest {
        /// Hexadecimal digits.
        prefix: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// Several digests start so.
    #[error("several versions' digests start with '{prefix}': {}", candidates.join(", "))]
    #[diagnostic(help("give more digits"))]
    Ambiguous {
        /// Hexadecimal digits.
        prefix: String,
        /// `name@sha256:…` of each.
        candidates: Vec<String>,
    },
    /// A tag without its record.
    #[error("{name}@{tag} names {digest}, which has no record")]
    #[diagnostic(help("records and tags belong together in git: pull the missing file, or move the tag with --retag"))]
    Dangling {
        /// The dataset.
        name: Name,
        /// The tag.
        tag: Tag,
        /// What it names.
        digest: Digest,
    },
}

fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|name| (strsim::damerau_levenshtein(wanted, name), name));
    scored.filter(|(distance, _)| *distance <= 1 + wanted.chars().count() / 4).min().map(|(_, name)| name)
}

fn list(items: &[impl ToString]) -> String {
    const SHOWN: usize = 12;
    let mut text = items.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text += &format!(" and {} more", items.len() - SHOWN);
    }
    text
}

impl Datasets {
    /// The version that a reference names.
    ///
    /// # Errors
    /// When there is none or several, with the nearest name, the tags, or the candidates.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved> {
        let names = self.names()?;
        if let Some(name) = reference.name.as_ref().filter(|name| !names.contains(name)) {
            let help = match nearest(name.as_str(), names.iter().map(Name::as_str)) {
                Some(near) => format!("did you mean '{near}'?"),
                None if names.is_empty() => {
                    "nothing was built there yet: `augmint build RECIPE`, or say --datasets DIR".into()
                }
                None => format!("there are: {}", list(&names)),
            };
            return Err(ResolveError::UnknownName { name: name.clone(), root: self.root.clone(), help }.into());
        }
        match (&reference.name, &reference.which) {
            (Some(name), Which::Tag(tag)) => self.resolve_tag(name, tag),
            (Some(name), Which::Unsaid) => {
                let tags = self.tags(name)?;
                let help = match &tags[..] {
                    [] => format!("it has no tags: `augmint log {name}` lists its versions"),
                    tags => {
                        let newest_first = tags.iter().rev().map(|(tag, _)| format!("{name}@{tag}"));
                        format!("say which: {}", list(&newest_first.collect::<Vec<_>>()))
                    }
                };
                Err(ResolveError::Unsaid { name: name.clone(), help }.into())
            }
            (Some(name), Which::Prefix(prefix)) => self.resolve_prefix(std::slice::from_ref(name), prefix),
            (None, Which::Prefix(prefix)) => self.resolve_prefix(&names, prefix),
            (None, _) => unreachable!("BUG: a reference without a name and a digest"),
        }
    }

    fn resolve_tag(&self, name: &Name, tag: &Tag) -> Result<Resolved> {
        let Some(digest) = self.tag(name, tag)? else {
            let tags: Vec<_> = self.tags(name)?.into_iter().map(|(tag, _)| tag).collect();
            let hex = tag.as_str().len() >= 4 && tag.as_str().bytes().all(|digit| digit.is_ascii_hexdigit());
            let help =
                if hex && !self.matches(std::slice::from_ref(name), &tag.as_str().to_ascii_lowercase())?.is_empty() {
                    format!("for a digest say {name}@sha256:{tag}")
                } else if tags.is_empty() {
                    format!("it has no tags: `augmint log {name}` lists its versions")
                } else {
                    let near = nearest(tag.as_str(), tags.iter().map(Tag::as_str));
                    let near = near.map(|near| format!("did you mean {name}@{near}? ")).unwrap_or_default();
                    format!("{near}its tags are: {}", list(&tags))
                };
            return Err(ResolveError::UnknownTag { name: name.clone(), tag: tag.clone(), help }.into());
        };
        if !self.record_path(name, &digest).exists() {
            return Err(ResolveError::Dangling { name: name.clone(), tag: tag.clone(), digest }.into());
        }
        Ok(Resolved { name: name.clone(), digest, tag: Some(tag.clone()) })
    }

    fn resolve_prefix(&self, names: &[Name], prefix: &str) -> Result<Resolved> {
        let mut found = self.matches(names, prefix)?;
        // The same version in two datasets is one version.
        found.dedup_by_key(|(digest, _)| *digest);
        match &found[..] {
            [] => {
                let help = match names {
                    [name] => format!("`augmint log {name}` lists its versions"),
                    _ => "`augmint list` lists all versions".into(),
                };
                Err(ResolveError::UnknownDigest { prefix: prefix.into(), help }.into())
            }
            [(digest, name)] => Ok(Resolved { name: name.clone(), digest: *digest, tag: None }),
            several => {
                let candidates =
                    several.iter().map(|(digest, name)| format!("{name}@sha256:{}", digest.short())).collect();
                Err(ResolveError::Ambiguous { prefix: prefix.into(), candidates }.into())
            }
        }
    }

    /// The versions whose digest starts so, sorted by digest, then name.
    fn matches(&self, names: &[Name], prefix: &str) -> Result<Vec<(Digest, Name)>> {
        let mut found = Vec::new();
        for name in names {
            let digests = self.digests(name)?.into_iter().filter(|digest| digest.hex().starts_with(prefix));
            found.extend(digests.map(|digest| (digest, name.clone())));
        }
        found.sort();
        Ok(found)
    }

    /// Where a version's record is.
    pub fn record_path(&self, name: &Name, digest: &Digest) -> PathBuf {
        self.folder(name).join("records").join(format!("{}.json", digest.hex()))
    }

    /// The record of a version.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn record(&self, version: &Resolved) -> Result<Record> {
        Record::read(&self.record_path(&version.name, &version.digest))
    }

    /// The versions of a dataset, sorted by digest.
    ///
    /// # Errors
    /// When the folder of records cannot be listed.
    pub fn digests(&self, name: &Name) -> Result<Vec<Digest>> {
        let files = fs::names(&self.folder(name).join("records"))?;
        Ok(files.iter().filter_map(|file| file.strip_suffix(".json")?.parse().ok()).collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::Retag;
    use super::super::record::tests::record;
    use super::*;
    use crate::fs::Existing;
    use miette::Diagnostic as _;

    /// Puts a record there, and a tag.
    pub(crate) fn put(datasets: &Datasets, name: &str, digest: Digest, tag: Option<&str>) {
        let name: Name = name.parse().unwrap();
        let text = record(name.as_str(), digest).to_text();
        fs::write(&datasets.record_path(&name, &digest), text.as_bytes(), Existing::Keep).unwrap();
        if let Some(tag) = tag {
            datasets.set_tag(&name, &tag.parse().unwrap(), &digest, Retag::Refused).unwrap();
        }
    }

    /// A digest of equal bytes but for the last.
    pub(crate) fn digest(start: u8, end: u8) -> Digest {
        let mut bytes = [start; 32];
        bytes[31] = end;
        Digest::from_bytes(bytes)
    }

    fn resolve(datasets: &Datasets, text: &str) -> std::result::Result<String, (String, String)> {
        let resolved = datasets.resolve(&text.parse().unwrap());
        resolved
            .map(|version| version.to_string())
            .map_err(|error| (error.to_string(), error.help().map(|help| help.to_string()).unwrap_or_default()))
    }

    #[test]
    fn references_find_their_version_or_help() {
        let folder = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(folder.path(), None);
        let error = resolve(&datasets, "docs17@v1").unwrap_err();
        assert!(error.1.starts_with("nothing was built there yet"), "{error:?}");
        put(&datasets, "docs17", digest(0xab, 1), Some("v1"));
        put(&datasets, "docs17", digest(0xab, 2), Some("v10"));
        put(&datasets, "docs17", digest(0xcd, 3), Some("best"));
        put(&datasets, "docs17/minsu", digest(0xcd, 3), None);

        assert_eq!(resolve(&datasets, "docs17@v10").unwrap(), "docs17@v10");
        assert_eq!(resolve(&datasets, "sha256:cdcd").unwrap(), "docs17@sha256:cdcdcdcdcdcd");
        assert_eq!(resolve(&datasets, "docs17/minsu@sha256:cdcd").unwrap(), "docs17/minsu@sha256:cdcdcdcdcdcd");

        let error = resolve(&datasets, "dosc17@v1").unwrap_err();
        assert!(
            error.0.starts_with("there is no dataset 'dosc17' in ") && error.1 == "did you mean 'docs17'?",
            "{error:?}"
        );
        assert_eq!(resolve(&datasets, "other@v1").unwrap_err().1, "there are: docs17, docs17/minsu");
        assert_eq!(
            resolve(&datasets, "docs17@v2").unwrap_err(),
            ("docs17 has no tag 'v2'".into(), "did you mean docs17@v1? its tags are: best, v1, v10".into())
        );
        assert_eq!(resolve(&datasets, "docs17@abab").unwrap_err().1, "for a digest say docs17@sha256:abab");
        assert_eq!(
            resolve(&datasets, "docs17/minsu@x").unwrap_err().1,
            "it has no tags: `augmint log docs17/minsu` lists its versions"
        );
        assert_eq!(
            resolve(&datasets, "docs17").unwrap_err(),
            (
                "'docs17' alone does not say which version".into(),
                "say which: docs17@v10, docs17@v1, docs17@best".into()
            )
        );
        assert_eq!(
            resolve(&datasets, "sha256:abab").unwrap_err().0,
            "several versions' digests start with 'abab': docs17@sha256:abababababab, docs17@sha256:abababababab"
        );
        assert_eq!(resolve(&datasets, "sha256:0000").unwrap_err().1, "`augmint list` lists all versions");
        std::fs::remove_file(datasets.record_path(&"docs17".parse().unwrap(), &digest(0xab, 1))).unwrap();
        let error = resolve(&datasets, "docs17@v1").unwrap_err().0;
        assert!(error.ends_with("which has no record"), "{error}");
    }
}
