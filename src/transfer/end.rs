//! One end of a transfer: a session of a server, the disk of this machine, or a model of either.
//!
//! Everything that a run does with files goes through [`End`], so that nobody above asks on which side it works. Paths
//! are absolute, as bytes of that side. An end has one file open at a time, as an FTP session has.

use std::io;

use super::error::Cause;
use super::inventory::Manners;
use crate::files::{Allowance, BETWEEN_ZONES, FileSet, Limits, Page, Precision, Side, Time};
use crate::ftp::{Algorithm, Checksum, Deleted, Facts};
use crate::local::Links;

/// What stands at a path, looked at once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A file of so many bytes.
    Bytes(u64),
    /// Something whose size is not told.
    Something,
    /// Nothing.
    Nothing,
}

/// Size and time of a file, as far as an end tells them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looks {
    /// Bytes.
    pub size: Option<u64>,
    /// When it was modified.
    pub modified: Option<Time>,
}

impl Looks {
    /// What a set tells of an entry.
    pub fn listed(set: &FileSet, at: u32) -> Looks {
        Looks {
            size: set.size(at),
            modified: set.modified(at),
        }
    }

    /// Whether two looks may be of one file: what is not known may be the same.
    pub fn may_be_one(self, other: Looks) -> bool {
        let times = self.modified.zip(other.modified);
        // One of them may have lost the parts of a second.
        self.may_be_as_large(other)
            && times
                .is_none_or(|(a, b)| !a.to_the_second().differs_in_every_zone(b.to_the_second()))
    }

    /// The same where two entries for one server may read its times otherwise.
    pub fn may_be_read_as(self, own: Reading, other: Looks, by: Reading) -> bool {
        if own.side == by.side {
            return self.may_be_one(other);
        }
        let times = self.modified.zip(other.modified);
        self.may_be_as_large(other) && times.is_none_or(|(a, b)| own.may_read_as(a, b, by))
    }

    fn may_be_as_large(self, other: Looks) -> bool {
        self.size.zip(other.size).is_none_or(|(a, b)| a == b)
    }
}

/// Who reads times: an entry of the manifest, or this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The entry itself, not the first one of its key.
    pub side: Side,
    /// Its `clock_offset`, in seconds; 0 where the manifest gives none.
    pub zone: i32,
}

impl Reading {
    /// This machine, which reads its own times.
    pub const LOCAL: Reading = Reading {
        side: Side::Local,
        zone: 0,
    };

    /// Who reads a side's times, of those of all servers.
    pub fn of(side: Side, servers: &[Reading]) -> Reading {
        side.server()
            .map_or(Reading::LOCAL, |server| servers[server.at()])
    }

    /// Whether two times may be one that one side reads in another zone than the other; a manifest may name any.
    fn may_read_as(self, time: Time, other: Time, by: Reading) -> bool {
        let coarse = time.precision.max(other.precision).max(Precision::Second);
        let (own, theirs) = (i64::from(self.zone), i64::from(by.zone));
        let apart = time.seconds.saturating_sub(other.seconds);
        [0, own, -theirs, own - theirs].iter().any(|shift| {
            let rest = apart.saturating_add(*shift).rem_euclid(BETWEEN_ZONES);
            rest.min(BETWEEN_ZONES - rest) <= coarse.seconds()
        })
    }
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Fetch {
    /// The first byte that is wanted.
    pub offset: u64,
    /// Whether its size is asked after its last byte.
    pub size_after: bool,
    /// Whether its exact time is asked before its first byte, for [`End::told_time`].
    pub time_before: bool,
    /// Whether its exact time is asked after its last byte.
    pub time_after: bool,
}

/// How a file is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Put<'p> {
    /// Bytes that are there and are continued; with 0 the file is written anew.
    pub at: u64,
    /// Whether its size is asked after its last byte.
    pub size_after: bool,
    /// Whether the time that its end has given it is asked after its last byte.
    pub time_after: bool,
    /// Whether this machine makes it safe against a crash before it gets its name: a later run would take a file for whole
    /// whose length and time outlived its blocks.
    pub safely: bool,
    /// The time that it gets after its last byte.
    pub modified: Option<Time>,
    /// The name that it is to get, where nothing may be replaced: looked at after the last byte, right before the renaming.
    pub look_at: Option<&'p [u8]>,
    /// Whether it will be renamed next, so that the first half of that may go out ahead.
    pub rename_from: bool,
}

/// What an end says of a file after its last byte was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrived {
    /// Bytes, where told.
    pub size: Option<u64>,
    /// The time that its end has given it, where asked with [`Put::time_after`].
    pub modified: Option<Time>,
    /// Whether it has the time that was wanted.
    pub times_set: bool,
    /// Whether something stands at [`Put::look_at`]; `None` where that is not known.
    pub taken: Option<bool>,
    /// Whether the first half of its renaming has gone out; see [`Put::rename_from`].
    pub rename_ready: bool,
}

/// Why a session was not opened.
#[derive(Debug)]
pub struct Refused {
    /// What happened.
    pub cause: Cause,
    /// What was learned about the server all the same.
    pub learned: Facts,
}

/// One end of a transfer.
///
/// # Errors
/// Every call fails with a [`Cause`] that says what of this end did not work. After some of them the end is not
/// [`healthy`](End::healthy), and every further call fails.
pub trait End: Send {
    /// The absolute path of a path in the manifest.
    fn find(&self, text: &str) -> Result<Vec<u8>, Cause>;
    /// The path under which a folder is found: what the server answers once it is in it, or what the disk resolves. The same
    /// path where that cannot be told, or nothing is there.
    fn place(&mut self, folder: &[u8]) -> Result<Vec<u8>, Cause>;
    /// From here on all paths lie below this folder. On this machine nothing leads out of it, and links below it are
    /// followed or refused.
    fn confine(&mut self, root: &[u8], links: Links);
    /// The text of a path, for people.
    fn decode(&self, path: &[u8]) -> String;
    /// How names and listings behave below the folder that the end is confined to.
    fn manners(&mut self) -> Manners;
    /// Whether something may stand at a name that a listing does not show: [`Manners::may_hide`], and how it treats names is
    /// asked, which may take a listing, only where the name matters.
    fn may_hide(&mut self, name: &[u8]) -> bool {
        name.starts_with(b".") && self.manners().may_hide(name)
    }
    /// Finds out what becomes of the names of a set below a folder, where that is in doubt.
    fn try_names(&mut self, folder: &[u8], set: &FileSet) -> Result<(), Cause>;
    /// Whether a name may stand under other bytes than it was given in.
    fn doubts_name(&self, name: &[u8]) -> bool;

    /// The entries of a folder, as far as a step is allowed to take from listings. One that broke off is a page that says
    /// so.
    fn list(&mut self, folder: &[u8], allowance: &Allowance) -> Result<Page, Cause>;
    /// What one listing may bring.
    fn limits(&self) -> Limits;
    /// What tells a folder from all others, where that is known: one that was seen is a circle of links.
    fn identity(&mut self, folder: &[u8]) -> Result<Option<(u64, u64)>, Cause>;
    /// What stands at a path.
    fn look(&mut self, path: &[u8]) -> Result<Seen, Cause>;
    /// Size and exact time of a file. What is refused is not told.
    fn looks(&mut self, path: &[u8]) -> Result<Looks, Cause>;

    /// Sets the type of data connections.
    fn set_type(&mut self, ascii: bool) -> Result<(), Cause>;
    /// Whether a file can be read from the middle, as far as is known.
    fn reads_on(&self) -> bool;
    /// Remembers that a file was read wrongly from the middle.
    fn never_read_on(&mut self);
    /// Begins to read a file.
    fn open(&mut self, path: &[u8], fetch: Fetch) -> Result<(), Cause>;
    /// The time of the file being read, where it was asked and told.
    fn told_time(&self) -> Option<Time>;
    /// Reads on; 0 bytes are the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Makes a cause of an error while reading; the end is not healthy afterwards, where it is a session.
    fn read_failed(&mut self, path: &[u8], error: io::Error) -> Cause;
    /// Stops reading before the end, because the other end failed. `left`: bytes still to come, where known.
    fn stop_reading(&mut self, left: Option<u64>, buffer: &mut [u8]);
    /// Closes the file, or the data connection; nothing is waited for.
    fn close_read(&mut self);
    /// What is said of a file after its last byte was read.
    fn finish_read(&mut self, path: &[u8]) -> Result<Looks, Cause>;

    /// Whether a partial file can be continued, as far as is known.
    fn writes_on(&self) -> bool;
    /// Remembers that a partial file was continued wrongly.
    fn never_write_on(&mut self);
    /// Begins to write a file.
    fn create(&mut self, path: &[u8], put: Put<'_>) -> Result<(), Cause>;
    /// Writes some bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes a cause of an error while writing; the end is not healthy afterwards, where it is a session.
    fn write_failed(&mut self, path: &[u8], error: io::Error) -> Cause;
    /// Stops writing before the end, because the other end failed: what was written is kept, safe against a crash where
    /// that is ours to do.
    fn stop_writing(&mut self);
    /// Says the end of the data; nothing is waited for.
    fn close_write(&mut self) -> Result<(), Cause>;
    /// What is said of a file after its last byte was written.
    fn finish_write(&mut self, path: &[u8], put: Put<'_>) -> Result<Arrived, Cause>;

    /// Makes a folder and those above it that are missing; one that stands there is success.
    fn make_folder(&mut self, path: &[u8]) -> Result<(), Cause>;
    /// Removes an empty folder.
    fn remove_folder(&mut self, path: &[u8]) -> Result<Deleted, Cause>;
    /// Gives a file another name. `ready`: its first half has gone out. `over`: what has that name is replaced, in one
    /// instant where the end can do so, and never before the new file is there to take its place. Otherwise the name is
    /// looked at first, unless that was done with [`Put::look_at`]: [`Cause::Taken`].
    fn rename(&mut self, from: &[u8], to: &[u8], ready: bool, over: bool) -> Result<(), Cause>;
    /// Ends what an exchange of two files that broke off has left: the old file, put aside, has its name again where
    /// nothing has it, and goes where its successor stands.
    fn settle_aside(&mut self, path: &[u8]) -> Result<(), Cause>;
    /// Removes a file.
    fn remove(&mut self, path: &[u8]) -> Result<Deleted, Cause>;
    /// Sets a file's time; whether that worked.
    fn set_time(&mut self, path: &[u8], modified: Time) -> Result<bool, Cause>;
    /// Whether files here may have been given times: found without setting one.
    fn may_set_times(&mut self) -> Result<bool, Cause>;
    /// Sets a file's mode.
    fn set_mode(&mut self, path: &[u8], mode: u32) -> Result<(), Cause>;
    /// Makes what was written safe against a crash, where that is ours to do.
    fn flush(&mut self) -> Result<(), Cause>;
    /// Free bytes below a folder, where they can be told.
    fn free_space(&mut self, folder: &[u8]) -> Result<Option<u64>, Cause>;

    /// The sums that this end computes by itself, the best first; `None`: it does not, and we read and compute.
    fn sums(&self) -> Option<Vec<Algorithm>>;
    /// The sum of a file; `None` where it is refused.
    fn sum(&mut self, path: &[u8], algorithm: Algorithm) -> Result<Option<Checksum>, Cause>;
    /// After sums that differ: what this end says of sums is not believed again.
    fn distrust_sums(&mut self);

    /// Whether bytes pass over a network, in the line ends of the wire where these are converted.
    fn is_remote(&self) -> bool;
    /// Whether it can be used again: nothing is owed, nothing was lost, no file is open.
    fn healthy(&self) -> bool;
    /// Whether it was closed from the other side while it lay idle.
    fn is_stale(&self) -> bool;
    /// Fails where work is told to end; for long work between two calls.
    fn check_interrupted(&self) -> Result<(), Cause>;
    /// The last lines of the control connection, without secrets.
    fn transcript(&self) -> Vec<String>;
    /// What was learned of the server; `None` for this machine.
    fn facts(&self) -> Option<&Facts>;
    /// Takes in what others have learned.
    fn learn(&mut self, facts: &Facts);
    /// Says goodbye, within a second.
    fn quit(self: Box<Self>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_may_be_the_same() {
        let at = |size, time| Looks {
            size,
            modified: Option::map(time, Time::at),
        };
        assert!(at(Some(1), Some(5)).may_be_one(at(Some(1), Some(5))));
        assert!(at(Some(1), None).may_be_one(at(None, Some(5))));
        assert!(!at(Some(1), None).may_be_one(at(Some(2), None)));
        assert!(!at(Some(1), Some(5)).may_be_one(at(Some(1), Some(6))));
    }

    #[test]
    fn two_entries_may_read_one_time_in_two_zones() {
        let by = |server, zone| Reading {
            side: Side::Server(crate::files::ServerId::new(server)),
            zone,
        };
        let at = |time| Looks {
            size: Some(1),
            modified: Some(Time::at(time)),
        };
        let (one, other, odd) = (by(0, 0), by(1, 0), by(2, 100));
        let reads = |a: Reading, time, b: Reading| at(5_000).may_be_read_as(a, at(time), b);
        assert!(!reads(one, 8_600, one));
        assert!(reads(one, 8_600, other) && reads(other, 1_400, one));
        assert!(!reads(one, 8_700, other));
        // The one has 100 seconds subtracted that the other has not.
        assert!(reads(odd, 5_100, one) && reads(one, 4_900, odd));
        let large = Looks {
            size: Some(2),
            ..at(5_000)
        };
        assert!(!at(5_000).may_be_read_as(one, large, other));
    }
}
