//! The jobs of a transfer step that decide and make folders.

use std::sync::Arc;

use crate::files::{FileSet, join};
use crate::ftp::Session;
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

/// Makes the folders that are missing; on this machine also asks for room.
pub(super) fn folders(wishes: Arc<Wishes>, ends: Arc<Ends>, decisions: Arc<Decisions>) -> Work {
    Box::new(move |desk| {
        let made = match desk.sessions.first_mut() {
            Some(session) => folders_there(session, &wishes, &ends, &decisions).map(|()| None),
            None => folders_here(&ends, &decisions).map(|root| Some(Arc::new(root))),
        };
        output(Output::Foldered(made))
    })
}

fn folders_there(
    session: &mut Session,
    wishes: &Wishes,
    ends: &Ends,
    decisions: &Decisions,
) -> Result<(), Fault> {
    for folder in &decisions.folders {
        let path = join(&ends.route.root, folder);
        let made = if folder.is_empty() {
            make_with_parents(session, &path)
        } else {
            session.make_folder(&path)
        };
        made.map_err(|error| {
            let shown = session.decode(&path);
            Fault::ftp(&wishes.target_name, &error, Some(session)).about(shown)
        })?;
    }
    Ok(())
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

fn folders_here(ends: &Ends, decisions: &Decisions) -> Result<Root, Fault> {
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
    for folder in decisions.folders.iter().filter(|folder| !folder.is_empty()) {
        root.make_folders(folder)
            .map_err(|error| Fault::local(&error))?;
    }
    Ok(root)
}
