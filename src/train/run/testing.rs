//! Runs for tests.

use super::{ClassInfo, EpochRecord, Git, RunInfo, Score, VersionInfo};
use crate::digest::Digest;

/// Two classes, with names that need care.
pub(crate) fn classes() -> Vec<ClassInfo> {
    let class = |number, name: &str, mass| ClassInfo { number, name: name.into(), mass };
    vec![class(3, "계약서", 120.0), class(7, "form, filled", 80.5)]
}

/// A run on a version that is named by a text.
pub(crate) fn info(version: &str) -> RunInfo {
    RunInfo {
        program: "augmint 0.1.0".into(),
        started: "2026-01-01T00:00:00Z".into(),
        version: VersionInfo {
            reference: format!("docs17@{version}"),
            digest: Digest::of(version.as_bytes()),
            validation: Some(validation()),
        },
        fold: None,
        git: Some(Git { commit: "0123456789abcdef0123456789abcdef01234567".into(), dirty: true }),
        seeds: [("model".to_owned(), 1), ("order".to_owned(), u64::MAX)].into(),
        threads: [2, 2],
        device: "cpu".into(),
        libtorch: "2.13.0".into(),
        model: "resnet18".into(),
        parameters: 11_185_233,
        classes: classes(),
    }
}

/// The validation digest of all runs here.
pub(crate) fn validation() -> Digest {
    Digest::of(b"validation")
}

/// An epoch with these macro F1s, its scores of classes the same.
pub(crate) fn epoch(epoch: u32, clean: f64, noisy: f64) -> EpochRecord {
    let score = |f1: f64| Score {
        validation: validation(),
        samples: 40,
        loss: 1.5 - f1,
        accuracy: f1,
        macro_f1: f1,
        class_f1: vec![f1, f1],
    };
    EpochRecord {
        epoch,
        step: u64::from(epoch) * 16,
        ended: format!("2026-01-01T00:{epoch:02}:00Z"),
        learning_rate: 0.001,
        train_loss: 1.0 - f64::from(epoch) / 10.0,
        clean: Some(score(clean)),
        noisy: Some(score(noisy)),
        seconds: 10.0,
        validation_seconds: 2.0,
        waited_seconds: 0.25,
        samples_per_second: 20.0,
        best: false,
    }
}
