//! An equal time proves a file only where its server was seen to keep a time that it was given.

use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use crate::harness::Case;
use crate::harness::server::{Do, On, Running, Server};

/// 2020-01-02 03:04:05 UTC.
const LONG_AGO: i64 = 1_577_934_245;

fn with(content: &str) -> Server {
    Server::new().file_at("/a.txt", content, LONG_AGO)
}

/// A server that says 213 to MFMT, and keeps no time.
fn forgetful(content: &str) -> Running {
    let server = Server::new().file_at("/out/a.txt", content, LONG_AGO);
    let told = Do::reply("213 Modify=20200102030405; done");
    server.rule(On::command("MFMT"), told).start()
}

const SOURCES: &str = "  d: { delete: { sources_of: r } }\n";
const LIST: &str = "  d: { needs: [r], delete: { from: l } }\n";
const COPIES: &str = "  d: { delete: { from: r, copies: true } }\n";

fn relay(from: &Running, to: &Running, delete: &str) -> Case {
    let steps = format!(
        "steps:
  l: {{ list: {{ server: from, path: / }} }}
  r: {{ relay: {{ from: l, to: to, into: /out }} }}
{delete}"
    );
    Case::new().pipeline(&[("from", from), ("to", to)], &steps)
}

#[test]
fn an_equal_time_proves_nothing_where_the_server_keeps_none() {
    for delete in [SOURCES, LIST, COPIES] {
        let (from, to) = (with("hello").start(), forgetful("OTHER"));
        let outcome = relay(&from, &to, delete).run();
        assert_eq!(from.names("/"), ["a.txt"], "{delete}");
        assert_eq!(to.names("/out"), ["a.txt"], "{delete}");
        outcome
            .code(1)
            .stderr_has("not seen to keep a time that a file is given");
    }
    let to = forgetful("OTHER");
    let upload = "steps:\n  r: { upload: { files: a.txt, to: s, into: /out } }\n";
    let case = Case::new().pipeline(&[("s", &to)], &format!("{upload}{SOURCES}"));
    let case = case.file("a.txt", "hello");
    let file = File::options().write(true).open(case.path("a.txt"));
    let then = UNIX_EPOCH + Duration::from_secs(LONG_AGO.unsigned_abs());
    file.unwrap().set_modified(then).unwrap();
    case.run().code(1);
    assert_eq!(case.read("a.txt").unwrap(), b"hello");
}

/// A file of our own is given a time and looked at, once a server, and goes again.
#[test]
fn an_equal_time_proves_a_file_where_the_server_is_seen_to_keep_one() {
    for delete in [SOURCES, LIST] {
        let (from, to) = (with("hello").start(), Server::new());
        let to = to.file_at("/out/a.txt", "hello", LONG_AGO);
        let to = to.file_at("/out/b.txt", "world", LONG_AGO).start();
        relay(&from, &to, delete).run().code(0);
        assert_eq!(from.names("/"), [""; 0], "{delete}");
        assert_eq!(to.names("/out"), ["a.txt", "b.txt"], "{:#?}", to.log());
        assert_eq!((to.count("STOR"), to.count("MFMT")), (1, 1), "{delete}");
    }
}
