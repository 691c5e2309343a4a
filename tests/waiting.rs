//! `wait` of a `list`: what it waits for, what it yields, and that nothing else is held up meanwhile.

use std::fs;

use crate::harness::Case;
use crate::harness::server::{Do, On, Running, Server, Tree};

const OLD: i64 = 1_600_000_000;

/// The nth listing of `/in`.
fn look(nth: usize) -> On {
    On::command("MLSD").path("/in").nth(nth)
}

fn puts(path: &'static str, content: &'static str) -> Do {
    Do::mutate(move |tree: &mut Tree| tree.write(path, content))
}

fn inbox() -> Server {
    Server::new().file_at("/in/a.csv", "one", OLD)
}

/// Lists `/in` with this `wait`, and fetches what is no marker.
fn fetching(server: &Running, wait: &str) -> Case {
    let steps = format!(
        "steps:
  inbox: {{list: {{server: a, path: /in, wait: {{{wait}}}}}}}
  data: {{filter: {{from: inbox, exclude: \"*.done\", empty: ok}}}}
  fetch: {{download: {{from: data, into: got}}}}
"
    );
    Case::new().pipeline(&[("a", server)], &steps)
}

#[test]
fn a_list_waits_until_the_files_that_it_waits_for_are_there() {
    let server = inbox()
        .rule(look(2), puts("/in/b.csv", "two"))
        .rule(look(4), puts("/in/all.done", ""))
        .start();
    let case = fetching(&server, "for: \"*.done\", stable: 0s, every: 100ms");
    let case = case.with_reports();
    let outcome = case.run();
    outcome.code(0);
    outcome.stderr_has("Waiting inbox: for *.done (0 of 1, among 1 file), 2h at most");
    assert_eq!(case.files("got"), ["a.csv", "b.csv"]);
    assert_eq!(server.count("MLSD"), 4);
    let events = String::from_utf8(case.read("events.jsonl").unwrap()).unwrap();
    let waiting = events.lines().filter(|line| line.contains("\"waiting\""));
    let waiting: Vec<&str> = waiting.collect();
    // One when it begins, and one when another file has come.
    assert_eq!(waiting.len(), 2, "{waiting:#?}");
    assert!(waiting[0].contains("\"for\":\"*.done\",\"found\":0,\"count\":1"));
}

#[test]
fn as_many_files_as_are_wanted_are_waited_for() {
    let server = inbox()
        .rule(look(2), puts("/in/a.done", ""))
        .rule(look(3), puts("/in/b.done", ""))
        .start();
    let case = fetching(
        &server,
        "for: \"*.done\", count: 2, stable: 0s, every: 100ms",
    );
    case.run().code(0);
    assert_eq!(server.count("MLSD"), 3);
}

#[test]
fn nothing_is_taken_that_still_grows_comes_or_goes() {
    let server = inbox()
        .file_at("/in/all.done", "", OLD)
        .file_at("/in/gone.csv", "gone", OLD)
        .rule(look(2), puts("/in/a.csv", "one, and"))
        .rule(look(3), puts("/in/b.csv", "two"))
        .rule(
            look(4),
            Do::mutate(|tree: &mut Tree| tree.remove("/in/gone.csv")),
        )
        .start();
    // The looks before the last change are too near to each other for what they show to be stable.
    let case = fetching(&server, "for: \"*.done\", stable: 2s, every: 100ms");
    case.run()
        .code(0)
        .stderr_has("*.done (1, among 3 files, until nothing changes for 2s)");
    assert_eq!(case.files("got"), ["a.csv", "b.csv"]);
    assert_eq!(case.read("got/a.csv").unwrap(), b"one, and");
    assert!(server.count("MLSD") > 4);
}

#[test]
fn only_files_with_markers_of_their_own_are_yielded() {
    let server = inbox()
        .file_at("/in/b.csv", "two", OLD)
        .file_at("/in/late.csv", "late", OLD)
        .file_at("/in/.hidden.ok", "", OLD)
        .file_at("/in/sub/c.csv", "three", OLD)
        .file_at("/in/sub/c.ok", "", OLD)
        .rule(look(2), puts("/in/a.ok", ""))
        .rule(look(3), puts("/in/b.ok", ""))
        .start();
    let wait = "ready: \"${stem}.ok\", count: 3, stable: 0s, every: 100ms";
    let steps = format!(
        "steps:
  inbox: {{list: {{server: a, path: /in, recursive: true, wait: {{{wait}}}}}}}
  fetch: {{download: {{from: inbox, into: got}}}}
"
    );
    let case = Case::new().pipeline(&[("a", &server)], &steps);
    case.run().code(0);
    assert_eq!(case.files("got"), ["a.csv", "b.csv", "sub/c.csv"]);
}

#[test]
fn a_wait_that_ends_with_nothing_says_what_there_was() {
    let server = inbox().file_at("/in/ALL.Done", "", OLD).start();
    let wait = "for: \"*.done\", every: 100ms, timeout: 300ms, stable: 0s";
    let case = fetching(&server, wait);
    let outcome = case.run();
    outcome
        .code(1)
        .stderr_has("the wait ended after `timeout: 300ms`: 0 of 2 files match `*.done`, and 1 is wanted; there are `ALL.Done`, `a.csv`")
        .stderr_has("or `on_timeout: empty` where nothing is fine, too");
    assert!(server.count("MLSD") > 1);
    assert!(case.files("got").is_empty());

    let case = fetching(&server, &format!("{wait}, on_timeout: empty"));
    case.run()
        .code(0)
        .stderr_has("the run goes on without files (`on_timeout: empty`)");
    assert!(case.files("got").is_empty());
}

#[test]
fn markers_that_are_missing_at_the_end_of_the_time_are_told() {
    let server = inbox().start();
    let wait = "ready: \"${name}.done\", every: 100ms, timeout: 300ms, stable: 0s";
    fetching(&server, wait).run().code(1).stderr_has(
        "0 of 1 files have their marker `${name}.done`, and 1 is wanted; there are `a.csv`",
    );
}

/// The one session of the server is needed to fetch what the marker comes after.
#[test]
fn no_session_is_held_while_it_sleeps() {
    let server = inbox()
        .file_at("/other/x", "x", OLD)
        .rule(
            On::command("RETR").path("/other/x"),
            puts("/in/all.done", ""),
        )
        .start();
    let steps = "steps:
  inbox: {list: {server: a, path: /in, wait: {for: \"*.done\", stable: 0s, every: 100ms}}}
  other: {download: {server: a, files: /other/x, into: other}}
";
    let case = Case::new().servers(&[("a", &server, "connections: 1")], steps);
    case.run().code(0);
    assert_eq!(case.files("other"), ["x"]);
    assert_eq!(server.max_concurrent_sessions(), 1);
}

#[test]
fn a_signal_ends_the_sleep() {
    let server = inbox().start();
    let case = fetching(&server, "for: \"*.done\", every: 1h");
    let run = case.spawn();
    server.until_command("MLSD", 1);
    run.interrupt();
    run.wait().code(130);
    assert_eq!(server.count("MLSD"), 1);
}

#[test]
fn a_failure_elsewhere_ends_the_sleep_with_fail_fast() {
    let server = inbox()
        .file_at("/other/x", "x", OLD)
        .rule(On::command("RETR").path("/other/x"), Do::reply("550 no"))
        .start();
    let steps = "steps:
  inbox: {list: {server: a, path: /in, wait: {for: \"*.done\", every: 1h}}}
  other: {download: {server: a, files: /other/x, into: other}}
";
    let case = Case::new().pipeline(&[("a", &server)], steps);
    let case = case.args(["run", "pipeline.yaml", "--fail-fast"]);
    case.run().code(1).stderr_has("`--fail-fast` was given");
}

#[test]
fn a_session_that_is_lost_meanwhile_ends_no_wait() {
    let server = inbox()
        .rule(look(2), Do::Close)
        .rule(look(3), Do::Goodbye("421 idle".into()))
        .rule(look(5), puts("/in/all.done", ""))
        .start();
    let wait = "for: \"*.done\", stable: 0s, every: 100ms";
    let case = fetching(&server, wait);
    case.run().code(0);
    assert_eq!(case.files("got"), ["a.csv"]);
}

#[test]
fn a_folder_may_come_while_it_is_waited_for() {
    let server = Server::new()
        .folder("/")
        .rule(
            On::command("CWD").path("/in").nth(2),
            puts("/in/a.done", ""),
        )
        .start();
    let steps = "steps:
  inbox: {list: {server: a, path: /in, missing: empty, wait: {for: \"*.done\", stable: 0s, every: 100ms}}}
";
    Case::new().pipeline(&[("a", &server)], steps).run().code(0);
}

#[test]
fn a_folder_that_cannot_be_listed_ends_the_wait() {
    let server = Server::new().folder("/").start();
    let case = fetching(&server, "for: \"*.done\", every: 1h");
    case.run().code(1).stderr_has("inbox");
}

#[test]
fn plan_looks_once_and_says_that_a_run_would_wait() {
    let server = inbox().start();
    let case = fetching(&server, "for: \"*.done\", every: 1h");
    let case = case.instead(&["plan", "pipeline.yaml"]);
    let outcome = case.run();
    outcome.code(0).stdout_has("a.csv");
    outcome.stderr_has("a run would wait here: 0 of 1 files match `*.done`, and 1 is wanted");
    assert_eq!(server.count("MLSD"), 1);
}

#[test]
fn a_dry_run_says_what_is_waited_for() {
    let server = inbox().start();
    let case = fetching(&server, "for: \"*.done\", count: 2");
    let case = case.args(["run", "pipeline.yaml", "--dry-run"]);
    case.run()
        .code(0)
        .stdout_has("waits for 2 of *.done, unchanged for 30s; looks every 30s, for 2h at most");
    assert_eq!(server.sessions_opened(), 0);
}

#[test]
fn files_of_this_machine_are_waited_for_too() {
    let server = Server::new().folder("/out").start();
    let steps = "steps:
  ready: {list: {server: local, path: out, wait: {ready: \"${name}.done\", stable: 0s, every: 100ms}}}
  send: {upload: {from: ready, to: a, into: /out}}
";
    let case = Case::new().pipeline(&[("a", &server)], steps);
    let case = case.file("out/a.csv", "one").file("out/b.csv", "two");
    let run = case.spawn();
    server.until_command("PASS", 1);
    fs::write(case.path("out/b.csv.done"), "").unwrap();
    run.wait().code(0);
    assert_eq!(server.names("/out"), ["b.csv"]);
}

#[test]
fn a_run_that_is_killed_while_it_waits_waits_again_when_it_is_resumed() {
    let server = inbox().start();
    let wait = "for: \"*.done\", stable: 0s, every: 1h";
    let case = fetching(&server, wait);
    let run = case.spawn();
    server.until_command("MLSD", 1);
    run.kill();
    run.wait();
    server.mutate(|tree| tree.write("/in/all.done", ""));
    let case = case.args(["run", "pipeline.yaml", "--resume"]);
    case.run().code(0).stderr_has("continuing run");
    assert_eq!(case.files("got"), ["a.csv"]);
}

const BRIEF: &str = "stable: 0s, every: 100ms, timeout: 300ms";

/// The folder with one file and its marker.
fn marked() -> Server {
    inbox().file_at("/in/a.done", "", OLD)
}

#[track_caller]
fn finds_only_an_old_marker(case: &Case) {
    case.run()
        .code(1)
        .stderr_has("0 of 2 files match `*.done` (1 more were there in an earlier run)");
}

#[test]
fn a_marker_that_a_successful_run_has_seen_does_not_count_again() {
    let server = marked().start();
    let case = fetching(&server, &format!("for: \"*.done\", {BRIEF}"));
    case.run().code(0);
    finds_only_an_old_marker(&case);
    let case = case.instead(&["plan", "pipeline.yaml"]);
    case.run()
        .code(0)
        .stderr_has("a run would wait here: 0 of 2 files match");
    let case = case.instead(&["run", "pipeline.yaml"]);
    // Written anew; that it is older than the run that saw the last one makes no difference.
    server.mutate(|tree| tree.touch("/in/a.done", OLD + 1));
    case.run().code(0);
    finds_only_an_old_marker(&case);
    server.mutate(|tree| tree.write("/in/b.done", ""));
    case.run().code(0);
}

#[test]
fn what_a_failed_run_has_seen_counts_again() {
    let server = marked()
        .rule(On::command("RETR").nth(1), Do::reply("550 not now"))
        .start();
    let case = fetching(&server, &format!("for: \"*.done\", {BRIEF}"));
    case.run().code(1).stderr_has("550 not now");
    case.run().code(0);
    finds_only_an_old_marker(&case);
}

#[test]
fn other_variables_make_no_marker_new() {
    let server = marked().start();
    let wait = format!("for: \"*.done\", {BRIEF}");
    let steps = format!(
        "vars: {{into: one}}
steps:
  inbox: {{list: {{server: a, path: /in, wait: {{{wait}}}}}}}
  data: {{filter: {{from: inbox, exclude: \"*.done\"}}}}
  fetch: {{download: {{from: data, into: \"${{vars.into}}\"}}}}
"
    );
    let case = Case::new().pipeline(&[("a", &server)], &steps);
    case.run().code(0);
    let case = case.args(["run", "pipeline.yaml", "--var", "into=two"]);
    finds_only_an_old_marker(&case);
}

#[test]
fn a_run_that_is_resumed_knows_what_it_has_seen() {
    let server = marked().rule(On::command("RETR").nth(1), Do::Hang).start();
    let case = fetching(&server, &format!("for: \"*.done\", {BRIEF}"));
    let run = case.spawn();
    server.until_command("RETR", 1);
    run.kill();
    run.wait();
    let case = case.args(["run", "pipeline.yaml", "--resume"]);
    let looks = server.count("MLSD");
    case.run().code(0).stderr_has("continuing run");
    assert_eq!(server.count("MLSD"), looks, "its list is journaled");
    finds_only_an_old_marker(&case.instead(&["run", "pipeline.yaml"]));
}

/// Two files, one of which has its marker.
fn with_markers_of_their_own() -> (Running, Case) {
    let server = inbox()
        .file_at("/in/a.csv.done", "", OLD)
        .file_at("/in/b.csv", "two", OLD)
        .start();
    let steps = format!(
        "steps:
  inbox: {{list: {{server: a, path: /in, wait: {{ready: \"${{name}}.done\", {BRIEF}}}}}}}
  fetch: {{download: {{from: inbox, into: got}}}}
"
    );
    let case = Case::new().pipeline(&[("a", &server)], &steps);
    (server, case)
}

#[test]
fn files_whose_markers_were_seen_are_not_yielded_again() {
    let (server, case) = with_markers_of_their_own();
    case.run().code(0);
    assert_eq!(case.files("got"), ["a.csv"]);
    server.mutate(|tree| {
        tree.write("/in/b.csv.done", "");
        // Without a new marker, it is no new file.
        tree.write("/in/a.csv", "another");
    });
    case.run().code(0);
    assert_eq!(case.files("got"), ["a.csv", "b.csv"]);
    assert_eq!(case.read("got/a.csv").unwrap(), b"one");
    case.run()
        .code(1)
        .stderr_has("(2 more were there in an earlier run)");
}

/// The marker of a file that was taken away stays, and the next file of that name is still being written.
#[test]
fn a_marker_is_known_after_its_file_is_gone_and_another_run_saw_others() {
    let (server, case) = with_markers_of_their_own();
    case.run().code(0);
    server.mutate(|tree| {
        tree.remove("/in/a.csv");
        tree.write("/in/b.csv.done", "");
    });
    case.run().code(0);
    server.mutate(|tree| tree.write("/in/a.csv", "half of"));
    case.run().code(1);
    assert_eq!(case.read("got/a.csv").unwrap(), b"one");
}

/// Else a marker of long ago would stand for a file that is being written.
#[test]
fn nothing_runs_where_what_was_seen_is_damaged_or_cannot_be_read() {
    let (server, case) = with_markers_of_their_own();
    case.run().code(0);
    let states = fs::read_dir(case.path(".ftpflow")).unwrap().flatten();
    let mut seen = states.map(|entry| entry.path().join("seen"));
    let seen = seen.find(|path| path.exists()).unwrap();
    let whole = fs::read(&seen).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    server.mutate(|tree| tree.write("/in/a.csv", "half of"));
    for bytes in [&changed, &whole[..whole.len() - 7], b"", &[0xff; 40]] {
        fs::write(&seen, bytes).unwrap();
        let outcome = case.run();
        outcome.code(4).stderr_has("seen` is damaged");
    }
    fs::remove_file(&seen).unwrap();
    fs::create_dir(&seen).unwrap();
    case.run().code(4).stderr_has("cannot be read");
    assert_eq!(case.read("got/a.csv").unwrap(), b"one");
    fs::remove_dir(&seen).unwrap();
    fs::write(&seen, whole).unwrap();
    case.run()
        .code(1)
        .stderr_has("(1 more were there in an earlier run)");
    assert_eq!(case.read("got/a.csv").unwrap(), b"one");
}

#[test]
fn a_marker_of_which_no_time_is_known_counts() {
    let server = marked()
        .rule(On::command("MDTM"), Do::reply("502 not here"))
        .start();
    let wait = format!("for: \"*.done\", {BRIEF}");
    let steps = format!(
        "steps:
  inbox: {{list: {{server: a, path: /in, wait: {{{wait}}}}}}}
  data: {{filter: {{from: inbox, exclude: \"*.done\"}}}}
  fetch: {{download: {{from: data, into: got}}}}
"
    );
    let case = Case::new().servers(&[("a", &server, "listing: nlst")], &steps);
    case.run().code(0);
    case.run().code(0);
}
