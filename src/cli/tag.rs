//! `augmint tag`: gives a version a name.

use crate::store::{Datasets, LogLine, Reference, Resolved, Retag, Tag as TagName, TagChange};
use std::process::ExitCode;

/// Give a version a tag; moving a tag to another version needs --retag, and loses nothing
#[derive(clap::Args, Debug)]
pub struct Tag {
    /// name@tag, name@sha256:prefix or sha256:prefix
    reference: Reference,
    /// The new tag
    tag: TagName,
    /// Move the tag if it names another version
    #[arg(long)]
    retag: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Tag {
    /// Sets the tag.
    ///
    /// # Errors
    /// When the reference names no version, or the tag is taken.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let Resolved { name, digest, .. } = datasets.resolve(&self.reference)?;
        let retag = if self.retag { Retag::Allowed } else { Retag::Refused };
        let change = datasets.set_tag(&name, &self.tag, &digest, retag)?;
        if change != TagChange::Unchanged {
            datasets.prepare_store()?;
            let (name, tag) = (Some(name.clone()), Some(self.tag.clone()));
            datasets.log(&LogLine { name, tag, digest: Some(digest), ..super::log_line("tag") })?;
        }
        if self.json {
            let before = if let TagChange::Moved(before) = change { Some(before.to_string()) } else { None };
            let digest = digest.to_string();
            super::print_json(
                &serde_json::json!({ "name": name, "tag": self.tag, "digest": digest, "before": before }),
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        let how = match change {
            TagChange::Created => "is now".into(),
            TagChange::Unchanged => "was already".into(),
            TagChange::Moved(before) => format!("was {before}, is now"),
        };
        super::print(&format!("{name}@{} {how} {digest}", self.tag))?;
        super::next(&format!("git add {}", datasets.folder(&name).join("tags").join(self.tag.as_str()).display()));
        Ok(ExitCode::SUCCESS)
    }
}
