//! Whether files stand under the very bytes of their names.
//!
//! A server that decodes names (pyftpdlib) writes something else for what it cannot decode, and says that all is well: two
//! files become one, or one gets another name. Every name that is not beyond doubt is therefore looked for in a listing,
//! before its file counts as arrived.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use super::batch::Batch;
use crate::exec::fault::Fault;
use crate::exec::job::Desk;
use crate::files::{Allowance, Page};
use crate::transfer::{End, Role};

/// Folders of which every name on the way was found in a listing.
pub(super) type Proven = Mutex<HashSet<Vec<u8>>>;

/// Looks for the names of files that a job has made visible. One whose name is not there, or of which nobody can tell, has
/// failed.
pub(super) fn prove<T, E>(
    batch: &Batch,
    desk: &mut Desk,
    done: &mut [(u32, Result<T, E>)],
    is_visible: impl Fn(&T) -> bool,
    failed: impl Fn(Fault) -> E,
) {
    let Ok(target) = desk.end(Role::Target) else {
        return;
    };
    let mut pages = HashMap::new();
    for (at, result) in done {
        if !result.as_ref().is_ok_and(&is_visible) {
            continue;
        }
        let Some(path) = batch.path(*at).filter(|path| target.doubts_name(path)) else {
            continue;
        };
        if let Err(fault) = stands(batch, target, &mut pages, &path) {
            *result = Err(failed(fault.about(batch.text(*at))));
        }
    }
}

/// Looks for every name of a path that is in doubt, from the outermost on.
fn stands(
    batch: &Batch,
    target: &mut dyn End,
    pages: &mut HashMap<Vec<u8>, Page>,
    path: &[u8],
) -> Result<(), Fault> {
    let hides = target.manners().hides_dot_names;
    let ends = path.iter().enumerate().skip(1);
    let ends = ends.filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    for end in ends.chain([path.len()]) {
        let begin = path[..end].iter().rposition(|byte| *byte == b'/');
        let begin = begin.map_or(0, |slash| slash + 1);
        let (folder, name) = (&path[..begin.saturating_sub(1).max(1)], &path[begin..end]);
        let is_folder = end < path.len();
        if !target.doubts_name(name) || (is_folder && batch.ends.is_proven(&path[..end])) {
            continue;
        }
        if name.starts_with(b".") && hides {
            continue;
        }
        if !pages.contains_key(folder) {
            let page = target
                .list(folder, &Allowance::new(batch.wishes.allowance.limits()))
                .map_err(|cause| Fault::at(&batch.wishes.target_name, &cause, target))?;
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
