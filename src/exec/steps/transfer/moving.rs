//! What each phase of a transfer step asks of its jobs, and what it makes of their ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::event::{Event, FileOutcome};
use crate::options::Publish;
use crate::transfer::{Class, Copied, Inventory};

use super::batch::{self, Arrival, Batch, Failed, Moved, Piece};
use super::ends::Ends;
use super::jobs::{self, Foldered, lies_below};
use super::survey::{self, Answers, Rooted, Shown};
use super::{BATCH, Flying, Output, Phase, Transfer};
use crate::exec::backlog::Try;
use crate::exec::fault::Fault;
use crate::exec::job::Work;
use crate::exec::proofs::Ledger;
use crate::exec::shared::Shared;
use crate::exec::steps::Stop;

impl Transfer {
    /// The job of the phase that the step is in.
    pub(super) fn make(&mut self, now: Instant, shared: &mut Shared) -> (Flying, Work) {
        let wishes = Arc::clone(&self.wishes);
        let (Some(set), ends) = (self.set.clone(), self.ends.clone()) else {
            return (Flying::Whole, jobs::nothing());
        };
        let Some(ends) = ends else {
            return (Flying::Whole, survey::root(wishes, set));
        };
        match self.phase {
            Phase::Survey => match self.survey.take(now) {
                Some(attempt) => {
                    let work = survey::folder(wishes, ends, attempt.item.clone());
                    (Flying::Folder(attempt), work)
                }
                None => (Flying::Whole, jobs::nothing()),
            },
            Phase::Decide | Phase::Settle => {
                let inventory = Arc::clone(&self.inventory);
                (Flying::Whole, jobs::compare(wishes, ends, set, inventory))
            }
            Phase::Ask => {
                let names = self.decisions.unsure.clone();
                (Flying::Whole, survey::ask(wishes, ends, names))
            }
            Phase::Folders => {
                let decisions = Arc::clone(&self.decisions);
                (Flying::Whole, jobs::folders(wishes, ends, decisions))
            }
            Phase::Move => self.batch(now, ends, shared),
            Phase::Publish => {
                self.arrived
                    .make_contiguous()
                    .sort_by_cached_key(|(at, _)| set.relative(*at));
                let paths = self.arrived.iter().map(|(at, _)| set.absolute(*at));
                shared.intend(self.id, paths);
                let arrived = self.arrived.iter().map(|(at, _)| *at).collect();
                let again = self.whole.failed > 0;
                let work = batch::publish(self.batch_of(ends), arrived, again);
                (Flying::Whole, work)
            }
            Phase::Clear => {
                let left = std::mem::take(&mut self.left_behind);
                (Flying::Whole, batch::clear(self.batch_of(ends), left))
            }
            _ => (Flying::Whole, survey::route(ends, set)),
        }
    }

    fn batch(&mut self, now: Instant, ends: Arc<Ends>, shared: &mut Shared) -> (Flying, Work) {
        // Files are dealt out so that every session that could work gets some.
        let waiting = self.waiting(now);
        let sides = [self.transfer.source, self.transfer.to];
        let sessions = sides.map(|side| shared.sessions_of(side));
        let sessions = sessions.into_iter().max().unwrap_or(1);
        let share = waiting.div_ceil(sessions).clamp(1, BATCH);
        let attempts: Vec<Try<u32>> = std::iter::from_fn(|| self.take_file(now))
            .take(share)
            .collect();
        if let Some(set) = &self.set {
            shared.intend(
                self.id,
                attempts.iter().map(|attempt| set.absolute(attempt.item)),
            );
        }
        // A doubt stays until its file was looked at: the batch may end before.
        let (doubts, broken) = (&self.doubts, &self.broken);
        let pieces = attempts.iter().map(|attempt| Piece {
            at: attempt.item,
            again: attempt.failed > 0,
            doubt: doubts.get(&attempt.item).cloned(),
            broken: broken.get(&attempt.item).cloned(),
        });
        let pieces = pieces.collect();
        let work = batch::files(self.batch_of(ends), pieces);
        (Flying::Files(attempts), work)
    }

    fn batch_of(&self, ends: Arc<Ends>) -> Batch {
        Batch {
            wishes: Arc::clone(&self.wishes),
            ends,
            set: self.set.clone(),
            inventory: Arc::clone(&self.inventory),
            decisions: Arc::clone(&self.decisions),
        }
    }

    /// Takes in the end of a job.
    pub(super) fn take(
        &mut self,
        flying: Flying,
        output: Output,
        now: Instant,
        shared: &mut Shared,
    ) {
        match (flying, output) {
            (_, Output::Rooted(rooted)) => self.rooted(rooted, now, shared),
            (_, Output::Routed(folders)) => {
                self.survey.wanted(folders);
                self.phase = Phase::Survey;
            }
            (Flying::Folder(attempt), Output::Surveyed(shown)) => {
                self.surveyed(attempt, shown, now, shared);
            }
            (_, Output::Decided(decided)) => self.decided(decided, shared),
            (_, Output::Asked(answers)) => self.asked(answers, now, shared),
            (_, Output::Foldered(made)) => self.foldered(made, now, shared),
            (Flying::Files(attempts), Output::Moved(moved)) => {
                self.moved(attempts, moved.into_iter().collect(), now, shared);
            }
            (_, Output::Published(published)) => self.published(published, now, shared),
            (_, Output::Cleared(left)) => self.cleared(left, shared),
            _ => {}
        }
    }

    fn rooted(&mut self, rooted: Result<Rooted, Fault>, now: Instant, shared: &mut Shared) {
        let rooted = match rooted {
            Ok(rooted) => rooted,
            Err(fault) => return self.whole_failed(fault, now, shared),
        };
        let ends = Ends::new(&self.wishes, &rooted, shared);
        if let (Some(set), true) = (&self.set, shared.proofs().is_some()) {
            let (from, to) = (self.transfer.source, self.transfer.to);
            let (from, to) = (shared.identity(from), shared.identity(to));
            let ledger = Ledger::new(set.clone(), ends.route.clone(), from, to);
            if let Some(proofs) = shared.proofs() {
                proofs.begin(self.id, ledger);
            }
        }
        self.ends = Some(Arc::new(ends));
        self.survey.begin(rooted);
        self.go_on(Phase::Route);
    }

    fn surveyed(
        &mut self,
        mut attempt: Try<Vec<u8>>,
        shown: Result<Shown, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        match shown {
            Ok(shown) => self.survey.shown(&attempt.item, shown),
            Err(fault) => match self.again(&mut attempt, &fault, false, shared) {
                Some(wait) => self.survey.retry(attempt, now + wait),
                None if self.survey.refused(&attempt.item, &fault) => self.refuse(fault),
                None => {}
            },
        }
    }

    fn decided(&mut self, decided: Result<crate::transfer::Decisions, Fault>, shared: &mut Shared) {
        let decisions = match decided {
            Ok(decisions) => decisions,
            Err(fault) => return self.refuse(fault),
        };
        if self.phase == Phase::Decide && !decisions.unsure.is_empty() {
            self.decisions = Arc::new(decisions);
            self.phase = Phase::Ask;
            return;
        }
        if decisions.unknown_times > 0 {
            let text = format!(
                "{} compared by size alone, because a time is not known",
                decisions.unknown_times
            );
            shared.warn_step(self.id, text);
        }
        shared.emit(Event::StepSized {
            step: self.id.0 as usize,
            files: decisions.files,
            bytes: decisions.bytes,
        });
        self.decisions = Arc::new(decisions);
        self.phase = Phase::Tell;
    }

    fn asked(&mut self, answers: Result<Answers, Fault>, now: Instant, shared: &mut Shared) {
        match answers {
            Ok(answers) => {
                // No job holds the inventory between phases.
                if let Some(inventory) = Arc::get_mut(&mut self.inventory) {
                    answer(inventory, answers);
                }
                self.go_on(Phase::Settle);
            }
            Err(fault) => self.whole_failed(fault, now, shared),
        }
    }

    fn foldered(&mut self, made: Result<Foldered, Fault>, now: Instant, shared: &mut Shared) {
        match made {
            Ok(refused) => {
                if !refused.is_empty() {
                    self.fail_below(&refused, shared);
                }
                self.go_on(Phase::Move);
            }
            Err(fault) => self.whole_failed(fault, now, shared),
        }
    }

    /// Fails the files whose folder cannot be made.
    fn fail_below(&mut self, refused: &[(Vec<u8>, Fault)], shared: &mut Shared) {
        let (Some(set), Some(ends)) = (self.set.clone(), self.ends.clone()) else {
            return;
        };
        let waiting: Vec<Try<u32>> = self.backlog.drain().collect();
        for attempt in waiting {
            let at = attempt.item;
            let path = ends.route.relative(&set, at).unwrap_or_default();
            match refused.iter().find(|(folder, _)| lies_below(&path, folder)) {
                Some((_, fault)) => self.fail_file(at, fault.clone(), 0, shared),
                None => self.backlog.push(at),
            }
        }
    }

    fn moved(
        &mut self,
        attempts: Vec<Try<u32>>,
        mut moved: HashMap<u32, Moved>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let mut left = Vec::new();
        for mut attempt in attempts {
            let at = attempt.item;
            let result = moved.remove(&at);
            if result.is_some() {
                self.doubts.remove(&at);
            }
            match result {
                None => left.push(attempt),
                Some(Ok(Arrival::Copied(copied))) => self.copied(at, copied, shared),
                Some(Ok(Arrival::Same(proven))) => self.same(at, proven, shared),
                Some(Err(failed)) if failed.lost_at_rest => {
                    self.doubts.extend(failed.doubt.map(|doubt| (at, doubt)));
                    left.push(attempt);
                }
                Some(Err(failed)) => {
                    *self.spent.entry(at).or_default() += failed.bytes;
                    self.note_broken(&attempt, &failed);
                    let progressed = failed.bytes > 0 && failed.continues;
                    match self.again(&mut attempt, &failed.fault, progressed, shared) {
                        Some(wait) => {
                            self.doubts.extend(failed.doubt.map(|doubt| (at, doubt)));
                            self.backlog.retry(attempt, now + wait);
                        }
                        None => self.gave_up(attempt, failed, shared),
                    }
                }
            }
        }
        self.backlog.put_back(left);
    }

    fn gave_up(&mut self, attempt: Try<u32>, failed: Failed, shared: &mut Shared) {
        let at = attempt.item;
        if failed.left_behind {
            self.left_behind.push(at);
        }
        // A full disk is full for every file of this step, and one error says so: what else was on its way is counted with
        // what was not begun. ProFTPD says 452 of one file and 451 of the next.
        let is_stopped = matches!(self.stopped, Some(Stop::Fault(_)));
        if is_stopped && (failed.broken_off || failed.fault.class == Class::StopStep) {
            self.clear_broken();
            return self.backlog.put_back([attempt]);
        }
        if failed.concerns_all {
            return self.cannot_go_on(attempt, failed.fault);
        }
        if failed.fault.class == Class::StopStep {
            let fault = Fault::permanent("nothing more can be written at the destination");
            self.stopped.get_or_insert(Stop::Fault(fault));
            self.clear_broken();
        }
        self.fail_file(at, failed.fault, 0, shared);
    }

    /// Stops the step for a reason that is no file's own: one error says it, and all files count as not begun.
    fn cannot_go_on(&mut self, attempt: Try<u32>, mut fault: Fault) {
        self.backlog.put_back([attempt]);
        fault.failure.file = None;
        self.fault.get_or_insert(fault);
        let stop = Stop::Fault(Fault::permanent("the step could not go on"));
        self.stopped.get_or_insert(stop);
        self.clear_broken();
    }

    fn cleared(&mut self, left: Vec<(u32, Fault)>, shared: &mut Shared) {
        for (at, fault) in left {
            let text = format!(
                "part of `{}` was left at the destination: {}",
                self.text(at),
                fault.failure.message
            );
            shared.warn_step(self.id, text);
        }
    }

    /// A file stood there unchanged, and its checksum was asked.
    fn same(&mut self, at: u32, proven: Result<(), String>, shared: &mut Shared) {
        let outcome = match proven {
            Ok(()) => FileOutcome::Unchanged,
            Err(reason) => FileOutcome::Unverified {
                reason: format!("it stood there already, and {reason}"),
            },
        };
        self.finish_file(at, outcome, 0, shared);
    }

    fn copied(&mut self, at: u32, copied: Copied, shared: &mut Shared) {
        self.broken.remove(&at);
        if self.transfer.options.publish == Publish::Set {
            self.arrived.push_back((at, copied));
            return;
        }
        self.arrive(at, copied, shared);
    }

    pub(super) fn arrive(&mut self, at: u32, copied: Copied, shared: &mut Shared) {
        self.see(at, &copied, shared);
        if let Some(text) = copied.warning {
            shared.warn_step(self.id, format!("`{}`: {text}", self.text(at)));
        }
        let outcome = match copied.proven {
            Ok(()) => FileOutcome::Transferred,
            Err(reason) => FileOutcome::Unverified { reason },
        };
        self.finish_file(at, outcome, copied.bytes_moved, shared);
    }
}

fn answer(inventory: &mut Inventory, answers: Answers) {
    for (name, standing) in answers.standing {
        inventory.answer(&name, standing);
    }
}
