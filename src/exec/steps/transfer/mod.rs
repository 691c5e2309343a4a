//! `download`, `upload` and `relay`: survey the destination, decide, make folders, move, publish.
//!
//! One machine for all three: they only name two ends. The first two phases change nothing anywhere;
//! `plan` runs no further.

mod batch;
mod ends;
mod full;
mod jobs;
mod moving;
mod names;
mod naming;
mod recall;
mod survey;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::event::{FileOutcome, StepOutcome};
use crate::files::{FileSet, Route};
use crate::journal::Mark;
use crate::options::{Publish, Verify};
use crate::plan::{self, StepId};
use crate::transfer::{Copied, Decision, Decisions, Doubt, Inventory, Looks, Refusal, Role, Skip};

use super::{Ending, JobWork, Machine, Next, Stop, left_undone, panicked};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::job::{JobId, Roles};
use crate::exec::proofs::{Row, Stand};
use crate::exec::shared::Shared;
use ends::{Ends, Wishes};
use full::Broken;
use survey::{Shown, Survey};

/// Files that one job moves at most.
const BATCH: usize = 32;
/// Decisions told in one go: the dispatcher must not be kept from other steps.
const TOLD_AT_ONCE: u32 = 2000;

pub(super) struct Transfer {
    id: StepId,
    transfer: plan::Transfer,
    phase: Phase,
    wishes: Arc<Wishes>,
    set: Option<FileSet>,
    ends: Option<Arc<Ends>>,
    survey: Survey,
    inventory: Arc<Inventory>,
    decisions: Arc<Decisions>,
    told: u32,
    /// Files that had arrived in an interrupted run, and do not stand there any more.
    missed: u64,
    /// Tries of the job that a phase consists of, and when the next may start.
    whole: Try<()>,
    not_before: Option<Instant>,
    backlog: Backlog<u32>,
    flying: HashMap<JobId, Flying>,
    /// Positions of files that stand whole at the destination.
    standing: Vec<u32>,
    /// With `publish: set`, those that have arrived under their temporary names.
    arrived: VecDeque<(u32, Copied)>,
    /// Those of them that have their final names.
    named: Vec<u32>,
    /// What is to be looked at before a file is tried again.
    doubts: HashMap<u32, Doubt>,
    /// What the server broke off.
    broken: HashMap<u32, Broken>,
    /// Bytes that failed tries of a file have moved, until it is told what became of it.
    spent: HashMap<u32, u64>,
    /// Failed files of which something stands at the destination.
    left_behind: Vec<u32>,
    /// What was seen of files that have arrived, until it is told.
    arrivals: HashMap<u32, (Looks, Looks)>,
    failures: u64,
    fault: Option<Fault>,
    stopped: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Where `into` lies, and what stands in it.
    Root,
    /// Which folders the files will lie in.
    Route,
    /// What stands in these.
    Survey,
    Decide,
    /// Names that listings may not show.
    Ask,
    /// Decide again, with the answers.
    Settle,
    /// Tell what is left alone, and queue the rest.
    Tell,
    Folders,
    Move,
    Publish,
    /// Remove what failed files left behind.
    Clear,
    End,
}

enum Flying {
    Whole,
    Folder(Try<Vec<u8>>),
    Files(Vec<Try<u32>>),
}

/// What a job of a transfer step gives back.
pub(in crate::exec) enum Output {
    Rooted(Result<survey::Rooted, Fault>),
    Routed(Vec<Vec<u8>>),
    Surveyed(Result<Shown, Fault>),
    Decided(Result<Decisions, Fault>),
    Asked(Result<survey::Answers, Fault>),
    Foldered(Result<jobs::Foldered, Fault>),
    Moved(Vec<(u32, batch::Moved)>),
    Published(Vec<(u32, batch::Named)>),
    Cleared(Vec<(u32, Fault)>),
}

impl Transfer {
    pub(super) fn new(step: &plan::Step, transfer: &plan::Transfer, shared: &Shared) -> Transfer {
        Transfer {
            id: step.id,
            transfer: transfer.clone(),
            phase: Phase::Root,
            wishes: Arc::new(Wishes::new(step, transfer, shared)),
            set: shared.set_of(transfer.from),
            ends: None,
            survey: Survey::default(),
            inventory: Arc::default(),
            decisions: Arc::default(),
            told: 0,
            missed: 0,
            whole: Try::first(()),
            not_before: None,
            backlog: Backlog::new(),
            flying: HashMap::new(),
            standing: Vec::new(),
            arrived: VecDeque::new(),
            named: Vec::new(),
            doubts: HashMap::new(),
            broken: HashMap::new(),
            spent: HashMap::new(),
            left_behind: Vec::new(),
            arrivals: HashMap::new(),
            failures: 0,
            fault: None,
            stopped: None,
        }
    }

    fn target_roles(&self) -> Roles {
        Roles::one(Role::Target, self.transfer.to)
    }

    fn both_roles(&self) -> Roles {
        Roles::pair(self.transfer.source, self.transfer.to)
    }

    /// Further jobs that may move files beside those in flight.
    fn room(&self, waiting: usize) -> usize {
        let most = self
            .transfer
            .options
            .parallel
            .map_or(usize::MAX, |most| most.max(1) as usize);
        waiting.min(most.saturating_sub(self.flying.len()))
    }

    fn text(&self, at: u32) -> String {
        self.set
            .as_ref()
            .map(|set| set.text(at))
            .unwrap_or_default()
    }

    /// The step as a whole cannot go on.
    fn refuse(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.phase = Phase::End;
    }

    fn again<T>(
        &self,
        attempt: &mut Try<T>,
        fault: &Fault,
        progressed: bool,
        shared: &mut Shared,
    ) -> Option<std::time::Duration> {
        if self.stopped.is_some() {
            return None;
        }
        shared.try_again(self.id, attempt, fault, progressed)
    }

    /// The one job of a phase failed: it is tried again where that can help.
    fn whole_failed(&mut self, fault: Fault, now: Instant, shared: &mut Shared) {
        let mut attempt = self.whole;
        match self.again(&mut attempt, &fault, false, shared) {
            Some(wait) => self.not_before = Some(now + wait),
            None => self.refuse(fault),
        }
        self.whole = attempt;
    }

    /// The one job of a phase is done.
    fn go_on(&mut self, phase: Phase) {
        self.whole = Try::first(());
        self.phase = phase;
    }

    /// Tells what became of a file, and keeps what a later `delete` will ask.
    fn finish_file(&mut self, at: u32, outcome: FileOutcome, bytes: u64, shared: &mut Shared) {
        let proven = match &outcome {
            FileOutcome::Transferred => true,
            FileOutcome::Unchanged => self.wishes.request(false).same_is_proof().is_ok(),
            _ => false,
        };
        let stands = !matches!(
            outcome,
            FileOutcome::Failed { .. } | FileOutcome::Skipped { .. }
        );
        self.failures += u64::from(matches!(outcome, FileOutcome::Failed { .. }));
        self.mark(at, &outcome, proven, shared);
        if stands {
            self.standing.push(at);
        }
        self.prove(at, stand_of(&outcome, proven), shared);
        self.broken.remove(&at);
        let spent = self.spent.remove(&at).unwrap_or(0);
        shared.file(self.id, self.text(at), outcome, spent + bytes);
    }

    fn prove(&mut self, at: u32, stand: Stand, shared: &mut Shared) {
        let seen = self.arrivals.remove(&at);
        let (Some(set), Some(ends)) = (&self.set, &self.ends) else {
            return;
        };
        let Some(proofs) = shared.proofs() else {
            return;
        };
        let listed = || {
            let relative = ends.route.relative(set, at).unwrap_or_default();
            let standing = self.inventory.standing(&relative);
            let copy = Looks {
                size: standing.and_then(|standing| standing.size),
                modified: standing.and_then(|standing| standing.modified),
            };
            let source = Looks {
                size: set.size(at),
                modified: set.modified(at),
            };
            (copy, source)
        };
        let (copy, source) = seen.unwrap_or_else(listed);
        let row = Row {
            stand,
            copy,
            source,
            ..Row::default()
        };
        proofs.record(self.id, at, row);
    }

    /// Takes in what was found out about the folders of a file, and what stands there now.
    pub(super) fn see(&mut self, at: u32, copied: &Copied, shared: &mut Shared) {
        let copy = Looks {
            size: copied.source.size,
            modified: copied.time,
        };
        self.arrivals.insert(at, (copy, copied.source));
        let (Some(verdict), Some(proofs)) = (&copied.places, shared.proofs()) else {
            return;
        };
        let pair = proofs.of(self.id).and_then(|ledger| {
            let (target, _) = ledger.copy(at)?;
            Some((ledger.source(at).0, target))
        });
        if let Some((source, target)) = pair {
            proofs.judge(source, target, verdict);
        }
    }

    fn fail_file(&mut self, at: u32, fault: Fault, bytes: u64, shared: &mut Shared) {
        let mut failure = fault.failure;
        failure.file.get_or_insert_with(|| self.text(at));
        self.finish_file(at, FileOutcome::Failed { failure }, bytes, shared);
    }

    /// Tells some decisions that need no work, and queues the others.
    fn tell(&mut self, shared: &mut Shared) {
        let Some(set) = self.set.clone() else { return };
        let decisions = Arc::clone(&self.decisions);
        let end = set
            .positions()
            .end
            .min(self.told.saturating_add(TOLD_AT_ONCE));
        for at in self.told..end {
            let decision = decisions.of(at);
            if self.recall(at, &set, decision, shared) {
                continue;
            }
            match decision {
                // What would be done is told as done: later steps build on it.
                Decision::Transfer { .. } | Decision::Resume { .. } if shared.preview => {
                    let bytes = set.size(at).unwrap_or(0);
                    self.finish_file(at, FileOutcome::Transferred, bytes, shared);
                }
                Decision::Transfer { .. } | Decision::Resume { .. } => {
                    self.prove(at, Stand::Open, shared);
                    self.backlog.push(at);
                }
                // Its size and time prove no checksum: a job asks for it.
                Decision::Same if self.compares_unchanged() && !shared.preview => {
                    self.prove(at, Stand::Open, shared);
                    self.backlog.push(at);
                }
                Decision::Same => self.finish_file(at, FileOutcome::Unchanged, 0, shared),
                Decision::Skip(Skip::Folder) => {}
                Decision::Skip(skip) => self.skip(at, skip, shared),
                Decision::Refuse(number) => {
                    let fault = refused(decisions.refusal(number));
                    self.fail_file(at, fault, 0, shared);
                }
            }
        }
        self.told = end;
        if end == set.positions().end {
            self.tell_missed(shared);
            self.phase = match (self.backlog.is_empty(), shared.preview) {
                (true, _) | (_, true) => Phase::End,
                (false, false) => Phase::Folders,
            };
        }
    }

    fn compares_unchanged(&self) -> bool {
        self.transfer.options.verify == Verify::Checksum
    }

    /// Journals a file that stands at its destination.
    fn mark(&self, at: u32, outcome: &FileOutcome, proven: bool, shared: &mut Shared) {
        let mark = match outcome {
            _ if proven => Mark::Proven,
            FileOutcome::Unverified { reason } => Mark::Unverified(reason.clone()),
            FileOutcome::Unchanged => Mark::Unverified("not verified".into()),
            _ => return,
        };
        if let Some(set) = self.set.as_ref().filter(|_| shared.keeps_journal()) {
            shared.mark(self.id, &set.absolute(at), mark);
        }
    }

    fn skip(&mut self, at: u32, skip: Skip, shared: &mut Shared) {
        let reason = match skip {
            Skip::Exists => "a file with that name stands at the destination",
            Skip::Link => "a symbolic link, which `follow_links: true` would resolve",
            Skip::Special | Skip::Folder => "not a regular file",
        };
        // What `if_exists: skip` leaves stands there, and is part of what the step yields.
        if skip == Skip::Exists {
            self.standing.push(at);
        }
        let outcome = FileOutcome::Skipped {
            reason: reason.into(),
        };
        let stands = skip == Skip::Exists;
        self.prove(at, if stands { Stand::Left } else { Stand::Open }, shared);
        shared.file(self.id, self.text(at), outcome, 0);
    }

    /// Files that the step never came to look at, because it was refused or stopped as a whole: a file without a
    /// record is none of this step's, and a later `delete` would take it.
    fn leave_untold(&mut self, shared: &mut Shared) {
        let end = self.set.as_ref().map_or(0, |set| set.positions().end);
        for at in self.told..end {
            self.prove(at, Stand::Open, shared);
        }
    }

    /// Files that were never begun, or whose next try never came: one note for all of them, because they have one
    /// reason. Their sources stay unproven.
    fn leave_rest(&mut self, shared: &mut Shared) {
        let left = self.backlog.drain().count();
        // A step that was refused as a whole says so itself.
        let Some(stop) = self.stopped.as_ref().filter(|_| left > 0) else {
            return;
        };
        let text = left_undone(left, "transferred", &stop.reason());
        shared.warn_step(self.id, text);
    }

    fn ending(&mut self, shared: &mut Shared) -> Ending {
        // What a stop left of a set has arrived and is not visible.
        self.publish_none(shared);
        self.leave_untold(shared);
        self.leave_rest(shared);
        let fault = self.fault.take().map(|fault| fault.failure);
        let failure = fault.or_else(|| self.stopped.as_ref().and_then(Stop::failure));
        let outcome = match failure {
            None if self.failures == 0 => StepOutcome::Done,
            failure => StepOutcome::Failed { failure },
        };
        Ending {
            outcome,
            set: self.yields(shared),
        }
    }

    /// Every file that now stands whole at the destination.
    fn yields(&mut self, shared: &Shared) -> Option<FileSet> {
        let (set, ends) = (self.set.as_ref()?, self.ends.as_ref()?);
        let route: Route = ends.route.clone();
        if shared.preview {
            let arriving = self
                .decisions
                .iter()
                .filter(|(_, decision)| would_stand(*decision));
            return Some(set.routed(arriving.map(|(at, _)| at), route));
        }
        let mut standing = std::mem::take(&mut self.standing);
        standing.sort_unstable();
        Some(set.routed(standing, route))
    }

    /// Moves on where a phase has nothing more to do.
    fn settle(&mut self) {
        let idle = self.flying.is_empty();
        if self.phase == Phase::Survey && idle && self.survey.is_done() {
            self.inventory = self.survey.inventory();
            self.phase = Phase::Decide;
        }
        if self.phase == Phase::Move && idle && self.backlog.is_empty() {
            let set = self.transfer.options.publish == Publish::Set;
            self.phase = if set && !self.arrived.is_empty() {
                Phase::Publish
            } else {
                Phase::End
            };
        }
        let over = self.stopped.is_some() || matches!(self.phase, Phase::Clear | Phase::End);
        if over && idle {
            let clears =
                !self.left_behind.is_empty() && !matches!(self.stopped, Some(Stop::Interrupted));
            self.phase = if clears { Phase::Clear } else { Phase::End };
        }
    }
}

impl Machine for Transfer {
    fn next(&mut self, now: Instant, shared: &mut Shared) -> Next {
        self.settle();
        let idle = self.flying.is_empty();
        let (roles, more) = match self.phase {
            Phase::Publish if idle && self.failures > 0 => {
                self.publish_none(shared);
                return Next::Wait(Some(now));
            }
            Phase::End if idle => return Next::Done(self.ending(shared)),
            Phase::End => return Next::Wait(None),
            Phase::Clear if idle => (self.target_roles(), 1),
            Phase::Clear => return Next::Wait(None),
            _ if self.stopped.is_some() => return Next::Wait(None),
            Phase::Tell => {
                self.tell(shared);
                return Next::Wait(Some(now));
            }
            Phase::Survey => (self.target_roles(), self.survey.ready(now)),
            Phase::Move => {
                let waiting = self.waiting(now);
                (self.both_roles(), self.room(waiting))
            }
            _ if !idle => return Next::Wait(None),
            _ if self.not_before.is_some_and(|at| at > now) => return Next::Wait(self.not_before),
            Phase::Route | Phase::Decide | Phase::Settle => (Roles::none(), 1),
            Phase::Root | Phase::Ask | Phase::Folders | Phase::Publish => (self.target_roles(), 1),
        };
        if more > 0 {
            return Next::Job { roles, more };
        }
        let retries = [self.survey.next_retry(), self.backlog.next_retry()];
        Next::Wait(retries.into_iter().flatten().min())
    }

    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork {
        let (flying, work) = self.make(now, shared);
        let moves_bytes = matches!(flying, Flying::Files(_));
        self.flying.insert(job, flying);
        JobWork { work, moves_bytes }
    }

    fn returned(&mut self, job: JobId, output: super::Output, now: Instant, shared: &mut Shared) {
        let Some(flying) = self.flying.remove(&job) else {
            return;
        };
        match output {
            super::Output::Transfer(output) => self.take(flying, *output, now, shared),
            super::Output::Panicked(words) => self.lost(flying, &words, shared),
            _ => {}
        }
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        // What cannot be cleared up without a session stays.
        self.left_behind.clear();
        self.stopped.get_or_insert_with(|| stop.clone());
    }
}

impl Transfer {
    /// A job panicked: its files fail, and no others.
    fn lost(&mut self, flying: Flying, words: &str, shared: &mut Shared) {
        match flying {
            Flying::Files(attempts) => {
                for attempt in attempts {
                    self.fail_file(attempt.item, panicked(words), 0, shared);
                }
            }
            Flying::Whole | Flying::Folder(_) => self.refuse(panicked(words)),
        }
    }
}

fn would_stand(decision: Decision) -> bool {
    match decision {
        Decision::Transfer { .. } | Decision::Resume { .. } | Decision::Same => true,
        Decision::Skip(skip) => skip == Skip::Exists,
        Decision::Refuse(_) => false,
    }
}

fn refused(refusal: &Refusal) -> Fault {
    let fault = Fault::permanent(refusal.to_string());
    match refusal.help() {
        Some(help) => fault.help(help),
        None => fault,
    }
}

/// What a later step may rely on.
fn stand_of(outcome: &FileOutcome, proven: bool) -> Stand {
    match outcome {
        FileOutcome::Transferred => Stand::Copied,
        FileOutcome::Unverified { .. } => Stand::Replied,
        FileOutcome::Unchanged if proven => Stand::Same,
        FileOutcome::Unchanged => Stand::Left,
        _ => Stand::Open,
    }
}
