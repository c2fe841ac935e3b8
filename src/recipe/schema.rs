//! The JSON Schema of a recipe, for editors that complete and check TOML by one.
//!
//! Generated from the op list and written beside the grammar. It is a little wider than the parser, which also knows
//! what a schema cannot say (low below high, names of groups and classes, no cycles).

use super::law;
use super::policy::{self, POLICIES};
use crate::ops::spec::{Fill, Kind, OpSpec, Value as OpValue};
use crate::ops::{self, Param};
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a recipe, or of a validation recipe.
pub fn schema() -> Value {
    let ops: Map<String, Value> = ops::ALL.iter().map(|op| (op.name.to_owned(), op_schema(op))).collect();
    let texts = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    let steps = json!({ "type": "array", "items": { "$ref": "#/$defs/step" } });
    let some_steps = json!({ "type": "array", "items": { "$ref": "#/$defs/step" }, "minItems": 1 });
    let weight = json!({ "type": "number", "minimum": 0, "maximum": 1_000_000,
        "description": "Share among the branches of one_of, and of a group with pick." });
    let step = table(
        json!({
            "op": { "type": "object", "properties": ops, "additionalProperties": false,
                "minProperties": 1, "maxProperties": 1 },
            "use": described("string", "Name of a group."),
            "one_of": some_steps,
            "policy": policies(),
            "id": described("string", "Keys the step's draws; else the op's name and its occurrence."),
            "chance": { "type": "number", "minimum": 0, "maximum": 1, "default": 1 },
            "only": texts, "except": texts,
            "on": { "type": "array", "items": { "enum": ["train", "noisy_val"] }, "minItems": 1 },
            "weight": weight,
        }),
        &[],
    );
    let step = exclusive(step, "only", "except");
    let step = with(
        step,
        "oneOf",
        json!([{ "required": ["op"] }, { "required": ["use"] }, { "required": ["one_of"] },
            { "required": ["policy"] }]),
    );
    let count = json!({ "anyOf": number_laws(&json!({ "type": "integer", "minimum": 0 }), true) });
    let group = table(json!({ "pick": count, "step": some_steps }), &["step"]);
    let root = table(
        json!({
            "name": described("string", "The dataset's name; may hold a namespace, docs17/minsu."),
            "seed": { "type": "integer", "minimum": 0, "default": 0 },
            "source": source(), "split": split(), "amount": amount(), "output": output(),
            "step": steps,
            "group": { "type": "object", "additionalProperties": group },
        }),
        &[],
    );
    let root = with(root, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
    let root = with(root, "title", json!("augmint recipe"));
    with(root, "$defs", json!({ "step": step, "fill": fill(), "color": color() }))
}

fn policies() -> Value {
    let policies = POLICIES.iter().map(|policy| {
        let whole = |param: &policy::Param| {
            json!({ "type": "integer", "minimum": param.min, "maximum": param.max, "default": param.default,
                "description": param.doc })
        };
        let params = policy.params.iter().map(|param| (param.name.to_owned(), whole(param))).collect();
        (policy.name.to_owned(), with(table(Value::Object(params), &[]), "description", json!(policy.doc)))
    });
    json!({ "type": "object", "properties": policies.collect::<Map<_, _>>(), "additionalProperties": false,
        "minProperties": 1, "maxProperties": 1 })
}

/// A table of these keys and no others.
fn table(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}

/// Two keys that exclude each other.
fn exclusive(schema: Value, one: &str, other: &str) -> Value {
    let both = json!({ "not": { "required": [one, other] } });
    let mut rules = schema["allOf"].as_array().cloned().unwrap_or_default();
    rules.push(both);
    with(schema, "allOf", Value::Array(rules))
}

fn described(kind: &str, text: &str) -> Value {
    json!({ "type": kind, "description": text })
}

fn whole(min: u64, max: u64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn source() -> Value {
    let source = table(
        json!({
            "images": described("string", "Folder of the images that labels names."),
            "folders": described("string", "Folder with one folder for each class."),
            "labels": described("string", "CSV: ID,target."),
            "classes": described("string", "CSV: target,class_name."),
            "groups": described("string", "CSV: ID,group."),
            "fixes": described("string", "CSV: ID,target|drop,by,why."),
            "on_bad_source": { "enum": ["error", "skip"], "default": "error" },
            "max_megapixels": with(whole(1, 1000), "default", json!(100)),
            "near_duplicates": { "type": "boolean", "default": true },
        }),
        &[],
    );
    let source = ["images", "labels", "classes", "groups"]
        .into_iter()
        .fold(source, |source, key| exclusive(source, "folders", key));
    with(source, "oneOf", json!([{ "required": ["images", "labels"] }, { "required": ["folders"] }]))
}

fn split() -> Value {
    let class = table(json!({ "group_by": { "enum": ["group", "page"] }, "train_only": { "type": "boolean" } }), &[]);
    let split = table(
        json!({
            "seed": { "type": "integer", "minimum": 0, "default": 0 },
            "val": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 },
            "folds": whole(2, 1000),
            "noisy_val": table(json!({ "recipe": { "type": "string" }, "copies": whole(1, 1_000_000) }), &["recipe", "copies"]),
            "from": described("string", "A version whose split is kept: name@tag."),
            "class": { "type": "object", "additionalProperties": class },
        }),
        &[],
    );
    exclusive(split, "val", "folds")
}

fn amount() -> Value {
    let class = table(json!({ "copies": whole(0, 1_000_000) }), &["copies"]);
    let amount = table(
        json!({
            "total": with(whole(1, 1_000_000_000), "description", json!("Training samples, originals included.")),
            "copies": { "type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000, "description": "Samples per source." },
            "per_class": whole(1, 1_000_000_000),
            "balance": { "enum": ["natural", "sqrt", "equal"], "default": "natural" },
            "originals": { "type": "boolean", "default": true },
            "max_copies": whole(1, 1_000_000),
            "class": { "type": "object", "additionalProperties": class },
        }),
        &[],
    );
    let amount = exclusive(amount, "per_class", "balance");
    with(amount, "oneOf", json!([{ "required": ["total"] }, { "required": ["copies"] }, { "required": ["per_class"] }]))
}

fn output() -> Value {
    let sized = |fill: bool| {
        let mut properties = json!({ "width": whole(1, 16_384), "height": whole(1, 16_384) });
        if fill {
            properties["fill"] = json!({ "$ref": "#/$defs/fill" });
        }
        table(properties, &["width", "height"])
    };
    let jpeg = table(
        json!({ "quality": with(whole(1, 100), "default", json!(90)),
            "subsampling": { "enum": ["4:4:4", "4:2:2", "4:2:0"], "default": "4:2:0" } }),
        &[],
    );
    let one = |properties: Value| {
        let table = table(properties, &[]);
        with(with(table, "minProperties", json!(1)), "maxProperties", json!(1))
    };
    let empty = || table(json!({}), &[]);
    let fit = json!({ "keep": empty(), "within": sized(false), "pad": sized(true), "stretch": sized(false), "cover": sized(false) });
    table(json!({ "fit": one(fit), "encode": one(json!({ "jpeg": jpeg, "png": empty(), "webp": empty() })) }), &[])
}

fn op_schema(op: &OpSpec) -> Value {
    let mut properties: Map<String, Value> =
        op.params.iter().map(|param| (param.name.to_owned(), param_schema(param))).collect();
    if op.mixes() {
        let named = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
        let partner = table(
            json!({
                "classes": { "anyOf": [{ "enum": ["any", "same", "other"] }, named] },
                "steps": { "enum": ["above", "none"] },
                "fit": { "enum": ["stretch", "within", "cover"] },
            }),
            &[],
        );
        properties.insert("partner".into(), partner);
        properties.insert(
            "label".into(),
            json!({ "enum": ["soft", "dominant"], "default": if op.softens() { "soft" } else { "dominant" } }),
        );
    }
    let required: Vec<&str> =
        op.params.iter().filter(|param| param.default.is_none()).map(|param| param.name).collect();
    with(table(Value::Object(properties), &required), "description", json!(one_line(op.doc)))
}

/// An op's or parameter's doc comment as one line.
pub fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn param_schema(param: &Param) -> Value {
    let (laws, unit) = match param.kind {
        Kind::Number { min, max, unit, integer } => {
            let kind = if integer { "integer" } else { "number" };
            (number_laws(&json!({ "type": kind, "minimum": min, "maximum": max }), integer), unit)
        }
        Kind::Word(words) => {
            let settled: Vec<&str> = law::settled(words).collect();
            (vec![json!({ "enum": words }), choice(&json!({ "enum": settled }))], "")
        }
        Kind::Fill => {
            let fill = json!({ "$ref": "#/$defs/fill" });
            (vec![fill.clone(), choice(&fill)], "")
        }
    };
    let doc = one_line(param.doc);
    let doc = if unit.is_empty() { doc } else { format!("{doc} In {unit}.") };
    let schema = json!({ "anyOf": laws, "description": doc });
    match param.default {
        None => schema,
        Some(OpValue::Number(number)) => with(schema, "default", json!(number)),
        Some(other) => with(schema, "default", json!(other.to_string())),
    }
}

/// A fixed number, a range, a choice and, for fractions, `log` and `normal`.
fn number_laws(one: &Value, integer: bool) -> Vec<Value> {
    let pair = json!({ "type": "array", "items": one, "minItems": 2, "maxItems": 2 });
    let mut laws = vec![one.clone(), pair.clone(), choice(one)];
    if !integer {
        let numbers = json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
        let positive = json!({ "items": { "exclusiveMinimum": 0 } });
        laws.push(table(json!({ "log": { "allOf": [pair, positive] } }), &["log"]));
        laws.push(table(json!({ "normal": numbers, "within": pair }), &["normal", "within"]));
    }
    laws
}

fn choice(one: &Value) -> Value {
    let weights = json!({ "type": "array", "items": { "type": "number", "minimum": 0 }, "minItems": 1 });
    table(json!({ "choose": { "type": "array", "items": one, "minItems": 1 }, "weights": weights }), &["choose"])
}

fn fill() -> Value {
    let colors = json!({ "$ref": "#/$defs/color" });
    json!({ "anyOf": [{ "enum": Fill::NAMES }, colors, table(json!({ "color": colors }), &["color"])] })
}

fn color() -> Value {
    let names: Vec<&str> = ops::spec::COLORS.iter().map(|(name, _)| *name).collect();
    let channels = json!({ "type": "array", "items": whole(0, 255), "minItems": 3, "maxItems": 3 });
    json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" }, channels] })
}
