//! The end that bytes come from, a server or this machine, behind the same calls.

use std::io::{self, Read};

use super::error::Cause;
use super::session::transfer_type;
use crate::files::Time;
use crate::ftp::{Count, Receiving, Retrieve, Session};
use crate::local::{self, Act, Reading, Root};

/// What is left of a file that nobody wants any more is read to its end up to this many bytes: the session is worth
/// more than they are.
const WORTH_READING: u64 = 64 * 1024;

/// Where bytes come from.
pub enum Source<'a> {
    /// A server.
    Remote(&'a mut Session),
    /// A folder of this machine.
    Local(&'a Root),
}

/// A file that is read from.
pub(super) enum Inflow {
    Remote(Receiving),
    Local(Reading),
}

/// What the source says of a file after its last byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct After {
    pub(super) size: Option<u64>,
    pub(super) modified: Option<Time>,
}

impl Source<'_> {
    pub(super) fn set_type(&mut self, ascii: bool) -> Result<(), Cause> {
        match self {
            Source::Remote(session) => Ok(session.set_type(transfer_type(ascii))?),
            Source::Local(_) => Ok(()),
        }
    }

    /// Whether files can be read from the middle, as far as is known.
    pub(super) fn restarts(&self) -> bool {
        match self {
            Source::Remote(session) => !session.facts().no_restart_download,
            Source::Local(_) => true,
        }
    }

    /// Remembers that the server continued a file wrongly.
    pub(super) fn never_restart(&mut self) {
        if let Source::Remote(session) = self {
            let mut facts = session.facts().clone();
            facts.no_restart_download = true;
            session.learn(&facts);
        }
    }

    /// Begins to read a file. `time_before`: a server is asked for the exact time, see [`Source::told_time`].
    pub(super) fn open(
        &mut self,
        path: &[u8],
        offset: u64,
        size_after: bool,
        time_before: bool,
    ) -> Result<Inflow, Cause> {
        match self {
            Source::Remote(session) => {
                let what = Retrieve {
                    path,
                    offset,
                    size_after,
                    time_before,
                };
                Ok(Inflow::Remote(session.retrieve(what)?))
            }
            Source::Local(root) => Ok(Inflow::Local(root.read(path, offset)?)),
        }
    }

    /// The time that the server told of the file being read.
    pub(super) fn told_time(&self) -> Option<Time> {
        match self {
            Source::Remote(session) => session.told_time(),
            Source::Local(_) => None,
        }
    }

    /// Makes a cause of an error while reading; the session is not healthy afterwards.
    pub(super) fn failed(&mut self, path: &[u8], inflow: Inflow, error: io::Error) -> Cause {
        drop(inflow);
        match self {
            Source::Remote(session) => session.give_up(error.into()).into(),
            Source::Local(root) => root.system(Act::Read, path, &error).into(),
        }
    }

    /// Ends a file before its end, because the other side failed. `left`: bytes still to come, where known.
    pub(super) fn abandon(&mut self, inflow: Inflow, left: Option<u64>, buffer: &mut [u8]) {
        let (Source::Remote(session), Inflow::Remote(mut receiving)) = (self, inflow) else {
            return;
        };
        if left.is_some_and(|left| left <= WORTH_READING) {
            let most = Receiving::bytes(&receiving) + 2 * WORTH_READING;
            while Receiving::bytes(&receiving) < most
                && receiving.read(buffer).is_ok_and(|length| length > 0)
            {}
        }
        // The other side's error is the one that is reported; `healthy` tells what this one left of the session.
        let _ = session.retrieved(receiving.finish());
    }

    /// Reads what is owed after the data connection was closed.
    pub(super) fn ended(&mut self, count: Option<Count>, path: &[u8]) -> Result<After, Cause> {
        match (self, count) {
            (Source::Remote(session), Some(count)) => Ok(After {
                size: session.retrieved(count)?.size,
                modified: None,
            }),
            (Source::Remote(_), None) => Ok(After::default()),
            (Source::Local(root), _) => Ok(look(root, path)?),
        }
    }

    /// Asks a server for the exact time of a file, without reading it.
    pub(super) fn ask_time(&mut self, path: &[u8]) -> Result<Option<Time>, Cause> {
        match self {
            Source::Remote(session) => Ok(session.modified(path)?),
            Source::Local(_) => Ok(None),
        }
    }

    /// Asks for a file's size without reading it.
    pub(super) fn ask(&mut self, path: &[u8]) -> Result<After, Cause> {
        match self {
            Source::Remote(session) => Ok(After {
                size: session.size(path)?,
                modified: None,
            }),
            Source::Local(root) => Ok(look(root, path)?),
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        match self {
            Source::Remote(session) => session.healthy(),
            Source::Local(_) => true,
        }
    }

    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Source::Remote(_))
    }
}

impl Inflow {
    /// Closes the file, or the data connection.
    pub(super) fn close(self) -> Option<Count> {
        match self {
            Inflow::Remote(receiving) => Some(receiving.finish()),
            Inflow::Local(_) => None,
        }
    }
}

impl Read for Inflow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Inflow::Remote(receiving) => receiving.read(buffer),
            Inflow::Local(reading) => reading.read(buffer),
        }
    }
}

fn look(root: &Root, path: &[u8]) -> Result<After, local::Error> {
    let found = root.stat(path)?;
    Ok(After {
        size: found.map(|found| found.size),
        modified: found.map(|found| found.modified),
    })
}
