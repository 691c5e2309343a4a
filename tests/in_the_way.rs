//! Something that is no folder stands where a folder must be: only the files below it fail, and each says so.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::real::{self, Kind};
use crate::harness::server::{Running, Server};
use crate::harness::{Case, Outcome};

const FILES: [&str; 4] = ["f0", "free/f1", "sub/f2", "sub/deep/f3"];
const HELP: &str = "remove or rename it";

fn source() -> Running {
    let server = FILES.iter().fold(Server::new(), |server, name| {
        server.file(format!("/src/{name}"), *name)
    });
    server.start()
}

fn download(server: &Running) -> Case {
    let steps = "\
steps:
  all: {list: {server: a, path: /src, recursive: true}}
  keep: {download: {from: all, into: out}}
";
    Case::new().pipeline(&[("a", server)], steps)
}

#[track_caller]
fn two_fail(outcome: &Outcome, what: &str) {
    let text = format!("a {what} stands at the destination where the folder `sub` must be");
    outcome.code(1).stderr_has(&text).stderr_has(HELP);
    for (name, fails) in FILES.iter().zip([false, false, true, true]) {
        let told = outcome.stderr.contains(&format!("{name}: a {what} stands"));
        assert_eq!(told, fails, "{name}\n{}", outcome.stderr);
    }
}

#[test]
fn a_file_or_link_in_the_place_of_a_folder_here_fails_what_lies_below_it() {
    let server = source();
    let case = download(&server).file("out/sub", "mine");
    two_fail(&case.run(), "file");
    assert_eq!(case.files("out"), ["f0", "free/f1", "sub"]);
    assert_eq!(case.read("out/sub"), Some(b"mine".to_vec()));

    let case = download(&server)
        .file("elsewhere/.keep", "")
        .file("out/.keep", "");
    symlink(case.path("elsewhere"), case.path("out/sub")).unwrap();
    two_fail(&case.run(), "symbolic link");
    assert_eq!(case.files("out"), [".keep", "f0", "free/f1", "sub"]);
    assert_eq!(
        case.files("elsewhere"),
        [".keep"],
        "nothing goes through a link"
    );
    fs::remove_file(case.path("out/sub")).unwrap();
    case.run().code(0);
    assert_eq!(case.files("out").len(), 5);
}

fn upload(entry: &str, into: &str) -> Case {
    let case = Case::new().manifest(&format!(
        "version: 1\nservers:\n{entry}steps:\n  put: {{ upload: {{ files: 'in/**', to: s, into: {into} }} }}\n"
    ));
    FILES
        .iter()
        .fold(case, |case, name| case.file(&format!("in/{name}"), name))
}

#[test]
fn a_file_in_the_place_of_a_remote_folder_fails_what_lies_below_it() {
    let server = Server::new()
        .file("/pub/sub", "theirs")
        .file("/set/sub", "theirs")
        .start();
    let entry = format!("  s: {}\n", server.yaml());
    two_fail(&upload(&entry, "/pub").run(), "file");
    assert_eq!(server.names("/pub"), ["f0", "free", "sub"]);
    assert_eq!(server.read("/pub/sub"), Some(b"theirs".to_vec()));
    let set = upload(&entry, "/set, publish: set").run();
    set.code(1).stderr_has(HELP);
    assert!(!server.exists("/set/f0"), "one failed file publishes none");
}

/// A link to a folder is a folder to a server, and one to nothing stands in the way.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn real_servers_tell_what_stands_in_the_place_of_a_folder() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        server.put("file/sub", "theirs");
        server.put("link/real/.keep", "");
        server.put("dead/.keep", "");
        symlink("real", server.root().join("link/sub")).unwrap();
        symlink("nowhere", server.root().join("dead/sub")).unwrap();
        let run = |into: &str| {
            let into = format!("{}{into}", server.prefix());
            upload(&server.servers_entry("s"), &into).run()
        };
        let outcome = run("file");
        outcome.code(1).stderr_has(HELP).stderr_has("sub/deep/f3");
        assert!(server.root().join("file/free/f1").exists(), "{kind:?}");
        run("link").code(0);
        let there = server.root().join("link/real/deep/f3");
        assert!(there.exists(), "{kind:?}");
        run("dead").code(1).stderr_has("sub/f2");
        assert!(server.root().join("dead/f0").exists(), "{kind:?}");
    }
}
