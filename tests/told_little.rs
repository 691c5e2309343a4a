//! Servers that tell little of their files, or keep little of what they are told: a second run moves nothing all the same.

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Running, Server};

/// 2020-01-02 03:04:05 UTC.
const LONG_AGO: i64 = 1_577_934_245;

fn bring(server: &Running, extra: &str) -> Case {
    let steps = "steps:\n  get: { download: { server: s, files: '/in/**', into: back } }\n";
    Case::new().servers(&[("s", server, extra)], steps)
}

fn in_folder() -> Server {
    Server::new()
        .file_at("/in/a", "content", LONG_AGO)
        .file_at("/in/empty", "", LONG_AGO)
        .file_at("/in/sub/b", "other", LONG_AGO)
}

/// Two runs, of which the second moves nothing.
#[track_caller]
fn twice(server: &Running, extra: &str) {
    let case = bring(server, extra);
    case.run().code(0);
    assert_eq!(case.files("back"), ["a", "empty", "sub/b"]);
    assert_eq!(case.read("back/a").unwrap(), b"content");
    let retrieved = server.count("RETR");
    case.run().code(0);
    assert_eq!(server.count("RETR"), retrieved);
}

#[test]
fn a_listing_without_types_is_completed_by_asking() {
    for facts in [
        "size=7;modify=20200102030405;",
        "modify=20200102030405;",
        "",
    ] {
        let lines = |names: &[&str]| {
            let lines = names
                .iter()
                .map(|name| match facts.starts_with("size") && *name != "a" {
                    true => format!("modify=20200102030405; {name}\r\n"),
                    false => format!("{facts} {name}\r\n"),
                });
            lines.collect::<String>().into_bytes()
        };
        let server = in_folder()
            .rule(
                On::command("MLSD").path("/in"),
                Do::ListRaw(lines(&["a", "empty", "sub"])),
            )
            .rule(
                On::command("MLSD").path("/in/sub"),
                Do::ListRaw(lines(&["b"])),
            )
            .start();
        twice(&server, "");
    }
}

#[test]
fn names_alone_are_completed_by_asking() {
    for lacks in [&[][..], &["SIZE"], &["MDTM"]] {
        let features = lacks
            .iter()
            .fold(Features::all(), |all, one| all.without(one));
        let server = in_folder().features(features).start();
        twice(&server, "listing: nlst");
    }
}

#[test]
fn files_of_which_nothing_is_told_are_transferred_again_and_that_is_said() {
    let features = Features::all().without("SIZE").without("MDTM");
    let server = in_folder().features(features).start();
    let case = bring(&server, "listing: nlst");
    case.run().code(0);
    assert_eq!(case.files("back"), ["a", "empty", "sub/b"]);
    let again = case.run();
    again
        .code(0)
        .stderr_has("3 transferred again, because a size is not known");
    assert_eq!(server.count("RETR"), 6);
}

#[test]
fn what_is_neither_told_nor_entered_is_said() {
    let server = in_folder()
        .rule(
            On::command("MLSD").path("/in"),
            Do::ListRaw(b" a\r\n what\r\n".to_vec()),
        )
        .start();
    let outcome = bring(&server, "").run();
    outcome
        .code(1)
        .stderr_has("the server does not say what `/in/what` is");
    assert_eq!(server.count("RETR"), 1);
}

#[test]
fn a_server_that_closes_after_each_transfer_gets_each_file_once() {
    for verb in ["RETR", "STOR"] {
        let server = in_folder().rule(On::command(verb), Do::CloseAfter).start();
        let steps = "steps:
  get: { download: { server: s, files: '/in/**', into: back } }
  put: { upload: { files: 'out/*', to: s, into: /sent } }
";
        let case = Case::new()
            .pipeline(&[("s", &server)], steps)
            .file("out/c", "c");
        case.run().code(0);
        let moved = || (server.count("RETR"), server.count("STOR"));
        let first = moved();
        assert_eq!(first, (3, 1), "{verb}");
        case.run().code(0);
        assert_eq!(moved(), first, "{verb}");
    }
}

#[test]
fn a_time_that_is_announced_and_refused_is_told_with_what_to_do() {
    for code in ["500", "501", "550"] {
        let server = Server::new()
            .rule(On::command("MFMT"), Do::reply(format!("{code} not here")))
            .start();
        let put = |times: &str| {
            let steps = format!(
                "steps:\n  put: {{ upload: {{ files: 'out/*', to: s, into: /sent{times} }} }}\n"
            );
            Case::new()
                .pipeline(&[("s", &server)], &steps)
                .file("out/c", "c")
                .file("out/empty", "")
        };
        put("").run().code(0).stderr_has(
            "2 files have the time of arrival, not of the source: `s` announces MFMT and refuses it",
        );
        let case = put(", times: now");
        for _ in 0..2 {
            case.run().code(0).never_says("MFMT");
            assert_eq!(server.count("STOR"), 2, "{code}");
        }
    }
}

#[test]
fn an_entry_that_is_listed_twice_is_one_file_and_one_warning() {
    for also in [
        &b"type=file;size=7;modify=20200102030405; a\r\n"[..],
        b"-rw-r--r-- 1 a b 7 Jan 2 2020 a\r\n",
    ] {
        let server = Server::new().file_at("/in/a", "content", LONG_AGO);
        let (server, verb) = match also.starts_with(b"type") {
            true => (server, "MLSD"),
            false => (server.features(Features::all().without("MLSD")), "LIST"),
        };
        let server = server
            .rule(On::command(verb).path("/in"), Do::ListAlso(also.repeat(2)))
            .start();
        let outcome = bring(&server, "").run();
        outcome.code(0).stderr_has("more than once");
        assert_eq!(outcome.stderr.matches("Warning").count(), 1);
        assert_eq!(server.count("RETR"), 1);
    }
}
