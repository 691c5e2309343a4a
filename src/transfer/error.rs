//! What can go wrong while one file is copied: on which end, what, and what to do next.

use thiserror::Error;

use super::decision::Refusal;
use super::end::Looks;
use super::places::Verdict;
use crate::event::Failure;
use crate::files::Time;
use crate::ftp::Algorithm;
use crate::{ftp, local};

/// A file was not copied. Fits after "failed to copy FILE: ".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{cause}")]
pub struct CopyError {
    /// The end that it happened on.
    pub end: Role,
    /// What happened.
    pub cause: Box<Cause>,
    /// Whether part of a file that nobody wants stands at the destination, because the session was gone: call
    /// [`super::discard`] on another session when the file is not tried again.
    pub left_behind: bool,
    /// Whether what was written stays, and the next try continues it.
    pub continues: bool,
    /// Bytes that were moved for nothing, or towards a partial file.
    pub bytes_moved: u64,
    /// The source's exact time, where its listing is coarser: [`super::Item::new`] wants it for the next try.
    pub exact: Option<Time>,
    /// What the source has become while it was read, where that is so new that its time would not tell a later write:
    /// the next try waits for it, and [`super::Item::new`] wants this.
    pub became: Option<Looks>,
    /// What was found out about the two folders before it failed.
    pub places: Option<Verdict>,
    /// Why [`super::Item::mark`] could not be removed, so that it may stand.
    pub left_mark: Option<Box<str>>,
}

/// What an end is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Where the bytes come from.
    Source,
    /// Where they go.
    Target,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// A server, or the way to it.
    #[error("{0}")]
    Ftp(ftp::Error),
    /// This machine's disk.
    #[error("{0}")]
    Local(local::Error),
    /// Sizes that do not agree.
    #[error("{0}")]
    Size(SizeProblem),
    /// Something has got the final name that may not be replaced, after the destination was listed.
    #[error("something with that name has come to stand at the destination meanwhile")]
    Taken,
    /// Checksums that do not agree, or are not to be had.
    #[error("{0}")]
    Sum(SumProblem),
    /// The folder that the file comes from is the one that it goes to.
    #[error("{}", one_folder(source_folder, target_folder))]
    OneFolder {
        /// The source's folder, as text.
        source_folder: String,
        /// The destination's folder, as text.
        target_folder: String,
    },
    /// A listing that broke off where it was to tell whether two folders are one.
    #[error("a listing broke off: {0}")]
    Broken(String),
    /// A file would be overwritten that may be the source itself.
    #[error("it would be emptied before it is written, and may be the source itself: {0}")]
    NotTold(String),
    /// A file would be replaced that was taken for the same, and that must not be.
    #[error("{0}")]
    Refused(Refusal),
    /// A reply was lost, so that it is not known whether the file arrived: ask [`super::settle`] on a new session
    /// before anything is repeated.
    #[error("{error}")]
    Unknown {
        /// What is in doubt.
        doubt: Box<Doubt>,
        /// How the reply was lost.
        error: Box<ftp::Error>,
    },
}

/// What is not known after a reply was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What was going on.
    pub stage: Stage,
    /// How many bytes the file must have at the destination.
    pub expected: u64,
    /// What its size there will prove: the reason why nothing, where the source's size is not known.
    pub proven: Result<(), String>,
}

/// What was going on when a reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The bytes were sent.
    Storing,
    /// The file was given its final name.
    Renaming,
}

/// Sizes that do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SizeProblem {
    /// The source is no longer as it was when it was listed, or begun to be read.
    #[error("the source changed during the run")]
    Changed,
    /// A partial file does not end as the source's same bytes do.
    #[error("the part that stands at the destination has other bytes than the source")]
    OtherPart,
    /// Another number of bytes came than the source has.
    #[error("{got} bytes came where the source has {expected}")]
    Truncated {
        /// Bytes at the source.
        expected: u64,
        /// Bytes that came, those of a continued partial included.
        got: u64,
    },
    /// The destination has another number of bytes than were sent.
    #[error("the destination has {found} bytes where {sent} were written")]
    Stored {
        /// Bytes written, those of a continued partial included.
        sent: u64,
        /// What the destination says.
        found: u64,
    },
}

/// Checksums that do not agree, or are not to be had (`verify: checksum`).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SumProblem {
    /// FEAT names no command for checksums.
    #[error("the server offers no checksum command, so that nothing can be verified by checksum")]
    NoCommand,
    /// The server has a command, and gave no sum of this file.
    #[error("the server gives no {algorithm} of the file")]
    Refused {
        /// What was asked for.
        algorithm: Algorithm,
    },
    /// The file is not the one that was moved.
    #[error("the file's {algorithm} is {there}, and that of the bytes moved is {moved}")]
    Differs {
        /// What was compared.
        algorithm: Algorithm,
        /// The server's sum.
        there: String,
        /// Our own, over the bytes that passed; of a continued relay, the source server's.
        moved: String,
    },
}

impl CopyError {
    /// An error at one of the ends.
    pub fn new(end: Role, cause: impl Into<Cause>) -> CopyError {
        CopyError {
            end,
            cause: Box::new(cause.into()),
            left_behind: false,
            continues: false,
            bytes_moved: 0,
            exact: None,
            became: None,
            places: None,
            left_mark: None,
        }
    }

    /// How it is to be met. A doubt is transient, but must be settled first.
    pub fn class(&self) -> ftp::Class {
        self.cause.class()
    }

    /// Whether it says something of the two ends and nothing of this file: every other file would end the same.
    pub fn concerns_all(&self) -> bool {
        matches!(
            *self.cause,
            Cause::Sum(SumProblem::NoCommand) | Cause::OneFolder { .. }
        )
    }

    /// Whether the destination took bytes, and then broke off with a reply that may pass (4xx).
    pub fn is_broken_off(&self) -> bool {
        let broken_off = matches!(&*self.cause, Cause::Ftp(error)
            if error.kind == ftp::ErrorKind::NotWhole && error.class() == ftp::Class::Transient);
        broken_off && self.end == Role::Target && self.bytes_moved > 0
    }

    /// Whether a file that was being renamed may have its final name although this is an error: the reply did not come.
    /// RNTO and what follows it go out together; what is told before them is that nothing was renamed.
    pub fn leaves_name_unknown(&self) -> bool {
        match &*self.cause {
            Cause::Unknown { doubt, .. } => doubt.stage == Stage::Renaming,
            Cause::Ftp(error) => {
                let command = error.command.as_deref().unwrap_or_default();
                matches!(error.kind, ftp::ErrorKind::Interrupted(_)) && !command.starts_with("RNFR")
            }
            _ => false,
        }
    }

    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<String> {
        self.cause.help()
    }
}

impl Cause {
    /// How it is to be met.
    pub fn class(&self) -> ftp::Class {
        match self {
            Cause::Ftp(error) => error.class(),
            Cause::Local(error) => match error.class() {
                local::Class::Permanent => ftp::Class::Permanent,
                local::Class::StopStep => ftp::Class::StopStep,
            },
            Cause::Size(SizeProblem::Changed)
            | Cause::Taken
            | Cause::Sum(SumProblem::Refused { .. })
            | Cause::NotTold(_)
            | Cause::Refused(_) => ftp::Class::Permanent,
            // It is the same for every file of the step.
            Cause::Sum(SumProblem::NoCommand) | Cause::OneFolder { .. } => ftp::Class::StopStep,
            Cause::Sum(SumProblem::Differs { .. }) => ftp::Class::Transient,
            Cause::Size(
                SizeProblem::Truncated { .. } | SizeProblem::Stored { .. } | SizeProblem::OtherPart,
            ) => ftp::Class::Transient,
            Cause::Unknown { .. } | Cause::Broken(_) => ftp::Class::Transient,
        }
    }

    /// What is reported of it: at which end (a server's name, or `local`), with the last lines of its session.
    pub fn failure(&self, name: &str, transcript: Vec<String>) -> Failure {
        let (message, server, error) = match self {
            Cause::Ftp(error) => (error.cause(), name, Some(error)),
            Cause::Unknown { error, .. } => (error.cause(), name, Some(&**error)),
            Cause::Local(error) => (format!("failed to {error}"), "local", None),
            Cause::Size(_)
            | Cause::Taken
            | Cause::Sum(_)
            | Cause::OneFolder { .. }
            | Cause::NotTold(_)
            | Cause::Refused(_)
            | Cause::Broken(_) => (self.to_string(), name, None),
        };
        let reply = error.and_then(|error| error.reply.as_ref());
        Failure {
            message,
            server: Some(server.to_owned()),
            command: error.and_then(|error| error.command.clone()),
            code: reply.map(|reply| reply.code),
            reply: reply.map(|reply| reply.text.clone()),
            transcript,
            help: self.help(),
            ..Failure::default()
        }
    }

    /// Whether what was looked for is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Cause::Ftp(error) => error.kind == ftp::ErrorKind::Missing,
            Cause::Local(error) => error.is_missing(),
            Cause::Size(_)
            | Cause::Taken
            | Cause::Sum(_)
            | Cause::Unknown { .. }
            | Cause::OneFolder { .. }
            | Cause::NotTold(_)
            | Cause::Refused(_)
            | Cause::Broken(_) => false,
        }
    }

    /// What to set, where what is missing stands there in another encoding, or may.
    pub fn misread(&self) -> Option<&str> {
        match self {
            Cause::Ftp(error) => error.misread(),
            _ => None,
        }
    }

    /// Whether a listing goes beyond the server's limits.
    pub fn is_limit(&self) -> bool {
        matches!(self, Cause::Ftp(error) if matches!(error.kind, ftp::ErrorKind::Limit(_)))
    }

    /// Whether the server takes no further session now.
    pub fn is_too_many(&self) -> bool {
        matches!(self, Cause::Ftp(error) if error.kind == ftp::ErrorKind::TooMany)
    }

    /// Whether the server refused the login.
    pub fn is_login(&self) -> bool {
        matches!(self, Cause::Ftp(error) if error.kind == ftp::ErrorKind::Login)
    }

    /// Whether a session was found closed by the first command on it.
    pub fn is_lost(&self) -> bool {
        matches!(self, Cause::Ftp(error) if error.kind == ftp::ErrorKind::Lost)
    }

    /// Whether what was asked for may have been done although this is an error: the reply did not come.
    pub fn is_unknown(&self) -> bool {
        match self {
            Cause::Ftp(error) => error.kind == ftp::ErrorKind::UnknownOutcome,
            Cause::Unknown { .. } => true,
            Cause::Local(_)
            | Cause::Size(_)
            | Cause::Taken
            | Cause::Sum(_)
            | Cause::OneFolder { .. }
            | Cause::NotTold(_)
            | Cause::Refused(_)
            | Cause::Broken(_) => false,
        }
    }

    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            Cause::Ftp(error) => error.help(),
            Cause::Unknown { error, .. } => error.help(),
            Cause::Local(error) => error.help().map(String::from),
            Cause::Size(SizeProblem::Changed) => {
                Some("run again when nothing writes to it any more".into())
            }
            Cause::Taken => Some("run again: it is then looked at as what stands there".into()),
            Cause::Sum(SumProblem::NoCommand | SumProblem::Refused { .. }) => {
                Some("write `verify: size`".into())
            }
            Cause::OneFolder { .. } => Some("choose another folder in `into`".into()),
            Cause::NotTold(_) => Some(
                "write `publish: file`, which replaces a file only when the new one is whole"
                    .into(),
            ),
            Cause::Refused(refusal) => refusal.help().map(String::from),
            Cause::Broken(_) => Some("run again; if it lasts, look at the listing with `ftpflow probe`".into()),
            Cause::Size(SizeProblem::Truncated { .. } | SizeProblem::OtherPart) => Some(
                "run again when nothing writes to it any more: it is then read from its beginning"
                    .into(),
            ),
            Cause::Size(SizeProblem::Stored { .. }) => Some(
                "run again; where the server changes what it takes, as line ends, write `verify: none`"
                    .into(),
            ),
            Cause::Sum(SumProblem::Differs { .. }) => {
                Some("run again; if it lasts, a disk or the memory of one of the machines is at fault".into())
            }
        }
    }

    /// Whether the server refuses to continue a file, or did it wrongly, or what was continued is not proven.
    pub(super) fn spoils_resume(&self) -> bool {
        match self {
            Cause::Ftp(error) => error.kind == ftp::ErrorKind::NoRestart,
            Cause::Size(problem) => {
                matches!(
                    problem,
                    SizeProblem::Truncated { .. }
                        | SizeProblem::Stored { .. }
                        | SizeProblem::OtherPart
                )
            }
            Cause::Local(error) => matches!(error.problem, local::Problem::WrongSize { .. }),
            Cause::Sum(problem) => *problem != SumProblem::NoCommand,
            Cause::Taken
            | Cause::Unknown { .. }
            | Cause::OneFolder { .. }
            | Cause::NotTold(_)
            | Cause::Refused(_)
            | Cause::Broken(_) => false,
        }
    }
}

impl From<ftp::Error> for Cause {
    fn from(error: ftp::Error) -> Cause {
        Cause::Ftp(error)
    }
}

impl From<local::Error> for Cause {
    fn from(error: local::Error) -> Cause {
        Cause::Local(error)
    }
}

impl From<SizeProblem> for Cause {
    fn from(problem: SizeProblem) -> Cause {
        Cause::Size(problem)
    }
}

impl From<SumProblem> for Cause {
    fn from(problem: SumProblem) -> Cause {
        Cause::Sum(problem)
    }
}

fn one_folder(source: &str, target: &str) -> String {
    match source == target {
        true => format!("its folder and the destination's are one and the same, `{source}`"),
        false => {
            format!("its folder `{source}` and the destination's `{target}` are one and the same")
        }
    }
}
