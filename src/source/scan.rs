//! From a recipe's `[source]` to sources.

use super::bad::{BadSource, Why};
use super::cache::Cache;
use super::error::{Conflict, SourceError};
use super::fixes::AppliedFix;
use super::near::{NearDuplicates, NearPair};
use super::read::{Known, Progress};
use super::tables::{Entry, Listing};
use super::{Classes, Layout, OnBad, Source, SourceSpec};
use super::{fixes, folders, group, near, read, tables};
use crate::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// All sources of a recipe, and what was noticed about them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceSet {
    /// What sources' paths are relative to.
    pub root: PathBuf,
    /// All classes, those of earlier versions included.
    pub classes: Classes,
    /// Sorted by digest.
    pub sources: Vec<Source>,
    /// What `on_bad_source = "skip"` left out, sorted by path.
    pub skipped: Vec<BadSource>,
    /// Label corrections, sorted by path.
    pub fixes: Vec<AppliedFix>,
    /// Files of equal bytes, each set one source; sorted by digest.
    pub duplicates: Vec<Duplicates>,
    /// Pages that show the same, joined; sorted by their smallest digest.
    pub near_duplicates: Vec<NearDuplicates>,
}

/// Files of equal bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duplicates {
    /// Of the bytes.
    pub digest: Digest,
    /// Two or more, sorted.
    pub paths: Vec<String>,
}

/// One image before groups are joined.
struct Draft {
    labels: Vec<(String, u32)>,
    groups: BTreeSet<String>,
    known: Known,
}

/// Finds, labels, reads and joins all sources.
///
/// `earlier` are the classes of earlier versions, which keep their numbers where no table of classes gives them. `cache`
/// is a file that makes a second scan of the same images only hash them. `progress` is called from many threads.
///
/// # Errors
/// First everything that is wrong in tables, then every bad source, then every conflict of labels: each list complete.
pub fn scan(
    spec: &SourceSpec,
    earlier: &Classes,
    cache: Option<&Path>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<SourceSet, SourceError> {
    let mut problems = Vec::new();
    let mut listing = match &spec.layout {
        Layout::Folders(root) => folders::list(root, earlier)?,
        Layout::Table { images, labels, classes, groups } => {
            tables::list((images, labels, classes.as_deref(), groups.as_deref()), earlier, &mut problems)?
        }
    };
    let mut fixes = spec.fixes.as_deref().map_or_else(Vec::new, |path| fixes::apply(path, &mut listing, &mut problems));
    if !problems.is_empty() {
        problems.sort();
        return Err(SourceError::Tables { problems });
    }

    let Listing { root, classes, entries, mut bad, .. } = listing;
    let known = cache.map_or_else(Cache::default, Cache::load);
    let paths: Vec<_> = entries.keys().map(String::as_str).collect();
    let files = read::all(&root, &paths, spec.max_megapixels, &known, progress);
    let mut usable = Vec::new();
    for ((path, entry), file) in entries.into_iter().zip(files) {
        match file {
            Ok(known) => usable.push((path, entry, known)),
            Err(why) => bad.push(BadSource { path, why }),
        }
    }
    if matches!(spec.layout, Layout::Folders(_)) {
        bad.extend(emptied(&usable, &bad));
    }
    bad.sort();
    if spec.on_bad_source == OnBad::Skip && !bad.iter().any(|bad| bad.why == Why::EmptyClass) {
        // Listed below.
    } else if !bad.is_empty() {
        bad.retain(|bad| spec.on_bad_source == OnBad::Error || bad.why == Why::EmptyClass);
        return Err(SourceError::Bad { root, sources: bad });
    }
    if usable.is_empty() {
        return Err(SourceError::None { root });
    }
    if let Some(path) = cache {
        known.update(path, usable.iter().map(|(_, _, known)| (&known.digest, known.size, &known.print)))?;
    }
    for fix in &mut fixes {
        fix.digest = match usable.binary_search_by(|(path, ..)| path.cmp(&fix.path)) {
            Ok(index) => Some(usable[index].2.digest),
            Err(_) => read::digest(&root.join(&fix.path)),
        };
    }

    let drafts = merge(usable);
    let conflicts = conflicts(&drafts, &classes);
    if !conflicts.is_empty() {
        return Err(SourceError::Conflicts { conflicts });
    }
    let (sources, near_duplicates) = join(&drafts, spec.near_duplicates);
    let duplicates = sources.iter().filter(|source| source.paths.len() > 1);
    let duplicates =
        duplicates.map(|source| Duplicates { digest: source.digest, paths: source.paths.clone() }).collect();
    Ok(SourceSet { root, classes, sources, skipped: bad, fixes, duplicates, near_duplicates })
}

/// Class folders all of whose files are bad.
fn emptied(usable: &[(String, Entry, Known)], bad: &[BadSource]) -> Vec<BadSource> {
    let folder = |path: &str| path.split_once('/').map(|(folder, _)| folder.to_owned());
    let used: BTreeSet<_> = usable.iter().filter_map(|(path, ..)| folder(path)).collect();
    let hit: BTreeSet<_> = bad.iter().filter_map(|bad| folder(&bad.path)).collect();
    hit.difference(&used).map(|path| BadSource { path: path.clone(), why: Why::EmptyClass }).collect()
}

/// Equal bytes become one; sorted by digest, paths sorted.
fn merge(usable: Vec<(String, Entry, Known)>) -> Vec<Draft> {
    let mut drafts = BTreeMap::<Digest, Draft>::new();
    for (path, entry, known) in usable {
        let draft =
            drafts.entry(known.digest).or_insert_with(|| Draft { labels: Vec::new(), groups: BTreeSet::new(), known });
        draft.labels.push((path, entry.class));
        draft.groups.extend(entry.group);
    }
    drafts.into_values().collect()
}

fn conflicts(drafts: &[Draft], classes: &Classes) -> Vec<Conflict> {
    let torn = drafts.iter().filter(|draft| draft.labels.iter().any(|(_, class)| *class != draft.labels[0].1));
    let name = |class: u32| classes.name(class).map_or_else(|| class.to_string(), str::to_owned);
    torn.map(|draft| Conflict {
        digest: draft.known.digest,
        labels: draft.labels.iter().map(|(path, class)| (path.clone(), name(*class))).collect(),
    })
    .collect()
}

/// Near-duplicates and given groups become groups. Near-duplicates of two classes are joined too, so that they never
/// straddle the split; the report shows the classes.
fn join(drafts: &[Draft], near_duplicates: bool) -> (Vec<Source>, Vec<NearDuplicates>) {
    let digests: Vec<_> = drafts.iter().map(|draft| draft.known.digest).collect();
    let given: Vec<_> = drafts.iter().map(|draft| draft.groups.clone()).collect();
    let prints: Vec<_> = drafts.iter().map(|draft| &draft.known.print).collect();
    let pairs = if near_duplicates { near::pairs(&prints) } else { Vec::new() };
    let group::Groups { groups, pages } = group::join(&digests, &given, pairs.iter().map(|(a, b, _)| (*a, *b)));

    let mut joined = BTreeMap::<Digest, NearDuplicates>::new();
    for &(a, b, likeness) in &pairs {
        let page = joined.entry(pages[a]).or_insert_with(|| NearDuplicates {
            sources: Vec::new(),
            classes: Vec::new(),
            group: groups[a].clone(),
            pairs: Vec::new(),
        });
        page.sources.extend([digests[a], digests[b]]);
        page.classes.extend([a, b].map(|index| drafts[index].labels[0].1));
        let (alike, difference) = (likeness.alike, likeness.difference);
        page.pairs.push(NearPair { a: digests[a], b: digests[b], alike, difference });
    }
    for page in joined.values_mut() {
        page.sources.sort();
        page.sources.dedup();
        page.classes.sort();
        page.classes.dedup();
    }
    let sources = drafts.iter().zip(groups).zip(pages).map(|((draft, group), page)| Source {
        digest: draft.known.digest,
        paths: draft.labels.iter().map(|(path, _)| path.clone()).collect(),
        class: draft.labels[0].1,
        group,
        page,
        size: draft.known.size,
    });
    (sources.collect(), joined.into_values().collect())
}
