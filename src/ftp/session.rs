//! One session with one server: what it knows, and how it opens data connections.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::endpoint::{DataMode, Endpoint, PasvAddress};

use super::address;
use super::breaker::Breaker;
use super::command::Line;
use super::control::Control;
use super::data::Data;
use super::dial;
use super::error::{Error, ErrorKind, Waiting};
use super::facts::Facts;
use super::listener::Listener;
use super::reply::Reply;
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
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) facts: Facts,
    pub(super) breaker: Breaker,
    pub(super) peer: SocketAddr,
    pub(super) local: IpAddr,
    pub(super) transfer_type: Option<TransferType>,
    /// The folder that the server is in, where known.
    pub(super) folder: Option<Vec<u8>>,
    /// Where a passive data connection can be opened, asked for ahead.
    pub(super) prepared: Option<SocketAddr>,
    pub(super) in_flight: Option<InFlight>,
}

/// A data connection, or the port where it will come in.
pub(super) enum Way {
    Open(Data),
    Waiting(Listener),
}

impl Session {
    /// What was learned about the server.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes in what other sessions of the server have learned since this one was used.
    pub fn learn(&mut self, facts: &Facts) {
        self.facts.merge(facts);
        if self.facts.no_send_ahead {
            self.control.one_at_a_time();
        }
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
        self.transfer_type = None;
        let line = Line::fixed(match wanted {
            TransferType::Binary => "TYPE I",
            TransferType::Ascii => "TYPE A",
        });
        self.expect_done(line)?;
        self.transfer_type = Some(wanted);
        Ok(())
    }

    /// The text of a path, for people.
    pub fn decode(&self, path: &[u8]) -> String {
        self.endpoint.encoding.decode(path).text.into_owned()
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

    /// Refuses to begin anything on a session that still owes something.
    pub(super) fn ready(&self) -> Result<(), Error> {
        if self.healthy() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Lost).detail("the session broke earlier"))
    }

    fn directory(&self) -> Vec<u8> {
        let directory = self.endpoint.directory.as_deref().unwrap_or_default();
        // It was sent at login, so it can be encoded.
        encode(&self.endpoint, directory).unwrap_or_default()
    }
}

// Data connections.
impl Session {
    /// Opens a data connection, or a port for it: before the command that it is for.
    pub(super) fn open_way(&mut self) -> Result<Way, Error> {
        match self.endpoint.data.clone() {
            DataMode::Passive => self.open_passive().map(Way::Open),
            DataMode::Active { ports, address } => self.announce(ports, address).map(Way::Waiting),
        }
    }

    /// The data connection itself: after the preliminary reply to the command that it is for.
    pub(super) fn arrive(&mut self, way: Way) -> Result<Data, Error> {
        let listener = match way {
            Way::Open(data) => return Ok(data),
            Way::Waiting(listener) => listener,
        };
        let deadline = Instant::now() + self.endpoint.timeouts.data;
        let (socket, known) = listener.accept(deadline, || self.control.is_stale())?;
        self.data(socket, known)
    }

    /// The line that asks for a passive port.
    pub(super) fn passive_line(&self) -> Line {
        // PASV cannot say an IPv6 address (RFC 2428 §1).
        let pasv = self.facts.epsv_unusable && self.peer.is_ipv4();
        Line::fixed(if pasv { "PASV" } else { "EPSV" })
    }

    /// Whether a passive port should be asked for together with another command.
    pub(super) fn wants_passive(&self) -> bool {
        matches!(self.endpoint.data, DataMode::Passive) && self.prepared.is_none()
    }

    /// Keeps what a reply to EPSV or PASV says; a refusal of EPSV is remembered.
    pub(super) fn keep_passive(&mut self, reply: &Reply) {
        self.prepared = self.passive_target(reply);
        if self.prepared.is_none() && reply.command == "EPSV" && reply.code / 100 == 5 {
            self.facts.epsv_unusable = true;
        }
    }

    fn open_passive(&mut self) -> Result<Data, Error> {
        if let Some(target) = self.prepared.take() {
            match self.dial(target) {
                // A port asked for ahead may have expired on the server: ask anew.
                Err(error) if error.kind == ErrorKind::DataConnect => {}
                done => return done,
            }
        }
        let (target, by_epsv) = self.ask_passive()?;
        match self.dial(target) {
            // EPSV is offered, but its port is not let through: seen behind gateways that rewrite PASV only.
            Err(error)
                if error.kind == ErrorKind::DataConnect && by_epsv && self.peer.is_ipv4() =>
            {
                self.facts.epsv_unusable = true;
                let (target, _) = self.ask_passive()?;
                self.dial(target).map_err(|_| error)
            }
            done => done,
        }
    }

    /// Asks for a passive port; also whether it was EPSV that gave it.
    fn ask_passive(&mut self) -> Result<(SocketAddr, bool), Error> {
        loop {
            let line = self.passive_line();
            let by_epsv = line.shown() == b"EPSV";
            let reply = self.control.ask(line)?;
            if let Some(target) = self.passive_target(&reply) {
                return Ok((target, by_epsv));
            }
            let can_fall_back = by_epsv && self.peer.is_ipv4();
            if !can_fall_back || !(reply.is_refusal() || reply.is_done()) || reply.code == 421 {
                return Err(self.control.refused(ErrorKind::DataConnect, reply));
            }
            self.facts.epsv_unusable = true;
        }
    }

    fn passive_target(&mut self, reply: &Reply) -> Option<SocketAddr> {
        let text = reply.last_text();
        match reply.code {
            229 => address::epsv_port(&text).map(|port| SocketAddr::new(self.peer.ip(), port)),
            227 => {
                let reported = address::pasv_address(&text)?;
                self.facts.pasv_elsewhere |= reported.ip() != self.peer.ip().to_canonical();
                match self.endpoint.pasv_address {
                    PasvAddress::Reported => Some(reported),
                    PasvAddress::Control => Some(SocketAddr::new(self.peer.ip(), reported.port())),
                }
            }
            _ => None,
        }
    }

    fn dial(&self, target: SocketAddr) -> Result<Data, Error> {
        // A port that does not answer must not use up the time for data: another way may be open.
        let time = self
            .endpoint
            .timeouts
            .connect
            .min(self.endpoint.timeouts.data);
        let (socket, known) = dial::data(target, Instant::now() + time, &self.breaker)?;
        self.data(socket, known)
    }

    fn data(
        &self,
        socket: std::net::TcpStream,
        known: super::breaker::Registration,
    ) -> Result<Data, Error> {
        Data::new(
            socket,
            known,
            self.endpoint.timeouts.data,
            self.breaker.clone(),
        )
        .map_err(|error| Error::new(ErrorKind::DataConnect).detail(error.to_string()))
    }

    fn announce(
        &mut self,
        ports: Option<(u16, u16)>,
        address: Option<IpAddr>,
    ) -> Result<Listener, Error> {
        let listener = Listener::bind(self.local, ports, self.peer.ip(), &self.breaker)?;
        let port = listener
            .port()
            .map_err(|error| Error::new(ErrorKind::DataConnect).detail(error.to_string()))?;
        let ip = address.unwrap_or(self.local).to_canonical();
        if !self.facts.eprt_unusable {
            let argument = address::eprt_argument(ip, port);
            let reply = self.control.ask(Line::with("EPRT", argument.as_bytes())?)?;
            if reply.is_done() {
                return Ok(listener);
            }
            if !ip.is_ipv4() || reply.code / 100 != 5 {
                return Err(self.control.refused(ErrorKind::DataConnect, reply));
            }
            self.facts.eprt_unusable = true;
        }
        let IpAddr::V4(ip) = ip else {
            return Err(
                Error::new(ErrorKind::DataConnect).detail("PORT cannot say an IPv6 address")
            );
        };
        let argument = address::port_argument(ip, port);
        let reply = self.control.ask(Line::with("PORT", argument.as_bytes())?)?;
        if reply.is_done() {
            return Ok(listener);
        }
        Err(self.control.refused(ErrorKind::DataConnect, reply))
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
