//! The folders that a move gives its files to: found, looked at, and made when the first file comes.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::naming::without_number;
use super::standing::Stood;
use super::{Output, output};
use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::proofs::Proofs;
use crate::exec::steps::job::Work;
use crate::files::{NameEncoding, Page, PageEntry, Place, Side, folded, join, name_keys};
use crate::plan::IfTaken;
use crate::transfer::{Cause, End, Links, Reading, Role, Standing};

/// The folders, relative to `into`, and what is known of them.
pub(super) struct Placing {
    /// The side's name, for people.
    pub(super) name: String,
    pub(super) into: String,
    pub(super) folders: Vec<Vec<u8>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    root: Option<Vec<u8>>,
    /// The folders that stand, by the paths that they are found under.
    standing: BTreeMap<u32, Vec<u8>>,
}

/// What a folder shows.
pub(in crate::exec) struct Shown {
    pub(super) root: Vec<u8>,
    /// As far as it is of use.
    pub(super) page: Page,
    /// Names of what this run has put there, which is not replaced.
    pub(super) spared: HashSet<Vec<u8>>,
}

/// What is looked for in a folder.
pub(super) struct Wanted {
    pub(super) if_exists: IfTaken,
    /// The names that files are to have, hashed.
    pub(super) names: HashSet<u64>,
    pub(super) side: Side,
    pub(super) encoding: NameEncoding,
    pub(super) reading: Reading,
    pub(super) proofs: Arc<Proofs>,
}

impl Placing {
    pub(super) fn new(name: String, into: String, folders: Vec<Vec<u8>>) -> Placing {
        Placing {
            name,
            into,
            folders,
            known: Mutex::default(),
        }
    }

    fn known<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut known)
    }

    /// The absolute path of `into`.
    pub(super) fn root(&self, end: &mut dyn End) -> Result<Vec<u8>, Cause> {
        if let Some(root) = self.known(|known| known.root.clone()) {
            return Ok(root);
        }
        let root = end.find(&self.into)?;
        let root = end.place(&root)?;
        self.known(|known| known.root = Some(root.clone()));
        Ok(root)
    }

    /// The path of a folder, which is made where it is missing.
    pub(super) fn stand(&self, end: &mut dyn End, folder: u32) -> Result<Vec<u8>, Cause> {
        if let Some(stands) = self.known(|known| known.standing.get(&folder).cloned()) {
            return Ok(stands);
        }
        let root = self.root(end)?;
        let path = join(&root, &self.folders[folder as usize]);
        end.confine(&root, Links::Refuse);
        end.make_folder(&path)?;
        let found = end.place(&path)?;
        self.known(|known| known.standing.insert(folder, found.clone()));
        Ok(found)
    }

    fn show(&self, end: &mut dyn End, folder: u32, wanted: &Arc<Wanted>) -> Result<Shown, Fault> {
        let root = self.root(end);
        let root = root.map_err(|cause| Fault::at(&self.name, &cause, end).about(&*self.into))?;
        let path = join(&root, &self.folders[folder as usize]);
        end.confine(&root, Links::Refuse);
        let names = Arc::clone(wanted);
        let page = pages::some(end, &self.name, &path, move |name| names.has(name))?;
        let spared = page.as_ref().map(|page| wanted.spared(&path, page));
        Ok(Shown {
            root,
            page: page.unwrap_or_default(),
            spared: spared.unwrap_or_default(),
        })
    }
}

/// Looks at the names in a folder, where it stands.
pub(super) fn look(placing: Arc<Placing>, folder: u32, wanted: Wanted) -> Work {
    let wanted = Arc::new(wanted);
    Box::new(move |desk| {
        let end = desk.end(Role::Source);
        let shown = end.and_then(|end| placing.show(end, folder, &wanted));
        output(Output::Shown(shown.map(Box::new)))
    })
}

impl Wanted {
    fn has(&self, name: &[u8]) -> bool {
        let is_numbered = || without_number(name).is_some_and(|name| self.holds(&name));
        self.holds(name) || (self.if_exists == IfTaken::Number && is_numbered())
    }

    fn holds(&self, name: &[u8]) -> bool {
        self.names.contains(&folded(name))
    }

    /// What stands at a destination because of this run is not replaced by it.
    fn spared(&self, folder: &[u8], page: &Page) -> HashSet<Vec<u8>> {
        if self.if_exists != IfTaken::Overwrite || page.is_empty() {
            return HashSet::new();
        }
        let place = Place {
            side: self.side,
            folder: folder.to_vec(),
        };
        let stood = Stood::new(&self.proofs);
        let entries = page.entries();
        let kept = entries.filter(|entry| self.is_spared(&place, entry, &stood));
        kept.map(|entry| entry.name.to_vec()).collect()
    }

    fn is_spared(&self, place: &Place, entry: &PageEntry<'_>, stood: &Stood) -> bool {
        let standing = Standing {
            kind: entry.kind,
            size: entry.size,
            modified: entry.modified,
        };
        let spared = self.proofs.spared();
        let keys = name_keys(self.encoding, entry.name);
        let own = || stood.like(&keys).into_iter();
        spared.holds(self.encoding, place, entry.name, standing, self.reading)
            || own().any(|one| {
                let copy = one.ledger.copy(one.at);
                copy.is_some_and(|(at, name)| at == *place && name == entry.name)
            })
    }
}
