//! One sample as one line of JSON. The fields, and what they mean, are in docs/manifests.md.

use super::Sample;
use super::names::Names;
use crate::canonical::write_text;
use crate::digest::Digest;
use crate::manifest::{Entry, ParamValue, StepDraw};
use crate::shard::fraction;
use std::fmt::{self, Write as _};

/// The parameter that holds a mix's partner, by its digest.
const PARTNER: &str = "partner";

/// Appends the line of a sample, its newline included.
pub(super) fn write(out: &mut String, sample: &Sample, shard: Option<&str>, names: &Names) {
    // Writing to a String cannot fail.
    let _ = fields(out, sample, shard, names);
}

fn fields(out: &mut String, sample: &Sample, shard: Option<&str>, names: &Names) -> fmt::Result {
    let Entry { key, set, role, class, copy, source, .. } = &sample.entry;
    write!(out, "{{\"key\":\"{key}\",\"set\":\"{set}\",\"fold\":")?;
    optional(out, set.fold)?;
    write!(out, ",\"role\":\"{}\",\"class\":{},\"label\":[", role.name(), names.class(*class))?;
    for (index, (number, weight)) in sample.entry.label.iter().enumerate() {
        let (comma, name) = (if index > 0 { "," } else { "" }, names.class(*number));
        let fraction = fraction(*weight);
        write!(out, "{comma}{{\"class\":{name},\"number\":{number},\"weight\":{weight},\"fraction\":{fraction}}}")?;
    }
    write!(out, "],\"target\":{},\"source\":\"{}\",\"path\":", sample.entry.target(), source.hex())?;
    let source = names.source(source);
    out.push_str(source.map_or("null", |source| &source.path));
    out.push_str(",\"group\":");
    out.push_str(source.map_or("null", |source| &source.group));
    write!(out, ",\"copy\":{copy},\"steps\":[")?;
    for (index, drawn) in sample.entry.steps.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        step(out, drawn, names.ops_of(*role).get(&*drawn.id), names)?;
    }
    write!(out, "],\"file\":\"{}\"", sample.entry.file.extension())?;
    let Entry { bytes, width, height, digest, .. } = &sample.entry;
    if sample.rendered {
        write!(out, ",\"bytes\":{bytes},\"width\":{width},\"height\":{height},\"digest\":\"{}\"", digest.hex())?;
    } else {
        out.push_str(",\"bytes\":null,\"width\":null,\"height\":null,\"digest\":null");
    }
    match shard {
        Some(shard) => write!(out, ",\"shard\":\"{shard}\"}}")?,
        None => out.push_str(",\"shard\":null}"),
    }
    out.push('\n');
    Ok(())
}

fn step(out: &mut String, drawn: &StepDraw, op: Option<&String>, names: &Names) -> fmt::Result {
    out.push_str("{\"id\":");
    write_text(out, &drawn.id)?;
    out.push_str(",\"op\":");
    match op {
        Some(op) => write_text(out, op)?,
        None => out.push_str("null"),
    }
    out.push_str(",\"params\":{");
    let (mut comma, mut partner) = ("", None);
    for (name, value) in &drawn.params {
        if let (PARTNER, ParamValue::Text(digest)) = (&**name, value) {
            partner = digest.parse::<Digest>().ok();
            if partner.is_some() {
                continue;
            }
        }
        out.push_str(std::mem::replace(&mut comma, ","));
        write_text(out, name)?;
        out.push(':');
        match value {
            ParamValue::Number(number) => write!(out, "{number}")?,
            ParamValue::Text(text) => write_text(out, text)?,
        }
    }
    out.push_str("},\"partner\":");
    let Some(partner) = partner else {
        out.push_str("null}");
        return Ok(());
    };
    write!(out, "{{\"source\":\"{}\",\"path\":", partner.hex())?;
    let source = names.source(&partner);
    out.push_str(source.map_or("null", |source| &source.path));
    out.push_str(",\"class\":");
    match source {
        Some(source) => out.push_str(&names.class(source.class)),
        None => out.push_str("null"),
    }
    out.push_str("}}");
    Ok(())
}

fn optional(out: &mut String, number: Option<u32>) -> fmt::Result {
    match number {
        Some(number) => write!(out, "{number}"),
        None => out.write_str("null"),
    }
}
