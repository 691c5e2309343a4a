//! Signals: the first ends the run cleanly within 5 s, even when servers are silent; the second ends it at once.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::server::{Do, Gate, On, Running, Server};
use crate::harness::{Case, Process};

fn silent(verb: &str) -> Running {
    Server::new()
        .files("/in", (0..300).map(|at| format!("f{at:03}.txt")), "content")
        .rule(On::command(verb).since_nth(3), Do::Hang)
        .start()
}

fn download(server: &Running) -> Case {
    Case::new().servers(
        &[("s", server, "connections: 2")],
        "steps:
  get: { download: { server: s, files: /in/*, into: out } }
  after: { list: { server: s, path: /in }, needs: get }
",
    )
}

#[test]
fn every_signal_ends_a_run_with_silent_servers() {
    let signals = [Signal::INT, Signal::TERM, Signal::HUP];
    let runs = signals.map(|signal| {
        let server = silent("RETR");
        let case = download(&server);
        let process = case.spawn();
        server.until_command("RETR", 4);
        process.signal(signal);
        (process, server, case)
    });
    for (process, _server, case) in runs {
        let outcome = process.wait();
        outcome.code(130).stderr_has("interrupted");
        assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
        outcome
            .stderr_has("296 files")
            .stderr_has("not transferred");
        assert!(outcome.stderr.lines().count() < 90, "{}", outcome.stderr);
        assert!(
            case.files("out")
                .iter()
                .all(|name| name.len() == 8 || name.contains(".ftpflow-"))
        );
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let server = silent("RETR");
    let case = download(&server);
    let process = case.spawn();
    server.until_command("RETR", 4);
    // Two kinds of signal: two of one kind that are pending at once are one.
    process.interrupt();
    process.terminate();
    // The first alone would let the run end by itself, with a summary.
    process.wait().code(130).never_says("Summary");
}

#[test]
fn a_signal_that_was_to_be_ignored_is_ignored() {
    // As `nohup` does it.
    let gate = Gate::new();
    let server = Server::new()
        .file("/in/a.txt", "content")
        .rule(On::command("RETR"), Do::Wait(gate.clone()))
        .start();
    let nohup = "trap '' HUP; exec \"$0\" run pipeline.yaml";
    let case = download(&server).args(["-c", nohup, env!("CARGO_BIN_EXE_ftpflow")]);
    let process = Process::new(case.start(Path::new("sh")));
    server.until_command("RETR", 1);
    process.signal(Signal::HUP);
    gate.open();
    process.wait().code(0);
    assert_eq!(case.files("out"), ["a.txt"]);
}

#[test]
fn a_signal_during_login_ends_the_run() {
    for verb in ["USER", "PASS"] {
        let server = Server::new().rule(On::command(verb), Do::Hang).start();
        let case = download(&server);
        let process = case.spawn();
        server.until_command(verb, 1);
        process.interrupt();
        let outcome = process.wait();
        outcome.code(130);
        assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
    }
}

#[test]
fn an_interrupted_delete_deletes_nothing_more_and_says_so_once() {
    let gate = Gate::new();
    let server = Server::new()
        .files("/in", (0..90).map(|at| format!("f{at:03}.txt")), "content")
        .rule(On::command("DELE").nth(2), Do::Wait(gate.clone()))
        .start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 1")],
        "steps:\n  tidy: { delete: { server: s, files: /in/* } }\n",
    );
    let process = case.spawn();
    gate.until_arrived(1);
    process.interrupt();
    let outcome = process.wait();
    outcome.code(130);
    assert!(outcome.stderr.lines().count() < 40, "{}", outcome.stderr);
    assert!(server.names("/in").len() >= 88);
}

#[test]
fn an_interrupted_transfer_is_continued_by_the_next_run() {
    let gate = Gate::new();
    let server = Server::new()
        .pattern("/in/big.bin", 5_000_000, 1)
        .rule(On::command("RETR").nth(1), Do::StallAt(2_000_000, gate))
        .start();
    let case = download(&server);
    let process = case.spawn();
    server.until_command("RETR", 1);
    let part = || {
        case.files("out")
            .first()
            .and_then(|name| case.read(format!("out/{name}")))
    };
    while part().is_none_or(|bytes| bytes.len() < 1_000_000) {
        std::thread::yield_now();
    }
    process.interrupt();
    process.wait().code(130);
    assert!(case.files("out")[0].contains(".ftpflow-"));
    case.run().code(0);
    assert_eq!(case.files("out"), ["big.bin"]);
    assert_eq!(server.count("REST"), 1, "{:?}", server.log());
    let whole = crate::harness::server::pattern(5_000_000, 1);
    assert!(case.read("out/big.bin") == Some(whole));
}

#[test]
fn many_transfers_that_a_signal_ends_are_told_as_one() {
    let server = Server::new()
        .files("/in", (0..40).map(|at| format!("f{at:02}.txt")), "content")
        .rule(On::command("RETR"), Do::Hang)
        .start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 16")],
        "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n",
    );
    let process = case.spawn();
    server.until_command("RETR", 16);
    process.interrupt();
    let outcome = process.wait();
    outcome
        .code(130)
        .stderr_has("  16 files: ")
        .stderr_has("more files: ")
        .never_says("    control ");
    assert!(outcome.stderr.lines().count() < 45, "{}", outcome.stderr);
}
