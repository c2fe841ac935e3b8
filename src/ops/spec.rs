//! What an op is: a name, a revision, parameters with units and ranges, and a lowering to effects.
//!
//! The parser, `augmint ops`, the JSON Schema, the draws in a manifest, `explain` and the tests all read this one
//! description. An op itself is a struct of *settled* parameters (its draw) made by the [`op!`](crate::op) macro; how a
//! parameter is drawn ([`Dist`](super::Dist)) is no concern of it.

use crate::canonical::Json;
pub use crate::effect::taps::Interpolation;
use crate::number::Micro;
pub use crate::pixels::{COLORS, Fill};
use std::fmt;

/// One settled parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Value {
    /// A number, in the parameter's unit.
    Number(Micro),
    /// One of the parameter's words.
    Word(&'static str),
    /// A fill.
    Fill(Fill),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => f.write_str(word),
            Self::Fill(fill) => fill.fmt(f),
        }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Number(number) => number.into(),
            other => other.to_string().into(),
        }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A number between `min` and `max`, both allowed.
    Number {
        /// Smallest allowed.
        min: Micro,
        /// Largest allowed.
        max: Micro,
        /// What it counts: "degrees", "grey levels", "px", "fraction", …
        unit: &'static str,
        /// Whether only whole numbers are allowed.
        integer: bool,
    },
    /// One of a list of words.
    Word(&'static [&'static str]),
    /// A [`Fill`].
    Fill,
}

/// A parameter of an op.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The key in a recipe and in a manifest.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Type, unit and range.
    pub kind: Kind,
    /// `None`: has to be written.
    pub default: Option<Value>,
}

/// Kind and default of a parameter, as the [`op!`](crate::op) macro takes them: `number(-360, 360, "degrees").or(0)`.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Type, unit and range.
    pub kind: Kind,
    /// `None`: has to be written.
    pub default: Option<Value>,
}

/// A number from `min` to `max`, in millionths where [`micro`] is used for the bounds.
pub const fn number(min: i64, max: i64, unit: &'static str) -> Slot {
    Slot {
        kind: Kind::Number { min: Micro::from_int(min), max: Micro::from_int(max), unit, integer: false },
        default: None,
    }
}

/// A whole number from `min` to `max`.
pub const fn integer(min: i64, max: i64, unit: &'static str) -> Slot {
    Slot {
        kind: Kind::Number { min: Micro::from_int(min), max: Micro::from_int(max), unit, integer: true },
        default: None,
    }
}

/// A number whose bounds are given in millionths.
pub const fn micro(min: i64, max: i64, unit: &'static str) -> Slot {
    Slot {
        kind: Kind::Number { min: Micro::from_millionths(min), max: Micro::from_millionths(max), unit, integer: false },
        default: None,
    }
}

/// One of `words`.
pub const fn word(words: &'static [&'static str]) -> Slot {
    Slot { kind: Kind::Word(words), default: None }
}

/// A fill; white unless written.
pub const fn fill() -> Slot {
    Slot { kind: Kind::Fill, default: Some(Value::Fill(Fill::WHITE)) }
}

/// How an image is read between its pixels; bilinear unless written.
pub const fn interpolation() -> Slot {
    word(Interpolation::NAMES).or_word("bilinear")
}

impl Slot {
    /// With a default, in millionths.
    pub const fn or_micro(self, millionths: i64) -> Self {
        Self { default: Some(Value::Number(Micro::from_millionths(millionths))), ..self }
    }

    /// With a whole number as the default.
    pub const fn or(self, value: i64) -> Self {
        self.or_micro(value * 1_000_000)
    }

    /// With a word as the default.
    pub const fn or_word(self, word: &'static str) -> Self {
        Self { default: Some(Value::Word(word)), ..self }
    }
}

/// The heading under which `augmint ops` lists an op.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Family {
    Geometry,
    Noise,
    Blur,
    Colour,
    Degradation,
    Occlusion,
    Document,
    Mixing,
}

/// The description of one op; `'static`, one per op, listed in [`super::ALL`].
#[derive(Debug)]
pub struct OpSpec {
    /// The name in recipes.
    pub name: &'static str,
    /// Its heading.
    pub family: Family,
    /// Raised when a change moves bytes; part of the engine (DESIGN: Identity 5).
    pub revision: u32,
    /// Its doc comment: what it does, units, sources of formulas.
    pub doc: &'static str,
    /// Its parameters in the order of the struct.
    pub params: &'static [Param],
    /// The inside of an inline TOML table that is a sensible use, e.g. `degrees = [-10, 10]`.
    pub example: &'static str,
    /// The kinds of effects it lowers to, by their names in [`crate::effect::REVISIONS`]; a pass of its own has none but
    /// those whose code it calls.
    pub effects: &'static [&'static str],
    /// How settled parameters become effects.
    pub lower: super::Lower,
}

impl OpSpec {
    /// Whether the op blends in another source, so that a step of it may say `partner` and `label`.
    pub fn mixes(&self) -> bool {
        matches!(self.lower, super::Lower::Mix { .. })
    }

    /// What `label` is unless written, for an op that mixes: soft where mixing is the purpose, the dominant class where
    /// another page is but damage.
    pub fn softens(&self) -> bool {
        self.family == Family::Mixing
    }
}

impl PartialEq for OpSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A type that a settled parameter of an op can have.
pub trait Parameter: Sized {
    /// Reads the value.
    ///
    /// # Panics
    /// When the value is of another kind, which the recipe's checks rule out.
    fn take(value: &Value) -> Self;
}

impl Parameter for Micro {
    fn take(value: &Value) -> Self {
        match value {
            Value::Number(number) => *number,
            other => panic!("BUG: {other} where a number was declared"),
        }
    }
}

impl Parameter for &'static str {
    fn take(value: &Value) -> Self {
        match value {
            Value::Word(word) => word,
            other => panic!("BUG: {other} where a word was declared"),
        }
    }
}

impl Parameter for Interpolation {
    fn take(value: &Value) -> Self {
        let name = <&'static str>::take(value);
        Self::parse(name).unwrap_or_else(|| panic!("BUG: {name} where an interpolation was declared"))
    }
}

impl Parameter for Fill {
    fn take(value: &Value) -> Self {
        match value {
            Value::Fill(fill) => *fill,
            other => panic!("BUG: {other} where a fill was declared"),
        }
    }
}

/// Declares an op: the struct of its settled parameters and its [`OpSpec`] (`NAME::SPEC`), from one description.
/// The struct needs an `fn lower(&self, lowering: &mut Lowering)`; a mixing op (`mix` instead of `op`) an
/// `fn mix(&self, rng: &mut Rng, canvas: &dyn Fn() -> Size) -> Mix` and an `fn lay(&self, partner: &mut Lowering)`.
#[macro_export]
macro_rules! op {
    ($(#[doc = $doc:literal])* $kind:ident $name:literal, revision $revision:literal, $family:ident, effects $effects:expr, example $example:literal;
     $type:ident { $($(#[doc = $field_doc:literal])* $field:ident: $field_type:ty = $slot:expr),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $type {
            $($(#[doc = $field_doc])* pub $field: $field_type,)*
        }

        impl $type {
            /// The op's description.
            pub const SPEC: $crate::ops::OpSpec = $crate::ops::OpSpec {
                name: $name,
                family: $crate::ops::Family::$family,
                revision: $revision,
                doc: concat!($($doc, "\n"),*),
                params: &[$({
                    let slot: $crate::ops::spec::Slot = $slot;
                    $crate::ops::Param {
                        name: stringify!($field), doc: concat!($($field_doc, "\n"),*), kind: slot.kind, default: slot.default,
                    }
                }),*],
                example: $example,
                effects: &$effects,
                lower: $crate::op!(@lower $kind $type),
            };

            #[allow(unused_variables, unused_mut, unused_assignments, reason = "an op may have no parameters")]
            fn from_values(values: &[$crate::ops::Value]) -> Self {
                let mut index = 0;
                $(let $field = <$field_type as $crate::ops::spec::Parameter>::take(&values[index]); index += 1;)*
                Self { $($field),* }
            }
        }
    };
    (@lower op $type:ident) => {
        $crate::ops::Lower::Effects(|values, lowering| $type::from_values(values).lower(lowering))
    };
    (@lower mix $type:ident) => {
        $crate::ops::Lower::Mix {
            draw: |values, rng, canvas| $type::from_values(values).mix(rng, canvas),
            lay: |values, partner| $type::from_values(values).lay(partner),
        }
    };
}
