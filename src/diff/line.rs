//! Scans canonical text without copying it: a manifest line is read once, by eye, field after field.
//!
//! [`LineParser`](crate::manifest::LineParser) checks every rule and makes values; that is what most readers want, and it
//! takes a microsecond and a dozen allocations a line. Here the digest of the whole text is compared in the end, so that
//! only what could be mistaken for something else has to be checked: the names of the fields and where a value ends.

/// A place in a text. Every method is `None` where the text is not as expected.
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at a byte of a text.
    pub fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// Where it is.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The text since an earlier place.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.text[start..self.at]
    }

    /// The next byte.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over exactly this.
    #[inline]
    pub fn token(&mut self, token: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(token).then(|| self.at += token.len())
    }

    /// Passes over this byte, if it is the next one.
    #[inline]
    pub fn has(&mut self, byte: u8) -> bool {
        let has = self.peek() == Some(byte);
        self.at += usize::from(has);
        has
    }

    /// So many bytes.
    #[inline]
    pub fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let taken = self.text.get(self.at..self.at + bytes)?;
        self.at += bytes;
        Some(taken)
    }

    /// A whole number.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        (1..=19).contains(&(self.at - start)).then_some(value)
    }

    /// A whole number of 32 bits.
    #[inline]
    pub fn number32(&mut self) -> Option<u32> {
        self.number().and_then(|number| u32::try_from(number).ok())
    }

    /// A number of up to six decimals, in millionths.
    #[inline]
    pub fn millionths(&mut self) -> Option<i64> {
        let negative = self.has(b'-');
        let mut value = i64::try_from(self.number()?).ok()?.checked_mul(1_000_000)?;
        if self.has(b'.') {
            let mut unit = 1_000_000;
            while let Some(digit @ b'0'..=b'9') = self.peek() {
                unit /= 10;
                value = value.checked_add(unit * i64::from(digit - b'0'))?;
                self.at += 1;
            }
        }
        Some(if negative { -value } else { value })
    }

    /// A string as it stands between its quotes, escapes and all.
    #[inline]
    pub fn string(&mut self) -> Option<&'a [u8]> {
        self.token(b"\"")?;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at - 1]);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// 32 hexadecimal digits, which the text ends after or goes on with.
    #[inline]
    pub fn hex128(&mut self) -> Option<u128> {
        let digits = self.take(32)?;
        Some(digits.chunks_exact(8).fold(0, |value, part| value << 32 | u128::from(hex32(part))))
    }
}

/// Eight hexadecimal digits, all at once.
#[inline]
fn hex32(digits: &[u8]) -> u32 {
    let text = u64::from_be_bytes(digits.try_into().expect("BUG: eight digits"));
    // '0' to '9' end in their value; of 'a' to 'f' bit 6 is set, and they end in their value less 9.
    let nibbles = (text & 0x0f0f_0f0f_0f0f_0f0f) + 9 * (text >> 6 & 0x0101_0101_0101_0101);
    let pairs = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (quads | quads >> 16) as u32
}

/// A number that two texts share when they are equal and, but for one chance in 2⁶⁴, only then. For comparing the text of
/// one sample with that of another in the same run; nothing is stored or named by it.
pub fn fingerprint(text: &[u8]) -> u64 {
    const ODD: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03];
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("BUG: eight bytes"));
    let mut state = fold(text.len() as u64 ^ ODD[0], ODD[1]);
    let chunks = text.chunks_exact(16);
    let mut last = [0; 16];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    for chunk in chunks.chain(std::iter::once(&last[..])) {
        state = fold(word(&chunk[..8]) ^ ODD[0] ^ state, word(&chunk[8..]) ^ ODD[1]);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Micro;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hexadecimal_digits_are_read_at_once(number: u128) {
            let text = format!("{number:032x}");
            prop_assert_eq!(Cursor::new(text.as_bytes(), 0).hex128(), Some(number));
        }

        #[test]
        fn decimals_are_read_exactly(millionths in -1_000_000_000_000_000i64..=1_000_000_000_000_000) {
            let text = Micro::from_millionths(millionths).to_string() + ",";
            let mut cursor = Cursor::new(text.as_bytes(), 0);
            prop_assert_eq!(cursor.millionths(), Some(millionths));
            prop_assert_eq!(cursor.peek(), Some(b','));
        }

        #[test]
        fn strings_end_at_their_own_quote(text in "\\PC*|[\"\\\\a]*") {
            let mut json = String::new();
            crate::canonical::write_text(&mut json, &text).unwrap();
            let all = json.clone() + "\"rest";
            let found = Cursor::new(all.as_bytes(), 0).string().unwrap();
            prop_assert_eq!(found, &json.as_bytes()[1..json.len() - 1]);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = (Cursor::new(&bytes, 0).string(), Cursor::new(&bytes, 0).millionths(), Cursor::new(&bytes, 0).hex128());
        }

        #[test]
        fn other_texts_have_other_fingerprints(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(fingerprint(&a) == fingerprint(&b), a == b);
        }
    }

    #[test]
    fn a_zero_more_is_another_fingerprint() {
        let zeros = [0; 64];
        let mut all: Vec<u64> = (0..64).map(|length| fingerprint(&zeros[..length])).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 64);
    }
}
