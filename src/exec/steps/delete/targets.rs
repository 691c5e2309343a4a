//! The new names of the files of a move.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::naming::{Naming, numbered, without_number};
use super::placing::Placing;
use super::renames::Target;
use super::{Output, output};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::shared::{Shared, renaming};
use crate::exec::steps::job::Work;
use crate::files::{FileSet, Folder, Kind, Listing, Page, folded, join, split};
use crate::journal::StepRecord;
use crate::plan;
use crate::transfer::Looks;

/// So many numbers of a name are tried.
const MOST_NUMBERS: u32 = 10_000;

/// What a step that moves files knows beside one that deletes them.
pub(super) struct Into {
    pub(super) moving: plan::Move,
    pub(super) placing: Arc<Placing>,
    /// Folders still to be looked at.
    pub(super) looks: Backlog<u32>,
    /// The new names, by position.
    pub(super) targets: Vec<Target>,
    /// The files of each folder.
    pub(super) of_folders: Vec<Vec<u32>>,
    /// The absolute path of `into`, once something was looked at.
    pub(super) root: Vec<u8>,
    /// Names that are taken in each folder, hashed.
    pub(super) names: BTreeMap<u32, HashSet<u64>>,
    /// Files that an interrupted run was about to move, and that stand no more where they stood.
    pub(super) settling: Vec<Try<u32>>,
    /// What was moved, by its path relative to `into`, with its size and time.
    pub(super) moved: Vec<(Vec<u8>, Looks)>,
}

impl Into {
    pub(super) fn new(moving: &plan::Move) -> Into {
        Into {
            moving: moving.clone(),
            placing: Arc::new(Placing::new(String::new(), String::new(), Vec::new())),
            looks: Backlog::new(),
            targets: Vec::new(),
            of_folders: Vec::new(),
            root: Vec::new(),
            names: BTreeMap::new(),
            settling: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// What names become.
    pub(super) fn naming(&self, shared: &Shared) -> Naming {
        let rename = renaming(self.moving.rename.as_ref());
        Naming {
            rename: rename.map(|rename| (*rename).clone()),
            reach: shared.reach(self.moving.side),
        }
    }

    /// Takes in the paths, relative to `into`, that the files of the step are to have, and those of files that an interrupted
    /// run has moved.
    pub(super) fn take_names(
        &mut self,
        set: &FileSet,
        paths: Vec<Vec<u8>>,
        kept: Option<&StepRecord>,
        side: &str,
    ) {
        let mut numbers: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let mut folders = Vec::new();
        for (at, path) in set.positions().zip(paths) {
            let (folder, name) = split(&path);
            let number = *numbers.entry(folder.to_vec()).or_insert_with(|| {
                folders.push(folder.to_vec());
                self.of_folders.push(Vec::new());
                u32::try_from(folders.len() - 1).unwrap_or(u32::MAX)
            });
            self.of_folders[number as usize].push(at);
            let begun = kept.and_then(|kept| kept.begun_to.get(&set.absolute(at)));
            self.targets.push(Target {
                folder: number,
                // The interrupted run may have given it a number.
                name: begun.map_or(name, |to| split(to).1).to_vec(),
                over: None,
                begun: begun.is_some(),
            });
        }
        let into = self.moving.into.clone();
        self.placing = Arc::new(Placing::new(side.to_owned(), into, folders));
    }

    /// Takes in a file that an interrupted run has moved from a path, relative to the set's root, to an absolute one.
    pub(super) fn take_moved(&mut self, from: &[u8], to: &[u8], looks: Looks) {
        let path = join(split(from).0, split(to).1);
        let root = to.strip_suffix(&path[..]).unwrap_or(to);
        self.root = match root {
            b"/" => root.to_vec(),
            root => root.strip_suffix(b"/").unwrap_or(root).to_vec(),
        };
        self.moved.push((path, looks));
    }

    /// Whether an interrupted run may have moved a file that stands no more where it stood: that is then looked for.
    pub(super) fn settles(&mut self, attempt: Try<u32>) -> bool {
        let begun = self.has_begun(attempt.item);
        if begun {
            self.settling.push(attempt);
        }
        begun
    }

    pub(super) fn take_settling(&mut self) -> Vec<Try<u32>> {
        std::mem::take(&mut self.settling)
    }

    pub(super) fn placing(&self) -> &Arc<Placing> {
        &self.placing
    }

    pub(super) fn target(&self, at: u32) -> Option<&Target> {
        self.targets.get(at as usize)
    }

    /// Whether a renaming of a file may have happened that nobody has seen.
    pub(super) fn has_begun(&self, at: u32) -> bool {
        self.target(at).is_some_and(|target| target.begun)
    }

    pub(super) fn note_begun(&mut self, at: u32) {
        if let Some(target) = self.targets.get_mut(at as usize) {
            target.begun = true;
        }
    }

    /// The path of a file relative to `into`.
    pub(super) fn relative(&self, at: u32) -> Vec<u8> {
        let target = &self.targets[at as usize];
        join(&self.placing.folders[target.folder as usize], &target.name)
    }

    /// The path under which it is to stand.
    pub(super) fn absolute(&self, at: u32) -> Vec<u8> {
        join(&self.root, &self.relative(at))
    }

    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.looks.next_retry()
    }

    pub(super) fn looks_ready(&mut self, now: Instant) -> usize {
        self.looks.ready(now)
    }

    pub(super) fn take_look(&mut self, now: Instant) -> Option<Try<u32>> {
        self.looks.take(now)
    }

    /// What was moved becomes the set of the step.
    pub(super) fn gather(&mut self, set: &FileSet) -> Work {
        let (side, encoding) = (set.side(), set.encoding());
        let root = std::mem::take(&mut self.root);
        let moved = std::mem::take(&mut self.moved);
        Box::new(move |_| {
            let mut pages: BTreeMap<Vec<u8>, Page> = BTreeMap::new();
            for (path, looks) in &moved {
                let (folder, name) = split(path);
                let page = pages.entry(folder.to_vec()).or_default();
                page.push(name, Kind::File, looks.size, looks.modified);
            }
            let folders = pages.into_iter();
            let folders = folders.map(|(relative, page)| Folder { relative, page });
            let listing = Listing::assemble(side, root, encoding, true, folders.collect());
            output(Output::Gathered(FileSet::all(Arc::new(listing))))
        })
    }

    /// The next number of a name that is free, as far as is known.
    pub(super) fn number(&mut self, at: u32) -> Result<(), Fault> {
        let target = &mut self.targets[at as usize];
        let taken = self.names.entry(target.folder).or_default();
        let first = without_number(&target.name);
        let is_free = |name: &[u8], taken: &HashSet<u64>| !taken.contains(&folded(name));
        if is_free(&target.name, taken) {
            taken.insert(folded(&target.name));
            return Ok(());
        }
        let base = first.unwrap_or_else(|| target.name.clone());
        let mut names = (2..MOST_NUMBERS).map(|number| numbered(&base, number));
        let free = names.find(|name| is_free(name, taken));
        let Some(name) = free else {
            let fault = Fault::permanent("it was not moved: so many numbers of its name are taken");
            return Err(fault.help("move the files away that stand there"));
        };
        taken.insert(folded(&name));
        target.name = name;
        Ok(())
    }
}
