//! "Did you mean": the valid names of a place, and the one most like what was written.

use std::fmt;

/// Valid names, and the one that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    nearest: Option<String>,
    all: Vec<String>,
}

impl Names {
    /// The valid names, of which the one most like `written` is suggested.
    pub fn new<T: AsRef<str>>(written: &str, all: impl IntoIterator<Item = T>) -> Self {
        let all: Vec<String> = all.into_iter().map(|name| name.as_ref().to_owned()).collect();
        let score = |name: &String| {
            let alike = strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase());
            // A third of the word may be wrong; a name that the word begins or ends is meant, too.
            let near = alike <= 1 + name.chars().count().max(written.chars().count()) / 3;
            let part = written.len() >= 3 && (name.starts_with(written) || name.ends_with(written));
            (near || part).then_some((alike, name.clone()))
        };
        // A file of half a megabyte of one word shall not be compared letter by letter.
        let nearest = (written.len() <= 100).then(|| all.iter().filter_map(score).min()).flatten();
        Self { nearest: nearest.map(|(_, name)| name), all }
    }

    /// The name that was probably meant.
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }

    /// All of them, as a help text.
    pub fn valid(&self) -> String {
        match self.all.as_slice() {
            [] => "nothing may be written here".into(),
            all => format!("valid: {}", all.join(", ")),
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.nearest {
            write!(f, "did you mean '{name}'? ")?;
        }
        f.write_str(&self.valid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let nearest = |written| Names::new(written, ["degrees", "fill", "canvas", "여권"]).nearest().map(str::to_owned);
        for (written, meant) in
            [("degres", "degrees"), ("Fill", "fill"), ("deg", "degrees"), ("canvsa", "canvas"), ("여건", "여권")]
        {
            assert_eq!(nearest(written).as_deref(), Some(meant), "{written}");
        }
        for far in ["sigma", "x", "", &"degrees".repeat(100)] {
            assert_eq!(nearest(far), None, "{far}");
        }
    }
}
