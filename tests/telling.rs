//! What people and machines are told about names that mean harm, about sizes that cannot be, and about many failures.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::server::{Do, Features, Gate, ListStyle, On, Running, Server};
use crate::harness::{Case, Outcome, REPORTS, xml};

/// Commands of GitHub Actions, and characters that a terminal obeys or that turn the direction of text round.
const NAMES: [&str; 6] = [
    "::set-output name=x::y",
    " ::add-mask::e",
    "a##[group]b",
    ":",
    "a\u{202e}gpj\u{2066}",
    "b\u{9b}2J\u{7f}\u{85}c\u{feff}",
];

const STEPS: &str = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";

fn case(server: &Running) -> Case {
    Case::new().pipeline(&[("s", server)], STEPS)
}

/// No line of it commands anything, and no character in it does.
#[track_caller]
fn harmless(text: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
        let odd = |c: char| c.is_control() || "\u{202e}\u{2066}\u{feff}".contains(c);
        assert!(!line.contains(odd), "{line:?}");
    }
}

fn json(case: &Case, name: &str) -> Value {
    serde_json::from_slice(&case.read(name).unwrap()).unwrap()
}

#[test]
fn names_from_a_server_command_nothing() {
    let server = Server::new()
        .files("/in", NAMES, "content")
        .rule(
            On::command("RETR"),
            Do::reply("550-no\r\n550 ::error::##[x]\u{202e}"),
        )
        .start();
    let case = case(&server).with_reports();
    let outcome = case.run();
    outcome.code(1).stderr_has("add-mask");
    harmless(&outcome.stderr);
    harmless(&outcome.stdout);
    for name in REPORTS {
        let text = String::from_utf8(case.read(name).unwrap()).unwrap();
        let text = text.replace("##", "#-").replace("#-[", "##[");
        if name.ends_with("xml") {
            xml::texts(&text);
        }
        harmless(&text);
    }
    // Readers of JSON get the very names.
    let report = json(&case, "r.json");
    let failures = report["failures"].as_array().unwrap().iter();
    let mut told: Vec<&str> = failures.map(|one| one["file"].as_str().unwrap()).collect();
    let mut names = NAMES.to_vec();
    told.sort_unstable();
    names.sort_unstable();
    assert_eq!(told, names);
    let plan = Case::new().pipeline(&[("s", &server)], STEPS);
    let plan = plan.args(["plan", "pipeline.yaml"]).run();
    harmless(&plan.code(0).stdout);
}

#[test]
fn sizes_that_cannot_be_overflow_nothing() {
    let size = u64::MAX - 1;
    let lines: String = (0..3)
        .map(|at| format!("type=file;size={size};modify=20240102030405; f{at}\r\n"))
        .collect();
    let server = Server::new()
        .folder("/in")
        .rule(On::command("MLSD"), Do::ListRaw(lines.into_bytes()))
        .start();
    let case = case(&server).args(["plan", "pipeline.yaml"]);
    let outcome = case.run();
    outcome.never_says("panicked").stdout_has("16.0 EiB");
    assert!(
        outcome.status.code().is_some_and(|code| code < 2),
        "{}",
        outcome.stderr
    );
}

/// So many failures of different causes, one of them of a name that is refused before anything is sent.
fn many(arguments: impl Fn(Case) -> Case) -> (Case, Outcome) {
    let names = (0..200).map(|at| format!("f{at:03}.zip"));
    let mut server = Server::new()
        .features(Features::all())
        .list_style(ListStyle::unix())
        .files("/in", names, "content");
    for at in 0..30 {
        let path = format!("/in/f{at:03}.zip");
        let does = Do::reply(format!("550 {path}: no such thing, {at} bytes"));
        server = server.rule(On::command("RETR").path(path), does);
    }
    for at in 40..46 {
        let path = format!("/in/f{at:03}.zip");
        server = server.rule(On::command("RETR").path(path), Do::reply("553 never"));
    }
    let server = server.file("/in/a:b?.zip", "content").start();
    let case = arguments(Case::new().pipeline(&[("s", &server)], STEPS));
    let outcome = case.run();
    (case, outcome)
}

#[test]
fn many_failures_are_grouped_and_counted_the_same_everywhere() {
    let (case, outcome) = many(Case::with_reports);
    outcome.code(1);
    let report = json(&case, "r.json");
    let step = report["steps"].as_array().unwrap().iter();
    let step = step.clone().find(|step| step["name"] == "get").unwrap();
    let failed = step["files"]["failed"].as_u64().unwrap();
    let sum = |field: &str| step["files"][field].as_u64().unwrap();
    let all = sum("done") + sum("unchanged") + sum("skipped") + failed;
    let causes = report["causes"].as_array().unwrap();
    let counts = causes.iter().map(|cause| cause["files"].as_u64().unwrap());
    assert_eq!(counts.clone().sum::<u64>(), failed);
    assert!(counts.clone().any(|count| count == 30) && counts.clone().any(|count| count == 6));
    assert_eq!(report["failures"].as_array().unwrap().len() as u64, failed);
    let events = String::from_utf8(case.read("events.jsonl").unwrap()).unwrap();
    let told = events
        .lines()
        .filter(|line| line.contains(r#""outcome":"failed","failure""#));
    assert_eq!(told.count() as u64, failed);
    outcome.stderr_has(&format!("{failed} of {all} files failed"));
    for name in ["r.html", "r.md"] {
        let text = String::from_utf8(case.read(name).unwrap()).unwrap();
        assert!(
            text.contains(&format!("{failed} of {all} files failed")),
            "{name}"
        );
        assert!(text.contains("30 files"), "{name}: {text}");
    }
    let xml = String::from_utf8(case.read("r.xml").unwrap()).unwrap();
    assert_eq!(xml.matches(".files\"").count() as u64, failed);
    // No step is counted beside its files.
    assert!(xml.contains(&format!("tests=\"{failed}\" failures=\"{failed}\"")));
    assert_eq!(xml.matches("<failure ").count() as u64, failed);
}

/// What a browser would run of a page, and what the page's script reads: the text between these tags.
fn scripts(page: &str) -> Vec<&str> {
    let each = page.split("<script").skip(1);
    each.map(|part| {
        part.split_once('>')
            .unwrap()
            .1
            .split("</script")
            .next()
            .unwrap()
    })
    .collect()
}

#[test]
fn no_name_runs_in_the_page_and_every_file_has_a_row() {
    let names = [
        "x<script>alert(1)",
        "<!--<script>",
        "\"><img src=x onerror=alert(1)>",
        "plain.zip",
        "]}",
    ];
    let server = Server::new()
        .files("/in", names, "content")
        .rule(
            On::command("RETR").path("/in/plain.zip"),
            Do::reply("550 </script><script>alert(2)</script>"),
        )
        .start();
    let case = case(&server).with_reports();
    case.run().code(1);
    let page = String::from_utf8(case.read("r.html").unwrap()).unwrap();
    let scripts = scripts(&page);
    assert_eq!(scripts.len(), 2, "{page}");
    assert!(!page.contains("<img") && !scripts[1].contains("alert"));
    // The one script is the one that the page allows, and it is ours whatever the names are.
    let ours = include_str!("../src/report/html/page.js");
    assert!(scripts[1] == ours && page.contains("script-src 'sha256-"));
    assert!(page.contains("default-src 'none'"));
    let data: Value = serde_json::from_str(scripts[0]).unwrap();
    let files = data["files"].as_array().unwrap().iter();
    let mut told: Vec<&str> = files.map(|row| row[1].as_str().unwrap()).collect();
    told.sort_unstable();
    let mut names = names.to_vec();
    names.sort_unstable();
    assert_eq!(told, names);
    let failed = data["files"].as_array().unwrap().iter();
    let failed: Vec<&Value> = failed.filter(|row| row[2] == "failed").collect();
    assert!(failed.len() == 1 && failed[0][7].as_str().unwrap().contains("550 </script>"));
    assert!(!data["sessions"].as_array().unwrap().is_empty());
    assert!(page.contains("<svg") && page.contains("[data-step="));
}

/// Thirty names, some of them words of the reply, of our messages, or of what no terminal shows.
#[test]
fn odd_names_make_no_causes_of_their_own() {
    let odd = [
        "e",
        "no",
        "denied",
        "refused",
        "source",
        "a b",
        " lead",
        "it's",
        "a`b",
        "50%",
        "%41",
        "[x]*",
        "2024 report",
        "\u{7248}\u{672c}",
        "b\u{9b}2J\u{7f}c",
        "a\u{202e}gpj",
        "::x",
        "***",
        "file",
        "e\u{301}",
    ];
    let mut server = Server::new().features(Features::all());
    let plain = (0..10).map(|at| format!("plain{at}.zip"));
    for name in odd.into_iter().map(str::to_owned).chain(plain) {
        let path = format!("/in/{name}");
        let does = Do::reply(format!("550 {name}: Permission denied"));
        server = server
            .file(&path, "content")
            .rule(On::command("RETR").path(&path), does);
    }
    let server = server.start();
    let case = case(&server).with_reports();
    case.run().code(1);
    let report = json(&case, "r.json");
    let causes = report["causes"].as_array().unwrap().iter();
    let counts: Vec<u64> = causes.map(|one| one["files"].as_u64().unwrap()).collect();
    assert_eq!(counts, [30], "{report}");
    let up = |name: &str| (format!("up/{name}"), "content");
    let server = Server::new()
        .rule(On::command("STOR"), Do::reply("550 Permission denied"))
        .start();
    let case = odd.iter().map(|name| up(name)).fold(
        Case::new().pipeline(
            &[("s", &server)],
            "steps:\n  put: { upload: { files: \"up/*\", to: s, into: /up } }\n",
        ),
        |case, (path, content)| case.file(&path, content),
    );
    let case = case.with_reports();
    case.run().code(1);
    let report = json(&case, "r.json");
    assert_eq!(report["causes"].as_array().unwrap().len(), 1, "{report}");
}

#[test]
fn the_summary_of_many_failures_fits_a_screen() {
    let (_, outcome) = many(|case| case);
    outcome
        .code(1)
        .stderr_has("  30 files: ")
        .stderr_has("  6 files: ");
    let (_, summary) = outcome.stderr.split_once("STEP").unwrap();
    assert!(summary.lines().count() < 50, "{summary}");
}

#[test]
fn a_reply_of_60_kb_is_shortened_wherever_it_is_shown() {
    for reply in [
        format!("550 {}", "x".repeat(60_000)),
        format!("227 {}", "x".repeat(60_000)),
    ] {
        let server = Server::new()
            .file("/in/a", "content")
            .rule(On::command("RETR"), Do::reply(&reply))
            .start();
        let steps = format!("defaults: {{ retry: {{ attempts: 1 }} }}\n{STEPS}");
        let case = Case::new().pipeline(&[("s", &server)], &steps);
        let case = case.with_reports();
        let outcome = case.run();
        outcome.code(1).stderr_has("x… (60000 characters)");
        let most = 20_000;
        assert!(outcome.stderr.len() < most, "{}", outcome.stderr.len());
        for name in REPORTS {
            let text = String::from_utf8(case.read(name).unwrap()).unwrap();
            // The page has its script, its style and the picture of the plan, too.
            let most = if name == "r.html" { 50_000 } else { most };
            assert!(
                text.contains("… (60000 characters)") && text.len() < most,
                "{name}"
            );
        }
    }
}

/// Nothing wakes for the start of a file alone; it is told soon all the same, though nothing else happens.
#[test]
fn a_file_that_takes_long_is_told_before_it_ends() {
    let gate = Gate::new();
    let server = Server::new()
        .file("/in/long", "content")
        .rule(On::command("RETR"), Do::StallAt(2, gate.clone()))
        .start();
    let case = case(&server).args(["run", "pipeline.yaml", "--events", "events.jsonl"]);
    let running = case.spawn();
    gate.until_arrived(1);
    let told = || String::from_utf8(case.read("events.jsonl").unwrap_or_default()).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while !told().contains("file_started") {
        assert!(Instant::now() < until, "{}", told());
        thread::yield_now();
    }
    assert!(!told().contains("file_finished"));
    gate.open();
    running.wait().code(0);
}
