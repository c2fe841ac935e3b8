//! Whom a sample was mixed with, as its entry says.

use augmint::digest::Digest;
use augmint::manifest::{Entry, ParamValue};

/// The digests of the sources that were mixed in.
pub fn partners(entry: &Entry) -> Vec<Digest> {
    let params = entry.steps.iter().flat_map(|step| &step.params);
    let named = params.filter(|(name, _)| &**name == "partner");
    let digest = |value: &ParamValue| match value {
        ParamValue::Text(text) => text.parse().unwrap(),
        ParamValue::Number(number) => panic!("a partner that is a number: {number:?}"),
    };
    named.map(|(_, value)| digest(value)).collect()
}
