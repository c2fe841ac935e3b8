//! Names, tags and references: how people say which version they mean.

use super::RESERVED;
use std::fmt;
use std::str::FromStr;

/// Why a text is not a name, a tag or a reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// Not a dataset's name.
    #[error("'{text}' cannot be a dataset's name: {problem}")]
    Name {
        /// The text.
        text: String,
        /// Why.
        problem: &'static str,
    },
    /// Not a tag.
    #[error("'{text}' cannot be a tag: {problem}")]
    Tag {
        /// The text.
        text: String,
        /// Why.
        problem: &'static str,
    },
    /// Not the start of a digest.
    #[error("'{text}' is not the start of a digest: give 4 to 64 hexadecimal digits after 'sha256:'")]
    Prefix {
        /// The text.
        text: String,
    },
}

fn check_part(part: &str) -> Result<(), &'static str> {
    if part.is_empty() {
        return Err("a part of it is empty");
    }
    if part.starts_with(['.', '-']) {
        return Err("it starts with '.' or '-'");
    }
    if part.len() > 100 {
        return Err("it is longer than 100 bytes");
    }
    if part.chars().any(|c| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))) {
        return Err("only letters, digits, '.', '_' and '-' may be in it");
    }
    Ok(())
}

/// A dataset's name; may hold namespaces: `docs17`, `docs17/minsu`. Safe as a relative path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        for part in text.split('/') {
            let reserved = RESERVED.contains(&part).then_some("records, tags and sources are folders inside a dataset");
            let problem = reserved.or_else(|| check_part(part).err());
            if let Some(problem) = problem {
                return Err(NameError::Name { text: text.into(), problem });
            }
        }
        Ok(Self(text.into()))
    }
}

/// A tag: a name for a version within its dataset, such as `v3`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(String);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag `v<number>`.
    pub fn numbered(number: u64) -> Self {
        Self(format!("v{number}"))
    }

    /// The number of a tag `v<number>`.
    pub fn number(&self) -> Option<u64> {
        self.0.strip_prefix('v')?.parse().ok()
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_part(text).map(|()| Self(text.into())).map_err(|problem| NameError::Tag { text: text.into(), problem })
    }
}

/// Says which version is meant: `name@tag`, `name@sha256:prefix`, `sha256:prefix`, or `name` where one is enough.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The dataset; any, where only a digest was given.
    pub name: Option<Name>,
    /// Which of its versions.
    pub which: Which,
}

/// Which version of a dataset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// None was said.
    Unsaid,
    /// The one with this tag.
    Tag(Tag),
    /// The one whose digest starts with these lower-case hexadecimal digits.
    Prefix(String),
}

impl FromStr for Reference {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let prefix = |digits: &str| {
            let good = (4..=64).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let which = good.then(|| Which::Prefix(digits.to_ascii_lowercase()));
            which.ok_or_else(|| NameError::Prefix { text: text.into() })
        };
        if let Some(digits) = text.strip_prefix("sha256:") {
            return Ok(Self { name: None, which: prefix(digits)? });
        }
        let Some((name, version)) = text.split_once('@') else {
            return Ok(Self { name: Some(text.parse()?), which: Which::Unsaid });
        };
        let which = match version.strip_prefix("sha256:") {
            Some(digits) => prefix(digits)?,
            None => Which::Tag(version.parse()?),
        };
        Ok(Self { name: Some(name.parse()?), which })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if let Some(name) = &self.name {
            f.write_str(&name.0)?;
            "@"
        } else {
            ""
        };
        match &self.which {
            Which::Unsaid => Ok(()),
            Which::Tag(tag) => write!(f, "{at}{tag}"),
            Which::Prefix(digits) => write!(f, "{at}sha256:{digits}"),
        }
    }
}

macro_rules! text {
    ($($type:ident)*) => {
        $(impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        })*
    };
}

text!(Name Tag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_read_back() {
        for text in ["docs17", "docs17@v3", "docs17/minsu@sha256:1f0c", "sha256:1f0cab", "문서@첫-판"] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        assert_eq!("sha256:ABCD".parse::<Reference>().unwrap().to_string(), "sha256:abcd");
    }

    #[test]
    fn names_cannot_leave_their_folder() {
        for (text, message) in [
            ("", "'' cannot be a dataset's name: a part of it is empty"),
            ("../x", "'../x' cannot be a dataset's name: it starts with '.' or '-'"),
            ("/etc", "'/etc' cannot be a dataset's name: a part of it is empty"),
            ("a//b", "'a//b' cannot be a dataset's name: a part of it is empty"),
            (
                "a/records",
                "'a/records' cannot be a dataset's name: records, tags and sources are folders inside a dataset",
            ),
            ("a b", "'a b' cannot be a dataset's name: only letters, digits, '.', '_' and '-' may be in it"),
            ("a@", "'' cannot be a tag: a part of it is empty"),
            ("a@b/c", "'b/c' cannot be a tag: only letters, digits, '.', '_' and '-' may be in it"),
            ("sha256:12", "'sha256:12' is not the start of a digest: give 4 to 64 hexadecimal digits after 'sha256:'"),
            (
                "a@sha256:xyzw",
                "'a@sha256:xyzw' is not the start of a digest: give 4 to 64 hexadecimal digits after 'sha256:'",
            ),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn numbered_tags() {
        assert_eq!(Tag::numbered(3).number(), Some(3));
        assert_eq!("v".parse::<Tag>().unwrap().number(), None);
        assert_eq!("vx".parse::<Tag>().unwrap().number(), None);
    }
}
