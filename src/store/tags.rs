//! Tags: names for versions, one file each. Pointers, not versions: moving one loses nothing.

use super::{Datasets, Name, Result, StoreError, Tag};
use crate::digest::Digest;
use crate::fs::{self, Existing};

/// What setting a tag did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagChange {
    /// It was free.
    Created,
    /// It named this version already.
    Unchanged,
    /// It named this one before.
    Moved(Digest),
}

/// Whether a tag that names another version may be moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Retag {
    Allowed,
    Refused,
}

impl Datasets {
    /// The tags of a dataset and what they name: numbered ones by number, after all others by name.
    ///
    /// # Errors
    /// When a tag cannot be read.
    pub fn tags(&self, name: &Name) -> Result<Vec<(Tag, Digest)>> {
        let mut tags = Vec::new();
        for file in fs::names(&self.folder(name).join("tags"))? {
            if let Ok(tag) = file.parse::<Tag>() {
                tags.extend(self.tag(name, &tag)?.map(|digest| (tag, digest)));
            }
        }
        tags.sort_by_key(|(tag, _)| (tag.number(), tag.clone()));
        Ok(tags)
    }

    /// What a tag names, where it exists.
    ///
    /// # Errors
    /// When it cannot be read or holds no digest.
    pub fn tag(&self, name: &Name, tag: &Tag) -> Result<Option<Digest>> {
        let path = self.folder(name).join("tags").join(tag.as_str());
        let text = match fs::read_text(&path) {
            Err(error) if error.is_missing() => return Ok(None),
            other => other?,
        };
        let digest = text.trim_end().parse();
        digest.map(Some).map_err(|error| StoreError::Text { path, line: 1, problem: format!("{error}") })
    }

    /// The tag `vN` after the highest in use.
    ///
    /// # Errors
    /// When the tags cannot be listed.
    pub fn next_tag(&self, name: &Name) -> Result<Tag> {
        let highest = self.tags(name)?.iter().filter_map(|(tag, _)| tag.number()).max();
        Ok(Tag::numbered(highest.unwrap_or(0) + 1))
    }

    /// Lets a tag name a version, with `retag` even if it names another one. Two processes that set a new tag at once
    /// cannot both succeed.
    ///
    /// # Errors
    /// When it names another version and may not be moved, or cannot be written.
    pub fn set_tag(&self, name: &Name, tag: &Tag, digest: &Digest, retag: Retag) -> Result<TagChange> {
        let path = self.folder(name).join("tags").join(tag.as_str());
        let line = format!("{digest}\n");
        if fs::write(&path, line.as_bytes(), Existing::Keep)? {
            return Ok(TagChange::Created);
        }
        match self.tag(name, tag)? {
            Some(held) if held == *digest => Ok(TagChange::Unchanged),
            Some(held) if retag == Retag::Refused => {
                Err(StoreError::Tagged { name: name.clone(), tag: tag.clone(), held, digest: *digest })
            }
            held => {
                fs::write(&path, line.as_bytes(), Existing::Replace)?;
                Ok(held.map_or(TagChange::Created, TagChange::Moved))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve::tests::{digest, put};
    use super::*;
    use miette::Diagnostic as _;

    #[test]
    fn tags_move_only_when_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(folder.path(), None);
        let (name, tag): (Name, Tag) = ("a".parse().unwrap(), "v1".parse().unwrap());
        let set = |digest, retag| datasets.set_tag(&name, &tag, &digest, retag);
        assert_eq!(datasets.next_tag(&name).unwrap(), tag);
        assert_eq!(set(digest(1, 1), Retag::Refused).unwrap(), TagChange::Created);
        assert_eq!(set(digest(1, 1), Retag::Refused).unwrap(), TagChange::Unchanged);
        let error = set(digest(2, 2), Retag::Refused).unwrap_err();
        assert!(
            error.to_string().starts_with("the tag a@v1 names 0101")
                && error.help().unwrap().to_string().contains("--retag")
        );
        assert_eq!(set(digest(2, 2), Retag::Allowed).unwrap(), TagChange::Moved(digest(1, 1)));
        assert_eq!(datasets.tag(&name, &tag).unwrap(), Some(digest(2, 2)));
        datasets.set_tag(&name, &"v9".parse().unwrap(), &digest(1, 1), Retag::Refused).unwrap();
        assert_eq!(datasets.next_tag(&name).unwrap().as_str(), "v10");
    }

    #[test]
    fn what_a_killed_process_left_is_passed_over_and_a_broken_tag_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(folder.path(), None);
        put(&datasets, "a", digest(1, 1), Some("v1"));
        let name: Name = "a".parse().unwrap();
        for path in ["a/records/.tmp-x.part", "a/tags/.tmp-x.part", "a/records/README"] {
            std::fs::write(folder.path().join(path), "half").unwrap();
        }
        assert_eq!(datasets.digests(&name).unwrap(), [digest(1, 1)]);
        assert_eq!(datasets.tags(&name).unwrap().len(), 1);
        std::fs::write(folder.path().join("a/tags/bad"), "sha256:12\n").unwrap();
        let error = datasets.tags(&name).unwrap_err().to_string();
        assert!(error.contains("a/tags/bad, line 1: 'sha256:12' is not a digest"), "{error}");
    }
}
