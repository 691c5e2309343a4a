//! A `list` or `filter` whose set an interrupted run has journaled: it is taken from there, so that what was
//! chosen then is what the rest of the steps work on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::roles::Roles;
use crate::files::{FileSet, Folder, Listing, NameEncoding, Page, Side, split};
use crate::journal::{JournaledSet, Mark, Resumed, StepRecord};
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
    step.set.as_ref().map(|set| set.root.as_slice())
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
            // What there was to say of it, the interrupted run has told.
            Output::Set(Ok(FoundSet::plain(set)))
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
    let set = step.set.as_ref()?;
    let mut folders = vec![Folder {
        relative: Vec::new(),
        page: Page::default(),
    }];
    let numbers = numbered(set, &mut folders);
    for entry in &set.entries {
        let number = *numbers.get(entry.folder as usize)?;
        let (page, name) = (&mut folders[number as usize].page, entry.name.bytes());
        page.push(&name, entry.kind, entry.size, entry.modified);
    }
    if let Some(reason) = &set.incomplete {
        folders[0].page.incomplete(reason.clone());
    }
    let listing = Listing::assemble(side, set.root.clone(), encoding, true, folders);
    let order = set.entries.iter().filter_map(|entry| {
        let number = numbers.get(entry.folder as usize)?;
        listing.find_in(*number, &entry.name.bytes())
    });
    let order: Vec<u32> = order.collect();
    Some(FileSet::all(Arc::new(listing)).subset(order))
}

/// Adds the folders of a set, each once; their numbers by those that entries have for them.
fn numbered(set: &JournaledSet, folders: &mut Vec<Folder>) -> Vec<u32> {
    let mut known = HashMap::from([(Vec::new(), 0)]);
    let numbers = set.folders.iter().map(|folder| {
        let relative = folder.bytes();
        let next = u32::try_from(folders.len()).unwrap_or(u32::MAX);
        *known.entry(relative.clone()).or_insert_with(|| {
            let page = Page::default();
            folders.push(Folder { relative, page });
            next
        })
    });
    numbers.collect()
}

fn empty(side: Side, encoding: NameEncoding) -> FileSet {
    FileSet::all(Arc::new(Listing::empty(side, Vec::new(), encoding)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Kind, Time};
    use crate::journal::{Entry, PathText};

    #[test]
    fn a_journaled_set_comes_back_in_its_order() {
        let entry = |folder, name: &[u8], size| Entry {
            folder,
            name: PathText::new(name),
            kind: Kind::File,
            size,
            modified: Some(Time::at(5)),
        };
        let set = JournaledSet {
            root: b"/r".to_vec(),
            // A set may have two numbers for one folder.
            folders: [&b"z"[..], b"", b"z"].map(PathText::new).into(),
            entries: vec![
                entry(2, b"b\xff", Some(2)),
                entry(1, b"a", None),
                entry(0, b"a", Some(3)),
            ],
            incomplete: Some("cut off".into()),
        };
        let mut step = StepRecord::default();
        step.set = Some(set);
        let set = rebuild(&step, Side::Local, NameEncoding::Auto).unwrap();
        let paths: Vec<_> = set.positions().map(|at| set.absolute(at)).collect();
        assert_eq!(paths, [&b"/r/z/b\xff"[..], b"/r/a", b"/r/z/a"]);
        assert_eq!((set.size(0), set.size(1)), (Some(2), None));
        assert_eq!(set.incomplete_reason(), Some("cut off"));
    }
}
