//! Whoever does not read what a run tells holds up neither the run nor Ctrl-C, and whoever reads late gets everything.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout};
use std::time::Duration;

use crate::harness::server::{Do, Gate, On, Running, Server};
use crate::harness::{Case, Process};

/// Files with long names: what is told of them is several times what a pipe takes.
const FILES: usize = 700;

fn names() -> Vec<String> {
    (0..FILES)
        .map(|at| format!("{at:03}-{}.txt", "x".repeat(200)))
        .collect()
}

fn server(on: Option<(On, Do)>) -> Running {
    let server = Server::new().files("/in", names(), "content");
    match on {
        Some((on, does)) => server.rule(on, does),
        None => server,
    }
    .start()
}

fn case(server: &Running, arguments: &[&str]) -> Case {
    let steps = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";
    let case = Case::new().servers(&[("s", server, "connections: 2")], steps);
    case.args(["run", "pipeline.yaml"])
        .args(arguments.iter().copied())
}

fn start(case: &Case) -> Child {
    case.start(Path::new(env!("CARGO_BIN_EXE_ftpflow")))
}

fn without_stderr(case: &Case) -> (Process, ChildStderr) {
    let mut child = start(case);
    let unread = child.stderr.take().unwrap();
    (Process::new(child), unread)
}

fn without_stdout(case: &Case) -> (Process, ChildStdout) {
    let mut child = start(case);
    let unread = child.stdout.take().unwrap();
    (Process::new(child), unread)
}

fn fifo(case: &Case) -> PathBuf {
    let path = case.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

/// Every line of an event log, parsed.
#[track_caller]
fn events(text: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(text).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_run_ends_although_nobody_reads_stderr() {
    let server = server(None);
    let case = case(&server, &["-v", "--events", "events.jsonl"]);
    let (process, _unread) = without_stderr(&case);
    process.wait().code(0);
    assert_eq!(case.files("out").len(), FILES);
    let events = events(&case.read("events.jsonl").unwrap());
    assert_eq!(events.last().unwrap()["event"], "run_finished");
}

#[test]
fn a_signal_ends_a_run_whose_stderr_nobody_reads() {
    let server = server(Some((On::command("RETR").since_nth(FILES - 50), Do::Hang)));
    let case = case(&server, &["-v"]);
    let (process, _unread) = without_stderr(&case);
    server.until_command("RETR", FILES - 50);
    process.interrupt();
    let outcome = process.wait();
    outcome.code(130);
    assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
}

#[test]
fn a_fifo_that_nobody_opens_is_given_up_and_that_is_said() {
    let server = server(None);
    let case = case(&server, &["--events", "fifo", "--report", "r.json"]);
    fifo(&case);
    let outcome = case.run();
    outcome.code(0).stderr_has("--events stopped: nobody read");
    outcome.stderr_has("Summary");
    assert_eq!(case.files("out").len(), FILES);
}

#[test]
fn a_fifo_that_is_open_and_not_read_is_given_up_too() {
    let server = server(None);
    let case = case(&server, &["--events", "fifo"]);
    let path = fifo(&case);
    // Opened for both, it does not wait for a writer.
    let _unread = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let outcome = case.run();
    outcome.code(0).stderr_has("--events stopped: nobody read");
}

#[test]
fn a_signal_ends_a_run_whose_events_nobody_reads() {
    let server = server(Some((On::command("RETR").since_nth(FILES - 50), Do::Hang)));
    let piped = case(&server, &["--events", "-"]);
    let (process, _unread) = without_stdout(&piped);
    server.until_command("RETR", FILES - 50);
    process.interrupt();
    let outcome = process.wait();
    outcome.code(130).stderr_has("Summary");
    assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
}

#[test]
fn who_reads_late_gets_every_event() {
    let gate = Gate::new();
    let last = On::command("RETR").nth(FILES);
    let server = server(Some((last, Do::Wait(gate.clone()))));
    let case = case(&server, &["--events", "-"]);
    let (process, mut late) = without_stdout(&case);
    gate.until_arrived(1);
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        late.read_to_end(&mut text).unwrap();
        text
    });
    gate.open();
    process.wait().code(0);
    let events = events(&reader.join().unwrap());
    let finished = events
        .iter()
        .filter(|event| event["event"] == "file_finished");
    assert_eq!(finished.count(), FILES);
    assert_eq!(events.last().unwrap()["event"], "run_finished");
}

#[test]
fn a_reader_of_events_that_leaves_is_told_once_and_the_run_goes_on() {
    let gate = Gate::new();
    let server = server(Some((On::command("RETR").nth(1), Do::Wait(gate.clone()))));
    let case = case(&server, &["--events", "-"]);
    let (process, mut reader) = without_stdout(&case);
    reader.read_exact(&mut [0; 10]).unwrap();
    gate.until_arrived(1);
    drop(reader);
    gate.open();
    let outcome = process.wait();
    outcome.code(0);
    let said = "--events stopped: whoever read it has left; files are not affected";
    assert_eq!(
        outcome.stderr.matches(said).count(),
        1,
        "{}",
        outcome.stderr
    );
    assert_eq!(case.files("out").len(), FILES);
}

/// A plan was asked for: whoever pages through it is waited for, but a signal is obeyed.
#[test]
fn a_plan_waits_for_its_reader_and_not_after_a_signal() {
    let server = server(None);
    let case = Case::new().pipeline(
        &[("s", &server)],
        "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n",
    );
    let case = case.args(["plan", "pipeline.yaml"]);
    let (process, mut page) = without_stdout(&case);
    let mut text = vec![0; 1000];
    page.read_exact(&mut text).unwrap();
    server.until_no_sessions();
    page.read_to_end(&mut text).unwrap();
    process.wait().code(0);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), FILES, "{text}");

    let (process, mut page) = without_stdout(&case);
    page.read_exact(&mut [0; 1000]).unwrap();
    server.until_no_sessions();
    process.interrupt();
    let outcome = process.wait();
    // All was looked at, and not all of the answer was taken.
    outcome.code(130).stderr_has("output stopped: nobody read");
    assert!(outcome.took < Duration::from_secs(30), "{:?}", outcome.took);
}

#[test]
fn what_a_run_writes_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let server = Server::new().file("/in/a.txt", "content").start();
    let steps = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";
    let case = Case::new().pipeline(&[("s", &server)], steps);
    let case = case.with_reports().file("r.html", "");
    let given = fs::Permissions::from_mode(0o644);
    fs::set_permissions(case.path("r.html"), given).unwrap();
    case.run().code(0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in ["events.jsonl", "r.json", "r.xml", "r.md"] {
        assert_eq!(mode(&case.path(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&case.path("r.html")), 0o644);
    assert_eq!(mode(&case.path(".ftpflow")), 0o700);
}

/// A full disk is no reader that left: what was asked for is missing.
#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_cuts_off_is_an_error_with_a_code_of_its_own() {
    let server = server(None);
    let full = |name: &str, arguments: &[&str]| {
        let case = case(&server, arguments);
        std::os::unix::fs::symlink("/dev/full", case.path(name)).unwrap();
        case
    };
    for name in ["r.json", "r.xml", "r.html", "r.md"] {
        let case = full(name, &["--report", name]);
        let outcome = case.run();
        outcome.code(5).stderr_has("done: 1 step done; 700 files");
        outcome.stderr_has(&format!("error: failed to write the report `{name}`"));
        assert_eq!(case.files("out").len(), FILES);
    }
    let quiet = full("e", &["--events", "e", "-q"]).run();
    quiet.code(5).stderr_has("error: --events stopped");

    // A failure of the run itself says more.
    let server = self::server(Some((On::command("RETR").nth(1), Do::reply("550 no"))));
    let case = case(&server, &["--report", "r.xml"]);
    std::os::unix::fs::symlink("/dev/full", case.path("r.xml")).unwrap();
    case.run().code(1).stderr_has("failed to write the report");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_does_not_fit_is_an_error() {
    let server = server(None);
    let program = env!("CARGO_BIN_EXE_ftpflow");
    let told = ["--help", "--version", "run --help"].map(str::to_owned);
    let read = ["plan", "check", "graph", "probe", "run --dry-run"];
    let read = read.map(|command| format!("{command} pipeline.yaml"));
    for command in told.into_iter().chain(read) {
        let case =
            case(&server, &[]).instead(&["-c", &format!("exec {program} {command} > /dev/full")]);
        let outcome = Process::new(case.start(Path::new("/bin/sh"))).wait();
        outcome.code(5).stderr_has("error: ");
    }
}
