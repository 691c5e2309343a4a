//! Paths that cannot be compared offline are compared when `run` has logged in, before the first change.

use crate::harness::Case;
use crate::harness::server::Server;

/// A step that lists `in`, relative to the home, and one that writes to the absolute path of the same folder.
const TWO: &str = "steps:\n  seen: { list: { server: a, path: in, empty: fail } }\n  put: { upload: { files: \"x/*\", to: b, into: /home/ci/in } }\n";

fn server(home: &str) -> Server {
    let server = Server::new().user("ci", "xyzzy-42").home(home);
    server.file(format!("{home}/in/old.txt"), "old")
}

#[test]
fn a_hazard_that_only_the_home_shows_fails_the_run_before_the_first_change() {
    let server = server("/home/ci").start();
    let case = Case::new()
        .file("x/new.txt", "new")
        .pipeline(&[("a", &server), ("b", &server)], TWO);
    let outcome = case.run();
    outcome
        .code(1)
        .stderr_has(
            "`seen` lists where `put` writes, and neither waits for the other: only the login shows that `in` of `seen` is \
             `/home/ci/in`; nothing was changed there",
        )
        .stderr_has("code     ftpflow::hazard::read_write")
        .stderr_has("beside   `seen`, pipeline.yaml:6:3")
        .stderr_has("add `needs: [put]` to `seen`")
        .never_says("--resume");
    assert_eq!(server.names("/home/ci/in"), ["old.txt"]);
    assert_eq!(server.count("STOR") + server.count("MKD"), 0);
}

#[test]
fn a_home_elsewhere_is_no_hazard() {
    let server = server("/srv").start();
    let case = Case::new()
        .file("x/new.txt", "new")
        .pipeline(&[("a", &server), ("b", &server)], TWO);
    case.run().code(0);
    assert_eq!(server.names("/home/ci/in"), ["new.txt"]);
}

#[test]
fn one_entry_is_compared_with_itself() {
    let server = server("/home/ci").start();
    let case = Case::new()
        .file("x/new.txt", "new")
        .pipeline(&[("a", &server)], &TWO.replace("to: b", "to: a"));
    case.run()
        .code(1)
        .stderr_has("add `needs: [put]` to `seen`");
    assert_eq!(server.count("STOR"), 0);
    let mended = TWO
        .replace("to: b", "to: a")
        .replace("seen: {", "seen: { needs: [put],");
    let case = Case::new()
        .file("x/new.txt", "new")
        .pipeline(&[("a", &server)], &mended);
    case.run().code(0);
}

#[test]
fn a_delete_by_files_is_refused_in_true_words_although_it_waits() {
    let server = server("/home/ci").start();
    let steps = "steps:\n  keep: { download: { server: a, files: \"in/*\", into: kept } }\n  \
                 tidy: { needs: keep, delete: { server: a, files: \"/home/ci/in/*\" } }\n  \
                 more: { needs: keep, upload: { files: \"x/*\", to: a, into: /home/ci/more } }\n";
    let case = Case::new()
        .file("x/new.txt", "new")
        .pipeline(&[("a", &server)], steps);
    let outcome = case.run();
    outcome
        .code(1)
        .stderr_has("`tidy` deletes by `files` where `keep` transfers from, and would delete files that came in between: only the login shows that `in` of `keep` is `/home/ci/in`")
        .stderr_has("code     ftpflow::hazard::delete_files")
        .stderr_has("beside   `keep`, pipeline.yaml:5:3")
        .stderr_has("in `tidy`, write `delete: { sources_of: keep }`")
        .stderr_has("the run was refused: `tidy` and `keep` turned out to touch the same files")
        .never_says("at the same time");
    assert_eq!(server.count("DELE") + server.count("STOR"), 0);
    assert_eq!(case.files("kept"), [""; 0]);
}

/// Two uploads into one folder, which one of them names from the home.
const WRITERS: &str = "steps:\n  one: { upload: { files: \"x/*\", to: a, into: rev3/pub } }\n  \
                       two: { upload: { files: \"y/*\", to: a, into: /rev3/pub } }\n";

#[test]
fn writers_that_only_the_home_shows_are_warned_of() {
    let server = Server::new().user("ci", "xyzzy-42").home("/");
    let server = server.file("/rev3/pub/old.txt", "old").start();
    let case = Case::new().file("x/1.txt", "1").file("y/2.txt", "2");
    let case = case.pipeline(&[("a", &server)], WRITERS);
    case.run().code(0).stderr_has(
        "two: `two` and `one` write into the same folder, and neither waits for the other: only the login shows that \
         `rev3/pub` of `one` is `/rev3/pub`; add `needs: [one]` to `two` (ftpflow::hazard::writers)",
    );
    assert_eq!(server.names("/rev3/pub"), ["1.txt", "2.txt", "old.txt"]);
    let allowed = format!("allow: [\"ftpflow::hazard::writers\"]\n{WRITERS}");
    let case = Case::new().file("x/1.txt", "1").file("y/2.txt", "2");
    let case = case.pipeline(&[("a", &server)], &allowed);
    let outcome = case.run();
    outcome.code(0);
    outcome.never_says("write into the same folder");
    outcome.never_says("silences nothing");
}
