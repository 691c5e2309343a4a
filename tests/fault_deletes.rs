//! What `delete` must never take away, and what it makes of lost replies.

use crate::harness::server::{AsciiSize, Do, Features, Gate, On, Running, Server};
use crate::harness::{Case, Outcome};

const SHORT: &str = "defaults: { retry: { attempts: 2, backoff: 10ms } }\n";
const TIMES: &str = "timeouts: { connect: 5s, reply: 1s, data: 1s, final_reply: 1s }";

fn three() -> Server {
    Server::new().files("/in", ["a.txt", "b.txt", "c.txt"], "content")
}

/// Downloads `/in` with these options, then deletes the sources.
fn fetch_and_delete(server: &Running, options: &str, delete: &str) -> Case {
    fetch_and_delete_by(TIMES, server, options, delete)
}

fn fetch_and_delete_by(entry: &str, server: &Running, options: &str, delete: &str) -> Case {
    Case::new().servers(
        &[("s", server, entry)],
        &format!(
            "{SHORT}steps:
  found: {{ list: {{ server: s, path: /in, recursive: true }} }}
  keep: {{ download: {{ from: found, into: out{options} }}, on_error: continue }}
  tidy: {{ delete: {{ {delete} }} }}
"
        ),
    )
}

#[track_caller]
fn left(server: Server, options: &str, code: i32, names: &[&str]) -> (Case, Outcome) {
    let server = server.start();
    // A second session would list the folder once more, so that the listings could not be counted.
    let entry = format!("{TIMES}, connections: 1");
    let case = fetch_and_delete_by(&entry, &server, options, "sources_of: keep");
    let outcome = case.run();
    assert_eq!(outcome.status.code(), Some(code), "{}", outcome.stderr);
    assert_eq!(server.names("/in"), names, "{}", outcome.stderr);
    (case, outcome)
}

#[test]
fn what_arrived_is_deleted_at_its_source() {
    let (case, _) = left(three(), "", 0, &[]);
    assert_eq!(case.files("out").len(), 3);
}

/// Folders come with their files; they are neither transferred nor left alone, and some are gone at the end.
#[test]
fn folders_are_not_counted_as_files_that_were_left_alone() {
    for (delete, names) in [
        ("sources_of: keep", vec!["more", "sub", "void"]),
        ("sources_of: keep, directories: remove_empty", vec!["void"]),
    ] {
        let server = three()
            .file("/in/sub/d.txt", "content")
            .file("/in/more/deep/e.txt", "content")
            .folder("/in/void")
            .start();
        fetch_and_delete(&server, "", delete)
            .run()
            .code(0)
            .stderr_has("5 files deleted")
            .never_says("left alone")
            .never_says("only files");
        assert_eq!(server.names("/in"), names, "{delete}");
    }
}

#[test]
fn folders_alone_are_nothing_to_delete_and_that_is_said() {
    let server = three().folder("/in/one").folder("/in/two").start();
    let steps = "steps:
  found: { list: { server: s, path: /in } }
  folders: { filter: { from: found, type: directory } }
  tidy: { delete: { from: folders } }
";
    Case::new()
        .pipeline(&[("s", &server)], steps)
        .run()
        .code(0)
        .stderr_has("nothing to delete: what was chosen is 2 folders, and only files are deleted");
    assert_eq!(server.count("DELE"), 0);
}

#[test]
fn what_did_not_arrive_is_never_deleted() {
    for does in [Do::reply("550 no"), Do::CutAt(2), Do::lie("426 no")] {
        let server = three().rule(On::command("RETR").path("/in/b.txt"), does);
        drop(left(server, "", 1, &["b.txt"]));
    }
}

#[test]
fn what_was_skipped_is_never_deleted() {
    let server = three().start();
    let case = fetch_and_delete(&server, ", if_exists: skip", "sources_of: keep")
        .file("out/b.txt", "another");
    case.run().code(0);
    assert_eq!(server.names("/in"), ["b.txt"]);
    assert_eq!(case.read("out/b.txt"), Some(b"another".to_vec()));
}

#[test]
fn what_is_not_verified_is_never_deleted() {
    let (_, outcome) = left(three(), ", verify: none", 0, &["a.txt", "b.txt", "c.txt"]);
    outcome.stderr_has("did not prove it at its destination");
    drop(left(
        three(),
        ", type: ascii",
        0,
        &["a.txt", "b.txt", "c.txt"],
    ));
}

#[test]
fn a_file_whose_size_nobody_tells_is_never_deleted() {
    let server = three()
        .features(Features::none())
        .ascii_size(AsciiSize::Refuse)
        .start();
    let case = Case::new().servers(
        &[("s", &server, "listing: nlst")],
        &format!(
            "{SHORT}steps:
  found: {{ list: {{ server: s, path: /in }} }}
  keep: {{ download: {{ from: found, into: out }} }}
  tidy: {{ delete: {{ sources_of: keep }} }}
"
        ),
    );
    let outcome = case.run();
    assert_eq!(server.names("/in").len(), 3, "{}", outcome.stderr);
}

#[test]
fn what_changed_after_its_transfer_is_kept_and_fails_the_step() {
    let change = Do::mutate(|tree| tree.write("/in/b.txt", "longer content"));
    let server = three().rule(On::command("MLSD").nth(3), change);
    let (case, outcome) = left(server, "", 1, &["b.txt"]);
    outcome
        .stderr_has("b.txt")
        .stderr_has("changed since it was listed");
    assert_eq!(case.read("out/b.txt"), Some(b"content".to_vec()));
}

#[test]
fn what_is_touched_after_its_transfer_is_kept() {
    let touch = Do::mutate(|tree| {
        tree.touch("/in/b.txt", 1_700_000_000);
    });
    drop(left(
        three().rule(On::command("MLSD").nth(3), touch),
        "",
        1,
        &["b.txt"],
    ));
}

#[test]
fn what_is_gone_already_is_a_warning() {
    let gone = Do::mutate(|tree| tree.remove("/in/b.txt"));
    let server = three().rule(On::command("MLSD").nth(3), gone);
    let (_, outcome) = left(server, "", 0, &[]);
    outcome.stderr_has("was not there");
    let server = three().rule(
        On::command("DELE").path("/in/b.txt"),
        Do::mutate(|tree| tree.remove("/in/b.txt")),
    );
    let (_, outcome) = left(server, "", 0, &[]);
    outcome.stderr_has("was not there");
}

#[test]
fn a_set_deleted_by_name_leaves_out_what_was_not_proven() {
    let server = three()
        .rule(On::command("RETR").path("/in/b.txt"), Do::reply("550 no"))
        .start();
    let case = fetch_and_delete(&server, "", "from: found");
    let case_needs = Case::new().servers(
        &[("s", &server, "")],
        &format!(
            "{SHORT}steps:
  found: {{ list: {{ server: s, path: /in }} }}
  keep: {{ download: {{ from: found, into: out }}, on_error: continue }}
  tidy: {{ delete: {{ from: found }}, needs: keep }}
"
        ),
    );
    drop(case);
    case_needs.run().code(1).stderr_has("did not prove");
    assert_eq!(server.names("/in"), ["b.txt"]);
}

#[test]
fn more_than_max_deletes_nothing() {
    let server = three().start();
    let case = fetch_and_delete(&server, "", "sources_of: keep, max: 2");
    case.run().code(1).stderr_has("more than `max: 2`");
    assert_eq!(server.count("DELE"), 0);
}

#[test]
fn an_incomplete_first_listing_refuses() {
    let server = three()
        .rule(
            On::command("MLSD").nth(1),
            Do::ListAlso(b"what is this\r\n".to_vec()),
        )
        .start();
    let case = fetch_and_delete(&server, "", "sources_of: keep");
    case.run().code(1).stderr_has("may not be whole");
    assert_eq!(server.count("DELE"), 0);
}

/// The other folder's listing is still under way when the refusal comes: the step must not forget it.
#[test]
fn an_incomplete_second_listing_refuses_while_others_are_under_way() {
    let gate = Gate::new();
    let server = Server::new()
        .files("/in/one", ["a.txt"], "content")
        .files("/in/two", ["b.txt"], "content")
        .rule(
            On::command("MLSD").path("/in/one").nth(3),
            Do::ListAlso(b"what is this\r\n".to_vec()),
        )
        .rule(
            On::command("MLSD").path("/in/two").nth(3),
            Do::Wait(gate.clone()),
        )
        .start();
    let case = fetch_and_delete(&server, "", "sources_of: keep");
    let process = case.spawn();
    gate.until_arrived(1);
    server.until_command("MLSD", 7);
    gate.open();
    process.wait().code(1).stderr_has("may not be whole");
    assert_eq!(server.count("DELE"), 0);
}

#[test]
fn what_this_run_put_there_is_never_deleted() {
    let server = three().start();
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            &format!(
                "{SHORT}steps:
  put: {{ upload: {{ files: new/*, to: s, into: /in }} }}
  found: {{ list: {{ server: s, path: /in }}, needs: put }}
  tidy: {{ delete: {{ from: found }} }}
"
            ),
        )
        .file("new/mine.txt", "mine");
    case.run().code(0).stderr_has("this run put it there");
    assert_eq!(server.names("/in"), ["mine.txt"]);
}

#[test]
fn empty_folders_go_where_that_is_asked_for() {
    let tree = || {
        Server::new()
            .files("/in/one/deep", ["a.txt"], "content")
            .files("/in/two", ["b.txt", "keep.log"], "content")
            .rule(
                On::command("RETR").path("/in/two/keep.log"),
                Do::reply("550 no"),
            )
            .start()
    };
    let server = tree();
    fetch_and_delete(&server, "", "sources_of: keep")
        .run()
        .code(1);
    assert_eq!(server.names("/in"), ["one", "two"]);
    let server = tree();
    fetch_and_delete(&server, "", "sources_of: keep, directories: remove_empty")
        .run()
        .code(1);
    assert_eq!(server.names("/in"), ["two"]);
    assert_eq!(server.names("/in/two"), ["keep.log"]);
}

#[test]
fn a_lost_reply_to_a_deletion_is_looked_for_and_never_repeated() {
    for does in [vec![Do::NoReply], vec![Do::NoReply, Do::CloseAfter]] {
        let server = three()
            .rule(On::command("DELE").path("/in/b.txt").nth(1), does)
            .start();
        let case = fetch_and_delete(&server, "", "sources_of: keep");
        case.run().code(0);
        assert_eq!(server.names("/in"), Vec::<String>::new());
        assert_eq!(server.count("DELE"), 3, "{:?}", server.log());
    }
}

#[test]
fn a_server_that_closes_at_every_deletion_ends_the_step() {
    let server = three().rule(On::command("DELE"), Do::Close).start();
    let case = fetch_and_delete(&server, "", "sources_of: keep");
    let outcome = case
        .spawn()
        .within(std::time::Duration::from_secs(20))
        .wait();
    outcome.code(1).stderr_has("DELE");
    assert_eq!(server.names("/in").len(), 3);
    assert!(server.count("DELE") <= 6, "{:?}", server.log());
}

#[test]
fn a_refused_deletion_names_file_command_and_reply() {
    let server = three()
        .rule(
            On::command("DELE").path("/in/b.txt"),
            Do::reply("550 it is mine"),
        )
        .start();
    let outcome = fetch_and_delete(&server, "", "sources_of: keep").run();
    outcome
        .code(1)
        .stderr_has("b.txt")
        .stderr_has("DELE")
        .stderr_has("550 it is mine");
    assert_eq!(server.names("/in"), ["b.txt"]);
}

#[test]
fn nothing_is_deleted_when_the_copies_cannot_be_made_safe() {
    let case = Case::new();
    let out = case.path("out");
    let lost = Do::mutate(move |_| std::fs::remove_dir_all(&out).unwrap_or_default());
    let server = three()
        .folder("/pause")
        .rule(On::command("MLSD").path("/pause"), lost)
        .start();
    let case = case.servers(
        &[("s", &server, TIMES)],
        &format!(
            "{SHORT}steps:
  keep: {{ download: {{ server: s, files: /in/*, into: out }} }}
  pause: {{ list: {{ server: s, path: /pause }}, needs: keep }}
  tidy: {{ delete: {{ sources_of: keep }}, needs: pause }}
"
        ),
    );
    case.run().code(1).stderr_has("the copies may not be safe");
    assert_eq!(server.names("/in").len(), 3);
}

/// The transfer as a whole is refused before it looks at any file: none of its files is proven.
#[test]
fn a_transfer_that_was_refused_as_a_whole_proves_none_of_its_files() {
    let server = three().start();
    let case = Case::new()
        .servers(
            &[("s", &server, TIMES)],
            &format!(
                "{SHORT}steps:
  found: {{ list: {{ server: s, path: /in }} }}
  keep: {{ download: {{ from: found, into: out, if_exists: fail }}, on_error: continue }}
  tidy: {{ delete: {{ from: found }}, needs: keep }}
"
            ),
        )
        .file("out/b.txt", "old");
    case.run().code(1);
    assert_eq!(server.names("/in").len(), 3, "{:?}", server.log());
}

/// The first run cannot verify what it converts; that the second finds it unchanged proves no more.
#[test]
fn what_was_converted_is_not_proven_by_a_second_run_either() {
    let server = three().start();
    let case = fetch_and_delete(&server, ", type: ascii", "sources_of: keep");
    case.run().code(0);
    case.run().code(0);
    assert_eq!(server.names("/in").len(), 3);
}

#[test]
fn a_data_port_that_stays_dead_fails_and_deletes_nothing() {
    let server = three()
        .rule(On::command("EPSV").since_nth(2), Do::DeadPort)
        .rule(On::command("PASV"), Do::DeadPort)
        .start();
    let outcome = fetch_and_delete(&server, "", "sources_of: keep").run();
    outcome.code(1).stderr_has("no data connection");
    assert_eq!(server.names("/in").len(), 3);
}

/// What the first list could not see nobody has brought anywhere; the second sees it, and no transfer names it.
#[test]
fn what_a_broken_list_kept_from_a_transfer_is_not_deleted_by_a_later_list() {
    for (path, deleted) in [("/in", vec![]), ("/in/sub", vec!["a.txt"])] {
        let server = Server::new()
            .files("/in", ["a.txt"], "content")
            .files("/in/sub", ["b.txt"], "content")
            .rule(
                On::command("MLSD").path(path).nth(1),
                Do::reply("450 not now"),
            )
            .start();
        let case = Case::new().servers(
            &[("s", &server, TIMES)],
            "defaults: { retry: { attempts: 1 } }
steps:
  found: { on_error: continue, list: { server: s, path: /in, recursive: true } }
  keep: { download: { from: found, into: out } }
  again: { needs: [keep], list: { server: s, path: /in, recursive: true } }
  tidy: { delete: { from: again } }
",
        );
        let outcome = case.run();
        outcome.code(1);
        for name in ["a.txt", "sub/b.txt"] {
            let stands = server.read(format!("/in/{name}")).is_some();
            assert_eq!(stands, !deleted.contains(&name), "{name}: {outcome:?}");
            assert!(stands || case.read(format!("out/{name}")).is_some());
        }
        outcome.stderr_has("its list may not be whole");
    }
}

/// What a refusal means is looked for in a listing where SIZE does not tell; a server that refuses everything is not listed for
/// each refusal of a file among a million.
#[test]
fn refusals_without_end_have_a_large_folder_listed_a_few_times_only() {
    let names = (0..30_000).map(|at| format!("{at:05}{}", "x".repeat(240)));
    let server = Server::new()
        .files("/in", names, "content")
        .rule(On::command("DELE"), Do::reply("550 no"))
        .rule(On::command("SIZE"), Do::reply("550 no"))
        .start();
    let steps = "steps:
  found: { list: { server: s, path: /in } }
  few: { filter: { from: found, limit: 60 } }
  tidy: { delete: { from: few } }
";
    let case = Case::new().servers(&[("s", &server, "connections: 1")], steps);
    case.run().code(1).stderr_has("60 of 60 files failed");
    assert_eq!(server.count("DELE"), 60);
    // 64 MiB of listings, and those of the two steps before.
    let listed = server.count("MLSD");
    assert!((3..14).contains(&listed), "{listed}");
}
