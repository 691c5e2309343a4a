//! One file from one end to the other: bytes to a temporary name, proof, final name.

use std::borrow::Cow;

use super::ascii::Convert;
use super::checksum::{Sums, ask_anew};
use super::end::{End, Fetch, Looks, Put, Seen};
use super::error::{Cause, CopyError, Doubt, Role, SizeProblem, Stage, SumProblem};
use super::flow::{Broken, Passing, flow};
use super::item::Item;
use super::partial::Partial;
use super::places::{Verdict, ask_others, ask_places, make_sure};
use super::prove::Moved;
use super::publish::{finish, rename};
use crate::event::{Current, Meter};
use crate::files::Time;
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
    /// As [`CopyError::left_mark`].
    pub left_mark: Option<Box<str>>,
    /// As [`CopyError::exact`].
    pub exact: Option<Time>,
}

pub(super) struct Copying<'c> {
    pub(super) source: &'c mut dyn End,
    pub(super) target: &'c mut dyn End,
    /// The file, with what was learned of it under way.
    pub(super) item: Cow<'c, Item>,
    pub(super) options: &'c TransferOptions,
    meter: &'c Meter,
    pub(super) buffer: &'c mut Vec<u8>,
    bytes_moved: u64,
    /// With `verify: checksum`, once the sessions' types are set.
    pub(super) sums: Option<Sums>,
    /// Whether something of ours may stand at the destination.
    pub(super) touched: bool,
    /// The source's time before its first byte was read, as it is told where it is told again after the last one.
    pub(super) before: Option<Time>,
    /// Whether the source's time was told, and is not the one that was listed.
    pub(super) is_other_than_listed: bool,
    /// The source's exact time that the temporary name stands for, where its listing is coarser.
    pub(super) exact: Option<Time>,
    places: Option<Verdict>,
    left_mark: Option<Box<str>>,
    /// How often the source was found to be another version than what was begun with.
    pub(super) changes: u32,
    pub(super) became: Option<Looks>,
}

/// Copies one file. `buffer` is grown to [`BUFFER`] bytes at its first use and can be used again.
///
/// The bytes go to the temporary name; sizes, and checksums where asked for, are compared; then it gets its final name, unless `publish: set` asks
/// to wait. For a relay nothing touches the disk: both data connections are ended, and only then are both final
/// replies read. A partial file is continued where [`Item::partial`] says that one may be there; when a server refuses
/// that or does it wrongly, or the part is another file's, the file begins again at once. A source that changes under way is copied again
/// as it is then.
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
        item: Cow::Borrowed(item),
        options,
        meter,
        buffer,
        bytes_moved: 0,
        sums: None,
        touched: false,
        before: None,
        is_other_than_listed: false,
        exact: None,
        places: None,
        left_mark: None,
        changes: 0,
        became: None,
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
            self.is_free()?;
            let left = &mut self.left_mark;
            self.places = make_sure(self.source, self.target, &self.item, left)?;
        }
        let mut partial = self.partial()?;
        let moved = loop {
            match self.attempt(partial.as_ref()) {
                Ok(moved) => break moved,
                Err(error) if self.may_begin_again(partial.is_some(), &error) => partial = None,
                Err(error) => return Err(error),
            }
        };
        if self.item.asks_places && !self.item.direct {
            self.places = Some(ask_places(self.source, self.target, &self.item)?);
        }
        ask_others(self.source, self.target, &self.item)?;
        self.publish(moved)
    }

    /// A file that is written under its final name at once empties what stands there, so it is looked at once more.
    fn is_free(&mut self) -> Result<(), CopyError> {
        if self.item.may_overwrite {
            return Ok(());
        }
        let looks = self.target.looks(&self.item.target).map_err(at_target)?;
        match (looks.size, looks.modified) {
            (None, None) => Ok(()),
            _ => Err(at_target(self.item.taken_by(Cause::Taken))),
        }
    }

    /// Moves the bytes, or those that a partial file lacks.
    fn attempt(&mut self, partial: Option<&Partial>) -> Result<Moved, CopyError> {
        let start = partial.map_or(0, |partial| partial.length);
        let current = Current {
            file: self.item.text.clone(),
            size: self.item.size,
        };
        self.meter.begin(current, start);
        if let Some(sums) = &mut self.sums {
            sums.begin(start, self.source, self.target, &self.item, self.buffer)?;
        }
        if let Some(partial) = partial {
            return self.go_on(partial);
        }
        self.open()?;
        self.touched = true;
        self.pump(0)
    }

    /// Opens the source, then the destination: what cannot be read leaves no trace there.
    fn open(&mut self) -> Result<(), CopyError> {
        let fetch = self.fetch();
        self.source
            .open(&self.item.source, fetch)
            .map_err(at_source)?;
        if let Some(time) = self.source.told_time().filter(|_| fetch.time_before) {
            if self.is_too_new(time) {
                self.source.stop_reading(self.item.size, self.buffer);
                self.became = Some(self.look_again().map_err(at_source)?);
                return Err(at_source(SizeProblem::Changed.into()));
            }
            self.pin(time);
        }
        let cleared = self.clear_the_way();
        let put = put(&self.item, self.options, 0);
        let created = cleared.and_then(|()| self.target.create(self.item.written(), put));
        created.map_err(|cause| {
            self.source.stop_reading(self.item.size, self.buffer);
            at_target(cause)
        })
    }

    /// What stands under the name of a file that is written there at once goes, so that a link to the source is not written
    /// through; once the source can be read.
    fn clear_the_way(&mut self) -> Result<(), Cause> {
        if !self.item.direct || !self.item.replaces_same_size || self.touched {
            return Ok(());
        }
        self.target.remove(&self.item.target).map(drop)
    }

    /// How the source is read: its time is asked before and after, in the write that goes out anyway. A server that takes
    /// one line at a time is asked before only where its listing was not exact.
    pub(super) fn fetch(&self) -> Fetch {
        let verify = self.options.verify != Verify::None;
        let listed = self.item.modified.is_some_and(Time::is_exact);
        let alone = self.source.facts().is_some_and(|facts| !facts.pace.bears());
        Fetch {
            offset: 0,
            size_after: verify && !self.options.ascii,
            time_before: !listed || (verify && !alone),
            time_after: verify,
        }
    }

    pub(super) fn pump(&mut self, at: u64) -> Result<Moved, CopyError> {
        let convert = self.convert();
        let passing = Passing {
            convert,
            sums: self.sums.as_mut(),
            meter: self.meter,
            most: most_of(self.item.size),
        };
        let (moved, broken) = flow(self.source, self.target, passing, self.buffer);
        self.bytes_moved += moved;
        match broken {
            None => self.end(at, moved),
            Some(Broken::Reading(error)) => {
                let cause = self.source.read_failed(&self.item.source, error);
                self.target.stop_writing();
                Err(at_source(cause))
            }
            Some(Broken::TooMuch) => {
                self.source.stop_reading(None, self.buffer);
                self.target.stop_writing();
                let expected = self.item.size.unwrap_or(0);
                let got = at + moved;
                Err(at_source(SizeProblem::Truncated { expected, got }.into()))
            }
            Some(Broken::Writing(error, part)) => {
                self.bytes_moved += part;
                let cause = self.target.write_failed(self.item.written(), error);
                let left = self.item.size.map(|size| size.saturating_sub(at + moved));
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

    fn publish(&mut self, moved: Moved) -> Result<Copied, CopyError> {
        let mut copied = Copied {
            bytes_moved: self.bytes_moved,
            proven: moved.doubt.proven.clone(),
            times_kept: moved.arrived.times_set,
            visible: self.options.publish != Publish::Set,
            places: self.places.take(),
            source: Looks {
                size: self.item.size.or(self.as_many_as_read(&moved)),
                modified: self.item.modified,
            },
            time: match moved.arrived.times_set {
                true => self.item.time_of_copy(),
                false => moved.arrived.modified,
            },
            warning: None,
            left_mark: self.left_mark.take(),
            exact: self.exact,
        };
        if self.options.publish == Publish::File {
            let doubt = Doubt {
                stage: Stage::Renaming,
                ..moved.doubt
            };
            rename(self.target, &self.item, moved.arrived, doubt)?;
        }
        if copied.visible {
            copied.warning = finish(self.target, &self.item).warning;
        }
        Ok(copied)
    }

    /// The size of a file of which none was listed; its bytes are those of its copy where no line ends are converted.
    fn as_many_as_read(&self, moved: &Moved) -> Option<u64> {
        (!self.options.ascii).then_some(moved.doubt.expected)
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
        error.places = self.places.take();
        error.left_mark = self.left_mark.take();
        error.exact = self.exact;
        error.became = self.became;
        if !self.touched || is_needed(&error) {
            return error;
        }
        let may_pass = matches!(
            error.class(),
            Class::Transient | Class::TooManySessions | Class::Interrupted
        );
        let keep = may_pass
            && self.names_its_version()
            && !is_no_beginning(&error)
            && !self.disowned(&error);
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

    /// Whether the temporary name says exactly of which version of its source the file is a part.
    fn names_its_version(&self) -> bool {
        let exact = self.item.modified.is_some_and(Time::is_exact);
        self.item.resumable && exact && self.changes == 0
    }
}

/// How many bytes are read of a file that was listed with this size. It may have grown since; what sends on beyond this never
/// ends, and would fill the destination.
fn most_of(size: Option<u64>) -> u64 {
    const GROWN: u64 = 64 * 1024 * 1024;
    size.map_or(u64::MAX, |size| {
        size.saturating_mul(2).saturating_add(GROWN)
    })
}

/// How a file is written, so many bytes of it being there.
pub(super) fn put<'p>(item: &'p Item, options: &TransferOptions, at: u64) -> Put<'p> {
    // Checksum and folders are asked before the file gets its name, and RNTO must follow RNFR at once.
    let renamed =
        options.publish == Publish::File && options.verify != Verify::Checksum && !item.asks_more();
    Put {
        at,
        size_after: options.verify != Verify::None && !options.ascii,
        time_after: item.asks_time,
        safely: item.relied,
        modified: item.time_of_copy(),
        look_at: (renamed && !item.may_overwrite).then_some(&item.target[..]),
        rename_from: renamed,
    }
}

/// Whether what stands under the temporary name must not go: it is in doubt, or the only copy left at its destination.
fn is_needed(error: &CopyError) -> bool {
    match &*error.cause {
        Cause::Unknown { .. } => true,
        Cause::Ftp(error) => error.kind == ErrorKind::Stranded,
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

/// Whether what was written is no beginning of the file: too long, or other bytes.
fn is_no_beginning(error: &CopyError) -> bool {
    match *error.cause {
        Cause::Size(SizeProblem::Truncated { expected, got }) => got > expected,
        Cause::Size(SizeProblem::Stored { .. } | SizeProblem::OtherPart)
        | Cause::Sum(SumProblem::Differs { .. }) => true,
        _ => false,
    }
}

pub(super) fn at_source(cause: Cause) -> CopyError {
    CopyError::new(Role::Source, cause)
}

pub(super) fn at_target(cause: Cause) -> CopyError {
    CopyError::new(Role::Target, cause)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
