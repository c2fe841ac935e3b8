//! What sample documents are drawn by: one keyed stream for a document's layout, one for each page's content.

use crate::digest::Hasher;
use crate::number::Micro;
use crate::seed::Rng;

/// A stream of choices.
pub(super) struct Dice(Rng);

impl Dice {
    /// What all pages of a document share.
    pub fn of_document(class: &str, document: u32) -> Self {
        Self::of(class, document, "document", 0)
    }

    /// What only one page has.
    pub fn of_page(class: &str, document: u32, page: u32) -> Self {
        Self::of(class, document, "page", page)
    }

    fn of(class: &str, document: u32, part: &str, page: u32) -> Self {
        let key = Hasher::new("augmint sample-data draw 1")
            .text(class)
            .number(document.into())
            .text(part)
            .number(page.into())
            .finish();
        Self(Rng::from_digest(&key))
    }

    /// 64 random bits: the seed of a texture.
    pub fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// Between `low` and `high`; whole millionths, so that it is the same everywhere.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        let share = self.0.uniform(Micro::ZERO, Micro::ONE).to_f64() as f32;
        low + (high - low) * share
    }

    /// From `low` to `high`, both included.
    pub fn int(&mut self, low: i64, high: i64) -> i64 {
        self.0.uniform_int(low, high)
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// One of `list`.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.0.below(list.len() as u64) as usize]
    }

    /// `count` of `list` (at most all), each once, in the list's order.
    pub fn several<T: Copy>(&mut self, list: &[T], count: usize) -> Vec<T> {
        let mut left = count as i64;
        let mut chosen = Vec::new();
        for (index, item) in list.iter().enumerate() {
            if self.int(0, (list.len() - index) as i64 - 1) < left {
                chosen.push(*item);
                left -= 1;
            }
        }
        chosen
    }

    /// A colour whose channels differ from `color`'s by at most `spread`, all alike or each for itself by half of it.
    pub fn near(&mut self, color: [u8; 3], spread: i64) -> [u8; 3] {
        let all = self.int(-spread, spread);
        color.map(|channel| (i64::from(channel) + all + self.int(-spread / 2, spread / 2)).clamp(0, 255) as u8)
    }

    /// `count` digits, the first not 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|index| char::from(b'0' + self.int(i64::from(index == 0), 9) as u8)).collect()
    }

    /// `count` capital letters, none of which goes below the line.
    pub fn capitals(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(self.pick(b"ABCDEFGHKLMNPRSTUVWXYZ"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_are_as_many_as_asked_different_and_in_order() {
        let list: Vec<u32> = (0..18).collect();
        for count in 0..=list.len() {
            let chosen = Dice::of_page("t", 0, 0).several(&list, count);
            assert_eq!(chosen.len(), count);
            assert!(chosen.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn documents_and_pages_have_streams_of_their_own() {
        let mut firsts = vec![
            Dice::of_document("a", 1).bits(),
            Dice::of_document("a", 2).bits(),
            Dice::of_document("b", 1).bits(),
            Dice::of_page("a", 1, 0).bits(),
            Dice::of_page("a", 1, 1).bits(),
        ];
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 5);
    }
}
