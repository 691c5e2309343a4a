//! What a step with `once` has not written into the ledger yet.

use std::collections::HashSet;

use crate::ledger::Entry;

/// What the ledger is still to be told. A transaction costs several writes to the disk, so that one is shared by what can
/// wait: an entry can, because its intent stands, and intents of the files that come next are written with those of this job.
#[derive(Default)]
pub(super) struct Pending {
    /// Files whose intents stand, and that no job has begun with.
    pub(super) ahead: HashSet<u32>,
    /// Files that a job has begun with.
    pub(super) begun: HashSet<u32>,
    pub(super) entries: Vec<Entry>,
    pub(super) taken_back: Vec<Vec<u8>>,
    /// When the last transaction ended, in Unix seconds.
    pub(super) written: i64,
}
