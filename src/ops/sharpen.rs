//! Ops that overdo edges: what scanner drivers and phones do to every page.

use super::spec::{micro, number};
use super::window::slide;
use crate::effect::Lowering;
use crate::effect::blur::Kernel;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::pixels::Image;

crate::op! {
    /// Adds the difference of each pixel to the smoothed image, which is the 3×3 mean with a weight of 5 in the middle:
    /// `v + strength · (v - smooth(v))`. With strength = factor - 1 it is Pillow's `ImageEnhance.Sharpness` and
    /// torchvision's `adjust_sharpness`, but for the border, which they leave and we mirror.
    op "sharpen", revision 1, Degradation, effects [], example "strength = [0.5, 3]";
    Sharpen {
        /// 0 changes nothing, -1 is the smoothed image.
        strength: Micro = number(-1, 20, "times"),
    }
}

impl Sharpen {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Sharper { strength: self.strength });
    }
}

#[derive(Debug)]
struct Sharper {
    strength: Micro,
}

impl Custom for Sharper {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let strength = (self.strength.to_f64() / 13.0) as f32;
        slide(
            image,
            buffers,
            (1, 1),
            |_| {},
            |window, sums| {
                for dy in -1..=1 {
                    let row = window.row(dy);
                    let beside = row.iter().zip(&row[3..]).zip(&row[6..]);
                    for (sum, ((left, middle), right)) in sums.iter_mut().zip(beside) {
                        *sum -= strength * (left + middle + right) as f32;
                    }
                }
                for (sum, middle) in sums.iter_mut().zip(&window.row(0)[3..]) {
                    *sum += (1.0 + 9.0 * strength) * *middle as f32;
                }
            },
        );
    }
}

crate::op! {
    /// Unsharp masking: adds the difference of each channel to the Gaussian-blurred image, where it is large enough:
    /// `v + amount · (v - blur(v))` (Pillow's `UnsharpMask`, with a true Gaussian). A large sigma gives halos.
    op "unsharp_mask", revision 1, Degradation, effects ["blur"], example "sigma = [1, 3], amount = [0.5, 2]";
    UnsharpMask {
        /// Standard deviation of the blur; the width of the halos.
        sigma: Micro = number(0, 20, "px"),
        /// 0 changes nothing.
        amount: Micro = number(0, 10, "times"),
        /// Differences up to this are left alone, so that paper is not made grainy.
        threshold: Micro = micro(0, 255_000_000, "grey levels").or(0),
    }
}

impl UnsharpMask {
    fn lower(&self, lowering: &mut Lowering) {
        let Self { sigma, amount, threshold } = *self;
        lowering.custom(Unsharp { sigma, amount, threshold });
    }
}

#[derive(Debug)]
struct Unsharp {
    sigma: Micro,
    amount: Micro,
    threshold: Micro,
}

impl Custom for Unsharp {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let blurred = Kernel::gaussian(self.sigma).apply(image);
        // What is added for each difference of −255 to 255.
        let added: [i16; 511] = std::array::from_fn(|index| {
            let difference = index as i64 - 255;
            if Micro::from_int(difference.abs()) <= self.threshold {
                return 0;
            }
            (self.amount.to_f64() * difference as f64).round_ties_even() as i16
        });
        for (sample, blurred) in image.data_mut().iter_mut().zip(blurred.data()) {
            let difference = 255 + usize::from(*sample) - usize::from(*blurred);
            *sample = (i16::from(*sample) + added[difference]).clamp(0, 255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;

    fn bar() -> Image {
        Image::from_fn(Size::new(30, 20), |x, _| if (10..20).contains(&x) { [90, 100, 60] } else { [200, 110, 60] })
    }

    fn apply(pass: &dyn Custom, image: &Image) -> Image {
        let mut image = image.clone();
        pass.apply(&mut image, &mut Buffers::default());
        image
    }

    fn unsharp(amount: i64, threshold: i64) -> Image {
        let (amount, threshold) = (Micro::from_int(amount), Micro::from_int(threshold));
        apply(&Unsharp { sigma: Micro::from_int(2), amount, threshold }, &bar())
    }

    #[test]
    fn sharpening_oversteps_edges_by_its_strength_and_keeps_what_is_flat() {
        let sharpened = |strength| apply(&Sharper { strength: Micro::from_int(strength) }, &bar());
        // Three neighbours across the edge: 3/13 of the step of 110.
        assert_eq!((sharpened(1).pixel(9, 7), sharpened(2).pixel(10, 0)), ([225, 112, 60], [39, 95, 60]));
        for x in [0, 4, 14, 29] {
            assert_eq!(sharpened(9).pixel(x, 10), bar().pixel(x, 10));
        }
    }

    #[test]
    fn unsharp_masking_leaves_differences_up_to_its_threshold() {
        let (weak, strong) = (unsharp(1, 0), unsharp(3, 0));
        let dip = |image: &Image| 90 - i32::from(image.pixel(10, 5)[0]);
        assert!(dip(&weak) > 20 && dip(&strong) > 2 * dip(&weak));
        assert!(weak.pixel(9, 5)[1] > 110 && weak.pixel(9, 5)[2] == 60);
        let above = unsharp(1, 10);
        assert_eq!((above.pixel(9, 5)[1], above.pixel(10, 5)[0]), (110, weak.pixel(10, 5)[0]));
    }
}
