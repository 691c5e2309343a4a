//! A `list` or `filter` whose set an interrupted run has journaled: it is taken from there, so that what was
//! chosen then is what the rest of the steps work on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::files::{FileSet, Folder, Listing, NameEncoding, Page, Side, split};
use crate::journal::{Entry, Resumed, StepRecord};
use crate::plan::{self, StepId};

use super::sole::Task;
use super::{Ending, Found, Output, list, panicked};
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;

pub(super) struct Known {
    id: StepId,
    name: String,
    resumed: Arc<Resumed>,
}

impl Known {
    /// The set of a step, where an interrupted run has journaled it.
    pub(super) fn new(step: &plan::Step, shared: &Shared) -> Option<Known> {
        let resumed = shared.resumed.clone()?;
        resumed.step(&step.name)?.set.as_ref()?;
        Some(Known {
            id: step.id,
            name: step.name.clone(),
            resumed,
        })
    }
}

impl Task for Known {
    fn work(&self, shared: &Shared) -> Work {
        let side = shared
            .plan
            .step(self.id)
            .yields
            .side()
            .unwrap_or(Side::Local);
        let encoding = shared.encoding(side);
        let (resumed, name) = (Arc::clone(&self.resumed), self.name.clone());
        Box::new(move |_| {
            let set = resumed
                .step(&name)
                .and_then(|step| rebuild(step, side, encoding));
            let set = set.unwrap_or_else(|| empty(side, encoding));
            Output::Set(Ok(Found {
                set,
                problems: crate::files::Problems::default(),
            }))
        })
    }

    fn judge(&self, output: Output, shared: &mut Shared) -> Ending {
        match output {
            Output::Set(Ok(found)) => {
                list::report(self.id, &found, None, shared);
                Ending::done(Some(found.set))
            }
            Output::Panicked(words) => Ending::failed(Some(panicked(&words).failure), None),
            _ => Ending::failed(None, None),
        }
    }
}

fn rebuild(step: &StepRecord, side: Side, encoding: NameEncoding) -> Option<FileSet> {
    let (root, entries, incomplete) = step.set.as_ref()?;
    let mut folders = pages(entries);
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

fn pages(entries: &[Entry]) -> BTreeMap<Vec<u8>, Page> {
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
