//! Fifty files there and back on one session.

use std::io::{Read, Write};
use std::sync::Arc;

use ftpflow::endpoint::{
    ClockOffset, DataMode, Endpoint, ListingMode, PasvAddress, Timeouts, Tls, TlsOptions,
};
use ftpflow::files::NameEncoding;
use ftpflow::ftp::{Breaker, Error, Facts, Retrieve, Session, Store};

use super::table::{NO, THEN_TLS12, YES};
use super::way::{Protection, Way};
use crate::harness::real::Server;
use crate::harness::server::pattern;

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
    let mut session = Session::open(
        &Arc::new(endpoint(server, way)),
        &server.password().to_owned().into(),
        &Facts::default(),
        Breaker::new(),
        Arc::new(|line: &str| line.to_owned()),
    )?;
    for round in 0..ROUNDS {
        let bytes = pattern(SIZE, round);
        let path = format!("{}{folder}/round {round}", server.prefix());
        put(&mut session, path.as_bytes(), &bytes)?;
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
        name: "one".into(),
        host: server.host().to_string(),
        port: server.port(),
        user: server.user().into(),
        tls: match way.protection {
            Protection::Plain => Tls::Off,
            Protection::Tls12 | Protection::Tls13 => Tls::Explicit(encrypted),
        },
        data: if way.active {
            active
        } else {
            DataMode::Passive
        },
        pasv_address: PasvAddress::Control,
        encoding: NameEncoding::Auto,
        listing: ListingMode::Auto,
        connections: 1,
        timeouts: Timeouts::default(),
        clock_offset: ClockOffset::Auto,
        directory: None,
        commands: Vec::new(),
    }
}

fn put(session: &mut Session, path: &[u8], bytes: &[u8]) -> Result<(), Error> {
    let mut sending = session.store(Store {
        path,
        append: false,
        size_after: true,
        modified: None,
        rename_from: false,
    })?;
    sending.write_all(bytes).map_err(Error::from)?;
    let count = sending.finish()?;
    let stored = session.stored(count)?;
    assert_eq!(stored.size, Some(SIZE));
    Ok(())
}

fn get(session: &mut Session, path: &[u8]) -> Result<Vec<u8>, Error> {
    let mut receiving = session.retrieve(Retrieve {
        path,
        offset: 0,
        size_after: true,
        time_before: false,
    })?;
    let mut bytes = Vec::new();
    if let Err(error) = receiving.read_to_end(&mut bytes) {
        return Err(session.give_up(error.into()));
    }
    let count = receiving.finish();
    session.retrieved(count).map(|_| bytes)
}
