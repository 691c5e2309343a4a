//! Folders that may be one are told apart by empty files: one in each, every folder listed once, and they go again. Where
//! copies count for their times, one shows whether their side keeps any.
//!
//! So many folders cost so many marks and listings, however many pairs there are to be told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::needed::CopyFolder;
use super::unproven::Lack;
use super::{Delete, Output, output};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::roles::Roles;
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::files::{Fingerprint, Side};
use crate::transfer::{
    Cause, Class, End, Links, Role, mark_folder, mark_path, marks_in, sees_time_kept,
};

/// What is still to be asked.
#[derive(Default)]
pub(super) struct Marks {
    backlog: Backlog<Ask>,
    stage: Stage,
    /// The path of each folder's mark.
    paths: BTreeMap<u32, Vec<u8>>,
    /// Folders that show their own.
    marked: BTreeSet<u32>,
    /// Folders that were seen whole, and the folders whose marks they show.
    seen: BTreeMap<u32, BTreeSet<u32>>,
    /// Of each side that must keep times a folder, and whether it was seen to.
    times: BTreeMap<Side, (u32, bool)>,
}

/// One thing to do.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// Marks a folder.
    Mark(u32),
    /// Looks which marks a folder shows.
    Look(u32),
    /// Gives a mark a time, and looks whether it has it then.
    Time(u32),
    /// Takes a mark away.
    Clear(u32),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Mark,
    Look,
    Clear,
}

/// What came of it.
pub(in crate::exec) enum Told {
    /// Whether a folder shows its own mark.
    Marked(bool),
    /// The folders whose marks a folder shows; none where it was not seen whole.
    Shows(Option<BTreeSet<u32>>),
    /// Whether a mark has the time that it was given.
    Keeps(bool),
    Cleared,
    /// It cannot be taken away, and why.
    Left(String),
}

impl Ask {
    fn folder(self) -> u32 {
        match self {
            Ask::Mark(folder) | Ask::Look(folder) | Ask::Time(folder) | Ask::Clear(folder) => {
                folder
            }
        }
    }
}

impl Marks {
    pub(super) fn is_idle(&self) -> bool {
        self.backlog.is_empty()
    }

    pub(super) fn give_up(&mut self) {
        self.backlog.drain().for_each(drop);
    }

    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.backlog.next_retry()
    }

    pub(super) fn take(&mut self, now: Instant) -> Option<Try<Ask>> {
        self.backlog.take(now)
    }

    /// Whether two folders are one; none where that is not known.
    fn are_one(&self, marked: u32, looked: u32) -> Option<bool> {
        if marked == looked {
            return Some(true);
        }
        let shown = self.seen.get(&looked)?;
        let is_marked = self.marked.contains(&marked);
        is_marked.then(|| shown.contains(&marked))
    }
}

impl Delete {
    /// Folders that may be one are told apart.
    pub(super) fn begin_marks(&mut self, shared: &Shared) {
        let doubts = self.doubts.iter();
        let apart = doubts.filter(|doubt| doubt.marked != doubt.looked);
        let mut marked: BTreeSet<u32> = apart.map(|doubt| doubt.marked).collect();
        for (_, folder) in &self.copies.timed {
            let side = self.copies.folders[*folder as usize].side;
            self.marks.times.entry(side).or_insert((*folder, false));
        }
        marked.extend(self.marks.times.values().map(|(folder, _)| *folder));
        for folder in marked {
            let path = self.mark_of(folder, shared);
            self.marks.paths.insert(folder, path);
            self.marks.backlog.push(Ask::Mark(folder));
        }
    }

    /// Goes on where one stage is done; whether there is a further one.
    pub(super) fn next_stage(&mut self) -> bool {
        let (next, asks): (_, Vec<Ask>) = match self.marks.stage {
            _ if self.marks.paths.is_empty() => return false,
            Stage::Mark => {
                let doubts = self.doubts.iter();
                let looked = doubts.filter(|doubt| self.marks.marked.contains(&doubt.marked));
                let looked: BTreeSet<u32> = looked.map(|doubt| doubt.looked).collect();
                let timed = self.marks.times.values();
                let timed = timed.map(|(folder, _)| Ask::Time(*folder));
                let looked = looked.into_iter().map(Ask::Look);
                (Stage::Look, looked.chain(timed).collect())
            }
            Stage::Look => {
                let marked = self.marks.paths.keys().copied();
                (Stage::Clear, marked.map(Ask::Clear).collect())
            }
            Stage::Clear => return false,
        };
        self.marks.stage = next;
        asks.into_iter()
            .for_each(|ask| self.marks.backlog.push(ask));
        true
    }

    /// Keeps the files whose folders were not shown to be two, or whose copies count for times that nobody has seen kept.
    pub(super) fn judge_marks(&mut self, shared: &mut Shared) {
        for doubt in std::mem::take(&mut self.doubts) {
            let are_one = self.marks.are_one(doubt.marked, doubt.looked);
            if are_one != Some(false) {
                let why = doubt.why.words(are_one == Some(true));
                self.keep_one(doubt.file, why, shared);
            }
        }
        let copies = Arc::clone(&self.copies);
        for (file, folder) in &copies.timed {
            let side = copies.folders[*folder as usize].side;
            let keeps = self.marks.times.get(&side).is_some_and(|(_, keeps)| *keeps);
            if !keeps {
                self.keep_one(*file, Lack::TimesUnseen, shared);
            }
        }
    }

    fn mark_of(&self, folder: u32, shared: &Shared) -> Vec<u8> {
        let folder = &self.copies.folders[folder as usize];
        let owner = Fingerprint {
            manifest: &shared.plan.name,
            step: &shared.plan.step(self.id).name,
            source: &shared.identity_text(folder.side),
            path: &folder.path,
        };
        mark_path(&folder.path, &owner, shared.folder_marks.number)
    }

    /// Writes a mark down before it is made.
    pub(super) fn will_ask(&self, ask: Ask, shared: &mut Shared) {
        if let Ask::Mark(folder) = ask {
            let side = self.copies.folders[folder as usize].side;
            shared.will_mark(side, std::slice::from_ref(&self.marks.paths[&folder]));
        }
    }

    /// The next thing to ask, and where.
    pub(super) fn marks_roles(&mut self, now: Instant) -> Option<Roles> {
        let ask = self.marks.backlog.peek(now)?;
        let side = self.copies.folders[ask.folder() as usize].side;
        Some(Roles::one(Role::Target, side))
    }

    pub(super) fn ask(&self, ask: Ask, shared: &Shared) -> Work {
        let folder: CopyFolder = self.copies.folders[ask.folder() as usize].clone();
        let name = shared.plan.side_name(folder.side).to_owned();
        let own = self.marks.paths.get(&ask.folder()).cloned();
        let own = own.unwrap_or_default();
        let paths = match ask {
            Ask::Look(_) => self.marks.paths.clone(),
            Ask::Mark(_) | Ask::Time(_) | Ask::Clear(_) => BTreeMap::new(),
        };
        Box::new(move |desk| {
            let told = desk.end(Role::Target).and_then(|end| {
                end.confine(&folder.root, Links::Refuse);
                let told = match ask {
                    Ask::Mark(_) => mark_folder(end, &own).map(Told::Marked),
                    Ask::Look(_) => marks_in(end, &folder.path, &paths).map(Told::Shows),
                    Ask::Time(_) => sees_time_kept(end, &own).map(Told::Keeps),
                    Ask::Clear(_) => clear(end, &own),
                };
                told.map_err(|cause| Fault::at(&name, &cause, end))
            });
            output(Output::Told(told))
        })
    }

    pub(super) fn take_told(
        &mut self,
        mut attempt: Try<Ask>,
        told: Result<Told, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let folder = attempt.item.folder();
        match told {
            Ok(Told::Marked(true)) => {
                self.marks.marked.insert(folder);
            }
            Ok(Told::Shows(Some(shown))) => {
                self.marks.seen.insert(folder, shown);
            }
            Ok(Told::Keeps(keeps)) => {
                let side = self.copies.folders[folder as usize].side;
                self.marks.times.insert(side, (folder, keeps));
            }
            Ok(Told::Marked(false) | Told::Shows(None)) => {}
            Ok(Told::Cleared) => self.cleared(folder, None, shared),
            Ok(Told::Left(reason)) => self.cleared(folder, Some(reason), shared),
            Err(fault) => {
                if let Some(wait) = self.again(&mut attempt, &fault, shared) {
                    self.marks.backlog.retry(attempt, now + wait);
                } else if let Ask::Clear(_) = attempt.item {
                    self.cleared(folder, Some(fault.failure.message), shared);
                }
            }
        }
    }

    /// A mark is gone, or could not be removed, and why.
    fn cleared(&self, folder: u32, left: Option<String>, shared: &mut Shared) {
        let side = self.copies.folders[folder as usize].side;
        shared.marked(side, &self.marks.paths[&folder], left);
    }
}

fn clear(end: &mut dyn End, path: &[u8]) -> Result<Told, Cause> {
    match end.remove(path) {
        Ok(_) => Ok(Told::Cleared),
        Err(cause) if cause.class() == Class::Permanent => Ok(Told::Left(cause.to_string())),
        Err(cause) => Err(cause),
    }
}
