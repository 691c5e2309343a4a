//! Whatever a password is, what is written stays whole: every JSON line parses, XML is well-formed, the journal can be
//! resumed from. One of four characters or more stands in no text, a shorter one in none that a server could have put it in.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::harness::server::{Do, On, Server};
use crate::harness::{Case, REPORTS, xml};

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
const WORDS: [&str; 40] = [
    "1", "e", "0", "\"", "\\", "{", "}", ":", ",", "<", "&", "%", "*", "**", "***", "****", "2026",
    "step", "record", "file", "files", "true", "null", "event", "failed", "version", "\":\"",
    "amp;", "&lt;", "\\\"", "u{1b}", "name", "sha256", "Summary", "failure", "message", "done",
    "get", "no", "550",
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
    if password.chars().count() > 3 && password != "****" {
        // Documented codes are ours.
        let codes = regex::Regex::new(r"ftpflow::\S+").unwrap();
        let said = codes.replace_all(&outcome.stderr, "");
        assert!(!said.contains(password), "{password:?}: {said}");
    }
    let text = |name: &str| String::from_utf8(case.read(name).unwrap()).unwrap();
    for line in text(REPORTS[0]).lines() {
        holds_none(&serde_json::from_str(line).unwrap(), password);
    }
    holds_none(&serde_json::from_str(&text(REPORTS[1])).unwrap(), password);
    xml::texts(&text(REPORTS[2]));
    let case = case.args(["--resume"]);
    case.run().code(0).stderr_has("continuing run");
    assert_eq!(case.files("out"), ["a", "b", "c"], "{password:?}");
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
