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
        .stderr_has("`seen` lists where `put` writes, and neither waits for the other")
        .stderr_has("add `needs: [put]` to `seen`");
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
