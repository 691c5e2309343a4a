//! The JSON Schemas of what programs read of a run: the `.json` report and the lines of `--events`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::json::Document;
use crate::event::Stamped;

/// Where schemas are found under their own names.
const PLACE: &str = "https://example.org/ftpflow/schemas/";

/// The schema of `--report FILE.json`, as `schemas/report.schema.json` holds it.
pub fn report_schema() -> Value {
    schema::<Document<'static>>("report")
}

/// The schema of one line of `--events`, as `schemas/events.schema.json` holds it.
pub fn events_schema() -> Value {
    schema::<Stamped>("events")
}

/// What is written, which has every field that is not left out on purpose.
fn schema<T: JsonSchema>(name: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".into(), format!("{PLACE}{name}.schema.json").into());
    schema.to_value()
}
