//! `delete` and `move`: choose by proof, count against `max`, list each folder again, look at the copies, then delete and remove
//! empty folders, or rename.
//!
//! Nothing is deleted or moved before every folder has been listed again, and nothing at all when one of these listings is
//! incomplete; and no file that was transferred before each of its copies was seen to stand where it must.

mod absent;
mod away;
mod choose;
mod copies;
mod ending;
mod extras;
mod folders;
mod index;
mod into;
mod jobs;
mod judgement;
mod marks;
mod naming;
mod needed;
mod place;
mod placing;
mod relied;
mod renames;
mod sight;
mod sources;
mod standing;
mod taking;
mod targets;
mod unproven;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::files::{FileSet, Side};
use crate::plan::{self, StepId};

use super::{JobWork, Machine, Next, Stop, panicked};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::roles::{JobId, Roles};
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::transfer::{Fate, Role};
use away::Share;
use choose::Chosen;
use copies::{Looking, Wrong};
use folders::FolderOf;
use marks::{Ask, Marks, Told};
use needed::{Copies, Doubt};
use place::{Deletion, Place};
use placing::Shown;
use targets::Into;

/// Files that one job deletes at most.
const BATCH: usize = 32;

pub(super) struct Delete {
    id: StepId,
    taking: plan::Taking,
    remove_empty: bool,
    /// Where the files go, where they are moved.
    into: Option<Into>,
    /// What was moved, as the set of the step.
    gathered: Option<FileSet>,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Choose,
    /// Waits for other deletions that look at the same transfers' files.
    Turn,
    Marks,
    Survey,
    Into,
    Copies,
    Delete,
    Folders,
    Gather,
    End,
}

enum Flying {
    Choice,
    Folder(Try<Arc<FolderOf>>),
    Look(Try<u32>),
    Asked(Try<Ask>),
    Into(Try<u32>),
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
    /// What a folder shows that files are to come to.
    Shown(Result<Box<Shown>, Fault>),
    /// What was moved.
    Gathered(FileSet),
    /// What became of each; shorter than the batch where time was up.
    Deleted(Vec<(u32, Result<Deletion, Fault>)>),
    /// Empty folders were removed; the faults are those worth a warning.
    Emptied(Vec<String>),
}

impl Delete {
    pub(super) fn new(step: &plan::Step, delete: &plan::Delete) -> Delete {
        let mut machine = Delete::taking(step, &delete.taking);
        machine.remove_empty = delete.remove_empty;
        machine
    }

    /// The machine of a step that moves files.
    pub(super) fn moving(step: &plan::Step, moving: &plan::Move) -> Delete {
        let mut machine = Delete::taking(step, &moving.taking);
        machine.into = Some(Into::new(moving));
        machine
    }

    fn taking(step: &plan::Step, taking: &plan::Taking) -> Delete {
        Delete {
            id: step.id,
            taking: taking.clone(),
            remove_empty: false,
            into: None,
            gathered: None,
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
        self.give_up_into();
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
            self.begin_into();
            self.phase = Phase::Into;
        }
        if self.phase == Phase::Into && idle && self.new_place_is_seen() {
            self.phase = match shared.preview {
                true => Phase::Gather,
                false => Phase::Copies,
            };
        }
        if self.phase == Phase::Copies && idle && self.looks.is_empty() {
            self.trust();
            self.phase = Phase::Delete;
        }
        let over = self.folders.is_empty() && self.files.is_empty() && self.aways.is_empty();
        if self.phase == Phase::Delete && idle && over {
            let remove = self.remove_empty && !self.emptied.is_empty() && self.stopped.is_none();
            self.phase = if remove {
                Phase::Folders
            } else {
                Phase::Gather
            };
        }
        if self.phase == Phase::Gather && idle && !self.is_to_gather() {
            self.phase = Phase::End;
        }
        if self.stopped.is_some() && idle {
            self.phase = Phase::End;
        }
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
            self.into.as_ref().and_then(Into::next_retry),
            self.files.next_retry(),
        ];
        others.into_iter().flatten().chain(aways).min()
    }

    fn make(&mut self, now: Instant, shared: &mut Shared) -> (Flying, Work) {
        if self.phase == Phase::Choose {
            let naming = self.into.as_ref().map(|into| into.naming(shared));
            let work = choose::work(self.id, &self.taking, naming, shared);
            return (Flying::Choice, work);
        }
        let Some(place) = self.place.clone() else {
            return (Flying::Empty, nothing());
        };
        if self.phase == Phase::Folders {
            let folders = std::mem::take(&mut self.emptied).into_iter().collect();
            self.phase = Phase::Delete;
            return (Flying::Empty, jobs::remove_folders(place, folders));
        }
        if self.phase == Phase::Gather {
            return (Flying::Empty, self.gather(shared));
        }
        if let Some(attempt) = self.into.as_mut().and_then(|into| into.take_look(now)) {
            let work = self.look_into(attempt.item, shared);
            return (Flying::Into(attempt), work);
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
            let files = batch.iter().map(|attempt| attempt.item);
            let files = files.map(|at| (at, self.target_of(at))).collect();
            return (Flying::Files(batch), jobs::take_away(place, files));
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
            let files = || batch.iter().map(|attempt| attempt.item);
            let paths = files().map(|at| place.set.absolute(at));
            let to = files().filter_map(|at| Some(self.into.as_ref()?.absolute(at)));
            shared.intend_to(self.id, paths, to);
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
            Phase::Into => {
                let into = self.into.as_mut();
                let ready = into.map_or(0, |into| into.looks_ready(now));
                (self.roles(), ready)
            }
            Phase::Delete => self.deletion(now),
            Phase::Folders if self.flying.is_empty() => (self.roles(), 1),
            Phase::Gather if self.flying.is_empty() => (Roles::none(), 1),
            Phase::Choose | Phase::Turn | Phase::Folders | Phase::Gather => (Roles::none(), 0),
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

/// For a state that cannot be: nothing is done, and the step ends by itself.
pub(super) fn nothing() -> Work {
    Box::new(|_| output(Output::Emptied(Vec::new())))
}

pub(super) fn output(output: Output) -> super::Output {
    super::Output::Delete(Box::new(output))
}
