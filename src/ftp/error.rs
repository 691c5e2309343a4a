//! What goes wrong with a session, as data: what was being done, what the server said, and what to do next.

use std::fmt;
use std::io;

use crate::files::Limit;

use super::advice;
use super::breaker::Why;
use super::facts::Facts;
use super::tls::TlsFault;

/// A failure in talking to one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What happened.
    pub kind: ErrorKind,
    /// The command it happened to, as it may be shown (`RETR /a/版本.zip`, `PASS ****`).
    pub command: Option<String>,
    /// What the server said to it.
    pub reply: Option<Answer>,
    /// The system's words, or ours, where they say more than the kind.
    pub detail: Option<String>,
    /// What was learned about the server before [`super::Session::open`] failed.
    pub learned: Option<Box<Facts>>,
    /// What to set, where the names that the server shows are in another encoding than is taken for theirs.
    pub(super) hint: Option<Box<Hint>>,
    /// What is said in place of the kind's own words, where the settings or the moment say more.
    pub(super) words: Option<&'static Words>,
}

/// Words for one case of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    /// What happened, where the kind's own words do not fit.
    pub(super) what: Option<&'static str>,
    /// The next thing to do.
    pub(super) help: &'static str,
}

/// What may help where no data connection comes about.
pub(super) static PASSIVE: Words = Words {
    what: None,
    help: "try the other of `data: passive` and `data: active`, or `pasv_address: reported` behind a balancer",
};

/// The same where the address of PASV is believed.
pub(super) static REPORTED: Words = Words {
    what: None,
    help: "try `pasv_address: control`, or `data: active`",
};

/// The same where the server has to connect to us.
pub(super) static ACTIVE: Words = Words {
    what: None,
    help: "set `data: {mode: active, address: …, ports: …}` to the address and ports where the server reaches this machine, or write `data: passive`",
};

/// Clear text where the server has agreed to TLS: another mode of TLS would not help. ftp-srv says so to a ClientHello that comes
/// before it is ready for it.
pub(super) static AGREED: Words = Words {
    what: Some("the server agreed to TLS, and clear text came"),
    help: "try again; if it lasts, ask who runs the server, and try from another network: somebody in between may answer in its place",
};

/// Said of an outcome that is unknown although the server said something.
pub(super) static OUT_OF_STEP: Words = Words {
    what: Some("the replies do not fit, so that it is not known whether it was done"),
    help: "run again: what stands there is looked at first; if it lasts, ask who runs the server what lies between",
};

/// Said where this machine has no port left.
pub(super) static NO_PORT: Words = Words {
    what: None,
    help: "try again in a minute, or with fewer `connections`: closed connections hold their ports for that long",
};

/// Said of a file where a folder is wanted.
pub(super) static A_FILE: Words = Words {
    what: None,
    help: "name the folder that it lies in, and the file by a pattern: `files: FOLDER/NAME`",
};

/// Said of a path that is not there and that a server may have under other bytes.
pub(super) static NOT_ASCII: Words = Words {
    what: None,
    help: "check the path; it is not ASCII, and the server does not announce UTF-8: set `encoding:` of the server where its names are in another encoding",
};

/// What to do next, found out from what the server shows. Boxed, it keeps errors small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) text: String,
    /// Whether it is the encoding that is to be set.
    pub(super) misread: bool,
}

/// A reply as it is shown: decoded, and without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The three digits.
    pub code: u16,
    /// The text of all lines, joined with spaces, without the code.
    pub text: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// No control connection: the name, the route or the port.
    Connect,
    /// The server greets with a refusal, or with something that is no greeting.
    Greeting,
    /// The server takes no further session now: 421, or 530 to USER.
    TooMany,
    /// User or password refused, or an account asked for.
    Login,
    /// A complete 4xx or 5xx reply.
    Refused,
    /// An error reply after the transfer had begun: the file is not whole, whatever arrived.
    NotWhole,
    /// The control connection was closed or reset.
    Lost,
    /// The data connection could not be opened.
    DataConnect,
    /// The data connection broke.
    DataLost,
    /// A deadline passed.
    Timeout(Waiting),
    /// A reply that cannot be read or does not fit.
    Protocol,
    /// The folder or file is not there; looked at, not read from words.
    Missing,
    /// The final reply to a transfer did not come. The data may be whole: ask for SIZE on a new session.
    NoFinalReply,
    /// The reply to a command that changes something did not come: look before repeating.
    UnknownOutcome,
    /// The server does not continue a file: begin it again from the start.
    NoRestart,
    /// The new content stands under its temporary name only, and the old file is gone.
    Stranded,
    /// Told to end by its [`super::Breaker`].
    Interrupted(Why),
    /// A name that cannot stand in a command. Nothing was sent.
    Name,
    /// More came than the server's limits allow.
    Limit(Limit),
    /// The connection could not be encrypted. Neither user nor password was sent, unless it broke later.
    Tls(TlsFault),
}

/// Which deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// `timeouts.connect`, for the addresses of the host
    Resolution,
    /// `timeouts.connect`
    Connect,
    /// `timeouts.connect`, once the connection stood
    Greeting,
    /// `timeouts.reply`
    Reply,
    /// `timeouts.data`
    Data,
    /// `timeouts.final_reply`
    FinalReply,
}

/// How a failure is to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Again, later, on a new session.
    Transient,
    /// Again, with fewer sessions.
    TooManySessions,
    /// Not again.
    Permanent,
    /// Nothing of this step can succeed (disk full: 452, 552).
    StopStep,
    /// The run is ending.
    Interrupted,
}

impl Error {
    /// An error of which no more is known than its kind.
    pub fn new(kind: ErrorKind) -> Error {
        Error {
            kind,
            command: None,
            reply: None,
            detail: None,
            learned: None,
            hint: None,
            words: None,
        }
    }

    pub(super) fn command(mut self, command: String) -> Error {
        self.command = Some(command);
        self
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Error {
        self.detail = Some(detail.into());
        self
    }

    pub(super) fn with_reply(mut self, reply: Answer) -> Error {
        self.reply = Some(reply);
        self
    }

    pub(super) fn with_kind(mut self, kind: ErrorKind) -> Error {
        self.kind = kind;
        self
    }

    pub(super) fn hint(mut self, hint: Option<Box<Hint>>) -> Error {
        self.hint = hint;
        self
    }

    pub(super) fn words(mut self, words: &'static Words) -> Error {
        self.words = Some(words);
        self
    }

    /// The same error, with what to do where the system says that this machine has no port left.
    pub(super) fn for_want_of_a_port(self, kind: io::ErrorKind) -> Error {
        match kind {
            io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => self.words(&NO_PORT),
            _ => self,
        }
    }

    /// Whether this machine has no port left, so that nothing is known of the server.
    pub(super) fn is_for_want_of_a_port(&self) -> bool {
        self.words == Some(&NO_PORT)
    }

    /// Whether replies came of which nobody knows what they belong to.
    pub(super) fn is_out_of_step(&self) -> bool {
        self.kind == ErrorKind::UnknownOutcome && self.words == Some(&OUT_OF_STEP)
    }

    /// How it is to be met. A [`ErrorKind::Login`] after a success with the same credentials means too many
    /// sessions; only the caller knows of that success.
    pub fn class(&self) -> Class {
        use ErrorKind as Kind;
        match self.kind {
            Kind::Interrupted(_) => Class::Interrupted,
            Kind::TooMany => Class::TooManySessions,
            Kind::Connect
            | Kind::Lost
            | Kind::DataConnect
            | Kind::DataLost
            | Kind::Timeout(_)
            | Kind::Protocol
            | Kind::NoFinalReply
            | Kind::UnknownOutcome
            | Kind::NoRestart => Class::Transient,
            Kind::Tls(TlsFault::Refused | TlsFault::DataInClear)
            | Kind::Greeting
            | Kind::Refused
            | Kind::NotWhole => self.class_of_reply(),
            Kind::Tls(fault) if fault.may_pass() || self.words == Some(&AGREED) => Class::Transient,
            Kind::Tls(_)
            | Kind::Login
            | Kind::Missing
            | Kind::Stranded
            | Kind::Name
            | Kind::Limit(_) => Class::Permanent,
        }
    }

    fn class_of_reply(&self) -> Class {
        match self.reply.as_ref().map(|reply| reply.code) {
            Some(452 | 552) => Class::StopStep,
            Some(500..=599) => Class::Permanent,
            // Others are out of step where they are an error at all.
            Some(_) | None => Class::Transient,
        }
    }

    /// What to set, where names that the server shows are in another encoding than is taken for theirs.
    pub fn misread(&self) -> Option<&str> {
        let hint = self.hint.as_deref().filter(|hint| hint.misread)?;
        Some(&hint.text)
    }

    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<String> {
        if let Some(hint) = &self.hint {
            return Some(hint.text.clone());
        }
        if let Some(words) = self.words {
            return Some(words.help.into());
        }
        let help = match self.kind {
            ErrorKind::Connect => "check `host` and `port`, and that a firewall lets you through",
            ErrorKind::Timeout(Waiting::Resolution) => {
                "check `host` and this machine's resolver, or write the server's address as `host`"
            }
            ErrorKind::Timeout(Waiting::Connect) => {
                "check `host` and `port`, or give it longer with `timeouts: {connect: 60s}`"
            }
            ErrorKind::Timeout(Waiting::Greeting) => {
                "set `tls: implicit` where the port wants TLS from the first byte (990), or give the server longer with `timeouts: {connect: 60s}`"
            }
            ErrorKind::Timeout(Waiting::Reply) => {
                "give the server longer with `timeouts: {reply: 5m}`"
            }
            ErrorKind::Timeout(Waiting::Data) => {
                "give it longer with `timeouts: {data: 5m}`, or try the other of `data: passive` and `data: active`"
            }
            ErrorKind::Timeout(Waiting::FinalReply) | ErrorKind::NoFinalReply => {
                "give the server longer to finish with `timeouts: {final_reply: 30m}`"
            }
            ErrorKind::Login => "check `user` and `password` of this server",
            ErrorKind::TooMany => "lower `connections` of this server",
            ErrorKind::DataConnect => PASSIVE.help,
            ErrorKind::Missing => {
                "check the path; a relative one starts in `login.directory`, else in the folder after login"
            }
            ErrorKind::Tls(fault) => fault.help(),
            ErrorKind::Name => {
                "set `encoding:` of the server, or leave the file out with a `filter` step"
            }
            ErrorKind::Refused | ErrorKind::NotWhole if self.class() == Class::StopStep => {
                "make room on the server, or raise the account's quota"
            }
            ErrorKind::Limit(limit) => limit.help(),
            ErrorKind::Stranded => "rename the file by hand; its content is whole",
            _ => advice::of(self),
        };
        Some(help.into())
    }

    /// What happened, without the command and the reply, which a report shows beside it.
    pub fn cause(&self) -> String {
        match &self.detail {
            // The server has said why; what the socket made of it adds nothing.
            Some(_) if self.kind == ErrorKind::NotWhole => self.what().into(),
            Some(detail) => format!("{} ({detail})", self.what()),
            None => self.what().into(),
        }
    }

    fn what(&self) -> &'static str {
        if let Some(what) = self.words.and_then(|words| words.what) {
            return what;
        }
        match self.kind {
            ErrorKind::Connect => "no connection",
            ErrorKind::Greeting => "the server did not greet",
            ErrorKind::TooMany => "the server takes no further session",
            ErrorKind::Login => "login refused",
            ErrorKind::Refused => "refused",
            ErrorKind::NotWhole => "broken off by the server",
            ErrorKind::Lost => "the control connection was lost",
            ErrorKind::DataConnect => "no data connection",
            ErrorKind::DataLost => "the data connection was lost",
            ErrorKind::Timeout(Waiting::Resolution) => "the name resolution took too long",
            ErrorKind::Timeout(Waiting::Connect) => "no connection in time",
            ErrorKind::Timeout(Waiting::Greeting) => "connected, but no greeting came in time",
            ErrorKind::Timeout(Waiting::Reply) => "no reply in time",
            ErrorKind::Timeout(Waiting::Data) => "no data in time",
            ErrorKind::Timeout(Waiting::FinalReply) | ErrorKind::NoFinalReply => {
                "no final reply after the data"
            }
            ErrorKind::Protocol => "a reply that makes no sense here",
            ErrorKind::Missing => "not there",
            ErrorKind::UnknownOutcome => "no reply, so that it is not known whether it was done",
            ErrorKind::NoRestart => "the server does not continue files",
            ErrorKind::Stranded => "the new file could not take its final name",
            ErrorKind::Interrupted(Why::Interrupted) => "interrupted",
            ErrorKind::Interrupted(Why::StepTimeout) => "the step's time is over",
            ErrorKind::Name => "a name that cannot be sent",
            ErrorKind::Limit(Limit::HeldEntries(_) | Limit::HeldNameBytes(_)) => {
                "the listing goes beyond the run's limits"
            }
            ErrorKind::Limit(_) => "the listing goes beyond the server's limits",
            ErrorKind::Tls(fault) => fault.what(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(command) = &self.command {
            write!(out, "{command}: ")?;
        }
        out.write_str(self.what())?;
        if let Some(reply) = &self.reply {
            write!(out, ": {:03} {}", reply.code, reply.text)?;
        }
        match &self.detail {
            Some(detail) => write!(out, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.kind {
            ErrorKind::Timeout(_) => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl From<io::Error> for Error {
    /// Takes back the error that `Read` or `Write` of a data connection carried through `std::io`.
    fn from(error: io::Error) -> Error {
        let words = error.to_string();
        match error.into_inner().map(|inner| inner.downcast::<Error>()) {
            Some(Ok(ours)) => *ours,
            _ => Error::new(ErrorKind::DataLost).detail(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16) -> Error {
        let mut error = Error::new(ErrorKind::Refused).command("STOR /a/版本.zip".into());
        error.reply = Some(Answer {
            code,
            text: "No.".into(),
        });
        error
    }

    #[test]
    fn replies_are_classed_by_what_can_pass() {
        assert_eq!(refused(425).class(), Class::Transient);
        assert_eq!(refused(451).class(), Class::Transient);
        assert_eq!(refused(550).class(), Class::Permanent);
        assert_eq!(refused(553).class(), Class::Permanent);
        assert_eq!(refused(452).class(), Class::StopStep);
        assert_eq!(refused(552).class(), Class::StopStep);
    }

    #[test]
    fn one_sentence_names_command_and_reply() {
        assert_eq!(
            refused(550).to_string(),
            "STOR /a/版本.zip: refused: 550 No."
        );
    }

    #[test]
    fn an_error_survives_its_way_through_io() {
        let io = io::Error::from(refused(426));
        assert_eq!(Error::from(io), refused(426));
    }
}
