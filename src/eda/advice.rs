//! What to make of the measures: three sentences that help to decide, and the steps that the third speaks of.

use super::classes::ClassCounts;
use super::input::{AtSize, Input};
use super::shapes::Shapes;
use super::steps::{Step, steps};
use super::survey::Survey;
use serde::Serialize;

/// Loss, input size, ops.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Advice {
    /// Which loss and balance, from the imbalance of the classes.
    pub loss: String,
    /// Which input size, from the width of strokes.
    pub input: String,
    /// Which ops, from the measured shifts.
    pub ops: String,
    /// Strokes at the sizes that the second sentence compares; `None` where there is no ink.
    pub strokes: Option<Input>,
    /// What the third sentence speaks of; empty without a target.
    pub steps: Vec<Step>,
}

/// Up to here a loss has nothing to make up for.
const EVEN: f64 = 1.5;
/// Measured: at 2.2 the choice of loss moved macro F1 by 0.004, within noise.
const UNEVEN: f64 = 10.0;
/// Beyond this, copies of the smallest class are the same few images over and over.
const EXTREME: f64 = 100.0;
/// Classes of fewer images are named.
const FEW: usize = 10;

impl Advice {
    pub(super) fn of(classes: &ClassCounts, shapes: &Shapes, sources: &Survey, target: Option<&Survey>) -> Self {
        let strokes = Input::of(sources);
        let steps = target.map(|target| steps(sources, target, shapes)).unwrap_or_default();
        Self { loss: loss(classes), input: input(strokes.as_ref(), target), ops: ops(&steps, target), strokes, steps }
    }
}

fn loss(classes: &ClassCounts) -> String {
    let ratio = classes.imbalance;
    let (Some(largest), Some(smallest)) = (classes.largest(), classes.smallest()) else {
        return "Loss: there are no images to tell it from.".into();
    };
    let (many, few) =
        (format!("{} has {}", largest.class, largest.images), format!("{} has {}", smallest.class, smallest.images));
    let advice = match ratio {
        _ if largest.class == smallest.class => return "Loss: there is one class, and nothing to tell apart.".into(),
        ..EVEN => "classes are even, so cross-entropy with the natural balance is enough".to_owned(),
        ..UNEVEN => {
            "cross-entropy with `balance = \"equal\"` in [amount] is enough: at so small a ratio the choice of a \
                     loss is within the noise of a run"
                .to_owned()
        }
        ..EXTREME => {
            "cross-entropy with `balance = \"sqrt\"` in [amount], and weights by the effective number of images \
                      (Cui et al. 2019) or logit adjustment (Menon et al. 2021); one of the two, not both"
                .to_owned()
        }
        _ => format!(
            "logit adjustment (Menon et al. 2021) with `balance = \"sqrt\"` and a `max_copies` in [amount]; more images \
             of {} are worth more than any loss",
            smallest.class
        ),
    };
    let few_images: Vec<&str> = (classes.counts.iter())
        .filter(|count| (1..FEW).contains(&count.images))
        .map(|count| count.class.as_str())
        .collect();
    let few_images = match few_images.len() {
        0 => String::new(),
        1..=4 => format!(" (under {FEW} images, so any score of theirs is a guess: {})", few_images.join(", ")),
        count => format!(" ({count} classes have under {FEW} images, so any score of theirs is a guess)"),
    };
    format!("Loss: the imbalance ratio is {ratio:.1} ({many}, {few}): {advice}{few_images}.")
}

fn input(strokes: Option<&Input>, target: Option<&Survey>) -> String {
    let Some(strokes) = strokes else {
        return "Input size: no strokes of ink were found, so the smallest size that people can tell the classes apart at \
                is enough to begin with."
            .into();
    };
    let list = |each: &dyn Fn(&AtSize) -> String| strokes.sizes.iter().map(each).collect::<Vec<_>>().join(" / ");
    let sides = list(&|size| size.longest_side.to_string());
    let widths = list(&|size| format!("{:.1}", size.stroke_px));
    let kept = list(&|size| format!("{:.0} %", 100.0 * size.kept));
    let advised = strokes.advised;
    let decision = if strokes.enough {
        format!("take {advised}, the smallest at which three of four pages do")
    } else {
        format!(
            "no size keeps those of three of four pages; {advised} keeps the most, and tiles or larger originals would keep more"
        )
    };
    let most = target.map(Survey::longest_side).filter(|most| *most < advised);
    let most = most.map_or_else(String::new, |most| {
        format!(" (the target's images have only {most} px, so more than that adds nothing there)")
    });
    format!(
        "Input size: with a longest side of {sides} px strokes are {widths} px wide in the middle page, and {kept} of the \
         pages keep strokes of 1 px or more: {decision}{most}."
    )
}

fn ops(steps: &[Step], target: Option<&Survey>) -> String {
    if target.is_none() {
        return "Ops: ranges follow from the images that the model will meet; name a folder of them, without labels, with \
                --against DIR, and the steps that cover their shifts are printed here."
            .into();
    }
    if steps.is_empty() {
        return "Ops: the target differs from the sources in nothing that is measured here and that an op makes; begin with \
                the gentle ranges of `augmint init`."
            .into();
    }
    let names: Vec<&str> = steps.iter().map(|step| step.op).collect();
    let names = match names.as_slice() {
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    };
    format!(
        "Ops: {names} with the ranges below cover the measured shifts, each as if it were alone; flips, blends, shadows and \
         stains are not measured, so look for them in the target's images."
    )
}

#[cfg(test)]
mod tests {
    use super::super::classes::ClassCount;
    use super::*;

    fn counts(counts: &[(&str, usize)]) -> ClassCounts {
        let images = || counts.iter().map(|(_, images)| *images).filter(|images| *images > 0);
        let imbalance = images().max().unwrap_or(1) as f64 / images().min().unwrap_or(1) as f64;
        let count = |(class, images): &(&str, usize)| ClassCount { class: (*class).into(), images: *images, groups: 1 };
        ClassCounts { counts: counts.iter().map(count).collect(), imbalance }
    }

    #[test]
    fn the_loss_follows_the_imbalance() {
        let says = |all: &[(&str, usize)]| loss(&counts(all));
        assert!(says(&[("a", 100), ("b", 90)]).contains("1.1 (a has 100, b has 90): classes are even"));
        assert!(
            says(&[("a", 46), ("b", 100), ("c", 0)])
                .contains("2.2 (b has 100, a has 46): cross-entropy with `balance = \"equal\"`")
        );
        assert!(says(&[("a", 5), ("b", 100)]).contains("20.0") && says(&[("a", 5), ("b", 100)]).contains("guess: a)."));
        assert!(says(&[("희귀", 1), ("b", 500)]).contains("more images of 희귀 are worth more"));
        assert_eq!(says(&[("a", 5)]), "Loss: there is one class, and nothing to tell apart.");
    }
}
