//! Continuing a partial file: only one that was begun with this very version of its source, and that ends as the source's
//! same bytes do.
//!
//! Its name says which version it was begun with, and the source is asked whether it still is that version. Its last bytes
//! are compared, because a length proves nothing: after a power loss blocks that were never written are zeros.

use super::copy::{Copying, at_source, at_target, put};
use super::end::{End, Fetch, Looks, Seen};
use super::error::{Cause, CopyError, SizeProblem};
use super::flow::{read, read_up_to};
use super::prove::Moved;
use crate::ftp::ErrorKind;

/// How many of a partial file's last bytes are compared.
const TAIL: usize = 64 * 1024;
/// As many of one that this run itself has begun: a page. On a way that breaks every few kilobytes a try must add more
/// than it compares.
const TAIL_AGAIN: usize = 4 * 1024;

/// A partial file that may be continued.
pub(super) struct Partial {
    pub(super) length: u64,
    /// Its last bytes; none where they cannot be read.
    tail: Vec<u8>,
}

impl Partial {
    /// Where the source is read from, so that the last bytes can be compared.
    fn offset(&self) -> u64 {
        self.length - self.tail.len() as u64
    }
}

impl Copying<'_> {
    /// The partial file that there is to be continued.
    pub(super) fn partial(&mut self) -> Result<Option<Partial>, CopyError> {
        let item = &self.item;
        let possible =
            item.partial && item.resumable && self.source.reads_on() && self.target.writes_on();
        let provable = self.sums.as_ref().is_none_or(|sums| sums.may_continue());
        if !possible || !provable || !self.is_same_version()? {
            return Ok(None);
        }
        let seen = self.target.look(&self.item.temporary).map_err(at_target)?;
        let length = match (seen, self.item.size) {
            (Seen::Bytes(there), Some(size)) if 0 < there && there <= size => there,
            _ => return Ok(None),
        };
        self.touched = true;
        let path = &self.item.temporary;
        let most = match self.item.again {
            true => TAIL_AGAIN,
            false => TAIL,
        };
        let tail = usize::try_from(length).map_or(most, |length| length.min(most));
        let tail = tail_of(self.target, path, (length, tail), self.buffer).map_err(at_target)?;
        // Into an inbox that cannot be read, a large file would never arrive over a bad line: what this run itself has
        // written there is continued all the same.
        let proven_otherwise = self.sums.is_some() || self.item.again;
        let tail = match tail {
            Tail::Bytes(tail) => tail,
            Tail::Unreadable if proven_otherwise => Vec::new(),
            Tail::Unreadable | Tail::Other => return Ok(None),
        };
        Ok(Some(Partial { length, tail }))
    }

    /// Asks the source whether it is what it was when it was listed. What it has become is then copied from its start.
    fn is_same_version(&mut self) -> Result<bool, CopyError> {
        let now = self.source.looks(&self.item.source).map_err(at_source)?;
        let Some(time) = now.modified.filter(|time| time.is_exact()) else {
            return Ok(false);
        };
        let Some(listed) = self.item.modified else {
            return Ok(false);
        };
        // Where the listing is coarse, the part's own name says of which exact time it is.
        let changed = now.size.is_some_and(|size| Some(size) != self.item.size)
            || (listed.is_exact() && time.differs(listed));
        match changed {
            // Without SIZE its listing told the size, and that of another version.
            true if now.size.is_none() => {
                let now = self.look_again().map_err(at_source)?;
                self.adopt(now);
            }
            true => self.adopt(now),
            false => self.pin(time),
        }
        Ok(!changed)
    }

    /// Moves what a partial file lacks.
    pub(super) fn go_on(&mut self, partial: &Partial) -> Result<Moved, CopyError> {
        let at = partial.length;
        let lacks = self.item.size != Some(at);
        if lacks {
            // A server that does not add to files says so before the source's session is in the middle of one. Adding
            // nothing to the part harms nothing.
            let put = put(&self.item, self.options, at);
            self.target
                .create(self.item.written(), put)
                .map_err(at_target)?;
        } else if partial.tail.is_empty() {
            let after = self.source.looks(&self.item.source).map_err(at_source)?;
            return self.already_there(at, after);
        }
        self.open_behind(partial, lacks)?;
        if lacks {
            return self.pump(at);
        }
        self.read_nothing_more().map_err(at_source)?;
        self.source.close_read();
        let after = self.source.finish_read(&self.item.source);
        self.already_there(at, after.map_err(at_source)?)
    }

    /// Opens the source, and reads it up to the end of the part, which has to be the same.
    fn open_behind(&mut self, partial: &Partial, writing: bool) -> Result<(), CopyError> {
        let fetch = Fetch {
            offset: partial.offset(),
            time_before: false,
            ..self.fetch()
        };
        let opened = self.source.open(&self.item.source, fetch);
        let compared = opened.and_then(|()| self.compare_tail(partial));
        compared.map_err(|cause| {
            if writing {
                self.target.stop_writing();
            }
            at_source(cause)
        })
    }

    fn compare_tail(&mut self, partial: &Partial) -> Result<(), Cause> {
        let (path, buffer) = (&self.item.source, &mut *self.buffer);
        let theirs = &mut buffer[..partial.tail.len()];
        let read = read_up_to(self.source, theirs);
        let length = read.map_err(|error| self.source.read_failed(path, error))?;
        if theirs[..length] == partial.tail {
            return Ok(());
        }
        let left = self.item.size.map(|size| size - partial.length);
        self.source.stop_reading(left, buffer);
        Err(SizeProblem::OtherPart.into())
    }

    /// A source is read to its end, so that its session ends the transfer in order.
    fn read_nothing_more(&mut self) -> Result<(), Cause> {
        let (path, buffer) = (&self.item.source, &mut *self.buffer);
        let more = read(self.source, buffer);
        match more.map_err(|error| self.source.read_failed(path, error))? {
            0 => Ok(()),
            _ => {
                self.source.stop_reading(None, buffer);
                Err(SizeProblem::OtherPart.into())
            }
        }
    }

    /// A partial file that lacks nothing: only proof, time and name are missing.
    fn already_there(&mut self, total: u64, after: Looks) -> Result<Moved, CopyError> {
        let times_set = match put(&self.item, self.options, total).modified {
            Some(time) => self.target.set_time(&self.item.temporary, time),
            None => Ok(false),
        };
        self.prove_there(total, after, times_set.map_err(at_target)?)
    }
}

/// The last bytes of a file.
enum Tail {
    Bytes(Vec<u8>),
    /// There are not as many as its length says.
    Other,
    /// They may not be read.
    Unreadable,
}

/// The last bytes of a partial file.
fn tail_of(
    end: &mut dyn End,
    path: &[u8],
    (length, tail): (u64, usize),
    buffer: &mut [u8],
) -> Result<Tail, Cause> {
    let fetch = Fetch {
        offset: length - tail as u64,
        size_after: false,
        time_before: false,
        time_after: false,
    };
    let opened = match end.reads_on() {
        true => end.open(path, fetch),
        false => return Ok(Tail::Unreadable),
    };
    match opened {
        Err(Cause::Ftp(error)) if is_refusal(error.kind) && end.healthy() => {
            return Ok(Tail::Unreadable);
        }
        opened => opened?,
    }
    // One more than there should be: a part that has grown meanwhile is somebody else's.
    let ended = read_up_to(end, &mut buffer[..=tail])
        .map_err(|error| end.read_failed(path, error))
        .and_then(|length| {
            end.close_read();
            end.finish_read(path).map(|_| length)
        });
    let length = ended.inspect_err(|_| {
        // One whose parts cannot be read gets its files from their start from now on, or it would fail each time.
        end.never_write_on();
    })?;
    Ok(match length == tail {
        true => Tail::Bytes(buffer[..tail].to_vec()),
        false => Tail::Other,
    })
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Refused | ErrorKind::Missing | ErrorKind::NoRestart
    )
}
