//! Confident learning: which labels are probably wrong, from probabilities of a model that did not see them.
//!
//! Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70, 2021. The threshold of a
//! class j is the mean probability that images labelled j are given for j: what the model calls sure of *this* class, so
//! that a hard class is not suspected wholesale. An image is counted as j if it is given at least the threshold of j; where
//! several classes are, as the one of them that is given most. An image labelled i that counts as j ≠ i is a suspect, unless
//! its label is given most of all classes (cleanlab leaves these out too: nothing would be gained by a look). The counts,
//! their rows scaled to how many images are labelled so, estimate how many labels of each class are wrong.

/// An image with its label and what a model gave each class.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// Where it is: as it stands in the labels, or all paths of its bytes below the folder of images.
    pub paths: Vec<String>,
    /// The class that it is labelled, by its place.
    pub label: usize,
    /// The probability of each class, out of fold.
    pub given: Vec<f64>,
}

/// What the probabilities say of the labels.
#[derive(Clone, PartialEq, Debug)]
pub struct Confident {
    /// Of each class; `None` where no image is labelled so, which is then never suggested.
    pub thresholds: Vec<Option<f64>>,
    /// Row: label, column: what images count as. Images that reach no threshold are not counted.
    pub joint: Vec<Vec<u64>>,
    /// Images that count as another class than their label, and are given more for some class than for it, by their place,
    /// with the class that they count as.
    pub apart: Vec<(usize, usize)>,
}

impl Confident {
    /// Counts images of `classes` classes.
    ///
    /// # Panics
    /// When a label is `classes` or more, or a row is shorter.
    pub fn of(cases: &[Case], classes: usize) -> Self {
        let mut sums = vec![(0.0, 0u64); classes];
        for case in cases {
            sums[case.label].0 += case.given[case.label];
            sums[case.label].1 += 1;
        }
        let threshold = |(sum, count): &(f64, u64)| (*count > 0).then(|| sum / *count as f64);
        let thresholds: Vec<Option<f64>> = sums.iter().map(threshold).collect();
        let mut found = Self { thresholds, joint: vec![vec![0; classes]; classes], apart: Vec::new() };
        for (place, case) in cases.iter().enumerate() {
            if let Some(class) = found.counts_as(&case.given) {
                found.joint[case.label][class] += 1;
                if class != case.label && margin(&case.given, case.label) < 0.0 {
                    found.apart.push((place, class));
                }
            }
        }
        found
    }

    /// The class that an image counts as; of equal ones the first.
    fn counts_as(&self, given: &[f64]) -> Option<usize> {
        // The sum that made a threshold may have rounded up: one image alone has to reach its own.
        let sure = |class: &usize| self.thresholds[*class].is_some_and(|threshold| given[*class] >= threshold - 1e-12);
        (0..given.len()).filter(sure).reduce(|best, class| if given[class] > given[best] { class } else { best })
    }

    /// How many labels of each class are estimated to be wrong: the share of its counted images that count as another
    /// class, of all that are labelled so.
    pub fn estimated_wrong(&self, cases: &[Case]) -> Vec<f64> {
        let mut labelled = vec![0.0; self.joint.len()];
        cases.iter().for_each(|case| labelled[case.label] += 1.0);
        let wrong = |(label, row): (usize, &Vec<u64>)| {
            let counted: u64 = row.iter().sum();
            labelled[label] * (counted - row[label]) as f64 / counted.max(1) as f64
        };
        self.joint.iter().enumerate().map(wrong).collect()
    }
}

/// The normalised margin of a label: its probability less the largest other one, −1 (surely wrong) to 1.
pub fn margin(given: &[f64], label: usize) -> f64 {
    let others = given.iter().enumerate().filter(|(class, _)| *class != label).map(|(_, value)| *value);
    given[label] - others.fold(0.0, f64::max)
}
