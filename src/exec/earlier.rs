//! What a run has of earlier ones, for steps with `once`.

use std::sync::Arc;

use crate::ledger::Store;

/// The ledger, and what is done with it.
#[derive(Clone, Default)]
pub(super) struct Earlier {
    /// None where there is none, which only a preview bears.
    pub(super) store: Option<Arc<Store>>,
    /// The step of whose source all files are entered, and nothing else is done.
    pub(super) remembers: Option<String>,
}
