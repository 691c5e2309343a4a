//! What is large stays outside memory: a file of 2 GiB, a folder of 200,000 names.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::time::Duration;

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, On, Server};

const FILES: usize = 200_000;

#[test]
fn a_relay_of_2_gib_holds_little_memory_and_writes_no_file() {
    let size = 2 << 30;
    let source = Server::new().pattern("/out/large.img", size, 7).start();
    let mirror = Server::new().discard_uploads().start();
    let case = Case::new().pipeline(
        &[("source", &source), ("mirror", &mirror)],
        "steps:
  pass:
    relay: { server: source, files: /out/large.img, to: mirror, into: /in }
",
    );

    let outcome = case.spawn().within(Duration::from_secs(300)).wait();

    outcome.code(0).peak_below_kib(32 * 1024);
    let (sent, arrived) = (
        source.digest("/out/large.img"),
        mirror.digest("/in/large.img"),
    );
    assert!(sent.is_some() && arrived == sent, "{arrived:?}");
    let journals = |path: &String| path.starts_with(".ftpflow/");
    let files: Vec<_> = case
        .files("")
        .into_iter()
        .filter(|path| !journals(path))
        .collect();
    assert_eq!(files, ["pipeline.yaml"]);
}

#[test]
fn a_folder_of_200_000_names_is_listed_and_filtered_in_little_memory() {
    let names = (0..FILES).map(|number| format!("build-{number:06}.zip"));
    let server = Server::new().files("/all", names, "").start();
    let case = Case::new().pipeline(&[("one", &server)], &steps("/all"));

    let outcome = case.run();

    outcome.code(0).peak_below_kib(64 * 1024);
    outcome.stderr_has("200,000").stderr_has("2,000");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn vsftpd_has_200_000_names_listed_and_filtered_in_little_memory() {
    let Some(server) = real::start(Kind::Vsftpd) else {
        return;
    };
    let folder = server.root().join("all");
    fs::create_dir(&folder).unwrap();
    for number in 0..FILES {
        fs::File::create(folder.join(format!("build-{number:06}.zip"))).unwrap();
    }
    let entry = server.servers_entry("one");
    let case = Case::new().manifest(&format!(
        "version: 1\nservers:\n{entry}{}",
        steps("/data/all")
    ));

    let outcome = case.run();

    outcome.code(0).peak_below_kib(64 * 1024);
    outcome.stderr_has("200,000").stderr_has("2,000");
}

/// One name of a hundred is chosen.
fn steps(folder: &str) -> String {
    format!(
        "steps:
  all:
    list: {{ server: one, path: {folder} }}
  some:
    filter: {{ from: all, include: ['*00.zip'] }}
  few:
    filter: {{ from: all, include: ['*[0-9]00.zip'], sort: name }}
"
    )
}

/// Eight sessions ask whether the two folders are one, and the deletion looks at its copies: for these names, and no others.
#[test]
fn files_relayed_to_a_folder_of_200_000_names_and_deleted_take_little_memory() {
    let from = (0..20).map(|number| format!("new-{number:02}.zip"));
    let source = Server::new().files("/out", from, "content").start();
    let names = (0..FILES).map(|number| format!("build-{number:06}.zip"));
    let mirror = Server::new().files("/all", names, "").start();
    let case = Case::new().servers(
        &[
            ("source", &source, "connections: 8"),
            ("mirror", &mirror, "connections: 8"),
        ],
        "steps:
  pass: { relay: { server: source, files: '/out/*', to: mirror, into: /all } }
  gone: { delete: { sources_of: pass } }
",
    );
    let outcome = case.run();
    outcome.code(0).peak_below_kib(48 * 1024);
    assert_eq!(source.names("/out"), [""; 0]);
}

/// A thousand such paths are more than a line of a journal may have, and a million of them more than a disk.
#[test]
fn files_below_a_path_of_20_kb_are_journaled_in_little_and_known_again() {
    let folder = format!("/all{}", format!("/{}", "d".repeat(250)).repeat(80));
    let names = (0..1_500).map(|number| format!("{number:04}"));
    let not_now = On::command("RETR").nth(1);
    let server = Server::new()
        .files(&folder, names, "content")
        .rule(not_now, Do::reply("550 not now"))
        .start();
    let case = Case::new().pipeline(
        &[("one", &server)],
        "steps:
  all: { list: { server: one, path: /all, recursive: true } }
  few: { filter: { from: all, sort: name, limit: 1 } }
  keep: { download: { from: few, into: out, flatten: true } }
",
    );

    case.run().code(1).peak_below_kib(48 * 1024);

    let journal = case.files(".ftpflow");
    let journal = journal.iter().find(|path| path.ends_with("/journal"));
    let journal = case.read(format!(".ftpflow/{}", journal.unwrap()));
    assert!(journal.unwrap().len() < 2 * 1024 * 1024);
    let listed = server.count("MLSD");
    case.args(["run", "pipeline.yaml", "--resume"])
        .run()
        .code(0);
    assert_eq!(server.count("MLSD"), listed);
}
