//! `when`: what runs after a failure, what in any case, and what is told of the rest.

use crate::harness::server::{Do, On, Running, Server};
use crate::harness::{Case, Outcome};

/// A source of two files, and a destination that refuses one of them where that is wanted.
struct Both {
    source: Running,
    target: Running,
}

fn both(refuses: bool) -> Both {
    let source = Server::new()
        .file("/src/a", "aaa")
        .file("/src/b", "bbbb")
        .start();
    let target = Server::new().folder("/out").folder("/mark");
    let refusal = On::command("STOR").path_has("/out/b");
    let target = match refuses {
        true => target.rule(refusal, Do::reply("553 not here")),
        false => target,
    };
    Both {
        source,
        target: target.start(),
    }
}

impl Both {
    fn case(&self, rest: &str) -> Case {
        Case::new()
            .pipeline(&[("a", &self.source), ("b", &self.target)], rest)
            .file("good.txt", "good")
            .file("bad.txt", "bad")
            .file("any.txt", "any")
            .file("later.txt", "later")
    }

    /// The markers that arrived.
    fn marks(&self) -> Vec<String> {
        self.target.names("/mark")
    }
}

/// What is sent, and a marker for each way in which that may end.
fn steps(publish: &str) -> String {
    format!(
        "steps:
  all: {{list: {{server: a, path: /src}}}}
  publish: {{relay: {{from: all, to: b, into: /out}}, {publish}}}
  good: {{upload: {{files: good.txt, to: b, into: /mark}}, needs: [publish]}}
  bad: {{upload: {{files: bad.txt, to: b, into: /mark}}, needs: [publish], when: failure}}
  any: {{upload: {{files: any.txt, to: b, into: /mark}}, needs: [publish], when: always}}
  later: {{upload: {{files: later.txt, to: b, into: /mark}}, needs: [bad]}}
"
    )
}

#[track_caller]
fn says(outcome: &Outcome, lines: &[&str]) {
    for line in lines {
        outcome.stderr_has(line);
    }
}

#[test]
fn after_a_success_a_failure_step_is_not_needed_and_nothing_is_amiss() {
    let both = both(false);
    let outcome = both.case(&steps("")).run();
    outcome.code(0);
    assert_eq!(both.marks(), ["any.txt", "good.txt"]);
    says(
        &outcome,
        &[
            "bad: not needed: nothing failed",
            "later because of bad: it was not needed",
        ],
    );
}

#[test]
fn after_a_failed_file_failure_and_always_run_and_the_run_has_failed() {
    let both = both(true);
    let outcome = both.case(&steps("")).run();
    outcome.code(1);
    assert_eq!(both.marks(), ["any.txt", "bad.txt", "later.txt"]);
    says(&outcome, &["good because of publish: it did not succeed"]);
}

#[test]
fn with_on_error_continue_a_step_has_failed_and_others_go_on() {
    let both = both(true);
    both.case(&steps("on_error: continue")).run().code(1);
    let all = ["any.txt", "bad.txt", "good.txt", "later.txt"];
    assert_eq!(both.marks(), all);
}

#[test]
fn after_a_skipped_step_only_always_runs() {
    let both = both(false);
    let rest = steps("").replace("path: /src", "path: /nowhere");
    let outcome = both.case(&rest).run();
    outcome.code(1);
    assert_eq!(both.marks(), ["any.txt"]);
    says(
        &outcome,
        &["bad: not needed: nothing failed", "publish because of all"],
    );
}

#[test]
fn a_step_whose_own_files_are_not_there_has_failed() {
    let both = both(false);
    let rest = steps("").replace("from: all", "server: a, files: /src/*.zip");
    let rest = rest.replace("  all: {list: {server: a, path: /src}}\n", "");
    let rest = rest.replace(
        "relay: {server: a, files: /src/*.zip, to: b, into: /out}",
        "download: {server: a, files: /src/*.zip, into: here}",
    );
    both.case(&rest).run().code(1);
    assert_eq!(both.marks(), ["any.txt", "bad.txt", "later.txt"]);
}

#[test]
fn after_an_interruption_neither_failure_nor_always_runs() {
    use rustix::process::Signal;

    let source = Server::new()
        .files("/src", (0..9).map(|at| format!("f{at}")), "content")
        .rule(On::command("RETR").since_nth(2), Do::Hang)
        .start();
    let target = Server::new().folder("/mark").start();
    let both = Both { source, target };
    let case = both.case(&steps(""));
    let process = case.spawn();
    both.source.until_command("RETR", 3);
    process.signal(Signal::INT);
    let outcome = process.wait();
    outcome.code(130);
    assert_eq!(both.marks(), [""; 0]);
}

#[test]
fn with_fail_fast_nothing_new_starts() {
    let both = both(true);
    let case = both.case(&steps(""));
    case.args(["run", "pipeline.yaml", "--fail-fast"])
        .run()
        .code(1);
    assert_eq!(both.marks(), [""; 0]);
}

#[test]
fn a_failure_step_that_has_run_is_not_run_by_the_resumed_run() {
    let both = both(true);
    let case = both.case(&steps(""));
    case.run().code(1);
    // Somebody takes the marker, as an inbox does.
    both.target.mutate(|tree| tree.remove("/mark/bad.txt"));
    let resumed = case.args(["run", "pipeline.yaml", "--resume"]).run();
    resumed
        .code(1)
        .stderr_has("bad: it has run before the run was resumed");
    assert_eq!(both.marks(), ["any.txt", "later.txt"]);
}

#[test]
fn plan_says_that_a_step_runs_only_after_a_failure() {
    let both = both(false);
    let case = both.case(&steps("")).args(["plan", "pipeline.yaml"]);
    let outcome = case.run();
    outcome.code(0);
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains("bad: it runs only after a failure"), "{said}");
    assert!(!said.contains("bad.txt"), "{said}");
}

#[test]
fn a_delete_after_a_failure_takes_only_what_is_proven() {
    for what in ["sources_of: publish", "from: all"] {
        let both = both(true);
        let tidy = format!("  tidy: {{delete: {{{what}}}, needs: [publish], when: always}}\n");
        both.case(&(steps("") + &tidy)).run().code(1);
        assert_eq!(both.source.names("/src"), ["b"], "{what}");
    }
}

#[test]
fn a_delete_does_not_run_where_the_transfer_before_it_was_skipped() {
    for what in ["sources_of: publish", "from: all"] {
        let both = both(false);
        let rest = format!(
            "steps:
  all: {{list: {{server: a, path: /src}}}}
  first: {{list: {{server: b, path: /nowhere, empty: fail}}}}
  publish: {{relay: {{from: all, to: b, into: /out}}, needs: [first]}}
  tidy: {{delete: {{{what}}}, needs: [publish], when: always}}
"
        );
        let outcome = both.case(&rest).run();
        outcome.code(1).stderr_has("tidy because of publish");
        assert_eq!(both.source.names("/src"), ["a", "b"], "{what}");
    }
}

#[test]
fn junit_and_json_tell_a_step_that_was_not_needed_as_skipped() {
    let both = both(false);
    let case = both.case(&steps("")).args([
        "run",
        "pipeline.yaml",
        "--report",
        "r.json",
        "--report",
        "r.xml",
        "--events",
        "e.jsonl",
    ]);
    case.run().code(0);
    let text = |name: &str| String::from_utf8(case.read(name).unwrap()).unwrap();
    assert!(text("r.xml").contains("not needed: nothing failed"));
    assert!(text("r.json").contains("not needed: nothing failed"));
    assert!(text("e.jsonl").contains("\"unneeded\":true"));
}
