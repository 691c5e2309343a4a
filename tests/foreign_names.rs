//! Names that are not in the encoding that is taken for theirs: a run says which one they are in, and sends nothing more
//! to find out.
#![cfg(test)]

use encoding_rs::{GBK, SHIFT_JIS};

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Features, Running, Server};

const LOOK: &str = "steps:\n  look:\n    list: {server: build, path: /版本/构建}\n";

fn gbk(path: &str) -> Vec<u8> {
    GBK.encode(path).0.into_owned()
}

/// A server of GBK names that does not announce UTF-8.
fn chinese() -> Server {
    let files = ["构建-1.2.zip", "构建-1.3.zip", "说明.txt"];
    let server = Server::new().features(Features::all().without("UTF8"));
    files.iter().fold(server, |server, name| {
        server.file(gbk(&format!("/版本/构建/{name}")), "x")
    })
}

fn sent(server: &Running) -> Vec<String> {
    let log = server.log().into_iter();
    log.map(|line| line.split(": ").nth(1).unwrap_or(&line).to_owned())
        .collect()
}

#[test]
fn a_path_that_stands_there_in_another_encoding_is_told_with_what_to_set() {
    let server = chinese().start();
    let case = Case::new().pipeline(&[("build", &server)], LOOK);
    case.run()
        .code(1)
        .stderr_has("not there")
        .stderr_has("`版本` stands there in gbk: set `encoding: gbk` of server `build`")
        .stderr_has("pipeline.yaml:");
    let set = Case::new().servers(&[("build", &server, "encoding: gbk")], LOOK);
    set.run().code(0).never_says("encoding");
}

#[test]
fn a_wrong_encoding_of_a_server_of_utf8_names_is_told_too() {
    let server = Server::new().file("/版本/构建/a.zip", "x").start();
    let case = Case::new().servers(&[("build", &server, "encoding: gbk")], LOOK);
    case.run()
        .code(1)
        .stderr_has("`版本` stands there in utf-8: set `encoding: utf-8` of server `build`");
}

#[test]
fn a_path_that_is_nowhere_is_answered_with_what_the_other_names_are_in() {
    let server = chinese().start();
    let case = Case::new().manifest(&format!(
        "version: 1\nservers: {{build: {}}}\nsteps:\n  look:\n    list: {{server: build, path: /文档}}\n",
        server.yaml()
    ));
    case.run()
        .code(1)
        .stderr_has("the names in `/` are not UTF-8, and could be gbk (`版本`)");
}

#[test]
fn no_name_to_tell_by_leaves_the_question_where_utf8_is_not_announced() {
    let nothing = Server::new().file("/a.txt", "x");
    let plain = nothing.features(Features::all().without("UTF8")).start();
    let case = Case::new().pipeline(&[("build", &plain)], LOOK);
    case.run()
        .code(1)
        .stderr_has("the server does not announce UTF-8: set `encoding:`");
    let utf8 = Server::new().file("/a.txt", "x").start();
    let case = Case::new().pipeline(&[("build", &utf8)], LOOK);
    case.run().code(1).never_says("encoding");
}

#[test]
fn a_list_of_foreign_names_warns_and_goes_on() {
    let server = chinese().start();
    let steps = "steps:\n  look:\n    list: {server: build, path: /, recursive: true}\n";
    let case = Case::new().pipeline(&[("build", &server)], steps);
    case.run().code(0).stderr_has(
        "look: the names look like gbk (`版本`): set `encoding: gbk` of server `build`",
    );
}

#[test]
fn a_destination_of_foreign_names_warns_once_and_is_written_to() {
    let server = chinese().start();
    let steps = "steps:
  out: {upload: {files: 'x/**', to: build, into: /old}}
";
    let names = ["构建-1.2.zip", "构建-1.3.zip", "说明.txt"];
    server.mutate(|tree| {
        for name in names {
            tree.write(gbk(&format!("/old/{name}")), "x");
            tree.write(gbk(&format!("/old/sub/{name}")), "x");
        }
    });
    let case = Case::new().pipeline(&[("build", &server)], steps);
    let case = case.file("x/a", "a").file("x/sub/b", "b");
    let case = case.args(["run", "pipeline.yaml", "--events", "events"]);
    case.run().code(0).stderr_has(
        "out: the names at its destination look like gbk (`构建-1.2.zip`): set `encoding: gbk` of server `build`",
    );
    let events = String::from_utf8(case.read("events").unwrap()).unwrap();
    assert_eq!(events.matches("look like gbk").count(), 1, "{events}");
    let declared = Case::new().servers(&[("build", &server, "encoding: gbk")], steps);
    let declared = declared.file("x/a", "a").file("x/sub/b", "b");
    declared.run().code(0).never_says("look like");
}

#[test]
fn a_few_odd_bytes_warn_of_nothing() {
    let server = Server::new()
        .file(b"/caf\xe9.txt", "x")
        .file(b"/a\xff", "x")
        .file("/构建.txt", "x")
        .start();
    let steps = "steps:\n  look:\n    list: {server: build, path: /}\n";
    let case = Case::new().pipeline(&[("build", &server)], steps);
    case.run().code(0).never_says("encoding");
}

#[test]
fn a_folder_that_may_be_missing_warns_where_it_stands_there_in_another_encoding() {
    let server = chinese().start();
    let steps = "steps:\n  look:\n    list: {server: build, path: /版本, missing: empty}\n";
    let case = Case::new().pipeline(&[("build", &server)], steps);
    let warning = "build: `版本` stands there in gbk: set `encoding: gbk` of server `build`";
    case.run().code(0).stderr_has(warning);

    let steps = "steps:\n  put:\n    upload: {files: a.txt, to: build, into: /版本}\n";
    let case = Case::new().pipeline(&[("build", &server)], steps);
    case.file("a.txt", "x").run().code(0).stderr_has(warning);
}

/// Only looks, and no more of them than for any path that is not there.
#[test]
fn to_find_out_nothing_more_is_sent() {
    let found = chinese().start();
    let case = Case::new().pipeline(&[("build", &found)], LOOK);
    case.run().code(1);
    let plain = Server::new()
        .file("/a.txt", "x")
        .features(Features::all().without("UTF8"))
        .start();
    let case = Case::new().pipeline(&[("build", &plain)], LOOK);
    case.run().code(1);
    assert_eq!(sent(&found), sent(&plain));
    for verb in ["STOR", "MKD", "RNFR", "DELE", "RMD"] {
        assert_eq!(found.count(verb), 0, "{verb}");
    }
}

#[test]
fn a_list_of_foreign_names_sends_what_any_list_sends() {
    let steps = "steps:\n  look:\n    list: {server: build, path: /out}\n";
    let logs = [
        SHIFT_JIS.encode("/out/見積書.xlsx").0,
        "/out/a.xlsx".as_bytes().into(),
    ];
    let [foreign, plain] = logs.map(|path| {
        let server = Server::new().file(&*path, "x").start();
        let case = Case::new().pipeline(&[("build", &server)], steps);
        case.run().code(0);
        sent(&server)
    });
    assert_eq!(foreign, plain);
}

#[test]
fn a_probe_says_first_what_names_look_like() {
    let server = Server::new()
        .file(gbk("/构建-1.2.zip"), "x")
        .file(gbk("/说明.txt"), "x")
        .file(gbk("/文档.txt"), "x")
        .start();
    let case = Case::new().pipeline(
        &[("build", &server)],
        "steps:\n  look:\n    list: {server: build, path: /}\n",
    );
    case.args(["probe", "pipeline.yaml"])
        .run()
        .code(0)
        .stdout_has("3 names that could be gbk (`构建-1.2.zip`)")
        .stdout_has("    # encoding: gbk  # ");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
#[cfg(unix)]
fn real_servers_tell_their_encoding() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::PyftpdGbk] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let path = "版本/构建-1.2.zip";
        let bytes = match kind {
            // It decodes by itself.
            Kind::PyftpdGbk => path.as_bytes().to_vec(),
            _ => gbk(path),
        };
        let stored = server.root().join(OsStr::from_bytes(&bytes));
        std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
        std::fs::write(stored, "x").unwrap();
        let entry = server.servers_entry("build");
        let entry = entry.replace("    encoding: gbk\n", "");
        let case = Case::new().manifest(&format!(
            "version: 1\nservers:\n{entry}steps:\n  look:\n    list: {{server: build, path: {}版本}}\n",
            server.prefix()
        ));
        case.run()
            .code(1)
            .stderr_has("`版本` stands there in gbk: set `encoding: gbk` of server `build`");
        let case = Case::new().manifest(&format!(
            "version: 1\nservers:\n{entry}steps:\n  look:\n    list: {{server: build, path: '{}', recursive: true}}\n",
            match server.prefix() {
                "" => ".",
                prefix => prefix,
            }
        ));
        case.run().code(0).stderr_has("gbk (`版本`)");
    }
}
