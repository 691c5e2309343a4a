//! `once` on the real servers: fetched and sent once, whatever becomes of the copies; a changed file is another one.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::Case;
use crate::harness::real::{self, Kind};

const STEPS: &str = "\
steps:
  there:
    list: {server: a, path: @in, recursive: true}
  get:
    download: {from: there, into: here, once: true}
  out:
    list: {server: local, path: out}
  put:
    upload: {from: out, to: a, into: @drop, once: 90d}
";

/// Gives a file of the server a time some hours ago, so that a listing tells the minute.
fn hours_old(path: &Path, hours: u64) {
    let time = SystemTime::now() - Duration::from_secs(hours * 3600);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_server_gives_and_gets_each_file_once() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for (path, hours) in [("in/a.txt", 30), ("in/sub/版本.txt", 31)] {
            server.put(path, path);
            hours_old(&server.root().join(path), hours);
        }
        let steps = STEPS.replace('@', server.prefix());
        let entry = server.servers_entry("a");
        let case = Case::new()
            .manifest(&format!("version: 1\nservers:\n{entry}{steps}"))
            .file("out/b.txt", "b");
        let drop = server.root().join("drop");

        case.run().code(0);
        assert_eq!(case.files("here"), ["a.txt", "sub/版本.txt"], "{kind:?}");
        assert_eq!(names(&drop), ["b.txt"], "{kind:?}");

        // Somebody takes all copies away.
        fs::remove_dir_all(case.path("here")).unwrap();
        fs::remove_file(drop.join("b.txt")).unwrap();
        case.run().code(0);
        assert_eq!(case.files("here"), [""; 0], "{kind:?}");
        assert_eq!(names(&drop), [""; 0], "{kind:?}");

        // The same size, another time.
        server.put("in/a.txt", "IN/A.TXT");
        hours_old(&server.root().join("in/a.txt"), 5);
        case.run().code(0);
        assert_eq!(case.files("here"), ["a.txt"], "{kind:?}");
        assert_eq!(case.read("here/a.txt").unwrap(), b"IN/A.TXT", "{kind:?}");
    }
}
