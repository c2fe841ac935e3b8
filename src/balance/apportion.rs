//! From an amount to whole numbers.

use super::error::{AmountError, TooFew, TooMany};
use super::{Amount, AmountSpec, Balance};
use crate::digest::{Digest, Hasher};
use crate::source::{Classes, Source};
use crate::split::Part;
use std::collections::{BTreeMap, BTreeSet};

/// How many may be asked for: products with it stay far within a u128, sums within a u64.
const MOST_SAMPLES: u64 = 1_000_000_000_000_000_000;

/// The training samples of each source, its original included, in the order of the sources given; 0 for those that are
/// held out.
///
/// # Errors
/// When the amount contradicts itself, the classes or the sources.
///
/// # Panics
/// When there are not as many parts as sources.
pub fn copies(
    sources: &[Source],
    parts: &[Part],
    classes: &Classes,
    spec: &AmountSpec,
) -> Result<Vec<u32>, AmountError> {
    assert_eq!(sources.len(), parts.len(), "BUG: a part for each source");
    let mut training = BTreeMap::<u32, Vec<usize>>::new();
    for (index, (source, part)) in sources.iter().zip(parts).enumerate() {
        if *part != Part::Val {
            training.entry(source.class).or_default().push(index);
        }
    }
    let counts = training.iter().map(|(class, members)| (*class, members.len() as u64)).collect();
    let samples = per_class(&counts, classes, spec)?;
    check(&counts, &samples, classes, spec)?;

    let mut copies = vec![0; sources.len()];
    for (class, mut members) in training {
        let (samples, count) = (samples[&class], members.len() as u64);
        let hash = |index: &usize| Hasher::new("augmint copies 1").digest(&sources[*index].digest).finish();
        members.sort_by_cached_key(|index| -> (Digest, Digest) { (hash(index), sources[*index].digest) });
        for (rank, index) in members.into_iter().enumerate() {
            let samples = samples / count + u64::from((rank as u64) < samples % count);
            copies[index] = u32::try_from(samples).map_err(|_| AmountError::Overflow)?;
        }
    }
    Ok(copies)
}

/// Samples of each class that has training sources.
fn per_class(
    counts: &BTreeMap<u32, u64>,
    classes: &Classes,
    spec: &AmountSpec,
) -> Result<BTreeMap<u32, u64>, AmountError> {
    if counts.is_empty() {
        return Err(AmountError::NoSources);
    }
    let mut samples = BTreeMap::new();
    for (name, copies) in &spec.class_copies {
        let class = classes.number(name).ok_or_else(|| {
            let nearest = classes.nearest(name).map(str::to_owned);
            AmountError::UnknownClass { name: name.clone(), nearest }
        })?;
        let count = counts.get(&class).ok_or_else(|| AmountError::ClassWithoutSources(name.clone()))?;
        samples.insert(class, within(u128::from(*copies) * u128::from(*count))?);
    }
    let taken = within(samples.values().map(|samples| u128::from(*samples)).sum())?;
    let free: BTreeMap<_, _> = counts.iter().filter(|(class, _)| !samples.contains_key(class)).collect();
    let sources: u64 = free.values().copied().sum();
    let rest = match spec.amount {
        Amount::PerClass(each) => {
            match spec.balance {
                Balance::Natural => {}
                Balance::Sqrt => return Err(AmountError::BalanceWithPerClass("sqrt")),
                Balance::Equal => return Err(AmountError::BalanceWithPerClass("equal")),
            }
            let each = within(each.into())?;
            samples.extend(free.keys().map(|class| (**class, each)));
            return Ok(samples);
        }
        Amount::Copies(mean) => {
            within((u128::from(mean.millionths().unsigned_abs()) * u128::from(sources) + 500_000) / 1_000_000)?
        }
        Amount::Total(total) => {
            let total = within(total.into())?;
            if taken > total || (taken < total && free.is_empty()) {
                let named: Vec<_> =
                    spec.class_copies.iter().map(|(name, copies)| format!("{name} = {copies}")).collect();
                return Err(AmountError::Overrides { total, classes: named.join(", "), taken });
            }
            total - taken
        }
    };
    let weight = |count: u64| match spec.balance {
        Balance::Natural => u128::from(count),
        // The square root with six decimals.
        Balance::Sqrt => (u128::from(count) * 1_000_000_000_000).isqrt(),
        Balance::Equal => 1,
    };
    let weights: Vec<_> = free.iter().map(|(class, count)| (**class, weight(**count))).collect();
    samples.extend(apportion(rest, &weights));
    Ok(samples)
}

fn within(samples: u128) -> Result<u64, AmountError> {
    let samples = u64::try_from(samples).ok().filter(|samples| *samples <= MOST_SAMPLES);
    samples.ok_or(AmountError::Overflow)
}

/// Shares a total in proportion to weights (none 0) by largest remainder; the lowest class first among equals.
fn apportion(total: u64, weights: &[(u32, u128)]) -> BTreeMap<u32, u64> {
    let sum: u128 = weights.iter().map(|(_, weight)| weight).sum();
    let exact = |weight: u128| u128::from(total) * weight;
    let mut shares: BTreeMap<_, _> =
        weights.iter().map(|(class, weight)| (*class, (exact(*weight) / sum) as u64)).collect();
    let mut order: Vec<_> =
        weights.iter().map(|(class, weight)| (std::cmp::Reverse(exact(*weight) % sum), *class)).collect();
    order.sort();
    let left = total - shares.values().sum::<u64>();
    for (_, class) in order.into_iter().take(left as usize) {
        shares.entry(class).and_modify(|share| *share += 1);
    }
    shares
}

fn check(
    counts: &BTreeMap<u32, u64>,
    samples: &BTreeMap<u32, u64>,
    classes: &Classes,
    spec: &AmountSpec,
) -> Result<(), AmountError> {
    let name = |class: &u32| classes.name(*class).map_or_else(|| class.to_string(), str::to_owned);
    let short: BTreeSet<_> = counts.keys().filter(|class| samples[class] < counts[class]).collect();
    if spec.originals && !short.is_empty() {
        let few = |class: &&u32| TooFew { class: name(class), sources: counts[class], samples: samples[class] };
        return Err(AmountError::TooFew { classes: short.iter().map(few).collect() });
    }
    let Some(max) = spec.max_copies else { return Ok(()) };
    let many = counts.iter().map(|(class, sources)| TooMany {
        class: name(class),
        copies: samples[class].div_ceil(*sources),
        sources: *sources,
        samples: samples[class],
    });
    let many: Vec<_> = many.filter(|class| class.copies > max.into()).collect();
    if many.is_empty() { Ok(()) } else { Err(AmountError::TooManyCopies { max, classes: many }) }
}
