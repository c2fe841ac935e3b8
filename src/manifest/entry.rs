//! One sample as the manifest states it, and its one line of text.

use crate::canonical::write_text;
use crate::digest::Digest;
use crate::number::Micro;
use crate::seed::Role;
use crate::set::Set;
use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

/// The name of a sample: the first 16 bytes of its key's digest, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of a sample, from [`SampleId::key`](crate::seed::SampleId::key).
    pub fn of(digest: &Digest) -> Self {
        Self(digest.bytes()[..16].try_into().expect("BUG: 16 of 32 bytes"))
    }

    /// Wraps 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 32];
        hex::encode_to_slice(self.0, &mut text).expect("BUG: two digits a byte");
        f.write_str(std::str::from_utf8(&text).expect("BUG: hexadecimal digits"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

impl FromStr for Key {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map(|()| Self(bytes))
    }
}

/// What kind of file a sample is stored as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileType {
    Jpg,
    Png,
    Webp,
}

impl FileType {
    /// The file extension, without the point.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The type with this extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        [Self::Jpg, Self::Png, Self::Webp].into_iter().find(|file| file.extension() == extension)
    }
}

/// A settled parameter as stored: a number, or the text of a word, a fill or a partner.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ParamValue {
    /// A number, in the parameter's unit.
    Number(Micro),
    /// Anything else.
    Text(Arc<str>),
}

/// A step that was on, with the values it was settled at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepDraw {
    /// The step's id.
    pub id: Arc<str>,
    /// Parameters, sorted by name, each once.
    pub params: Vec<(Arc<str>, ParamValue)>,
}

/// The sum of the weights of a label: 65536 stands for 1.
pub const WHOLE: u32 = 1 << 16;

/// One sample of a version. Whoever makes one keeps to [`Entry::check`]; the reader refuses what does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Names the sample and orders the manifest.
    pub key: Key,
    /// The set that it belongs to.
    pub set: Set,
    /// The digest of the source's bytes.
    pub source: Digest,
    /// Which of the source's samples of this role, from 0.
    pub copy: u32,
    /// What it was drawn as.
    pub role: Role,
    /// The class number of the source.
    pub class: u32,
    /// Class numbers, ascending, with their weights in 1/65536: positive, summing to [`WHOLE`].
    pub label: Vec<(u32, u32)>,
    /// The steps that were on, in order.
    pub steps: Vec<StepDraw>,
    /// The digest of the stored bytes.
    pub digest: Digest,
    /// How many bytes are stored; at least 1.
    pub bytes: u64,
    /// What they are.
    pub file: FileType,
    /// Pixels from left to right; at least 1.
    pub width: u32,
    /// Pixels from top to bottom; at least 1.
    pub height: u32,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum EntryError {
    /// Weights do not sum to 1.
    #[error("the label's weights sum to {sum}/65536 instead of 65536/65536")]
    LabelSum {
        /// Their sum.
        sum: u64,
    },
    /// A class twice, out of order, or of no weight.
    #[error("the label's classes have to ascend, each with a weight of at least 1")]
    LabelOrder,
    /// A parameter twice or out of order.
    #[error("a step's parameters have to ascend by name, each once")]
    ParamOrder,
    /// No pixel or no byte.
    #[error("an image has at least one byte and one pixel")]
    Empty,
    /// Role and set disagree.
    #[error("role and set do not belong together")]
    Role,
    /// More bytes than any file has.
    #[error("the size is beyond any file")]
    TooLarge,
}

impl Entry {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// The first rule that the entry breaks.
    pub fn check(&self) -> Result<(), EntryError> {
        let sum = self.label.iter().map(|(_, weight)| u64::from(*weight)).sum();
        if sum != u64::from(WHOLE) {
            return Err(EntryError::LabelSum { sum });
        }
        if self.label.iter().any(|(_, weight)| *weight == 0) || !self.label.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(EntryError::LabelOrder);
        }
        if self.steps.iter().any(|step| !step.params.is_sorted_by(|a, b| a.0 < b.0)) {
            return Err(EntryError::ParamOrder);
        }
        let role = match self.role {
            Role::Original | Role::Train => crate::set::SetRole::Train,
            Role::Val => crate::set::SetRole::Val,
            Role::NoisyVal => crate::set::SetRole::NoisyVal,
        };
        if role != self.set.role {
            return Err(EntryError::Role);
        }
        if self.bytes == 0 || self.width == 0 || self.height == 0 {
            return Err(EntryError::Empty);
        }
        // The largest size a tar header of 11 octal digits can state.
        if self.bytes >= 1 << 33 { Err(EntryError::TooLarge) } else { Ok(()) }
    }

    /// Whether its bytes were made: an entry of a plan has a digest of zeros, and says nothing of their number and size.
    pub fn is_rendered(&self) -> bool {
        self.digest != Digest::from_bytes([0; 32])
    }

    /// The class with the most weight, the lowest number where several have it: the integer target of a trainer that
    /// takes no soft labels.
    pub fn target(&self) -> u32 {
        let best = self.label.iter().max_by_key(|(class, weight)| (*weight, std::cmp::Reverse(*class)));
        best.map_or(self.class, |(class, _)| *class)
    }

    /// Appends the canonical line, without its newline: an object sorted by key, with nothing between tokens; the text
    /// that [`canonical::Json`](crate::canonical::Json) would print. This text is what a version's digest is made of.
    pub fn write_line(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = self.write_fields(out);
    }

    /// The canonical line, without its newline.
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(512);
        self.write_line(&mut line);
        line
    }

    fn write_fields(&self, out: &mut String) -> fmt::Result {
        write!(out, "{{\"bytes\":{},\"class\":{},\"copy\":{}", self.bytes, self.class, self.copy)?;
        out.push_str(",\"digest\":\"");
        push_hex(out, self.digest.bytes());
        write!(out, "\",\"file\":\"{}\",\"height\":{},\"key\":\"", self.file.extension(), self.height)?;
        push_hex(out, &self.key.0);
        out.push_str("\",\"label\":[");
        for (index, (class, weight)) in self.label.iter().enumerate() {
            write!(out, "{}[{class},{weight}]", if index > 0 { "," } else { "" })?;
        }
        write!(out, "],\"role\":\"{}\",\"set\":\"{}\",\"source\":\"", self.role.name(), self.set)?;
        push_hex(out, self.source.bytes());
        out.push_str("\",\"steps\":[");
        for (index, step) in self.steps.iter().enumerate() {
            out.push_str(if index > 0 { ",{\"draw\":{" } else { "{\"draw\":{" });
            for (index, (name, value)) in step.params.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(out, name)?;
                out.push(':');
                match value {
                    ParamValue::Number(number) => write!(out, "{number}")?,
                    ParamValue::Text(text) => write_text(out, text)?,
                }
            }
            out.push_str("},\"id\":");
            write_text(out, &step.id)?;
            out.push('}');
        }
        write!(out, "],\"width\":{}}}", self.width)
    }
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)] as char);
        out.push(DIGITS[usize::from(byte & 15)] as char);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::canonical::Json;
    use proptest::prelude::*;

    /// A training sample that keeps all rules; `n` decides everything.
    pub(crate) fn sample(n: u32) -> Entry {
        Entry {
            key: Key::of(&Digest::of(&n.to_le_bytes())),
            set: "train".parse().unwrap(),
            source: Digest::of(format!("source {}", n / 16).as_bytes()),
            copy: n % 16,
            role: Role::Train,
            class: n % 3,
            label: vec![(n % 3, WHOLE)],
            steps: vec![StepDraw {
                id: "noise".into(),
                params: vec![("sigma".into(), ParamValue::Number(Micro::ONE))],
            }],
            digest: Digest::of(format!("pixels {n}").as_bytes()),
            bytes: 100 + u64::from(n),
            file: FileType::Jpg,
            width: 512,
            height: 300 + n,
        }
    }

    /// The same line by way of the general writer.
    fn json(entry: &Entry) -> Json {
        let label = entry.label.iter().map(|(class, weight)| Json::array([*class, *weight]));
        let value = |value: &ParamValue| match value {
            ParamValue::Number(number) => Json::from(*number),
            ParamValue::Text(text) => Json::from(&**text),
        };
        let steps = entry.steps.iter().map(|step| {
            let draw = step.params.iter().map(|(name, param)| (name.to_string(), value(param))).collect();
            Json::object([("id", (&*step.id).into()), ("draw", Json::Object(draw))])
        });
        Json::object([
            ("key", entry.key.to_string().into()),
            ("set", entry.set.to_string().into()),
            ("source", entry.source.into()),
            ("copy", entry.copy.into()),
            ("role", entry.role.name().into()),
            ("class", entry.class.into()),
            ("label", Json::array(label)),
            ("steps", Json::array(steps)),
            ("digest", entry.digest.into()),
            ("bytes", entry.bytes.into()),
            ("file", entry.file.extension().into()),
            ("width", entry.width.into()),
            ("height", entry.height.into()),
        ])
    }

    prop_compose! {
        fn text()(text in "[a-z]{1,8}|\\PC{0,6}|[\\x00-\\x7f]{0,4}") -> Arc<str> { text.into() }
    }

    prop_compose! {
        pub(crate) fn any_entry()(
            n: u32,
            role in 0..4usize,
            fold in proptest::option::of(0..20u32),
            cut in proptest::option::of(1..WHOLE),
            numbers in any::<[u32; 4]>(),
            steps in proptest::collection::vec((text(), proptest::collection::btree_map(text(),
                prop_oneof![(-1_000_000_000_000_000i64..=1_000_000_000_000_000).prop_map(|n| ParamValue::Number(Micro::from_millionths(n))),
                    text().prop_map(ParamValue::Text)], 0..4)), 0..4),
        ) -> Entry {
            use crate::set::SetRole;
            let (role, set) = [(Role::Original, SetRole::Train), (Role::Train, SetRole::Train), (Role::Val, SetRole::Val),
                (Role::NoisyVal, SetRole::NoisyVal)][role];
            Entry {
                role,
                set: Set { fold, role: set },
                label: cut.map_or(vec![(n, WHOLE)], |cut| vec![(n / 2, cut), (n / 2 + 1, WHOLE - cut)]),
                steps: steps.into_iter().map(|(id, params)| StepDraw { id, params: params.into_iter().collect() }).collect(),
                bytes: u64::from(numbers[0]) + 1,
                width: numbers[1].max(1),
                height: numbers[2].max(1),
                copy: numbers[3],
                class: n,
                ..sample(n % 1000)
            }
        }
    }

    proptest! {
        #[test]
        fn the_line_is_what_the_general_writer_prints(entry in any_entry()) {
            prop_assert_eq!(entry.check(), Ok(()));
            prop_assert_eq!(entry.line(), json(&entry).to_string());
        }
    }

    #[test]
    fn the_line_is_pinned() {
        let line = Entry { label: vec![(1, 45_875), (2, 19_661)], ..sample(7) }.line();
        // The digests are what `printf '…' | sha256sum` prints for "pixels 7", four bytes of 7, and "source 0".
        assert_eq!(
            line,
            "{\"bytes\":107,\"class\":1,\"copy\":7,\
             \"digest\":\"970c949c30fef77f74bbe37ef212321367ddc9a6d6551489ba06d9d7ebb68bc6\",\"file\":\"jpg\",\
             \"height\":307,\"key\":\"e8613f5a5bc9f9feeda32a8e7c80b69d\",\"label\":[[1,45875],[2,19661]],\
             \"role\":\"train\",\"set\":\"train\",\
             \"source\":\"b20389ce6e88582c86332b8430c38903bd6fa75fa3fbb7a8d630de1dbd322874\",\
             \"steps\":[{\"draw\":{\"sigma\":1},\"id\":\"noise\"}],\"width\":512}"
        );
    }

    #[test]
    fn rules_are_checked() {
        let broken = |change: fn(&mut Entry)| {
            let mut entry = sample(1);
            change(&mut entry);
            entry.check().unwrap_err()
        };
        assert_eq!(broken(|e| e.label = vec![(0, 1)]), EntryError::LabelSum { sum: 1 });
        assert_eq!(broken(|e| e.label = vec![]), EntryError::LabelSum { sum: 0 });
        assert_eq!(broken(|e| e.label = vec![(0, WHOLE), (1, 0)]), EntryError::LabelOrder);
        assert_eq!(broken(|e| e.label = vec![(1, 1), (0, WHOLE - 1)]), EntryError::LabelOrder);
        assert_eq!(broken(|e| e.label = vec![(1, 1), (1, WHOLE - 1)]), EntryError::LabelOrder);
        assert_eq!(broken(|e| e.width = 0), EntryError::Empty);
        assert_eq!(broken(|e| e.role = Role::Val), EntryError::Role);
        assert_eq!(broken(|e| e.bytes = 1 << 33), EntryError::TooLarge);
        assert_eq!(
            broken(|e| {
                let twice = e.steps[0].params[0].clone();
                e.steps[0].params.push(twice)
            }),
            EntryError::ParamOrder
        );
    }

    #[test]
    fn the_target_is_the_heaviest_class() {
        let of = |label| Entry { label, ..sample(0) }.target();
        assert_eq!(of(vec![(2, 30_000), (5, 35_536)]), 5);
        assert_eq!(of(vec![(2, WHOLE / 2), (5, WHOLE / 2)]), 2);
    }
}
