//! From the errors of the rooms below to what a report shows, and to how the dispatcher meets them.

use crate::event::Failure;
use crate::ftp::{self, Class, ErrorKind, Session};
use crate::local;

/// A failure and how it is to be met.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// How it is to be met.
    pub(super) class: Class,
    /// What is reported.
    pub(super) failure: Box<Failure>,
}

impl Fault {
    /// A failure of our own making: not tried again.
    pub(super) fn permanent(message: impl Into<String>) -> Fault {
        Fault {
            class: Class::Permanent,
            failure: Box::new(Failure {
                message: message.into(),
                ..Failure::default()
            }),
        }
    }

    /// A failure in talking to a server, with the last lines of the session that it happened on.
    pub(super) fn ftp(server: &str, error: &ftp::Error, session: Option<&Session>) -> Fault {
        Fault {
            class: error.class(),
            failure: Box::new(Failure {
                message: error.cause(),
                server: Some(server.to_owned()),
                file: None,
                command: error.command.clone(),
                code: error.reply.as_ref().map(|reply| reply.code),
                reply: error.reply.as_ref().map(|reply| reply.text.clone()),
                transcript: session.map(Session::transcript).unwrap_or_default(),
                help: error.help(),
                hazard: None,
            }),
        }
    }

    /// A failure on this machine.
    pub(super) fn local(error: &local::Error) -> Fault {
        Fault {
            class: match error.class() {
                local::Class::Permanent => Class::Permanent,
                local::Class::StopStep => Class::StopStep,
            },
            failure: Box::new(Failure {
                message: format!("failed to {error}"),
                server: Some("local".into()),
                help: error.help().map(str::to_owned),
                ..Failure::default()
            }),
        }
    }

    /// The same about a file.
    pub(super) fn about(mut self, file: impl Into<String>) -> Fault {
        self.failure.file = Some(file.into());
        self
    }

    /// The same with the next thing to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Fault {
        self.failure.help = Some(help.into());
        self
    }

    /// Whether the session was found lost by its first command.
    pub(super) fn lost(error: &ftp::Error) -> bool {
        error.kind == ErrorKind::Lost
    }
}
