//! Fifty files there and back on one session.

use ftpflow::endpoint::{DataMode, Endpoint, Tls, TlsOptions};
use ftpflow::ftp::{Error, Session};

use super::table::{NO, THEN_TLS12, YES};
use super::way::{Protection, Way};
use crate::harness::real::Server;
use crate::harness::server::pattern;
use crate::harness::session::{self, get, put};

const ROUNDS: u64 = 50;
const SIZE: u64 = 20_000;

pub(super) fn mark(server: &Server, way: &Way) -> &'static str {
    let folder = format!("rounds {}", way.folder());
    server.put(format!("{folder}/.keep"), "");
    match rounds(server, way, &folder) {
        Ok(session) if session.facts().tls12_only => THEN_TLS12,
        Ok(_) => YES,
        Err(error) => {
            eprintln!("{:?} {}: {error}", way.kind, way.folder());
            NO
        }
    }
}

fn rounds(server: &Server, way: &Way, folder: &str) -> Result<Session, Error> {
    let mut session = session::open(endpoint(server, way), server.password())?;
    for round in 0..ROUNDS {
        let bytes = pattern(SIZE, round);
        let path = format!("{}{folder}/round {round}", server.prefix());
        let size = put(&mut session, path.as_bytes(), &bytes)?;
        assert_eq!(size, Some(SIZE), "{path}");
        assert!(get(&mut session, path.as_bytes())? == bytes, "{path}");
        let stored = std::fs::read(server.root().join(format!("{folder}/round {round}")));
        assert!(stored.unwrap() == bytes, "{path}, on disk");
    }
    assert!(session.healthy());
    let opened = if way.active {
        ["> EPRT", "> PORT"]
    } else {
        ["> EPSV", "> PASV"]
    };
    let last = session.transcript();
    let is_so = |line: &String| opened.iter().any(|begin| line.starts_with(begin));
    assert!(last.iter().any(is_so), "{opened:?}: {last:#?}");
    Ok(session)
}

fn endpoint(server: &Server, way: &Way) -> Endpoint {
    let (min, max) = way.versions();
    let encrypted = TlsOptions {
        ca_file: Some(server.certificate()),
        min,
        max,
        ..TlsOptions::default()
    };
    let active = DataMode::Active {
        ports: None,
        address: None,
    };
    Endpoint {
        tls: match way.protection {
            Protection::Plain => Tls::Off,
            Protection::Tls12 | Protection::Tls13 => Tls::Explicit(encrypted),
        },
        data: if way.active {
            active
        } else {
            DataMode::Passive
        },
        connections: 1,
        ..session::endpoint(server.host(), server.port(), server.user())
    }
}
