//! What is said of a file before any is deleted or moved.

use super::needed::{Apart, CopyOf, Spot};
use super::place::Was;

/// What a file needs to be deleted.
#[derive(Default)]
pub(super) struct Needs {
    pub(super) copies: Vec<CopyOf>,
    pub(super) aparts: Vec<Apart>,
    /// Folders of sides that must be seen to keep times.
    pub(super) timed: Vec<Spot>,
}

pub(super) enum Judgement {
    Delete(Option<Was>, Needs),
    /// It goes with its files where that is asked for, and is none of them.
    Folder,
    LeaveOut(String),
    /// The step is not about it.
    NotMeant,
    /// It is not what a transfer read any more.
    Changed,
}
