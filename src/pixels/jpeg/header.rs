//! What stands before the coefficients of a JPEG, and after them, in libjpeg's order.

use super::super::{Size, Subsampling};
use super::tables::{CHROMA_AC, CHROMA_DC, LUMA_AC, LUMA_DC, Quantiser, ZIGZAG};

/// End of image.
pub const END: [u8; 2] = [0xFF, 0xD9];

/// Starts a segment: marker, length, content.
fn segment(marker: u8, content: &[&[u8]], bytes: &mut Vec<u8>) {
    let length = 2 + content.iter().map(|part| part.len()).sum::<usize>();
    bytes.extend_from_slice(&[0xFF, marker]);
    bytes.extend_from_slice(&(length as u16).to_be_bytes());
    content.iter().for_each(|part| bytes.extend_from_slice(part));
}

/// Writes everything up to the first coded bit.
pub fn write(size: Size, subsampling: Subsampling, quantisers: &[Quantiser; 2], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0xFF, 0xD8]);
    // JFIF 1.01, square pixels, no thumbnail.
    segment(0xE0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"], bytes);
    let mut baseline = true;
    for (index, quantiser) in quantisers.iter().enumerate() {
        let wide = quantiser.steps.iter().any(|step| *step > 255);
        baseline &= !wide;
        let steps = ZIGZAG.map(|natural| quantiser.steps[usize::from(natural)].to_be_bytes());
        let id = index as u8;
        if wide {
            segment(0xDB, &[&[0x10 | id], steps.as_flattened()], bytes);
        } else {
            segment(0xDB, &[&[id], &steps.map(|[_, low]| low)], bytes);
        }
    }
    let (across, down) = subsampling.step();
    let (height, width) = ((size.height as u16).to_be_bytes(), (size.width as u16).to_be_bytes());
    let components = [[1, across << 4 | down, 0], [2, 0x11, 1], [3, 0x11, 1]];
    segment(if baseline { 0xC0 } else { 0xC1 }, &[&[8], &height, &width, &[3], components.as_flattened()], bytes);
    for (id, table) in [(0x00, LUMA_DC), (0x10, LUMA_AC), (0x01, CHROMA_DC), (0x11, CHROMA_AC)] {
        segment(0xC4, &[&[id], &table.counts, table.symbols], bytes);
    }
    segment(0xDA, &[&[3], &[1, 0x00, 2, 0x11, 3, 0x11], &[0, 63, 0]], bytes);
}
