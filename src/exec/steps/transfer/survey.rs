//! What stands at the destination: one listing a folder, from `into` downwards, each only where its parent
//! shows it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::files::{FileSet, Kind, Page, join};
use crate::ftp::{Class, Session};
use crate::local::{self, Links, Root};
use crate::transfer::{Inventory, Manners, Standing};

use super::Output;
use super::ends::{Ends, Wishes};
use super::jobs::output;
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::job::{Desk, Work};
use crate::exec::pages;

/// `into`, found.
pub(in crate::exec) struct Rooted {
    /// Absolute path, as bytes of the side.
    pub(super) root: Vec<u8>,
    pub(super) shown: Shown,
    pub(super) manners: Manners,
}

/// What a folder shows; nothing where it is missing.
pub(in crate::exec) struct Shown(Option<Page>);

/// What SIZE and MDTM say of names that a listing may not show.
pub(in crate::exec) struct Answers {
    pub(super) standing: Vec<(Vec<u8>, Option<Standing>)>,
}

/// The folders still to be listed.
pub(super) struct Survey {
    inventory: Option<Inventory>,
    root: Option<Shown>,
    children: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    hides_dot_names: bool,
    /// Whether a link may lead to a folder of the destination; here none is followed.
    follows_links: bool,
    /// Links and what else a listing shows that may lead to a folder.
    doubtful: HashSet<Vec<u8>>,
    backlog: Backlog<Vec<u8>>,
}

impl Default for Survey {
    fn default() -> Survey {
        Survey {
            inventory: None,
            root: None,
            children: BTreeMap::new(),
            hides_dot_names: false,
            follows_links: false,
            doubtful: HashSet::new(),
            backlog: Backlog::new(),
        }
    }
}

impl Survey {
    /// `into` is known.
    pub(super) fn begin(&mut self, rooted: Rooted, is_local: bool) {
        self.follows_links = !is_local;
        self.hides_dot_names = rooted.manners.hides_dot_names;
        self.inventory = Some(Inventory::new(rooted.manners));
        self.root = Some(rooted.shown);
    }

    /// The folders that files will lie in, relative to `into`, which is among them.
    pub(super) fn wanted(&mut self, folders: Vec<Vec<u8>>) {
        for folder in folders.into_iter().filter(|folder| !folder.is_empty()) {
            let parent = match folder.iter().rposition(|&byte| byte == b'/') {
                Some(slash) => folder[..slash].to_vec(),
                None => Vec::new(),
            };
            self.children.entry(parent).or_default().push(folder);
        }
        if let Some(shown) = self.root.take() {
            self.shown(b"", shown);
        }
    }

    /// Takes in what a folder shows; the folders below it that it shows are listed next.
    pub(super) fn shown(&mut self, folder: &[u8], shown: Shown) {
        let Some(inventory) = &mut self.inventory else {
            return;
        };
        // What lies below a missing folder is missing, too: the inventory knows.
        let Some(page) = shown.0 else {
            return inventory.missing(folder);
        };
        inventory.take(folder, &page);
        let Some(children) = self.children.remove(folder) else {
            return;
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
            let name = child
                .rsplit(|byte| *byte == b'/')
                .next()
                .unwrap_or_default();
            let hidden = self.hides_dot_names && name.starts_with(b".");
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
    }

    /// Takes in that a folder cannot be listed. Whether it is one at all: a link that leads to no folder is none, and then
    /// what must lie below it fails, and nothing else.
    pub(super) fn refused(&mut self, folder: &[u8], fault: &Fault) -> bool {
        let is_none = fault.class == Class::Permanent && self.doubtful.contains(folder);
        if is_none {
            self.shown(folder, Shown(None));
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
    pub(super) fn inventory(&mut self) -> Arc<Inventory> {
        Arc::new(self.inventory.take().unwrap_or_default())
    }
}

/// Finds `into` and lists it.
pub(super) fn root(wishes: Arc<Wishes>, set: FileSet) -> Work {
    Box::new(move |desk| {
        let rooted = match desk.sessions.first_mut() {
            Some(session) => root_there(session, &wishes, &set),
            None => root_here(&wishes),
        };
        output(Output::Rooted(rooted))
    })
}

/// Finds the folders that files will lie in.
pub(super) fn route(ends: Arc<Ends>, set: FileSet) -> Work {
    Box::new(move |_| {
        let folders = crate::transfer::folders(&set, &ends.route);
        output(Output::Routed(folders))
    })
}

/// Lists one folder below `into`.
pub(super) fn folder(wishes: Arc<Wishes>, ends: Arc<Ends>, folder: Vec<u8>) -> Work {
    Box::new(move |desk| {
        let shown = match desk.sessions.first_mut() {
            Some(session) => {
                let path = join(&ends.route.root, &folder);
                page_there(session, &wishes, &path)
            }
            None => page_here(&ends.route.root, &folder),
        };
        output(Output::Surveyed(shown.map(Shown)))
    })
}

/// Asks SIZE and MDTM of names that a listing may not show.
pub(super) fn ask(wishes: Arc<Wishes>, ends: Arc<Ends>, names: Vec<Vec<u8>>) -> Work {
    Box::new(move |desk| {
        let mut standing = Vec::with_capacity(names.len());
        for name in names {
            match look(desk, &wishes, &join(&ends.route.root, &name)) {
                Ok(found) => standing.push((name, found)),
                Err(fault) => return output(Output::Asked(Err(fault))),
            }
        }
        output(Output::Asked(Ok(Answers { standing })))
    })
}

fn look(desk: &mut Desk, wishes: &Wishes, path: &[u8]) -> Result<Option<Standing>, Fault> {
    let Some(session) = desk.sessions.first_mut() else {
        return Ok(None);
    };
    let standing = session.size(path).and_then(|size| {
        let Some(size) = size else { return Ok(None) };
        Ok(Some(Standing {
            kind: Kind::File,
            size: Some(size),
            modified: session.modified(path)?,
        }))
    });
    standing.map_err(|error| {
        let shown = session.decode(path);
        Fault::ftp(&wishes.target_name, &error, Some(session)).about(shown)
    })
}

fn root_there(session: &mut Session, wishes: &Wishes, set: &FileSet) -> Result<Rooted, Fault> {
    let bytes = session.encode(&wishes.into);
    let bytes = bytes.map_err(|error| Fault::ftp(&wishes.target_name, &error, Some(session)))?;
    let root = session.absolute(&bytes);
    let page = page_there(session, wishes, &root)?;
    let foreign = || match session.facts().announces_utf8() {
        true => session.declares_encoding() || has_raw_names(set),
        false => !bytes.is_ascii() || has_foreign_names(set),
    };
    if !session.facts().knows_names() && foreign() {
        let asked = session.ask_for_bytes();
        asked.map_err(|error| Fault::ftp(&wishes.target_name, &error, Some(session)))?;
    }
    Ok(Rooted {
        root,
        shown: Shown(page),
        manners: Manners {
            // vsftpd leaves dot names out of LIST; MLSD and `LIST -a` show them.
            hides_dot_names: session.listing_may_hide(),
            folds_case: false,
        },
    })
}

fn has_foreign_names(set: &FileSet) -> bool {
    set.positions().any(|at| !set.relative(at).is_ascii())
}

/// Whether a name is not text in the encoding of its side.
fn has_raw_names(set: &FileSet) -> bool {
    let mut positions = set.positions();
    positions.any(|at| !set.encoding().decode(&set.relative(at)).exact)
}

fn page_there(session: &mut Session, wishes: &Wishes, path: &[u8]) -> Result<Option<Page>, Fault> {
    match pages::page(session, &wishes.target_name, path) {
        Ok(page) => Ok(Some(page)),
        Err(no_page) if no_page.missing => Ok(None),
        Err(no_page) => Err(no_page.fault),
    }
}

fn root_here(wishes: &Wishes) -> Result<Rooted, Fault> {
    let root = local::bytes(&wishes.local_into).to_vec();
    let page = page_here(&root, b"")?;
    let folds_case = Root::open_bytes(&root, Links::Refuse)
        .and_then(|root| root.folds_case())
        .is_ok_and(|folds| folds == Some(true));
    Ok(Rooted {
        root,
        shown: Shown(page),
        manners: Manners {
            hides_dot_names: false,
            folds_case,
        },
    })
}

fn page_here(root: &[u8], folder: &[u8]) -> Result<Option<Page>, Fault> {
    match Root::open_bytes(root, Links::Refuse).and_then(|root| root.list(folder)) {
        Ok(page) => Ok(Some(page)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(Fault::local(&error)),
    }
}
