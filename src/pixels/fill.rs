//! What is seen where an image ends.

use std::fmt;

/// A colour or rule for the pixels that a geometric op uncovers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Fill {
    /// One colour, sRGB.
    Color([u8; 3]),
    /// The nearest pixel of the image.
    Edge,
    /// The median colour, per channel, of the border of the image that enters the resampling.
    Median,
    /// The image mirrored at its border, without repeating the border pixel.
    Reflect,
}

/// Colour names that recipes may use instead of `"#rrggbb"` or `[r, g, b]`.
pub const COLORS: &[(&str, [u8; 3])] = &[("white", [255; 3]), ("black", [0; 3]), ("grey", [128; 3])];

impl Fill {
    /// White paper: the default everywhere.
    pub const WHITE: Self = Self::Color([255; 3]);
    /// Every name that [`Fill::parse`] knows, colours first.
    pub const NAMES: &'static [&'static str] = &["white", "black", "grey", "edge", "median", "reflect"];

    /// Reads a name or `#rrggbb`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "edge" => return Some(Self::Edge),
            "median" => return Some(Self::Median),
            "reflect" => return Some(Self::Reflect),
            _ => {}
        }
        if let Some((_, color)) = COLORS.iter().find(|(name, _)| *name == text) {
            return Some(Self::Color(*color));
        }
        let mut color = [0; 3];
        hex::decode_to_slice(text.strip_prefix('#')?, &mut color).ok()?;
        Some(Self::Color(color))
    }
}

impl fmt::Display for Fill {
    /// The canonical name: a colour's name where it has one, else `#rrggbb`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edge => f.write_str("edge"),
            Self::Median => f.write_str("median"),
            Self::Reflect => f.write_str("reflect"),
            Self::Color(color) => match COLORS.iter().find(|(_, known)| known == color) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "#{}", hex::encode(color)),
            },
        }
    }
}
