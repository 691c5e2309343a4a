//! From nothing to a session that is ready, in as few round trips as the server bears.

use std::sync::Arc;
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};

use crate::endpoint::{Endpoint, SendAhead, Tls};
use crate::files::NameEncoding;

use super::breaker::Breaker;
use super::command::Line;
use super::control::Control;
use super::dial;
use super::error::{Error, ErrorKind, Waiting, Words};
use super::facts::{Facts, Features};
use super::reply::{self, Reply};
use super::resolve;
use super::secure::{self, Shield};
use super::session::{Session, TransferType, encode};
use super::shown::{Redact, Shown};
use super::tls::Upgrade;

const NO_SESSION: &str = "the server takes no session now";

/// What a line of the login is for, so that its reply finds its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Features,
    Type,
    Home,
    Utf8,
    Directory,
    Command,
}

impl Session {
    /// Connects, logs in and makes the session ready: binary, in `login.directory`, `login.commands` sent.
    ///
    /// With empty facts it asks for FEAT and PWD; both come out in [`Session::facts`]. A server that takes lines
    /// before it has answered needs four round trips in all when its facts are known, the connection included.
    ///
    /// # Errors
    /// The kinds tell the steps apart: `Tls`, `Connect`, `Greeting`, `TooMany`, `Login`, then `Refused` for a folder or
    /// command of the login. What was learned until then is in `learned`.
    pub fn open(
        endpoint: &Arc<Endpoint>,
        password: &SecretString,
        facts: &Facts,
        breaker: Breaker,
        redact: Redact,
    ) -> Result<Session, Error> {
        if endpoint.ahead == SendAhead::Off {
            facts.pace.switch_off();
        }
        let bore = facts.pace.objection().is_none();
        let once = || {
            let redact = Arc::clone(&redact);
            connect(endpoint, password, facts, breaker.clone(), redact)?.let_in(password)
        };
        let mut opened = once();
        // What was tried with the server has cost the session: it gets another one, and one line at a time.
        if opened.is_err() && bore && facts.pace.objection().is_some() {
            opened = once();
        }
        // FEAT is asked for by the first session that gets in.
        match facts.features {
            Some(_) => opened,
            None => opened.map_err(|error| of_the_first(error, &endpoint.tls)),
        }
    }

    /// Encrypts the session, where that is wanted, and logs in.
    fn let_in(mut self, password: &SecretString) -> Result<Session, Error> {
        let protected = self.protect();
        match protected.and_then(|shield| self.log_in(password, shield)) {
            Ok(()) => Ok(self),
            Err(mut error) => {
                error.learned = Some(Box::new(self.facts));
                Err(error)
            }
        }
    }

    fn log_in(&mut self, password: &SecretString, shield: Shield) -> Result<(), Error> {
        self.authenticate(password)?;
        if shield == Shield::AfterLogin {
            self.protect_data()?;
        }
        let mut first = vec![(For::Type, Line::fixed("TYPE I"))];
        let known = self.facts.features.is_some();
        if !known {
            first.insert(0, (For::Features, Line::fixed("FEAT")));
        }
        if self.facts.home.is_none() {
            first.push((For::Home, Line::fixed("PWD")));
        }
        if !known {
            self.exchange(std::mem::take(&mut first))?;
        }
        first.extend(self.own_lines()?);
        self.exchange(first)?;
        self.try_pairs()
    }

    fn authenticate(&mut self, password: &SecretString) -> Result<(), Error> {
        let user = encode(&self.endpoint, &self.endpoint.user)?;
        let reply = self.control.ask(Line::with("USER", &user)?)?;
        if reply.is_done() {
            return Ok(());
        }
        if reply.code != 331 {
            return Err(self.refused_user(reply));
        }
        let password = encode_secret(&self.endpoint, password)?;
        let reply = self.control.ask(Line::password(&password)?)?;
        match reply.code {
            _ if reply.is_done() => Ok(()),
            421 => Err(self
                .control
                .refused(ErrorKind::TooMany, reply)
                .with_kind(ErrorKind::TooMany)),
            332 => Err(self.wants_account(reply)),
            // 430 is some servers' word for a wrong password; other 4xx pass.
            400..=499 if reply.code != 430 => Err(self.control.refused(ErrorKind::Refused, reply)),
            _ => Err(self.control.refused(ErrorKind::Login, reply)),
        }
    }

    fn refused_user(&mut self, reply: Reply) -> Error {
        match reply.code {
            332 => self.wants_account(reply),
            // Before a password was sent, 530 speaks of the number of connections.
            421 | 530 => self
                .control
                .refused(ErrorKind::TooMany, reply)
                .with_kind(ErrorKind::TooMany),
            400..=499 => self.control.refused(ErrorKind::Refused, reply),
            _ => self.control.refused(ErrorKind::Login, reply),
        }
    }

    fn wants_account(&mut self, reply: Reply) -> Error {
        self.control
            .refused(ErrorKind::Login, reply)
            .with_kind(ErrorKind::Login)
            .detail("the server asks for an account (ACCT), which ftpflow does not know")
    }

    /// What is sent on every session, known server or not.
    fn own_lines(&self) -> Result<Vec<(For, Line)>, Error> {
        let mut lines = Vec::new();
        // Servers with a declared encoding of another kind must not be switched to UTF-8.
        let utf8 = match self.endpoint.encoding {
            NameEncoding::Auto => true,
            NameEncoding::Declared(encoding) => encoding == encoding_rs::UTF_8,
        };
        if utf8 && self.facts.announces_utf8() {
            lines.push((For::Utf8, Line::fixed("OPTS UTF8 ON")));
        }
        if let Some(directory) = &self.endpoint.directory {
            let directory = encode(&self.endpoint, directory)?;
            lines.push((For::Directory, Line::with("CWD", &directory)?));
        }
        for command in &self.endpoint.commands {
            lines.push((For::Command, Line::raw(&encode(&self.endpoint, command)?)?));
        }
        Ok(lines)
    }

    fn exchange(&mut self, lines: Vec<(For, Line)>) -> Result<(), Error> {
        let (purposes, lines): (Vec<For>, Vec<Line>) = lines.into_iter().unzip();
        let ahead = lines.len() > 1 && self.facts.pace.is_known();
        let replies = self.control.send_login(lines).inspect_err(|error| {
            // Something between may read one line and drop what came with it.
            if ahead && error.kind == ErrorKind::Timeout(Waiting::Reply) {
                self.facts
                    .pace
                    .objects("it left lines of the login unanswered".into());
            }
        })?;
        for (purpose, reply) in purposes.into_iter().zip(replies) {
            self.settle(purpose, reply)?;
        }
        Ok(())
    }

    fn settle(&mut self, purpose: For, reply: Reply) -> Result<(), Error> {
        match purpose {
            For::Features => self.facts.features = Some(Features::from_reply(&reply)),
            For::Home => self.facts.home = reply::path_in(&reply),
            For::Type if reply.is_done() => self.transfer_type = Some(TransferType::Binary),
            For::Directory | For::Command | For::Type if !reply.is_done() => {
                return Err(self.control.refused(ErrorKind::Refused, reply));
            }
            For::Type | For::Utf8 | For::Directory | For::Command => {}
        }
        Ok(())
    }
}

fn connect(
    endpoint: &Arc<Endpoint>,
    password: &SecretString,
    facts: &Facts,
    breaker: Breaker,
    redact: Redact,
) -> Result<Session, Error> {
    let tls = secure::client(&endpoint.tls, &endpoint.host, facts)?;
    let time = endpoint.timeouts.connect;
    let addresses = resolve::addresses(&endpoint.host, endpoint.port, time, &breaker)?;
    // What the name took is not taken from the connection.
    let deadline = Instant::now() + time;
    let (socket, known) = dial::control(&addresses, deadline, &breaker)?;
    let stream = socket.stream();
    let addresses = stream
        .peer_addr()
        .and_then(|peer| Ok((peer, stream.local_addr()?.ip())));
    let (peer, local) =
        addresses.map_err(|error| Error::new(ErrorKind::Connect).detail(error.to_string()))?;
    let shown = Shown::new(endpoint.encoding, password, redact);
    let implicit = match (&endpoint.tls, &tls) {
        (Tls::Implicit(_), Some(client)) => Some(Upgrade {
            session: Box::new(client.begin()?),
            deadline,
        }),
        _ => None,
    };
    let mut control = Control::open(
        socket,
        known,
        implicit,
        deadline,
        endpoint.timeouts.reply,
        breaker.clone(),
        shown,
    )
    .map_err(|error| secure::blame(not_greeted(error, &endpoint.tls), tls.as_ref()))?;
    let mut facts = facts.clone();
    control.follow(&facts.pace);
    // pyftpdlib obeys during a transfer, and EPSV then ends it: known by its name, otherwise by its first transfer.
    if control.greeting().contains("pyftpdlib") {
        facts.waits_for_transfer = Some(false);
    }
    // vsftpd hands names on as they come, and has no way of saying so: known by its name.
    facts.exact_names |= control.greeting().contains("(vsFTPd");
    Ok(Session {
        control,
        tls,
        unresumed: false,
        password: password.clone(),
        endpoint: Arc::clone(endpoint),
        facts,
        breaker,
        peer,
        local,
        transfer_type: None,
        folder: None,
        prepared: None,
        doubted_passive: None,
        in_flight: None,
        listed_bytes: 0,
        renaming: false,
        told_time: None,
    })
}

/// What is said where nobody was let in before: no other session of ours can be in the way, and a server that wants TLS
/// refuses the user (Pure-FTPd 421, ProFTPD 550) or the password (vsftpd 530) in words that are not judged.
fn of_the_first(error: Error, tls: &Tls) -> Error {
    let at_login = error.reply.is_some()
        && error.detail.is_none()
        && error
            .command
            .as_deref()
            .is_some_and(|command| command.starts_with("USER ") || command.starts_with("PASS "));
    match (error.kind, at_login && *tls == Tls::Off) {
        (ErrorKind::TooMany, true) => error.words(&Words {
            what: Some("the server takes no session now, or not this user"),
            help: "a server that wants TLS answers so: set `tls: explicit`; otherwise check `user`, or try again later",
        }),
        (ErrorKind::TooMany, false) => error.words(&Words {
            what: Some(NO_SESSION),
            help: "try again later, or check `user`: the server may be busy, or refuse this machine's address",
        }),
        (ErrorKind::Login, true) => error.words(&Words {
            what: None,
            help: "check `user` and `password` of this server; one that wants TLS answers so, too: set `tls: explicit`",
        }),
        (ErrorKind::Refused, true) => error.words(&Words {
            what: None,
            help: "a server that wants TLS answers so, too: set `tls: explicit`",
        }),
        _ => error,
    }
}

/// Under implicit TLS it was our side that had to speak first, and did.
fn not_greeted(error: Error, tls: &Tls) -> Error {
    match (error.kind, tls) {
        (ErrorKind::Timeout(Waiting::Greeting), Tls::Implicit(_)) => error.words(&Words {
            what: None,
            help: "check `port`, or give the server longer with `timeouts: {connect: 60s}`",
        }),
        _ => error,
    }
}

/// A password in the server's encoding. An error does not quote it.
fn encode_secret(endpoint: &Endpoint, password: &SecretString) -> Result<Vec<u8>, Error> {
    match endpoint.encoding.encode(password.expose_secret()) {
        Ok(bytes) => Ok(bytes.into_owned()),
        Err(_) => Err(Error::new(ErrorKind::Name)
            .command("PASS ****".into())
            .detail(format!(
                "the password holds a character that {} cannot write",
                endpoint.encoding.label()
            ))),
    }
}
