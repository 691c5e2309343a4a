//! What a transfer step and the jobs that move its files tell one another.

use std::time::Duration;

use crate::transfer::{Copied, Doubt, Looks};

use super::exhausted::Broken;
use crate::exec::fault::Fault;

/// A file of the step's set, or a part of it: what is moved at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::exec) struct Piece {
    /// Its position in the set.
    pub(super) file: u32,
    /// Which of its bytes.
    pub(super) range: Range,
}

/// Bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::exec) enum Range {
    /// All of them.
    Whole,
}

/// A piece, and what a job has to know of its tries before.
pub(super) struct Attempt {
    pub(super) piece: Piece,
    /// Whether it was tried before.
    pub(super) again: bool,
    /// What the last try left open.
    pub(super) doubt: Option<Doubt>,
    /// Tries in a row that the server broke off.
    pub(super) broken: Option<Broken>,
}

/// What became of a piece.
pub(in crate::exec) type Moved = Result<Arrival, Failed>;

/// What became of a renaming; a warning where all but the name went wrong.
pub(in crate::exec) type Named = Result<Option<String>, NotDone>;

/// A file that stands at its destination.
pub(in crate::exec) enum Arrival {
    Copied(Copied),
    /// It was not begun, or changed while it was read: so long after now its time will tell a later write.
    NotYet {
        wait: Duration,
        /// Bytes that moved all the same.
        bytes: u64,
    },
    /// It stood there unchanged; whether its checksum proved that, or why not.
    Same(Result<(), String>),
}

/// A file that did not arrive.
pub(in crate::exec) struct Failed {
    pub(super) fault: Fault,
    /// Bytes that moved all the same.
    pub(super) bytes: u64,
    /// Whether the next try can continue them.
    pub(super) continues: bool,
    /// Whether a session was found closed by its first command, after it had lain idle.
    pub(super) lost_at_rest: bool,
    /// What is to be looked at before the next try.
    pub(super) doubt: Option<Doubt>,
    /// What the source has become while it was read.
    pub(super) became: Option<Looks>,
    /// Whether the server took bytes and broke off, as one whose disk is full may do.
    pub(super) broken_off: bool,
    /// Bytes that stood there before this try, where that was asked.
    pub(super) stood: Option<u64>,
    /// Whether every other file would end the same: it is then the step that fails, not the file.
    pub(super) concerns_all: bool,
    /// Whether part of a file that nobody wants was left at the destination.
    pub(super) left_behind: bool,
}

/// What was not done at the destination, or perhaps was.
pub(in crate::exec) struct NotDone {
    pub(super) fault: Fault,
    /// Whether no reply to a renaming came, so that it may have been done.
    pub(super) is_unknown: bool,
}

impl Piece {
    /// A file as a whole.
    pub(super) fn whole(file: u32) -> Piece {
        Piece {
            file,
            range: Range::Whole,
        }
    }
}

impl From<Piece> for u32 {
    fn from(piece: Piece) -> u32 {
        piece.file
    }
}

impl From<Fault> for NotDone {
    fn from(fault: Fault) -> NotDone {
        NotDone {
            fault,
            is_unknown: false,
        }
    }
}

impl Failed {
    /// Not the file's own failure.
    pub(super) fn of_all(fault: Fault) -> Failed {
        Failed {
            concerns_all: true,
            ..Failed::at_once(fault)
        }
    }

    /// Before anything was moved.
    pub(super) fn at_once(fault: Fault) -> Failed {
        Failed {
            fault,
            bytes: 0,
            continues: false,
            lost_at_rest: false,
            doubt: None,
            broken_off: false,
            stood: None,
            concerns_all: false,
            left_behind: false,
            became: None,
        }
    }
}
