//! The jobs of a transfer step that decide and make folders.

use std::sync::Arc;

use crate::files::{FileSet, join};
use crate::transfer::{Class, Decisions, End, Inventory, Links, Role, decide};

use super::Output;
use super::ends::{Ends, Wishes};
use crate::exec::fault::Fault;
use crate::exec::job::Work;
use crate::exec::steps;

pub(super) fn output(output: Output) -> steps::Output {
    steps::Output::Transfer(Box::new(output))
}

/// For a state that cannot be: nothing is done, and the step ends by itself.
pub(super) fn nothing() -> Work {
    Box::new(|_| {
        output(Output::Decided(Err(Fault::permanent(
            "an earlier step gave no files",
        ))))
    })
}

/// Compares the set with what stands at the destination.
pub(super) fn compare(
    wishes: Arc<Wishes>,
    ends: Arc<Ends>,
    set: FileSet,
    inventory: Arc<Inventory>,
) -> Work {
    Box::new(move |_| {
        let request = wishes.request(ends.sets_times);
        let decided = decide(&set, &ends.route, &inventory, &request);
        let decided = decided.map_err(|error| {
            Fault::permanent(format!("nothing was transferred: {error}")).help(error.help())
        });
        // Given back before the end is told, so that the dispatcher can add answers to it.
        drop(inventory);
        output(Output::Decided(decided))
    })
}

/// Folders that cannot be made, relative to `into`, and why: what must lie below them fails, and nothing else.
pub(in crate::exec) type Foldered = Vec<(Vec<u8>, Fault)>;

/// Makes the folders that are missing, and asks for room where that can be told.
pub(super) fn folders(wishes: Arc<Wishes>, ends: Arc<Ends>, decisions: Arc<Decisions>) -> Work {
    Box::new(move |desk| {
        let made = desk.end(Role::Target).and_then(|end| {
            end.confine(&ends.route.root, Links::Refuse);
            make_room(end, &wishes, &ends, &decisions)
        });
        output(Output::Foldered(made))
    })
}

fn make_room(
    end: &mut dyn End,
    wishes: &Wishes,
    ends: &Ends,
    decisions: &Decisions,
) -> Result<Foldered, Fault> {
    let root = &ends.route.root;
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
) -> Result<Vec<(Vec<u8>, Fault)>, Fault> {
    let mut refused: Vec<(Vec<u8>, Fault)> = Vec::new();
    for folder in folders {
        if refused.iter().any(|(above, _)| lies_below(folder, above)) {
            continue;
        }
        match make(folder) {
            Err(fault) if fault.class == Class::Permanent => {
                refused.push((folder.to_vec(), fault));
            }
            made => made?,
        }
    }
    Ok(refused)
}

/// Whether a path lies below a folder.
pub(super) fn lies_below(path: &[u8], folder: &[u8]) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with(b"/"))
}
