//! The difference as one page.

use super::{Diff, Pictures};

/// The page.
pub fn page(_diff: &Diff, _pictures: &[Pictures]) -> String {
    String::new()
}
