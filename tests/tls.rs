//! TLS at the defaults of real servers, whose data connections have to resume the session of their own control
//! connection.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::io::Read;

use ftpflow::endpoint::{DataMode, Endpoint, Tls, TlsOptions, TlsVersion};
use ftpflow::ftp::{Retrieve, Session};

use crate::harness::Case;
use crate::harness::real::{self, HOST, Kind, Server};
use crate::harness::server::pattern;
use crate::harness::session::{self, get, open, put};

const KINDS: [Kind; 3] = [Kind::VsftpdTls, Kind::ProftpdTls, Kind::PureftpdTls];

fn endpoint(server: &Server, version: Option<TlsVersion>) -> Endpoint {
    Endpoint {
        tls: Tls::Explicit(TlsOptions {
            ca_file: Some(server.certificate()),
            min: version,
            max: version,
            ..TlsOptions::default()
        }),
        ..session::endpoint(HOST, server.port(), server.user())
    }
}

/// Puts, gets and lists, round after round, on one session.
fn fifty_rounds(kind: Kind, version: Option<TlsVersion>) -> Option<Session> {
    let server = real::start(kind)?;
    let mut session = open(endpoint(&server, version), server.password()).unwrap();
    let bytes = pattern(200_000, 1);
    for round in 0..50 {
        let path = format!("{}round-{round}.bin", server.prefix());
        let stored = put(&mut session, path.as_bytes(), &bytes).unwrap();
        assert_eq!(stored, Some(200_000), "{kind:?} {version:?} {round}");
        let got = get(&mut session, path.as_bytes()).unwrap();
        assert!(got == bytes, "{kind:?} {version:?} {round}");
    }
    let folder = session.absolute(server.prefix().as_bytes());
    let page = session.list(&folder).unwrap();
    assert_eq!(page.len(), 50);
    assert_eq!(page.incomplete_reason(), None);
    Some(session)
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn vsftpd_passes_fifty_rounds_in_every_version() {
    for version in [None, Some(TlsVersion::V12), Some(TlsVersion::V13)] {
        if let Some(session) = fifty_rounds(Kind::VsftpdTls, version) {
            assert!(!session.facts().tls12_only, "its tickets are collected");
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn proftpd_passes_fifty_rounds_and_falls_back_to_tls12() {
    for version in [None, Some(TlsVersion::V12)] {
        if let Some(session) = fifty_rounds(Kind::ProftpdTls, version) {
            assert_eq!(session.facts().tls12_only, version.is_none());
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pureftpd_passes_fifty_rounds_in_every_version() {
    for version in [None, Some(TlsVersion::V12), Some(TlsVersion::V13)] {
        if let Some(session) = fifty_rounds(Kind::PureftpdTls, version) {
            // It sends no ticket of TLS 1.3 at all, and wants none: that is no reason to leave TLS 1.3.
            assert!(!session.facts().tls12_only);
        }
    }
}

/// Fifty files there and back, with nothing but `tls: {mode: explicit, ca_file: …}`.
fn there_and_back(kind: Kind, connections: u32) {
    let Some(server) = real::start(kind) else {
        return;
    };
    let prefix = server.prefix();
    let mut case = Case::new().manifest(&format!(
        "version: 1\nservers:\n{}    connections: {connections}\nsteps:\n  there:\n    upload: {{files: 'out/*', to: s, into: {prefix}in}}\n  back:\n    needs: there\n    download: {{server: s, files: '{prefix}in/*', into: back}}\n",
        server.servers_entry("s")
    ));
    for file in 0..50 {
        case = case.file(&format!("out/{file}.bin"), pattern(30_000, file));
    }
    let outcome = case.run();
    outcome.code(0);
    assert_eq!(case.files("back").len(), 50);
    for file in 0..50 {
        let name = format!("back/{file}.bin");
        assert!(case.read(&name).unwrap() == pattern(30_000, file), "{name}");
    }
    // Once while it runs, once in the summary.
    let told = outcome.stderr.matches("TLS 1.2 from here on").count();
    let expected = if kind == Kind::ProftpdTls { 2 } else { 0 };
    assert_eq!(told, expected, "{}", outcome.stderr);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_run_with_one_and_with_eight_connections_passes_on_every_server() {
    for kind in KINDS {
        there_and_back(kind, 1);
        there_and_back(kind, 8);
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn files_are_relayed_from_tls_to_tls_and_deleted_at_the_source() {
    for (from, to) in [
        (Kind::VsftpdTls, Kind::ProftpdTls),
        (Kind::ProftpdTls, Kind::PureftpdTls),
        (Kind::PureftpdTls, Kind::VsftpdTls),
    ] {
        let (Some(source), Some(target)) = (real::start(from), real::start(to)) else {
            continue;
        };
        for file in 0..20 {
            source.put(format!("out/{file}.bin"), pattern(300_000, file));
        }
        let case = Case::new().manifest(&format!(
            "version: 1\nservers:\n{}{}steps:\n  move:\n    relay: {{server: a, files: '{}out/*', to: b, into: {}in}}\n  tidy:\n    delete: {{sources_of: move}}\n",
            source.servers_entry("a"),
            target.servers_entry("b"),
            source.prefix(),
            target.prefix(),
        ));
        case.run().code(0);
        for file in 0..20 {
            let arrived = fs::read(target.root().join(format!("in/{file}.bin"))).unwrap();
            assert!(arrived == pattern(300_000, file), "{from:?} to {to:?}");
        }
        assert_eq!(fs::read_dir(source.root().join("out")).unwrap().count(), 0);
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn active_data_connections_are_encrypted_and_resume_too() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let mut active = endpoint(&server, None);
        active.data = DataMode::Active {
            ports: None,
            address: None,
        };
        let mut session = open(active, server.password()).unwrap();
        for round in 0..5 {
            let path = format!("{}active-{round}", server.prefix());
            let stored = put(&mut session, path.as_bytes(), b"some bytes").unwrap();
            assert_eq!(stored, Some(10), "{kind:?}");
            assert_eq!(get(&mut session, path.as_bytes()).unwrap(), b"some bytes");
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn empty_files_and_continued_ones_pass_under_tls() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let mut session = open(endpoint(&server, None), server.password()).unwrap();
        let empty = format!("{}empty", server.prefix());
        assert_eq!(put(&mut session, empty.as_bytes(), b"").unwrap(), Some(0));
        assert_eq!(get(&mut session, empty.as_bytes()).unwrap(), b"");

        let whole = pattern(100_000, 3);
        server.put("part", &whole);
        let path = format!("{}part", server.prefix());
        let mut receiving = session
            .retrieve(Retrieve {
                path: path.as_bytes(),
                offset: 40_000,
                size_after: true,
                time_before: false,
                time_after: false,
            })
            .unwrap();
        let mut rest = Vec::new();
        receiving.read_to_end(&mut rest).unwrap();
        let count = receiving.finish();
        let _ = session.retrieved(count).unwrap();
        assert!(rest == whole[40_000..], "{kind:?}");
    }
}
