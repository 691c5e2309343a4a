//! How a session gets its data connections: EPSV, else PASV; or EPRT, else PORT.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::endpoint::{DataMode, PasvAddress};

use super::address;
use super::breaker::Registration;
use super::command::Line;
use super::data::Data;
use super::dial;
use super::error::{self, Error, ErrorKind};
use super::listener::Listener;
use super::reply::Reply;
use super::session::Session;
use super::socket::Socket;
use super::vigil::{self, Vigil};

/// How long a passive port that was asked for ahead is used.
///
/// A server that gives up waiting (pyftpdlib after 30 s) may give the port to another of our sessions, and a late
/// connection would then carry the bytes of one file into another.
const PREPARED_TIME: Duration = Duration::from_secs(5);

/// Where a passive data connection can be opened, asked for ahead; or that connection.
#[derive(Debug)]
pub(super) struct Prepared {
    target: SocketAddr,
    since: Instant,
    open: Option<Data>,
}

impl Prepared {
    fn now(target: SocketAddr) -> Prepared {
        Prepared {
            target,
            since: Instant::now(),
            open: None,
        }
    }

    fn is_fresh(&self) -> bool {
        self.since.elapsed() < PREPARED_TIME
    }
}

/// A data connection, or the port where it will come in.
pub(super) enum Way {
    Open(Data),
    Waiting(Listener),
}

impl Session {
    /// Opens a data connection, or a port for it: before the command that it is for.
    pub(super) fn open_way(&mut self) -> Result<Way, Error> {
        let opened = match self.endpoint.data.clone() {
            DataMode::Passive => self.open_passive().map(Way::Open),
            DataMode::Active { ports, address } => self.announce(ports, address).map(Way::Waiting),
        };
        opened.map_err(|error| match error.kind {
            ErrorKind::DataConnect => self.of_data(error),
            _ => error,
        })
    }

    /// The error of a data connection with what else can be set, and is not.
    pub(super) fn of_data(&self, error: Error) -> Error {
        if error.is_for_want_of_a_port() {
            return error;
        }
        error.words(match (&self.endpoint.data, self.endpoint.pasv_address) {
            (DataMode::Active { .. }, _) => &error::ACTIVE,
            (DataMode::Passive, PasvAddress::Reported) => &error::REPORTED,
            (DataMode::Passive, PasvAddress::Control) => &error::PASSIVE,
        })
    }

    /// The data connection itself: after the preliminary reply to the command that it is for.
    pub(super) fn arrive(&mut self, way: Way) -> Result<Data, Error> {
        let listener = match way {
            Way::Open(data) => return self.secure_data(data),
            Way::Waiting(listener) => listener,
        };
        let time = self.endpoint.timeouts.data;
        // A listing that is over already may have no data at all.
        let patience = match self.was_answered_at_once() {
            true => vigil::grace(time),
            false => time,
        };
        let deadline = Instant::now() + patience;
        let (socket, known) = listener
            .accept(deadline, || self.control.is_stale())
            .map_err(|error| match error.kind {
                ErrorKind::DataConnect => self.of_data(error),
                _ => error,
            })?;
        self.secure_data(self.data(socket, known))
    }

    /// The line that asks for a passive port.
    pub(super) fn passive_line(&self) -> Line {
        // PASV cannot say an IPv6 address (RFC 2428 §1).
        let pasv = self.facts.epsv_unusable && self.peer.is_ipv4();
        Line::fixed(if pasv { "PASV" } else { "EPSV" })
    }

    /// Whether a passive port should be asked for together with another command.
    pub(super) fn wants_passive(&self) -> bool {
        let prepared = self.prepared.as_ref().is_some_and(Prepared::is_fresh);
        let passive = matches!(self.endpoint.data, DataMode::Passive);
        passive && !prepared && self.facts.pace.bears()
    }

    /// Keeps what a reply to EPSV or PASV says; a refusal of EPSV is remembered.
    pub(super) fn keep_passive(&mut self, reply: &Reply) {
        self.prepared = self.passive_target(reply).map(Prepared::now);
        self.control.await_data(self.prepared.is_some());
        let refused = reply.command == "EPSV" && reply.code / 100 == 5;
        if self.prepared.is_none() && refused && !reply.early {
            self.facts.epsv_unusable = true;
        }
    }

    /// Forgets a port that was asked for.
    pub(super) fn forget_passive(&mut self) {
        self.prepared = None;
        self.control.await_data(false);
    }

    /// Whether the next data connection may be opened while the answers to other lines are under way.
    pub(super) fn may_reach_ahead(&self) -> bool {
        self.facts.pace.is_known()
    }

    /// Connects to the port that was asked for ahead, so that this takes no time of its own.
    pub(super) fn reach_ahead(&mut self) {
        let Some(prepared) = self.prepared.take().filter(Prepared::is_fresh) else {
            return;
        };
        self.control.await_data(false);
        // Where it fails, the next transfer asks anew and says why.
        self.prepared = match prepared.open {
            Some(_) => Some(prepared),
            None => self.dial(prepared.target).ok().map(|data| Prepared {
                open: Some(data),
                ..prepared
            }),
        };
    }

    fn open_passive(&mut self) -> Result<Data, Error> {
        self.control.await_data(false);
        if let Some(prepared) = self.prepared.take().filter(Prepared::is_fresh) {
            let opened = match prepared.open {
                Some(data) => Ok(data),
                None => self.dial(prepared.target),
            };
            match opened {
                // A port asked for ahead may have expired on the server: ask anew.
                Err(error) if error.kind == ErrorKind::DataConnect => {}
                done => return done,
            }
        }
        let (target, by_epsv) = self.ask_passive()?;
        match self.dial(target) {
            // EPSV is offered, but its port is not let through: seen behind gateways that rewrite PASV only.
            Err(error)
                if error.kind == ErrorKind::DataConnect
                    && by_epsv
                    && self.peer.is_ipv4()
                    && !error.is_for_want_of_a_port() =>
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
            self.compare_passive(&reply);
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

    pub(super) fn dial(&self, target: SocketAddr) -> Result<Data, Error> {
        // A port that does not answer must not use up the time for data: another way may be open.
        let time = self
            .endpoint
            .timeouts
            .connect
            .min(self.endpoint.timeouts.data);
        let (socket, known) = dial::data(target, Instant::now() + time, &self.breaker)?;
        Ok(self.data(socket, known))
    }

    fn data(&self, socket: Socket, known: Registration) -> Data {
        let vigil = Vigil::new(
            self.control.desk(),
            self.breaker.clone(),
            self.endpoint.timeouts.data,
        );
        Data::new(socket, known, vigil)
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
