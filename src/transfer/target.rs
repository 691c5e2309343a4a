//! The end that bytes go to, a server or this machine, behind the same calls.

use std::io::{self, Write};

use super::error::Cause;
use super::session::transfer_type;
use crate::files::{Kind, Time};
use crate::ftp::{self, Count, Sending, Session, Store};
use crate::local::{Act, Root, Writing};

/// Where bytes go.
pub enum Target<'a> {
    /// A server.
    Remote(&'a mut Session),
    /// A folder of this machine.
    Local(&'a Root),
}

/// A file that is written to.
pub(super) enum Outflow {
    Remote(Sending),
    Local(Writing),
}

/// How a file is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Bytes that are there and are continued.
    pub(super) at: u64,
    pub(super) size_after: bool,
    pub(super) modified: Option<Time>,
    pub(super) rename_from: bool,
}

/// What the destination says of a file after its last byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrived {
    pub(super) size: Option<u64>,
    pub(super) times_set: bool,
    pub(super) rename_ready: bool,
}

/// What stands at a path of a destination, looked at once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Bytes(u64),
    /// Something whose size is not told.
    Something,
    Nothing,
}

impl Target<'_> {
    pub(super) fn set_type(&mut self, ascii: bool) -> Result<(), Cause> {
        match self {
            Target::Remote(session) => Ok(session.set_type(transfer_type(ascii))?),
            Target::Local(_) => Ok(()),
        }
    }

    /// Whether a partial file can be continued there, as far as is known.
    pub fn restarts(&self) -> bool {
        match self {
            Target::Remote(session) => !session.facts().no_restart_upload,
            Target::Local(_) => true,
        }
    }

    pub(super) fn never_restart(&mut self) {
        if let Target::Remote(session) = self {
            let mut facts = session.facts().clone();
            facts.no_restart_upload = true;
            session.learn(&facts);
        }
    }

    pub(super) fn open(&mut self, path: &[u8], wanted: Wanted) -> Result<Outflow, Cause> {
        match self {
            Target::Remote(session) => {
                let what = Store {
                    path,
                    append: wanted.at > 0,
                    size_after: wanted.size_after,
                    modified: wanted.modified,
                    rename_from: wanted.rename_from,
                };
                Ok(Outflow::Remote(session.store(what)?))
            }
            Target::Local(root) if wanted.at > 0 => {
                Ok(Outflow::Local(root.append(path, wanted.at)?))
            }
            Target::Local(root) => Ok(Outflow::Local(root.create_file(path)?)),
        }
    }

    /// Makes a cause of an error while writing; the session is not healthy afterwards.
    pub(super) fn failed(&mut self, path: &[u8], outflow: Outflow, error: io::Error) -> Cause {
        drop(outflow);
        match self {
            Target::Remote(session) => session.give_up(error.into()).into(),
            Target::Local(root) => root.system(Act::Write, path, &error).into(),
        }
    }

    /// Ends a file before its end, because the other side failed: what was sent is kept, and so is the session.
    pub(super) fn abandon(&mut self, outflow: Outflow) {
        let (Target::Remote(session), Outflow::Remote(sending)) = (self, outflow) else {
            return;
        };
        // The other side's error is the one that is reported; `healthy` tells what this one left of the session.
        match sending.finish() {
            Ok(count) => drop(session.stored(count)),
            Err(error) => drop(session.give_up(error)),
        }
    }

    /// Says the end of the data; nothing is read yet.
    pub(super) fn close(&mut self, outflow: Outflow) -> Result<Option<Count>, Cause> {
        match (self, outflow) {
            (Target::Remote(session), Outflow::Remote(sending)) => match sending.finish() {
                Ok(count) => Ok(Some(count)),
                Err(error) => Err(session.give_up(error).into()),
            },
            _ => Ok(None),
        }
    }

    /// Reads what is owed after the end of the data.
    pub(super) fn ended(
        &mut self,
        count: Option<Count>,
        path: &[u8],
        wanted: Wanted,
    ) -> Result<Arrived, Cause> {
        match (self, count) {
            (Target::Remote(session), Some(count)) => {
                let stored = session.stored(count)?;
                Ok(Arrived {
                    size: stored.size,
                    times_set: stored.times_set,
                    rename_ready: stored.rename_ready,
                })
            }
            (Target::Remote(_), None) => Ok(Arrived::default()),
            (Target::Local(root), _) => {
                let size = root.stat(path)?.map(|found| found.size);
                set_local_time(root, path, wanted.modified).map(|times_set| Arrived {
                    size,
                    times_set,
                    rename_ready: false,
                })
            }
        }
    }

    /// Sets a file's time outside a transfer.
    pub(super) fn set_time(&mut self, path: &[u8], modified: Option<Time>) -> Result<bool, Cause> {
        match (self, modified) {
            (_, None) => Ok(false),
            (Target::Remote(session), Some(time)) => Ok(session.set_modified(path, time)?),
            (Target::Local(root), time) => set_local_time(root, path, time),
        }
    }

    /// What stands at a path: SIZE, and where that is refused, the folder's listing.
    pub(super) fn look(&mut self, path: &[u8]) -> Result<Seen, Cause> {
        match self {
            Target::Local(root) => Ok(match root.stat(path)? {
                Some(found) if found.kind == Kind::File => Seen::Bytes(found.size),
                Some(_) => Seen::Something,
                None => Seen::Nothing,
            }),
            Target::Remote(session) => look_there(session, path),
        }
    }

    /// Removes a file of ours; that it is not there is fine.
    pub(super) fn remove(&mut self, path: &[u8]) -> Result<(), Cause> {
        match self {
            Target::Remote(session) => {
                session.delete(path)?;
                Ok(())
            }
            Target::Local(root) => match root.remove(path) {
                Err(error) if !error.is_missing() => Err(error.into()),
                _ => Ok(()),
            },
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        match self {
            Target::Remote(session) => session.healthy(),
            Target::Local(_) => true,
        }
    }

    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Target::Remote(_))
    }
}

impl Write for Outflow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Outflow::Remote(sending) => sending.write(bytes),
            Outflow::Local(writing) => writing.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn set_local_time(root: &Root, path: &[u8], modified: Option<Time>) -> Result<bool, Cause> {
    match modified {
        Some(time) => Ok(root.set_time(path, time).map(|()| true)?),
        None => Ok(false),
    }
}

fn look_there(session: &mut Session, path: &[u8]) -> Result<Seen, Cause> {
    if let Some(size) = session.size(path)? {
        return Ok(Seen::Bytes(size));
    }
    let slash = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    let folder = if slash == 0 { b"/" } else { &path[..slash] };
    let page = match session.list(folder) {
        Err(error) if error.kind == ftp::ErrorKind::Missing => return Ok(Seen::Nothing),
        listed => listed?,
    };
    let name = path.get(slash + 1..).unwrap_or_default();
    let entry = page.entries().find(|entry| entry.name == name);
    Ok(match entry.map(|entry| entry.size) {
        Some(Some(size)) => Seen::Bytes(size),
        Some(None) => Seen::Something,
        None => Seen::Nothing,
    })
}
