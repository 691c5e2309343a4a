//! Versions of a source on the real servers: what was begun with one is never continued with another.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use ftpflow::files::{Fingerprint, Partials, Time};

use crate::harness::Case;
use crate::harness::real::{self, Kind, Server};
use crate::harness::server::pattern;

const KINDS: [Kind; 4] = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd];
const SIZE: u64 = 300_000;
const PART: usize = 200_000;
/// 2021-02-03 04:05:06 UTC.
const THEN: u64 = 1_612_325_106;

fn date(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
        .unwrap();
}

fn manifest(servers: &str, steps: &str) -> String {
    format!("version: 1\nname: m\nservers:\n{servers}steps:\n{steps}")
}

/// The name of a part of `out/a`, begun when its time was [`THEN`].
fn part(step: &str, server: &Server) -> String {
    let source = format!("{}:{}:{}", server.host(), server.port(), server.user());
    let path = format!("{}out/a", server.prefix());
    let owner = Fingerprint {
        manifest: "m",
        step,
        source: &source,
        path: path.as_bytes(),
    };
    let name = Partials::of(b"a", &owner).of_version(Some(SIZE), Some(Time::at(THEN as i64)));
    String::from_utf8(name).unwrap()
}

/// The bytes differ before those that are compared.
fn old_part() -> Vec<u8> {
    let mut bytes = pattern(SIZE, 2)[..PART].to_vec();
    bytes[..1000].copy_from_slice(&pattern(SIZE, 1)[..1000]);
    bytes
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_part_of_an_older_version_is_not_continued_and_one_of_this_version_is() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for (time, continued) in [(THEN, true), (THEN + 20, false)] {
            let source = server.root().join("out/a");
            server.put("out/a", pattern(SIZE, 2));
            date(&source, time);
            let steps = format!(
                "  get: {{download: {{server: s, files: '{}out/*', into: into}}}}\n",
                server.prefix()
            );
            let yaml = manifest(&server.servers_entry("s"), &steps);
            let part = part("get", &server);
            let case = Case::new()
                .manifest(&yaml)
                .file(&format!("into/{part}"), old_part());

            case.run().code(0);

            assert_eq!(case.files("into"), ["a"], "{kind:?} {time}");
            let expected = match continued {
                true => [old_part(), pattern(SIZE, 2)[PART..].to_vec()].concat(),
                false => pattern(SIZE, 2),
            };
            let same = case.read("into/a").unwrap() == expected;
            assert!(same, "{kind:?}, continued: {continued}");
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_part_at_a_server_that_ends_in_zeros_is_not_continued() {
    for kind in KINDS {
        let (Some(source), Some(target)) = (real::start(kind), real::start(kind)) else {
            continue;
        };
        source.put("out/a", pattern(SIZE, 2));
        date(&source.root().join("out/a"), THEN);
        let mut zeros = pattern(SIZE, 2)[..PART].to_vec();
        zeros[PART - 4096..].fill(0);
        target.put(format!("in/{}", part("pass", &source)), zeros);
        let servers = [source.servers_entry("s"), target.servers_entry("t")].concat();
        let steps = format!(
            "  pass: {{relay: {{server: s, files: '{}out/*', to: t, into: '{}in'}}}}\n",
            source.prefix(),
            target.prefix()
        );
        let case = Case::new().manifest(&manifest(&servers, &steps));

        case.run().code(0);

        let names = fs::read_dir(target.root().join("in")).unwrap().count();
        assert_eq!(names, 1, "{kind:?}");
        let arrived = fs::read(target.root().join("in/a")).unwrap();
        assert!(arrived == pattern(SIZE, 2), "{kind:?}");
    }
}

/// vsftpd announces no way to set times, so that a file of the same size was taken for the copy.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn an_unrelated_file_of_the_same_size_costs_no_source() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        server.put("in/a", "another");
        date(&server.root().join("in/a"), THEN + 400_000);
        let steps = format!(
            "  put: {{upload: {{files: out/a, to: s, into: '{}in'}}}}\n  tidy: {{delete: {{sources_of: put}}}}\n",
            server.prefix()
        );
        let yaml = manifest(&server.servers_entry("s"), &steps);
        let case = Case::new().manifest(&yaml).file("out/a", "content");
        date(&case.path("out/a"), THEN);

        case.run();

        let there = fs::read(server.root().join("in/a")).unwrap();
        let here = case.read("out/a");
        let stands = there == b"content" || here.as_deref() == Some(b"content");
        assert!(stands, "{kind:?}: {here:?}");
    }
}
