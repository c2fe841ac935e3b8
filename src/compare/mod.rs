//! Submissions side by side: where models disagree, whether they are wrong together, and which images to look at.
//!
//! Without labels, disagreement alone says which members of an ensemble differ and which images are hard or wrongly
//! labelled; with labels, the correlation of errors says what a vote can gain. No image is read but for [`page`].

mod html;
mod members;
mod pictures;
mod text;

pub use html::page;
pub use members::Members;
pub use text::text;

use crate::metrics::{Agreement, Scores};
use crate::source::{SourceError, SpellingError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why submissions cannot be compared.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CompareError {
    /// A table.
    #[error(transparent)]
    Table(#[from] SourceError),
    /// Not of the same images.
    #[error("the submissions are not of the same images:\n  {}", lists.join("\n  "))]
    #[diagnostic(help("every submission needs one row for each image, with the same ID"))]
    Apart {
        /// Who has what that the other has not.
        lists: Vec<String>,
    },
    /// A table without rows.
    #[error("{} has no row", path.display())]
    Empty {
        /// The table.
        path: PathBuf,
    },
    /// Numbers here and names there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Spelling(#[from] SpellingError),
    /// Labels of other images.
    #[error("none of the IDs in {} is in {} (the first: '{first}')", labels.display(), submissions.display())]
    NoLabel {
        /// The labels.
        labels: PathBuf,
        /// The first submission.
        submissions: PathBuf,
        /// The first ID of the labels.
        first: String,
    },
}

/// A submission.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Member {
    /// How it is called.
    pub name: String,
    /// Its table.
    pub path: String,
    /// Images that the vote calls otherwise.
    pub outvoted: u64,
    /// Its scores; `None` without labels.
    pub scores: Option<Scores>,
}

/// The majority of all members.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Vote {
    /// Images that all members call alike.
    pub unanimous: u64,
    /// Images with two or more classes of most votes: the one that is given more probability by all members, or where not
    /// all state any, that of the member that was named first.
    pub ties: u64,
    /// Its scores; `None` without labels.
    pub scores: Option<Scores>,
    /// Images that no member has right; `None` without labels.
    pub all_wrong: Option<u64>,
}

/// What one member calls `from` and the other `to`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Flow {
    /// What A says.
    pub from: String,
    /// What B says.
    pub to: String,
    /// How many images.
    pub images: u64,
}

/// Two members, A and B, by their places.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Pair {
    /// The one.
    pub a: usize,
    /// The other; after A.
    pub b: usize,
    /// Images that they call otherwise.
    pub differing: u64,
    /// The share of them.
    pub disagreement: f64,
    /// Who is right; `None` without labels.
    pub agreement: Option<Agreement>,
    /// Phi of being wrong; `None` without labels, or where either is always right or always wrong.
    pub error_correlation: Option<f64>,
    /// The share that both have wrong.
    pub double_fault: Option<f64>,
    /// McNemar's p: how likely a difference in accuracy at least as large is where both are equally good.
    pub mcnemar: Option<f64>,
    /// Where they differ, the most frequent first.
    pub flow: Vec<Flow>,
}

/// An image that members call otherwise.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Disputed {
    /// Its ID.
    pub id: String,
    /// The entropy of the votes in bits: 1 where two classes have half of them each.
    pub entropy: f64,
    /// What each member says.
    pub votes: Vec<String>,
    /// How sure each is; `None` where not all members say that.
    pub sure: Option<Vec<f64>>,
    /// What the majority says.
    pub vote: String,
    /// What it is; `None` where that is not known.
    pub truth: Option<String>,
}

/// All of it. `docs/compare.md` describes it as `--json` prints it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// 1; another number when fields change their meaning.
    pub format: u32,
    /// How many images.
    pub images: u64,
    /// How many have a label; `None` without labels.
    pub labelled: Option<u64>,
    /// The submissions, as they were named.
    pub members: Vec<Member>,
    /// Their majority.
    pub vote: Vote,
    /// All pairs.
    pub pairs: Vec<Pair>,
    /// Images that are not unanimous, the most disputed first; of equal ones the one of which members are surest, then by ID.
    pub disputed: Vec<Disputed>,
}

/// Compares submissions.
pub fn compare(members: &Members) -> Comparison {
    let count = members.names.len();
    let decisions: Vec<(usize, bool)> = (0..members.ids.len()).map(|image| majority(members, image)).collect();
    let vote: Vec<usize> = decisions.iter().map(|(class, _)| *class).collect();
    let said = |member: usize| members.votes.iter().map(move |votes| votes[member]).collect::<Vec<usize>>();
    let by_member: Vec<Vec<usize>> = (0..count).map(said).collect();
    let right = |member: usize, image: usize, truth: usize| by_member[member][image] == truth;
    let all_wrong = members.truth.as_ref().map(|truth| {
        let known = truth.iter().enumerate().filter_map(|(image, truth)| Some((image, (*truth)?)));
        known.filter(|(image, truth)| (0..count).all(|member| !right(member, *image, *truth))).count() as u64
    });
    let member = |place: usize| Member {
        name: members.names[place].clone(),
        path: members.paths[place].display().to_string(),
        outvoted: by_member[place].iter().zip(&vote).filter(|(one, all)| one != all).count() as u64,
        scores: scores(members, &by_member[place]),
    };
    let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
    Comparison {
        format: 1,
        images: members.ids.len() as u64,
        labelled: members.truth.as_ref().map(|truth| truth.iter().flatten().count() as u64),
        members: (0..count).map(member).collect(),
        vote: Vote {
            unanimous: members.votes.iter().filter(|votes| votes.iter().all(|one| *one == votes[0])).count() as u64,
            ties: decisions.iter().filter(|(_, tie)| *tie).count() as u64,
            scores: scores(members, &vote),
            all_wrong,
        },
        pairs: pairs.map(|(a, b)| pair(members, &by_member, a, b)).collect(),
        disputed: disputed(members, &vote),
    }
}

/// How often each class was said of an image, and how much probability it was given.
fn tally(members: &Members, image: usize) -> BTreeMap<usize, (u32, f64)> {
    let mut tally: BTreeMap<usize, (u32, f64)> = BTreeMap::new();
    for (member, class) in members.votes[image].iter().enumerate() {
        let (votes, sure) = tally.entry(*class).or_default();
        *votes += 1;
        *sure += members.sure.as_ref().map_or(0.0, |sure| sure[image][member]);
    }
    tally
}

/// The class with the most votes, and whether another has as many.
fn majority(members: &Members, image: usize) -> (usize, bool) {
    let tally = tally(members, image);
    let most = tally.values().map(|(votes, _)| *votes).max().unwrap_or(0);
    let tied: Vec<(usize, f64)> =
        tally.iter().filter(|(_, (votes, _))| *votes == most).map(|(class, (_, sure))| (*class, *sure)).collect();
    let surest = tied.iter().map(|(_, sure)| *sure).fold(0.0, f64::max);
    let first = |class: usize| members.votes[image].iter().position(|said| *said == class);
    let class = tied.iter().filter(|(_, sure)| *sure >= surest).min_by_key(|(class, _)| first(*class));
    (class.expect("BUG: an image without votes").0, tied.len() > 1)
}

/// Each image stands for itself: what belongs to one document is not known here.
fn scores(members: &Members, said: &[usize]) -> Option<Scores> {
    let truth = members.truth.as_ref()?;
    let known = truth.iter().zip(said).filter_map(|(truth, said)| Some(((*truth)?, *said)));
    Scores::of(members.classes.0.len(), &known.collect::<Vec<_>>())
}

fn pair(members: &Members, said: &[Vec<usize>], a: usize, b: usize) -> Pair {
    let mut flows: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (from, to) in said[a].iter().zip(&said[b]).filter(|(from, to)| from != to) {
        *flows.entry((*from, *to)).or_default() += 1;
    }
    let differing: u64 = flows.values().sum();
    let mut flows: Vec<_> = flows.into_iter().collect();
    flows.sort_by_key(|(classes, images)| (std::cmp::Reverse(*images), *classes));
    let flow = |((from, to), images): ((usize, usize), u64)| {
        let name = |class: usize| members.class(class).to_owned();
        Flow { from: name(from), to: name(to), images }
    };
    let agreement = members.truth.as_ref().map(|truth| {
        let known = truth.iter().enumerate().filter_map(|(image, truth)| Some((image, (*truth)?)));
        Agreement::of(known.map(|(image, truth)| (said[a][image] == truth, said[b][image] == truth)))
    });
    Pair {
        a,
        b,
        differing,
        disagreement: differing as f64 / members.ids.len() as f64,
        agreement,
        error_correlation: agreement.and_then(|one| one.error_correlation()),
        double_fault: agreement.and_then(|one| one.double_fault()),
        mcnemar: agreement.map(|one| one.mcnemar()),
        flow: flows.into_iter().map(flow).collect(),
    }
}

/// Shannon's entropy of votes, in bits.
fn entropy(votes: &BTreeMap<usize, (u32, f64)>) -> f64 {
    let mut counts: Vec<u32> = votes.values().map(|(votes, _)| *votes).collect();
    // In one order, so that equal votes have equal sums.
    counts.sort_unstable();
    let total: u32 = counts.iter().sum();
    let share = |count: &u32| f64::from(*count) / f64::from(total);
    counts.iter().map(|count| -share(count) * libm::log2(share(count))).sum()
}

fn disputed(members: &Members, vote: &[usize]) -> Vec<Disputed> {
    let name = |class: usize| members.class(class).to_owned();
    let mut disputed: Vec<(f64, f64, Disputed)> = Vec::new();
    for (image, votes) in members.votes.iter().enumerate() {
        let tally = tally(members, image);
        if tally.len() < 2 {
            continue;
        }
        let entropy = entropy(&tally);
        let sure = members.sure.as_ref().map(|sure| sure[image].clone());
        let surest: f64 = sure.iter().flatten().sum();
        let truth = members.truth.as_ref().and_then(|truth| truth[image]).map(name);
        let votes = votes.iter().map(|class| name(*class)).collect();
        let one = Disputed { id: members.ids[image].clone(), entropy, votes, sure, vote: name(vote[image]), truth };
        disputed.push((entropy, surest, one));
    }
    // A stable sort: images are in the order of their IDs.
    disputed.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    disputed.into_iter().map(|(_, _, one)| one).collect()
}

#[cfg(test)]
mod tests;
