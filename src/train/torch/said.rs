//! What a network says of a dataset, and how right it is.

use super::feed::Feed;
use super::models::Network;
use crate::digest::Digest;
use crate::metrics::Confusion;
use crate::train::input::View;
use crate::train::loader::{Course, LoadError};
use crate::train::run::Score;
use tch::Kind;

/// Probabilities of a dataset's samples, in its order.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// The name of each sample: its key, or a file's path.
    pub ids: Vec<String>,
    /// `[n, classes]`, rows summing to 1, the mean over views.
    pub probabilities: Vec<f32>,
    /// The class index of each sample with the most weight; `None` where no label is known.
    pub truth: Vec<Option<usize>>,
    /// The mean cross entropy of the labels that are known, in nats; 0 where none is.
    pub loss: f64,
    /// How many classes there are.
    pub classes: usize,
}

/// Lets the network say what it sees, in evaluation mode. With several views the probability is the mean over them.
///
/// # Errors
/// When a sample cannot be read.
pub fn said(network: &Network, feed: &Feed, batch: usize, views: &[View]) -> Result<Said, LoadError> {
    let dataset = feed.dataset();
    let classes = dataset.classes().0.len();
    let mut probabilities = Vec::with_capacity(dataset.len() * classes);
    let (mut loss, mut known) = (0.0, 0usize);
    let course = Course { views: views.to_vec(), ..Course::listed(batch) };
    let _guard = tch::no_grad_guard();
    for fed in feed.pass(course)? {
        let fed = fed?;
        let rows = fed.indices.len() as i64;
        let logits = match feed.has_views() {
            true => network.forward_t(&fed.x, false),
            false => network.classify(&fed.x, false).expect("BUG: features of a network that has none"),
        };
        let log = logits.to_kind(Kind::Float).log_softmax(-1, Kind::Float);
        let seen = log.exp().view([rows, -1, classes as i64]).mean_dim([1i64].as_slice(), false, Kind::Float);
        // What was said as a whole: the logarithm of the mean, which is the mean of nothing but one view's.
        let whole = seen.clamp_min(f64::from(f32::MIN_POSITIVE)).log();
        loss -= (whole * &fed.y).sum(Kind::Double).double_value(&[]);
        known += fed.indices.iter().filter(|index| dataset.class(**index).is_some()).count();
        let from = probabilities.len();
        probabilities.resize(from + fed.indices.len() * classes, 0.0f32);
        let seen = seen.contiguous().view([-1]).to_device(tch::Device::Cpu);
        seen.copy_data(&mut probabilities[from..], fed.indices.len() * classes);
    }
    let indices = 0..dataset.len();
    Ok(Said {
        ids: indices.clone().map(|index| dataset.id(index)).collect(),
        truth: indices.map(|index| dataset.class(index)).collect(),
        probabilities,
        loss: if known > 0 { loss / known as f64 } else { 0.0 },
        classes,
    })
}

impl Said {
    /// The probability of each class of a sample.
    pub fn row(&self, sample: usize) -> &[f32] {
        &self.probabilities[sample * self.classes..(sample + 1) * self.classes]
    }

    /// The class index with the highest probability, the lowest where several have it.
    pub fn class(&self, sample: usize) -> usize {
        let row = self.row(sample);
        (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).expect("BUG: no classes")
    }

    /// How often each class was called what, of the samples whose label is known.
    pub fn confusion(&self) -> Confusion {
        let pairs = self.truth.iter().enumerate().filter_map(|(sample, truth)| Some(((*truth)?, self.class(sample))));
        Confusion::of(self.classes, pairs)
    }

    /// How right it is; `validation` is the digest of what it was measured on.
    pub fn score(&self, validation: Digest) -> Score {
        let confusion = self.confusion();
        Score {
            validation,
            samples: confusion.total(),
            loss: self.loss,
            accuracy: confusion.accuracy().unwrap_or(0.0),
            macro_f1: confusion.macro_f1().unwrap_or(0.0),
            class_f1: (0..self.classes).map(|class| confusion.class(class).f1).collect(),
        }
    }

    /// Samples that were called wrongly, the surest first; of equal ones the first.
    pub fn worst(&self, most: usize) -> Vec<usize> {
        let mut wrong: Vec<usize> = (0..self.ids.len())
            .filter(|sample| self.truth[*sample].is_some_and(|truth| truth != self.class(*sample)))
            .collect();
        let sure = |sample: usize| self.row(sample)[self.class(sample)];
        wrong.sort_by(|a, b| sure(*b).total_cmp(&sure(*a)).then(a.cmp(b)));
        wrong.truncate(most);
        wrong
    }

    /// Rows for a table of predictions.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &[f32])> {
        self.ids.iter().enumerate().map(|(sample, id)| (id.as_str(), self.row(sample)))
    }
}
