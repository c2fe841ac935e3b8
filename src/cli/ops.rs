//! `augmint ops`: what steps can do, from the ops' own descriptions.

use super::{next, print, print_json};
use crate::ops::spec::{Fill, Kind, OpSpec};
use crate::ops::{self, Param};
use crate::recipe::policy::{self, POLICIES};
use crate::recipe::{Names, one_line, schema};
use miette::Report;
use serde_json::{Value, json};
use std::process::ExitCode;

/// List the ops, with parameters, units, ranges, defaults and an example
#[derive(clap::Args, Debug)]
pub struct Ops {
    /// Only this op
    pub name: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    pub json: bool,
}

/// A name that is no op.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("unknown op '{name}'")]
#[diagnostic(help("{names}"))]
struct UnknownOp {
    name: String,
    names: Names,
}

impl Ops {
    /// Prints.
    ///
    /// # Errors
    /// When there is no such op.
    pub fn run(&self) -> Result<ExitCode, Report> {
        let chosen: Vec<&OpSpec> = match &self.name {
            None => ops::ALL.to_vec(),
            Some(name) => match ops::find(name) {
                Some(op) => vec![op],
                None => {
                    let names = Names::new(name, ops::ALL.iter().map(|op| op.name));
                    return Err(UnknownOp { name: name.clone(), names }.into());
                }
            },
        };
        if self.json {
            print_json(&chosen.iter().map(|op| op_json(op)).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        print(&text(&chosen))?;
        if self.name.is_none() {
            print(&policies())?;
        }
        next("augmint check RECIPE, with one of them in a [[step]]");
        Ok(ExitCode::SUCCESS)
    }
}

/// The ops under the headings of their families.
fn text(chosen: &[&OpSpec]) -> String {
    let mut chosen = chosen.to_vec();
    chosen.sort_by_key(|op| (op.family, op.name));
    let mut text = String::new();
    let mut family = None;
    for op in chosen {
        if family != Some(op.family) {
            text += &format!("{}{:?}\n", if family.is_none() { "" } else { "\n" }, op.family);
            family = Some(op.family);
        }
        text += &format!("\n  {}\n", op.name);
        text += &wrapped(&one_line(op.doc), 6);
        for param in op.params {
            text += &wrapped(&format!("{}: {}", param.name, range(param)), 6);
            text += &wrapped(&one_line(param.doc), 10);
        }
        if op.mixes() {
            text +=
                "      partner: { classes = \"any\" | \"same\" | \"other\" | [...], steps = \"above\" | \"none\",\n";
            text += "                 fit = \"stretch\" | \"within\" | \"cover\" }; the first ones unless written\n";
            let label = if op.softens() { "soft" } else { "dominant" };
            text += &format!("      label: \"soft\" | \"dominant\"; \"{label}\" unless written\n");
        }
        text += &format!("      op.{} = {}\n", op.name, braces(op.example));
    }
    text
}

/// The policies, under a heading of their own.
fn policies() -> String {
    let mut text = "\nPolicies\n".to_owned();
    for policy in POLICIES {
        text += &format!("\n  {}\n", policy.name);
        text += &wrapped(policy.doc, 6);
        let mut written = Vec::new();
        for policy::Param { name, doc, min, max, default } in policy.params {
            text += &wrapped(&format!("{name}: whole number from {min} to {max}; {default} unless written"), 6);
            text += &wrapped(doc, 10);
            written.push(format!("{name} = {default}"));
        }
        text += &format!("      policy.{} = {}\n", policy.name, braces(&written.join(", ")));
    }
    text
}

/// Kind, unit, range and default of a parameter.
fn range(param: &Param) -> String {
    let kind = match param.kind {
        Kind::Number { min, max, unit, integer } => {
            format!("{} from {min} to {max} {unit}", if integer { "whole number" } else { "number" })
        }
        Kind::Word(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" | "),
        Kind::Fill => format!("{}, \"#rrggbb\" or [r, g, b]", Fill::NAMES.join(", ")),
    };
    match param.default {
        Some(value) => format!("{kind}; {value} unless written"),
        None => format!("{kind}; has to be written"),
    }
}

fn op_json(op: &OpSpec) -> Value {
    let params: Vec<_> = op.params.iter().map(param_json).collect();
    json!({
        "name": op.name, "family": format!("{:?}", op.family), "revision": op.revision, "doc": one_line(op.doc),
        "mixes": op.mixes(), "example": format!("op.{} = {}", op.name, braces(op.example)), "params": params,
        "schema": schema()["$defs"]["step"]["properties"]["op"]["properties"][op.name],
    })
}

fn param_json(param: &Param) -> Value {
    let default = param.default.map(|value| value.to_string());
    let mut json = json!({ "name": param.name, "doc": one_line(param.doc), "default": default });
    match param.kind {
        Kind::Number { min, max, unit, integer } => {
            json["kind"] = json!(if integer { "integer" } else { "number" });
            json["min"] = json!(min);
            json["max"] = json!(max);
            json["unit"] = json!(unit);
        }
        Kind::Word(words) => {
            json["kind"] = json!("word");
            json["words"] = json!(words);
        }
        Kind::Fill => json["kind"] = json!("fill"),
    }
    json
}

fn braces(inside: &str) -> String {
    if inside.is_empty() { "{}".into() } else { format!("{{ {inside} }}") }
}

/// Lines of at most 100 characters, all indented by the same.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut line = " ".repeat(indent);
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > 100 && line.trim() != "" {
            lines += &format!("{}\n", line.trim_end());
            line = " ".repeat(indent);
        }
        line += word;
        line += " ";
    }
    lines + line.trim_end() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_and_parameter_is_listed_with_range_and_example() {
        let text = text(ops::ALL);
        for op in ops::ALL {
            assert!(text.contains(&format!("\n  {}\n", op.name)), "{}", op.name);
            assert!(text.contains(&format!("op.{} = {}\n", op.name, braces(op.example))), "{}", op.name);
            for param in op.params {
                let line = wrapped(&format!("{}: {}", param.name, range(param)), 6);
                assert!(text.contains(&line), "{}", param.name);
                assert!(!param.doc.trim().is_empty(), "{}.{} is undocumented", op.name, param.name);
            }
        }
        assert!(text.lines().all(|line| line.chars().count() <= 120 && line.trim_end() == line));
    }

    #[test]
    fn one_op_reads_well() {
        let rotate = ops::find("rotate").unwrap();
        assert!(text(&[rotate]).starts_with("Geometry\n\n  rotate\n      Turns the image"), "{}", text(&[rotate]));
        assert!(text(&[rotate]).contains("      degrees: number from -360 to 360 degrees; has to be written\n"));
        assert!(text(&[rotate]).contains(
            "      fill: white, black, grey, edge, median, reflect, \"#rrggbb\" or [r, g, b]; white unless written\n"
        ));
        assert_eq!(op_json(rotate)["params"][0]["unit"], "degrees");
    }

    #[test]
    fn an_unknown_op_is_met_with_the_nearest() {
        let error = Ops { name: Some("rotat".into()), json: false }.run().unwrap_err();
        assert_eq!(error.to_string(), "unknown op 'rotat'");
        assert!(error.help().unwrap().to_string().starts_with("did you mean 'rotate'? valid: "));
    }
}
