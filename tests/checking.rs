//! `ftpflow check`: what it reads, what it writes, how it ends.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Case, Outcome};

const GOOD: &str = "version: 1\nservers:\n  build: { host: 10.0.0.5 }\nsteps:\n  keep:\n    download: { server: build, files: \"/out/*.zip\", into: dist }\n";
const BAD: &str = "version: 1\nservers:\n  build: { host: 10.0.0.5 }\nsteps:\n  保存:\n    download: { server: bulid, files: \"/out/*.zip\", into: dist }\n";
const DOUBTFUL: &str = "version: 1\nvars: { 未用: x }\nservers:\n  build: { host: 10.0.0.5 }\nsteps:\n  keep:\n    download: { server: build, files: \"/out/*.zip\", into: dist }\n";

fn case() -> Case {
    Case::new()
        .file("good.yaml", GOOD)
        .file("more/坏 的.yaml", BAD)
        .file("more/doubtful.yaml", DOUBTFUL)
}

#[track_caller]
fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn exit_codes_tell_errors_warnings_and_missing_files_apart() {
    let code = |arguments: &[&str], code| {
        case()
            .args([&["check"], arguments].concat())
            .run()
            .code(code);
    };
    code(&["good.yaml"], 0);
    code(&["good.yaml", "more/doubtful.yaml"], 0);
    code(&["more/doubtful.yaml", "--deny", "warnings"], 3);
    code(
        &[
            "more/doubtful.yaml",
            "--deny",
            "warnings",
            "--allow",
            "variable::unused",
        ],
        0,
    );
    code(&["more/*.yaml", "good.yaml"], 3);
    code(&["good.yaml", "missing.yaml"], 2);
    code(&["good.yaml", "missing*.yaml"], 2);
    code(&["more"], 2);
    code(&[], 2);
    code(&["good.yaml", "--allow", "nonsense"], 2);
    code(&["--explain", "step::cycle", "good.yaml"], 2);
}

#[test]
fn json_names_every_place_in_characters() {
    let outcome = case()
        .args(["check", "--format", "json", "more/*.yaml", "good.yaml"])
        .run();
    let document = json(outcome.code(3));
    assert_eq!(document["version"], 1);
    assert_eq!(
        document["files"],
        serde_json::json!(["more/doubtful.yaml", "more/坏 的.yaml", "good.yaml"])
    );
    let found = document["diagnostics"].as_array().unwrap();
    let unused = &found[0];
    assert_eq!(unused["code"], "ftpflow::variable::unused");
    assert_eq!(unused["severity"], "warning");
    assert_eq!((&unused["line"], &unused["column"]), (&2.into(), &9.into()));
    let unknown = found
        .iter()
        .find(|one| one["code"] == "ftpflow::step::unknown_server")
        .unwrap();
    assert_eq!(unknown["file"], "more/坏 的.yaml");
    assert_eq!(unknown["severity"], "error");
    assert_eq!(
        (&unknown["line"], &unknown["column"]),
        (&6.into(), &25.into())
    );
    assert_eq!(
        (&unknown["end_line"], &unknown["end_column"]),
        (&6.into(), &30.into())
    );
    assert_eq!(unknown["help"], "did you mean `build`?");
}

#[test]
fn a_document_is_whole_even_where_a_file_is_missing() {
    for format in ["json", "sarif"] {
        let outcome = case()
            .args(["check", "--format", format, "missing.yaml", "good.yaml"])
            .run();
        let document = json(outcome.code(2).stderr_has("missing.yaml"));
        assert_eq!(
            document["version"],
            if format == "json" {
                1.into()
            } else {
                Value::from("2.1.0")
            }
        );
        if format == "sarif" {
            assert_eq!(
                document["runs"][0]["invocations"][0]["executionSuccessful"],
                false
            );
        }
    }
}

#[test]
fn sarif_is_what_its_schema_allows() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/sarif-2.1.0-rtm.5.json");
    let mut schemas = boon::Schemas::new();
    let schema = boon::Compiler::new()
        .compile(schema.to_str().unwrap(), &mut schemas)
        .unwrap();
    let outcome = case()
        .args(["check", "--format", "sarif", "more/*.yaml", "good.yaml"])
        .run();
    let mut document = json(outcome.code(3));
    schemas.validate(&document, schema).unwrap();
    // The validator is one: what the schema does not allow is refused.
    document["runs"][0]["results"][0]["level"] = "dreadful".into();
    assert!(schemas.validate(&document, schema).is_err());
}

#[test]
fn annotations_name_the_line_in_the_pull_request() {
    let outcome = case()
        .args(["check", "--format", "github", "more/*.yaml", "good.yaml"])
        .run();
    outcome.code(3).stdout_has(
        "::error file=more/坏 的.yaml,line=6,endLine=6,col=25,endColumn=30,title=ftpflow%3A%3Astep%3A%3Aunknown_server::there is no server `bulid`%0Ahelp: did you mean `build`?\n",
    );
}
