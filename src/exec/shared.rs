//! What the steps of a run share. The dispatcher owns it; workers get copies of what they need.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crate::event::{Event, FileOutcome, RunOutcome, Stamped, StepOutcome, Tally};
use crate::files::{
    Allowance, Budget, FileSet, Limits, NameEncoding, Reach, Rename, Renaming, Route, ServerId,
    Side,
};
use crate::journal::{Journal, Mark, Record, Resumed, Seen};
use crate::plan::{Plan, Retry, StepId};
use crate::transfer::{Class, Facts, Reading};

use super::backlog::{Try, pause};
use super::earlier::Earlier;
use super::fault::Fault;
use super::folder_marks::FolderMarks;
use super::plan_facts::{firsts, readers, readings};
use super::proofs::{Ledger, Proofs};
use super::roles::JobId;
use super::world::{Executor, World};

/// The state that steps read and write, on the dispatcher's thread only.
pub(super) struct Shared {
    pub(super) plan: Arc<Plan>,
    pub(super) world: Arc<dyn World>,
    /// What each step yields, once it has ended.
    pub(super) sets: Vec<Option<FileSet>>,
    /// How many steps have yet to read each.
    readers: Vec<usize>,
    pub(super) proofs: Arc<Proofs>,
    /// Whether `plan` is asked for: steps survey and decide, and change nothing.
    pub(super) preview: bool,
    pub(super) tally: Tally,
    /// What an interrupted run has journaled, when it is resumed.
    pub(super) resumed: Option<Arc<Resumed>>,
    journal: Option<Journal>,
    /// The markers that successful runs have seen.
    pub(super) seen: Option<Arc<Seen>>,
    pub(super) folder_marks: FolderMarks,
    pub(super) earlier: Earlier,
    pub(super) facts: Vec<Facts>,
    /// What all lists of servers may hold at once.
    budget: Budget,
    /// For each server the first one of its key.
    firsts: Vec<ServerId>,
    /// Who reads the times of each server.
    pub(super) readings: Arc<[Reading]>,
    /// The job whose end is being taken in: what is told of files meanwhile is its work.
    job: Option<JobId>,
    /// Hashes of the warnings that were given.
    said: HashSet<u64>,
    said_by: RandomState,
    keeps_proofs: bool,
    /// Deletions that have begun to look at copies.
    deleting: Vec<StepId>,
    executor: Arc<dyn Executor>,
    started: Instant,
    /// The same in Unix seconds.
    began: i64,
    events: SyncSender<Stamped>,
}

impl Shared {
    pub(super) fn new(
        plan: Arc<Plan>,
        world: Arc<dyn World>,
        executor: Arc<dyn Executor>,
        preview: bool,
        events: SyncSender<Stamped>,
    ) -> Shared {
        Shared {
            sets: vec![None; plan.steps.len()],
            readers: readers(&plan),
            // Not clones of one, which would share what they learn.
            facts: plan.servers.iter().map(|_| Facts::default()).collect(),
            budget: Budget::new(plan.entries),
            firsts: firsts(&plan),
            readings: readings(&plan),
            proofs: Arc::new(Proofs::default()),
            deleting: Vec::new(),
            keeps_proofs: plan.steps.iter().any(|step| step.kind.removes()),
            plan,
            world,
            preview,
            tally: Tally::default(),
            resumed: None,
            journal: None,
            seen: None,
            folder_marks: FolderMarks::default(),
            earlier: Earlier::default(),
            job: None,
            said: HashSet::new(),
            said_by: RandomState::new(),
            started: executor.now(),
            began: executor.unix_now(),
            executor,
            events,
        }
    }

    /// Keeps a journal, and what an interrupted run has left in it.
    pub(super) fn keep(&mut self, journal: Option<Journal>, resumed: Option<Arc<Resumed>>) {
        self.journal = journal;
        self.resumed = resumed;
        self.recall_deletions();
    }

    /// What an interrupted run has deleted proves nothing any more.
    fn recall_deletions(&mut self) {
        let (Some(resumed), plan) = (self.resumed.clone(), Arc::clone(&self.plan)) else {
            return;
        };
        for step in plan.steps.iter().filter(|step| step.kind.removes()) {
            let Some(record) = resumed.step(&step.name) else {
                continue;
            };
            let sides: Vec<Side> = step.changes.iter().map(|s| self.identity(*s)).collect();
            let proofs = Arc::make_mut(&mut self.proofs);
            for side in sides {
                for (path, mark) in record.marks.iter().filter(|(_, mark)| mark.is_gone()) {
                    proofs.recall_end(side, path);
                    if let Mark::Moved(to) = mark {
                        proofs.carry(side, path, &to.bytes());
                    }
                }
            }
        }
    }

    /// What is told from here on is the work of a job, or of none.
    pub(super) fn work_of(&mut self, job: Option<JobId>) {
        self.job = job;
    }

    /// Tallies an event and passes it on. A report that has died changes nothing here.
    pub(super) fn emit(&mut self, event: Event) {
        self.emit_at(self.executor.now(), event);
    }

    /// Tells what happened a moment ago.
    pub(super) fn emit_at(&mut self, at: Instant, event: Event) {
        let elapsed = at.saturating_duration_since(self.started);
        let at_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let stamped = Stamped::new(at_ms, event);
        self.tally.take(&stamped);
        let _ = self.events.send(stamped);
    }

    /// Counts a failed try of a step's work; the wait before the next one, which is told. None where there is no
    /// further try, or where it could not help.
    pub(super) fn try_again<T>(
        &mut self,
        step: StepId,
        attempt: &mut Try<T>,
        fault: &Fault,
        progressed: bool,
    ) -> Option<Duration> {
        let retry = self.plan.step(step).retry;
        let again = matches!(fault.class, Class::Transient | Class::TooManySessions);
        // It may owe its failure to lines that were sent ahead, which the server is not sent any more.
        let excused = attempt.is_excused(self.doubts()) && fault.class != Class::Interrupted;
        let chance = self.executor.chance();
        let wait = match (excused, again) {
            (true, _) => pause(&retry, 1, chance),
            (false, true) => attempt.again(&retry, progressed, chance)?,
            (false, false) => return None,
        };
        self.retrying(step, fault, attempt.failed, &retry, wait);
        Some(wait)
    }

    /// The wait before a further try of a login.
    pub(super) fn pause(&self, retry: &Retry, failed: u32) -> Duration {
        pause(retry, failed, self.executor.chance())
    }

    /// Tells that something is tried again after a wait.
    pub(super) fn retrying(
        &mut self,
        step: StepId,
        fault: &Fault,
        failed: u32,
        retry: &Retry,
        wait: Duration,
    ) {
        self.emit(Event::Retrying {
            step: step.0 as usize,
            job: self.job.map(|job| job.0),
            failure: fault.failure.clone(),
            attempt: failed,
            attempts: retry.attempts,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// Warns about a server, once for each text.
    pub(super) fn warn_server(&mut self, server: &str, text: String) {
        self.warn(None, Some(server), text);
    }

    /// Warns about a step, once for each text.
    pub(super) fn warn_step(&mut self, step: StepId, text: String) {
        self.warn(Some(step), None, text);
    }

    /// Tells what became of a file.
    pub(super) fn file(&mut self, step: StepId, file: String, outcome: FileOutcome, bytes: u64) {
        self.emit(Event::FileFinished {
            step: step.0 as usize,
            job: self.job.map(|job| job.0),
            file,
            outcome,
            bytes,
        });
    }

    /// The proofs, to be written; none where no step of the plan will ask for them.
    pub(super) fn proofs(&mut self) -> Option<&mut Proofs> {
        self.keeps_proofs.then(|| Arc::make_mut(&mut self.proofs))
    }

    /// What is known of a transfer that never came to know its two ends: nothing of its files is told.
    pub(super) fn untold(&self, step: StepId) -> Option<Ledger> {
        let step = self.plan.step(step);
        let set = self.set_of(*step.takes.first()?)?;
        let side = self.identity(set.side());
        let route = Route {
            side,
            root: Vec::new(),
            reach: Reach::AnyBytes,
            encoding: set.encoding(),
            keeps_spaces: true,
            flatten: false,
            rename: renaming(step.action.rename()),
            keeps_size: true,
            keeps_times: true,
        };
        Some(Ledger::new(set, route, side, side))
    }

    /// Whether a deletion may look at the copies that it relies on: no other one that may take them away is under way, under
    /// whatever path it knows them.
    pub(super) fn enter_delete(&mut self, id: StepId) -> bool {
        let plan = &self.plan;
        let free = !self
            .deleting
            .iter()
            .any(|other| plan.takings_meet(id, *other));
        if free {
            self.deleting.push(id);
        }
        free
    }

    /// A deletion has ended.
    pub(super) fn leave_delete(&mut self, id: StepId) {
        self.deleting.retain(|other| *other != id);
    }

    /// Whether folders are known by what their paths lead to: a step deletes files, or knows them in later runs.
    pub(super) fn finds_places(&self) -> bool {
        self.keeps_proofs || self.plan.asks_ledger()
    }

    /// A step has ended with this set, and has read those that it takes: what nobody will read goes.
    pub(super) fn hand_on(&mut self, ended: StepId, set: Option<FileSet>) {
        self.sets[ended.0 as usize] = set.filter(|_| self.readers[ended.0 as usize] > 0);
        let plan = Arc::clone(&self.plan);
        for from in &plan.step(ended).takes {
            let at = from.0 as usize;
            self.readers[at] = self.readers[at].saturating_sub(1);
            if self.readers[at] == 0 {
                self.sets[at] = None;
            }
        }
    }

    /// The set that a step has yielded; empty sets stand for none, so that nothing is done with them.
    pub(super) fn set_of(&self, step: StepId) -> Option<FileSet> {
        self.sets[step.0 as usize].clone()
    }

    /// How many sessions a side may have at once; this machine is one.
    pub(super) fn sessions_of(&self, side: Side) -> usize {
        match side {
            Side::Local => 1,
            Side::Server(server) => self.plan.server(server).endpoint.connections.max(1) as usize,
        }
    }

    /// Whether a file of a step failed.
    pub(super) fn any_file_failed(&self, step: StepId) -> bool {
        let tally = self.tally.steps.get(step.0 as usize);
        tally.is_some_and(|tally| tally.failed > 0)
    }

    /// Whether a step never starts.
    pub(super) fn was_skipped(&self, step: StepId) -> bool {
        let tally = self.tally.steps.get(step.0 as usize);
        tally.is_some_and(|tally| matches!(tally.outcome, Some(StepOutcome::Skipped { .. })))
    }

    /// The encoding of names on a side.
    pub(super) fn encoding(&self, side: Side) -> NameEncoding {
        match side {
            Side::Local => NameEncoding::Auto,
            Side::Server(server) => self.plan.server(server).endpoint.encoding,
        }
    }

    /// When the run began, or the interrupted one whose listings it goes on with, in Unix seconds.
    pub(super) fn began(&self) -> i64 {
        let interrupted = self.resumed.as_ref().map(|resumed| resumed.started);
        interrupted.map_or(self.began, |began| began.min(self.began))
    }

    /// Who reads a side's times.
    pub(super) fn reading(&self, side: Side) -> Reading {
        Reading::of(side, &self.readings)
    }

    /// What a step may take from a side's listings: this machine's own are taken whole.
    pub(super) fn limits(&self, side: Side) -> Limits {
        match side {
            Side::Local => Limits::NONE,
            Side::Server(server) => self.plan.server(server).endpoint.limits,
        }
    }

    /// The same for a list, whose entries the run holds.
    pub(super) fn allowance(&self, side: Side) -> Allowance {
        match side {
            Side::Local => Allowance::new(Limits::NONE),
            Side::Server(_) => Allowance::within(self.limits(side), &self.budget),
        }
    }

    /// What bytes a side takes in names.
    pub(super) fn reach(&self, side: Side) -> Reach {
        let Side::Server(server) = side else {
            return Reach::Local;
        };
        match self.encoding(side) {
            NameEncoding::Auto if self.facts(server).takes_any_bytes() => Reach::AnyBytes,
            encoding => Reach::Text(encoding),
        }
    }

    /// One side for all entries of one key.
    pub(super) fn identity(&self, side: Side) -> Side {
        match side {
            Side::Local => side,
            Side::Server(server) => Side::Server(self.firsts[server.at()]),
        }
    }

    /// The key of a server, empty for this machine.
    pub(super) fn identity_text(&self, side: Side) -> String {
        side.server().map_or_else(String::new, |server| {
            self.plan.server(server).endpoint.key().to_string()
        })
    }

    /// The last event.
    pub(super) fn finish(&mut self, outcome: RunOutcome) {
        self.end_marks();
        if outcome == RunOutcome::Done {
            self.keep_seen();
            self.record(&Record::Done);
        }
        self.with_journal(Journal::sync);
        self.emit(Event::RunFinished { outcome });
    }

    /// Warns about the run as a whole.
    pub(super) fn warn_run(&mut self, text: String) {
        self.warn(None, None, text);
    }

    pub(super) fn keeps_journal(&self) -> bool {
        self.journal.is_some()
    }

    pub(super) fn journal_mut(&mut self) -> Option<&mut Journal> {
        self.journal.as_mut()
    }

    /// The journal, which is not kept any more.
    pub(super) fn take_journal(&mut self) -> Option<Journal> {
        self.journal.take()
    }

    fn warn(&mut self, step: Option<StepId>, server: Option<&str>, text: String) {
        let hash = self.said_by.hash_one((step, server, &text));
        if self.said.insert(hash) {
            self.emit(Event::Warning {
                step: step.map(|step| step.0 as usize),
                server: server.map(str::to_owned),
                text,
            });
        }
    }
}

/// The names that a transfer gives its files. One that cannot be read has failed the survey.
pub(super) fn renaming(rename: Option<&Rename>) -> Option<Arc<Renaming>> {
    let ready = rename?.ready();
    ready.ok().map(Arc::new)
}
