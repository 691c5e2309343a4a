//! When files become visible, what goes on after a fault, and what a step's end says.

use std::fs;

use crate::harness::Case;
use crate::harness::server::{Do, Gate, On, Server};

const SHORT: &str = "defaults: { retry: { attempts: 2, backoff: 10ms } }\n";

fn upload(server: &crate::harness::server::Running, options: &str) -> Case {
    let case = Case::new().servers(
        &[(
            "s",
            server,
            "connections: 1, timeouts: { reply: 1s, data: 1s, final_reply: 1s }",
        )],
        &format!(
            "{SHORT}steps:\n  put: {{ upload: {{ files: src/*, to: s, into: /out{options} }} }}\n"
        ),
    );
    ["a", "b", "c"].iter().fold(case, |case, name| {
        case.file(&format!("src/{name}.txt"), name)
    })
}

fn visible(server: &crate::harness::server::Running) -> Vec<String> {
    let mut names = server.names("/out");
    names.retain(|name| !name.contains(".ftpflow-"));
    names
}

#[test]
fn one_failed_file_publishes_none_of_a_set_and_the_next_run_completes_it() {
    let server = Server::new()
        .rule(
            On::command("STOR").path_has("b.txt").nth(1),
            Do::reply("550 no"),
        )
        .start();
    let case = upload(&server, ", publish: set");
    case.run().code(1).stderr_has("b.txt").stderr_has("550 no");
    assert_eq!(visible(&server), Vec::<String>::new());
    case.run().code(0);
    assert_eq!(server.names("/out"), ["a.txt", "b.txt", "c.txt"]);
    let stored = server.count("STOR");
    assert_eq!(
        stored,
        4,
        "what had arrived is not sent again: {:?}",
        server.log()
    );
}

#[test]
fn nothing_of_a_set_is_visible_before_its_end() {
    let gate = Gate::new();
    let server = Server::new()
        .rule(On::command("STOR").nth(3), Do::Wait(gate.clone()))
        .start();
    let case = upload(&server, ", publish: set");
    let process = case.spawn();
    gate.until_arrived(1);
    assert_eq!(server.names("/out").len(), 2);
    assert_eq!(visible(&server), Vec::<String>::new());
    assert_eq!(server.count("RNTO"), 0);
    gate.open();
    process.wait().code(0);
    assert_eq!(visible(&server), ["a.txt", "b.txt", "c.txt"]);
}

/// The final reply to the first file is lost; it is looked for, found, and must wait for the set all the same.
#[test]
fn a_file_that_was_looked_for_waits_for_its_set() {
    let server = Server::new()
        .rule(
            On::command("STOR").path_has("a.txt").nth(1),
            [Do::NoReply, Do::CloseAfter],
        )
        .rule(On::command("STOR").path_has("c.txt"), Do::reply("550 no"))
        .start();
    let case = upload(&server, ", publish: set");
    case.run().code(1);
    assert_eq!(visible(&server), Vec::<String>::new(), "{:?}", server.log());
}

#[test]
fn a_set_whose_renaming_breaks_says_what_is_visible_and_is_completed() {
    let server = Server::new()
        .rule(
            On::command("RNTO").path("/out/b.txt").nth(1),
            Do::reply("553 no"),
        )
        .start();
    let case = upload(&server, ", publish: set");
    let outcome = case.run();
    outcome.code(1).stderr_has("b.txt").stderr_has("553 no");
    outcome.stderr_has("published in part: 1 of its 3 files is visible (`a.txt`); run again");
    assert_eq!(visible(&server), ["a.txt"]);
    case.run().code(0);
    assert_eq!(server.names("/out"), ["a.txt", "b.txt", "c.txt"]);
    assert_eq!(server.count("STOR"), 3, "{:?}", server.log());
}

#[test]
fn a_large_set_whose_renaming_breaks_names_the_first_ten_that_are_visible() {
    let server = Server::new()
        .rule(On::command("RNTO").path("/out/c.txt"), Do::reply("553 no"))
        .start();
    let case = upload(&server, ", publish: set").args(["run", "pipeline.yaml"]);
    let case = (0..12).fold(
        case.args(["--report", "r.json", "--report", "r.md"]),
        |case, at| case.file(&format!("src/a{at:02}.txt"), "more"),
    );
    case.run().code(1);
    let names: Vec<String> = visible(&server);
    assert_eq!(names.len(), 14);
    for report in ["r.json", "r.md"] {
        let report = String::from_utf8(case.read(report).unwrap()).unwrap();
        let report = report.replace('\\', "");
        let shown = "14 of its 15 files are visible (`a.txt`, `a00.txt`, ";
        assert!(report.contains(shown), "{report}");
        assert!(report.contains("`a08.txt` and 4 more)"), "{report}");
    }
}

/// Whether a silent server has done what it was asked to is known to nobody.
#[test]
fn a_renaming_that_is_interrupted_is_told_as_unknown() {
    let server = Server::new()
        .rule(On::command("RNTO").path("/out/b.txt"), Do::Hang)
        .start();
    let case = upload(&server, ", publish: set");
    let slow = fs::read_to_string(case.path("pipeline.yaml")).unwrap();
    let case = case.manifest(&slow.replace("reply: 1s", "reply: 60s"));
    let process = case.spawn();
    server.until_command("RNTO", 2);
    process.interrupt();
    process
        .wait()
        .code(130)
        .stderr_has("1 of its 3 files is visible (`a.txt`)")
        .stderr_has("whether `b.txt` is, is not known");
    assert_eq!(visible(&server), ["a.txt"]);
}

#[test]
fn a_set_that_a_full_disk_stops_tells_of_every_file() {
    let server = Server::new()
        .rule(On::command("STOR").path_has("b.txt"), Do::reply("452 full"))
        .start();
    let case = upload(&server, ", publish: set");
    let outcome = case.run();
    outcome.code(1).stderr_has("452 full");
    assert_eq!(visible(&server), Vec::<String>::new());
    outcome.stderr_has("not published");
}

#[test]
fn direct_writes_the_final_name_and_leaves_no_half_file() {
    let server = Server::new().start();
    let case = upload(&server, ", publish: direct");
    case.run().code(0);
    assert_eq!(server.count("RNTO"), 0);
    assert_eq!(server.names("/out"), ["a.txt", "b.txt", "c.txt"]);
    let server = Server::new()
        .rule(On::command("STOR").path("/out/b.txt"), Do::CutAt(0))
        .start();
    let case = upload(&server, ", publish: direct");
    case.run().code(1);
    assert_eq!(server.names("/out"), ["a.txt", "c.txt"]);
}

fn chain(server: &crate::harness::server::Running, common: &str, arguments: &[&str]) -> Case {
    let case = Case::new().servers(
        &[("s", server, "connections: 1")],
        &format!(
            "{SHORT}steps:
  found: {{ list: {{ server: s, path: /in }} }}
  get: {{ download: {{ from: found, into: out }}{common} }}
  put: {{ upload: {{ from: get, to: s, into: /copy }} }}
  other: {{ list: {{ server: s, path: /other }} }}
"
        ),
    );
    case.args(["run", "pipeline.yaml"])
        .args(arguments.iter().copied())
}

fn with_one_bad() -> crate::harness::server::Running {
    Server::new()
        .files("/in", ["a.txt", "b.txt", "c.txt"], "content")
        .folder("/other")
        .rule(On::command("RETR").path("/in/a.txt"), Do::reply("550 no"))
        .start()
}

#[test]
fn a_failed_step_skips_its_dependents_and_says_why() {
    let server = with_one_bad();
    let outcome = chain(&server, "", &[]).run();
    outcome
        .code(1)
        .stderr_has("because of get: it did not succeed");
    assert!(!server.exists("/copy"));
    assert_eq!(server.count("RETR"), 3);
}

#[test]
fn with_continue_dependents_go_on_with_what_worked() {
    let server = with_one_bad();
    chain(&server, ", on_error: continue", &[]).run().code(1);
    assert_eq!(server.names("/copy"), ["b.txt", "c.txt"]);
}

#[test]
fn fail_fast_starts_nothing_new() {
    let server = Server::new()
        .files("/in", (0..50).map(|at| format!("f{at:02}")), "content")
        .folder("/other")
        .rule(On::command("RETR"), Do::reply("550 no"))
        .start();
    let outcome = chain(&server, "", &["--fail-fast"]).run();
    outcome.code(1).stderr_has("--fail-fast");
    assert!(server.count("RETR") < 50, "{}", server.count("RETR"));
    let failures = outcome.stderr.matches("was not transferred").count();
    assert_eq!(failures, 0, "{}", outcome.stderr);
}

#[test]
fn only_runs_a_step_and_what_it_needs() {
    let server = with_one_bad();
    chain(&server, "", &["--only", "other"]).run().code(0);
    assert_eq!(server.count("RETR"), 0);
}

#[test]
fn a_step_that_takes_too_long_ends_with_its_timeout() {
    let server = Server::new()
        .files("/in", ["a.txt", "b.txt", "c.txt"], "content")
        .folder("/other")
        .rule(On::command("RETR"), Do::Hang)
        .start();
    let outcome = chain(&server, ", timeout: 300ms", &[]).run();
    // The replies would have been waited for longer than any test may last.
    outcome.code(1).stderr_has("timeout: 300ms");
}

#[test]
fn a_missing_folder_is_an_error_unless_it_may_be_missing() {
    let server = Server::new().start();
    let run = |fields: &str| {
        let steps = format!("steps:\n  look: {{ list: {{ server: s, path: /gone{fields} }} }}\n");
        Case::new().pipeline(&[("s", &server)], &steps).run()
    };
    run("")
        .code(1)
        .stderr_has("550 no such directory")
        .stderr_has("error: list `look` failed")
        .never_says("incomplete");
    run(", missing: empty").code(0);
    run(", missing: empty, empty: fail")
        .code(1)
        .stderr_has("no file");
}

#[test]
fn a_full_destination_gives_one_error_for_the_step() {
    let server = Server::new()
        .rule(On::command("STOR"), Do::reply("552 quota"))
        .start();
    let case = (0..60).fold(upload(&server, ""), |case, at| {
        case.file(&format!("src/more{at:02}.txt"), "more")
    });
    let outcome = case.run();
    outcome
        .code(1)
        .stderr_has("552 quota")
        .stderr_has("62 files were not transferred");
    assert_eq!(server.count("STOR"), 1);
    assert!(outcome.stderr.lines().count() < 40, "{}", outcome.stderr);
}
