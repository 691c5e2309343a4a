//! Where the files of a step lie, and what becomes of one.

use std::sync::Arc;

use super::placing::Placing;
use crate::exec::fault::Fault;
use crate::exec::steps::job::Desk;
use crate::files::FileSet;
use crate::transfer::{End, Links, Looks, Role};

/// Where files are taken away.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) set: FileSet,
    /// What files were when they were transferred, in the order of the set.
    pub(super) sources: Arc<Vec<(u32, Was)>>,
    /// Where they go, in a step that moves them.
    pub(super) placing: Option<Arc<Placing>>,
}

/// What a file was when it was transferred.
#[derive(Debug, Clone, Copy)]
pub(in crate::exec) struct Was {
    pub(super) looks: Looks,
    /// Whether only the reply to its transfer is relied on.
    pub(super) by_reply: bool,
}

/// What became of a deletion.
pub(in crate::exec) enum Deletion {
    /// It is gone.
    Deleted,
    /// It has its new name.
    Moved,
    /// Its new name was taken.
    Taken,
    /// It was not there.
    WasNotThere,
    /// It is not what it was, or its copy is not what it must be: it stays.
    Kept(Fault),
    /// The reply was lost.
    Unknown(Fault),
}

impl Place {
    /// The end, confined to the folder of the set.
    pub(super) fn end<'d>(&self, desk: &'d mut Desk) -> Result<&'d mut dyn End, Fault> {
        let end = desk.end(Role::Source)?;
        end.confine(self.set.root(), Links::Refuse);
        Ok(end)
    }
}
