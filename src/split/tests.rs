use super::*;
use crate::digest::Digest;
use crate::pixels::Size;
use crate::source::{Classes, Source};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn source(id: u32, class: u32, group: Option<&str>) -> Source {
    let digest = Digest::of(&id.to_le_bytes());
    let group = group.map_or_else(|| digest.hex(), str::to_owned);
    Source { digest, paths: vec![format!("{id}.jpg")], class, group, page: digest, size: Size::new(1, 1) }
}

/// `count` sources of one class, each a group of its own.
fn singles(class: u32, count: u32) -> Vec<Source> {
    (0..count).map(|id| source(1000 * class + id, class, None)).collect()
}

/// Groups of these sizes in one class.
fn grouped(class: u32, sizes: &[u32]) -> Vec<Source> {
    let mut id = 1000 * class;
    let mut sources = Vec::new();
    for (group, size) in sizes.iter().enumerate() {
        for _ in 0..*size {
            sources.push(source(id, class, Some(&format!("{class}-{group}"))));
            id += 1;
        }
    }
    sources
}

fn classes() -> Classes {
    Classes(vec![(0, "invoice".into()), (1, "receipt".into()), (2, "plate".into())])
}

fn spec(kind: SplitKind) -> SplitSpec {
    SplitSpec { seed: 0, kind, from: None, by_page: vec![], train_only: vec![] }
}

fn holdout() -> SplitSpec {
    spec(SplitKind::Holdout(Micro::from_millionths(200_000)))
}

fn parts(sources: &[Source], spec: &SplitSpec) -> BTreeMap<Digest, Part> {
    let parts = assign(sources, &classes(), spec, None).unwrap().parts;
    sources.iter().map(|source| source.digest).zip(parts).collect()
}

fn count(parts: &BTreeMap<Digest, Part>, part: Part) -> usize {
    parts.values().filter(|known| **known == part).count()
}

fn error(sources: &[Source], spec: &SplitSpec) -> String {
    assign(sources, &classes(), spec, None).unwrap_err().to_string()
}

#[test]
fn no_split_trains_on_everything() {
    assert_eq!(count(&parts(&singles(0, 1), &spec(SplitKind::None)), Part::Train), 1);
}

#[test]
fn the_assignment_is_pinned() {
    let assignment = assign(&singles(0, 12), &classes(), &holdout(), None).unwrap();
    let text: Vec<_> = assignment.parts.iter().map(ToString::to_string).collect();
    assert_eq!(text.join(" "), "train train train val train train train train train train val train");
    let assignment = assign(&singles(0, 8), &classes(), &spec(SplitKind::Folds(3)), None).unwrap();
    let text: Vec<_> = assignment.parts.iter().map(ToString::to_string).collect();
    assert_eq!(text.join(" "), "fold-1 fold-2 fold-1 fold-2 fold-0 fold-0 fold-0 fold-1");
}

#[test]
fn quotas_are_met_per_class_and_rounded_half_up() {
    for (count_, held) in [(2, 1), (7, 1), (8, 2), (12, 2), (13, 3), (100, 20)] {
        assert_eq!(count(&parts(&singles(0, count_), &holdout()), Part::Val), held, "{count_}");
    }
    let parts = parts(&[singles(0, 100), singles(1, 10)].concat(), &holdout());
    assert_eq!(count(&parts, Part::Val), 22);
}

#[test]
fn folds_of_single_pages_are_even() {
    for n in [5u32, 11, 23, 100] {
        let parts = parts(&singles(0, n), &spec(SplitKind::Folds(5)));
        for fold in 0..5 {
            let even = n / 5 + u32::from(fold < n % 5);
            assert_eq!(count(&parts, Part::Fold(fold)), even as usize, "{n} {fold}");
        }
    }
}

#[test]
fn the_seed_moves_sources_and_nothing_else_does() {
    let sources = singles(0, 50);
    let other = SplitSpec { seed: 1, ..holdout() };
    assert_ne!(parts(&sources, &holdout()), parts(&sources, &other));
    let renamed: Vec<_> =
        sources.iter().map(|s| Source { paths: vec!["x".into()], size: Size::new(9, 9), ..s.clone() }).collect();
    assert_eq!(parts(&sources, &holdout()), parts(&renamed, &holdout()));
}

#[test]
fn a_group_larger_than_the_room_stays_in_training() {
    let parts = parts(&grouped(0, &[30, 5, 5, 5, 5]), &holdout());
    assert_eq!(count(&parts, Part::Val), 10);
    assert!(grouped(0, &[30]).iter().all(|source| parts[&source.digest] == Part::Train));
}

#[test]
fn a_large_group_goes_to_the_fold_with_the_most_room() {
    let sources = grouped(0, &[50, 50, 10, 10, 10]);
    let assignment = assign(&sources, &classes(), &spec(SplitKind::Folds(5)), None).unwrap();
    let mut sizes: Vec<_> =
        (0..5).map(|fold| assignment.parts.iter().filter(|p| **p == Part::Fold(fold)).count()).collect();
    sizes.sort();
    assert_eq!(sizes, [10, 10, 10, 50, 50]);
}

#[test]
fn classes_that_miss_their_share_are_reported_with_the_ways_out() {
    let assignment = assign(&grouped(0, &[45, 3, 2]), &classes(), &holdout(), None).unwrap();
    let missed: Vec<_> = assignment.missed.iter().map(ToString::to_string).collect();
    assert_eq!(
        missed,
        ["class 'invoice': 10.0 % (5 of 50 sources) in val instead of 20.0 %, as it has 3 groups: take group_by = \
          \"page\" for it, or make it training only"]
    );
    let assignment = assign(&grouped(0, &[8, 2]), &classes(), &spec(SplitKind::Folds(2)), None).unwrap();
    assert_eq!(
        assignment.missed[0].to_string(),
        "class 'invoice': 80.0 % (8 of 10 sources) in fold-0 instead of 50.0 %, as it has 2 groups: take fewer folds, \
         group_by = \"page\" for it, or make it training only"
    );
}

#[test]
fn a_class_without_training_or_validation_is_an_error() {
    assert_eq!(
        error(&[singles(0, 10), singles(1, 1), grouped(2, &[10])].concat(), &holdout()),
        "class 'receipt' has no source to validate on: its 1 source is in 1 group, the largest of 1; add sources, \
         change val, take group_by = \"page\" for it, or make it training only\nclass 'plate' has no source to validate \
         on: its 10 sources are in 1 group, the largest of 10; add sources, change val, take group_by = \"page\" for it, \
         or make it training only"
    );
    let folds = spec(SplitKind::Folds(3));
    assert_eq!(
        error(&grouped(1, &[5]), &folds),
        "class 'receipt' has no source to train on: its 5 sources are in 1 group, the largest of 5; take fewer folds, \
         group_by = \"page\" for it, or make it training only"
    );
    assert_eq!(
        error(&grouped(1, &[5, 5]), &folds),
        "class 'receipt' has no source to validate on in fold-2: its 10 sources are in 2 groups, the largest of 5; take \
         fewer folds, group_by = \"page\" for it, or make it training only"
    );
}

#[test]
fn an_earlier_part_that_leaves_nothing_to_train_on_is_an_error() {
    let sources = singles(0, 2);
    let earlier = sources.iter().map(|source| (source.digest, Part::Val)).collect();
    let error = assign(&sources, &classes(), &holdout(), Some(&earlier)).unwrap_err().to_string();
    assert!(error.starts_with("class 'invoice' has no source to train on: its 2 sources are in 2 groups"), "{error}");
}

#[test]
fn training_only_classes_are_never_held_out() {
    let sources = [singles(0, 10), singles(1, 1)].concat();
    for kind in [holdout().kind, SplitKind::Folds(5)] {
        let spec = SplitSpec { train_only: vec!["receipt".into()], ..spec(kind) };
        assert_eq!(parts(&sources, &spec)[&sources[10].digest], Part::Train);
    }
}

#[test]
fn by_page_ignores_groups_but_not_near_duplicates() {
    let mut sources = grouped(0, &[20]);
    let page = sources[3].page.min(sources[4].page);
    (sources[3].page, sources[4].page) = (page, page);
    let spec = SplitSpec { by_page: vec!["invoice".into()], ..spec(SplitKind::Folds(4)) };
    let parts = parts(&sources, &spec);
    assert!((0..4).all(|fold| (4..=6).contains(&count(&parts, Part::Fold(fold)))));
    assert_eq!(parts[&sources[3].digest], parts[&sources[4].digest]);
}

#[test]
fn unknown_classes_have_their_message() {
    let spec = SplitSpec { by_page: vec!["invioce".into()], ..holdout() };
    assert_eq!(error(&singles(0, 5), &spec), "[split] by_page: no class 'invioce'; did you mean 'invoice'?");
    let spec = SplitSpec { train_only: vec!["zebra".into()], ..holdout() };
    assert_eq!(error(&singles(0, 5), &spec), "[split] train_only: no class 'zebra'");
}

#[test]
fn earlier_parts_are_kept_and_take_room_first() {
    let all = singles(0, 20);
    let earlier: BTreeMap<_, _> = all[..10].iter().map(|source| (source.digest, Part::Train)).collect();
    let assignment = assign(&all, &classes(), &holdout(), Some(&earlier)).unwrap();
    assert!(assignment.parts[..10].iter().all(|part| *part == Part::Train));
    assert_eq!(assignment.parts.iter().filter(|part| **part == Part::Val).count(), 4);
    let earlier: BTreeMap<_, _> = all[..6].iter().map(|source| (source.digest, Part::Val)).collect();
    let assignment = assign(&all, &classes(), &holdout(), Some(&earlier)).unwrap();
    assert_eq!(assignment.parts.iter().filter(|part| **part == Part::Val).count(), 6);
    assert_eq!(assignment.moved, []);
}

#[test]
fn a_unit_with_two_earlier_parts_trains_and_is_listed() {
    let mut sources = singles(0, 20);
    for source in &mut sources[..3] {
        source.group = "joined".into();
    }
    let earlier = BTreeMap::from([(sources[0].digest, Part::Val), (sources[1].digest, Part::Train)]);
    let assignment = assign(&sources, &classes(), &holdout(), Some(&earlier)).unwrap();
    assert_eq!(assignment.parts[..3], [Part::Train; 3]);
    assert_eq!(assignment.moved, [(sources[0].digest, Part::Val, Part::Train)]);
}

#[test]
fn an_earlier_version_of_another_kind_is_an_error() {
    let sources = singles(0, 20);
    let earlier = BTreeMap::from([(sources[0].digest, Part::Fold(3))]);
    let error = |kind| assign(&sources, &classes(), &spec(kind), Some(&earlier)).unwrap_err().to_string();
    assert_eq!(
        error(holdout().kind),
        "split.from: the earlier version has a source in part 'fold-3', which this [split] (val = 0.2) does not have"
    );
    assert!(error(SplitKind::Folds(3)).ends_with("(folds = 3) does not have"));
}

#[test]
fn parts_print_and_parse() {
    for part in [Part::Train, Part::Val, Part::Fold(0), Part::Fold(12)] {
        assert_eq!(part.to_string().parse(), Ok(part));
    }
    assert_eq!(
        "fold-01".parse::<Part>().unwrap_err().to_string(),
        "'fold-01' is not a part: expected train, val or fold-0, fold-1…"
    );
}

fn any_sources() -> impl Strategy<Value = Vec<Source>> {
    let row = (0..3u32, 0..12u32, any::<bool>(), 0..30u32);
    proptest::collection::vec(row, 1..80).prop_map(|rows| {
        let mut sources: Vec<Source> = Vec::new();
        for (id, (class, group, alone, near)) in rows.into_iter().enumerate() {
            let mut new = source(id as u32, class, (!alone).then(|| format!("g{group}")).as_deref());
            // A near-duplicate shares page and group, as a scan would have joined them.
            if let Some(other) = sources.get(near as usize) {
                (new.page, new.group) = (other.page.min(new.page), other.group.clone());
                let (page, old) = (new.page, other.page);
                sources.iter_mut().filter(|s| s.page == old).for_each(|s| s.page = page);
            }
            sources.push(new);
        }
        sources
    })
}

proptest! {
    #[test]
    fn order_does_not_count_and_units_never_straddle(
        sources in any_sources(), rotate in 0..80usize, folds in 2..6u32, by_page: bool, hold: bool,
    ) {
        let kind = if hold { holdout().kind } else { SplitKind::Folds(folds) };
        let by_page = if by_page { vec!["receipt".into()] } else { vec![] };
        let spec = SplitSpec { by_page: by_page.clone(), ..spec(kind) };
        let mut shuffled = sources.clone();
        shuffled.reverse();
        shuffled.rotate_left(rotate % sources.len());
        let (one, two) = (assign(&sources, &classes(), &spec, None), assign(&shuffled, &classes(), &spec, None));
        match (one, two) {
            (Ok(one), Ok(two)) => {
                let one_parts: BTreeMap<_, _> = sources.iter().map(|s| s.digest).zip(one.parts).collect();
                let two_parts: BTreeMap<_, _> = shuffled.iter().map(|s| s.digest).zip(two.parts).collect();
                prop_assert_eq!(&one_parts, &two_parts);
                prop_assert_eq!(one.missed, two.missed);
                for (a, b) in sources.iter().flat_map(|a| sources.iter().map(move |b| (a, b))) {
                    let paged = |s: &Source| s.class == 1 && !by_page.is_empty();
                    if a.page == b.page || (a.group == b.group && !paged(a) && !paged(b)) {
                        prop_assert_eq!(one_parts[&a.digest], one_parts[&b.digest]);
                    }
                }
                // Keeping all earlier parts changes nothing.
                let kept = assign(&sources, &classes(), &spec, Some(&one_parts)).unwrap();
                prop_assert!(sources.iter().zip(&kept.parts).all(|(s, part)| one_parts[&s.digest] == *part));
                prop_assert!(kept.moved.is_empty());
            }
            (one, two) => prop_assert_eq!(one.map(|_| ()), two.map(|_| ())),
        }
    }

    #[test]
    fn a_removed_source_moves_only_the_boundary(n in 12..120u32, gone in 0..120u32, folds in 2..6u32) {
        let sources = singles(0, n);
        let mut fewer = sources.clone();
        fewer.remove((gone % n) as usize);
        for (kind, most) in [(holdout().kind, 1), (SplitKind::Folds(folds), folds as usize)] {
            let (before, after) = (parts(&sources, &spec(kind)), parts(&fewer, &spec(kind)));
            let moved = after.iter().filter(|(digest, part)| before[*digest] != **part).count();
            prop_assert!(moved <= most, "{moved} moved with {kind:?}");
        }
    }
}
