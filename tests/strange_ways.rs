//! Ways of servers that the project has met late, one by one on scripted servers; `strangers` has the servers themselves.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]

use crate::harness::Case;
use crate::harness::secure::{CONTENT, Secure, Shows, Trick};
use crate::harness::server::{Do, On, Server};

/// Nothing is tried twice that is not excused.
const ONE_TRY: &str = "defaults: { retry: { attempts: 1, backoff: 1ms } }\n";

#[test]
fn mlsd_is_tried_where_feat_is_refused() {
    let server = Server::new()
        .file("/in/a", "content")
        .rule(On::command("FEAT"), [Do::reply("502 no")])
        .start();
    let steps = "steps:\n  get: { download: { server: s, files: '/in/*', into: out } }\n";
    let case = Case::new().pipeline(&[("s", &server)], &format!("{ONE_TRY}{steps}"));
    case.run().code(0);
    assert_eq!(case.read("out/a").unwrap(), b"content");
    let log = server.log();
    assert!(log.iter().any(|line| line.contains("MLSD")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("LIST")), "{log:#?}");
}

#[test]
fn odd_bytes_that_end_the_session_fail_no_file() {
    // Asked by a folder in such bytes, as every server is whose ways with them are not known.
    let server = Server::new()
        .rule(On::command("CWD").path_has(b"\xff"), [Do::Close])
        .rule(On::command("FEAT"), [Do::reply("502 no")])
        .start();
    let steps = "steps:\n  put: { upload: { files: 'src/*', to: s, into: /in } }\n";
    let case = Case::new().pipeline(&[("s", &server)], &format!("{ONE_TRY}{steps}"));
    let case = case.file("src/ü.txt", "odd").file("src/plain", "plain");
    case.run().code(0);
    assert_eq!(server.read("/in/ü.txt").unwrap(), b"odd");
    assert_eq!(server.read("/in/plain").unwrap(), b"plain");
    let asked = server
        .log()
        .iter()
        .filter(|line| line.contains("asks"))
        .count();
    assert_eq!(asked, 1, "{:#?}", server.log());
}

/// A download of the server's only file.
fn download(server: &Secure, attempts: u32) -> Case {
    let (port, file) = (server.port(), server.ca_file());
    Case::new().manifest(&format!(
        "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {port}, tls: {{ mode: explicit, ca_file: '{}' }} }}
defaults: {{ retry: {{ attempts: {attempts}, backoff: 1ms }} }}
steps:
  get: {{ download: {{ server: s, files: /f, into: got }} }}
",
        file.display()
    ))
}

#[test]
fn a_handshake_that_must_come_before_the_150_comes_then() {
    let server = Secure::start(Trick::HandshakeFirst, Shows::Good);
    let case = download(&server, 1);
    case.run().code(0);
    assert_eq!(case.read("got/f").unwrap(), CONTENT);
}

#[test]
fn clear_text_after_an_agreed_tls_is_tried_again() {
    let server = Secure::start(Trick::AnswersInClearOnce, Shows::Good);
    let case = download(&server, 2);
    let outcome = case.run();
    outcome.code(0);
    assert_eq!(case.read("got/f").unwrap(), CONTENT);
    let lines = server.lines();
    let first_user = lines.iter().position(|line| line.starts_with("USER"));
    let second_auth = lines.iter().rposition(|line| line.starts_with("AUTH"));
    assert!(first_user > second_auth, "{lines:#?}");
}
