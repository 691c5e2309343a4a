//! `move` and `extras_of` on the real servers.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::path::Path;

use crate::harness::Case;
use crate::harness::real::{self, Kind, Server};

const KINDS: [Kind; 4] = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd];

fn case(server: &Server, steps: &str) -> Case {
    let steps = steps.replace('@', server.prefix());
    let entry = server.servers_entry("a");
    Case::new().manifest(&format!("version: 1\nservers:\n{entry}{steps}"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn files_are_moved_on_every_server_and_what_stands_there_is_not_written_over() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for name in ["a.txt", "版本.txt", "two words.txt", "old.txt"] {
            server.put(format!("in/{name}"), "new");
        }
        server.put("done/old.txt", "before");
        let steps = "steps:
  found: {list: {server: a, path: @in}}
  keep: {download: {from: found, into: out}}
  tidy: {move: {sources_of: keep, into: @done, MORE}}
";
        let done = server.root().join("done");
        let kept = case(&server, &steps.replace(", MORE", ""));
        kept.run()
            .code(1)
            .stderr_has("something stands as `old.txt`");
        assert_eq!(names(&server.root().join("in")), ["old.txt"], "{kind:?}");
        assert_eq!(
            fs::read(done.join("old.txt")).unwrap(),
            b"before",
            "{kind:?}"
        );

        let numbered = case(&server, &steps.replace("MORE", "if_exists: number"));
        let outcome = numbered.run();
        assert_eq!(
            outcome.status.code(),
            Some(0),
            "{kind:?} {}",
            outcome.stderr
        );
        let there = [
            "a.txt",
            "old (2).txt",
            "old.txt",
            "two words.txt",
            "版本.txt",
        ];
        assert_eq!(names(&done), there, "{kind:?}");

        server.put("in/old.txt", "newest");
        let over = case(&server, &steps.replace("MORE", "if_exists: overwrite"));
        let outcome = over.run();
        assert_eq!(
            outcome.status.code(),
            Some(0),
            "{kind:?} {}",
            outcome.stderr
        );
        assert_eq!(
            fs::read(done.join("old.txt")).unwrap(),
            b"newest",
            "{kind:?}"
        );
        assert_eq!(names(&done), there, "{kind:?}");
        assert!(names(&server.root().join("in")).is_empty(), "{kind:?}");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_server_can_be_a_mirror() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for name in ["old.txt", "gone/旧.txt", "b.txt"] {
            server.put(format!("pub/{name}"), "old");
        }
        let steps = "steps:
  all: {list: {server: local, path: site, recursive: true}}
  copy: {upload: {from: all, to: a, into: @pub}}
  tidy: {delete: {extras_of: copy, directories: remove_empty}}
";
        let case = case(&server, steps)
            .file("site/a.txt", "a")
            .file("site/b.txt", "b")
            .file("site/sub/版本.txt", "c");
        for _ in 0..2 {
            let outcome = case.run();
            assert_eq!(
                outcome.status.code(),
                Some(0),
                "{kind:?} {}",
                outcome.stderr
            );
            let there = server.root().join("pub");
            assert_eq!(names(&there), ["a.txt", "b.txt", "sub"], "{kind:?}");
            assert_eq!(names(&there.join("sub")), ["版本.txt"], "{kind:?}");
            assert_eq!(fs::read(there.join("b.txt")).unwrap(), b"b", "{kind:?}");
        }
    }
}
