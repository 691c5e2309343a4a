//! `list` on this machine: one job for the whole tree, which the system reads faster than jobs could share.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::files::{FileSet, Folder, Kind, Listing, NameEncoding, Page, Patterns, Side, join};
use crate::local::{self, Links, Root};
use crate::plan::{self, List, StepId, Verdict};

use super::sole::Task;
use super::{Ending, Found, Output, list, panicked};
use crate::exec::fault::Fault;
use crate::exec::job::Work;
use crate::exec::shared::Shared;

pub(super) struct LocalList {
    id: StepId,
    list: List,
}

impl LocalList {
    pub(super) fn new(step: &plan::Step, list: &List) -> LocalList {
        LocalList {
            id: step.id,
            list: list.clone(),
        }
    }

    fn found(&self, found: Found, shared: &mut Shared) -> Ending {
        list::report(self.id, &found, None, shared);
        if found.set.is_empty() && self.list.empty == Verdict::Fail {
            let fault = Fault::permanent(format!("no file in `{}`", self.list.path))
                .help("check the path, or write `empty: ok` where an empty folder is fine");
            return Ending::failed(Some(fault.failure), Some(found.set));
        }
        Ending::done(Some(found.set))
    }
}

impl Task for LocalList {
    fn work(&self, shared: &Shared) -> Work {
        let root = shared.plan.folder.join(&self.list.path);
        let list = self.list.clone();
        Box::new(move |_| Output::Set(walk(&root, &list).map_err(|error| Fault::local(&error))))
    }

    fn judge(&self, output: Output, shared: &mut Shared) -> Ending {
        match output {
            Output::Set(Ok(found)) => self.found(found, shared),
            Output::Set(Err(fault)) => Ending::failed(Some(fault.failure), None),
            Output::Panicked(words) => Ending::failed(Some(panicked(&words).failure), None),
            _ => Ending::failed(None, None),
        }
    }
}

fn walk(path: &Path, list: &List) -> Result<Found, local::Error> {
    let links = if list.follow_links {
        Links::Follow
    } else {
        Links::Refuse
    };
    let pages = match Root::open(path, links) {
        Ok(root) => pages(&root, list)?,
        Err(error) if error.is_missing() && list.missing == Verdict::Fine => Vec::new(),
        Err(error) => return Err(error),
    };
    let root = local::bytes(path).to_vec();
    let listing = Listing::assemble(Side::Local, root, NameEncoding::Auto, list.hidden, pages);
    let problems = listing.problems().clone();
    Ok(Found {
        set: FileSet::all(Arc::new(listing)),
        problems,
    })
}

fn pages(root: &Root, list: &List) -> Result<Vec<Folder>, local::Error> {
    let descend = Patterns::new(&list.descend, false).unwrap_or_default();
    let mut seen = HashSet::new();
    let mut pages = Vec::new();
    let mut open = vec![(Vec::new(), 0)];
    while let Some((relative, depth)) = open.pop() {
        // With links followed, a folder may be reached again from below itself.
        if list.follow_links && !first_visit(root, &relative, &mut seen)? {
            continue;
        }
        let page = root.list(&relative)?;
        if list.recursive && list.max_depth.is_none_or(|deepest| depth < deepest) {
            open.extend(
                below(&relative, &page, list.hidden, &descend).map(|path| (path, depth + 1)),
            );
        }
        pages.push(Folder { relative, page });
    }
    Ok(pages)
}

fn first_visit(
    root: &Root,
    relative: &[u8],
    seen: &mut HashSet<(u64, u64)>,
) -> Result<bool, local::Error> {
    let found = root.stat(relative)?;
    Ok(found.is_some_and(|found| seen.insert(found.identity)))
}

fn below<'a>(
    relative: &'a [u8],
    page: &'a Page,
    hidden: bool,
    descend: &'a Patterns,
) -> impl Iterator<Item = Vec<u8>> + 'a {
    let folders = page.entries().filter(move |entry| {
        entry.kind == Kind::Folder && (hidden || !entry.name.starts_with(b"."))
    });
    let paths = folders.map(|entry| join(relative, entry.name));
    paths.filter(|path| descend.is_empty() || descend.any(&NameEncoding::Auto.decode(path).text))
}
