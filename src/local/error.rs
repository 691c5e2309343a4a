//! What can go wrong on the local disk, as data.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::files::{NameEncoding, NameProblem};

/// An operation on the local disk that failed. Fits after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{act} `{path}`: {problem}")]
pub struct Error {
    /// What was tried.
    pub act: Act,
    /// Absolute path, as text for people.
    pub path: String,
    /// Why it did not work.
    pub problem: Problem,
}

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Opening the folder that everything else is reached through.
    Enter,
    /// Listing a folder.
    List,
    /// Looking at size and time.
    Look,
    /// Reading a file.
    Read,
    /// Creating a file.
    Create,
    /// Writing to a file.
    Write,
    /// Making a folder.
    MakeFolder,
    /// Renaming a file.
    Rename,
    /// Setting a file's time.
    SetTime,
    /// Removing a file or a folder.
    Remove,
    /// Asking for free space.
    AskSpace,
    /// Flushing to disk.
    Flush,
}

/// Why an operation did not work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The system refused it.
    #[error("{text}")]
    System {
        /// What sort of refusal.
        kind: io::ErrorKind,
        /// The system's own words.
        text: String,
    },
    /// A name that is not used here.
    #[error("{0}")]
    Name(NameProblem),
    /// A symbolic link on the way, which could lead out of the folder.
    #[error("`{0}` is a symbolic link, and links are not followed here")]
    Link(String),
    /// Something else than a regular file.
    #[error("it is not a regular file")]
    NotAFile,
    /// A file stands where a folder is needed.
    #[error("`{0}` is not a folder")]
    NotAFolder(String),
    /// A path that does not lie below the folder that work is confined to.
    #[error("it lies outside the folder that this step works in")]
    Outside,
    /// A partial file that is not as long as it was.
    #[error("it holds {found} bytes where {expected} were expected")]
    WrongSize {
        /// Bytes that it should hold.
        expected: u64,
        /// Bytes that it holds.
        found: u64,
    },
}

/// What a failure means for the rest of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Trying again will not help this file; others may work.
    Permanent,
    /// No other file will work either: the disk is full or cannot be written.
    StopStep,
}

impl Error {
    /// An error about a path given as bytes.
    pub(super) fn new(act: Act, path: &[u8], problem: Problem) -> Error {
        Error {
            act,
            path: shown(path),
            problem,
        }
    }

    /// An error about a path outside the folder that work is confined to.
    pub fn outside(path: &[u8]) -> Error {
        Error::new(Act::Enter, path, Problem::Outside)
    }

    /// An error of the system about a path given as bytes.
    pub fn system(act: Act, path: &[u8], error: &io::Error) -> Error {
        Error::new(act, path, Problem::system(error))
    }

    /// Whether it failed because something is not there.
    pub fn is_missing(&self) -> bool {
        self.kind() == Some(io::ErrorKind::NotFound)
    }

    /// Whether it failed because something is there already.
    pub fn is_existing(&self) -> bool {
        self.kind() == Some(io::ErrorKind::AlreadyExists)
    }

    /// What it means for the rest of a step.
    pub fn class(&self) -> Class {
        match self.kind() {
            Some(
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::ReadOnlyFilesystem,
            ) => Class::StopStep,
            _ => Class::Permanent,
        }
    }

    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match &self.problem {
            Problem::Name(problem) => problem.help(),
            Problem::Link(_) => {
                Some("replace the link by a folder, or name the folder it leads to")
            }
            Problem::NotAFolder(_) => Some("move the file away, or choose another folder"),
            Problem::System { kind, .. } => match kind {
                io::ErrorKind::StorageFull => {
                    Some("free some space, then run again: files that arrived are not copied twice")
                }
                io::ErrorKind::QuotaExceeded => {
                    Some("raise the quota or free some space, then run again")
                }
                io::ErrorKind::ReadOnlyFilesystem => Some("choose a folder that can be written"),
                io::ErrorKind::PermissionDenied => Some("check who may read and write there"),
                io::ErrorKind::NotFound => Some(
                    "check the path; a relative one starts in the manifest's folder, or in `--directory`",
                ),
                io::ErrorKind::NotADirectory => Some(
                    "a file stands where a folder is needed: move it away, or choose another folder",
                ),
                io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => {
                    Some("a folder stands there: move it away, or choose another folder")
                }
                io::ErrorKind::InvalidFilename => Some("give it a shorter name with `rename`"),
                io::ErrorKind::FileTooLarge => Some(
                    "the file system or `ulimit -f` takes no file of this size: choose another folder",
                ),
                io::ErrorKind::CrossesDevices => Some(
                    "name an `into` on the same file system: a file is moved by renaming it, and nothing is copied",
                ),
                _ => Some("the system's log says what is amiss with this disk"),
            },
            Problem::NotAFile => Some("leave it out with a `filter` step, or move it away"),
            Problem::Outside => Some("name the folder that it lies in"),
            Problem::WrongSize { .. } => Some("run again: it is then begun anew"),
        }
    }

    fn kind(&self) -> Option<io::ErrorKind> {
        match &self.problem {
            Problem::System { kind, .. } => Some(*kind),
            _ => None,
        }
    }
}

impl Problem {
    /// The system's words in the style of ours: a lower-case fragment without a number.
    pub(super) fn system(error: &io::Error) -> Problem {
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        let text = match error.kind() {
            io::ErrorKind::CrossesDevices => "its new place lies on another file system".into(),
            _ => first.into_iter().chain(letters).collect(),
        };
        Problem::System {
            kind: error.kind(),
            text,
        }
    }
}

impl From<rustix::io::Errno> for Problem {
    fn from(errno: rustix::io::Errno) -> Problem {
        Problem::system(&io::Error::from(errno))
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::Enter => "open the folder",
            Act::List => "list",
            Act::Look => "look at",
            Act::Read => "read",
            Act::Create => "create",
            Act::Write => "write",
            Act::MakeFolder => "make the folder",
            Act::Rename => "rename",
            Act::SetTime => "set the time of",
            Act::Remove => "remove",
            Act::AskSpace => "ask for the free space of",
            Act::Flush => "flush to disk",
        })
    }
}

/// Path bytes as text for people.
pub(super) fn shown(path: &[u8]) -> String {
    NameEncoding::Auto.decode(path).text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_stops_the_step_and_says_what_to_do() {
        let error = Error::system(
            Act::Write,
            b"/into/a",
            &io::Error::from(rustix::io::Errno::NOSPC),
        );
        assert_eq!(error.class(), Class::StopStep);
        assert_eq!(
            error.to_string(),
            "write `/into/a`: no space left on device"
        );
        assert!(error.help().is_some());
    }

    #[test]
    fn a_refusal_concerns_one_file() {
        let error = Error::system(
            Act::Read,
            b"/a",
            &io::Error::from(rustix::io::Errno::ACCESS),
        );
        assert_eq!(error.class(), Class::Permanent);
        assert!(!error.is_missing());
    }
}
