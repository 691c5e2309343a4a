//! One file from one end to the other: bytes to a temporary name, proof, final name.

use std::io;

use super::ascii::Convert;
use super::checksum::{Sums, Told, ask_anew};
use super::end::{Arrived, End, Fetch, Looks, Put, Seen};
use super::error::{Cause, CopyError, Doubt, Role, SizeProblem, Stage, SumProblem};
use super::item::Item;
use super::places::{Verdict, ask_places, make_sure};
use super::publish::{finish, rename, unless_known};
use super::verify::{Evidence, judge, judge_source};
use crate::event::{Current, Meter};
use crate::files::{Precision, Time};
use crate::ftp::{Class, ErrorKind};
use crate::options::{Publish, TransferOptions, Verify};

/// How many bytes of a file are in memory at once; three times as many where line ends are converted.
pub const BUFFER: usize = 256 * 1024;

/// What copying a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Bytes that were moved, those of an attempt from the start after a failed resume included.
    pub bytes_moved: u64,
    /// Whether its arrival is proven; the reason why not.
    pub proven: Result<(), String>,
    /// Whether it has its source's time.
    pub times_kept: bool,
    /// Whether it has its final name; otherwise [`super::publish()`] is to be called.
    pub visible: bool,
    /// What was found out about the two folders, where it was asked.
    pub places: Option<Verdict>,
    /// The file as its source showed it before it was read.
    pub source: Looks,
    /// The time that it has at the destination, as far as is known.
    pub time: Option<Time>,
    /// What did not work although the file arrived.
    pub warning: Option<String>,
}

struct Copying<'c> {
    source: &'c mut dyn End,
    target: &'c mut dyn End,
    item: &'c Item,
    options: &'c TransferOptions,
    meter: &'c Meter,
    buffer: &'c mut Vec<u8>,
    bytes_moved: u64,
    /// With `verify: checksum`, once the sessions' types are set.
    sums: Option<Sums>,
    /// Whether something of ours may stand at the destination.
    touched: bool,
    /// The source's time where the server told it more exactly than the listing did.
    exact: Option<Time>,
    places: Option<Verdict>,
}

/// A file whose bytes have arrived.
struct Moved {
    doubt: Doubt,
    arrived: Arrived,
}

/// Which side of the loop broke.
enum Broken {
    Reading(io::Error),
    /// With how many bytes of the last buffer went out before.
    Writing(io::Error, u64),
}

/// Copies one file. `buffer` is grown to [`BUFFER`] bytes at its first use and can be used again.
///
/// The bytes go to the temporary name; sizes, and checksums where asked for, are compared; then it gets its final name, unless `publish: set` asks
/// to wait. For a relay nothing touches the disk: both data connections are ended, and only then are both final
/// replies read. A partial file is continued where [`Item::partial`] says that one may be there; when a server refuses
/// that or does it wrongly, the file begins again at once.
///
/// # Errors
/// [`CopyError::end`] says which side it was; the other one was ended cleanly. No half file stands under the final
/// name. The partial file stays where it can be continued and trying again can help, and is removed otherwise.
pub fn copy(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
    options: &TransferOptions,
    meter: &Meter,
    buffer: &mut Vec<u8>,
) -> Result<Copied, CopyError> {
    buffer.resize(BUFFER, 0);
    let mut copying = Copying {
        source,
        target,
        item,
        options,
        meter,
        buffer,
        bytes_moved: 0,
        sums: None,
        touched: false,
        exact: None,
        places: None,
    };
    let copied = copying.run().map_err(|error| copying.clear_up(error));
    meter.end();
    copied
}

impl Copying<'_> {
    fn run(&mut self) -> Result<Copied, CopyError> {
        let ascii = self.options.ascii;
        self.source.set_type(ascii).map_err(at_source)?;
        self.target.set_type(ascii).map_err(at_target)?;
        if self.options.verify == Verify::Checksum {
            self.sums = Some(Sums::agree(self.source, self.target)?);
        }
        if self.item.direct {
            self.places = make_sure(self.source, self.target, self.item)?;
        }
        let start = self.start()?;
        let moved = match self.attempt(start) {
            Err(error) if start > 0 && self.may_begin_again(&error) => self.attempt(0)?,
            moved => moved?,
        };
        if self.item.asks_places && !self.item.direct {
            self.places = Some(ask_places(self.source, self.target, self.item)?);
        }
        self.publish(moved)
    }

    /// How many bytes of a partial file there are to be continued.
    fn start(&mut self) -> Result<u64, CopyError> {
        let item = self.item;
        let possible =
            item.partial && item.resumable && self.source.reads_on() && self.target.writes_on();
        if !possible || self.sums.as_ref().is_some_and(|sums| !sums.may_continue()) {
            return Ok(0);
        }
        match (
            self.target.look(&item.temporary).map_err(at_target)?,
            item.size,
        ) {
            (Seen::Bytes(there), Some(size)) if there <= size => {
                self.touched = true;
                Ok(there)
            }
            _ => Ok(0),
        }
    }

    /// Whether a continued file is begun again at once, in the same sessions.
    fn may_begin_again(&mut self, error: &CopyError) -> bool {
        if !error.cause.spoils_resume() {
            return false;
        }
        match (&*error.cause, error.end) {
            (Cause::Size(SizeProblem::Stored { .. }), _) => self.target.never_write_on(),
            (Cause::Size(_), _) => self.source.never_read_on(),
            _ => {}
        }
        self.source.healthy() && self.target.healthy()
    }

    /// Moves the bytes from `start` on.
    fn attempt(&mut self, start: u64) -> Result<Moved, CopyError> {
        let item = self.item;
        let current = Current {
            file: item.text.clone(),
            size: item.size,
        };
        self.meter.begin(current, start);
        if let Some(sums) = &mut self.sums {
            sums.begin(start, self.source, self.target, item, self.buffer)?;
        }
        if start > 0 && self.lacks_time() {
            self.exact = self.source.looks(&item.source).map_err(at_source)?.modified;
        }
        if start > 0 && item.size == Some(start) {
            return self.already_there(start);
        }
        match start {
            0 => self.open()?,
            _ => self.open_to_continue(start)?,
        }
        self.touched = true;
        self.pump(self.put(start))
    }

    /// Whether a file that is to keep its time is only known to the minute or the day: LIST shows no more, and a file
    /// that was changed at noon must not arrive as one of midnight.
    fn lacks_time(&self) -> bool {
        let coarse = |time: Time| time.precision != Precision::Second;
        self.item.keeps_time && self.exact.is_none() && self.item.modified.is_none_or(coarse)
    }

    /// Opens the source, then the destination: what cannot be read leaves no trace there.
    fn open(&mut self) -> Result<(), CopyError> {
        let item = self.item;
        let fetch = Fetch {
            offset: 0,
            size_after: self.put(0).size_after,
            time_before: self.lacks_time(),
        };
        self.source.open(&item.source, fetch).map_err(at_source)?;
        self.exact = self.exact.or(match fetch.time_before {
            true => self.source.told_time(),
            false => None,
        });
        let put = self.put(0);
        self.target.create(item.written(), put).map_err(|cause| {
            self.source.stop_reading(item.size, self.buffer);
            at_target(cause)
        })
    }

    /// Opens the destination, then the source: a server that does not add to files says so before the source's
    /// session is in the middle of one. The partial file is there already, and adding nothing to it harms nothing.
    fn open_to_continue(&mut self, at: u64) -> Result<(), CopyError> {
        let item = self.item;
        let put = self.put(at);
        self.target.create(item.written(), put).map_err(at_target)?;
        let fetch = Fetch {
            offset: at,
            size_after: put.size_after,
            time_before: false,
        };
        self.source.open(&item.source, fetch).map_err(|cause| {
            self.target.stop_writing();
            at_source(cause)
        })
    }

    fn put(&self, at: u64) -> Put {
        let options = self.options;
        Put {
            at,
            size_after: options.verify != Verify::None && !options.ascii,
            modified: self
                .exact
                .or(self.item.modified)
                .filter(|_| self.item.keeps_time),
            // The checksum is asked before the file gets its name, and RNTO must follow RNFR at once.
            rename_from: options.publish == Publish::File
                && options.verify != Verify::Checksum
                && !self.item.asks_places,
        }
    }

    fn pump(&mut self, put: Put) -> Result<Moved, CopyError> {
        let item = self.item;
        let convert = self.convert();
        let passing = Passing {
            convert,
            sums: self.sums.as_mut(),
            meter: self.meter,
        };
        let (moved, broken) = flow(self.source, self.target, passing, self.buffer);
        self.bytes_moved += moved;
        match broken {
            None => self.end(put, moved),
            Some(Broken::Reading(error)) => {
                let cause = self.source.read_failed(&item.source, error);
                self.target.stop_writing();
                Err(at_source(cause))
            }
            Some(Broken::Writing(error, part)) => {
                self.bytes_moved += part;
                let cause = self.target.write_failed(item.written(), error);
                let left = item.size.map(|size| size.saturating_sub(put.at + moved));
                self.source.stop_reading(left, self.buffer);
                Err(at_target(cause))
            }
        }
    }

    fn convert(&self) -> Option<Convert> {
        let remote = (self.source.is_remote(), self.target.is_remote());
        match remote {
            _ if !self.options.ascii => None,
            (false, true) => Some(Convert::TO_WIRE),
            (true, false) => Some(Convert::FROM_WIRE),
            _ => None,
        }
    }

    /// Ends both data connections, and only then reads both final replies.
    fn end(&mut self, put: Put, moved: u64) -> Result<Moved, CopyError> {
        let item = self.item;
        let total = put.at + moved;
        let sent = self.target.close_write();
        self.source.close_read();
        let from = self.source.finish_read(&item.source);
        let to = sent.and_then(|()| self.target.finish_write(item.written(), put));
        let after = match from {
            Ok(after) => after,
            // The server went while the data ran to its end: it counts where the sizes agree.
            Err(Cause::Ftp(error))
                if error.kind == ErrorKind::NoFinalReply && item.size == Some(total) =>
            {
                Looks::default()
            }
            Err(cause) => return Err(at_source(cause)),
        };
        let doubt = Doubt {
            stage: Stage::Storing,
            expected: total,
            proven: self.judge_source(total, after)?,
        };
        match to {
            Ok(arrived) => self.prove(doubt, after, arrived),
            // Whether it arrived is settled by its size elsewhere, which proves no checksum: the next try finds the
            // partial file whole, and compares.
            Err(cause @ Cause::Ftp(_)) if self.sums.is_none() => {
                Err(at_target(unless_known(cause, doubt)))
            }
            Err(cause) => Err(at_target(cause)),
        }
    }

    /// A partial file that lacks nothing: only proof, time and name are missing.
    fn already_there(&mut self, total: u64) -> Result<Moved, CopyError> {
        let item = self.item;
        let after = self.source.looks(&item.source).map_err(at_source)?;
        let doubt = Doubt {
            stage: Stage::Storing,
            expected: total,
            proven: self.judge_source(total, after)?,
        };
        let modified = self.put(total).modified;
        let arrived = Arrived {
            size: Some(total),
            times_set: match modified {
                Some(time) => self
                    .target
                    .set_time(&item.temporary, time)
                    .map_err(at_target)?,
                None => false,
            },
            rename_ready: false,
        };
        self.prove(doubt, after, arrived)
    }

    fn judge_source(&self, total: u64, after: Looks) -> Result<Result<(), String>, CopyError> {
        if let Some(reason) = self.unproven() {
            return Ok(Err(reason));
        }
        let touched = match (after.modified, self.item.modified) {
            (Some(now), Some(listed)) => now.differs(listed),
            _ => false,
        };
        if touched {
            return Err(CopyError::new(Role::Source, SizeProblem::Changed));
        }
        judge_source(self.evidence(total, after, None))
            .map_err(|problem| CopyError::new(Role::Source, problem))
    }

    fn prove(
        &mut self,
        mut doubt: Doubt,
        after: Looks,
        mut arrived: Arrived,
    ) -> Result<Moved, CopyError> {
        let all_was_read = doubt.proven.clone();
        if self.unproven().is_none() {
            if arrived.size.is_none() && self.target.healthy() {
                let seen = self.target.look(self.item.written()).map_err(at_target)?;
                arrived.rename_ready = false;
                arrived.size = match seen {
                    Seen::Bytes(size) => Some(size),
                    Seen::Something | Seen::Nothing => None,
                };
            }
            let evidence = self.evidence(doubt.expected, after, arrived.size);
            doubt.proven =
                judge(evidence).map_err(|problem| CopyError::new(Role::Target, problem))?;
        }
        if let Some(sums) = &mut self.sums {
            doubt.proven = match sums.compare(self.source, self.target, self.item)? {
                Told::Same => Ok(()),
                Told::Stored => all_was_read,
                Told::Nothing(reason) => Err(reason),
            };
        }
        Ok(Moved { doubt, arrived })
    }

    fn evidence(&self, total: u64, after: Looks, target: Option<u64>) -> Evidence {
        Evidence {
            total,
            listed: self.item.size,
            source: after.size,
            target,
        }
    }

    /// Why sizes are not compared at all, if so.
    fn unproven(&self) -> Option<String> {
        if self.options.ascii {
            return Some("line ends were converted, so that sizes prove nothing".into());
        }
        (self.options.verify == Verify::None).then(|| "`verify: none`".into())
    }

    fn publish(&mut self, moved: Moved) -> Result<Copied, CopyError> {
        let mut copied = Copied {
            bytes_moved: self.bytes_moved,
            proven: moved.doubt.proven.clone(),
            times_kept: moved.arrived.times_set,
            visible: self.options.publish != Publish::Set,
            places: self.places.take(),
            source: Looks {
                size: self.item.size,
                modified: self.exact.or(self.item.modified),
            },
            time: self
                .exact
                .or(self.item.modified)
                .filter(|_| moved.arrived.times_set),
            warning: None,
        };
        if self.options.publish == Publish::File {
            let doubt = Doubt {
                stage: Stage::Renaming,
                ..moved.doubt
            };
            rename(self.target, self.item, moved.arrived.rename_ready, doubt)?;
        }
        if copied.visible {
            copied.warning = finish(self.target, self.item).warning;
        }
        Ok(copied)
    }

    /// Whether a server took back a file of which all bytes stand there: an error reply means that it is not whole,
    /// whatever arrived, and the next try would find nothing to continue and take it for whole.
    fn disowned(&mut self, error: &CopyError) -> bool {
        let taken_back =
            matches!(&*error.cause, Cause::Ftp(error) if error.kind == ErrorKind::NotWhole);
        taken_back
            && self.target.healthy()
            && match (self.target.look(self.item.written()), self.item.size) {
                (Ok(Seen::Bytes(there)), Some(size)) => there >= size,
                _ => false,
            }
    }

    /// Keeps or removes what was written, as the fault and `resume` say.
    fn clear_up(&mut self, mut error: CopyError) -> CopyError {
        error.bytes_moved = self.bytes_moved;
        if !self.touched || is_needed(&error) {
            return error;
        }
        let may_pass = matches!(
            error.class(),
            Class::Transient | Class::TooManySessions | Class::Interrupted
        );
        let keep =
            may_pass && self.item.resumable && !is_no_beginning(&error) && !self.disowned(&error);
        error.continues = keep && self.source.reads_on() && self.target.writes_on();
        if !keep {
            let written = self.item.written();
            let removed = self.target.healthy() && self.target.remove(written).is_ok();
            error.left_behind = !removed;
        }
        if matches!(*error.cause, Cause::Sum(SumProblem::Differs { .. })) {
            ask_anew(self.source, self.target);
        }
        error
    }
}

/// What happens to bytes as they pass.
struct Passing<'p> {
    convert: Option<Convert>,
    sums: Option<&'p mut Sums>,
    meter: &'p Meter,
}

/// Moves bytes until there are no more; gives how many were read, and what broke.
fn flow(
    source: &mut dyn End,
    target: &mut dyn End,
    passing: Passing<'_>,
    buffer: &mut [u8],
) -> (u64, Option<Broken>) {
    let Passing {
        mut convert,
        mut sums,
        meter,
    } = passing;
    let mut moved = 0;
    let mut converted = Vec::new();
    loop {
        let length = match source.read(buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return (moved, Some(Broken::Reading(error))),
        };
        if let Some(sums) = &mut sums {
            sums.update(&buffer[..length]);
        }
        let bytes = match &mut convert {
            None => &buffer[..length],
            Some(convert) => {
                convert.pass(&buffer[..length], &mut converted);
                &converted[..]
            }
        };
        if let Err(broken) = write(target, bytes) {
            return (moved, Some(broken));
        }
        moved += length as u64;
        meter.add(length as u64);
    }
    let rest = convert.map_or(&b""[..], Convert::rest);
    (moved, write(target, rest).err())
}

/// Writes all bytes, and knows how far it came.
fn write(target: &mut dyn End, bytes: &[u8]) -> Result<(), Broken> {
    let mut written = 0;
    while written < bytes.len() {
        match target.write(&bytes[written..]) {
            Ok(0) => {
                return Err(Broken::Writing(
                    io::ErrorKind::WriteZero.into(),
                    written as u64,
                ));
            }
            Ok(length) => written += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Broken::Writing(error, written as u64)),
        }
    }
    Ok(())
}

/// Whether what stands under the temporary name must not go: it is in doubt, or the only copy left at its destination.
fn is_needed(error: &CopyError) -> bool {
    match &*error.cause {
        Cause::Unknown { .. } => true,
        Cause::Ftp(error) => error.kind == ErrorKind::Stranded,
        Cause::Local(_)
        | Cause::Size(_)
        | Cause::Sum(_)
        | Cause::OneFolder { .. }
        | Cause::NotTold(_) => false,
    }
}

/// Whether what was written is no beginning of the file: too long, or other bytes.
fn is_no_beginning(error: &CopyError) -> bool {
    match *error.cause {
        Cause::Size(SizeProblem::Truncated { expected, got }) => got > expected,
        Cause::Size(SizeProblem::Stored { .. }) | Cause::Sum(SumProblem::Differs { .. }) => true,
        _ => false,
    }
}

fn at_source(cause: Cause) -> CopyError {
    CopyError::new(Role::Source, cause)
}

fn at_target(cause: Cause) -> CopyError {
    CopyError::new(Role::Target, cause)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
