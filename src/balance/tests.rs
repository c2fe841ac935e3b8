use super::*;
use crate::digest::Digest;
use crate::pixels::Size;
use crate::source::{Classes, Source};
use crate::split::Part;
use proptest::prelude::*;

/// This many sources of each class, all training.
fn sources(counts: &[u32]) -> (Vec<Source>, Vec<Part>) {
    let mut sources = Vec::new();
    for (class, count) in counts.iter().enumerate() {
        for id in 0..*count {
            let digest = Digest::of(format!("{class} {id}").as_bytes());
            let (paths, group, size) = (vec![format!("{class}/{id}")], digest.hex(), Size::new(1, 1));
            sources.push(Source { digest, paths, class: class as u32, group, page: digest, size });
        }
    }
    let parts = vec![Part::Train; sources.len()];
    (sources, parts)
}

fn classes() -> Classes {
    Classes(
        (0..20)
            .map(|n| {
                (n, ["invoice", "receipt", "plate"].get(n as usize).map_or_else(|| format!("c{n}"), |s| (*s).into()))
            })
            .collect(),
    )
}

fn spec(amount: Amount, balance: Balance) -> AmountSpec {
    AmountSpec { amount, balance, originals: true, class_copies: BTreeMap::new(), max_copies: None }
}

/// Samples per class.
fn shared(counts: &[u32], spec: &AmountSpec) -> Result<Vec<u64>, String> {
    let (sources, parts) = sources(counts);
    let copies = copies(&sources, &parts, &classes(), spec).map_err(|error| error.to_string())?;
    let mut shared = vec![0; counts.len()];
    for (source, copies) in sources.iter().zip(copies) {
        shared[source.class as usize] += u64::from(copies);
    }
    Ok(shared)
}

fn with(spec: AmountSpec, overrides: &[(&str, u32)]) -> AmountSpec {
    AmountSpec { class_copies: overrides.iter().map(|(name, copies)| ((*name).into(), *copies)).collect(), ..spec }
}

#[test]
fn totals_are_shared_by_each_balance() {
    let total = Amount::Total(1000);
    assert_eq!(shared(&[100, 25, 4], &spec(total, Balance::Natural)), Ok(vec![775, 194, 31]));
    assert_eq!(shared(&[100, 25, 4], &spec(total, Balance::Sqrt)), Ok(vec![588, 294, 118]));
    assert_eq!(shared(&[100, 25, 4], &spec(total, Balance::Equal)), Ok(vec![334, 333, 333]));
}

#[test]
fn copies_are_a_mean_and_per_class_is_exact() {
    let two_and_a_half = Amount::Copies(Micro::from_millionths(2_500_000));
    assert_eq!(shared(&[4, 2], &spec(two_and_a_half, Balance::Natural)), Ok(vec![10, 5]));
    assert_eq!(shared(&[4, 2], &spec(two_and_a_half, Balance::Equal)), Ok(vec![8, 7]));
    assert_eq!(shared(&[4, 2], &spec(Amount::PerClass(9), Balance::Natural)), Ok(vec![9, 9]));
}

#[test]
fn a_class_of_its_own_amount_leaves_the_rest_to_the_others() {
    let spec = with(spec(Amount::Total(100), Balance::Equal), &[("receipt", 20)]);
    assert_eq!(shared(&[10, 2, 10], &spec), Ok(vec![30, 40, 30]));
    let spec = AmountSpec { amount: Amount::PerClass(50), balance: Balance::Natural, ..spec };
    assert_eq!(shared(&[10, 2, 10], &spec), Ok(vec![50, 40, 50]));
    let spec = AmountSpec { amount: Amount::Copies(Micro::from_int(3)), ..spec };
    assert_eq!(shared(&[10, 2, 10], &spec), Ok(vec![30, 40, 30]));
}

#[test]
fn uneven_copies_go_to_the_lowest_hash() {
    let (sources, parts) = sources(&[5]);
    let copies = copies(&sources, &parts, &classes(), &spec(Amount::Total(12), Balance::Natural)).unwrap();
    assert_eq!(copies, [2, 3, 2, 3, 2]);
}

#[test]
fn held_out_sources_get_none_and_folds_all_count() {
    let (sources, mut parts) = sources(&[3]);
    parts[1] = Part::Val;
    let spec = spec(Amount::Total(8), Balance::Natural);
    assert_eq!(copies(&sources, &parts, &classes(), &spec), Ok(vec![4, 0, 4]));
    let folds = [Part::Fold(0), Part::Fold(1), Part::Train];
    assert_eq!(copies(&sources, &folds, &classes(), &AmountSpec { amount: Amount::Total(9), ..spec }), Ok(vec![3; 3]));
}

#[test]
fn without_originals_a_source_may_get_none() {
    let spec = AmountSpec { originals: false, ..spec(Amount::Total(3), Balance::Natural) };
    assert_eq!(shared(&[10], &spec), Ok(vec![3]));
}

#[test]
fn every_impossible_amount_has_its_message() {
    let total = |n| spec(Amount::Total(n), Balance::Natural);
    let cases = [
        (shared(&[], &total(10)), "[amount]: there is no training source"),
        (
            shared(&[2, 2], &spec(Amount::PerClass(10), Balance::Equal)),
            "[amount]: per_class makes all classes equal already; remove balance = \"equal\", or use total",
        ),
        (
            shared(&[2, 2], &spec(Amount::PerClass(10), Balance::Sqrt)),
            "[amount]: per_class makes all classes equal already; remove balance = \"sqrt\", or use total",
        ),
        (
            shared(&[2, 2], &with(total(10), &[("reciept", 2)])),
            "[amount] class.reciept: no class 'reciept'; did you mean 'receipt'?",
        ),
        (shared(&[2, 2], &with(total(10), &[("zebra", 2)])), "[amount] class.zebra: no class 'zebra'"),
        (
            shared(&[2, 2], &with(total(10), &[("plate", 2)])),
            "[amount] class.plate: the class has no training source; remove the line",
        ),
        (
            shared(&[2, 2], &with(total(10), &[("receipt", 6)])),
            "[amount] total = 10, but the classes with copies of their own (receipt = 6) take 12; raise total, or lower \
             their copies",
        ),
        (
            shared(&[2, 2], &with(total(10), &[("receipt", 2), ("invoice", 2)])),
            "[amount] total = 10, but the classes with copies of their own (invoice = 2, receipt = 2) take 8; no class \
             is left for the rest: set total to that, or remove one of them",
        ),
        (
            shared(&[100, 3], &AmountSpec { max_copies: Some(40), ..spec(Amount::Total(400), Balance::Equal) }),
            "[amount] max_copies = 40: class 'receipt' needs 67 of each of its 3 training sources to have 200 samples; \
             raise max_copies to 67, lower the amount, balance less (\"sqrt\", \"natural\"), or add sources",
        ),
        (
            shared(&[100, 3], &spec(Amount::Total(120), Balance::Equal)),
            "[amount] originals = true keeps every training source, but class 'invoice' has 100 of them for 60 samples; \
             raise the amount, balance less, or set originals = false",
        ),
        (
            shared(&[1], &total(5_000_000_000)),
            "[amount]: more than 4,294,967,295 samples of one source, or 10^18 in all",
        ),
        (shared(&[1], &total(u64::MAX)), "[amount]: more than 4,294,967,295 samples of one source, or 10^18 in all"),
    ];
    for (found, message) in cases {
        assert_eq!(found, Err(message.to_owned()));
    }
}

proptest! {
    #[test]
    fn the_total_is_met_exactly_and_evenly(
        counts in proptest::collection::vec(1..40u32, 1..12), total in 0..100_000u64, balance in 0..3usize, reverse: bool,
    ) {
        let (mut sources, parts) = sources(&counts);
        let balance = [Balance::Natural, Balance::Sqrt, Balance::Equal][balance];
        let spec = AmountSpec { originals: false, ..spec(Amount::Total(total), balance) };
        let forward = copies(&sources, &parts, &classes(), &spec).unwrap();
        prop_assert_eq!(forward.iter().map(|copies| u64::from(*copies)).sum::<u64>(), total);
        for class in 0..counts.len() as u32 {
            let of: Vec<_> = sources.iter().zip(&forward).filter(|(s, _)| s.class == class).map(|(_, c)| *c).collect();
            prop_assert!(of.iter().max().unwrap() - of.iter().min().unwrap() <= 1);
        }
        if reverse {
            sources.reverse();
            let mut backward = copies(&sources, &parts, &classes(), &spec).unwrap();
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }
    }

    #[test]
    fn a_removed_source_of_fixed_copies_changes_no_other(counts in proptest::collection::vec(2..20u32, 1..5), gone: prop::sample::Index) {
        let (mut sources, mut parts) = sources(&counts);
        let spec = spec(Amount::Copies(Micro::from_int(7)), Balance::Natural);
        let mut before = copies(&sources, &parts, &classes(), &spec).unwrap();
        let gone = gone.index(sources.len());
        sources.remove(gone);
        parts.remove(gone);
        before.remove(gone);
        prop_assert_eq!(copies(&sources, &parts, &classes(), &spec).unwrap(), before);
    }
}
