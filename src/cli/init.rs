//! `augmint init`: a first recipe.

use super::{next, print};
use crate::fs::{self, Existing};
use crate::recipe::Draft;
use miette::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Look at a folder and write a first recipe for it
///
/// Knows two layouts: one folder of images for each class, and a contest's tables (ID,target; optionally
/// target,class_name and ID,group) beside a folder of images. The recipe is short, commented and passes `check`.
#[derive(clap::Args, Debug)]
pub struct Init {
    /// Folder of class folders, folder of tables, or a table of labels
    #[arg(value_name = "DIR|CSV")]
    pub path: PathBuf,
    /// Where to write the recipe; a file that is there stays
    #[arg(long, default_value = "recipe.toml")]
    pub out: PathBuf,
}

/// The recipe is there already.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{} exists and stays as it is", path.display())]
#[diagnostic(help("write elsewhere with --out, or move it away"))]
struct Exists {
    path: PathBuf,
}

impl Init {
    /// Writes.
    ///
    /// # Errors
    /// When nothing is found to write a recipe for, or the file is there.
    pub fn run(&self) -> Result<ExitCode, Report> {
        let sentence = init(&self.path, &self.out)?;
        print(&sentence)?;
        next(&format!("augmint check {}", self.out.display()));
        Ok(ExitCode::SUCCESS)
    }
}

fn init(path: &Path, out: &Path) -> Result<String, Report> {
    let draft = Draft::of(path)?;
    let text = draft.text(out)?;
    if !fs::write(out, text.as_bytes(), Existing::Keep)? {
        return Err(Exists { path: out.to_owned() }.into());
    }
    Ok(format!("wrote {}: {} images of {} classes", out.display(), draft.images, draft.classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::source::Layout;
    use tempfile::{TempDir, tempdir};

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// The recipe, checked.
    fn drafted(root: &TempDir, path: &str, out: &str) -> Recipe {
        let out = root.path().join(out);
        init(&root.path().join(path), &out).unwrap_or_else(|error| panic!("{error:?}"));
        let recipe = Recipe::load(&out).unwrap_or_else(|error| panic!("{:?}", Report::new(error)));
        assert!(recipe.text.lines().count() <= 50, "{} lines", recipe.text.lines().count());
        assert!(recipe.warnings().is_empty(), "{:?}", recipe.warnings());
        recipe
    }

    const CONTEST: [(&str, &str); 9] = [
        ("문서 17/train/a.jpg", ""),
        ("문서 17/train/b.jpg", ""),
        ("문서 17/test/c.jpg", ""),
        ("문서 17/train.csv", "\u{feff}ID,target\r\na.jpg,0\r\nb.jpg,1\r\n"),
        ("문서 17/sample_submission.csv", "ID,target\nc.jpg,0\n"),
        ("문서 17/meta.csv", "target,class_name\n0,여권\n1,계약서\n"),
        ("문서 17/groups.csv", "ID,group\na.jpg,1\n"),
        ("문서 17/a_provenance.csv", "ID,class,group\na.jpg,0,1\n"),
        ("문서 17/notes.txt", "x"),
    ];

    #[test]
    fn a_contest_is_known_by_its_headers() {
        let root = folder(&CONTEST);
        let recipe = drafted(&root, "문서 17", "recipes/r.toml");
        assert_eq!(recipe.name, "문서_17");
        let at = |name: &str| root.path().join("recipes/../문서 17").join(name);
        let expected = Layout::Table {
            images: at("train"),
            labels: at("train.csv"),
            classes: Some(at("meta.csv")),
            groups: Some(at("groups.csv")),
        };
        let source = recipe.source.unwrap();
        assert_eq!(source.layout, expected);
        assert!(recipe.text.contains("# 2 images of 2 classes"), "{}", recipe.text);
        // A table of labels may be named instead of its folder.
        let other = drafted(&root, "문서 17/sample_submission.csv", "other.toml");
        assert!(matches!(other.source.unwrap().layout, Layout::Table { images, .. } if images.ends_with("test")));
    }

    #[test]
    fn class_folders_are_known_by_their_images() {
        let root = folder(&[
            ("data/여권/1.JPG", ""),
            ("data/계약서/x/2.png", ""),
            ("data/계약서/3.png", ""),
            ("data/.git/4.png", ""),
        ]);
        let recipe = drafted(&root, "data", "r.toml");
        assert_eq!(recipe.source.unwrap().layout, Layout::Folders(root.path().join("data")));
        assert!(recipe.text.contains("# 3 images of 2 classes"), "{}", recipe.text);
    }

    #[test]
    fn what_cannot_be_drafted_says_why() {
        let root = folder(&[
            ("one/a/1.jpg", ""),
            ("two/a/1.jpg", ""),
            ("two/b/1.jpg", ""),
            ("lost/train.csv", "ID,target\nx.jpg,0\n"),
            ("lost/meta.csv", "target,class_name\n0,a\n"),
        ]);
        let message = |path: &str, out: &str| {
            let error = init(&root.path().join(path), &root.path().join(out)).unwrap_err();
            error.to_string().replace(&root.path().display().to_string(), "ROOT")
        };
        assert_eq!(message("none", "r.toml"), "cannot read ROOT/none: No such file or directory (os error 2)");
        assert_eq!(message("one", "r.toml"), "ROOT/one has neither class folders nor a table of labels");
        assert_eq!(message("lost/meta.csv", "r.toml"), "ROOT/lost/meta.csv is no table of labels");
        assert_eq!(
            message("lost", "r.toml"),
            "the images that ROOT/lost/train.csv names are not in ROOT/lost, nor in a folder of it"
        );
        assert_eq!(
            message("two", "two/r.toml"),
            "ROOT/two/r.toml lies in the source folder, where every file must be an image of a class"
        );
        std::fs::write(root.path().join("r.toml"), "mine").unwrap();
        assert_eq!(message("two", "r.toml"), "ROOT/r.toml exists and stays as it is");
        assert_eq!(std::fs::read_to_string(root.path().join("r.toml")).unwrap(), "mine");
    }
}
