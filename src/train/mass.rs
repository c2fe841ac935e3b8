//! How much of the training set each class has, and the class weights and priors that follow from it.

/// Why a label mass cannot be used.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
pub enum MassError {
    /// There is no class, or no class has any mass.
    #[error("no training sample has a label, so classes cannot be weighted")]
    Nothing,
    /// A class has less than nothing, or no number.
    #[error("class {class} has a label mass of {mass}: it has to be 0 or more")]
    Negative {
        /// Which, from 0.
        class: usize,
        /// What was given.
        mass: f64,
    },
}

/// The label mass of each class, `[classes]`, in samples: the sum of the soft labels of all training samples, so of hard
/// labels their number.
///
/// A class of less than one sample counts as one sample, in everything below. So a class that has no training sample has a
/// finite weight and prior, and one that merely leaks into soft labels is not weighted up a million times.
#[derive(Clone, PartialEq, Debug)]
pub struct LabelMass(Vec<f64>);

impl LabelMass {
    /// Takes the mass of each class, in samples.
    ///
    /// # Errors
    /// When one is negative or not finite, or all are 0.
    pub fn new(mass: &[f64]) -> Result<Self, MassError> {
        if let Some((class, mass)) = mass.iter().copied().enumerate().find(|(_, mass)| !mass.is_finite() || *mass < 0.0)
        {
            return Err(MassError::Negative { class, mass });
        }
        if mass.iter().all(|mass| *mass == 0.0) {
            return Err(MassError::Nothing);
        }
        Ok(Self(mass.iter().map(|mass| mass.max(1.0)).collect()))
    }

    /// How many classes.
    pub fn classes(&self) -> usize {
        self.0.len()
    }

    /// Weights in inverse proportion to mass, `[classes]`: total / (classes · mass), scikit-learn's
    /// `compute_class_weight("balanced")`. Their mean over the mass is 1.
    pub fn inverse_frequency(&self) -> Vec<f64> {
        let share = self.total() / self.classes() as f64;
        self.0.iter().map(|mass| share / mass).collect()
    }

    /// Weights in inverse proportion to the effective number of samples, `[classes]`: (1 − β) / (1 − β^mass), scaled so that
    /// they sum to the number of classes (Cui, Jia, Lin, Song, Belongie: Class-balanced loss based on effective number of
    /// samples, CVPR 2019, eq. 4). `beta` 0 gives 1 for every class; the nearer it is to 1, the nearer they come to
    /// `inverse_frequency`.
    pub fn effective_number(&self, beta: f64) -> Vec<f64> {
        // 1 − β^n as −expm1(n ln β): at β = 0.9999 the difference would lose four digits. ln 0 is −∞ and gives 1.
        let weights = self.0.iter().map(|mass| (1.0 - beta) / -libm::expm1(mass * libm::log(beta)));
        let weights: Vec<f64> = weights.collect();
        let scale = self.classes() as f64 / weights.iter().sum::<f64>();
        weights.into_iter().map(|weight| weight * scale).collect()
    }

    /// The natural logarithm of each class's share of the mass, `[classes]`.
    pub fn log_priors(&self) -> Vec<f64> {
        let total = self.total();
        self.0.iter().map(|mass| libm::log(mass / total)).collect()
    }

    fn total(&self) -> f64 {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
    }

    #[test]
    fn rare_classes_weigh_more_and_the_mean_over_samples_is_one() {
        let mass = LabelMass::new(&[60.0, 30.0, 10.0]).unwrap();
        // sklearn.utils.class_weight.compute_class_weight("balanced", …) of 60, 30 and 10 samples.
        near(&mass.inverse_frequency(), &[0.555_555_555_555_555_6, 1.111_111_111_111_111_2, 3.333_333_333_333_333_5]);
        near(&mass.log_priors(), &[0.6f64.ln(), 0.3f64.ln(), 0.1f64.ln()]);
    }

    #[test]
    fn effective_numbers_go_from_equal_to_inverse_frequency() {
        let mass = LabelMass::new(&[60.0, 30.0, 10.0]).unwrap();
        near(&mass.effective_number(0.0), &[1.0, 1.0, 1.0]);
        let plain: Vec<f64> = [60, 30, 10].map(|n| (1.0 - 0.9) / (1.0 - 0.9f64.powi(n))).to_vec();
        let sum: f64 = plain.iter().sum();
        near(&mass.effective_number(0.9), &plain.iter().map(|weight| weight * 3.0 / sum).collect::<Vec<_>>());
        let (near_one, inverse) = (mass.effective_number(1.0 - 1e-9), mass.inverse_frequency());
        for class in 1..3 {
            assert!((near_one[class] / near_one[0] / (inverse[class] / inverse[0]) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_class_without_samples_counts_as_one_sample() {
        let (none, one) = (LabelMass::new(&[8.0, 0.0, 1e-9]).unwrap(), LabelMass::new(&[8.0, 1.0, 1.0]).unwrap());
        assert_eq!(none, one);
        for values in [none.inverse_frequency(), none.effective_number(0.999), none.log_priors()] {
            assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
        }
    }

    #[test]
    fn what_is_no_mass_is_refused() {
        assert_eq!(LabelMass::new(&[]), Err(MassError::Nothing));
        assert_eq!(LabelMass::new(&[0.0, 0.0]), Err(MassError::Nothing));
        assert_eq!(LabelMass::new(&[1.0, -0.5]), Err(MassError::Negative { class: 1, mass: -0.5 }));
        assert!(matches!(LabelMass::new(&[f64::NAN]), Err(MassError::Negative { class: 0, .. })));
    }
}
