//! What people write with: the colours of pens and markers.

/// Words for a pen's colour; `any` is one of the others.
pub(super) const PENS: &[&str] = &["blue", "black", "red", "green", "pencil", "any"];

/// What white paper becomes under a colour word of any op here.
pub(super) fn pigment(word: &str) -> [u8; 3] {
    match word {
        "blue" => [28, 52, 150],
        "black" => [28, 28, 32],
        "red" => [196, 28, 40],
        "green" => [18, 110, 60],
        "pencil" => [104, 104, 108],
        "yellow" => [255, 242, 60],
        "lime" => [170, 250, 90],
        "pink" => [255, 140, 190],
        "orange" => [255, 180, 70],
        "sky" => [130, 215, 255],
        "coffee" => [132, 80, 30],
        "tea" => [186, 140, 80],
        "wine" => [140, 40, 70],
        "water" => [176, 166, 146],
        "ink" => [40, 56, 110],
        other => unreachable!("BUG: '{other}' is no colour"),
    }
}
