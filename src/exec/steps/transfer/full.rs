//! A destination that takes no more and does not say so: vsftpd answers 451 when its disk is full, pyftpdlib 426.
//!
//! Words are never judged. A file that the server broke off twice in a row, and that did not grow between these two
//! tries, is taken for a full disk or quota, and then so is every other file of the step.

use std::time::Instant;

use crate::event::Failure;
use crate::transfer::{Class, CopyError, End, Item};

use super::batch::Failed;
use super::{Transfer, Try};
use crate::exec::fault::Fault;

/// Tries in a row that the server broke off after it had begun to take bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken {
    times: u32,
    /// Bytes that stood there before the last of them.
    before: Option<u64>,
    /// What was said of the last one.
    failure: Box<Failure>,
}

/// What is known before a further try.
pub(super) enum Room {
    /// There may be room; so many bytes stand there, where that is known.
    Perhaps(Option<u64>),
    /// The file did not grow.
    None(Fault),
}

impl Broken {
    /// Looks how much stands there before a further try.
    pub(super) fn look(&self, target: &mut dyn End, item: &Item) -> Result<Room, CopyError> {
        let there = crate::transfer::written(target, item)?;
        let stuck = match (there, self.before) {
            _ if self.times < 2 => false,
            // Begun from the start each time, less may have arrived only because it was cut sooner.
            (Some(there), Some(before)) if target.writes_on() => there <= before,
            (Some(there), Some(before)) => there == before,
            _ => false,
        };
        Ok(match stuck {
            true => Room::None(self.fault()),
            false => Room::Perhaps(there),
        })
    }

    fn fault(&self) -> Fault {
        let message =
            "the server took no more bytes twice in a row: its disk or quota may be full".into();
        let help = "make room on the server, or raise the account's quota".to_owned();
        Fault {
            class: Class::StopStep,
            failure: Box::new(Failure {
                message,
                help: Some(help),
                ..*self.failure.clone()
            }),
        }
    }
}

impl Transfer {
    /// Counts tries in a row that the server broke off.
    pub(super) fn note_broken(&mut self, attempt: &Try<u32>, failed: &Failed) {
        if failed.concerns_all {
            return;
        }
        if !failed.broken_off {
            self.broken.remove(&attempt.item);
            return;
        }
        let broken = self.broken.entry(attempt.item).or_default();
        broken.times += 1;
        broken.before = failed.stood;
        broken.failure = failed.fault.failure.clone();
    }

    /// How many files may start now. Once several were broken off, no further one begins until it is known whether these
    /// grow: on a full disk each would leave a part of itself.
    pub(super) fn waiting(&mut self, now: Instant) -> usize {
        match self.broken.len() {
            0 | 1 => self.backlog.ready(now),
            _ => self.backlog.ready_again(now),
        }
    }

    /// The next of them.
    pub(super) fn take_file(&mut self, now: Instant) -> Option<Try<u32>> {
        match self.broken.len() {
            0 | 1 => self.backlog.take(now),
            _ => self.backlog.take_again(now),
        }
    }

    /// What broken-off tries have left takes room that others need.
    pub(super) fn clear_broken(&mut self) {
        self.left_behind
            .extend(std::mem::take(&mut self.broken).into_keys());
    }
}
