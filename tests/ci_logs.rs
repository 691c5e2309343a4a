//! What the logs of CI systems show: progress that folds away, errors at the lines of the manifest, the job's summary; and
//! that what `docs/ci.md` says to write there can be read.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]

use std::fs;
use std::path::Path;

use clap::Parser;
use ftpflow::cli::Cli;
use regex::Regex;
use serde_yaml::Value;

use crate::harness::server::{Do, On, Running, Server};
use crate::harness::{Case, Outcome};

const STEPS: &str = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";

/// A server that keeps its files, whose names would like to be commands.
fn refusing() -> Running {
    let names = ["a", "::error::x", "b##[group]", "100%\u{85}::endgroup::"];
    let refuses = Do::reply("550-no\r\n550 ::error file=x::##[error]%0A");
    Server::new()
        .files("/in", names, "content")
        .rule(On::command("RETR"), refuses)
        .start()
}

fn case(server: &Running) -> Case {
    let case = Case::new().pipeline(&[("s", server)], STEPS);
    let manifest = case.read("pipeline.yaml").unwrap();
    let case = case.file("ci/release,1.yaml", manifest);
    case.args(["run", "ci/release,1.yaml"])
}

fn on_github(case: Case) -> Case {
    let workspace = case.path("").into_os_string();
    case.env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", workspace)
}

/// The lines that GitHub Actions obeys.
fn commands(outcome: &Outcome) -> Vec<&str> {
    let lines = outcome.stderr.lines().chain(outcome.stdout.lines());
    lines
        .filter(|line| line.trim_start().starts_with("::") || line.contains("##["))
        .collect()
}

#[test]
fn github_gets_a_group_an_error_at_the_line_and_a_summary() {
    let server = refusing();
    let case = on_github(case(&server)).file("summary", "before\n");
    let case = {
        let summary = case.path("summary").into_os_string();
        case.env("GITHUB_STEP_SUMMARY", summary)
    };
    let outcome = case.run();
    outcome.code(1);
    let commands = commands(&outcome);
    let [group, end, error] = commands.as_slice() else {
        panic!("{commands:#?}");
    };
    assert_eq!(*group, "::group::release,1: progress");
    assert_eq!(*end, "::endgroup::");
    let place = "::error file=ci/release%2C1.yaml,line=5,col=3,title=get failed::";
    assert!(error.starts_with(place), "{error}");
    for part in ["4 files", "server   s", "command  RETR", "reply    550"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let (progress, summary) = outcome.stderr.split_once("::endgroup::").unwrap();
    assert!(progress.contains("Failed get") && summary.contains("Summary ["));
    let written = String::from_utf8(case.read("summary").unwrap()).unwrap();
    assert!(
        written.starts_with("before\n<!-- ftpflow report"),
        "{written}"
    );
    assert!(written.contains("4 of 4 files failed"), "{written}");
}

#[test]
fn a_job_summary_that_cannot_be_written_is_a_warning() {
    let server = Server::new().file("/in/a", "content").start();
    let case = on_github(case(&server)).env("GITHUB_STEP_SUMMARY", "no/such/folder/summary");
    let outcome = case.run();
    outcome
        .code(0)
        .stderr_has("warning: failed to open the report `no/such/folder/summary`");
}

#[test]
fn quiet_runs_have_no_group_and_still_their_errors() {
    let server = refusing();
    let outcome = on_github(case(&server).args(["-q"])).run();
    outcome.code(1);
    let commands = commands(&outcome);
    assert!(
        commands.len() == 1 && commands[0].starts_with("::error file="),
        "{commands:#?}"
    );
}

#[test]
fn gitlab_gets_a_section() {
    let server = refusing();
    let outcome = case(&server).env("GITLAB_CI", "true").run();
    outcome.code(1);
    let marks = Regex::new(
        "^\u{1b}\\[0Ksection_start:\\d{10}:(ftpflow-[0-9a-f-]+)\r\u{1b}\\[0Krelease,1: progress\n(?s:.*)\
         \n\u{1b}\\[0Ksection_end:\\d{10}:(ftpflow-[0-9a-f-]+)\r\u{1b}\\[0K\n(?s:.*)Summary \\[",
    )
    .unwrap();
    let found = marks.captures(&outcome.stderr).expect("a section");
    assert_eq!(found[1], found[2]);
    assert_eq!(outcome.stderr.matches("section_").count(), 2);
}

#[test]
fn what_the_document_says_to_write_can_be_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let text = fs::read_to_string(path).unwrap();
    let block = Regex::new(r"(?ms)^```(\w+)\n(.*?)^```$").unwrap();
    let command = Regex::new(r"(?m)(?:^|[\s/=`])ftpflow ((?:run|check) [^`\n]+)").unwrap();
    let mut tried = 0;
    for found in block
        .captures_iter(&text)
        .filter(|found| &found[1] == "yml")
    {
        let value: Value = serde_yaml::from_str(&found[2]).expect(&found[2]);
        assert!(value.is_mapping(), "{}", &found[2]);
    }
    for found in command.captures_iter(&text) {
        let words = found[1]
            .split_whitespace()
            .map(|word| word.trim_matches('\''));
        let words = std::iter::once("ftpflow").chain(words);
        let entry = found[1].trim() == "check --deny warnings";
        // pre-commit puts the files behind its entry.
        let words = words.chain(entry.then_some("pipelines/a.yaml"));
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{}: {error}", &found[0]);
        }
        tried += 1;
    }
    assert!(tried >= 8, "{tried} commands were found");
}
