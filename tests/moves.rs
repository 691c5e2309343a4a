//! `move`: what it gives another place, what it leaves where it is, and what it makes of lost replies.

use crate::harness::server::{Do, On, OntoExisting, Running, Server};
use crate::harness::{Case, Outcome};

const SHORT: &str = "defaults: { retry: { attempts: 2, backoff: 10ms } }\n";
const TIMES: &str = "timeouts: { connect: 5s, reply: 1s, data: 1s, final_reply: 1s }";

fn three() -> Server {
    Server::new().files("/in", ["a.txt", "b.txt", "c.txt"], "content")
}

fn case(server: &Running, steps: &str) -> Case {
    let rest = format!("{SHORT}steps:\n{steps}");
    Case::new().servers(&[("s", server, TIMES)], &rest)
}

/// Downloads `/in`, then moves its files.
fn fetch_and_move(server: &Running, moves: &str) -> Case {
    let steps = format!(
        "  found: {{ list: {{ server: s, path: /in, recursive: true }} }}
  keep: {{ download: {{ from: found, into: out }}, on_error: continue }}
  tidy: {{ move: {{ {moves} }} }}
"
    );
    case(server, &steps)
}

/// Moves what `/in` holds.
fn listed_and_moved(server: &Running, moves: &str) -> Case {
    let steps = format!(
        "  found: {{ list: {{ server: s, path: /in }} }}
  tidy: {{ move: {{ from: found, {moves} }} }}
"
    );
    case(server, &steps)
}

#[track_caller]
fn stand(server: &Running, files: &[(&str, &str)]) {
    for (path, content) in files {
        let read = server.read(path);
        assert_eq!(read.as_deref(), Some(content.as_bytes()), "{path}");
    }
}

#[track_caller]
fn says(outcome: &Outcome, code: i32, text: &str) {
    assert_eq!(outcome.status.code(), Some(code), "{}", outcome.stderr);
    outcome.stderr_has(text);
}

#[test]
fn what_arrived_is_moved_on_its_server_and_folders_are_made() {
    let server = three().file("/in/sub/d.txt", "deep").start();
    let case = fetch_and_move(&server, "sources_of: keep, into: /done/2026");
    says(&case.run(), 0, "4 files moved");
    assert_eq!(server.names("/in"), ["sub"]);
    stand(
        &server,
        &[
            ("/done/2026/a.txt", "content"),
            ("/done/2026/sub/d.txt", "deep"),
        ],
    );
    assert_eq!(server.count("DELE"), 0);
    // The next run finds nothing to do.
    case.run().code(0);
    assert_eq!(server.names("/done/2026").len(), 4);
}

#[test]
fn what_did_not_arrive_is_not_moved() {
    let refused = On::command("RETR").path("/in/b.txt");
    let server = three().rule(refused, Do::reply("550 no")).start();
    fetch_and_move(&server, "sources_of: keep, into: /done")
        .run()
        .code(1);
    assert_eq!(server.names("/in"), ["b.txt"]);
    assert_eq!(server.names("/done"), ["a.txt", "c.txt"]);
}

#[test]
fn files_of_this_machine_are_moved_and_what_they_were_stays() {
    let steps = "version: 1
steps:
  found: { list: { server: local, path: in, recursive: true } }
  tidy: { move: { from: found, into: done/now } }
";
    let case = Case::new()
        .manifest(steps)
        .file("in/a.txt", "a")
        .file("in/sub/b.txt", "b");
    says(&case.run(), 0, "2 files moved");
    assert_eq!(case.files("in"), Vec::<String>::new());
    assert_eq!(case.files("done"), ["now/a.txt", "now/sub/b.txt"]);
    assert_eq!(case.read("done/now/sub/b.txt"), Some(b"b".to_vec()));
}

#[test]
fn a_move_to_another_file_system_says_so_and_moves_nothing() {
    use std::os::unix::fs::MetadataExt;
    let memory = std::path::Path::new("/dev/shm");
    let case = Case::new().file("in/a.txt", "a");
    let here = std::fs::metadata(case.path("in")).unwrap().dev();
    if std::fs::metadata(memory).is_ok_and(|there| there.dev() == here) || !memory.exists() {
        return;
    }
    let folder = tempfile::tempdir_in(memory).unwrap();
    let into = folder.path().display();
    let steps = format!(
        "version: 1
steps:
  found: {{ list: {{ server: local, path: in }} }}
  tidy: {{ move: {{ from: found, into: {into}/done }} }}
"
    );
    let case = case.manifest(&steps);
    let outcome = case.run();
    says(&outcome, 1, "its new place lies on another file system");
    outcome.stderr_has("name an `into` on the same file system");
    assert_eq!(case.files("in"), ["a.txt"]);
}

#[test]
fn what_stands_there_is_never_written_over_unless_that_is_asked_for() {
    for (moves, code, left, there) in [
        (
            "into: /done",
            1,
            vec!["b.txt"],
            vec!["a.txt", "b.txt", "c.txt"],
        ),
        (
            "into: /done, if_exists: number",
            0,
            vec![],
            vec!["a.txt", "b (2).txt", "b.txt", "c.txt"],
        ),
    ] {
        let server = three().file("/done/b.txt", "before").start();
        listed_and_moved(&server, moves).run().code(code);
        assert_eq!(server.names("/in"), left, "{moves}");
        assert_eq!(server.names("/done"), there, "{moves}");
        stand(&server, &[("/done/b.txt", "before")]);
    }
    let server = three().file("/done/b.txt", "before").start();
    listed_and_moved(&server, "into: /done, if_exists: overwrite")
        .run()
        .code(0);
    stand(&server, &[("/done/b.txt", "content")]);
    assert_eq!(server.names("/in"), Vec::<String>::new());
}

#[test]
fn numbers_go_on_where_others_stand() {
    let server = Server::new()
        .file("/in/a.txt", "new")
        .file("/done/a.txt", "1")
        .file("/done/A (2).TXT", "2")
        .start();
    listed_and_moved(&server, "into: /done, if_exists: number")
        .run()
        .code(0);
    stand(&server, &[("/done/a (3).txt", "new"), ("/done/a.txt", "1")]);
}

/// The look that is nearest to the renaming finds what has come since the folder was listed.
#[test]
fn what_comes_to_stand_there_meanwhile_is_not_written_over() {
    let comes = || Do::mutate(|tree| tree.write("/done/a.txt", "somebody's"));
    let on = || On::command("SIZE").path("/done/a.txt").nth(1);
    for (if_exists, names) in [
        ("fail", vec!["a.txt"]),
        ("number", vec![]),
        ("overwrite", vec!["a.txt"]),
    ] {
        let server = Server::new().file("/in/a.txt", "ours").folder("/done");
        let server = server.rule(on(), comes()).start();
        let moves = format!("into: /done, if_exists: {if_exists}");
        let outcome = listed_and_moved(&server, &moves).run();
        stand(&server, &[("/done/a.txt", "somebody's")]);
        assert_eq!(
            server.names("/in"),
            names,
            "{if_exists}: {}",
            outcome.stderr
        );
        let code = i32::from(!names.is_empty());
        assert_eq!(outcome.status.code(), Some(code), "{if_exists}");
    }
}

#[test]
fn overwrite_replaces_only_what_it_looked_at() {
    let changes = Do::mutate(|tree| tree.write("/done/a.txt", "somebody's"));
    let server = Server::new()
        .file("/in/a.txt", "ours")
        .file("/done/a.txt", "old")
        .rule(On::command("MDTM").path("/done/a.txt").nth(1), changes)
        .start();
    let outcome = listed_and_moved(&server, "into: /done, if_exists: overwrite").run();
    says(&outcome, 1, "is no longer what was looked at");
    stand(
        &server,
        &[("/done/a.txt", "somebody's"), ("/in/a.txt", "ours")],
    );
}

#[test]
fn a_refused_renaming_leaves_the_file_where_it_is() {
    let refused = On::command("RNTO").path("/done/b.txt");
    let server = three().rule(refused, Do::reply("553 not here")).start();
    let outcome = listed_and_moved(&server, "into: /done").run();
    says(&outcome, 1, "553");
    assert_eq!(server.names("/in"), ["b.txt"]);
    assert_eq!(server.names("/done"), ["a.txt", "c.txt"]);
}

/// Whether the renaming happened before the reply was lost is found by looking at both names.
#[test]
fn a_lost_reply_to_a_renaming_is_settled_by_looking_at_both_names() {
    for does in [Do::NoReply, Do::Close] {
        let server = three()
            .rule(On::command("RNTO").path("/done/b.txt").nth(1), does)
            .start();
        let outcome = listed_and_moved(&server, "into: /done").run();
        assert_eq!(outcome.status.code(), Some(0), "{}", outcome.stderr);
        assert_eq!(server.names("/in"), Vec::<String>::new());
        assert_eq!(server.names("/done"), ["a.txt", "b.txt", "c.txt"]);
        outcome.stderr_has("3 files moved");
    }
}

#[test]
fn two_files_on_one_name_are_an_error_before_the_first_renaming() {
    let server = three().start();
    let rename = "into: /done, rename: { match: '^[ab]', to: x }";
    let outcome = listed_and_moved(&server, rename).run();
    says(&outcome, 1, "`a.txt` and `b.txt` would both become `x.txt`");
    assert_eq!((server.count("RNFR"), server.names("/in").len()), (0, 3));
}

#[test]
fn files_get_other_names_on_the_way_and_in_their_own_folder() {
    let server = three().start();
    let rename = "into: /done, rename: { match: '^(.)\\.txt$', to: '$1.版本' }";
    listed_and_moved(&server, rename).run().code(0);
    assert_eq!(server.names("/done"), ["a.版本", "b.版本", "c.版本"]);
    let server = three().start();
    let rename = "into: /in, rename: { match: '^a', to: x }";
    let outcome = listed_and_moved(&server, rename).run();
    outcome.code(0);
    outcome.stderr_has("1 file moved, 2 skipped");
    assert_eq!(server.names("/in"), ["b.txt", "c.txt", "x.txt"]);
}

#[test]
fn more_than_max_are_not_moved() {
    let server = three().start();
    let outcome = listed_and_moved(&server, "into: /done, max: 2").run();
    says(
        &outcome,
        1,
        "3 files would be moved, more than `max: 2`; nothing was moved",
    );
    assert_eq!(server.count("RNFR"), 0);
}

#[test]
fn a_file_that_changed_since_it_was_listed_stays() {
    let server = three();
    let changes = Do::mutate(|tree| tree.write("/in/b.txt", "longer content"));
    let server = server
        .rule(On::command("RETR").path("/in/c.txt"), changes)
        .start();
    fetch_and_move(&server, "sources_of: keep, into: /done")
        .run()
        .code(1);
    assert_eq!(server.names("/in"), ["b.txt"]);
}

#[test]
fn failed_files_are_moved_aside_and_no_others() {
    let server = three()
        .rule(On::command("RETR").path("/in/b.txt"), Do::reply("550 no"))
        .start();
    let steps = "  found: { list: { server: s, path: /in } }
  keep: { download: { from: found, into: out } }
  aside: { move: { failed_of: keep, into: /failed } }
";
    says(&case(&server, steps).run(), 1, "aside: 1 file moved");
    assert_eq!(server.names("/in"), ["a.txt", "c.txt"]);
    assert_eq!(server.names("/failed"), ["b.txt"]);
}

#[test]
fn where_nothing_failed_nothing_is_moved_aside() {
    let server = three().start();
    let steps = "  found: { list: { server: s, path: /in } }
  keep: { download: { from: found, into: out } }
  aside: { move: { failed_of: keep, into: /failed } }
";
    case(&server, steps).run().code(0);
    assert_eq!(
        (server.names("/in").len(), server.exists("/failed")),
        (3, false)
    );
}

/// A file that nobody came to is none that failed.
#[test]
fn files_that_were_never_tried_are_not_moved_aside() {
    let server = three().start();
    let steps = "  found: { list: { server: s, path: /in } }
  keep: { relay: { from: found, to: nowhere, into: /x } }
  aside: { move: { failed_of: keep, into: /failed } }
";
    let rest = format!(
        "  nowhere: {{ host: 127.0.0.1, port: 1, timeouts: {{ connect: 1s }} }}\n{SHORT}steps:\n{steps}"
    );
    let case = Case::new().servers(&[("s", &server, TIMES)], &rest);
    case.run().code(1);
    assert_eq!(
        (server.names("/in").len(), server.exists("/failed")),
        (3, false)
    );
}

#[test]
fn what_was_moved_is_the_set_of_its_step() {
    let server = three().file("/done/a.txt", "before").start();
    let steps = "  found: { list: { server: s, path: /in } }
  tidy: { move: { from: found, into: /done, if_exists: number } }
  keep: { download: { from: tidy, into: out } }
";
    let case = case(&server, steps);
    case.run().code(0);
    assert_eq!(case.files("out"), ["a (2).txt", "b.txt", "c.txt"]);
}

/// Files arrive in one folder and are moved to another when all is well; then their sources go.
#[test]
fn a_copy_that_was_moved_proves_its_source_where_it_stands_now() {
    let source = three().start();
    let target = Server::new().folder("/tmp").start();
    let steps = "steps:
  found: { list: { server: a, path: /in } }
  send: { relay: { from: found, to: b, into: /tmp } }
  publish: { move: { from: send, into: /pub } }
  tidy: { delete: { sources_of: send }, needs: [publish] }
";
    let case = Case::new().pipeline(&[("a", &source), ("b", &target)], steps);
    let outcome = case.run();
    says(&outcome, 0, "tidy: 3 files deleted");
    assert_eq!(target.names("/pub"), ["a.txt", "b.txt", "c.txt"]);
    assert_eq!(target.names("/tmp"), Vec::<String>::new());
    assert_eq!(source.names("/in"), Vec::<String>::new());
}

#[test]
fn what_was_moved_is_not_deleted_by_the_same_run() {
    let server = three().file("/done/old.txt", "old").start();
    let steps = "  found: { list: { server: s, path: /in } }
  tidy: { move: { from: found, into: /done } }
  old: { list: { server: s, path: /done }, needs: [tidy] }
  clear: { delete: { from: old } }
";
    case(&server, steps).run().code(0);
    assert_eq!(server.names("/done"), ["a.txt", "b.txt", "c.txt"]);
}

#[test]
fn what_this_run_has_put_there_is_not_moved_over() {
    let server = Server::new()
        .file("/one/a.txt", "one")
        .file("/two/a.txt", "two")
        .start();
    let steps = "  one: { list: { server: s, path: /one } }
  two: { list: { server: s, path: /two } }
  first: { move: { from: one, into: /done } }
  second: { move: { from: two, into: /done, if_exists: overwrite }, needs: [first] }
";
    let outcome = case(&server, steps).run();
    says(&outcome, 1, "this run has put there");
    stand(&server, &[("/done/a.txt", "one"), ("/two/a.txt", "two")]);
}

#[test]
fn plan_says_where_files_would_go_and_moves_none() {
    let server = three().file("/done/a.txt", "before").start();
    let case = listed_and_moved(&server, "into: /done, if_exists: number");
    let case = case.instead(&["plan", "pipeline.yaml"]);
    case.run()
        .code(0)
        .stdout_has("tidy: move a.txt → a (2).txt\ntidy: move b.txt → b.txt\n");
    assert_eq!((server.count("RNFR"), server.count("MKD")), (0, 0));
}

/// Killed at any renaming, a run is finished by the next: each file stands once, and is in the set of the step.
#[test]
fn a_run_that_was_killed_while_it_moved_is_finished_by_resume() {
    let names = ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt", "5.txt"];
    for killed_at in 1..=names.len() {
        let server = Server::new()
            .files("/in", names, "content")
            .file("/done/3.txt", "before")
            .start();
        let steps = "  found: { list: { server: s, path: /in } }
  tidy: { move: { from: found, into: /done, if_exists: number } }
  keep: { download: { from: tidy, into: out } }
";
        let case = case(&server, steps).args(["run", "pipeline.yaml", "--resume"]);
        let process = case.spawn();
        server.until_command("RNTO", killed_at);
        process.kill();
        process.wait();
        let outcome = case.run();
        assert_eq!(
            outcome.status.code(),
            Some(0),
            "{killed_at}: {}",
            outcome.stderr
        );
        assert_eq!(server.names("/in"), Vec::<String>::new(), "{killed_at}");
        let expected = ["0.txt", "1.txt", "2.txt", "3 (2).txt", "4.txt", "5.txt"];
        assert_eq!(
            case.files("out"),
            expected,
            "{killed_at}: {}",
            outcome.stderr
        );
        assert_eq!(server.names("/done").len(), 7, "{killed_at}");
        stand(
            &server,
            &[("/done/3.txt", "before"), ("/done/3 (2).txt", "content")],
        );
    }
}

/// A file that somebody has taken away is none that an interrupted run has moved.
#[test]
fn a_resumed_run_does_not_take_another_file_for_one_that_it_has_moved() {
    let lost = On::command("RNTO").path("/done/b.txt").nth(1);
    let server = three().rule(lost, Do::Hang).start();
    let case = listed_and_moved(&server, "into: /done").args(["run", "pipeline.yaml", "--resume"]);
    let process = case.spawn();
    server.wait_for(|log| {
        log.iter()
            .any(|entry| entry.to_string().contains("RNTO /done/b.txt"))
    });
    process.kill();
    process.wait();
    server.mutate(|tree| {
        tree.remove("/in/b.txt");
        tree.write("/done/b.txt", "somebody's own file");
    });
    let outcome = case.run();
    outcome.never_says("b.txt → ");
    stand(&server, &[("/done/b.txt", "somebody's own file")]);
    assert_eq!(
        server.names("/in"),
        Vec::<String>::new(),
        "{}",
        outcome.stderr
    );
}

/// A file that was found unchanged is put away while its copy is looked at, and gets its new name from there.
#[test]
fn unchanged_files_are_moved_whatever_reply_is_lost_on_the_way() {
    for nth in 0..=6 {
        let names = ["a.txt", "b.txt"];
        let server = names.iter().fold(Server::new(), |server, name| {
            server.file_at(format!("/in/{name}"), "content", 1_600_000_000)
        });
        let server = match nth {
            0 => server,
            nth => server.rule(On::command("RNTO").nth(nth), Do::NoReply),
        };
        let server = server.start();
        let steps = "  found: { list: { server: s, path: /in } }
  keep: { download: { from: found, into: out } }
";
        let moves = format!("{steps}  tidy: {{ move: {{ sources_of: keep, into: /done }} }}\n");
        let first = case(&server, steps);
        first.run().code(0);
        let second = case(&server, &moves);
        for name in names {
            let to = second.path(format!("out/{name}"));
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(first.path(format!("out/{name}")), &to).unwrap();
            let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
            let file = std::fs::File::options().write(true).open(&to).unwrap();
            file.set_modified(old).unwrap();
        }
        let outcome = second.run();
        assert_eq!(outcome.status.code(), Some(0), "{nth}: {}", outcome.stderr);
        assert_eq!(server.names("/done"), names, "{nth}");
        assert_eq!(server.names("/in"), Vec::<String>::new(), "{nth}");
        assert_eq!(
            (server.count("RETR"), server.count("DELE")),
            (2, 0),
            "{nth}"
        );
    }
}

/// A server that does not rename over what stands there: the old file is put aside, and goes when the new one stands.
#[test]
fn overwrite_works_where_a_server_does_not_rename_onto_a_name() {
    let server = Server::new()
        .file("/in/a.txt", "new")
        .file("/done/a.txt", "old")
        .onto_existing(OntoExisting::Refuse)
        .start();
    let outcome = listed_and_moved(&server, "into: /done, if_exists: overwrite").run();
    assert_eq!(outcome.status.code(), Some(0), "{}", outcome.stderr);
    stand(&server, &[("/done/a.txt", "new")]);
    assert_eq!(
        (server.names("/in").len(), server.names("/done").len()),
        (0, 1)
    );
}
