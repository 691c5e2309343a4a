//! ProFTPD takes nothing but RNTO after an RNFR, for as long as the session lasts. RNFR is sent ahead, so it may be
//! accepted where no RNTO can follow; the session has to be of use afterwards.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;

use ftpflow::files::{Fingerprint, Partials, Time};

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, On, Server};

/// 2021-02-03 04:05:06 UTC.
const OLD: i64 = 1_612_325_106;

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn an_upload_that_proftpd_does_not_continue_leaves_its_session_of_use() {
    let Some(server) = real::start(Kind::Proftpd) else {
        return;
    };
    let source = Server::new()
        .user("lab", "lab-secret")
        .file_at("/out/a", "first", OLD)
        .file_at("/out/b", "second", OLD)
        .file_at("/out/c", "third", OLD)
        .start();
    server.put(format!("in/{}", partial_of_b(source.port())), "sec");
    let case = relaying(&source.yaml(), &server);

    let outcome = case.run();

    outcome.code(0);
    assert!(!outcome.stderr.contains("Retrying"), "{}", outcome.stderr);
    assert_eq!(names(&server), ["a", "b", "c"]);
    assert_eq!(fs::read(server.root().join("in/b")).unwrap(), b"second");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_file_that_fails_its_proof_is_removed_from_proftpd_and_the_next_one_arrives() {
    let Some(server) = real::start(Kind::Proftpd) else {
        return;
    };
    let source = Server::new()
        .file("/out/a", "first")
        .file("/out/b", "second")
        .file("/out/c", "third")
        .rule(
            On::command("SIZE").path("/out/b"),
            Do::LieReply("213 7".into()),
        )
        .start();
    let case = relaying(&source.yaml(), &server);

    let outcome = case.run();

    outcome.code(1);
    assert_eq!(names(&server), ["a", "c"], "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("501"), "{}", outcome.stderr);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_file_is_replaced_on_a_proftpd_that_does_not_rename_onto_it() {
    let Some(server) = real::start(Kind::Proftpd) else {
        return;
    };
    // This is how ProFTPD is where nothing else is configured.
    server.put(".ftpaccess", "AllowOverwrite off\n");
    server.put("in/a", "old content");
    let source = Server::new()
        .file("/out/a", "new")
        .file("/out/b", "b")
        .start();
    let case = relaying(&source.yaml(), &server);

    case.run().code(0);

    assert_eq!(fs::read(server.root().join("in/a")).unwrap(), b"new");
    assert_eq!(names(&server), ["a", "b"]);
}

/// All of `/out`, in order, on one session of each server.
fn relaying(source: &str, target: &real::Server) -> Case {
    let entry = target.servers_entry("target");
    Case::new().manifest(&format!(
        "\
version: 1
name: m
servers:
  source: {source}
{entry}    connections: 1
steps:
  pass:
    relay: {{ server: source, files: '/out/*', to: target, into: /in }}
"
    ))
}

fn partial_of_b(port: u16) -> String {
    let print = Fingerprint {
        manifest: "m",
        step: "pass",
        source: &format!("127.0.0.1:{port}:lab"),
        path: b"/out/b",
    };
    let name = Partials::of(b"b", &print).of_version(Some(6), Some(Time::at(OLD)));
    String::from_utf8(name).unwrap()
}

/// The names in `in`, sorted, temporary ones included.
fn names(server: &real::Server) -> Vec<String> {
    let entries = fs::read_dir(server.root().join("in")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
