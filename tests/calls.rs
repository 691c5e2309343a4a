//! What a file costs the system: calls for each of many small files, on one session a server. Calls are counted where times
//! are not: two runs on one machine make the same ones.
//!
//! A change that makes fewer lowers the numbers here. One that makes more says why.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use crate::harness::server::Server;
use crate::harness::{Case, Process};

/// What a run costs by itself is in both counts.
const FEW: usize = 10;
const MANY: usize = 138;
const ONE: &str = "connections: 1";
/// How many of these there are depends on who is faster, server or client: they count in the sum alone.
const WAITING: [&str; 3] = ["futex", "recvfrom", "restart_syscall"];

/// What rayon's threads do while they look for work, as they start; not once a file.
const IDLE: &str = "sched_yield";

/// What is counted: the calls of one kind for each file, rounded, without [`WAITING`]; and all together.
struct Counted {
    each: BTreeMap<String, i64>,
    all: f64,
}

#[test]
fn a_downloaded_file_makes_these_calls() {
    let Some(counted) = counted(|files| {
        let server = full("/out", files).start();
        let steps = "steps:\n  get: {download: {server: a, files: '/out/*', into: out}}\n";
        strace(Case::new().servers(&[("a", &server, ONE)], steps))
    }) else {
        return;
    };
    costs(
        &counted,
        "close 2, connect 1, fstat 1, newfstatat 1, openat 1, renameat 1, sendto 1, setsockopt 2, socket 1, utimensat 1, write 1",
        32.0,
    );
}

#[test]
fn an_uploaded_file_makes_these_calls() {
    let Some(counted) = counted(|files| {
        let server = Server::new().folder("/in").start();
        let steps = "steps:\n  put: {upload: {files: 'out/*', to: a, into: /in}}\n";
        let case = Case::new().servers(&[("a", &server, ONE)], steps);
        let names = (0..files).map(|at| format!("out/f{at}"));
        strace(names.fold(case, |case, path| case.file(&path, "content")))
    }) else {
        return;
    };
    costs(
        &counted,
        "close 2, connect 1, fstat 1, newfstatat 2, openat 1, read 2, sendto 3, setsockopt 2, shutdown 1, socket 1",
        40.0,
    );
}

#[test]
fn a_relayed_file_makes_these_calls() {
    let Some(counted) = counted(|files| {
        let (from, to) = (
            full("/out", files).start(),
            Server::new().folder("/in").start(),
        );
        let steps = "steps:\n  pass: {relay: {server: a, files: '/out/*', to: b, into: /in}}\n";
        strace(Case::new().servers(&[("a", &from, ONE), ("b", &to, ONE)], steps))
    }) else {
        return;
    };
    costs(
        &counted,
        "close 2, connect 2, sendto 4, setsockopt 4, shutdown 1, socket 2",
        48.0,
    );
}

fn full(folder: &str, files: usize) -> Server {
    let names = (0..files).map(|at| format!("{folder}/f{at}"));
    names.fold(Server::new(), |server, path| server.file(path, "content"))
}

/// The calls of a run with many files less those of one with few; nothing, after a line "not run: needs …", where they
/// cannot be counted. With `CI=true` that is a failure.
#[track_caller]
fn counted(run: impl Fn(usize) -> BTreeMap<String, i64>) -> Option<Counted> {
    if !can_trace() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "not run: needs strace, and leave to trace"
        );
        // Not `eprintln!`, which the test runner swallows.
        writeln!(io::stderr(), "not run: needs strace, and leave to trace").unwrap();
        return None;
    }
    let few = run(FEW);
    let more = (MANY - FEW) as f64;
    let mut each: BTreeMap<String, f64> = run(MANY)
        .into_iter()
        .map(|(name, calls)| {
            let before = few.get(&name).copied().unwrap_or_default();
            (name, (calls - before) as f64 / more)
        })
        .collect();
    let idle = each.remove(IDLE).unwrap_or_default();
    assert!(idle < 2.0, "{idle:.1} × {IDLE} a file");
    Some(Counted {
        all: each.values().sum(),
        each: each
            .into_iter()
            .map(|(name, calls)| (name, calls.round() as i64))
            .filter(|(name, calls)| *calls != 0 && !WAITING.contains(&name.as_str()))
            .collect(),
    })
}

fn can_trace() -> bool {
    let tried = Command::new("strace")
        .args(["-c", "-f", "-o", "/dev/null", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// Runs a case's manifest, and counts the calls of each kind.
#[track_caller]
fn strace(case: Case) -> BTreeMap<String, i64> {
    let program = env!("CARGO_BIN_EXE_ftpflow");
    let case = case.args(["-f", "-c", "-o", "calls", program, "run", "pipeline.yaml"]);
    Process::new(case.start(Path::new("strace"))).wait().code(0);
    let table = String::from_utf8(case.read("calls").unwrap()).unwrap();
    let mut calls: BTreeMap<String, i64> = table.lines().filter_map(row).collect();
    // A debug build asks of each descriptor whether it is open before it closes it.
    let closed = calls.get("close").copied().unwrap_or_default();
    if cfg!(debug_assertions)
        && let Some(asked) = calls.get_mut("fcntl")
    {
        *asked -= closed;
    }
    calls
}

/// A row of strace's table: share, seconds, microseconds a call, calls, errors where there were some, name.
fn row(line: &str) -> Option<(String, i64)> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let name = cells.last().filter(|name| **name != "total")?;
    let calls = cells.get(3)?.parse().ok()?;
    Some(((*name).to_owned(), calls))
}

#[track_caller]
fn costs(counted: &Counted, expected: &str, most: f64) {
    let each = counted.each.iter();
    let each: Vec<String> = each
        .map(|(name, calls)| format!("{name} {calls}"))
        .collect();
    assert_eq!(each.join(", "), expected, "{:.1} in all", counted.all);
    assert!(counted.all <= most, "{:.1} in all", counted.all);
}
