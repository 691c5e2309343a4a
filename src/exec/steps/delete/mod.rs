//! `delete`: choose by proof, count against `max`, list each folder again, delete, remove empty folders.
//!
//! Nothing is deleted before every folder has been listed again, and nothing at all when one of these
//! listings is incomplete.

mod choose;
mod jobs;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use crate::event::{Event, FileOutcome};
use crate::files::{FileSet, Side};
use crate::journal::Mark;
use crate::plan::{self, StepId};

use super::{Ending, JobWork, Machine, Next, Stop, left_undone, panicked};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::job::{JobId, Roles};
use crate::exec::shared::Shared;
use crate::transfer::{Fate, Role};
use choose::Chosen;
use jobs::Deletion;

/// Files that one job deletes at most.
const BATCH: usize = 32;

pub(super) struct Delete {
    id: StepId,
    delete: plan::Delete,
    phase: Phase,
    side: Side,
    set: Option<FileSet>,
    /// Positions still to be looked at, by folder.
    folders: Backlog<Arc<FolderOf>>,
    files: Backlog<u32>,
    emptied: BTreeMap<Vec<u8>, ()>,
    flying: HashMap<JobId, Flying>,
    /// Deletions whose reply was lost: if the file is gone when looked at again, it was we who deleted it; if it is
    /// not, the tries made so far still count.
    unsure: HashMap<u32, Try<u32>>,
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
    Survey,
    Delete,
    Folders,
    End,
}

enum Flying {
    Choice,
    Folder(Try<Arc<FolderOf>>),
    Files(Vec<Try<u32>>),
    Empty,
}

/// What a job of a delete step gives back.
pub(in crate::exec) enum Output {
    /// Which files are meant.
    Chosen(Result<Chosen, Fault>),
    /// What stands now where they stood.
    Surveyed(Result<Vec<(u32, Fate)>, Fault>),
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
            set: None,
            folders: Backlog::new(),
            files: Backlog::new(),
            emptied: BTreeMap::new(),
            flying: HashMap::new(),
            unsure: HashMap::new(),
            fault: None,
            stopped: None,
            failures: 0,
        }
    }

    fn roles(&self) -> Roles {
        Roles::one(Role::Source, self.side)
    }

    fn text(&self, at: u32) -> String {
        self.set
            .as_ref()
            .map(|set| set.text(at))
            .unwrap_or_default()
    }

    fn fail_file(&mut self, at: u32, fault: Fault, shared: &mut Shared) {
        self.failures += 1;
        let outcome = FileOutcome::Failed {
            failure: fault.failure,
        };
        shared.file(self.id, self.text(at), outcome, 0);
    }

    fn take_choice(&mut self, chosen: Result<Chosen, Fault>, shared: &mut Shared) {
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(fault) => return self.refuse(fault),
        };
        for (file, reason) in chosen.left_out {
            let outcome = FileOutcome::Skipped { reason };
            shared.file(self.id, file, outcome, 0);
        }
        if chosen.unproven > 0 {
            let text = format!(
                "{} not deleted, because not proven at every destination",
                chosen.unproven
            );
            shared.warn_step(self.id, text);
        }
        if let Some(folders) = chosen.only_folders {
            let text = match folders {
                1 => "nothing to delete: what was chosen is 1 folder, and only files are deleted"
                    .into(),
                _ => format!(
                    "nothing to delete: what was chosen is {folders} folders, and only files are deleted"
                ),
            };
            shared.warn_step(self.id, text);
        }
        let count = (chosen.set.len() + chosen.deleted.len()) as u64;
        shared.emit(Event::StepSized {
            step: self.id.0 as usize,
            files: count,
            bytes: 0,
        });
        if count > self.delete.max {
            let fault = Fault::permanent(format!(
                "{count} files would be deleted, more than `max: {}`; nothing was deleted",
                self.delete.max
            ))
            .help(format!(
                "look at what would be deleted, then write `max: {count}` or choose fewer files"
            ));
            return self.refuse(fault);
        }
        self.side = chosen.set.side();
        // It may have been killed before it removed their folders.
        for relative in &chosen.deleted {
            self.note_emptied(relative);
        }
        // A deletion that an interrupted run had begun is looked at: gone means that it was done.
        if let Some(kept) = shared.kept(self.id) {
            let begun = chosen.set.positions();
            let begun = begun.filter(|at| kept.begun.contains(&chosen.set.absolute(*at)));
            self.unsure.extend(begun.map(|at| (at, Try::first(at))));
        }
        for folder in by_folder(&chosen.set) {
            self.folders.push(Arc::new(folder));
        }
        self.set = Some(chosen.set);
        self.phase = Phase::Survey;
    }

    /// Nothing is deleted any more.
    fn refuse(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.folders.drain().for_each(drop);
        self.files.drain().for_each(drop);
        self.phase = Phase::End;
    }

    fn take_survey(
        &mut self,
        mut attempt: Try<Arc<FolderOf>>,
        surveyed: Result<Vec<(u32, Fate)>, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        match surveyed {
            Ok(fates) => {
                for (at, fate) in fates {
                    self.take_fate(at, fate, shared);
                }
            }
            Err(fault) => match self.again(&mut attempt, &fault, shared) {
                Some(wait) => self.folders.retry(attempt, now + wait),
                None => self.refuse(fault),
            },
        }
    }

    fn take_fate(&mut self, at: u32, fate: Fate, shared: &mut Shared) {
        let unsure = self.unsure.remove(&at);
        match fate {
            Fate::Delete => match unsure {
                Some(attempt) => self.files.put_back([attempt]),
                None => self.files.push(at),
            },
            Fate::Gone if unsure.is_some() => self.deleted(at, FileOutcome::Deleted, shared),
            Fate::Gone => self.deleted(at, FileOutcome::WasNotThere, shared),
            Fate::Keep(how) => {
                let fault = Fault::permanent(format!("it was kept: {how}"))
                    .about(self.text(at))
                    .help(match shared.resumed.is_some() {
                        true => "run without `--resume`, which lists the source anew and transfers what changed",
                        false => "run the manifest again to transfer what changed",
                    });
                self.fail_file(at, fault, shared);
            }
        }
    }

    fn deleted(&mut self, at: u32, outcome: FileOutcome, shared: &mut Shared) {
        let text = self.text(at);
        if matches!(outcome, FileOutcome::WasNotThere) {
            shared.warn_step(self.id, format!("`{text}` was not there"));
        }
        if let Some(relative) = self.set.as_ref().map(|set| set.relative(at)) {
            self.note_emptied(&relative);
        }
        let path = self.set.as_ref().map(|set| set.absolute(at));
        if let Some(path) = path.filter(|_| shared.keeps_journal()) {
            shared.mark(self.id, &path, Mark::Deleted);
        }
        shared.file(self.id, text, outcome, 0);
    }

    /// The folders above a deleted file may be empty now.
    fn note_emptied(&mut self, relative: &[u8]) {
        self.emptied
            .extend(parents(relative).map(|parent| (parent.to_vec(), ())));
    }

    fn take_deletions(
        &mut self,
        attempts: Vec<Try<u32>>,
        mut done: HashMap<u32, Result<Deletion, Fault>>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let mut left = Vec::new();
        for mut attempt in attempts {
            let at = attempt.item;
            match done.remove(&at) {
                None => left.push(attempt),
                Some(Ok(Deletion::Deleted)) => self.deleted(at, FileOutcome::Deleted, shared),
                Some(Ok(Deletion::WasNotThere)) => {
                    self.deleted(at, FileOutcome::WasNotThere, shared)
                }
                Some(Ok(Deletion::Unknown(fault))) => {
                    match self.again(&mut attempt, &fault, shared) {
                        Some(wait) => self.look_again(attempt, now + wait),
                        None => self.fail_file(at, fault, shared),
                    }
                }
                Some(Err(fault)) => match self.again(&mut attempt, &fault, shared) {
                    Some(wait) => self.files.retry(attempt, now + wait),
                    None => self.fail_file(at, fault, shared),
                },
            }
        }
        self.files.put_back(left);
    }

    /// The reply to a deletion was lost: it is looked for, never deleted again blindly.
    fn look_again(&mut self, attempt: Try<u32>, at: Instant) {
        let Some(set) = &self.set else { return };
        let relative = set.relative(attempt.item);
        let folder = parents(&relative).next().unwrap_or_default().to_vec();
        self.unsure.insert(attempt.item, attempt);
        let folder = Arc::new(FolderOf {
            folder,
            positions: vec![attempt.item],
        });
        let attempt = Try {
            item: folder,
            failed: attempt.failed,
            reset: attempt.reset,
        };
        self.folders.retry(attempt, at);
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
    fn settle(&mut self, shared: &Shared) {
        let busy = !self.flying.is_empty() || !self.folders.is_empty();
        if self.phase == Phase::Survey && !busy {
            self.phase = if shared.preview {
                Phase::End
            } else {
                Phase::Delete
            };
        }
        if self.phase == Phase::Delete && !busy && self.files.is_empty() {
            let remove =
                self.delete.remove_empty && !self.emptied.is_empty() && self.stopped.is_none();
            self.phase = if remove { Phase::Folders } else { Phase::End };
        }
        if self.stopped.is_some() && self.flying.is_empty() {
            self.phase = Phase::End;
        }
    }

    fn ending(&mut self, shared: &mut Shared) -> Ending {
        let mut left: Vec<u32> = self.files.drain().map(|attempt| attempt.item).collect();
        if shared.preview {
            // What would be done is told as done.
            for at in left.drain(..) {
                shared.file(self.id, self.text(at), FileOutcome::Deleted, 0);
            }
        }
        if let Some(stop) = &self.stopped {
            let folders = self.folders.drain();
            let unseen: usize = folders.map(|folder| folder.item.positions.len()).sum();
            let left = left.len() + unseen;
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
}

impl Machine for Delete {
    fn next(&mut self, now: Instant, shared: &mut Shared) -> Next {
        self.settle(shared);
        let (roles, more) = match self.phase {
            // What other jobs find is still to be taken in, and the ending is told once.
            Phase::End if !self.flying.is_empty() => return Next::Wait(None),
            Phase::End => return Next::Done(self.ending(shared)),
            _ if self.stopped.is_some() => return Next::Wait(None),
            Phase::Choose if self.flying.is_empty() => (Roles::one(Role::Target, Side::Local), 1),
            Phase::Survey => (self.roles(), self.folders.ready(now)),
            Phase::Delete if self.folders.ready(now) > 0 => (self.roles(), 1),
            Phase::Delete => (self.roles(), self.files.ready(now).div_ceil(BATCH / 8)),
            Phase::Folders if self.flying.is_empty() => (self.roles(), 1),
            Phase::Choose | Phase::Folders => (Roles::none(), 0),
        };
        if more > 0 {
            return Next::Job { roles, more };
        }
        let retries = [self.folders.next_retry(), self.files.next_retry()];
        Next::Wait(retries.into_iter().flatten().min())
    }

    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork {
        let (flying, work) = match self.phase {
            Phase::Choose => (
                Flying::Choice,
                choose::work(self.id, self.delete.clone(), shared),
            ),
            Phase::Folders => {
                let folders = std::mem::take(&mut self.emptied).into_keys().collect();
                self.phase = Phase::Delete;
                let work = jobs::remove_folders(self.target(shared), folders);
                (Flying::Empty, work)
            }
            _ => match self.folders.take(now) {
                Some(attempt) => {
                    let work = jobs::survey(self.target(shared), Arc::clone(&attempt.item));
                    (Flying::Folder(attempt), work)
                }
                None => {
                    let batch: Vec<Try<u32>> = std::iter::from_fn(|| self.files.take(now))
                        .take(BATCH)
                        .collect();
                    let positions = batch.iter().map(|attempt| attempt.item).collect();
                    if let Some(set) = &self.set {
                        let paths = batch.iter().map(|attempt| set.absolute(attempt.item));
                        shared.intend(self.id, paths);
                    }
                    let work = jobs::delete(self.target(shared), positions);
                    (Flying::Files(batch), work)
                }
            },
        };
        self.flying.insert(job, flying);
        JobWork::quiet(work)
    }

    fn returned(&mut self, job: JobId, output: super::Output, now: Instant, shared: &mut Shared) {
        let Some(flying) = self.flying.remove(&job) else {
            return;
        };
        let output = match output {
            super::Output::Delete(output) => *output,
            super::Output::Panicked(words) => return self.refuse(panicked(&words)),
            _ => return,
        };
        match (flying, output) {
            (Flying::Choice, Output::Chosen(chosen)) => self.take_choice(chosen, shared),
            (Flying::Folder(attempt), Output::Surveyed(surveyed)) => {
                self.take_survey(attempt, surveyed, now, shared);
            }
            (Flying::Files(attempts), Output::Deleted(done)) => {
                self.take_deletions(attempts, done.into_iter().collect(), now, shared);
            }
            (Flying::Empty, Output::Emptied(warnings)) => {
                for text in warnings {
                    shared.warn_step(self.id, text);
                }
            }
            _ => {}
        }
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        self.stopped.get_or_insert_with(|| stop.clone());
    }
}

impl Delete {
    fn target(&self, shared: &Shared) -> jobs::Target {
        jobs::Target {
            name: shared.plan.side_name(self.side).to_owned(),
            set: self.set.clone(),
            limits: shared.limits(self.side),
        }
    }
}

fn by_folder(set: &FileSet) -> Vec<FolderOf> {
    let mut folders: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
    for at in set.positions() {
        let relative = set.relative(at);
        let folder = parents(&relative).next().unwrap_or_default();
        folders.entry(folder.to_vec()).or_default().push(at);
    }
    let folders = folders.into_iter();
    folders
        .map(|(folder, positions)| FolderOf { folder, positions })
        .collect()
}

/// The folders above a relative path, nearest first, without the root.
fn parents(relative: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = relative;
    std::iter::from_fn(move || {
        let slash = rest.iter().rposition(|&byte| byte == b'/')?;
        rest = &rest[..slash];
        Some(rest)
    })
}
