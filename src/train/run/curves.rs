//! `curves.svg` and `curves.png`: loss, macro F1 and learning rate over epochs.

use super::Result;
use super::epochs::{EpochRecord, Score};
use crate::fs::{self, Existing};
use crate::report::{Chart, Color, Drawing, Series};
use std::path::Path;

/// The three charts: loss, macro F1, learning rate.
pub(super) fn charts(epochs: &[EpochRecord]) -> [Drawing; 3] {
    let series = |name: &str, color, value: &dyn Fn(&EpochRecord) -> Option<f64>| Series {
        name: name.into(),
        color,
        points: epochs.iter().map(|one| (f64::from(one.epoch), value(one).unwrap_or(f64::NAN))).collect(),
    };
    let of = |score: &Option<Score>, value: fn(&Score) -> f64| score.as_ref().map(value);
    let mark = epochs.iter().rev().find(|one| one.best).map(|one| (f64::from(one.epoch), "best"));
    let chart = |title, series: &[Series]| Chart { title, axis: "epoch", series, mark }.draw();
    [
        chart(
            "Loss",
            &[
                series("training", Color::Faded, &|one| Some(one.train_loss)),
                series("clean validation", Color::A, &|one| of(&one.clean, |score| score.loss)),
                series("noisy validation", Color::B, &|one| of(&one.noisy, |score| score.loss)),
            ],
        ),
        chart(
            "Macro F1",
            &[
                series("clean validation", Color::A, &|one| of(&one.clean, |score| score.macro_f1)),
                series("noisy validation", Color::B, &|one| of(&one.noisy, |score| score.macro_f1)),
            ],
        ),
        chart("Learning rate", &[series("at the end of the epoch", Color::Ink, &|one| Some(one.learning_rate))]),
    ]
}

/// Draws both files.
pub(super) fn write(run: &Path, epochs: &[EpochRecord]) -> Result<()> {
    let drawing = Drawing::column("Loss, macro F1 and learning rate over epochs", &charts(epochs));
    fs::write(&run.join("curves.svg"), drawing.file().as_bytes(), Existing::Replace)?;
    fs::write(&run.join("curves.png"), &drawing.png()?, Existing::Replace)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::epoch;
    use super::*;
    use crate::pixels::{Limits, Size, decode};

    #[test]
    fn the_best_epoch_is_marked_in_each_chart() {
        let epochs = [epoch(1, 0.5, 0.4), EpochRecord { best: true, ..epoch(2, 0.7, 0.6) }, epoch(3, 0.7, 0.5)];
        for chart in charts(&epochs) {
            assert!(chart.element().contains(">best<"));
        }
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &epochs).unwrap();
        let image = decode(&fs::read(&root.path().join("curves.png")).unwrap(), &Limits::default()).unwrap();
        assert_eq!(image.size(), Size::new(1040, 1500));
        assert!(fs::read_text(&root.path().join("curves.svg")).unwrap().contains("noisy validation"));
    }

    #[test]
    fn a_run_without_validation_has_curves_too() {
        let epochs = [EpochRecord { clean: None, noisy: None, ..epoch(1, 0.5, 0.4) }];
        let [loss, f1, _] = charts(&epochs).map(|chart| chart.element());
        assert!(loss.contains("training") && !loss.contains("validation"), "{loss}");
        assert!(f1.contains("nothing measured yet"), "{f1}");
    }
}
