//! Units, their order, and the filling of quotas.

use super::error::{SplitError, Unsplittable};
use super::{Part, SplitKind, SplitSpec};
use crate::digest::{Digest, Hasher};
use crate::source::{Classes, Sets, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A part for each source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// In the order of the sources given.
    pub parts: Vec<Part>,
    /// Shares missed by more than five points, by class number and part.
    pub missed: Vec<Missed>,
    /// Sources that could not keep their earlier part, sorted by digest: from, to.
    pub moved: Vec<(Digest, Part, Part)>,
}

/// A class whose share of a part is off by more than five points, as it has few groups, or large ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// The class.
    pub class: String,
    /// The part.
    pub part: Part,
    /// Its sources there.
    pub have: u64,
    /// Its sources in all.
    pub of: u64,
    /// The share asked for, in millionths.
    pub wanted: u64,
    /// Its groups (pages, where it is split by page).
    pub units: u64,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, part, have, of, wanted, units } = self;
        let percent = |millionths: u64| format!("{}.{} %", millionths / 10_000, millionths / 1000 % 10);
        let (share, wanted) = (percent(have * 1_000_000 / of), percent(*wanted));
        write!(
            f,
            "class '{class}': {share} ({have} of {of} sources) in {part} instead of {wanted}, as it has {units} group{}: \
             take {}group_by = \"page\" for it, or make it training only",
            if *units == 1 { "" } else { "s" },
            if matches!(part, Part::Fold(_)) { "fewer folds, " } else { "" },
        )
    }
}

/// What stays together.
struct Unit {
    hash: Digest,
    key: String,
    /// Indices of sources.
    members: Vec<usize>,
    /// Sources by class.
    counts: BTreeMap<u32, u64>,
    part: Option<Part>,
}

/// Gives each source its part, whatever their order.
///
/// `earlier` holds the parts of an earlier version, where `split.from` names one; sources that it does not know are
/// assigned anew.
///
/// # Errors
/// When a class named in the recipe is not there, a class would be left with nothing to train or validate on, or the
/// earlier version was split in another way.
pub fn assign(
    sources: &[Source],
    classes: &Classes,
    spec: &SplitSpec,
    earlier: Option<&BTreeMap<Digest, Part>>,
) -> Result<Assignment, SplitError> {
    let by_page = named(classes, &spec.by_page, "by_page")?;
    let train_only = named(classes, &spec.train_only, "train_only")?;
    if spec.kind == SplitKind::None {
        return Ok(Assignment { parts: vec![Part::Train; sources.len()], missed: Vec::new(), moved: Vec::new() });
    }
    if let Some(part) = earlier.and_then(|earlier| earlier.values().find(|part| !spec.kind.has(**part))) {
        return Err(SplitError::Incompatible { part: *part, kind: spec.kind.text() });
    }
    let mut units = units(sources, &by_page, spec.seed);
    for unit in &mut units {
        let known = unit.members.iter().filter_map(|index| earlier?.get(&sources[*index].digest).copied()).min();
        let stays = unit.counts.keys().any(|class| train_only.contains(class));
        unit.part = if stays { Some(Part::Train) } else { known };
    }
    let mut totals = BTreeMap::<u32, u64>::new();
    for (class, count) in units.iter().flat_map(|unit| &unit.counts).filter(|(class, _)| !train_only.contains(class)) {
        *totals.entry(*class).or_default() += count;
    }
    match spec.kind {
        SplitKind::None => {}
        SplitKind::Holdout(val) => hold_out(&mut units, &totals, val.millionths().unsigned_abs()),
        SplitKind::Folds(folds) => fold(&mut units, &totals, folds, spec.seed),
    }

    check(&units, &totals, classes, spec.kind)?;
    let mut parts = vec![Part::Train; sources.len()];
    for unit in &units {
        for index in &unit.members {
            parts[*index] = unit.part.unwrap_or(Part::Train);
        }
    }
    let moved: BTreeSet<_> = sources
        .iter()
        .zip(&parts)
        .filter_map(|(source, part)| Some((source.digest, *earlier?.get(&source.digest)?, *part)))
        .filter(|(_, from, to)| from != to)
        .collect();
    Ok(Assignment { parts, missed: missed(&units, &totals, classes, spec.kind), moved: moved.into_iter().collect() })
}

fn named(classes: &Classes, names: &[String], key: &'static str) -> Result<BTreeSet<u32>, SplitError> {
    let number = |name: &String| {
        classes.number(name).ok_or_else(|| {
            let nearest = classes.nearest(name).map(str::to_owned);
            SplitError::UnknownClass { key, name: name.clone(), nearest }
        })
    };
    names.iter().map(number).collect()
}

impl SplitKind {
    fn has(self, part: Part) -> bool {
        match (self, part) {
            (_, Part::Train) => true,
            (Self::Holdout(_), Part::Val) => true,
            (Self::Folds(folds), Part::Fold(fold)) => fold < folds,
            _ => false,
        }
    }

    fn text(self) -> String {
        match self {
            Self::None => "no split".into(),
            Self::Holdout(val) => format!("val = {val}"),
            Self::Folds(folds) => format!("folds = {folds}"),
        }
    }

    /// The parts that are validated on, and the share of each in millionths.
    fn held_out(self) -> (Vec<Part>, u64) {
        match self {
            Self::None => (Vec::new(), 0),
            Self::Holdout(val) => (vec![Part::Val], val.millionths().unsigned_abs()),
            Self::Folds(folds) => ((0..folds).map(Part::Fold).collect(), 1_000_000 / u64::from(folds.max(1))),
        }
    }
}

/// In the order in which they are taken.
fn units(sources: &[Source], by_page: &BTreeSet<u32>, seed: u64) -> Vec<Unit> {
    let mut sets = Sets::new(sources.len());
    let (mut pages, mut groups) = (BTreeMap::<Digest, usize>::new(), BTreeMap::<&str, usize>::new());
    for (index, source) in sources.iter().enumerate() {
        sets.join(index, *pages.entry(source.page).or_insert(index));
        if !by_page.contains(&source.class) {
            sets.join(index, *groups.entry(&source.group).or_insert(index));
        }
    }
    let mut members = BTreeMap::<usize, Vec<usize>>::new();
    for index in 0..sources.len() {
        members.entry(sets.of(index)).or_default().push(index);
    }
    let unit = |members: Vec<usize>| {
        let grouped = members.iter().map(|index| &sources[*index]).filter(|source| !by_page.contains(&source.class));
        let page = members.iter().map(|index| sources[*index].page.hex()).min().unwrap_or_default();
        let key = grouped.map(|source| source.group.clone()).min().unwrap_or(page);
        let mut counts = BTreeMap::new();
        for index in &members {
            *counts.entry(sources[*index].class).or_default() += 1;
        }
        Unit { hash: Hasher::new("augmint split 1").number(seed).text(&key).finish(), key, members, counts, part: None }
    };
    let mut units: Vec<_> = members.into_values().map(unit).collect();
    units.sort_by(|a, b| (a.hash, &a.key).cmp(&(b.hash, &b.key)));
    units
}

fn hold_out(units: &mut [Unit], totals: &BTreeMap<u32, u64>, val: u64) {
    let quota = |n: u64| ((n * val + 500_000) / 1_000_000).max(1).min(n.saturating_sub(1));
    let mut room: BTreeMap<u32, u64> = totals.iter().map(|(class, n)| (*class, quota(*n))).collect();
    let take = |unit: &Unit, room: &mut BTreeMap<u32, u64>| {
        for (class, count) in &unit.counts {
            room.entry(*class).and_modify(|room| *room = room.saturating_sub(*count));
        }
    };
    for unit in units.iter().filter(|unit| unit.part == Some(Part::Val)) {
        take(unit, &mut room);
    }
    for unit in units.iter_mut().filter(|unit| unit.part.is_none()) {
        let fits = unit.counts.iter().all(|(class, count)| room.get(class).is_some_and(|room| room >= count));
        unit.part = Some(if fits { Part::Val } else { Part::Train });
        if fits {
            take(unit, &mut room);
        }
    }
}

fn fold(units: &mut [Unit], totals: &BTreeMap<u32, u64>, folds: u32, seed: u64) {
    let quota = |n: u64, fold: u64| (n / u64::from(folds) + u64::from(fold < n % u64::from(folds))) as i64;
    // Room left by class and fold; below 0 where a unit was too large for any.
    let mut room: BTreeMap<u32, Vec<i64>> =
        totals.iter().map(|(class, n)| (*class, (0..u64::from(folds)).map(|fold| quota(*n, fold)).collect())).collect();
    let take = |unit: &Unit, fold: u32, room: &mut BTreeMap<u32, Vec<i64>>| {
        for (class, count) in &unit.counts {
            room.entry(*class).and_modify(|room| room[fold as usize] -= *count as i64);
        }
    };
    for unit in units.iter() {
        if let Some(Part::Fold(fold)) = unit.part {
            take(unit, fold, &mut room);
        }
    }
    for unit in units.iter_mut().filter(|unit| unit.part.is_none()) {
        let left = |class: &u32, fold: u32| room.get(class).map_or(0, |room| room[fold as usize]);
        let fits = |fold: &u32| unit.counts.iter().all(|(class, count)| left(class, *fold) >= *count as i64);
        let turn =
            |fold: &u32| Hasher::new("augmint fold 1").number(seed).text(&unit.key).number((*fold).into()).finish();
        let most =
            |fold: &u32| unit.counts.iter().map(|(class, count)| *count as i64 * left(class, *fold)).sum::<i64>();
        let is_large = |(class, count): (&u32, &u64)| {
            *count > 1 && 4 * count * u64::from(folds) > totals.get(class).copied().unwrap_or(u64::MAX / 8)
        };
        let large = unit.counts.iter().any(is_large);
        let fitting = (0..folds).filter(|fold| !large && fits(fold)).min_by_key(turn);
        let fold =
            fitting.or_else(|| (0..folds).max_by_key(|fold| (most(fold), std::cmp::Reverse(*fold)))).unwrap_or(0);
        unit.part = Some(Part::Fold(fold));
        take(unit, fold, &mut room);
    }
}

/// Sources of a class in a part.
fn count(units: &[Unit], class: u32, part: Part) -> u64 {
    units.iter().filter(|unit| unit.part == Some(part)).filter_map(|unit| unit.counts.get(&class)).sum()
}

fn check(units: &[Unit], totals: &BTreeMap<u32, u64>, classes: &Classes, kind: SplitKind) -> Result<(), SplitError> {
    let (held_out, _) = kind.held_out();
    let mut found = Vec::new();
    for (&class, &n) in totals {
        let sizes: Vec<_> = units.iter().filter_map(|unit| unit.counts.get(&class)).collect();
        let mut add = |place: String| {
            found.push(Unsplittable {
                class: class_name(classes, class),
                place,
                sources: if n == 1 { "1 source is".into() } else { format!("{n} sources are") },
                units: if sizes.len() == 1 { "1 group".into() } else { format!("{} groups", sizes.len()) },
                largest: sizes.iter().copied().copied().max().unwrap_or(0),
                fold: matches!(kind, SplitKind::Folds(_)),
            });
        };
        let counts: Vec<_> = held_out.iter().map(|part| (*part, count(units, class, *part))).collect();
        match kind {
            SplitKind::Folds(_) if counts.iter().any(|(_, count)| *count == n) => add("to train on".into()),
            SplitKind::Folds(_) => {
                let empty: Vec<_> = counts.iter().filter(|(_, count)| *count == 0).map(|(part, _)| part).collect();
                if let Some(part) = empty.first() {
                    add(format!("to validate on in {part}"));
                }
            }
            _ if counts.iter().all(|(_, count)| *count == 0) => add("to validate on".into()),
            _ if counts.iter().any(|(_, count)| *count == n) => add("to train on".into()),
            _ => {}
        }
    }
    if found.is_empty() { Ok(()) } else { Err(SplitError::Unsplittable { classes: found }) }
}

fn missed(units: &[Unit], totals: &BTreeMap<u32, u64>, classes: &Classes, kind: SplitKind) -> Vec<Missed> {
    let (held_out, wanted) = kind.held_out();
    let mut missed = Vec::new();
    for (&class, &of) in totals {
        for &part in &held_out {
            let have = count(units, class, part);
            if (have * 1_000_000).abs_diff(of * wanted) > 50_000 * of {
                let units = units.iter().filter(|unit| unit.counts.contains_key(&class)).count() as u64;
                missed.push(Missed { class: class_name(classes, class), part, have, of, wanted, units });
            }
        }
    }
    missed
}

fn class_name(classes: &Classes, number: u32) -> String {
    classes.name(number).map_or_else(|| number.to_string(), str::to_owned)
}
