//! Whether files stand under the very bytes of their names.
//!
//! A server that decodes names (pyftpdlib) writes something else for what it cannot decode, and says that all is well: two
//! files become one, or one gets another name. Every name that is not beyond doubt is therefore looked for in a listing,
//! before its file counts as arrived.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use super::batch::{Arrival, Batch, Failed, Moved};
use crate::exec::fault::Fault;
use crate::exec::job::Desk;
use crate::files::{Page, Side};
use crate::ftp::Session;

/// Folders of which every name on the way was found in a listing.
pub(super) type Proven = Mutex<HashSet<Vec<u8>>>;

/// Looks for the names of what a batch has moved; a file whose name is not there has failed.
pub(super) fn prove(batch: &Batch, desk: &mut Desk, moved: &mut [(u32, Moved)]) {
    let visible = |moved: &Moved| matches!(moved, Ok(Arrival::Copied(copied)) if copied.visible);
    let written = moved.iter().filter(|(_, moved)| visible(moved));
    let written: Vec<u32> = written.map(|(at, _)| *at).collect();
    let mut failed = missing(batch, desk, &written);
    for (at, moved) in moved {
        if let Some(fault) = failed.remove(at) {
            *moved = Err(Failed::at_once(fault));
        }
    }
}

/// The files that do not stand under their names, or of which nobody can tell.
pub(super) fn missing(batch: &Batch, desk: &mut Desk, files: &[u32]) -> HashMap<u32, Fault> {
    let mut failed = HashMap::new();
    // Sessions come in the order source, target.
    let (Side::Server(_), Some(session)) = (batch.wishes.to, desk.sessions.last_mut()) else {
        return failed;
    };
    let mut pages = HashMap::new();
    for &at in files {
        let Some(path) = batch.path(at).filter(|path| session.doubts_name(path)) else {
            continue;
        };
        if let Err(fault) = stands(batch, session, &mut pages, &path) {
            failed.insert(at, fault.about(batch.text(at)));
        }
    }
    failed
}

/// Looks for every name of a path that is in doubt, from the outermost on.
fn stands(
    batch: &Batch,
    session: &mut Session,
    pages: &mut HashMap<Vec<u8>, Page>,
    path: &[u8],
) -> Result<(), Fault> {
    let ends = path.iter().enumerate().skip(1);
    let ends = ends.filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    for end in ends.chain([path.len()]) {
        let begin = path[..end].iter().rposition(|byte| *byte == b'/');
        let begin = begin.map_or(0, |slash| slash + 1);
        let (folder, name) = (&path[..begin.saturating_sub(1).max(1)], &path[begin..end]);
        let is_folder = end < path.len();
        if !session.doubts_name(name) || (is_folder && batch.ends.is_proven(&path[..end])) {
            continue;
        }
        if name.starts_with(b".") && session.listing_may_hide() {
            continue;
        }
        if !pages.contains_key(folder) {
            let page = session
                .list(folder)
                .map_err(|error| Fault::ftp(&batch.wishes.target_name, &error, Some(session)))?;
            pages.insert(folder.to_vec(), page);
        }
        let page = &pages[folder];
        if !page.entries().any(|entry| entry.name == name) {
            return Err(other_name(batch, page));
        }
        if is_folder {
            batch.ends.prove(&path[..end]);
        }
    }
    Ok(())
}

fn other_name(batch: &Batch, page: &Page) -> Fault {
    let server = &batch.wishes.target_name;
    let message = match page.incomplete_reason() {
        Some(reason) => format!("whether the name arrived cannot be told: {reason}"),
        None => "at the destination: the server lists another name than it was given".to_owned(),
    };
    let mut fault = Fault::permanent(message);
    fault.failure.server = Some(server.clone());
    fault.failure.help = Some(format!(
        "set `encoding:` of server `{server}` to the one in which it stores names, or leave the file out; it stands there \
         under another name"
    ));
    fault
}
