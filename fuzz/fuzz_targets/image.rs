//! Any bytes are an image of the size that was announced, within the limit, or an error of one line.
#![no_main]

use augmint::pixels::{Limits, decode, probe_size};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_pixels: 1 << 18 };
    let announced = probe_size(bytes, &limits);
    match decode(bytes, &limits) {
        Ok(image) => {
            assert!(image.size().pixels() <= limits.max_pixels);
            assert_eq!(announced.ok(), Some(image.size()), "a size is what the image then has");
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
});
