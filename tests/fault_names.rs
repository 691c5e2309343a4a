//! Names from hostile listings: refused, reported, and nothing is written outside `into`.

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Server};

const STEPS: &str = "steps:
  found: { list: { server: s, path: /in, recursive: true } }
  get: { download: { from: found, into: work/out } }
";

fn mlsd_lines(names: &[&[u8]], kind: &str) -> Vec<u8> {
    let lines = names.iter().map(|name| {
        [
            format!("type={kind};size=4;modify=20200102030405; ").as_bytes(),
            name,
            b"\r\n",
        ]
        .concat()
    });
    lines.collect::<Vec<_>>().concat()
}

fn list_lines(names: &[&[u8]], mode: &str) -> Vec<u8> {
    let lines = names.iter().map(|name| {
        [
            format!("{mode}   1 ftp ftp 4 Jan  2  2020 ").as_bytes(),
            name,
            b"\r\n",
        ]
        .concat()
    });
    lines.collect::<Vec<_>>().concat()
}

const HOSTILE: [&[u8]; 6] = [
    b"../../evil.txt",
    b"/etc/evil.txt",
    b"a/../../evil.txt",
    b"nul\0evil.txt",
    b"cr\revil.txt",
    b"..",
];

#[track_caller]
fn nothing_escapes(features: Features, verb: &str, lines: Vec<u8>) {
    let server = Server::new()
        .file("/in/good.txt", "good")
        .file("/evil.txt", "evil")
        .features(features)
        .rule(On::command(verb).path("/in"), Do::ListAlso(lines))
        .start();
    let case = Case::new().pipeline(&[("s", &server)], STEPS);
    let outcome = case.run();
    assert_ne!(outcome.status.code(), Some(130));
    let files = case.files(".");
    let known = ["pipeline.yaml", "work/out/good.txt"];
    assert_eq!(files, known, "{}", outcome.stderr);
    outcome.stderr_has("evil");
    assert_eq!(server.count("RETR"), 1, "{:?}", server.log());
}

#[test]
fn hostile_file_names_are_refused() {
    nothing_escapes(Features::all(), "MLSD", mlsd_lines(&HOSTILE, "file"));
    let list = Features::all().without("MLSD");
    nothing_escapes(list, "LIST", list_lines(&HOSTILE, "-rw-r--r--"));
}

#[test]
fn hostile_folder_names_are_refused() {
    nothing_escapes(Features::all(), "MLSD", mlsd_lines(&HOSTILE, "dir"));
    let list = Features::all().without("MLSD");
    nothing_escapes(list, "LIST", list_lines(&HOSTILE, "drwxr-xr-x"));
}

#[test]
fn a_link_in_into_that_points_outside_is_not_followed() {
    let server = Server::new()
        .file("/in/sub/a.txt", "new")
        .file("/in/b.txt", "good")
        .file("/in/c.txt", "good")
        .start();
    let case = Case::new()
        .pipeline(&[("s", &server)], STEPS)
        .file("outside/keep.txt", "old");
    fs::create_dir_all(case.path("work/out")).unwrap();
    symlink(case.path("outside"), case.path("work/out/sub")).unwrap();
    symlink(case.path("outside/keep.txt"), case.path("work/out/c.txt")).unwrap();
    case.run().code(1).stderr_has("sub");
    assert_eq!(case.files("outside"), ["keep.txt"]);
    assert_eq!(case.read("outside/keep.txt"), Some(b"old".to_vec()));
}

#[test]
fn a_name_with_a_line_break_is_never_sent() {
    let server = Server::new().start();
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            "steps:\n  put: { upload: { files: src/*, to: s, into: /out } }\n",
        )
        .file("src/good.txt", "good")
        .file("src/bad\r\nDELE good.txt", "bad");
    // The other file is there, and the exit code says that one is not.
    case.run().code(1).stderr_has("refused");
    assert_eq!(server.names("/out"), ["good.txt"]);
    assert_eq!(server.count("DELE"), 0);
}
