//! An old file on a server that does not rename onto it: at every moment the old content or the new one is there, under a
//! name of which the next session knows what it means.

use ftpflow::files::aside_path;
use ftpflow::ftp::{Aside, ErrorKind};

use crate::ftp_session::{impatient, open, open_as};
use crate::harness::client::lab;
use crate::harness::server::{Do, On, OntoExisting};

/// Only where the server does not let the old file have its name again either.
#[test]
fn a_file_that_cannot_be_put_back_is_named_with_its_successor() {
    let server = lab()
        .file("/x/t", b"new")
        .file("/x/u", b"old")
        .rule(On::command("RNTO").path("/x/u"), Do::reply("553 no"))
        .start();
    let mut session = open(&server);
    let error = session
        .rename_onto(b"/x/t", b"/x/u", false, true)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Stranded);
    let aside = aside_path(b"/x/u");
    for place in ["/x/t", std::str::from_utf8(&aside).unwrap()] {
        assert!(error.to_string().contains(place), "{error}");
    }
    assert_eq!(server.read("/x/t").unwrap(), b"new");
    assert_eq!(server.read(&aside).unwrap(), b"old");
    assert_eq!(server.count("DELE"), 0);
}

#[test]
fn a_file_that_was_refused_its_name_twice_leaves_the_old_one_where_it_was() {
    let refused = |nth| On::command("RNTO").path("/x/u").nth(nth);
    let server = lab()
        .file("/x/t", b"new")
        .file("/x/u", b"old")
        .rule(refused(1), Do::reply("553 no"))
        .rule(refused(2), Do::reply("553 no"))
        .start();
    let mut session = open(&server);
    let error = session
        .rename_onto(b"/x/t", b"/x/u", false, true)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_eq!(server.read("/x/u").unwrap(), b"old");
    assert_eq!(server.read("/x/t").unwrap(), b"new");
    assert!(!server.exists(aside_path(b"/x/u")));
    assert!(session.healthy());
}

#[test]
fn an_exchange_that_broke_off_is_ended_by_the_next_session() {
    for (at, does) in [
        (1, Do::Close),
        (2, Do::Close),
        (3, Do::Close),
        (2, Do::NoReply),
        (3, Do::NoReply),
    ] {
        let server = lab()
            .file("/x/t", b"new")
            .file("/x/u", b"old")
            .onto_existing(OntoExisting::Refuse)
            .rule(On::command("RNTO").nth(at), does)
            .start();
        let mut session = open_as(impatient(&server));
        let error = session
            .rename_onto(b"/x/t", b"/x/u", false, true)
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::UnknownOutcome, "{at}");
        let whole = [&b"old"[..], b"new"];
        let there = server.read("/x/u").or(server.read(aside_path(b"/x/u")));
        assert!(whole.contains(&&there.unwrap()[..]), "{at}");
        let mut session = open(&server);
        session.settle_aside(b"/x/u").unwrap();
        if server.exists("/x/t") {
            session.rename_onto(b"/x/t", b"/x/u", false, true).unwrap();
        }
        assert_eq!(server.read("/x/u").unwrap(), b"new", "{at}");
        assert_eq!(server.names("/x"), ["u"], "{at}");
    }
}

#[test]
fn what_stands_aside_is_put_back_or_removed() {
    let aside = aside_path(b"/x/u");
    let server = lab().file(&aside, b"old").start();
    let mut session = open(&server);
    assert_eq!(session.settle_aside(b"/x/u").unwrap(), Aside::Restored);
    assert_eq!(server.read("/x/u").unwrap(), b"old");
    assert_eq!(session.settle_aside(b"/x/u").unwrap(), Aside::Nothing);
    server.mutate(|tree| tree.write(&aside, b"older"));
    assert_eq!(session.settle_aside(b"/x/u").unwrap(), Aside::Removed);
    assert_eq!(server.read("/x/u").unwrap(), b"old");
    assert!(!server.exists(&aside));
}
