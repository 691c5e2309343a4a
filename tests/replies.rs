//! A reply belongs to the command it answers: what cannot be its answer, one too many or one too few leaves the outcome open.

use std::time::{Duration, Instant};

use ftpflow::ftp::{Class, ErrorKind, Store};

use crate::ftp_session::{endpoint, fetch, open, open_ahead, open_as, put};
use crate::harness::client::lab;
use crate::harness::server::{Do, Gate, On, OntoExisting, Running};

#[test]
fn an_unasked_reply_never_passes_for_a_renaming() {
    for (before, does) in [
        ("RNFR", [Do::Raw(b"350 go on\r\n250 unasked\r\n".to_vec())]),
        ("RNTO", [Do::Raw(b"250 unasked\r\n553 no\r\n".to_vec())]),
        ("RNTO", [Do::Raw(b"227 unasked\r\n553 no\r\n".to_vec())]),
    ] {
        let server = lab()
            .file("/x/t", b"new")
            .file("/x/u", b"old")
            .onto_existing(OntoExisting::Refuse)
            .rule(On::command(before), does)
            .start();
        for plain in [true, false] {
            let mut session = open(&server);
            let renamed = match plain {
                true => session.rename(b"/x/t", b"/x/u"),
                false => session.rename_onto(b"/x/t", b"/x/u", false, false),
            };
            let error = renamed.unwrap_err();
            assert_eq!(error.class(), Class::Transient, "{error}");
            assert!(!session.healthy());
        }
        assert_eq!(server.read("/x/t").unwrap(), b"new");
    }
}

#[test]
fn an_unasked_refusal_does_not_hide_what_was_done() {
    let unasked = || Do::Stray("550 unasked".into());
    let server = lab()
        .file("/x/t", b"1")
        .rule(On::command("RNTO"), unasked())
        .rule(On::command("DELE"), unasked())
        .rule(On::command("MKD"), unasked())
        .start();
    let renamed = open(&server).rename_onto(b"/x/t", b"/x/u", false, true);
    let deleted = open(&server).delete(b"/a/b.txt").map(drop);
    let made = open(&server).make_folder(b"/new");
    for outcome in [renamed, deleted, made] {
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::UnknownOutcome);
    }
}

#[test]
fn a_listing_is_ended_by_its_own_final_reply_only() {
    for code in [
        "227 (127,0,0,1,4,1)",
        "229 (|||1025|)",
        "213 5",
        "350 go on",
    ] {
        let server = lab()
            .rule(On::command("MLSD"), Do::lie(code))
            .rule(On::command("RETR"), Do::lie(code))
            .start();
        let page = open(&server).list(b"/a").unwrap();
        assert!(page.incomplete_reason().is_some(), "{code}");
        let error = fetch(&mut open(&server), "/a/b.txt", 0).unwrap_err();
        assert_eq!(error.class(), Class::Transient, "{code}: {error}");
    }
}

#[test]
fn a_refused_transfer_that_goes_on_is_no_refusal() {
    let server = lab()
        .rule(
            On::command("RETR").nth(1),
            Do::Raw(b"550 unasked\r\n150 here\r\n".to_vec()),
        )
        .start();
    let error = fetch(&mut open(&server), "/a/b.txt", 0).unwrap_err();
    assert_eq!(error.class(), Class::Transient, "{error}");
}

#[test]
fn lines_that_an_upload_was_refused_early_are_none_of_its_end() {
    // As Pure-FTPd: one refusal for each of its reads, whatever the number of lines.
    for refusals in 1..4 {
        let early = (0..refusals).map(|_| Do::Stray("500 Unknown command".into()));
        let server = lab()
            .rule(On::command("STOR").nth(1), early.collect::<Vec<_>>())
            .rule(On::command("SIZE").nth(1), Do::NoReply)
            .rule(On::command("MFMT").nth(1), Do::NoReply)
            .rule(On::command("RNFR").nth(1), Do::NoReply)
            .start();
        let mut session = open_ahead(&server);
        let error = put(&mut session, "/x/t", false, b"12345").unwrap_err();
        assert_eq!(error.kind, ErrorKind::UnknownOutcome);
        assert!(!session.healthy() && !session.facts().pace.bears());
        assert_eq!(session.facts().waits_for_transfer, Some(false));
        assert_eq!(server.read("/x/t").unwrap(), b"12345");
    }
}

#[test]
fn what_does_not_fit_into_one_packet_waits_for_the_end() {
    let server = lab().start();
    let mut session = open_ahead(&server);
    let long = format!("/x/{}", "n".repeat(240));
    put(&mut session, &long, false, b"12345").unwrap();
    let deep = format!("/x/{}", "d/".repeat(400));
    session
        .store(Store {
            path: deep.as_bytes(),
            append: false,
            size_after: true,
            time_after: false,
            modified: None,
            look_at: None,
            rename_from: true,
        })
        .unwrap_err();
    let log = server.log();
    assert!(
        log.iter()
            .any(|line| line.ends_with(&format!("RNFR {long}")))
    );
    assert!(
        !log.iter()
            .any(|line| line.ends_with(&format!("RNFR {deep}"))),
        "{log:?}"
    );
}

#[test]
fn a_transfer_that_the_server_ends_is_not_waited_for() {
    // The data connection stays open; `timeouts.data` is longer than any test may take.
    let patient = |server: &Running| {
        let mut endpoint = endpoint(server);
        endpoint.timeouts.data = Duration::from_secs(600);
        open_as(endpoint)
    };
    let gate = Gate::new();
    let ended = || [Do::Stray("426 gone".into()), Do::StallAt(2, gate.clone())];
    let server = lab()
        .pattern("/big", 10_000, 1)
        .rule(On::command("RETR"), ended())
        .rule(On::command("STOR"), ended())
        .rule(On::command("MLSD"), ended())
        .start();
    let error = fetch(&mut patient(&server), "/big", 0).unwrap_err();
    assert_eq!(error.reply.unwrap().code, 426);
    let huge = vec![0; 64 * 1024 * 1024];
    let error = put(&mut patient(&server), "/x/t", false, &huge).unwrap_err();
    assert_eq!(error.reply.unwrap().code, 426);
    let page = patient(&server).list(b"/a").unwrap();
    assert!(page.incomplete_reason().unwrap().contains("426"));
    gate.open();
}

#[test]
fn a_transfer_that_is_said_to_be_complete_ends_a_while_later() {
    // A sixth of it is what a connection gets that stays open after the 226.
    let patient = |server: &Running| {
        let mut endpoint = endpoint(server);
        endpoint.timeouts.data = Duration::from_secs(3);
        open_as(endpoint)
    };
    let open = |at| vec![Do::CutAt(at), Do::lie("226 done"), Do::LeaveOpen];
    let at_once = [Do::Opening("226 here".into()), Do::NoReply];
    let server = lab()
        .pattern("/big", 10_000, 1)
        .rule(On::command("RETR").nth(1), open(10_000))
        .rule(On::command("RETR").nth(2), open(1000))
        .rule(
            On::command("RETR").nth(3),
            [open(1000), at_once.to_vec()].concat(),
        )
        .rule(On::command("STOR"), open(1000))
        .rule(On::command("MLSD"), open(u64::MAX))
        .start();
    let begun = Instant::now();
    // Where SIZE tells that all has come, it has.
    let (bytes, told) = fetch(&mut patient(&server), "/big", 0).unwrap();
    assert_eq!((bytes.len(), told.size), (10_000, Some(10_000)));
    for _ in 0..2 {
        let error = fetch(&mut patient(&server), "/big", 0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::DataLost, "{error}");
        assert_eq!(error.class(), Class::Transient);
    }
    let huge = vec![0; 64 * 1024 * 1024];
    let error = put(&mut patient(&server), "/x/t", false, &huge).unwrap_err();
    assert_eq!(error.kind, ErrorKind::DataLost, "{error}");
    let page = patient(&server).list(b"/a").unwrap();
    assert!(page.incomplete_reason().unwrap().contains("has no end"));
    // Each of them took the whole time before.
    assert!(begun.elapsed() < Duration::from_secs(8));
}
