//! The harness for running the program, tried on programs that every system has.

use std::path::Path;

use crate::harness::process::{Outcome, Process};
use crate::harness::server::Server;
use crate::harness::{Case, redact};

fn shell(case: Case, script: &str) -> (Case, Process) {
    let case = case.args(["-c", script]);
    let process = Process::new(case.start(Path::new("/bin/sh")));
    (case, process)
}

fn run(script: &str) -> Outcome {
    shell(Case::new(), script).1.wait()
}

#[test]
fn an_outcome_holds_code_and_both_outputs() {
    let outcome = run("echo out; echo err >&2; exit 3");
    outcome
        .code(3)
        .stdout_has("out")
        .stderr_has("err")
        .never_says("secret");
}

#[test]
fn a_program_sees_only_a_scrubbed_environment() {
    let (_case, process) = shell(
        Case::new().env("OURS", "yes").file("a/b", "content"),
        "env; cat a/b",
    );
    let outcome = process.wait();
    let mut names: Vec<_> = outcome
        .stdout
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["HOME", "NO_COLOR", "OURS", "PATH", "TZ"]);
    outcome.stdout_has("content");
}

#[test]
fn much_output_does_not_block() {
    let outcome = run("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
    assert_eq!(
        (outcome.stdout.len(), outcome.stderr.len()),
        (300_000, 300_000)
    );
}

#[test]
#[should_panic(expected = "killed after")]
fn a_program_that_hangs_is_killed_and_its_output_shown() {
    let (_case, process) = shell(Case::new(), "echo before; exec tail -f /dev/null");
    process.within(std::time::Duration::from_millis(50)).wait();
}

#[test]
fn signals_reach_the_program() {
    let (case, process) = shell(Case::new(), "touch ready; exec tail -f /dev/null");
    // Before it runs, a signal that was ignored may still be.
    while !case.path("ready").exists() {
        std::thread::yield_now();
    }
    process.interrupt();
    assert_eq!(process.wait().status.code(), None);
}

#[test]
#[cfg(target_os = "linux")]
fn peak_memory_is_seen() {
    let outcome = run("exec dd if=/dev/zero of=/dev/null bs=16M count=20");
    outcome.code(0).peak_below_kib(64 * 1024);
    assert!(
        outcome.peak_rss_kib > 16 * 1024,
        "{} KiB",
        outcome.peak_rss_kib
    );
}

#[test]
fn what_differs_between_runs_is_redacted() {
    let server = Server::new().start();
    let case = Case::new().pipeline(&[("a", &server)], "steps: {}\n");
    let text = format!(
        "{} :{} 2026-11-22T10:11:12Z 1.5s 3 files  \n",
        case.path("x").display(),
        server.port()
    );
    assert_eq!(
        redact(&text, &case, &[&server]),
        "[DIR]/x :[PORT1] [DATETIME] [TOOK] 3 files\n"
    );
    let manifest = String::from_utf8(case.read("pipeline.yaml").unwrap()).unwrap();
    let expected = format!(
        "version: 1\nservers:\n  a: {{ host: \"127.0.0.1\", port: {} }}\nsteps: {{}}\n",
        server.port()
    );
    assert_eq!(manifest, expected);
    assert_eq!(case.files("."), ["pipeline.yaml"]);
}
