//! Something in a recipe that is allowed and probably not meant, shown as an error would be.

use super::error::{Span, position};
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use std::fmt;

/// Something in a recipe that is allowed and probably not meant.
#[derive(Debug)]
pub struct Warning {
    pub(super) text: String,
    pub(super) advice: String,
    pub(super) at: Option<Span>,
    pub(super) source: NamedSource<String>,
}

impl Warning {
    /// The file that it is about.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// Line and column, from 1, where it is about a place; the column counts characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.at.as_ref().map(|at| position(self.source.inner(), at.start))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Warning {}

impl Diagnostic for Warning {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Warning)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.advice))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let at = self.at.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, at))))
    }
}
