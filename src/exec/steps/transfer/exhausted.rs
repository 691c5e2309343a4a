//! A destination that takes no more and does not say so: vsftpd answers 451 when its disk is full, pyftpdlib 426.
//!
//! Words are never judged. A file that the server broke off twice in a row, and that did not grow between these two
//! tries, is taken for a full disk or quota, and then so is every other file of the step.

use crate::event::Failure;
use crate::transfer::{Class, CopyError, End, Item};

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
    /// Counts a further one.
    pub(super) fn again(&mut self, stood: Option<u64>, failure: Box<Failure>) {
        self.times += 1;
        self.before = stood;
        self.failure = failure;
    }

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
