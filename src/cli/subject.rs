//! What a command looks at: a version, or a recipe that is not built.

use super::scan::{self, SourcesAt};
use crate::opened::Opened;
use crate::store::{Datasets, NameError, Reference};
use std::path::PathBuf;
use std::str::FromStr;

/// `name@tag`, `name@sha256:prefix`, `sha256:prefix`, or a recipe: a path that ends in `.toml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A published version.
    Version(Reference),
    /// A recipe.
    Recipe(PathBuf),
}

impl FromStr for Subject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.ends_with(".toml") {
            true => Ok(Self::Recipe(text.into())),
            false => text.parse().map(Self::Version),
        }
    }
}

impl Subject {
    /// Opens it.
    ///
    /// # Errors
    /// When there is no such version, or the recipe or its sources are wrong.
    pub fn open(&self, datasets: &Datasets, sources: &SourcesAt) -> miette::Result<Opened> {
        match self {
            Self::Version(reference) => Ok(Opened::of_version(datasets, &datasets.resolve(reference)?, sources.dir())?),
            Self::Recipe(path) => {
                Ok(Opened::of_recipe(datasets, path.display().to_string(), scan::plan(path, datasets)?))
            }
        }
    }
}
