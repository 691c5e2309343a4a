//! Whether files stand under the very bytes of their names.
//!
//! A server that decodes names (pyftpdlib) writes something else for what it cannot decode, and says that all is well: two
//! files become one, or one gets another name. Every name that is not beyond doubt is therefore looked for in a listing,
//! before its file counts as arrived.

use std::collections::HashMap;

use super::ends::Terms;
use crate::exec::fault::Fault;
use crate::exec::steps::job::Desk;
use crate::files::{Allowance, Page, folder_of, parents, split};
use crate::transfer::{CopyError, End, Item, Refusal, Role, Seen};

/// Whether the destination takes a name for that of something which it lists otherwise: what no listing showed answers to it.
pub(super) fn stands_unlisted(
    target: &mut dyn End,
    item: &Item,
) -> Result<Option<Refusal>, CopyError> {
    let name = split(&item.target).1;
    let is_hidden = target.may_hide(name);
    if item.replaces || item.again || is_hidden || !target.doubts_name(name) {
        return Ok(None);
    }
    let seen = target.look(&item.target);
    let seen = seen.map_err(|cause| CopyError::new(Role::Target, cause))?;
    Ok((seen != Seen::Nothing).then_some(Refusal::Unlisted))
}

/// Looks for the names of files that a job has made visible. One whose name is not there, or of which nobody can tell, has
/// failed.
pub(super) fn prove<F: Copy + Into<u32>, T, E>(
    terms: &Terms,
    desk: &mut Desk,
    done: &mut [(F, Result<T, E>)],
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
        let at = (*at).into();
        let Some(path) = terms.path(at).filter(|path| target.doubts_name(path)) else {
            continue;
        };
        if let Err(fault) = stands(terms, target, &mut pages, &path) {
            *result = Err(failed(fault.about(terms.set.text(at))));
        }
    }
}

/// Looks for every name of a path that is in doubt, from the outermost on.
fn stands(
    terms: &Terms,
    target: &mut dyn End,
    pages: &mut HashMap<Vec<u8>, Page>,
    path: &[u8],
) -> Result<(), Fault> {
    let mut paths: Vec<&[u8]> = std::iter::once(path).chain(parents(path)).collect();
    paths.reverse();
    for above in paths {
        let (folder, name) = (folder_of(above), split(above).1);
        let is_folder = above.len() < path.len();
        if !target.doubts_name(name) || (is_folder && terms.ends.is_proven(above)) {
            continue;
        }
        if !pages.contains_key(folder) {
            let page = target
                .list(folder, &Allowance::new(terms.wishes.allowance.limits()))
                .map_err(|cause| Fault::at(&terms.wishes.target_name, &cause, target))?;
            pages.insert(folder.to_vec(), page);
        }
        let page = &pages[folder];
        let mut is_hidden = || target.may_hide(name) && !page.shows_dot_names();
        if !page.entries().any(|entry| entry.name == name) && !is_hidden() {
            return Err(other_name(terms, page));
        }
        if is_folder {
            terms.ends.prove(above);
        }
    }
    Ok(())
}

fn other_name(terms: &Terms, page: &Page) -> Fault {
    let server = &terms.wishes.target_name;
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
