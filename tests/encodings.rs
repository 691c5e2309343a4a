//! Names in the bytes that a server speaks, and text with the line ends of its side, on the real servers.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::harness::Case;
use crate::harness::real::{self, HOST, Kind, Server};

/// Uploads all of `out`, lists it again and brings it back to `back`.
const THERE_AND_BACK: &str = "\
steps:
  send:
    upload: { files: 'out/**', to: one, into: @版本 }
  there:
    list: { server: one, path: @版本, recursive: true }
    needs: send
  bring:
    download: { from: there, into: back }
";

/// What a run published it does not delete, so this is a run of its own.
const TIDY: &str = "\
steps:
  there:
    list: { server: one, path: @版本, recursive: true }
  tidy:
    delete: { from: there }
";

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn gbk_names_go_there_and_back_on_a_server_that_decodes_them() {
    let Some(server) = real::start(Kind::PyftpdGbk) else {
        return;
    };
    there_and_back(&server, "gbk", "版本/一/构建 二.txt".as_bytes());
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn names_are_written_in_the_bytes_of_the_encoding() {
    let kept: [(&str, &str, &[u8]); 4] = [
        ("gbk", "构建.txt", b"\xb9\xb9\xbd\xa8.txt"),
        ("shift_jis", "日本.txt", b"\x93\xfa\x96\x7b.txt"),
        // The second byte of 表 is a backslash.
        ("shift_jis", "表.txt", b"\x95\x5c.txt"),
        ("windows-1252", "Größe €.txt", b"Gr\xf6\xdfe \x80.txt"),
    ];
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for (encoding, name, bytes) in kept {
            // Pure-FTPd takes no name with a backslash in it (553).
            if kind == Kind::Pureftpd && bytes.contains(&b'\\') {
                continue;
            }
            let case = Case::new().file(format!("out/{name}").as_str(), "text");
            let case = case.manifest(&manifest(
                &server,
                encoding,
                "\
steps:
  send:
    upload: { files: 'out/*', to: one, into: @in }
  there:
    list: { server: one, path: @in }
    needs: send
  bring:
    download: { from: there, into: back }
",
            ));
            case.run().code(0);

            let stored = server.root().join("in").join(OsStr::from_bytes(bytes));
            assert_eq!(fs::read(&stored).unwrap(), b"text", "{kind:?} {encoding}");
            assert_eq!(case.files("back"), [name], "{kind:?} {encoding}");
            fs::remove_dir_all(server.root().join("in")).unwrap();
        }
        there_and_back(&server, "utf-8", "版本/一/构建 二.txt".as_bytes());
        there_and_back(
            &server,
            "gbk",
            b"\xb0\xe6\xb1\xbe/\xd2\xbb/\xb9\xb9\xbd\xa8 \xb6\xfe.txt",
        );
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_name_that_the_encoding_lacks_fails_before_anything_is_sent() {
    let Some(server) = real::start(Kind::Vsftpd) else {
        return;
    };
    let case = Case::new()
        .file("out/中.txt", "text")
        .file("out/good.txt", "text")
        .manifest(&manifest(
            &server,
            "windows-1252",
            "\
steps:
  send:
    upload: { files: 'out/*', to: one, into: @in }
",
        ));
    let outcome = case.run();
    outcome
        .code(1)
        .stderr_has("中.txt")
        .stderr_has("windows-1252");

    let names: Vec<_> = fs::read_dir(server.root().join("in"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["good.txt"]);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_name_that_the_mirror_lacks_stays_at_its_source() {
    let Some((source, mirror)) = real::start(Kind::Vsftpd).zip(real::start(Kind::Proftpd)) else {
        return;
    };
    source.put("out/中.txt", "text");
    source.put("out/Größe.txt", "text");
    let steps = format!(
        "    encoding: windows-1252\nsteps:\n  pass:\n    relay: {{ server: source, files: '{}out/*', to: mirror, into: /in }}\n    on_error: continue\n  tidy:\n    delete: {{ sources_of: pass }}\n",
        source.prefix()
    );
    let case = Case::new().manifest(&format!(
        "version: 1\nservers:\n{}{}{steps}",
        source.servers_entry("source"),
        mirror.servers_entry("mirror")
    ));

    let outcome = case.run();

    outcome
        .code(1)
        .stderr_has("the name holds `中`, which windows-1252 cannot write");
    let names = |folder: &std::path::Path| -> Vec<Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().as_bytes().to_vec());
        names.collect()
    };
    assert_eq!(names(&mirror.root().join("in")), [b"Gr\xf6\xdfe.txt"]);
    assert_eq!(names(&source.root().join("out")), ["中.txt".as_bytes()]);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn ascii_has_local_line_ends_on_both_sides() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let case = Case::new()
            .file("out/unix.txt", "one\ntwo\n\nend")
            .manifest(&manifest(
                &server,
                "auto",
                "\
steps:
  send:
    upload: { files: 'out/*', to: one, into: @in, type: ascii }
  bring:
    download: { server: one, files: '@in/*', into: back, type: ascii }
    needs: send
",
            ));
        case.run().code(0);
        assert_eq!(
            case.read("back/unix.txt").unwrap(),
            b"one\ntwo\n\nend",
            "{kind:?}"
        );
        let stored = fs::read(server.root().join("in/unix.txt")).unwrap();
        // vsftpd ships with `ascii_upload_enable=NO`: it says TYPE A and keeps the CR.
        let expected: &[u8] = match kind {
            Kind::Vsftpd => b"one\r\ntwo\r\n\r\nend",
            _ => b"one\ntwo\n\nend",
        };
        assert_eq!(stored, expected, "{kind:?}");
    }
}

/// `一/构建 二.txt` there and back, then deleted. `stored`: its path on the server's disk.
#[track_caller]
fn there_and_back(server: &Server, encoding: &str, stored: &[u8]) {
    let name = "一/构建 二.txt";
    let stored = server.root().join(OsStr::from_bytes(stored));
    let case = Case::new()
        .file(format!("out/{name}").as_str(), "text")
        .manifest(&manifest(server, encoding, THERE_AND_BACK));
    case.run().code(0);
    assert_eq!(case.files("back"), [name]);
    assert_eq!(case.read(format!("back/{name}")).unwrap(), b"text");
    assert_eq!(fs::read(&stored).unwrap(), b"text");

    let case = case.manifest(&manifest(server, encoding, TIDY));
    case.run().code(0);
    assert!(!stored.exists(), "{}", stored.display());
}

/// `@` stands for the folder that may be written to.
fn manifest(server: &Server, encoding: &str, steps: &str) -> String {
    let (port, user, password) = (server.port(), server.user(), server.password());
    let steps = steps.replace('@', server.prefix());
    format!(
        "version: 1\nservers:\n  one: {{ host: {HOST}, port: {port}, user: {user}, password: {password}, \
         encoding: {encoding} }}\n{steps}"
    )
}
