//! TLS in a session (RFC 4217): its place in the login, data connections that resume it, and what is done when no
//! ticket is left to resume it with.

use std::time::Instant;

use crate::endpoint::{Tls, TlsOptions, TlsVersion};

use super::command::Line;
use super::data::Data;
use super::error::{self, Error, ErrorKind, Waiting, Words};
use super::facts::Facts;
use super::reply::Reply;
use super::session::Session;
use super::tls::{Client, TlsFault, Upgrade};

/// What is said where data connections stay in clear though the login was waited for.
const LOGGED_IN: Words = Words {
    what: Some("the server does not encrypt data connections"),
    help: "have `PROT P` allowed on the server, or write `tls: off` where the network is trusted",
};

/// Whether it is settled how data connections go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shield {
    /// They are encrypted, or nothing is to be.
    Settled,
    /// The server says so after the login only.
    AfterLogin,
}

/// The settings of TLS, where there is any.
pub(super) fn options(tls: &Tls) -> Option<&TlsOptions> {
    match tls {
        Tls::Off => None,
        Tls::Explicit(options) | Tls::Implicit(options) => Some(options),
    }
}

/// What a new session needs for its TLS. Reads the files that the settings name; nothing is sent.
pub(super) fn client(tls: &Tls, host: &str, facts: &Facts) -> Result<Option<Client>, Error> {
    options(tls)
        .map(|options| Client::new(options, host, facts.highest_tls()))
        .transpose()
}

/// A server that asked for a certificate in vain breaks off in one of many ways, seldom with the alert that says why.
pub(super) fn blame(error: Error, client: Option<&Client>) -> Error {
    let of_ours = error.kind == ErrorKind::Tls(TlsFault::ClientCertificate);
    if of_ours && client.is_some_and(Client::shows_certificate) {
        return error.with_kind(ErrorKind::Tls(TlsFault::ClientRefused));
    }
    let broken = matches!(
        error.kind,
        ErrorKind::Tls(TlsFault::Broken) | ErrorKind::Lost
    );
    match client {
        Some(client) if broken && client.lacks_certificate() => {
            error.with_kind(ErrorKind::Tls(TlsFault::ClientCertificate))
        }
        _ => error,
    }
}

/// Says so where clear text came from a server that has agreed to TLS.
fn agreed(error: Error, tls: &Tls) -> Error {
    match (error.kind, tls) {
        (ErrorKind::Tls(TlsFault::NotTls), Tls::Explicit(_)) => error.words(&error::AGREED),
        _ => error,
    }
}

/// 503, a bad sequence of commands, or 530, not logged in.
fn wants_login(reply: &Reply) -> bool {
    matches!(reply.code, 503 | 530)
}

impl Session {
    /// Encrypts the session before anything is said that must not be heard: AUTH, handshake, PBSZ, PROT.
    ///
    /// A refusal is an error, and the session is of no use: going on in clear is what an attacker would want. But a server
    /// may want the login first (aioftp, 503); then [`Session::protect_data`] asks it once more.
    pub(super) fn protect(&mut self) -> Result<Shield, Error> {
        let Some(client) = &self.tls else {
            return Ok(Shield::Settled);
        };
        if let Tls::Explicit(_) = self.endpoint.tls {
            let session = Box::new(client.begin()?);
            // What comes behind this reply is judged where TLS is put over the connection.
            self.control.post(Line::fixed("AUTH TLS"));
            let reply = self.control.reply()?;
            if !reply.is_done() && reply.code != 334 {
                return Err(self.not_protected(TlsFault::Refused, reply));
            }
            self.control.secure(Upgrade {
                session,
                deadline: Instant::now() + self.endpoint.timeouts.connect,
            });
        }
        match self.refuses_data()? {
            Some(reply) if wants_login(&reply) => Ok(Shield::AfterLogin),
            Some(reply) => Err(self.not_protected(TlsFault::DataInClear, reply)),
            None => Ok(Shield::Settled),
        }
    }

    /// Asks, after the login, for what the server would not do before it.
    pub(super) fn protect_data(&mut self) -> Result<(), Error> {
        match self.refuses_data()? {
            Some(reply) => Err(self
                .not_protected(TlsFault::DataInClear, reply)
                .words(&LOGGED_IN)),
            None => Ok(()),
        }
    }

    /// The refusal to encrypt data connections. Implicit TLS needs it, too: without PROT P the data would go in clear
    /// (RFC 4217 §9).
    fn refuses_data(&mut self) -> Result<Option<Reply>, Error> {
        let lines = vec![Line::fixed("PBSZ 0"), Line::fixed("PROT P")];
        let replies = self
            .control
            .send_login(lines)
            .map_err(|error| blame(self.of_handshake(error), self.tls.as_ref()))?;
        Ok(replies.into_iter().find(|reply| !reply.is_done()))
    }

    /// An error of the handshake is one of no command, though the next line carried it.
    fn of_handshake(&self, mut error: Error) -> Error {
        let broken = matches!(
            error.kind,
            ErrorKind::Lost | ErrorKind::Timeout(Waiting::Reply)
        );
        if broken && !self.control.is_secure() {
            error = error.detail("in the TLS handshake");
            error.command = None;
        }
        if let ErrorKind::Tls(_) = error.kind {
            error.command = None;
        }
        agreed(error, &self.endpoint.tls)
    }

    fn not_protected(&mut self, fault: TlsFault, reply: Reply) -> Error {
        let error = self.control.refused(ErrorKind::Tls(fault), reply);
        self.control.condemn();
        error
    }

    /// Puts TLS over a data connection, once the server has answered the transfer command: ProFTPD and Pure-FTPd begin
    /// their handshake no sooner.
    pub(super) fn secure_data(&mut self, data: Data) -> Result<Data, Error> {
        let Some(client) = &self.tls else {
            return Ok(data);
        };
        self.unresumed = true;
        let upgrade = Upgrade {
            session: Box::new(client.begin()?),
            deadline: Instant::now() + self.endpoint.timeouts.data,
        };
        let data = data
            .secure(upgrade)
            .map_err(|error| agreed(error, &self.endpoint.tls))?;
        self.unresumed = !data.is_resumed();
        Ok(data)
    }

    /// Sees to it that the next data connection can resume the session, before anything is begun.
    ///
    /// A ticket of TLS 1.3 serves once, and ProFTPD 1.3.8 sends none on the data connections of uploads (it does on all
    /// others). Once the last is used, the
    /// session is begun anew under TLS 1.2, which resumes without end.
    pub(super) fn stay_resumable(&mut self) -> Result<(), Error> {
        let dry = self.control.is_tls13() && self.tls.as_ref().is_some_and(Client::is_dry);
        if !dry || self.facts.no_tls12 || !self.may_speak_tls12() {
            return Ok(());
        }
        self.facts.tls12_only = true;
        self.renew()
    }

    /// Begins the session anew, with its type.
    pub(super) fn renew(&mut self) -> Result<(), Error> {
        self.begin_anew().map_err(|error| {
            self.control.condemn();
            match error.kind {
                ErrorKind::Interrupted(_) => error,
                // Whatever it was, it concerns the session, not what was to be done with it.
                _ => Error::new(ErrorKind::Lost).detail(error.to_string()),
            }
        })
    }

    fn begin_anew(&mut self) -> Result<(), Error> {
        let wanted = self.transfer_type;
        // Before the new one: some accounts have one session only.
        self.say_quit();
        let fresh = match self.open_again() {
            Err(error) if error.kind == ErrorKind::Tls(TlsFault::Version) => {
                self.facts.no_tls12 = true;
                self.open_again()?
            }
            opened => opened?,
        };
        *self = fresh;
        wanted.map_or(Ok(()), |wanted| self.set_type(wanted))
    }

    fn open_again(&self) -> Result<Session, Error> {
        let redact = self.control.shown().redact();
        Session::open(
            &self.endpoint,
            &self.password,
            &self.facts,
            self.breaker.clone(),
            redact,
        )
    }

    /// An error of a transfer, once the server has said why: one that wants its TLS session resumed where it was not
    /// gets TLS 1.2 the next time (522: vsftpd; 425: ProFTPD).
    pub(super) fn learn_of_tls(&mut self, error: Error) -> Error {
        let code = error.reply.as_ref().map(|reply| reply.code);
        let about = self.unresumed && matches!(code, Some(425 | 522));
        if !(about && self.control.is_tls13() && self.may_speak_tls12()) || self.facts.no_tls12 {
            return match code {
                Some(425) => self.of_data(error),
                _ => error,
            };
        }
        self.facts.tls12_only = true;
        error
            .with_kind(ErrorKind::DataConnect)
            .detail("the server wants the TLS session resumed; TLS 1.2 is tried next")
    }

    fn may_speak_tls12(&self) -> bool {
        options(&self.endpoint.tls).is_some_and(|options| options.min != Some(TlsVersion::V13))
    }
}
