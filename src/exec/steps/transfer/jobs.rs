//! The jobs of a transfer step that decide and make folders.

use std::sync::Arc;

use crate::files::{FileSet, join};
use crate::ftp::{Class, Session};
use crate::local::Root;
use crate::transfer::{Decisions, Inventory, decide};

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

/// The destination's folders, made.
pub(in crate::exec) struct Foldered {
    pub(super) root: Option<Arc<Root>>,
    /// Those that cannot be made, relative to `into`, and why: what must lie below them fails, and nothing else.
    pub(super) refused: Vec<(Vec<u8>, Fault)>,
}

/// Makes the folders that are missing; on this machine also asks for room.
pub(super) fn folders(wishes: Arc<Wishes>, ends: Arc<Ends>, decisions: Arc<Decisions>) -> Work {
    Box::new(move |desk| {
        let made = match desk.sessions.first_mut() {
            Some(session) => folders_there(session, &wishes, &ends, &decisions),
            None => folders_here(&ends, &decisions),
        };
        output(Output::Foldered(made))
    })
}

fn folders_there(
    session: &mut Session,
    wishes: &Wishes,
    ends: &Ends,
    decisions: &Decisions,
) -> Result<Foldered, Fault> {
    let refused = make_each(&decisions.folders, |folder| {
        let path = join(&ends.route.root, folder);
        let made = if folder.is_empty() {
            make_with_parents(session, &path)
        } else {
            session.make_folder(&path)
        };
        made.map_err(|error| {
            let shown = session.decode(&path);
            let mut fault = Fault::ftp(&wishes.target_name, &error, Some(session));
            let message = &fault.failure.message;
            fault.failure.message = format!("the folder `{shown}` cannot be made: {message}");
            fault
        })
    })?;
    Ok(Foldered {
        root: None,
        refused,
    })
}

/// Makes folders, parents first; those that are refused for good, but for `into` itself.
fn make_each(
    folders: &[Vec<u8>],
    mut make: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<Vec<(Vec<u8>, Fault)>, Fault> {
    let mut refused: Vec<(Vec<u8>, Fault)> = Vec::new();
    for folder in folders {
        if refused.iter().any(|(above, _)| lies_below(folder, above)) {
            continue;
        }
        match make(folder) {
            Err(fault) if fault.class == Class::Permanent && !folder.is_empty() => {
                refused.push((folder.clone(), fault));
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

/// Makes a folder, and those above it where they are missing. The usual case, that only it is missing, costs one
/// command.
fn make_with_parents(session: &mut Session, path: &[u8]) -> Result<(), crate::ftp::Error> {
    let first = match session.make_folder(path) {
        Err(error) if session.healthy() => error,
        done => return done,
    };
    let parent = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    if parent == 0 || make_with_parents(session, &path[..parent]).is_err() {
        return Err(first);
    }
    session.make_folder(path)
}

fn folders_here(ends: &Ends, decisions: &Decisions) -> Result<Foldered, Fault> {
    let root = Root::create_bytes(&ends.route.root).map_err(|error| Fault::local(&error))?;
    let free = root.free_space().map_err(|error| Fault::local(&error))?;
    if free < decisions.bytes {
        let fault = format!(
            "{} are needed below `{}`, and {} are free",
            bytesize::ByteSize(decisions.bytes),
            root.path().display(),
            bytesize::ByteSize(free)
        );
        return Err(Fault::permanent(fault).help("free some space, or choose another `into`"));
    }
    let refused = make_each(&decisions.folders, |folder| match folder {
        b"" => Ok(()),
        folder => root
            .make_folders(folder)
            .map_err(|error| Fault::local(&error)),
    })?;
    Ok(Foldered {
        root: Some(Arc::new(root)),
        refused,
    })
}
