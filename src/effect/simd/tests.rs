//! Every loop against its plain twin, at every length and at odd ends.

use super::super::color::HsvShift;
use super::super::noise::{Lanes, Scale};
use super::*;
use crate::digest::Digest;
use crate::number::Micro;
use proptest::prelude::*;

#[test]
fn values_of_the_variable_are_obeyed_or_named() {
    assert_eq!(Level::choose(Some("scalar")), Ok(Level::Scalar));
    assert_eq!(Level::choose(None), Level::choose(Some("auto")));
    let error = Level::choose(Some("sse9")).unwrap_err().to_string();
    assert!(error.starts_with("AUGMINT_SIMD=sse9 cannot be obeyed here"), "{error}");
}

fn micro(value: f64) -> Micro {
    Micro::from_f64(value).unwrap()
}

fn noise_matches(row: &[u8], sigma: f64) {
    let scale = Scale::new(micro(sigma));
    let (mut fast, mut plain) = (Lanes::new(&Digest::of(b"row")), Lanes::new(&Digest::of(b"row")));
    let (mut a, mut b) = (row.to_vec(), row.to_vec());
    // Twice, so that the state after a row is compared too.
    for _ in 0..2 {
        noise(&mut fast, scale, &mut a);
        scalar::noise(&mut plain, scale, &mut b);
    }
    assert_eq!(a, b, "sigma {sigma}, {} samples", row.len());
}

#[test]
fn noise_is_the_same_at_every_length() {
    for length in 0..200 {
        let row: Vec<u8> = (0..length).map(|index| (index * 37) as u8).collect();
        noise_matches(&row, 20.0);
    }
}

proptest! {
    #[test]
    fn noise_is_the_same_at_every_strength(row in prop::collection::vec(any::<u8>(), 0..300), sigma in 0.0f64..255.0) {
        noise_matches(&row, (sigma * 1e6).round() / 1e6);
    }

    #[test]
    fn tables_sums_blends_and_colours_are_the_same(
        pixels in prop::collection::vec(any::<[u8; 3]>(), 0..150),
        seed: u64,
        levels in [-255i16..=255, -255i16..=255, -255i16..=255],
        negative: [bool; 3],
        weight in 1u16..=256,
        hue in -180i64..=180,
    ) {
        let data = pixels.concat();
        let table: [u8; 256] = std::array::from_fn(|byte| (seed.wrapping_mul(byte as u64 | 1) >> 40) as u8);
        let same = |fast: &dyn Fn(&mut [u8]), plain: &dyn Fn(&mut [u8])| {
            let (mut a, mut b) = (data.clone(), data.clone());
            fast(&mut a);
            plain(&mut b);
            assert_eq!(a, b);
        };
        let prepared = Table::new(&table);
        same(&|data| look_up(&prepared, data), &|data| data.iter_mut().for_each(|level| *level = table[usize::from(*level)]));
        let shifts = std::array::from_fn(|channel| Shift { negative: negative[channel], by: levels[channel] });
        let prepared = Shifts::new(shifts);
        let plain = |data: &mut [u8]| {
            for (sample, Shift { negative, by }) in data.iter_mut().zip(shifts.iter().cycle()) {
                let level = i16::from(if *negative { 255 - *sample } else { *sample });
                *sample = (level + by).clamp(0, 255) as u8;
            }
        };
        same(&|data| add(&prepared, data), &plain);
        same(&|data| scalar::add(&prepared, data), &plain);
        let other: Vec<u8> = data.iter().rev().copied().collect();
        same(&|data| blend(data, &other, weight), &|data| scalar::blend(data, &other, weight));
        same(&|data| multiply(data, &other, weight), &|data| scalar::multiply(data, &other, weight));
        same(&grey, &scalar::grey);
        let plain = |data: &mut [u8]| {
            for (channel, plane) in data.chunks_mut((other.len() / 3).max(1)).enumerate() {
                plane.iter_mut().zip(other.iter().skip(channel).step_by(3)).for_each(|(to, from)| *to = *from);
            }
        };
        same(&|data| planes(&other, 0, data), &plain);
        let shift = HsvShift { hue: Micro::from_int(hue), saturation: micro(0.3), value: micro(-0.2) };
        same(&|data| hsv(&shift, data), &|data| scalar::hsv(&shift, data));
    }

    #[test]
    fn bilinear_is_the_same_along_every_path(
        from in (0.0f64..38.9, 0.0f64..17.9), to in (0.0f64..38.9, 0.0f64..17.9), pixels in 1usize..70,
    ) {
        // 40 by 20 pixels, of which 39 by 18 can be read.
        let data: Vec<u8> = (0..40u32 * 20 * 3).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let fixed = |value: f64| (value * (1u64 << 32) as f64) as i64;
        let step = |from: f64, to: f64| fixed((to - from) / pixels as f64);
        let path = Path { at: (fixed(from.0), fixed(from.1)), step: (step(from.0, to.0), step(from.1, to.1)) };
        let (mut a, mut b) = (vec![0; pixels * 3], vec![0; pixels * 3]);
        bilinear(&data, 120, path, &mut a);
        scalar::bilinear(&data, 120, path, &mut b);
        prop_assert_eq!(a, b);
    }
}
