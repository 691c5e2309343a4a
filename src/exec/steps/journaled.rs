//! A `list` or `filter` whose set an interrupted run has journaled: it is taken from there, so that what was
//! chosen then is what the rest of the steps work on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::roles::Roles;
use crate::files::{FileSet, Folder, Listing, NameEncoding, Page, Side, split};
use crate::journal::{Entry, Mark, Resumed, StepRecord};
use crate::plan::{self, StepId};

use super::one_job::Task;
use super::{Ending, FoundSet, Output, list, panicked};
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::transfer::{End, Links, Role};

pub(super) struct Journaled {
    id: StepId,
    name: String,
    side: Side,
    resumed: Arc<Resumed>,
}

impl Journaled {
    /// The set of a step, where an interrupted run has journaled it.
    pub(super) fn new(step: &plan::Step, shared: &Shared) -> Option<Journaled> {
        let resumed = shared.resumed.clone()?;
        resumed.step(&step.name)?.set.as_ref()?;
        Some(Journaled {
            id: step.id,
            name: step.name.clone(),
            side: step.yields.side()?,
            resumed,
        })
    }
}

impl Journaled {
    /// Files that the interrupted run was about to delete, and that it may have put away.
    fn begun(&self, shared: &Shared) -> Vec<Vec<u8>> {
        // A filter's files are those of its list, which has looked.
        if !shared.plan.step(self.id).takes.is_empty() {
            return Vec::new();
        }
        let side = shared.identity(self.side);
        let deletes = shared.plan.steps.iter().filter(|step| step.kind.removes());
        let there =
            deletes.filter(|step| step.changes.iter().any(|at| shared.identity(*at) == side));
        let records = there.filter_map(|step| self.resumed.step(&step.name));
        let begun = records.filter(|_| !shared.preview).flat_map(|record| {
            let open = record.begun.iter();
            open.filter(|path| !record.marks.get(*path).is_some_and(Mark::is_gone))
        });
        begun.cloned().collect()
    }
}

/// Gives files their names again that the interrupted run has put away.
fn restore(end: &mut dyn End, server: &str, begun: &[Vec<u8>]) -> Result<(), Fault> {
    let folders: BTreeSet<&[u8]> = begun.iter().map(|path| split(path).0).collect();
    for folder in folders {
        pages::restore_in(end, server, folder)?;
    }
    Ok(())
}

fn root_of(step: &StepRecord) -> Option<&[u8]> {
    step.set.as_ref().map(|(root, ..)| root.as_slice())
}

impl Task for Journaled {
    fn work(&self, shared: &Shared) -> Work {
        let side = self.side;
        let encoding = shared.encoding(side);
        let (resumed, name) = (Arc::clone(&self.resumed), self.name.clone());
        let begun = self.begun(shared);
        let server = shared.plan.side_name(side).to_owned();
        Box::new(move |desk| {
            if let Some(root) = resumed.step(&name).and_then(root_of) {
                let restored = desk.end(Role::Source).and_then(|end| {
                    end.confine(root, Links::Refuse);
                    restore(end, &server, &begun)
                });
                if let Err(fault) = restored {
                    return Output::Set(Err(fault));
                }
            }
            let set = resumed
                .step(&name)
                .and_then(|step| rebuild(step, side, encoding));
            let set = set.unwrap_or_else(|| empty(side, encoding));
            Output::Set(Ok(FoundSet {
                set,
                problems: crate::files::Problems::default(),
                repeated: crate::files::Problems::default(),
                // The interrupted run has told.
                foreign: None,
            }))
        })
    }

    fn roles(&self, _shared: &Shared) -> Roles {
        Roles::one(Role::Source, self.side)
    }

    fn judge(&self, output: Output, shared: &mut Shared) -> Ending {
        match output {
            Output::Set(Err(fault)) => Ending::failed(Some(fault.failure), None),
            Output::Set(Ok(found)) => {
                list::report(self.id, &found, None, None, shared);
                Ending::done(Some(found.set))
            }
            Output::Panicked(words) => Ending::failed(Some(panicked(&words).failure), None),
            _ => Ending::failed(None, None),
        }
    }
}

fn rebuild(step: &StepRecord, side: Side, encoding: NameEncoding) -> Option<FileSet> {
    let (root, entries, incomplete) = step.set.as_ref()?;
    let mut folders = pages_of(entries);
    if let Some(reason) = incomplete {
        folders
            .entry(Vec::new())
            .or_default()
            .incomplete(reason.clone());
    }
    let folders = folders.into_iter();
    let folders = folders.map(|(relative, page)| Folder { relative, page });
    let listing = Listing::assemble(side, root.clone(), encoding, true, folders.collect());
    let order: Vec<u32> = entries
        .iter()
        .filter_map(|entry| listing.find(&entry.path.bytes()))
        .collect();
    Some(FileSet::all(Arc::new(listing)).subset(order))
}

fn pages_of(entries: &[Entry]) -> BTreeMap<Vec<u8>, Page> {
    let mut pages: BTreeMap<Vec<u8>, Page> = BTreeMap::new();
    for entry in entries {
        let path = entry.path.bytes();
        let (folder, name) = split(&path);
        let page = pages.entry(folder.to_vec()).or_default();
        page.push(name, entry.kind, entry.size, entry.modified);
    }
    pages
}

fn empty(side: Side, encoding: NameEncoding) -> FileSet {
    FileSet::all(Arc::new(Listing::empty(side, Vec::new(), encoding)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Kind, Time};
    use crate::journal::PathText;

    #[test]
    fn a_journaled_set_comes_back_in_its_order() {
        let entry = |path: &[u8], size| Entry {
            path: PathText::new(path),
            kind: Kind::File,
            size,
            modified: Some(Time::at(5)),
        };
        let entries = vec![entry(b"z/b\xff", Some(2)), entry(b"a", None)];
        let mut step = StepRecord::default();
        step.set = Some((b"/r".to_vec(), entries, Some("cut off".into())));
        let set = rebuild(&step, Side::Local, NameEncoding::Auto).unwrap();
        assert_eq!(set.absolute(0), b"/r/z/b\xff");
        assert_eq!((set.size(0), set.size(1)), (Some(2), None));
        assert_eq!(set.incomplete_reason(), Some("cut off"));
    }
}
