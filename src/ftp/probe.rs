//! What a server can do, found out by asking: for `ftpflow probe`. Nothing is changed anywhere.

use std::net::SocketAddr;

use crate::files::{Guess, NameEncoding, OddNames};

use super::address;
use super::command::Line;
use super::error::{Error, ErrorKind};
use super::session::Session;
use super::shown::shortened;

/// Listings of the folder where a login begins, under TLS 1.3: one more than the tickets that servers give at first.
const LISTINGS: usize = 3;
/// A folder of more entries is listed once.
const LONG: usize = 1000;

/// What one session showed of its server. Texts are decoded, redacted, and free of control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// The greeting.
    pub greeting: String,
    /// The reply to SYST.
    pub system: Option<String>,
    /// The lines of the reply to FEAT.
    pub features: Vec<String>,
    /// The folder where a login begins.
    pub home: Option<String>,
    /// What TLS came to, where it is spoken.
    pub tls: Option<ProbeTls>,
    /// Whether AUTH TLS is announced.
    pub auth_tls: bool,
    /// Whether EPSV gives a port that can be reached.
    pub epsv: bool,
    /// The address in the reply to PASV.
    pub pasv: Option<SocketAddr>,
    /// Whether that is another address than the control connection's.
    pub pasv_elsewhere: bool,
    /// Whether commands are sent ahead of answers, and why.
    pub ahead: String,
    /// Whether MLSD is offered and works.
    pub mlsd: bool,
    /// Entries in the folder where a login begins.
    pub entries: usize,
    /// Why its listing is not whole.
    pub incomplete: Option<String>,
    /// Why there is no listing at all: its data connection failed, or it was refused.
    pub listing_problem: Option<Error>,
    /// Whether transfers can begin at an offset (REST).
    pub restart: bool,
    /// Whether a file's time is told (MDTM).
    pub tells_times: bool,
    /// Whether files can be given a time (MFMT).
    pub sets_times: bool,
    /// Commands that compute checksums.
    pub checksums: Vec<String>,
    /// Seconds between LIST times and UTC, where they were needed and found.
    pub clock_offset: Option<i32>,
    /// Whether UTF8 is announced.
    pub utf8: bool,
    /// Names in that folder that are no text: no UTF-8, or not in the encoding that the manifest declares.
    pub odd_names: usize,
    /// The encodings under which all of them can be read, where none is declared.
    pub names: Option<Guess>,
}

/// What TLS came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeTls {
    /// `1.2` or `1.3`
    pub version: &'static str,
    /// Whether the last data connection resumed the control connection's session; none where there was none.
    pub resumes: Option<bool>,
    /// Whether the tickets of TLS 1.3 ran out, so that TLS 1.2 was taken.
    pub ran_dry: bool,
}

impl Session {
    /// Asks for everything that a probe shows.
    ///
    /// # Errors
    /// Only where the session is lost before the listing; a refusal is an answer, and so is a data connection that fails.
    pub fn probe(&mut self) -> Result<Probe, Error> {
        let mut probe = Probe {
            greeting: self
                .shown_lines(self.greeting().lines().map(str::as_bytes))
                .join(" "),
            ..Probe::default()
        };
        self.ask_for_system(&mut probe)?;
        self.ask_for_pasv(&mut probe)?;
        match self.look_around(&mut probe) {
            Err(error) if matches!(error.kind, ErrorKind::Interrupted(_)) => return Err(error),
            looked => probe.listing_problem = looked.err(),
        }
        let facts = self.facts.clone();
        let mlsd = facts.may_know_mlsd();
        let features = facts.features.unwrap_or_default();
        probe.features = self.shown_lines(features.lines.iter().map(String::as_bytes));
        probe.home = facts.home.map(|home| self.control.shown().text(&home));
        probe.epsv = !facts.epsv_unusable;
        probe.pasv_elsewhere = facts.pasv_elsewhere;
        probe.mlsd = mlsd;
        let redact = self.control.shown().redact();
        probe.ahead = redact(&facts.pace.words(self.greeting()));
        probe.tells_times = features.mdtm;
        probe.sets_times = features.mfmt;
        probe.checksums = features.checksums;
        probe.clock_offset = facts.zones.only();
        probe.utf8 = features.utf8;
        probe.auth_tls = features.auth_tls;
        probe.tls = self.tls.is_some().then_some(ProbeTls {
            version: if self.control.is_tls13() {
                "1.3"
            } else {
                "1.2"
            },
            resumes: probe.listing_problem.is_none().then_some(!self.unresumed),
            ran_dry: facts.tls12_only,
        });
        Ok(probe)
    }

    fn shown_lines<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
        let lines: Vec<&[u8]> = lines.collect();
        let lines = self.control.shown().lines(&lines);
        lines.into_iter().map(shortened).collect()
    }

    fn ask_for_system(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let lines = vec![Line::fixed("SYST"), Line::fixed("REST 1")];
        let replies = self.control.send(lines)?;
        if let [system, restart] = &replies[..] {
            probe.system = system
                .is_done()
                .then(|| self.control.shown().last_text(system));
            probe.restart = restart.is_intermediate();
        }
        // What REST has set must not touch the listing that follows.
        self.control.ask(Line::fixed("REST 0")).map(drop)
    }

    fn ask_for_pasv(&mut self, probe: &mut Probe) -> Result<(), Error> {
        // PASV cannot say an IPv6 address (RFC 2428 §1).
        if !self.peer.is_ipv4() {
            return Ok(());
        }
        // It takes the place of a port that was asked for before.
        self.forget_passive();
        let reply = self.control.ask(Line::fixed("PASV"))?;
        probe.pasv = reply
            .is_done()
            .then(|| address::pasv_address(&reply.last_text()))
            .flatten();
        if let Some(reported) = probe.pasv {
            self.facts.pasv_elsewhere |= reported.ip() != self.peer.ip().to_canonical();
            if !self.facts.pace.bears() {
                // Some obey nothing else until somebody has connected (Twisted). Whether it can be reached is no question here.
                let _ = self.dial(SocketAddr::new(self.peer.ip(), reported.port()));
            }
        }
        Ok(())
    }

    fn look_around(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let home = self.absolute(b".");
        for _ in 0..LISTINGS {
            let page = self.list(&home)?;
            probe.entries = page.len();
            probe.incomplete = page.incomplete_reason().map(str::to_owned);
            let encoding = self.endpoint.encoding;
            let odd = page.entries().map(|entry| entry.name);
            let odd: Vec<&[u8]> = odd.filter(|name| !encoding.decode(name).exact).collect();
            probe.odd_names = odd.len();
            if encoding == NameEncoding::Auto {
                let mut names = OddNames::default();
                odd.iter().for_each(|name| names.see(name));
                probe.names = names.guess().map(|guess| self.redacted(guess));
            }
            if !self.control.is_tls13() || page.len() > LONG || !self.healthy() {
                break;
            }
        }
        Ok(())
    }
}
