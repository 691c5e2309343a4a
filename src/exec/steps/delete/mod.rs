//! `delete`: choose by proof, count against `max`, list each folder again, look at the copies, delete, remove empty folders.
//!
//! Nothing is deleted before every folder has been listed again, and nothing at all when one of these listings is
//! incomplete; and no file that was transferred before each of its copies was seen to stand where it must.

mod absent;
mod away;
mod choose;
mod copies;
mod index;
mod jobs;
mod marks;
mod needed;
mod relied;
mod sight;
mod sources;
mod standing;
mod taking;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::files::{FileSet, Side};
use crate::plan::{self, StepId};

use super::{Ending, JobWork, Machine, Next, Stop, left_undone, panicked};
use crate::event::FileOutcome;
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::roles::{JobId, Roles};
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::transfer::{Fate, Role};
use away::Share;
use choose::Chosen;
use copies::{Looking, Wrong};
use jobs::{Deletion, Place};
use marks::{Ask, Marks, Told};
use needed::{Copies, Doubt};

/// Files that one job deletes at most.
const BATCH: usize = 32;

pub(super) struct Delete {
    id: StepId,
    delete: plan::Delete,
    phase: Phase,
    side: Side,
    place: Option<Place>,
    copies: Arc<Copies>,
    /// Which of their folders must not be one.
    doubts: Vec<Doubt>,
    /// Folders with positions still to be looked at.
    folders: Backlog<Arc<FolderOf>>,
    /// Folders of copies still to be looked at, by number.
    looks: Backlog<u32>,
    /// Folders that may be one, still to be told apart.
    marks: Marks,
    /// Files that are what they were, until their copies were looked at.
    sure: BTreeSet<u32>,
    files: Backlog<u32>,
    /// Files that are put away before they are deleted, by the sides of their copies.
    aways: BTreeMap<Vec<Side>, Backlog<u32>>,
    away_share: Share,
    emptied: BTreeSet<Vec<u8>>,
    flying: BTreeMap<JobId, Flying>,
    /// Deletions whose reply was lost: if the file is gone when looked at again, it was we who deleted it; if it is
    /// not, the tries made so far still count.
    unsure: BTreeMap<u32, Try<u32>>,
    fault: Option<Fault>,
    stopped: Option<Stop>,
    failures: u64,
}

/// A folder and the positions that lie in it.
#[derive(Debug)]
pub(super) struct FolderOf {
    folder: Vec<u8>,
    positions: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Choose,
    /// Waits for other deletions that look at the same transfers' files.
    Turn,
    Marks,
    Survey,
    Copies,
    Delete,
    Folders,
    End,
}

enum Flying {
    Choice,
    Folder(Try<Arc<FolderOf>>),
    Look(Try<u32>),
    Asked(Try<Ask>),
    Files(Vec<Try<u32>>),
    Aways(Vec<Side>, Vec<Try<u32>>),
    Empty,
}

/// What a job of a delete step gives back.
pub(in crate::exec) enum Output {
    /// Which files are meant.
    Chosen(Box<Result<Chosen, Fault>>),
    /// What stands now where they stood.
    Surveyed(Result<Vec<(u32, Fate)>, Fault>),
    /// Which copies of a folder do not stand as they must.
    Looked(u32, Result<Wrong, Fault>),
    /// What a mark has told of a folder.
    Told(Result<Told, Fault>),
    /// What became of each; shorter than the batch where time was up.
    Deleted(Vec<(u32, Result<Deletion, Fault>)>),
    /// Empty folders were removed; the faults are those worth a warning.
    Emptied(Vec<String>),
}

impl Delete {
    pub(super) fn new(step: &plan::Step, delete: &plan::Delete, _: &Shared) -> Delete {
        Delete {
            id: step.id,
            delete: delete.clone(),
            phase: Phase::Choose,
            side: Side::Local,
            place: None,
            copies: Arc::default(),
            doubts: Vec::new(),
            folders: Backlog::new(),
            looks: Backlog::new(),
            marks: Marks::default(),
            sure: BTreeSet::new(),
            files: Backlog::new(),
            aways: BTreeMap::new(),
            away_share: Share::default(),
            emptied: BTreeSet::new(),
            flying: BTreeMap::new(),
            unsure: BTreeMap::new(),
            fault: None,
            stopped: None,
            failures: 0,
        }
    }

    fn roles(&self) -> Roles {
        Roles::one(Role::Source, self.side)
    }

    fn text(&self, at: u32) -> String {
        let place = self.place.as_ref();
        place.map(|place| place.set.text(at)).unwrap_or_default()
    }

    /// Nothing is deleted any more.
    fn refuse(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.folders.drain().for_each(drop);
        self.looks.drain().for_each(drop);
        self.marks.give_up();
        self.files.drain().for_each(drop);
        self.aways.clear();
        self.sure.clear();
        self.phase = Phase::End;
    }

    fn again<T>(
        &self,
        attempt: &mut Try<T>,
        fault: &Fault,
        shared: &mut Shared,
    ) -> Option<std::time::Duration> {
        if self.stopped.is_some() {
            return None;
        }
        shared.try_again(self.id, attempt, fault, false)
    }

    /// Moves on to the phase for which there is something to do.
    fn settle(&mut self, shared: &mut Shared) {
        let idle = self.flying.is_empty();
        if self.phase == Phase::Turn && shared.enter_delete(self.id) {
            self.begin_marks(shared);
            self.phase = Phase::Marks;
        }
        if self.phase == Phase::Marks && idle && self.marks.is_idle() && !self.next_stage() {
            self.phase = Phase::Survey;
        }
        // The looks at files and then at their copies are the last ones before files go.
        if self.phase == Phase::Survey && idle && self.folders.is_empty() {
            self.judge_marks(shared);
            self.phase = match shared.preview {
                true => Phase::End,
                false => Phase::Copies,
            };
        }
        if self.phase == Phase::Copies && idle && self.looks.is_empty() {
            self.trust();
            self.phase = Phase::Delete;
        }
        let over = self.folders.is_empty() && self.files.is_empty() && self.aways.is_empty();
        if self.phase == Phase::Delete && idle && over {
            let remove =
                self.delete.remove_empty && !self.emptied.is_empty() && self.stopped.is_none();
            self.phase = if remove { Phase::Folders } else { Phase::End };
        }
        if self.stopped.is_some() && idle {
            self.phase = Phase::End;
        }
    }

    fn ending(&mut self, shared: &mut Shared) -> Ending {
        shared.leave_delete(self.id);
        let mut left: Vec<u32> = std::mem::take(&mut self.sure).into_iter().collect();
        if shared.preview {
            // What would be done is told as done.
            for at in left.drain(..) {
                shared.file(self.id, self.text(at), FileOutcome::Deleted, 0);
            }
        }
        if let Some(stop) = &self.stopped {
            let aways = self.aways.values_mut().flat_map(Backlog::drain);
            let unseen = self.folders.drain();
            let unseen: usize = unseen.map(|folder| folder.item.positions.len()).sum();
            let left = left.len() + unseen + self.files.drain().count() + aways.count();
            if left > 0 {
                let text = left_undone(left, "deleted", &stop.reason());
                shared.warn_step(self.id, text);
            }
        }
        let fault = self.fault.take().map(|fault| fault.failure);
        let failure = fault.or_else(|| self.stopped.as_ref().and_then(Stop::failure));
        if failure.is_some() || self.failures > 0 {
            return Ending::failed(failure, None);
        }
        Ending::done(None)
    }

    /// What could be done next in the phase of deleting.
    fn deletion(&mut self, now: Instant) -> (Roles, usize) {
        if self.folders.ready(now) > 0 {
            return (self.roles(), 1);
        }
        let files = self.files.ready(now);
        if files > 0 {
            return (self.roles(), files.div_ceil(BATCH / 8));
        }
        let mut aways = self.aways.iter_mut();
        let ready = aways.find_map(|(sides, files)| match files.ready(now) {
            0 => None,
            more => Some((sides.clone(), more)),
        });
        match ready {
            Some((sides, more)) => (Roles::many(self.side, &sides), more.div_ceil(BATCH)),
            None => (Roles::none(), 0),
        }
    }

    fn retries(&self) -> Option<Instant> {
        let aways = self.aways.values().filter_map(Backlog::next_retry);
        let others = [
            self.folders.next_retry(),
            self.looks.next_retry(),
            self.marks.next_retry(),
            self.files.next_retry(),
        ];
        others.into_iter().flatten().chain(aways).min()
    }

    fn make(&mut self, now: Instant, shared: &mut Shared) -> (Flying, Work) {
        if self.phase == Phase::Choose {
            let work = choose::work(self.id, &self.delete, shared);
            return (Flying::Choice, work);
        }
        let Some(place) = self.place.clone() else {
            return (Flying::Empty, jobs::nothing());
        };
        if self.phase == Phase::Folders {
            let folders = std::mem::take(&mut self.emptied).into_iter().collect();
            self.phase = Phase::Delete;
            return (Flying::Empty, jobs::remove_folders(place, folders));
        }
        if let Some(attempt) = self.marks.take(now) {
            self.will_ask(attempt.item, shared);
            let work = self.ask(attempt.item, shared);
            return (Flying::Asked(attempt), work);
        }
        if let Some(attempt) = self.folders.take(now) {
            let work = jobs::survey(place, Arc::clone(&attempt.item), !shared.preview);
            return (Flying::Folder(attempt), work);
        }
        if let Some(attempt) = self.looks.take(now) {
            let work = self.looking(attempt.item, shared).work();
            return (Flying::Look(attempt), work);
        }
        if self.files.ready(now) > 0 {
            let batch: Vec<Try<u32>> = std::iter::from_fn(|| self.files.take(now))
                .take(BATCH)
                .collect();
            self.intend(&batch, shared);
            let positions = batch.iter().map(|attempt| attempt.item).collect();
            return (Flying::Files(batch), jobs::delete(place, positions));
        }
        self.make_away(place, now, shared)
    }

    /// A folder of copies.
    fn looking(&self, number: u32, shared: &Shared) -> Looking {
        let folder = &self.copies.folders[number as usize];
        let name = shared.plan.side_name(folder.side).to_owned();
        Looking::new(number, folder, name, Arc::clone(&self.copies))
    }

    fn intend(&self, batch: &[Try<u32>], shared: &mut Shared) {
        if let Some(place) = &self.place {
            let paths = batch.iter();
            let paths = paths.map(|attempt| place.set.absolute(attempt.item));
            shared.intend(self.id, paths);
        }
    }
}

impl Machine for Delete {
    fn next(&mut self, now: Instant, shared: &mut Shared) -> Next {
        self.settle(shared);
        let (roles, more) = match self.phase {
            // What other jobs find is still to be taken in, and the ending is told once.
            Phase::End if !self.flying.is_empty() => return Next::Wait(None),
            Phase::End => return Next::Done(self.ending(shared)),
            _ if self.stopped.is_some() => return Next::Wait(None),
            Phase::Choose if self.flying.is_empty() => (Roles::none(), 1),
            Phase::Survey => (self.roles(), self.folders.ready(now)),
            Phase::Copies => match self.looks.peek(now) {
                Some(number) => {
                    let side = self.copies.folders[*number as usize].side;
                    (Roles::one(Role::Target, side), 1)
                }
                None => (Roles::none(), 0),
            },
            Phase::Marks => match self.marks_roles(now) {
                Some(roles) => (roles, 1),
                None => (Roles::none(), 0),
            },
            Phase::Delete => self.deletion(now),
            Phase::Folders if self.flying.is_empty() => (self.roles(), 1),
            Phase::Choose | Phase::Turn | Phase::Folders => (Roles::none(), 0),
        };
        match more {
            0 => Next::Wait(self.retries()),
            more => Next::Job { roles, more },
        }
    }

    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork {
        let (flying, work) = self.make(now, shared);
        self.flying.insert(job, flying);
        JobWork::quiet(work)
    }

    fn returned(&mut self, job: JobId, output: super::Output, now: Instant, shared: &mut Shared) {
        let Some(flying) = self.flying.remove(&job) else {
            return;
        };
        match output {
            super::Output::Delete(output) => self.take(flying, *output, now, shared),
            super::Output::Panicked(words) => self.refuse(panicked(&words)),
            _ => {}
        }
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        self.stopped.get_or_insert_with(|| stop.clone());
    }
}

fn by_folder(set: &FileSet) -> Vec<FolderOf> {
    let mut numbers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for at in set.positions() {
        let number = numbers.entry(set.folder_number(at));
        number.or_default().push(at);
    }
    let mut folders: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
    for mut positions in numbers.into_values() {
        let folder = folders.entry(set.folder(positions[0]));
        folder.or_default().append(&mut positions);
    }
    let folders = folders.into_iter();
    folders
        .map(|(folder, positions)| FolderOf { folder, positions })
        .collect()
}
