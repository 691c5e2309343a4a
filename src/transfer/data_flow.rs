//! The file that a session has open: its data connection, or what came of it.

use crate::ftp::{Count, Receiving, Sending};

/// The data connection.
pub(super) enum Flow {
    None,
    In(Receiving),
    Out(Sending),
    /// Closed, and the replies to it are still to be read.
    Over(Count),
}

impl Flow {
    /// The file that is read, if one is.
    pub(super) fn take_in(&mut self) -> Option<Receiving> {
        match std::mem::replace(self, Flow::None) {
            Flow::In(receiving) => Some(receiving),
            _ => None,
        }
    }

    /// The file that is written, if one is.
    pub(super) fn take_out(&mut self) -> Option<Sending> {
        match std::mem::replace(self, Flow::None) {
            Flow::Out(sending) => Some(sending),
            _ => None,
        }
    }

    /// What came of one that was closed.
    pub(super) fn take_count(&mut self) -> Option<Count> {
        match std::mem::replace(self, Flow::None) {
            Flow::Over(count) => Some(count),
            _ => None,
        }
    }
}
