//! Whatever a password is, what is written stays whole: every JSON line parses, XML is well-formed, the journal can be
//! resumed from. One of four characters or more stands in no line for people, our own words included, and in no value of a
//! document; a shorter one in no text that a server could have put it in.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::harness::server::{Do, On, Server};
use crate::harness::{Case, Outcome, REPORTS, xml};

/// What servers and errors write: where even a password of one letter is masked.
const FOREIGN: [&str; 7] = [
    "message",
    "reply",
    "command",
    "help",
    "transcript",
    "file",
    "text",
];

/// Fields of texts; all others are words and numbers of ours.
const TEXTS: [&str; 6] = ["name", "subject", "server", "reason", "because", "names"];

/// Words of our own reports and of what holds them together.
const WORDS: [&str; 61] = [
    "1",
    "e",
    "0",
    "\"",
    "\\",
    "{",
    "}",
    ":",
    ",",
    "<",
    "&",
    "%",
    "*",
    "**",
    "***",
    "****",
    "2026",
    "step",
    "record",
    "file",
    "files",
    "true",
    "null",
    "event",
    "failed",
    "version",
    "\":\"",
    "amp;",
    "&lt;",
    "\\\"",
    "u{1b}",
    "name",
    "sha256",
    "Summary",
    "failure",
    "message",
    "done",
    "get",
    "no",
    "550",
    "warning",
    "error",
    "note",
    "help",
    "ftpflow",
    "unused",
    "Starting",
    "Finished",
    "Failed",
    "login",
    "server",
    "STEP",
    "FILES",
    "download",
    "nothing",
    "continuing",
    "failed to",
    "file already",
    "manifest",
    "steps done",
    "run 20",
];

/// The texts of these fields, wherever they stand.
fn texts<'a>(value: &'a Value, fields: &[&str], within: bool, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if within => found.push(text),
        Value::Array(items) => items
            .iter()
            .for_each(|item| texts(item, fields, within, found)),
        Value::Object(map) => map
            .iter()
            .for_each(|(key, item)| texts(item, fields, fields.contains(&key.as_str()), found)),
        _ => {}
    }
}

#[track_caller]
fn holds_none(document: &Value, password: &str) {
    let mut found = Vec::new();
    texts(document, &FOREIGN, false, &mut found);
    if password.chars().count() > 3 {
        texts(document, &TEXTS, false, &mut found);
    }
    // A mask is no password, and says nothing of one that is made of stars.
    let stars = password.chars().all(|c| c == '*');
    let bad = found.iter().find(|text| text.contains(password) && !stars);
    assert!(bad.is_none(), "{password:?}: {bad:?}");
}

/// Whether words for people show a password that must not stand in them.
fn shows(said: &str, password: &str) -> bool {
    password.chars().count() > 3 && password != "****" && said.contains(password)
}

/// No line for people holds it: what a run says, or what was asked for on stdout.
#[track_caller]
fn says_none(outcome: &Outcome, password: &str) {
    for said in [&outcome.stderr, &outcome.stdout] {
        assert!(!shows(said, password), "{password:?}: {said}");
    }
}

/// The run that events are about.
fn run_id(events: &str) -> String {
    let first = events.lines().next().unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    first["run_id"].as_str().unwrap().to_owned()
}

/// One run that fails at one file, and one that continues it.
fn tried(password: &str) {
    let server = Server::new()
        .files("/in", ["a", "b", "c"], "content")
        .chatter([password])
        .rule(
            On::command("RETR").nth(2),
            Do::reply(format!("550 {password} no {password}{password}")),
        )
        .start();
    let yaml = format!(
        "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {}, user: u, password: \"${{env.SECRET}}\", connections: 1 }}
steps:
  get: {{ download: {{ server: s, files: /in/*, into: out }} }}
  look: {{ list: {{ server: s, path: /in }} }}
",
        server.port()
    );
    let case = Case::new().env("SECRET", password).manifest(&yaml);
    let case = case.with_reports();
    let outcome = case.run();
    outcome.code(1);
    says_none(&outcome, password);
    let text = |case: &Case, name: &str| String::from_utf8(case.read(name).unwrap()).unwrap();
    for line in text(&case, REPORTS[0]).lines() {
        holds_none(&serde_json::from_str(line).unwrap(), password);
    }
    holds_none(
        &serde_json::from_str(&text(&case, REPORTS[1])).unwrap(),
        password,
    );
    for (name, told) in xml::texts(&text(&case, REPORTS[2])) {
        let ours = !matches!(name, "" | "message");
        assert!(ours || !shows(&told, password), "{password:?}: {told}");
    }
    let begun = run_id(&text(&case, REPORTS[0]));
    let case = case.args(["--resume"]);
    let outcome = case.run();
    outcome.code(0);
    says_none(&outcome, password);
    assert_eq!(case.files("out"), ["a", "b", "c"], "{password:?}");
    assert_eq!(run_id(&text(&case, REPORTS[0])), begun, "{password:?}");
}

#[test]
fn words_of_our_own_reports_break_nothing() {
    WORDS.into_iter().for_each(tried);
}

#[test]
fn any_password_of_printable_characters_breaks_nothing() {
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    // `${` would begin a variable; spaces at an end are cut by servers.
    let passwords = "[!-~]([ -~]{0,38}[!-~])?";
    runner
        .run(
            &passwords.prop_filter("no variable", |text| !text.contains("${")),
            |password| {
                tried(&password);
                Ok(())
            },
        )
        .unwrap();
}

/// What only looks at a manifest says it in lines, too.
#[test]
fn what_looks_at_a_manifest_says_no_password_in_our_own_words() {
    let server = Server::new().file("/in/a", "content").start();
    let port = server.port();
    let words = WORDS.into_iter().filter(|word| word.len() > 3);
    for word in words.filter(|word| !word.contains(['"', '\\', '*', '{', '%'])) {
        let mut case = Case::new().env("SECRET", word).manifest(&format!(
            "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {port}, user: u, password: \"${{env.SECRET}}\" }}
  t: {{ host: 127.0.0.1, user: u, password: \"{word}\" }}
steps:
  look: {{ list: {{ server: s, path: /in }} }}
"
        ));
        let commands: [&[&str]; 8] = [
            &["check", "pipeline.yaml"],
            &["run", "pipeline.yaml", "--dry-run"],
            &["plan", "pipeline.yaml"],
            &["probe", "pipeline.yaml", "s"],
            &["probe", "pipeline.yaml", "x"],
            &["run", "pipeline.yaml", "--only", "x"],
            &["run", "pipeline.yaml", "--resume"],
            &["run", "pipeline.yaml", "--report", "none/r.xml"],
        ];
        for command in commands {
            case = case.instead(command);
            says_none(&case.run(), word);
        }
    }
}

/// A name that holds the password cannot be recorded: the journal is given up, and nobody is told to resume from it.
#[test]
fn a_journal_that_lacks_a_record_says_so_and_offers_no_resume() {
    let server = Server::new()
        .files("/in", ["release-1", "release-2"], "content")
        .rule(On::command("RETR").nth(2), Do::reply("550 no"))
        .start();
    let steps = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";
    let yaml = format!(
        "version: 1\nservers:\n  s: {{ host: 127.0.0.1, port: {}, user: u, password: release }}\n{steps}",
        server.port()
    );
    let case = Case::new().manifest(&yaml);
    let outcome = case.run();
    outcome.code(1).never_says("with `--resume`");
    outcome
        .stderr_has("this run cannot be resumed")
        .stderr_has("***-");
    let case = case.args(["run", "pipeline.yaml", "--resume"]);
    case.run().code(0).stderr_has("nothing to resume");
    assert_eq!(case.files("out"), ["release-1", "release-2"]);
}
