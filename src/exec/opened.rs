//! What became of a session that was to be opened.

use super::fault::Fault;
use crate::transfer::{Cause, End, Facts};

/// The session, or why there is none.
pub(super) struct Opened {
    pub(super) result: Result<Box<dyn End>, (Fault, Cause)>,
    pub(super) learned: Facts,
}
