//! What stands at the destination: one listing a folder, from `into` downwards, each only where its parent
//! shows it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::files::{FileSet, Guess, Kind, OddNames, Page, join, split};
use crate::transfer::{Class, End, Inventory, Links, Manners, Role, Standing};

use super::Output;
use super::ends::{Ends, Wishes};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::steps::job::Work;

/// `into`, found.
pub(in crate::exec) struct Rooted {
    /// Absolute path, as bytes of the side.
    pub(super) root: Vec<u8>,
    pub(super) shown: Shown,
    pub(super) manners: Manners,
    /// Whether a link may lead to a folder of the destination.
    pub(super) follows_links: bool,
}

/// What a folder shows.
pub(in crate::exec) struct Shown {
    /// Nothing where it is missing.
    pub(super) page: Option<Page>,
    /// What its names are in, where they are not UTF-8.
    pub(super) foreign: Option<Guess>,
}

impl Shown {
    /// Sorted already, which is nothing to be done on the dispatcher.
    pub(super) fn of(mut page: Option<Page>) -> Shown {
        let mut odd = OddNames::default();
        if let Some(page) = &mut page {
            page.sort_by_name();
            page.entries().for_each(|entry| odd.see(entry.name));
        }
        let foreign = odd.alarm();
        Shown { page, foreign }
    }
}

/// What SIZE and MDTM say of names that a listing may not show.
pub(in crate::exec) type Answers = Vec<(Vec<u8>, Option<Standing>)>;

/// The folders still to be listed.
#[derive(Default)]
pub(super) struct Survey {
    inventory: Inventory,
    root: Option<Shown>,
    children: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    manners: Manners,
    /// Whether a link may lead to a folder of the destination; here none is followed.
    follows_links: bool,
    /// Links and what else a listing shows that may lead to a folder.
    doubtful: HashSet<Vec<u8>>,
    backlog: Backlog<Vec<u8>>,
}

impl Survey {
    /// `into` is known.
    pub(super) fn new(shown: Shown, manners: Manners, follows_links: bool) -> Survey {
        Survey {
            manners,
            inventory: Inventory::new(manners),
            root: Some(shown),
            children: BTreeMap::new(),
            follows_links,
            doubtful: HashSet::new(),
            backlog: Backlog::new(),
        }
    }

    /// The folders that files will lie in, relative to `into`, which is among them.
    pub(super) fn wanted(&mut self, folders: Vec<Vec<u8>>) {
        for folder in folders.into_iter().filter(|folder| !folder.is_empty()) {
            let parent = split(&folder).0.to_vec();
            self.children.entry(parent).or_default().push(folder);
        }
        if let Some(shown) = self.root.take() {
            self.shown(b"", shown);
        }
    }

    /// Takes in what a folder shows; the folders below it that it shows are listed next.
    pub(super) fn shown(&mut self, folder: &[u8], shown: Shown) {
        let inventory = &mut self.inventory;
        // What lies below a missing folder is missing, too: the inventory knows.
        let Some(page) = shown.page else {
            return inventory.missing(folder);
        };
        let Some(children) = self.children.remove(folder) else {
            return inventory.take(folder, page);
        };
        let names: HashMap<&[u8], Kind> = page
            .entries()
            .filter(|entry| match entry.kind {
                Kind::Folder => true,
                Kind::Link | Kind::Other => self.follows_links,
                Kind::File => false,
            })
            .map(|entry| (entry.name, entry.kind))
            .collect();
        for child in children {
            let name = split(&child).1;
            let hidden = self.manners.may_hide(name);
            let kind = names.get(name);
            if kind.is_some() || hidden || page.incomplete_reason().is_some() {
                if kind.is_some_and(|kind| *kind != Kind::Folder) {
                    self.doubtful.insert(child.clone());
                }
                self.backlog.push(child);
            } else {
                inventory.missing(&child);
            }
        }
        inventory.take(folder, page);
    }

    /// Takes in that a folder cannot be listed. Whether it is one at all: a link that leads to no folder is none, and then
    /// what must lie below it fails, and nothing else.
    pub(super) fn refused(&mut self, folder: &[u8], fault: &Fault) -> bool {
        let is_none = fault.class == Class::Permanent && self.doubtful.contains(folder);
        if is_none {
            self.shown(folder, Shown::of(None));
        }
        !is_none
    }

    pub(super) fn ready(&mut self, now: Instant) -> usize {
        self.backlog.ready(now)
    }

    pub(super) fn take(&mut self, now: Instant) -> Option<Try<Vec<u8>>> {
        self.backlog.take(now)
    }

    pub(super) fn retry(&mut self, attempt: Try<Vec<u8>>, at: Instant) {
        self.backlog.retry(attempt, at);
    }

    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.backlog.next_retry()
    }

    pub(super) fn is_done(&self) -> bool {
        self.backlog.is_empty()
    }

    /// All that was found.
    pub(super) fn take_inventory(&mut self) -> Inventory {
        std::mem::take(&mut self.inventory)
    }
}

/// Finds `into` and lists it.
pub(super) fn root(wishes: Arc<Wishes>, set: FileSet) -> Work {
    Box::new(move |desk| {
        let end = desk.end(Role::Target);
        let rooted = end.and_then(|end| find(end, &wishes, &set));
        Output::Rooted(rooted).boxed()
    })
}

/// Finds the folders that files will lie in.
pub(super) fn route(wishes: Arc<Wishes>, ends: Arc<Ends>, set: FileSet) -> Work {
    Box::new(move |_| {
        let chosen = wishes.request(false).chosen;
        let folders = crate::transfer::folders(&set, &ends.route, chosen);
        Output::Routed(folders).boxed()
    })
}

/// Lists one folder below `into`.
pub(super) fn folder(wishes: Arc<Wishes>, ends: Arc<Ends>, folder: Vec<u8>) -> Work {
    Box::new(move |desk| {
        let shown = desk.end(Role::Target).and_then(|end| {
            end.confine(&ends.route.root, Links::Refuse);
            let path = join(&ends.route.root, &folder);
            pages::page_or_none(end, &wishes.target_name, &path, &wishes.allowance)
        });
        Output::Surveyed(shown.map(Shown::of)).boxed()
    })
}

/// Asks size and time of names that a listing may not show.
pub(super) fn ask(wishes: Arc<Wishes>, ends: Arc<Ends>, names: Arc<Vec<Vec<u8>>>) -> Work {
    Box::new(move |desk| {
        let answers = desk.end(Role::Target).and_then(|end| {
            end.confine(&ends.route.root, Links::Refuse);
            let mut standing = Vec::with_capacity(names.len());
            for name in names.iter() {
                let found = look(end, &wishes, &join(&ends.route.root, name))?;
                standing.push((name.clone(), found));
            }
            Ok(standing)
        });
        Output::Asked(answers).boxed()
    })
}

fn look(end: &mut dyn End, wishes: &Wishes, path: &[u8]) -> Result<Option<Standing>, Fault> {
    let looks = end.looks(path).map_err(|cause| {
        let shown = end.decode(path);
        Fault::at(&wishes.target_name, &cause, end).about(shown)
    })?;
    // A server may tell a time and no size: something stands there all the same.
    let stands = looks.size.is_some() || looks.modified.is_some();
    Ok(stands.then_some(Standing {
        kind: Kind::File,
        size: looks.size,
        modified: looks.modified,
    }))
}

fn find(end: &mut dyn End, wishes: &Wishes, set: &FileSet) -> Result<Rooted, Fault> {
    let name = &wishes.target_name;
    let root = end.find(&wishes.into);
    let root = root.and_then(|root| match wishes.finds_places {
        true => end.place(&root),
        false => Ok(root),
    });
    let root = root.map_err(|cause| Fault::at(name, &cause, end))?;
    end.confine(&root, Links::Refuse);
    let page = pages::page_or_none(end, name, &root, &wishes.allowance)?;
    let climbs = root.split(|byte| *byte == b'/').any(|part| part == b"..");
    if page.is_none() && climbs {
        // Once the folders before `..` are made it leads to one that was there all along, and that nobody has looked at.
        let into = &wishes.into;
        let fault = Fault::permanent(format!("`{into}` leads through a folder that is not there"));
        return Err(fault.help("write the path without `..`"));
    }
    // The new names may be of other characters than the old ones.
    let written = match &wishes.options.rename {
        Some(rename) => {
            let ready = rename.ready();
            ready.map_err(|error| Fault::permanent(error.to_string()))?;
            Some(join(&root, rename.to.as_bytes()))
        }
        None => None,
    };
    let tried = end.try_names(written.as_deref().unwrap_or(&root), set);
    tried.map_err(|cause| Fault::at(name, &cause, end))?;
    Ok(Rooted {
        shown: Shown::of(page),
        manners: end.manners(),
        follows_links: end.is_remote(),
        root,
    })
}
