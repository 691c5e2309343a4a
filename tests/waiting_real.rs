//! `wait` of a `list` on the real servers, with files that come while it waits, and on this machine.
#![cfg(test)]
#![cfg(unix)]

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::harness::Case;
use crate::harness::real::{self, Kind, Server};

const MATCHING: &str = "\
steps:
  inbox:
    list: {server: a, path: @in, wait: {for: \"*.done\", stable: 1s, every: 200ms, timeout: TIME}}
  data:
    filter: {from: inbox, exclude: \"*.done\"}
  fetch:
    download: {from: data, into: got}
";

const MARKED: &str = "\
steps:
  inbox:
    list: {server: a, path: @in, wait: {ready: \"${name}.ok\", stable: 0s, every: 200ms, timeout: TIME}}
  fetch:
    download: {from: inbox, into: marked}
";

fn servers() -> impl Iterator<Item = (Kind, Server)> {
    let kinds = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd];
    kinds
        .into_iter()
        .filter_map(|kind| real::start(kind).map(|server| (kind, server)))
}

fn case(server: &Server, steps: &str, time: &str) -> Case {
    let steps = steps.replace('@', server.prefix()).replace("TIME", time);
    let entry = server.servers_entry("a");
    Case::new().manifest(&format!(
        "version: 1\nname: orders\nservers:\n{entry}{steps}"
    ))
}

/// The same with the state of another case.
fn after(case: &Case, server: &Server, steps: &str) -> Case {
    let state = case.path(".ftpflow").into_os_string();
    let later = self::case(server, steps, "1500ms");
    later.args([
        "run".into(),
        "pipeline.yaml".into(),
        "--state".into(),
        state,
    ])
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_batch_that_comes_meanwhile_is_fetched_once_on_every_server() {
    for (kind, server) in servers() {
        server.put("in/a.csv", "one");
        let case = case(&server, MATCHING, "2m");
        let run = case.spawn();
        server.put("in/b.csv", "two");
        server.put("in/all.done", "");
        run.wait().code(0);
        assert_eq!(case.files("got"), ["a.csv", "b.csv"], "{kind:?}");

        let later = after(&case, &server, MATCHING);
        let outcome = later.run();
        outcome
            .code(1)
            .stderr_has("0 of 3 files match `*.done` (1 more were there in an earlier run)");
        // Listings of all of them tell at least the day of that.
        let marker = server.root().join("in/all.done");
        let time = SystemTime::now() - Duration::from_secs(3 * 86_400);
        let file = File::options().write(true).open(marker).unwrap();
        file.set_modified(time).unwrap();
        later.run().code(0);
        assert_eq!(later.files("got"), ["a.csv", "b.csv"], "{kind:?}");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn files_with_markers_of_their_own_are_fetched_once_on_every_server() {
    for (kind, server) in servers() {
        server.put("in/a [1].csv", "one");
        server.put("in/版本.csv", "two");
        let case = case(&server, MARKED, "2m");
        let run = case.spawn();
        server.put("in/版本.csv.ok", "");
        run.wait().code(0);
        assert_eq!(case.files("marked"), ["版本.csv"], "{kind:?}");

        server.put("in/a [1].csv.ok", "");
        let later = after(&case, &server, MARKED);
        later.run().code(0);
        assert_eq!(later.files("marked"), ["a [1].csv"], "{kind:?}");
        fs::remove_dir_all(server.root().join("in")).unwrap();
    }
}
