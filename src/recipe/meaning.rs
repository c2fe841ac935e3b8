//! The meaning of a recipe: all that can decide a pixel or a label, as canonical JSON.
//!
//! It is hashed as part of the manifest, so its form is part of identity: defaults are filled in, names resolved and
//! groups put in place. Not in it: comments, the order of tables, the dataset's name, paths, and limits that only ever
//! refuse (`max_copies`, `max_megapixels`, `on_bad_source`; which sources there are is in the manifest itself).

use super::{Action, ClassFilter, Fit, LabelRule, MixRule, OpCall, Output, PartnerClasses, PartnerSteps, Recipe, Step};
use crate::balance::{Amount, AmountSpec, Balance};
use crate::canonical::Json;
use crate::pixels::Size;
use crate::split::{SplitKind, SplitSpec};

impl Recipe {
    /// The canonical JSON of all that can decide a pixel or a label: defaults filled in, names resolved; no comments,
    /// no paths, not the dataset's name. Hashed as part of the manifest.
    pub fn meaning(&self) -> Json {
        let mut fields = vec![
            ("seed", self.seed.into()),
            ("steps", Json::array(self.steps.iter().map(Step::meaning))),
            ("output", self.output.meaning()),
        ];
        // Only a validation recipe has neither; its split means nothing.
        if let (Some(source), Some(amount_spec)) = (&self.source, &self.amount) {
            fields.push(("near_duplicates", source.near_duplicates.into()));
            fields.push(("amount", amount(amount_spec)));
            fields.push(("split", split(&self.split)));
        }
        if let Some(validation) = &self.validation {
            let copies = validation.copies.into();
            fields.push(("noisy_val", Json::object([("copies", copies), ("recipe", validation.recipe.meaning())])));
        }
        object(fields)
    }
}

impl Step {
    /// The canonical JSON of the step and all steps within it.
    pub fn meaning(&self) -> Json {
        let mut fields = vec![
            ("id", (&self.id).into()),
            ("chance", self.chance.into()),
            ("on", Json::array(self.on.iter().map(|role| role.name()))),
            ("weight", self.weight.into()),
        ];
        match &self.classes {
            ClassFilter::All => {}
            ClassFilter::Only(classes) => fields.push(("only", Json::array(classes))),
            ClassFilter::Except(classes) => fields.push(("except", Json::array(classes))),
        }
        match &self.action {
            Action::Op(call) => fields.push(("op", op(call))),
            Action::All(steps) => fields.push(("all", Json::array(steps.iter().map(Self::meaning)))),
            Action::Pick { count, steps } => {
                fields.push(("pick", count.meaning()));
                fields.push(("branches", Json::array(steps.iter().map(Self::meaning))));
            }
        }
        object(fields)
    }
}

impl Output {
    /// The canonical JSON of size and encoding.
    pub fn meaning(&self) -> Json {
        let sized = |name: &str, size: Size, fill: Option<Json>| {
            let mut fields = vec![("width", size.width.into()), ("height", size.height.into())];
            fields.extend(fill.map(|fill| ("fill", fill)));
            Json::object([(name, object(fields))])
        };
        let fit = match self.fit {
            Fit::Keep => "keep".into(),
            Fit::Within(size) => sized("within", size, None),
            Fit::Pad(size, fill) => sized("pad", size, Some(fill.to_string().into())),
            Fit::Stretch(size) => sized("stretch", size, None),
            Fit::Cover(size) => sized("cover", size, None),
        };
        Json::object([("fit", fit), ("encode", self.encode.meaning())])
    }
}

fn object(fields: Vec<(&str, Json)>) -> Json {
    Json::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn split(split: &SplitSpec) -> Json {
    let mut fields = vec![
        ("seed", split.seed.into()),
        ("by_page", Json::array(&split.by_page)),
        ("train_only", Json::array(&split.train_only)),
    ];
    match split.kind {
        SplitKind::None => {}
        SplitKind::Holdout(fraction) => fields.push(("val", fraction.into())),
        SplitKind::Folds(folds) => fields.push(("folds", folds.into())),
    }
    if let Some(reference) = &split.from {
        fields.push(("from", reference.into()));
    }
    object(fields)
}

fn amount(amount: &AmountSpec) -> Json {
    let classes = amount.class_copies.iter().map(|(name, copies)| (name.clone(), Json::from(*copies)));
    let balance = match amount.balance {
        Balance::Natural => "natural",
        Balance::Sqrt => "sqrt",
        Balance::Equal => "equal",
    };
    Json::object([
        match amount.amount {
            Amount::Total(total) => ("total", total.into()),
            Amount::Copies(copies) => ("copies", copies.into()),
            Amount::PerClass(samples) => ("per_class", samples.into()),
        },
        ("balance", balance.into()),
        ("originals", amount.originals.into()),
        ("class_copies", Json::Object(classes.collect())),
    ])
}

fn op(call: &OpCall) -> Json {
    let laws = call.op.params.iter().zip(&call.params).map(|(param, law)| (param.name.to_owned(), law.meaning()));
    let mut fields = vec![("name", call.op.name.into()), ("params", Json::Object(laws.collect()))];
    if let Some(rule) = &call.mix {
        fields.push(("mix", mix(rule)));
    }
    object(fields)
}

fn mix(rule: &MixRule) -> Json {
    let classes = match &rule.classes {
        PartnerClasses::Any => "any".into(),
        PartnerClasses::Same => "same".into(),
        PartnerClasses::Other => "other".into(),
        PartnerClasses::Named(classes) => Json::array(classes),
    };
    let steps = match rule.steps {
        PartnerSteps::Above => "above",
        PartnerSteps::None => "none",
    };
    let label = match rule.label {
        LabelRule::Soft => "soft",
        LabelRule::Dominant => "dominant",
    };
    Json::object([
        ("classes", classes),
        ("steps", steps.into()),
        ("fit", rule.fit.name().into()),
        ("label", label.into()),
    ])
}
