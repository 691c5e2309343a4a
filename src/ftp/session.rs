//! One session with one server: what it knows, and how it opens data connections.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::endpoint::Endpoint;
use crate::files::{Limits, NameEncoding, Time};

use super::breaker::Breaker;
use super::command::Line;
use super::control::Control;
use super::data_opening::Prepared;
use super::error::{Error, ErrorKind, Waiting};
use super::facts::Facts;
use super::reply::Reply;
use super::tls::Client;
use super::transfer::InFlight;

/// How long QUIT is waited for.
const QUIT_TIME: Duration = Duration::from_secs(1);

/// The representation type of data connections (RFC 959 §3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferType {
    /// `TYPE I`: the bytes as they are.
    Binary,
    /// `TYPE A`: lines that end in CRLF. Whoever transfers converts them.
    Ascii,
}

/// A logged-in session. It is kept while [`Session::healthy`]; type and folder are its own business.
pub struct Session {
    pub(super) control: Control,
    /// What its connections need for TLS, and resume.
    pub(super) tls: Option<Client>,
    /// Whether the last data connection had to begin a TLS session of its own.
    pub(super) unresumed: bool,
    /// For a new start under TLS 1.2.
    pub(super) password: SecretString,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) facts: Facts,
    pub(super) breaker: Breaker,
    pub(super) peer: SocketAddr,
    pub(super) local: IpAddr,
    pub(super) transfer_type: Option<TransferType>,
    /// The folder that the server is in, where known.
    pub(super) folder: Option<Vec<u8>>,
    pub(super) prepared: Option<Prepared>,
    /// What MDTM said of the file being fetched.
    pub(super) told_time: Option<Time>,
    pub(super) in_flight: Option<InFlight>,
    /// Bytes of listings that have come.
    pub(super) listed_bytes: u64,
    /// With what code a passive command was refused that came before the answers to others.
    pub(super) doubted_passive: Option<u16>,
    /// Whether RNFR was accepted and no RNTO has followed.
    pub(super) renaming: bool,
}

impl Session {
    /// What was learned about the server.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes in what other sessions of the server have learned since this one was used.
    pub fn learn(&mut self, facts: &Facts) {
        self.facts.merge(facts);
    }

    /// Whether the session can be used again: no reply is owed, none was lost, no data connection is open.
    pub fn healthy(&self) -> bool {
        self.control.healthy() && self.in_flight.is_none()
    }

    /// Whether the server has closed the session, or is about to (an unasked 421), while it lay idle.
    pub fn is_stale(&self) -> bool {
        self.control.is_stale()
    }

    /// The last lines of the control connection, `>` sent and `<` received, without secrets.
    pub fn transcript(&self) -> Vec<String> {
        self.control.transcript()
    }

    /// The greeting's text.
    pub fn greeting(&self) -> &str {
        self.control.greeting()
    }

    /// Says QUIT and closes, within a second.
    pub fn quit(mut self) {
        self.say_quit();
    }

    pub(super) fn say_quit(&mut self) {
        if self.healthy() {
            self.control.post(Line::fixed("QUIT"));
            // The connection closes either way.
            let _ = self.control.reply_within(QUIT_TIME, Waiting::Reply);
        }
    }

    /// The absolute form of a path: relative ones begin in `login.directory`, else where the login begins.
    ///
    /// `.` and doubled separators go; `..` stays, because with links only the server knows what it means.
    pub fn absolute(&self, path: &[u8]) -> Vec<u8> {
        let mut whole = Vec::new();
        if !path.starts_with(b"/") {
            let directory = self.directory();
            if !directory.starts_with(b"/") {
                whole.extend_from_slice(self.facts.home.as_deref().unwrap_or(b"/"));
                whole.push(b'/');
            }
            whole.extend_from_slice(&directory);
            whole.push(b'/');
        }
        whole.extend_from_slice(path);
        normal(&whole)
    }

    /// Changes the representation type, if it is another one.
    ///
    /// # Errors
    /// As of any command: refused, or the session is lost.
    pub fn set_type(&mut self, wanted: TransferType) -> Result<(), Error> {
        if self.transfer_type == Some(wanted) {
            return Ok(());
        }
        self.ready()?;
        self.transfer_type = None;
        let line = Line::fixed(match wanted {
            TransferType::Binary => "TYPE I",
            TransferType::Ascii => "TYPE A",
        });
        self.expect_done(line)?;
        self.transfer_type = Some(wanted);
        Ok(())
    }

    /// How much its listings may bring.
    pub fn limits(&self) -> Limits {
        self.endpoint.limits
    }

    /// The text of a path, for people.
    pub fn decode(&self, path: &[u8]) -> String {
        self.endpoint.encoding.decode(path).text.into_owned()
    }

    /// Whether names go out in another encoding than UTF-8 because the manifest says so.
    pub fn declares_encoding(&self) -> bool {
        match self.endpoint.encoding {
            NameEncoding::Auto => false,
            NameEncoding::Declared(encoding) => encoding != encoding_rs::UTF_8,
        }
    }

    /// The bytes of a text in the server's encoding, as commands need them.
    ///
    /// # Errors
    /// [`ErrorKind::Name`] for a character that the encoding does not have.
    pub fn encode(&self, text: &str) -> Result<Vec<u8>, Error> {
        encode(&self.endpoint, text)
    }

    /// Sends a line and wants a 2xx.
    pub(super) fn expect_done(&mut self, line: Line) -> Result<Reply, Error> {
        let reply = self.control.ask(line)?;
        if reply.is_done() {
            return Ok(reply);
        }
        Err(self.control.refused(ErrorKind::Refused, reply))
    }

    /// Refuses to begin anything on a session that still owes something, and sees to it that the server listens.
    pub(super) fn ready(&mut self) -> Result<(), Error> {
        if self.healthy() {
            return self.leave_renaming();
        }
        Err(Error::new(ErrorKind::Lost).detail("the session broke earlier"))
    }

    fn directory(&self) -> Vec<u8> {
        let directory = self.endpoint.directory.as_deref().unwrap_or_default();
        // It was sent at login, so it can be encoded.
        encode(&self.endpoint, directory).unwrap_or_default()
    }
}

/// The bytes of a text in an endpoint's encoding.
pub(super) fn encode(endpoint: &Endpoint, text: &str) -> Result<Vec<u8>, Error> {
    match endpoint.encoding.encode(text) {
        Ok(bytes) => Ok(bytes.into_owned()),
        Err(character) => Err(Error::new(ErrorKind::Name).detail(format!(
            "`{text}` holds `{character}`, which {} cannot write",
            endpoint.encoding.label()
        ))),
    }
}

/// A path without `.`, doubled and trailing separators.
fn normal(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for part in path.split(|byte| *byte == b'/') {
        if !part.is_empty() && part != b"." {
            out.push(b'/');
            out.extend_from_slice(part);
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_dots_and_doubled_separators_only() {
        assert_eq!(normal(b"/a//./b/"), b"/a/b");
        assert_eq!(normal(b"/"), b"/");
        assert_eq!(normal(b"/a/../b c "), b"/a/../b c ");
    }
}
