//! One server under two `servers` entries that read its times and names in other ways: a `delete` through the second one
//! leaves alone what this run brought through the first.

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Running, Server};

/// Another account, so that nothing but the files themselves tells that the two entries are one server.
const OTHER: &str = "user: other, password: lab-secret";

/// What entry two says beside [`OTHER`].
fn two<'s>(
    server: &'s Running,
    one: &'s str,
    other: &'s str,
) -> [(&'s str, &'s Running, &'s str); 2] {
    [("one", server, one), ("two", server, other)]
}

/// Brings `out` to the server by entry one, deletes the sources, and deletes by entry two what stands in `folder`.
fn moved_and_deleted(server: &Running, one: &str, other: &str, folder: &str) -> Case {
    let other = format!("{OTHER}{other}");
    Case::new().servers(
        &two(server, one, &other),
        &format!(
            "steps:
  up: {{ upload: {{ files: 'out/*', to: one, into: /in }} }}
  gone: {{ delete: {{ sources_of: up }} }}
  there: {{ list: {{ server: two, path: {folder} }}, needs: gone }}
  away: {{ delete: {{ from: there }} }}
"
        ),
    )
}

#[test]
fn copies_stay_that_another_entry_lists_in_another_zone() {
    for offset in ["'+05:30'", "'-09:30'", "auto"] {
        for folder in ["/in", "/alias"] {
            let server = Server::new()
                .folder("/in")
                .link("/alias", "/in")
                .file("/in/old.txt", "somebody's")
                .start();
            let other = format!(", listing: list, clock_offset: {offset}");
            let case = moved_and_deleted(&server, "", &other, folder)
                .file("out/a.txt", "first")
                .file("out/b.txt", "other");
            let outcome = case.run();
            assert_eq!(case.files("out"), [""; 0], "{offset} {folder}");
            // The list itself is honoured: what no transfer brought goes.
            assert_eq!(server.names("/in"), ["a.txt", "b.txt"], "{offset} {folder}");
            outcome.code(1).stderr_has("are one and the same");
        }
    }
}

#[test]
fn copies_stay_whose_names_another_entry_reads_as_other_text() {
    for (one, other) in [("auto", "gbk"), ("gbk", "auto"), ("utf-8", "gbk")] {
        let server = Server::new().folder("/in").start();
        let one = format!("encoding: {one}");
        let case = moved_and_deleted(&server, &one, &format!(", encoding: {other}"), "/in")
            .file("out/版本.txt", "content");
        let outcome = case.run();
        assert_eq!(case.files("out"), [""; 0], "{one} {other}");
        assert_eq!(server.names("/in").len(), 1, "{one} {other}");
        outcome.code(1).stderr_has("are one and the same");
    }
}

/// Both at once, and on a server that shows no more than the year.
#[test]
fn copies_stay_whose_names_and_times_another_entry_reads_otherwise() {
    let server = Server::new()
        .folder("/in")
        .features(Features::all().without("MLSD"))
        .start();
    let other = ", encoding: gbk, listing: list, clock_offset: '+05:30'";
    let case = moved_and_deleted(&server, "encoding: utf-8", other, "/in");
    let case = case.file("out/版本.txt", "content");
    let outcome = case.run();
    assert_eq!(case.files("out"), [""; 0]);
    assert_eq!(server.names("/in"), ["版本.txt"]);
    outcome.code(1).stderr_has("are one and the same");
}

/// The server stores fewer bytes than were read, so that no size tells that it is the copy.
#[test]
fn converted_copies_stay_under_another_entry() {
    for other in ["", ", listing: list, clock_offset: '+05:30'"] {
        let server = Server::new().folder("/in").start();
        let other = format!("{OTHER}{other}");
        let case = Case::new()
            .servers(
                &two(&server, "", &other),
                "steps:
  up: { upload: { files: 'out/*', to: one, into: /in, type: ascii } }
  there: { list: { server: two, path: /in }, needs: up }
  away: { delete: { from: there } }
",
            )
            .file("out/a.txt", "one\r\ntwo\r\n");
        let outcome = case.run();
        assert_eq!(server.read("/in/a.txt"), Some(b"one\ntwo\n".to_vec()));
        outcome.code(1).stderr_has("it was kept");
    }
}

/// Downloads `/in` by entry one, lists it once more and deletes that.
fn fetched_and_listed_again(server: &Running, again: &str, folder: &str) -> Case {
    Case::new().servers(
        &two(server, "", OTHER),
        &format!(
            "steps:
  found: {{ list: {{ server: one, path: /in }} }}
  keep: {{ download: {{ from: found, into: back }} }}
  pause: {{ list: {{ server: one, path: /pause }}, needs: keep }}
  again: {{ list: {{ server: {again}, path: {folder} }}, needs: pause }}
  tidy: {{ delete: {{ from: again }} }}
"
        ),
    )
}

/// By which entry and path sources are listed again.
const AGAIN: [(&str, &str); 4] = [
    ("one", "/in"),
    ("one", "/alias"),
    ("two", "/in"),
    ("two", "/alias"),
];

fn sources() -> Server {
    Server::new()
        .files("/in", ["a.txt", "b.txt"], "content")
        .link("/alias", "/in")
        .folder("/pause")
}

#[test]
fn sources_that_are_listed_again_are_deleted_once_they_arrived() {
    for (again, folder) in AGAIN {
        let server = sources().start();
        let case = fetched_and_listed_again(&server, again, folder);
        case.run().code(0);
        assert_eq!(server.names("/in"), [""; 0], "{again} {folder}");
        assert_eq!(case.files("back"), ["a.txt", "b.txt"], "{again} {folder}");
    }
}

/// What was read is not what stands there now: it is another file than the one that arrived.
#[test]
fn a_source_that_changed_before_it_was_listed_again_is_kept() {
    for content in ["longer content", "CONTENT"] {
        let changes = Do::mutate(move |tree| {
            tree.write("/in/b.txt", content);
            tree.touch("/in/b.txt", 1_600_000_000);
        });
        let server = sources()
            .rule(On::command("MLSD").path("/pause"), changes)
            .start();
        let case = fetched_and_listed_again(&server, "one", "/in");
        let outcome = case.run();
        assert_eq!(server.read("/in/b.txt"), Some(content.into()));
        assert_eq!(server.names("/in"), ["b.txt"]);
        let said = "b.txt: it was kept: it changed after it was read";
        outcome.code(1).stderr_has(said);
    }
}

/// It may have changed since it was listed, so that its name alone tells.
#[test]
fn a_source_that_failed_is_kept_by_its_name_under_another_entry() {
    for (again, folder) in AGAIN {
        let server = sources()
            .rule(On::command("RETR").path("/in/b.txt"), Do::reply("550 no"))
            .start();
        let case = fetched_and_listed_again(&server, again, folder);
        let yaml = String::from_utf8(case.read("pipeline.yaml").unwrap()).unwrap();
        let case = case.manifest(&yaml.replace("into: back }", "into: back }, on_error: continue"));
        let outcome = case.run();
        assert_eq!(server.names("/in"), ["b.txt"], "{again} {folder}");
        outcome.code(1).stderr_has("did not prove it");
    }
}
