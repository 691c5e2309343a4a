//! `once`: each source file is transferred once in all runs, whatever becomes of its copy, and through kills.

use std::fs;

use rusqlite::Connection;

use crate::harness::Case;
use crate::harness::server::{Do, Features, ListStyle, On, Running, Server};

const OLD: i64 = 1_600_000_000;

fn source() -> Running {
    Server::new()
        .file("/in/a.txt", "a")
        .file("/in/sub/b.txt", "b")
        .start()
}

const FETCH: &str = "\
steps:
  all: {list: {server: source, path: /in, recursive: true}}
  get: {download: {from: all, into: here, once: true}}
";

/// Somebody takes all copies away.
fn take(case: &Case) {
    fs::remove_dir_all(case.path("here")).unwrap();
}

fn entries(case: &Case, sql: &str) -> Vec<String> {
    let ledger = Connection::open(case.path(".ftpflow/ledger.sqlite")).unwrap();
    let mut statement = ledger.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn paths(case: &Case) -> Vec<String> {
    entries(
        case,
        "SELECT CAST(path AS TEXT) FROM file ORDER BY path, entered",
    )
}

fn open_intents(case: &Case) -> Vec<String> {
    entries(case, "SELECT CAST(path AS TEXT) FROM intent ORDER BY path")
}

#[test]
fn a_file_is_fetched_once_and_again_when_it_has_changed() {
    let source = source();
    let case = Case::new().pipeline(&[("source", &source)], FETCH);
    case.run().code(0);
    assert_eq!(case.files("here"), ["a.txt", "sub/b.txt"]);
    take(&case);

    case.run().code(0).stderr_has("2 skipped");
    assert_eq!(case.files("here"), [""; 0]);
    assert_eq!(source.count("RETR"), 2);

    source.mutate(|tree| {
        tree.touch("/in/a.txt", OLD + 1);
        tree.write("/in/c.txt", "c");
        tree.touch("/in/c.txt", OLD);
    });
    case.run().code(0);
    assert_eq!(case.files("here"), ["a.txt", "c.txt"]);
    assert_eq!(
        paths(&case),
        ["/in/a.txt", "/in/a.txt", "/in/c.txt", "/in/sub/b.txt"]
    );
    assert_eq!(open_intents(&case), [""; 0]);
}

#[test]
fn variables_do_not_make_files_new_and_names_do() {
    let source = source();
    let steps = format!(
        "vars: {{to: here}}\n{}",
        FETCH.replace("into: here", "into: '${vars.to}'")
    );
    let case = |steps: &str, case: Case| case.pipeline(&[("source", &source)], steps);
    let first = case(&steps, Case::new());
    first.run().code(0);
    let again = first.args(["run", "pipeline.yaml", "--var", "to=there"]);
    again.run().code(0);
    assert_eq!(source.count("RETR"), 2);
    // The step has another name, and says under which it is known.
    let renamed = steps.replace("  get:", "  fetch:");
    let known = renamed.replace("once: true", "once: {as: get}");
    let known = case(&known, again);
    known.run().code(0);
    assert_eq!(source.count("RETR"), 2);
    case(&renamed, known).run().code(0);
    assert_eq!(source.count("RETR"), 4);
}

#[test]
fn only_what_is_new_is_yielded() {
    let (source, target) = (source(), Server::new().start());
    let steps = format!("{FETCH}  put: {{upload: {{from: get, to: target, into: /out}}}}\n");
    let case = Case::new().pipeline(&[("source", &source), ("target", &target)], &steps);
    // It stands there, the same: it is entered, and goes nowhere.
    let case = case.file("here/a.txt", "a");
    let there = fs::File::options()
        .write(true)
        .open(case.path("here/a.txt"))
        .unwrap();
    let time = std::time::UNIX_EPOCH
        + std::time::Duration::from_secs(source.modified("/in/a.txt").unwrap() as u64);
    there.set_modified(time).unwrap();
    case.run().code(0);
    assert_eq!(target.names("/out"), ["sub"]);
    assert_eq!(
        entries(&case, "SELECT how FROM file ORDER BY path"),
        ["found", "transferred"]
    );
    target.mutate(|tree| tree.remove("/out/sub/b.txt"));
    case.run().code(0);
    assert_eq!(target.names("/out/sub"), [""; 0]);
}

#[test]
fn what_if_exists_leaves_alone_is_neither_entered_nor_yielded() {
    let (source, target) = (source(), Server::new().start());
    let steps = FETCH.replace("once: true", "once: true, if_exists: skip");
    let steps = format!("{steps}  put: {{upload: {{from: get, to: target, into: /out}}}}\n");
    let case = Case::new().pipeline(&[("source", &source), ("target", &target)], &steps);
    let case = case.file("here/a.txt", "other");
    case.run().code(0);
    assert_eq!(paths(&case), ["/in/sub/b.txt"]);
    assert_eq!(target.names("/out"), ["sub"]);
    fs::remove_file(case.path("here/a.txt")).unwrap();
    case.run().code(0);
    assert_eq!(case.read("here/a.txt").unwrap(), b"a");
}

#[test]
fn the_oldest_come_first_where_there_are_too_many() {
    let source = Server::new()
        .file_at("/in/c", "c", OLD)
        .file_at("/in/a", "a", OLD + 60)
        .file_at("/in/b", "b", OLD + 120)
        .start();
    let steps = FETCH.replace("once: true", "once: true, max_files: 2");
    let case = Case::new().pipeline(&[("source", &source)], &steps);
    case.run()
        .code(0)
        .stderr_has("1 new file is left for the next runs");
    assert_eq!(case.files("here"), ["a", "c"]);
    take(&case);
    case.run().code(0);
    assert_eq!(case.files("here"), ["b"]);
}

#[test]
fn a_plan_shows_what_is_new_and_writes_nothing() {
    let source = source();
    let case = Case::new().pipeline(&[("source", &source)], FETCH);
    let plan = case.args(["plan", "pipeline.yaml"]);
    plan.run().code(0).stdout_has("get: download a.txt");
    assert!(!plan.path(".ftpflow").exists());
    let run = plan.instead(&["run", "pipeline.yaml"]);
    run.run().code(0);
    take(&run);
    let ledger = fs::read(run.path(".ftpflow/ledger.sqlite")).unwrap();
    let plan = run.instead(&["plan", "pipeline.yaml"]);
    plan.run()
        .code(0)
        .stdout_has("get: skip a.txt (transferred once, by an earlier run)")
        .never_says("get: download");
    assert_eq!(
        fs::read(plan.path(".ftpflow/ledger.sqlite")).unwrap(),
        ledger
    );
}

const PUT: &str = "\
steps:
  all: {list: {server: source, path: /in, recursive: true}}
  put: {relay: {from: all, to: target, into: /out, once: true}}
  on: {relay: {from: put, to: target, into: /onward}}
";

/// Runs until the final name of the first file is given, and is killed before it can be entered.
fn killed_after_the_first_name(steps: &str) -> (Running, Running, Case) {
    let (source, target) = (source(), Server::new().start());
    target.rule(On::command("RNTO").nth(1), Do::NoReply);
    let servers = [
        ("source", &source, "connections: 1"),
        ("target", &target, "connections: 2"),
    ];
    let case = Case::new().servers(&servers, steps);
    let process = case.spawn();
    target.wait_for(|_| {
        !target
            .names("/out")
            .iter()
            .all(|name| name.contains("ftpflow") || name == "sub")
    });
    process.kill();
    process.wait();
    (source, target, case)
}

#[test]
fn a_copy_that_stands_after_a_kill_counts_and_is_handed_on() {
    let (source, target, case) = killed_after_the_first_name(PUT);
    assert_eq!(paths(&case), [""; 0]);
    assert!(!open_intents(&case).is_empty());
    let read = source.count("RETR");

    case.run().code(0);

    assert_eq!(source.count("RETR"), read + 1, "{:?}", source.log());
    assert_eq!(target.names("/onward"), ["a.txt", "sub"]);
    assert_eq!(target.names("/onward/sub"), ["b.txt"]);
    assert_eq!(paths(&case), ["/in/a.txt", "/in/sub/b.txt"]);
    assert_eq!(open_intents(&case), [""; 0]);
}

#[test]
fn a_copy_that_is_gone_after_a_kill_is_sent_again_and_that_is_said() {
    let (source, target, case) = killed_after_the_first_name(PUT);
    target.mutate(|tree| tree.remove("/out/a.txt"));
    case.run().code(0).stderr_has("perhaps for the second time");
    assert_eq!(target.names("/out"), ["a.txt", "sub"]);
    target.mutate(|tree| tree.remove("/out/a.txt"));
    let read = source.count("RETR");
    case.run().code(0).never_says("second time");
    assert_eq!(source.count("RETR"), read);
}

#[test]
fn a_resumed_run_takes_nothing_twice_that_it_has_entered() {
    let (source, target) = (source(), Server::new().start());
    source.rule(On::command("RETR").nth(2), Do::Hang);
    let servers = [
        ("source", &source, "connections: 1"),
        ("target", &target, "connections: 2"),
    ];
    let case = Case::new()
        .servers(&servers, PUT)
        .args(["run", "pipeline.yaml", "--resume"]);
    let process = case.spawn();
    source.until_command("RETR", 2);
    process.kill();
    process.wait();
    // The first was published, and may be entered or not; somebody has taken it.
    target.mutate(|tree| tree.remove("/out/a.txt"));
    let outcome = case.run();
    outcome.code(0);
    assert_eq!(paths(&case), ["/in/a.txt", "/in/sub/b.txt"]);
    assert_eq!(target.names("/onward/sub"), ["b.txt"]);
}

#[test]
fn a_set_is_entered_when_it_has_its_names() {
    let steps = PUT.replace("once: true", "once: true, publish: set");
    let (source, target, case) = killed_after_the_first_name(&steps);
    assert_eq!(open_intents(&case), ["/in/a.txt", "/in/sub/b.txt"]);
    case.run().code(0);
    assert_eq!(paths(&case), ["/in/a.txt", "/in/sub/b.txt"]);
    target.mutate(|tree| {
        tree.remove("/out/a.txt");
        tree.remove("/out/sub/b.txt");
    });
    let read = source.count("RETR");
    case.run().code(0);
    assert_eq!(source.count("RETR"), read);
}

#[test]
fn what_is_not_verified_is_not_entered_and_that_is_said() {
    let source = Server::new().file("/in/a.txt", "a").start();
    // Its receiver takes each file at once, before it can be looked at.
    let gone = Do::mutate(|tree| tree.remove("/out/a.txt"));
    let target = Server::new().rule(On::command("SIZE").path("/out/a.txt"), gone);
    let target = target.start();
    let steps = PUT.replace("once: true", "once: true, publish: direct");
    let case = Case::new().pipeline(&[("source", &source), ("target", &target)], &steps);
    for _ in 0..2 {
        let outcome = case.run();
        outcome.stderr_has("1 file that arrived is not entered in the ledger");
    }
    assert_eq!(paths(&case), [""; 0]);
    assert_eq!(open_intents(&case), [""; 0]);
}

#[test]
fn sources_that_an_earlier_run_has_proven_go_only_where_that_is_accepted() {
    let source = source();
    let tidy = |accept: &str| format!("{FETCH}  tidy: {{delete: {{sources_of: get{accept}}}}}\n");
    let fetch = Case::new().pipeline(&[("source", &source)], FETCH);
    fetch.run().code(0);
    take(&fetch);
    let strict = fetch.pipeline(&[("source", &source)], &tidy(""));
    strict.run().code(0).stderr_has("did not prove it");
    assert_eq!(source.names("/in"), ["a.txt", "sub"]);
    let from = format!("{FETCH}  tidy: {{needs: [get], delete: {{from: all}}}}\n");
    let strict = strict.pipeline(&[("source", &source)], &from);
    strict.run().code(0).stderr_has("did not prove it");
    assert_eq!(source.names("/in"), ["a.txt", "sub"]);
    // Another version is fetched, and goes by its copy.
    source.mutate(|tree| tree.touch("/in/a.txt", OLD + 5));
    let accepts = strict.pipeline(&[("source", &source)], &tidy(", accept: [copy, ledger]"));
    accepts.run().code(0);
    assert_eq!(source.names("/in"), ["sub"]);
    assert_eq!(source.names("/in/sub"), [""; 0]);
    assert_eq!(accepts.files("here"), ["a.txt"]);
}

/// The copy of the first is written over by the second, in the run that would delete the first, or in one before it.
#[test]
fn a_copy_that_another_file_has_written_over_proves_nothing_to_later_runs() {
    for between in [false, true] {
        let source = Server::new().file_at("/in/a/x", "one", OLD).start();
        let fetch = "steps:
  all: {list: {server: source, path: /in, recursive: true}}
  get: {download: {from: all, into: here, flatten: true, once: true}}
";
        let case = Case::new().pipeline(&[("source", &source)], fetch);
        case.run().code(0);
        source.mutate(|tree| {
            tree.remove("/in/a/x");
            tree.write("/in/b/x", "two");
        });
        if between {
            case.run().code(0);
        }
        source.mutate(|tree| {
            tree.write("/in/a/x", "one");
            tree.touch("/in/a/x", OLD);
        });
        let tidy = "  tidy: {delete: {sources_of: get, accept: [copy, ledger]}}\n";
        let case = case.pipeline(&[("source", &source)], &format!("{fetch}{tidy}"));
        let outcome = case.run();
        let kept = source.read("/in/a/x") == Some(b"one".to_vec());
        assert!(kept, "{between} {outcome:?}");
    }
}

#[test]
fn an_empty_ledger_is_begun_and_that_of_another_program_is_left_alone() {
    let source = source();
    let case = Case::new().pipeline(&[("source", &source)], FETCH);
    let case = case.file(".ftpflow/ledger.sqlite", "");
    let case = case.instead(&["history", "pipeline.yaml"]);
    case.run().code(0);
    let case = case.instead(&["plan", "pipeline.yaml"]);
    case.run().code(0).stdout_has("a.txt");
    let other = rusqlite::Connection::open(case.path(".ftpflow/ledger.sqlite")).unwrap();
    other.pragma_update(None, "application_id", 5).unwrap();
    let case = case.instead(&["run", "pipeline.yaml"]);
    case.run().code(4).stderr_has("is no ledger of ftpflow");
    assert_eq!(source.count("RETR"), 0);
}

#[test]
fn coarse_times_are_known_again_and_lists_without_times_by_size() {
    for (style, says) in [
        (ListStyle::unix(), ""),
        (ListStyle::unix(), "tells no time"),
    ] {
        let features = Features::all().without("MLSD").without("MDTM");
        let source = Server::new()
            .features(features)
            .list_style(style)
            .file("/in/a.txt", "a")
            .start();
        let listing = if says.is_empty() { "list" } else { "nlst" };
        let servers = [("source", &source, format!("listing: {listing}"))];
        let servers = servers
            .each_ref()
            .map(|(name, server, fields)| (*name, *server, fields.as_str()));
        let case = Case::new().servers(&servers, FETCH);
        case.run().stderr_has(says);
        assert_eq!(case.files("here"), ["a.txt"], "{listing}");
        take(&case);
        case.run();
        assert_eq!(case.files("here"), [""; 0], "{listing}: {:?}", source.log());
    }
}

#[test]
fn without_its_ledger_nothing_runs() {
    let source = source();
    let case = Case::new().pipeline(&[("source", &source)], FETCH);
    let case = case.file(".ftpflow/ledger.sqlite", "no database ".repeat(100));
    case.run()
        .code(4)
        .stderr_has("is damaged")
        .stderr_has("move it away");
    assert_eq!(source.count("RETR"), 0);
}

#[test]
fn history_remember_and_forget() {
    let source = source();
    let case = Case::new().pipeline(&[("source", &source)], FETCH);
    let ask = |case: Case, arguments: &[&str]| case.instead(arguments);
    let case = ask(case, &["history", "pipeline.yaml"]);
    case.run().code(0).stdout_has("no such file is known");
    assert!(!case.path(".ftpflow").exists());

    let case = ask(case, &["remember", "pipeline.yaml", "get"]);
    case.run()
        .code(0)
        .stdout_has("get: skip a.txt (remembered)");
    assert_eq!((source.count("RETR"), paths(&case).len()), (0, 2));
    let case = ask(case, &["run", "pipeline.yaml"]);
    case.run().code(0);
    assert_eq!(case.files("here"), [""; 0]);

    let case = ask(case, &["forget", "pipeline.yaml", "get", "/in/sub/*"]);
    case.run().code(0).stderr_has("1 entry was forgotten");
    let case = ask(case, &["run", "pipeline.yaml"]);
    case.run().code(0);
    assert_eq!(case.files("here"), ["sub/b.txt"]);

    let case = ask(case, &["history", "pipeline.yaml", "a*"]);
    let told = case.run();
    told.code(0)
        .stdout_has("get: remembered source:/in/a.txt (run ");
    told.never_says("b.txt");
    let case = ask(
        case,
        &["history", "pipeline.yaml", "/in/**", "--format", "json"],
    );
    let told = case.run();
    let document: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let file = &document["files"][1];
    let how = (&file["path"], &file["how"], &file["size"]);
    assert_eq!(
        how,
        (&"/in/sub/b.txt".into(), &"transferred".into(), &1.into())
    );
    assert!(file["target"].as_str().unwrap().ends_with("here/sub/b.txt"));

    let case = ask(case, &["remember", "pipeline.yaml", "all"]);
    case.run().code(2).stderr_has("is no transfer with `once`");
}
