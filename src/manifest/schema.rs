//! The JSON Schema of manifests (draft 2020-12), for editors. Every map of the model describes itself; here is the top.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::model::{Defaults, Manifest, RunLimits, Server, Step};
use super::shape::{Field, NAME, NAME_HELP, Shape, map};
use super::slot::{Described, OneOrMany};

/// The address that the schema goes by.
pub const SCHEMA_ID: &str = "https://example.org/ftpflow/schemas/ftpflow.schema.json";

/// The schema, as `schemas/ftpflow.schema.json` holds it.
pub fn json_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let server = generator.subschema_for::<Server>();
    let step = generator.subschema_for::<Step>();
    let defaults = generator.subschema_for::<Defaults>();
    let limits = generator.subschema_for::<RunLimits>();
    let allow = OneOrMany::schema(Shape::Free, &mut generator);
    let text = Shape::Free.schema();
    let plain = json!({ "type": ["string", "number", "boolean"] });
    let fields = [
        (
            "version",
            json!({ "enum": [1, "1"] }),
            "The version of the language; this ftpflow reads 1. Required.",
        ),
        (
            "name",
            plain,
            "What to call this pipeline in reports. Default: the file's name without its ending.",
        ),
        (
            "description",
            text.clone().to_value(),
            "What this pipeline is for.",
        ),
        (
            "vars",
            named(text.to_value(), None),
            "Variables, used as `${vars.NAME}`; `--var NAME=VALUE` overrides them.",
        ),
        (
            "defaults",
            defaults.to_value(),
            "Options for all steps that do not set them themselves.",
        ),
        (
            "servers",
            named(server.to_value(), Some("local")),
            "The servers, by name. `local` is this machine, and needs no entry.",
        ),
        (
            "steps",
            steps(step.to_value()),
            "The steps, by name. The order is only that of display: what depends on what decides when a step runs.",
        ),
        (
            "limits",
            limits.to_value(),
            "How much all lists of servers hold at once before one fails.",
        ),
        (
            "allow",
            allow.to_value(),
            "Codes of warnings that are not shown.",
        ),
    ];
    let fields = fields.map(|(key, schema, docs)| Field {
        key,
        docs: docs.to_owned(),
        shape: Shape::Free,
        schema: schemars::Schema::try_from(schema).unwrap_or_default(),
    });
    debug_assert!(
        fields
            .iter()
            .map(|field| field.key)
            .eq(Manifest::KEYS.iter().copied())
    );
    let docs = "A pipeline of FTP and FTPS steps for ftpflow.".to_owned();
    // What a manifest keeps for itself, such as anchors.
    let rules = json!({ "required": ["version", "steps"], "patternProperties": { "^x-": {} } });
    let top = map(docs, fields.into(), Some(rules)).to_value();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "ftpflow manifest, version 1",
    });
    if let (Value::Object(schema), Value::Object(top)) = (&mut schema, top) {
        schema.extend(top);
        let definitions = generator.take_definitions(true);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

/// A map whose keys are names.
fn named(value: Value, reserved: Option<&str>) -> Value {
    let mut names = json!({ "pattern": NAME, "patternErrorMessage": NAME_HELP });
    if let Some(reserved) = reserved {
        names["not"] = json!({ "const": reserved });
    }
    json!({ "type": "object", "propertyNames": names, "additionalProperties": value })
}

fn steps(step: Value) -> Value {
    let mut steps = named(step, None);
    steps["minProperties"] = json!(1);
    steps
}
