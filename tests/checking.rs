//! `ftpflow check`: what it reads, what it writes, how it ends.

use std::collections::BTreeSet;
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

/// One manifest with mistakes of 34 sorts, most of them in lines with CJK text.
const MISTAKES: &str = include_str!("manifests/mistakes.yaml");

#[test]
fn mistakes_of_37_sorts_are_found_in_one_run_each_at_its_place() {
    let case = Case::new().file("错误.yaml", MISTAKES);
    let outcome = case.args(["check", "--format", "json", "错误.yaml"]).run();
    let document = json(outcome.code(3));
    let found = document["diagnostics"].as_array().unwrap();
    let lines: Vec<&str> = MISTAKES.lines().collect();
    let mut table = String::new();
    for one in found {
        let number = |key: &str| usize::try_from(one[key].as_u64().unwrap()).unwrap();
        let line: Vec<char> = lines[number("line") - 1].chars().collect();
        let end = match number("line") == number("end_line") {
            true => number("end_column") - 1,
            false => line.len(),
        };
        let marked: String = line[number("column") - 1..end].iter().collect();
        let code = one["code"]
            .as_str()
            .unwrap()
            .trim_start_matches("ftpflow::");
        table.push_str(&format!(
            "{}:{} {code} {marked:?}\n",
            one["line"], one["column"]
        ));
    }
    let sorts: BTreeSet<&str> = found
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    insta::assert_snapshot!(table, @r#"
    1:10 manifest::version "2"
    2:11 variable::not_here "${vars.系列}"
    3:1 key::unknown "alow"
    7:12 variable::unknown "${vars.系利}"
    8:6 variable::cycle "\"${vars.乙}\""
    12:15 server::host "\"ftp://10.0.0.5\""
    13:31 value::bad "70000"
    14:42 server::clear_text "password"
    15:36 server::literal_password "password"
    16:25 server::no_password "user"
    17:25 key::unknown "encodign"
    20:3 name::invalid "取 回"
    23:5 step::missing_side "list"
    25:5 step::unknown_kind "fetch"
    27:25 step::unknown_server "够建"
    27:36 value::pattern "\"/出/[a.zip\""
    29:27 step::unknown_step "下栽"
    31:5 value::required "upload"
    35:14 yaml::unknown_alias "*.zip"
    38:9 yaml::full_width "："
    40:51 value::type "[类型, dist]"
    42:76 options::contradict "checksum"
    45:5 value::missing "timeout"
    47:53 key::misplaced "needs"
    49:13 step::cycle "蛋"
    54:3 yaml::duplicate_key "空值"
    56:3 step::no_kind "什么"
    59:36 value::typographic_quotes "“/新/*.zip”"
    59:54 path::home "~/新/report.csv"
    59:54 path::into_file "~/新/report.csv"
    59:70 key::foreign "dest"
    61:50 variable::shell "$HOME/脚本"
    64:5 options::idle "retry"
    70:27 step::apart "[甲取, 乙取]"
    73:11 step::when_alone "failure"
    76:11 step::when_no_set "failure"
    78:32 step::once_limited "5"
    84:29 step::into_source "/收/已办"
    84:47 value::bad "skip"
    86:24 step::wrong_sort "收件"
    94:26 step::extras "近取"
    94:35 value::bad "0%"
    "#);
    assert!(sorts.len() >= 37, "{} sorts", sorts.len());
}

#[test]
fn the_same_mistakes_for_people() {
    let case = Case::new().file("错误.yaml", MISTAKES);
    let outcome = case.args(["check", "错误.yaml"]).run();
    outcome.code(3).never_says("秘密四个字");
    insta::assert_snapshot!(outcome.stdout);
}
