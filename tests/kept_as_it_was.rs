//! What stood there before a run, and stays where the run cannot do what was asked.

use std::fs;

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, On, Server};

const THROUGH: &str = "leads through a folder that is not there";

#[test]
fn an_upload_through_a_missing_folder_and_back_fails_before_it_writes() {
    let server = Server::new().folder("/other").start();
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            "steps:\n  up: { upload: { files: 'out/*', to: s, into: /x/../y } }\n",
        )
        .file("out/a.txt", "content");
    let outcome = case.run();
    assert_eq!(server.names("/"), ["other"]);
    assert_eq!(server.count("MKD") + server.count("STOR"), 0);
    outcome.code(1).stderr_has(THROUGH);
    outcome.stderr_has("write the path without `..`");
}

#[test]
fn a_download_through_a_missing_folder_and_back_fails_before_it_writes() {
    let server = Server::new().file("/in/a.txt", "content").start();
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            "steps:\n  get: { download: { server: s, files: '/in/*', into: x/../y } }\n",
        )
        .file("y/a.txt", "what stood there");
    let outcome = case.run();
    assert_eq!(case.read("y/a.txt"), Some(b"what stood there".to_vec()));
    assert!(!case.path("x").exists());
    outcome.code(1).stderr_has(THROUGH);
    outcome.stderr_has("write the path without `..`");
}

/// Real servers walk the path: `..` leads nowhere while the folder before it is missing, and into `y` once it is made.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn real_servers_show_nothing_through_a_missing_folder_and_nothing_is_written() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        server.put("y/a.txt", "what stood there");
        let steps = format!(
            "steps:\n  up:\n    upload: {{ files: 'out/*', to: one, into: '{}x/../y', if_exists: skip }}\n",
            server.prefix()
        );
        let entry = server.servers_entry("one");
        let case = Case::new()
            .manifest(&format!("version: 1\nservers:\n{entry}{steps}"))
            .file("out/a.txt", "content");
        let outcome = case.run();
        let there = fs::read(server.root().join("y/a.txt")).unwrap();
        assert_eq!(there, b"what stood there", "{kind:?} {outcome:?}");
        assert!(!server.root().join("x").exists(), "{kind:?} {outcome:?}");
    }
}

#[test]
fn direct_keeps_what_stands_there_when_the_source_cannot_be_read() {
    let from = Server::new()
        .file("/out/a.txt", "new content")
        .rule(On::command("RETR"), Do::reply("550 not yours"))
        .start();
    let to = Server::new()
        .file_at("/in/a.txt", "old content", 1_500_000_000)
        .start();
    let case = Case::new()
        .pipeline(
            &[("from", &from), ("to", &to)],
            "steps:
  found: { list: { server: from, path: /out } }
  get: { download: { from: found, into: back, publish: direct, if_exists: overwrite }, on_error: continue }
  pass: { relay: { from: found, to: to, into: /in, publish: direct, if_exists: overwrite } }
",
        )
        .file("back/a.txt", "old content");
    case.run().code(1).stderr_has("550 not yours");
    assert_eq!(case.read("back/a.txt"), Some(b"old content".to_vec()));
    assert_eq!(to.read("/in/a.txt"), Some(b"old content".to_vec()));
    let of_it = |line: &String| line.ends_with(" /in/a.txt");
    assert!(!to.log().iter().any(of_it), "{:?}", to.log());
}

/// The copies that the one counts on go by the other.
const BOTH: &str = "steps:
  found: { list: { server: a, path: /out } }
  up: { relay: { from: found, to: b, into: /in } }
  copies: { delete: { from: up, copies: true } }
  sources: { delete: { sources_of: up } }
";

#[test]
fn deleting_copies_and_their_sources_in_no_order_is_refused() {
    let from = Server::new()
        .files("/out", ["a.txt", "b.txt"], "content")
        .start();
    let to = Server::new().folder("/in").start();
    let servers = [("a", &from), ("b", &to)];
    let case = Case::new().pipeline(&servers, BOTH);
    case.run().code(3).stderr_has("ftpflow::hazard::delete");
    let case = case.args(["check", "pipeline.yaml"]);
    let outcome = case.run();
    outcome.code(3).stdout_has(
        "`copies` deletes where `sources` counts on copies, and neither waits for the other",
    );
    for (earlier, later) in [("copies", "sources"), ("sources", "copies")] {
        let ordered = BOTH.replace(
            &format!("  {later}: {{ "),
            &format!("  {later}: {{ needs: {earlier}, "),
        );
        let case = Case::new()
            .pipeline(&servers, &ordered)
            .args(["check", "pipeline.yaml"]);
        case.run().code(0);
    }
}
