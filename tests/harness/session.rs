//! Sessions through the public API, for tests of what the program does not show.

use std::io::{Read, Write};
use std::sync::Arc;

use ftpflow::endpoint::{
    ClockOffset, DataMode, Endpoint, ListingMode, PasvAddress, SendAhead, Timeouts, Tls,
};
use ftpflow::files::{Limits, NameEncoding};
use ftpflow::ftp::{Breaker, Error, Facts, Retrieve, Session, Store};

/// A server in clear text, passive, with everything else as usual.
pub fn endpoint(host: impl ToString, port: u16, user: &str) -> Endpoint {
    Endpoint {
        name: "lab".into(),
        host: host.to_string(),
        port,
        user: user.into(),
        tls: Tls::Off,
        data: DataMode::Passive,
        pasv_address: PasvAddress::Control,
        ahead: SendAhead::Auto,
        encoding: NameEncoding::Auto,
        listing: ListingMode::Auto,
        connections: 4,
        timeouts: Timeouts::default(),
        clock_offset: ClockOffset::Auto,
        limits: Limits::default(),
        hidden: false,
        directory: None,
        commands: Vec::new(),
    }
}

/// A session with a server of which nothing is known.
pub fn open(endpoint: Endpoint, password: &str) -> Result<Session, Error> {
    Session::open(
        &Arc::new(endpoint),
        &password.to_owned().into(),
        &Facts::default(),
        Breaker::new(),
        Arc::new(|line: &str| line.to_owned()),
    )
}

/// Uploads a file, and gives the size that the server tells afterwards.
pub fn put(session: &mut Session, path: &[u8], bytes: &[u8]) -> Result<Option<u64>, Error> {
    let mut sending = session.store(Store {
        path,
        append: false,
        size_after: true,
        time_after: false,
        modified: None,
        look_at: None,
        rename_from: false,
    })?;
    sending.write_all(bytes).map_err(Error::from)?;
    let count = sending.finish()?;
    session.stored(count).map(|stored| stored.size)
}

/// Downloads a file.
pub fn get(session: &mut Session, path: &[u8]) -> Result<Vec<u8>, Error> {
    let mut receiving = session.retrieve(Retrieve {
        path,
        offset: 0,
        size_after: true,
        time_before: false,
        time_after: false,
    })?;
    let mut bytes = Vec::new();
    if let Err(error) = receiving.read_to_end(&mut bytes) {
        return Err(session.give_up(error.into()));
    }
    let count = receiving.finish();
    session.retrieved(count).map(|_| bytes)
}
