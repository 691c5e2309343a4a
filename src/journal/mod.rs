//! What must outlive a kill: one file of records in `.ftpflow/KEY/`, written by the dispatcher alone.
//!
//! Records are facts about files, not positions in a run: folding them tells which sets are known, which files
//! are dealt with, and which were begun and must be looked at. Each carries a checksum; what does not match is
//! never trusted.

mod fold;
mod folder_marks;
mod record;
mod seen;
mod state;
mod tidy;
mod write;

pub use fold::{Damage, JournaledSet, Resumed, StepRecord};
pub use folder_marks::{FolderMark, FolderMarks};
pub use record::{Entry, Mark, PathText, Record};
pub use seen::{Seen, SeenMarkers, SeenWriter};
pub use state::{Leftover, State, StateError, make_folder};
pub use write::Journal;
