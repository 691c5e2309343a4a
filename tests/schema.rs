//! The JSON Schema: what stands in the repository is what the types say, a validator of its own accepts what is shipped, and words, defaults
//! and unknown keys are those of `check`.

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use ftpflow::manifest::{Manifest, SCHEMA_ID, Severity, json_schema};
use ftpflow::plan::compile;
use ftpflow::report::{events_schema, report_schema};
use serde_json::{Value, json};

use crate::harness::Case;
use crate::harness::server::{Do, On, Server};
use crate::soundness::blind;

struct Validator {
    schemas: Schemas,
    schema: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource(SCHEMA_ID, json_schema()).unwrap();
        let schema = compiler.compile(SCHEMA_ID, &mut schemas).unwrap();
        Self { schemas, schema }
    }

    fn judge(&self, text: &str) -> Result<(), String> {
        let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        let value = serde_json::to_value(merged(value)).unwrap();
        self.schemas
            .validate(&value, self.schema)
            .map_err(|error| format!("{error:#}"))
    }
}

fn merged(mut value: serde_yaml::Value) -> serde_yaml::Value {
    value.apply_merge().unwrap();
    value
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The errors that `check` finds.
fn errors(text: &str) -> Vec<String> {
    let read = Manifest::read("test.yaml", text.as_bytes());
    let compiled = read
        .manifest
        .as_ref()
        .map(|manifest| compile(manifest, &blind()));
    let findings = read
        .findings
        .into_iter()
        .chain(compiled.into_iter().flat_map(|compiled| compiled.findings));
    let errors = findings.filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| format!("{}: {}", finding.code, finding.message))
        .collect()
}

#[test]
fn the_files_are_what_the_program_prints() {
    for (what, name) in [
        ("manifest", "ftpflow"),
        ("report", "report"),
        ("events", "events"),
    ] {
        let printed = assert_cmd::Command::cargo_bin("ftpflow")
            .unwrap()
            .args(["schema", what])
            .assert()
            .success();
        let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
        let path = root().join(format!("schemas/{name}.schema.json"));
        let file = fs::read_to_string(path).unwrap_or_default();
        assert!(
            file == printed,
            "the schema has changed: `cargo run -- schema {what} > schemas/{name}.schema.json`"
        );
    }
}

/// Fails where a document is none that the schema describes.
#[track_caller]
fn fits(schema: &Value, documents: impl IntoIterator<Item = Value>) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let id = schema["$id"].as_str().unwrap();
    compiler.add_resource(id, schema.clone()).unwrap();
    let index = compiler.compile(id, &mut schemas).unwrap();
    for document in documents {
        if let Err(error) = schemas.validate(&document, index) {
            panic!("{document}: {error:#}");
        }
    }
}

#[test]
fn what_runs_write_is_what_the_schemas_say() {
    let server = Server::new()
        .files("/in", (0..12).map(|at| format!("f{at}")), "content")
        .file("/old/a", "content")
        .rule(On::command("RETR").path("/in/f3"), Do::reply("550 no"))
        .rule(
            On::command("RETR").path("/in/f4").nth(1),
            Do::reply("450 busy"),
        )
        .start();
    let steps = "defaults: { retry: { attempts: 2, backoff: 10ms } }
steps:
  get: { download: { server: s, files: /in/*, into: out } }
  gone: { list: { server: s, path: /nowhere } }
  after: { needs: gone, list: { server: s, path: /in } }
  kept: { list: { server: s, path: /old } }
  clear: { delete: { from: kept } }
";
    let case = Case::new()
        .pipeline(&[("s", &server)], steps)
        .with_reports();
    case.run().code(1);
    let report = case.read("r.json").unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    fits(&report_schema(), [report.clone()]);
    let lines = String::from_utf8(case.read("events.jsonl").unwrap()).unwrap();
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds = events.iter().map(|event| event["event"].as_str().unwrap());
    let kinds: std::collections::BTreeSet<&str> = kinds.collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    fits(&events_schema(), events);
    // The events tell all that the report does, but for the lines of the manifest.
    let again = [
        "report",
        "events.jsonl",
        "--out",
        "again.json",
        "--manifest",
        "pipeline.yaml",
    ];
    let case = case.instead(&again);
    case.run().code(0);
    let again: Value = serde_json::from_slice(&case.read("again.json").unwrap()).unwrap();
    assert_eq!(again, report);
    // What lacks a field that every document has is none.
    let mut wrong = report;
    wrong.as_object_mut().unwrap().remove("steps");
    let refused = std::panic::catch_unwind(|| fits(&report_schema(), [wrong]));
    assert!(refused.is_err());
}

#[test]
fn every_shipped_manifest_is_valid() {
    let validator = Validator::new();
    let entries = fs::read_dir(root().join("pipelines")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.push(root().join("src/cli/first.yaml"));
    assert!(paths.len() > 3);
    for path in paths {
        let judged = validator.judge(&fs::read_to_string(&path).unwrap());
        assert!(judged.is_ok(), "{}: {judged:?}", path.display());
    }
}

/// Shapes of values that are right: variables in place of numbers and booleans, numbers in place of text, shorthands, extension keys.
#[test]
fn what_the_language_allows_is_valid() {
    let validator = Validator::new();
    for text in [
        "version: 1\nx-mine: [1, {a: b}]\nvars: {series: 2.10, pin: 0123, on: true}\nservers: {a: {host: h, port: '${vars.pin}', connections: '8', tls: false}}\nsteps: {l: {list: {server: a, recursive: '${vars.on}', path: 2024}}}\n",
        "version: '1'\nname: 5\nsteps: {版本_1: {upload: {files: [a, b], to: a, into: /x, chmod: 0644, type: ascii}}, β: {needs: 版本_1, list: {server: local}}}\nservers: {a: {host: h, tls: {mode: explicit, min: 1.2}, data: {mode: active, ports: 50000-50100}, timeouts: {reply: 90s}}}\n",
        "version: 1\ndefaults: {retry: {attempts: '${vars.n}', backoff: 1h 30m}, timeout: '${vars.n}m', publish: '${vars.n}'}\nvars: {n: 3}\nservers: {a: &a {host: h}, b: {<<: *a, port: 2121}}\nsteps:\n  d: {download: {server: a, files: /x, into: o}}\n  r: {relay: {server: a, files: /x, to: b, into: o, parallel: 2}, on_error: continue}\n  f: {filter: {from: d, newer_than: 2026-11-22, larger_than: 4096, smaller_than: 1.5GiB, include: x}}\n",
    ] {
        assert_eq!(validator.judge(text), Ok(()), "{text}");
    }
}

#[test]
fn what_check_refuses_by_its_form_is_invalid() {
    let validator = Validator::new();
    for steps in [
        "{}",
        "{a b: {list: {server: local}}}",
        "{1a: {list: {server: local}}}",
        "{a: {}}",
        "{a: {list: {server: local}, filter: {from: a}}}",
        "{a: {lst: {server: local}}}",
        "{a: {list: {}}}",
        "{a: {list: {server: local, recursive: maybe}}}",
        "{a: {list: {server: local, missing: ok}}}",
        "{a: {list: {server: local, path: }}}",
        "{a: {list: {server: local, path: [x]}}}",
        "{a: {list: {server: local}, retry: {attempts: 0}}}",
        "{a: {list: {server: local}, retry: {attempts: many}}}",
        "{a: {list: {server: local}, timeout: 5}}",
        "{a: {list: {server: local}, needs: {b: c}}}",
        "{a: {download: {into: x}}}",
        "{a: {delete: {max: 3}}}",
    ] {
        let text = format!("version: 1\nsteps: {steps}\n");
        assert!(!errors(&text).is_empty(), "check accepts {text}");
        assert!(validator.judge(&text).is_err(), "the schema accepts {text}");
    }
}

/// A manifest with `@` in the map that a definition describes, and with nothing wrong in it when `@` is nothing.
fn around(definition: &str) -> &'static str {
    match definition {
        "Server" => "version: 1\nservers: {a: {host: h@}}\nsteps: {k: {list: {server: a}}}\n",
        "Tls" => {
            "version: 1\nservers: {a: {host: h, tls: {mode: explicit@}}}\nsteps: {k: {list: {server: a}}}\n"
        }
        "Data" => {
            "version: 1\nservers: {a: {host: h, data: {mode: active@}}}\nsteps: {k: {list: {server: a}}}\n"
        }
        "Timeouts" => {
            "version: 1\nservers: {a: {host: h, timeouts: {connect: 15s@}}}\nsteps: {k: {list: {server: a}}}\n"
        }
        "Defaults" => {
            "version: 1\ndefaults: {description: x@}\nservers: {a: {host: h}}\nsteps: {k: {list: {server: a}}}\n"
        }
        "Step" => "version: 1\nservers: {a: {host: h}}\nsteps: {k: {list: {server: a}@}}\n",
        "Limits" => {
            "version: 1\nservers: {a: {host: h, limits: {entries: 1000000@}}}\nsteps: {k: {list: {server: a}}}\n"
        }
        "RunLimits" => {
            "version: 1\nlimits: {entries: 1000000@}\nservers: {a: {host: h}}\nsteps: {k: {list: {server: a}}}\n"
        }
        "Retry" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {list: {server: a}, retry: {attempts: 4@}}}\n"
        }
        "Login" => "version: 1\nservers: {a: {host: h}}\nsteps: {k: {login: {server: a@}}}\n",
        "List" => "version: 1\nservers: {a: {host: h}}\nsteps: {k: {list: {server: a@}}}\n",
        "Filter" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {l: {list: {server: a}}, k: {filter: {from: l, include: x@}}}\n"
        }
        "Download" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {download: {server: a, files: /x, into: o@}}}\n"
        }
        "Upload" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {upload: {files: x, to: a, into: /o@}}}\n"
        }
        "Relay" => {
            "version: 1\nservers: {a: {host: h}, b: {host: i}}\nsteps: {k: {relay: {server: a, files: /x, to: b, into: /o@}}}\n"
        }
        "Move" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {l: {list: {server: a}}, k: {move: {from: l, into: /x@}}}\n"
        }
        "Delete" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {delete: {server: a, files: /x@}}}\n"
        }
        "Rename" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {download: {server: a, files: /x, into: o, rename: {match: x, to: y@}}}}\n"
        }
        "Wait" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {list: {server: a, wait: {for: x@}}}}\n"
        }
        "Once" => {
            "version: 1\nservers: {a: {host: h}}\nsteps: {k: {download: {server: a, files: /x, into: o, once: {for: 90d@}}}}\n"
        }
        other => panic!("{other} has no manifest here: add one"),
    }
}

fn with(definition: &str, addition: &str) -> String {
    // Not a key of `defaults`; there only so that each addition begins with a comma.
    let text = around(definition).replace("{description: x@}", "{timeout: 1h@}");
    match definition {
        "Timeouts" | "Limits" | "Retry" | "Defaults" if !addition.is_empty() => {
            let own = addition.trim_start_matches(", ").split(':').next().unwrap();
            let text = ["connect: 15s@", "attempts: 4@", "timeout: 1h@"]
                .iter()
                .fold(text, |text, first| match first.starts_with(own) {
                    true => text.replace(first, "@"),
                    false => text,
                });
            text.replace("{@", "{")
                .replace('@', addition)
                .replace("{}", &format!("{{{}}}", addition.trim_start_matches(", ")))
        }
        _ => text.replace('@', addition),
    }
}

fn definitions() -> Vec<(String, Vec<(String, Value)>)> {
    let schema = json_schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let fields = |definition: &Value| {
        let properties = definition["properties"].as_object().unwrap();
        properties
            .iter()
            .map(|(key, field)| (key.clone(), field.clone()))
            .collect()
    };
    definitions
        .iter()
        .map(|(name, definition)| (name.clone(), fields(definition)))
        .collect()
}

#[test]
fn an_unknown_key_is_refused_wherever_check_refuses_it() {
    let validator = Validator::new();
    for (definition, _) in definitions() {
        let right = with(&definition, "");
        assert_eq!(errors(&right), Vec::<String>::new(), "{right}");
        assert_eq!(validator.judge(&right), Ok(()), "{right}");
        let wrong = with(&definition, ", bogus: 1");
        assert!(!errors(&wrong).is_empty(), "{wrong}");
        assert!(validator.judge(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_field_is_described() {
    for (definition, fields) in definitions() {
        for (key, field) in fields {
            let docs = field["description"].as_str().unwrap_or_default();
            assert!(docs.ends_with('.'), "{definition}.{key}: {docs:?}");
        }
    }
}

/// The first `enum` in a field's schema.
fn words(field: &Value) -> Option<Vec<String>> {
    if let Some(words) = field["enum"].as_array() {
        let words = words.iter().filter_map(|word| word.as_str());
        return Some(
            words
                .filter(|word| *word != "false")
                .map(str::to_owned)
                .collect(),
        );
    }
    field["anyOf"].as_array()?.iter().find_map(words)
}

#[test]
fn the_words_of_a_field_are_those_that_check_names() {
    let mut compared = 0;
    for (definition, fields) in definitions() {
        for (key, field) in fields.iter().filter(|(key, _)| key != "encoding") {
            let Some(words) = words(field) else { continue };
            let text = match (definition.as_str(), key.as_str()) {
                (_, "mode") => around(&definition)
                    .replace("mode: explicit", "mode: zzzz")
                    .replace("mode: active", "mode: zzzz")
                    .replace('@', ""),
                _ => with(&definition, &format!(", {key}: zzzz")),
            };
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let (last, first) = quoted.split_last().unwrap();
            let named = format!("`zzzz` is not {} or {last}", first.join(", "));
            assert!(
                errors(&text).iter().any(|error| error.ends_with(&named)),
                "{text}{:?}\n{named}",
                errors(&text)
            );
            compared += 1;
        }
    }
    assert!(compared > 20);
}

/// The compiled plan, or what is wrong.
fn plan(text: &str) -> String {
    let read = Manifest::read("test.yaml", text.as_bytes());
    let compiled = compile(&read.manifest.unwrap(), &blind());
    let printable = compiled
        .printable
        .unwrap_or_else(|| panic!("{text}{:?}", compiled.findings));
    format!("{:?}", printable.plan)
}

#[test]
fn writing_a_default_changes_nothing() {
    let mut written = 0;
    for (definition, fields) in definitions() {
        for (key, field) in fields {
            // Which versions of TLS are offered when none is named is the library's to say.
            let skipped = matches!(
                (definition.as_str(), key.as_str()),
                ("Tls", "min" | "max") | ("Server", "user")
            );
            let Some(default) = field.get("default").filter(|_| !skipped) else {
                continue;
            };
            let value = if *default == json!(".") {
                "'.'".to_owned()
            } else {
                default.to_string()
            };
            let (plain, with) = (
                with(&definition, ""),
                with(&definition, &format!(", {key}: {value}")),
            );
            assert_eq!(plan(&with), plan(&plain), "{definition}.{key}");
            written += 1;
        }
    }
    assert!(written > 50, "{written} defaults");
}
