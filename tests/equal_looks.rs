//! Files that look the same: one name, size and time, and perhaps another content.

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Running, Server};

const LONG_AGO: i64 = 1_600_000_000;

/// Brings `/a` and then `/b` to the folder `/out` of another server, and with `delete` both sources away.
fn both_to_one(from: &Running, to: &Running, options: &str, delete: &str) -> Case {
    Case::new().pipeline(
        &[("from", from), ("to", to)],
        &format!(
            "allow: [hazard::writers, allow::unused]
steps:
  first: {{ list: {{ server: from, path: /a }} }}
  second: {{ list: {{ server: from, path: /b }} }}
  one: {{ relay: {{ from: first, to: to, into: /out{options} }} }}
  two: {{ needs: [one], relay: {{ from: second, to: to, into: /out{options} }} }}
{delete}"
        ),
    )
}

fn two_versions() -> Server {
    Server::new()
        .file_at("/a/x.txt", "content of a", LONG_AGO)
        .file_at("/b/x.txt", "content of b", LONG_AGO)
}

fn stands_somewhere(from: &Running, to: &Running, content: &str) -> bool {
    let there = [
        from.read("/a/x.txt"),
        from.read("/b/x.txt"),
        to.read("/out/x.txt"),
    ];
    there.contains(&Some(content.into()))
}

/// What was found at a destination is the copy of one source at most.
#[test]
fn of_two_sources_that_look_like_one_copy_none_is_deleted_for_it() {
    const SOURCES: &str = "  d1: { needs: [two], delete: { sources_of: one } }\n  d2: { needs: [d1], delete: { sources_of: two } }\n";
    const TURNED: &str = "  d1: { needs: [two], delete: { sources_of: two } }\n  d2: { needs: [d1], delete: { sources_of: one } }\n";
    const LISTS: &str = "  d1: { needs: [two], delete: { from: first } }\n  d2: { needs: [d1], delete: { from: second } }\n";
    for delete in [SOURCES, TURNED, LISTS] {
        for options in ["", ", if_exists: skip"] {
            let from = two_versions().start();
            let to = Server::new()
                .file_at("/out/x.txt", "content of a", LONG_AGO)
                .start();
            let outcome = both_to_one(&from, &to, options, delete).run();
            for content in ["content of a", "content of b"] {
                assert!(
                    stands_somewhere(&from, &to, content),
                    "{delete} {options} {content}: {outcome:?}"
                );
            }
        }
    }
}

/// The first run has brought one of them there; the next finds it unchanged for both.
#[test]
fn the_next_run_deletes_no_source_whose_copy_was_anothers() {
    const SOURCES: &str = "  d1: { needs: [two], delete: { sources_of: one } }\n  d2: { needs: [d1], delete: { sources_of: two } }\n";
    let (from, to) = (two_versions().start(), Server::new().folder("/out").start());
    both_to_one(&from, &to, "", "").run().code(0);
    let outcome = both_to_one(&from, &to, "", SOURCES).run();
    for content in ["content of a", "content of b"] {
        assert!(
            stands_somewhere(&from, &to, content),
            "{content}: {outcome:?}"
        );
    }
    outcome.stderr_has("has the same name, size and time");
}

/// Many folders whose files look the same, of which the destination has copies.
fn many(server: Server, root: &str, folders: usize) -> Server {
    (0..folders).fold(server, |server, number| {
        server.file_at(format!("{root}/f{number}/x.txt"), "equal", LONG_AGO)
    })
}

fn moved(from: &Running, to: &Running, options: &str) -> Case {
    Case::new().pipeline(
        &[("from", from), ("to", to)],
        &format!(
            "allow: [options::direct]
steps:
  all: {{ list: {{ server: from, path: /a, recursive: true }} }}
  move: {{ relay: {{ from: all, to: to, into: /out, if_exists: overwrite{options} }} }}
  gone: {{ delete: {{ sources_of: move, max: 1000 }} }}
"
        ),
    )
}

#[test]
fn equal_copies_in_many_folders_are_told_apart_with_one_mark_and_one_listing_each() {
    const FOLDERS: usize = 30;
    for options in ["", ", publish: direct"] {
        let from = many(Server::new(), "/a", FOLDERS).start();
        let to = many(Server::new(), "/out", FOLDERS).start();
        let outcome = moved(&from, &to, options).run();
        outcome.code(0);
        let left = (0..FOLDERS).filter(|at| from.read(format!("/a/f{at}/x.txt")).is_some());
        assert_eq!(left.count(), 0, "{options} {outcome:?}");
        // Listed by the step, told apart from other folders and from its own, and looked at before the deletion.
        let listings = from.count("MLSD");
        assert!(listings < 6 * FOLDERS, "{options} {listings}");
        for number in 0..FOLDERS {
            let names = to.names(format!("/out/f{number}"));
            assert_eq!(names, ["x.txt"], "{options}");
        }
    }
}

/// Where one folder of the destination is that of another source, what stands there is that source.
#[test]
fn an_equal_file_that_is_another_source_is_not_replaced() {
    for options in ["", ", publish: direct"] {
        let mut server = Server::new().folder("/out");
        for number in 0..20 {
            server = server.file_at(
                format!("/a/f{number}/x.txt"),
                format!("content {number:02}"),
                LONG_AGO,
            );
            server = server.link(
                format!("/out/f{number}"),
                format!("/a/f{}", (number + 1) % 20),
            );
        }
        let server = server.start();
        let case = Case::new().servers(
            &[
                ("from", &server, ""),
                ("to", &server, "user: other, password: lab-secret"),
            ],
            &format!(
                "allow: [options::direct, allow::unused]
steps:
  all: {{ list: {{ server: from, path: /a, recursive: true }} }}
  move: {{ relay: {{ from: all, to: to, into: /out, if_exists: overwrite{options} }} }}
  gone: {{ delete: {{ sources_of: move, max: 1000 }} }}
"
            ),
        );
        let outcome = case.run();
        let mut contents: Vec<_> = (0..20)
            .filter_map(|at| server.read(format!("/a/f{at}/x.txt")))
            .collect();
        contents.sort();
        let wanted: Vec<Vec<u8>> = (0..20)
            .map(|at| format!("content {at:02}").into())
            .collect();
        assert_eq!(contents, wanted, "{options} {outcome:?}");
    }
}

/// A server that tells times in listings only, and there to the minute: nothing tells a change since.
#[test]
fn a_copy_of_which_no_time_was_told_stays_unproven_and_the_reason_is_said() {
    let from = Server::new()
        .file_at("/a/x.txt", "content", LONG_AGO)
        .start();
    let to = Server::new()
        .features(Features::none())
        .folder("/out")
        .start();
    let outcome = moved(&from, &to, "").run();
    assert!(from.read("/a/x.txt").is_some());
    outcome.code(1);
    outcome.stderr_has("no time of its copy was told when it was written");
    outcome.stderr_has("accept: [copy, reply]");
}

/// Listings tell times and no sizes, and nothing else tells a time: what stands there may have been written since.
#[test]
fn a_time_that_only_a_listing_tells_later_proves_no_copy() {
    let from = Server::new()
        .file_at("/a/x.txt", "content", LONG_AGO)
        .start();
    let features = ["MDTM", "MDTM-SET", "MFMT"];
    let features = features
        .iter()
        .fold(Features::all(), |f, name| f.without(name));
    let shown = Do::ListRaw(b"type=file;modify=20201113120000; x.txt\r\n".to_vec());
    // After those of the step itself, which ask what stands there and whether the folder is the source's.
    let to = Server::new()
        .features(features)
        .folder("/out")
        .rule(On::command("MLSD").since_nth(3), shown)
        .start();
    let outcome = moved(&from, &to, "").run();
    assert!(
        from.read("/a/x.txt").is_some(),
        "{outcome:?} {:#?}",
        to.log()
    );
    outcome.code(1);
    outcome.stderr_has("no time of its copy was told when it was written");
}

/// A copy that lies in a source's folder is that source: its own copy goes by the same step.
#[test]
fn of_two_copies_of_which_one_is_the_others_source_one_stays() {
    let server = Server::new()
        .file_at("/a/a.txt", "equal", LONG_AGO)
        .file_at("/a/sub/a.txt", "equal", LONG_AGO)
        .link("/l", "/a")
        .start();
    // Somebody writes another file between the listing of the source and that of the destination.
    let longer = Do::mutate(|tree| tree.write("/a/sub/a.txt", "much longer"));
    server.rule(On::command("MLSD").nth(3), longer);
    let case = Case::new().servers(
        &[
            ("from", &server, "connections: 1"),
            ("to", &server, "connections: 1"),
        ],
        "steps:
  all: { list: { server: from, path: /a, recursive: true } }
  up: { relay: { from: all, to: to, into: /l/sub } }
  gone: { delete: { from: up, copies: true } }
",
    );
    let outcome = case.run();
    let log = server.log();
    assert!(server.count("DELE") > 0, "{outcome:?} {log:#?}");
    assert!(server.exists("/a/a.txt"), "{outcome:?} {log:#?}");
    assert!(server.exists("/a/sub/a.txt"), "{outcome:?} {log:#?}");
    assert!(!server.exists("/a/sub/sub/a.txt"), "{outcome:?} {log:#?}");
    outcome.stderr_has("its copy goes by this step, too");
}

/// The reply to the renaming of the second is lost, and it fails: it may have its name, and that is where the first one's copy was.
#[test]
fn a_file_that_may_have_replaced_a_copy_ends_its_proof() {
    let from = two_versions().start();
    let to = Server::new()
        .folder("/out")
        .rule(
            On::command("RNTO").path("/out/x.txt").nth(2),
            vec![Do::NoReply, Do::CloseAfter],
        )
        .start();
    let case = Case::new().pipeline(
        &[("from", &from), ("to", &to)],
        "allow: [hazard::writers, allow::unused]
defaults: { retry: { attempts: 1 } }
steps:
  first: { list: { server: from, path: /a } }
  second: { list: { server: from, path: /b } }
  one: { relay: { from: first, to: to, into: /out } }
  two:
    needs: [one]
    on_error: continue
    relay: { from: second, to: to, into: /out, if_exists: overwrite }
  gone: { needs: [two], delete: { sources_of: one } }
",
    );
    let outcome = case.run();
    outcome.code(1);
    for content in ["content of a", "content of b"] {
        assert!(
            stands_somewhere(&from, &to, content),
            "{content}: {outcome:?}"
        );
    }
}
