//! From the errors of the rooms below to what a report shows, and to how the dispatcher meets them.

use crate::event::Failure;
use crate::transfer::{Cause, Class, End};

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

    /// A failure at an end (a server's name, or `local`), with the last lines of the session that it happened on.
    pub(super) fn of(name: &str, cause: &Cause, transcript: Vec<String>) -> Fault {
        Fault {
            class: cause.class(),
            failure: Box::new(cause.failure(name, transcript)),
        }
    }

    /// A failure at an end, with what was said there last.
    pub(super) fn at(name: &str, cause: &Cause, end: &dyn End) -> Fault {
        Fault::of(name, cause, end.transcript())
    }

    /// The same about a file.
    pub(super) fn about(mut self, file: impl Into<String>) -> Fault {
        self.failure.file = Some(file.into());
        self
    }

    /// The same about a folder at an end.
    pub(super) fn at_folder(mut self, name: &str, folder: impl Into<String>) -> Fault {
        self.failure.server = Some(name.to_owned());
        self.about(folder)
    }

    /// The same with the next thing to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Fault {
        self.failure.help = Some(help.into());
        self
    }
}
