//! Bringing an image to a size: `[output] fit`, the op `resize`, and a mix's partner to the canvas.

use crate::effect::Lowering;
use crate::effect::affine::Affine;
use crate::pixels::{Fill, Size};

/// How an image is brought to the output's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// As it is; the default.
    Keep,
    /// `fit.within`: shrunk until it fits, aspect kept; never enlarged.
    Within(Size),
    /// `fit.pad`: as large as fits, centred, the rest filled with this.
    Pad(Size, Fill),
    /// `fit.stretch`: exactly this size, aspect given up.
    Stretch(Size),
    /// `fit.cover`: as small as covers, centred, the rest cut off.
    Cover(Size),
}

/// How a partner is brought to the canvas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartnerFit {
    /// Width and height each to the canvas'; the default.
    Stretch,
    /// As large as fits, centred on white.
    Within,
    /// As small as covers, centred, the rest cut off.
    Cover,
}

impl PartnerFit {
    /// The word in recipes, part of their meaning.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stretch => "stretch",
            Self::Within => "within",
            Self::Cover => "cover",
        }
    }
}

/// Adds the maps of a fit to the present canvas.
pub fn fit(lowering: &mut Lowering, fit: Fit) {
    match fit {
        Fit::Keep => {}
        Fit::Within(size) => {
            let old = lowering.size();
            if old.width > size.width || old.height > size.height {
                stretch(lowering, inside(old, size));
            }
        }
        Fit::Pad(size, fill) => {
            let old = lowering.size();
            stretch(lowering, inside(old, size));
            place(lowering, size, fill);
        }
        Fit::Stretch(size) => stretch(lowering, size),
        Fit::Cover(size) => {
            let old = lowering.size();
            // As small as covers: the box seen from the other side.
            let scaled = if wider(old, size) {
                Size::new(divide(old.width, size.height, old.height).max(size.width), size.height)
            } else {
                Size::new(size.width, divide(old.height, size.width, old.width).max(size.height))
            };
            stretch(lowering, scaled);
            place(lowering, size, Fill::WHITE);
        }
    }
}

/// Brings a partner to the canvas of a mix.
pub fn fit_partner(lowering: &mut Lowering, how: PartnerFit, canvas: Size) {
    fit(
        lowering,
        match how {
            PartnerFit::Stretch => Fit::Stretch(canvas),
            PartnerFit::Within => Fit::Pad(canvas, Fill::WHITE),
            PartnerFit::Cover => Fit::Cover(canvas),
        },
    );
}

/// Whether `a` is wider than `b` for its height.
fn wider(a: Size, b: Size) -> bool {
    u64::from(a.width) * u64::from(b.height) > u64::from(b.width) * u64::from(a.height)
}

/// `length · by / over`, rounded, at least 1.
fn divide(length: u32, by: u32, over: u32) -> u32 {
    ((u64::from(length) * u64::from(by) + u64::from(over) / 2) / u64::from(over)).max(1) as u32
}

/// The largest size of `old`'s aspect inside `size`.
fn inside(old: Size, size: Size) -> Size {
    if wider(old, size) {
        Size::new(size.width, divide(old.height, size.width, old.width).min(size.height))
    } else {
        Size::new(divide(old.width, size.height, old.height).min(size.width), size.height)
    }
}

fn stretch(lowering: &mut Lowering, size: Size) {
    let old = lowering.size();
    if old != size {
        let inverse =
            Affine::scale(f64::from(old.width) / f64::from(size.width), f64::from(old.height) / f64::from(size.height));
        lowering.map(inverse, size, Fill::WHITE);
    }
}

/// Centres the present canvas on another, by whole pixels; cuts off or fills.
fn place(lowering: &mut Lowering, size: Size, fill: Fill) {
    let old = lowering.size();
    if old != size {
        let offset = |old: u32, new: u32| f64::from(((i64::from(old) - i64::from(new)) / 2) as i32);
        lowering.map(Affine::translation(offset(old.width, size.width), offset(old.height, size.height)), size, fill);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fitted(old: Size, how: Fit) -> Size {
        let mut lowering = Lowering::new(old);
        fit(&mut lowering, how);
        lowering.size()
    }

    #[test]
    fn within_keeps_the_aspect_and_never_enlarges() {
        let size = Size::new(512, 512);
        assert_eq!(fitted(Size::new(1000, 500), Fit::Within(size)), Size::new(512, 256));
        assert_eq!(fitted(Size::new(500, 2000), Fit::Within(size)), Size::new(128, 512));
        assert_eq!(fitted(Size::new(90, 40), Fit::Within(size)), Size::new(90, 40));
        assert_eq!(fitted(Size::new(20_000, 1), Fit::Within(size)), Size::new(512, 1));
    }

    proptest! {
        #[test]
        fn every_fit_ends_at_its_size(w in 1u32..3000, h in 1u32..3000, bw in 1u32..900, bh in 1u32..900) {
            let (old, size) = (Size::new(w, h), Size::new(bw, bh));
            prop_assert_eq!(fitted(old, Fit::Pad(size, Fill::WHITE)), size);
            prop_assert_eq!(fitted(old, Fit::Cover(size)), size);
            prop_assert_eq!(fitted(old, Fit::Stretch(size)), size);
            let within = fitted(old, Fit::Within(size));
            prop_assert!(within.width <= bw.min(w.max(1)) && within.height <= bh.min(h.max(1)));
        }
    }
}
