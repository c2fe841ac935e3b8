//! Ops that lay another source over the image. Those of the family "mixing" are meant to change the label; for the others
//! the second page is damage, and the label stays the dominant one's.

use super::geometry::turn;
use super::spec::{Fill, fill, micro, number};
use crate::effect::affine::Affine;
use crate::effect::blur::Kernel;
use crate::effect::{Effect, Lowering, Mode};
use crate::manifest::WHOLE;
use crate::number::Micro;
use crate::pixels::Size;
use crate::seed::Rng;

/// How a partner is laid over the canvas, settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mix {
    /// The partner's share of the label, in 65536ths.
    pub share: u32,
    /// The partner's share of each sample that it lies on, in 256ths, 1 to 256.
    pub weight: u16,
    /// What becomes of two samples.
    pub mode: Mode,
    /// `None`: it lies on the whole canvas.
    pub patch: Option<Patch>,
}

/// A rectangle of the partner on a rectangle of the canvas, within both; the partner has the canvas' size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patch {
    /// Its size in px, neither side 0.
    pub size: Size,
    /// First column on the canvas.
    pub left: u32,
    /// First row on the canvas.
    pub top: u32,
    /// First column of the partner.
    pub from_left: u32,
    /// First row of the partner.
    pub from_top: u32,
}

impl Patch {
    /// Its numbers by name, as manifests have them; all in px.
    pub fn numbers(&self) -> [(&'static str, u32); 6] {
        let Self { size, left, top, from_left, from_top } = *self;
        [
            ("left", left),
            ("top", top),
            ("width", size.width),
            ("height", size.height),
            ("from_left", from_left),
            ("from_top", from_top),
        ]
    }

    /// Leaves of the partner what is seen.
    pub fn cut(&self, partner: &mut Lowering) {
        let inverse = Affine::translation(f64::from(self.from_left), f64::from(self.from_top));
        partner.map(inverse, self.size, Fill::WHITE);
    }

    /// Its share of a canvas in 65536ths, rounded.
    fn share(&self, canvas: Size) -> u32 {
        let (part, all) = (u128::from(self.size.pixels()), u128::from(canvas.pixels()));
        ((part * u128::from(WHOLE) + all / 2) / all) as u32
    }

    /// Mixes nothing but this.
    fn mix(self, canvas: Size) -> Mix {
        Mix { share: self.share(canvas), weight: 256, mode: Mode::Mix, patch: Some(self) }
    }
}

/// The whole partner, of this share; never none or all of it.
fn whole(mode: Mode, share: f64) -> Mix {
    let weight = (share * 256.0).round_ties_even().clamp(1.0, 255.0) as u16;
    Mix { share: u32::from(weight) << 8, weight, mode, patch: None }
}

crate::op! {
    /// Blends with another source: `(1 - w) * image + w * partner`, w drawn from Beta(alpha, alpha) (mixup, Zhang et al.
    /// 2018, arXiv:1710.09412). The label follows with the same w, a whole number of 256ths.
    mix "mixup", revision 1, Mixing, effects ["blend"], example "alpha = 0.4, partner = { classes = \"any\" }, label = \"soft\"";
    Mixup {
        /// Small values leave one image dominant, 1 draws every share alike, large values blend half and half.
        alpha: Micro = micro(10_000, 100_000_000, "shape").or_micro(400_000),
    }
}

impl Mixup {
    fn mix(&self, rng: &mut Rng, _: &dyn Fn() -> Size) -> Mix {
        let alpha = self.alpha.to_f64();
        whole(Mode::Mix, rng.beta(alpha, alpha))
    }

    fn lay(&self, _: &mut Lowering) {}
}

crate::op! {
    /// Replaces a rectangle by the same rectangle of another source (CutMix, Yun et al. 2019, arXiv:1905.04899): of the
    /// canvas' aspect, its centre anywhere, cut off at the border. The label follows with the area that is left of it.
    mix "cutmix", revision 1, Mixing, effects ["blend"], example "alpha = 1, partner = { classes = \"any\" }, label = \"soft\"";
    Cutmix {
        /// The rectangle's area before it is cut off is drawn from Beta(alpha, alpha): 1 draws every area alike, small
        /// values hardly anything or nearly all, large values half of it.
        alpha: Micro = micro(10_000, 100_000_000, "shape").or(1),
    }
}

impl Cutmix {
    fn mix(&self, rng: &mut Rng, canvas: &dyn Fn() -> Size) -> Mix {
        let (alpha, canvas) = (self.alpha.to_f64(), canvas());
        let ratio = rng.beta(alpha, alpha).sqrt();
        let mut side = |length: u32| {
            let half = (0.5 * ratio * f64::from(length)).max(0.5);
            let middle = 0.5 + rng.below(u64::from(length)) as f64;
            let from = (middle - half).round_ties_even().clamp(0.0, f64::from(length - 1));
            let to = (middle + half).round_ties_even().clamp(from + 1.0, f64::from(length));
            (from as u32, (to - from) as u32)
        };
        let ((left, width), (top, height)) = (side(canvas.width), side(canvas.height));
        Patch { size: Size::new(width, height), left, top, from_left: left, from_top: top }.mix(canvas)
    }

    fn lay(&self, _: &mut Lowering) {}
}

crate::op! {
    /// Lays another page over the image, turned and hardly opaque, as two photographs in one: `(1 - w) * image + w *
    /// page`. The label follows with the same w, a whole number of 256ths.
    mix "overlay", revision 1, Mixing, effects ["blend", "resample"], example "opacity = [0.1, 0.4], degrees = { choose = [-90, 0, 90, 180] }";
    Overlay {
        /// w: 0 would be the image alone, 1 the other page; between 1/256 and 255/256 of it is done.
        opacity: Micro = number(0, 1, "fraction"),
        /// The other page's turn about the centre; positive is counter-clockwise.
        degrees: Micro = number(-360, 360, "degrees").or(0),
        /// What is laid over where the turned page does not reach.
        fill: Fill = fill(),
    }
}

impl Overlay {
    fn mix(&self, _: &mut Rng, _: &dyn Fn() -> Size) -> Mix {
        whole(Mode::Mix, self.opacity.to_f64())
    }

    fn lay(&self, partner: &mut Lowering) {
        let (inverse, canvas) = turn(partner.size(), self.degrees.to_f64(), false);
        partner.map(inverse, canvas, self.fill);
    }
}

crate::op! {
    /// Pastes a rectangle of another source, from anywhere of it to anywhere: a note on the page, a corner of the sheet
    /// beneath. The label follows its area where it is soft, and else stays, unless the rectangle is the larger part.
    mix "patch_paste", revision 1, Occlusion, effects ["blend"], example "size = [0.1, 0.35]";
    PatchPaste {
        /// The root of the rectangle's area, as a fraction of the shorter side.
        size: Micro = micro(1_000, 1_000_000, "fraction").or_micro(250_000),
        /// The most that one side is longer than the other.
        aspect: Micro = micro(1_000_000, 10_000_000, "times").or(2),
    }
}

impl PatchPaste {
    fn mix(&self, rng: &mut Rng, canvas: &dyn Fn() -> Size) -> Mix {
        let canvas = canvas();
        let root = self.size.to_f64() * f64::from(canvas.width.min(canvas.height));
        let long = (1.0 + (self.aspect.to_f64() - 1.0) * rng.open01()).sqrt();
        let long = if rng.below(2) == 0 { long } else { 1.0 / long };
        let mut side = |wanted: f64, length: u32| {
            let side = wanted.round_ties_even().clamp(1.0, f64::from(length)) as u32;
            let room = u64::from(length - side) + 1;
            (side, rng.below(room) as u32, rng.below(room) as u32)
        };
        let (width, left, from_left) = side(root * long, canvas.width);
        let (height, top, from_top) = side(root / long, canvas.height);
        Patch { size: Size::new(width, height), left, top, from_left, from_top }.mix(canvas)
    }

    fn lay(&self, _: &mut Lowering) {}
}

crate::op! {
    /// Lets another page show through from the back of the sheet (Augraphy's `BleedThrough`): mirrored, blurred and
    /// faint, its ink multiplied into the image, so that its paper leaves no trace. Stands before geometry, since both
    /// sides of a sheet are turned together. The label's share, where it is soft, is the strength.
    mix "bleed_through", revision 1, Document, effects ["blur", "multiply", "resample"], example "strength = [0.1, 0.35], partner = { steps = \"none\" }";
    BleedThrough {
        /// How much of the other side's ink is seen: 1 is as dark as there.
        strength: Micro = number(0, 1, "fraction"),
        /// Standard deviation of its blur.
        sigma: Micro = number(0, 20, "px").or(1),
    }
}

impl BleedThrough {
    fn mix(&self, _: &mut Rng, _: &dyn Fn() -> Size) -> Mix {
        whole(Mode::Multiply, self.strength.to_f64())
    }

    fn lay(&self, partner: &mut Lowering) {
        let canvas = partner.size();
        let mirror = Affine { a: -1.0, c: f64::from(canvas.width), ..Affine::IDENTITY };
        partner.map(mirror, canvas, Fill::WHITE);
        if self.sigma > Micro::ZERO {
            partner.push(Effect::Blur(Kernel::gaussian(self.sigma)));
        }
    }
}
