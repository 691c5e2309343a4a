//! The ledger of `once`: where it lies, and opened.

use std::path::Path;
use std::sync::Arc;

use super::execute::{Common, Execution};
use super::exit::Exit;
use super::load::Loaded;
use super::output::Voice;
use super::state::{base, masks};
use crate::ledger::{Access, LedgerError, Store};
use crate::plan::Plan;
use crate::report::Redactor;

/// The ledger of a run, where its plan asks for one; a preview makes none. `Err` was said.
pub(super) fn of(
    plan: &Plan,
    execution: &Execution,
    common: &Common,
    loaded: &Loaded,
) -> Result<Option<Arc<Store>>, Exit> {
    if !plan.asks_ledger() {
        return Ok(None);
    }
    let access = match (&execution.preview, &execution.remembers) {
        (Some(_), None) => Access::Read,
        _ => Access::Write,
    };
    let folder = base(execution.folder.as_deref(), &common.file);
    open(&folder, access, &loaded.redactor)
}

/// The ledger in a folder for state. `Err` was said.
pub(super) fn open(
    folder: &Path,
    access: Access,
    redactor: &Arc<Redactor>,
) -> Result<Option<Arc<Store>>, Exit> {
    if access == Access::Write {
        // Where it cannot be made, opening the ledger says so.
        let _ = crate::journal::make_folder(folder);
    }
    let opened = Store::open(folder, access, masks(redactor));
    opened
        .map(|store| store.map(Arc::new))
        .map_err(|error| refused(&error, Voice(redactor)))
}

/// Says why the ledger cannot be used.
pub(super) fn refused(error: &LedgerError, voice: Voice<'_>) -> Exit {
    voice.complain(
        format!("the ledger of earlier runs cannot be used: {error}"),
        Some(error.help()),
    );
    Exit::Refused
}
