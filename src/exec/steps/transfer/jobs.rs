//! The jobs of a transfer step that decide and make folders.

use std::collections::HashMap;
use std::sync::Arc;

use crate::files::{FileSet, join, parents};
use crate::transfer::{Class, End, Inventory, Links, Role, decide};

use super::Output;
use super::ends::{Ends, Terms, Wishes};
use super::survey::Answers;
use crate::exec::fault::Fault;
use crate::exec::steps::job::Work;

/// Compares the set with what stands at the destination, names that a listing may not show included once they were asked.
pub(super) fn compare(
    wishes: Arc<Wishes>,
    ends: Arc<Ends>,
    set: FileSet,
    mut inventory: Inventory,
    answers: Answers,
) -> Work {
    Box::new(move |_| {
        for (name, standing) in answers {
            inventory.answer(&name, standing);
        }
        ends.add_written(&set, &mut inventory);
        let decided = decide(
            &set,
            &ends.route,
            &inventory,
            &wishes.request(ends.sets_times),
        );
        let decided = decided.map_err(|error| {
            Fault::permanent(format!("nothing was transferred: {error}")).help(error.help())
        });
        Output::Decided(decided.map(|decisions| {
            Box::new(Terms {
                wishes,
                ends,
                set,
                inventory,
                decisions,
            })
        }))
        .boxed()
    })
}

/// Brings files into the order of their names.
pub(super) fn order(terms: Arc<Terms>, mut files: Vec<u32>) -> Work {
    Box::new(move |_| {
        files.sort_by_cached_key(|at| terms.set.relative(*at));
        Output::Ordered(files).boxed()
    })
}

/// Folders that cannot be made, relative to `into`, and why: what must lie below them fails, and nothing else.
pub(in crate::exec) type Foldered = HashMap<Vec<u8>, Fault>;

/// Makes the folders that are missing, and asks for room where that can be told.
pub(super) fn folders(terms: Arc<Terms>) -> Work {
    Box::new(move |desk| {
        let made = desk.end(Role::Target).and_then(|end| {
            end.confine(&terms.ends.route.root, Links::Refuse);
            make_room(end, &terms)
        });
        Output::Foldered(made).boxed()
    })
}

fn make_room(end: &mut dyn End, terms: &Terms) -> Result<Foldered, Fault> {
    let (wishes, decisions) = (&terms.wishes, &terms.decisions);
    let root = &terms.ends.route.root;
    let make = |end: &mut dyn End, folder: &[u8]| {
        let path = join(root, folder);
        end.make_folder(&path).map_err(|cause| {
            let shown = end.decode(&path);
            let mut fault = Fault::at(&wishes.target_name, &cause, end);
            let message = &fault.failure.message;
            fault.failure.message = format!("the folder `{shown}` cannot be made: {message}");
            fault
        })
    };
    // An earlier run was cut off while it replaced a file of a server that does not rename onto one.
    for path in terms.inventory.put_aside(root) {
        let settled = end.settle_aside(&path);
        settled.map_err(|cause| Fault::at(&wishes.target_name, &cause, end))?;
    }
    let (into, below): (Vec<_>, Vec<_>) = decisions.folders.iter().partition(|f| f.is_empty());
    into.into_iter().try_for_each(|into| make(end, into))?;
    let free = end.free_space(root);
    let free = free.map_err(|cause| Fault::at(&wishes.target_name, &cause, end))?;
    if let Some(free) = free.filter(|free| *free < decisions.bytes) {
        return Err(no_room(&end.decode(root), decisions.bytes, free));
    }
    make_each(&below, |folder| make(end, folder))
}

fn no_room(folder: &str, needed: u64, free: u64) -> Fault {
    let fault = format!(
        "{} are needed below `{folder}`, and {} are free",
        bytesize::ByteSize(needed),
        bytesize::ByteSize(free)
    );
    Fault::permanent(fault).help("free some space, or choose another `into`")
}

/// Makes folders, parents first; gives those that are refused for good.
fn make_each(
    folders: &[&Vec<u8>],
    mut make: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<Foldered, Fault> {
    let mut refused = Foldered::new();
    for folder in folders {
        if refusal(&refused, folder).is_some() {
            continue;
        }
        match make(folder) {
            Err(fault) if fault.class == Class::Permanent => {
                refused.insert(folder.to_vec(), fault);
            }
            made => made?,
        }
    }
    Ok(refused)
}

/// Why nothing can stand at a path: a folder above it cannot be made.
pub(super) fn refusal<'r>(refused: &'r Foldered, path: &[u8]) -> Option<&'r Fault> {
    parents(path).find_map(|folder| refused.get(folder))
}
