//! Digests: what everything here is named by.
//!
//! A [`Digest`] is a SHA-256. Two rules keep it stable for ever: only canonical bytes are hashed (never a `Debug`
//! print, a float's text, a path or a time), and every field that goes into a combined hash is preceded by its length
//! ([`Hasher`]), so that `("ab", "c")` and `("a", "bc")` differ. Both are pinned by tests with exact values; if one of
//! them fails, every digest that users hold has changed.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// 32 bytes of SHA-256, ordered as bytes. Prints as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Why a text is not a digest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{text}' is not a digest: expected 64 hexadecimal digits, optionally after 'sha256:'")]
pub struct ParseDigestError {
    /// The text as given.
    pub text: String,
}

impl Digest {
    /// Hashes `bytes` as they are: what `sha256sum` prints for a file of them.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Wraps 32 bytes that are known to be a digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits, without the `sha256:` in front; what files are named by.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first 12 hexadecimal digits: for people, never for look-up by programs.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }

    /// The first eight bytes as a big-endian number: orders as the digest does.
    pub fn prefix64(&self) -> u64 {
        u64::from_be_bytes(self.0[..8].try_into().expect("BUG: 8 of 32 bytes"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text.strip_prefix("sha256:").unwrap_or(text), &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(ParseDigestError { text: text.into() }),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}", self.hex()))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Hashes several fields into one [`Digest`], each preceded by its length, under a domain name, so that hashes made for
/// different purposes never meet.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts a hash for one purpose, e.g. `"augmint draw 1"`.
    pub fn new(domain: &str) -> Self {
        Self(Sha256::new()).bytes(domain.as_bytes())
    }

    /// Adds a field: its length as a little-endian u64, then its bytes.
    #[must_use]
    pub fn bytes(mut self, field: &[u8]) -> Self {
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
        self
    }

    /// Adds a text field.
    #[must_use]
    pub fn text(self, field: &str) -> Self {
        self.bytes(field.as_bytes())
    }

    /// Adds a number as eight little-endian bytes.
    #[must_use]
    pub fn number(self, field: u64) -> Self {
        self.bytes(&field.to_le_bytes())
    }

    /// Adds a digest.
    #[must_use]
    pub fn digest(self, field: &Digest) -> Self {
        self.bytes(field.bytes())
    }

    /// The digest of all fields so far.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// A SHA-256 over bytes that arrive in pieces; equal to [`Digest::of`] of the whole.
#[derive(Clone, Default)]
pub struct StreamHasher(Sha256);

impl StreamHasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything so far.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_bytes_is_what_sha256sum_prints() {
        assert_eq!(
            Digest::of(b"abc").to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn hasher_is_pinned() {
        let digest = Hasher::new("augmint test").text("ab").number(7).digest(&Digest::of(b"abc")).finish();
        assert_eq!(digest.hex(), "3fd449118a09e2fd69812d8b68ec2fc1fb88b6516530165c7a984a113e1462c0");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(Hasher::new("t").text("ab").text("c").finish(), Hasher::new("t").text("a").text("bc").finish());
    }

    #[test]
    fn digests_parse_with_and_without_the_prefix() {
        let digest = Digest::of(b"x");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.hex().parse(), Ok(digest));
        assert!("sha256:12".parse::<Digest>().is_err());
        assert!("".parse::<Digest>().is_err());
    }
}
