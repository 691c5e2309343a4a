//! What the end of a job or a step changes.

use std::sync::Arc;
use std::time::Instant;

use super::{Dispatcher, Flight, Owner, Running, Wake};
use crate::event::{Event, StepOutcome};
use crate::exec::fault::Fault;
use crate::exec::gate::{self, Late, Refusal};
use crate::exec::ready::{Consequences, End, Skip};
use crate::exec::roles::{JobId, Roles};
use crate::exec::sessions::SlotId;
use crate::exec::steps::job::{Began, Done};
use crate::exec::steps::{self, Ending, Output, Stop};
use crate::files::ServerId;
use crate::plan::{OnError, StepId, Yields};

impl Dispatcher {
    pub(super) fn done(&mut self, done: Done) {
        let Some(flight) = self.flights.remove(&done.job) else {
            return;
        };
        let now = self.now();
        let mut sessions = done.sessions.into_iter();
        for (server, slot) in flight.places {
            match sessions.next() {
                Some(session) => {
                    if let Some(facts) = session.facts() {
                        self.shared.learn(server, facts);
                    }
                    self.sessions.give_back(server, slot, session, now);
                }
                None => self.sessions.lost(server, slot),
            }
        }
        self.tell_closed();
        match flight.owner {
            Owner::Step(id) => self.returned(id, done.job, done.output, now),
            Owner::Opening(server, slot) => self.opened(server, slot, done.output, now),
            Owner::Gate => self.compared(done.output),
            Owner::Sweep => {
                if let Output::Swept(swept) = done.output {
                    self.shared.swept(swept);
                }
            }
            Owner::Farewell => {}
        }
    }

    pub(super) fn returned(&mut self, id: StepId, job: JobId, output: Output, now: Instant) {
        let Some(running) = self.running.iter_mut().find(|running| running.id == id) else {
            return;
        };
        running.jobs -= 1;
        self.shared.work_of(Some(job));
        running.machine.returned(job, output, now, &mut self.shared);
        self.shared.work_of(None);
    }

    /// Tells of the files that jobs of steps have begun with, and when.
    pub(super) fn tell_begun(&mut self) {
        for Began { job, file, at } in self.workers.take_begun() {
            let Some(Flight {
                owner: Owner::Step(step),
                ..
            }) = self.flights.get(&job)
            else {
                continue;
            };
            let started = Event::FileStarted {
                step: step.0 as usize,
                job: Some(job.0),
                file: file.file.to_string(),
                size: file.size,
            };
            self.shared.emit_at(at, started);
        }
    }

    /// Tells of the sessions that have ended.
    pub(super) fn tell_closed(&mut self) {
        for (server, slot) in self.sessions.take_closed() {
            let server = self.shared.plan.server(server).endpoint.name.clone();
            self.shared.emit(Event::SessionClosed {
                server,
                session: Some(slot.0),
            });
        }
    }

    pub(super) fn opened(&mut self, server: ServerId, slot: SlotId, output: Output, now: Instant) {
        match output {
            Output::Opened(opened) => {
                self.sessions
                    .opened(server, slot, *opened, &mut self.shared, now);
            }
            Output::Panicked(words) => {
                let fault = steps::panicked(&words);
                self.sessions.opening_lost(server, slot, fault);
            }
            _ => {
                let fault = steps::panicked("a session was opened, and nothing said of it");
                self.sessions.opening_lost(server, slot, fault);
            }
        }
    }

    pub(super) fn release(&mut self, mut steps: Vec<StepId>) {
        steps.reverse();
        while let Some(id) = steps.pop() {
            if let Some(stop) = &self.halted {
                let reason = stop.reason();
                self.skip(id, None, &reason);
                continue;
            }
            if self.shared.has_run_before(id) {
                steps.extend(self.known(id));
                continue;
            }
            let step = self.shared.plan.step(id);
            if self.gate.holds(step) {
                continue;
            }
            if let Some(timeout) = step.timeout {
                self.clock
                    .set(self.workers.executor.now() + timeout, Wake::StepTimeout(id));
            }
            let machine = steps::machine(step, &self.shared);
            self.shared.emit(Event::StepStarted {
                step: id.0 as usize,
            });
            self.running.push(Running {
                id,
                machine,
                jobs: 0,
                journals: false,
            });
        }
    }

    pub(super) fn end(&mut self, id: StepId, ending: Ending) {
        self.sessions.unreserve(id);
        let step = self.shared.plan.step(id);
        let goes_on = match (&ending.outcome, step.on_error) {
            (StepOutcome::Done, _) => true,
            _ if ending.yields_rest => true,
            (_, OnError::Continue) => ending.set.is_some() || step.yields == Yields::Nothing,
            (_, OnError::Fail) => false,
        };
        self.shared.hand_on(id, ending.set);
        let done = matches!(ending.outcome, StepOutcome::Done);
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: ending.outcome,
        });
        let failed = !done || self.shared.any_file_failed(id);
        if !failed {
            self.shared.journal_end(id);
        }
        let released = self.settle(
            id,
            match goes_on {
                true => End::Gave { failed },
                false => End::Failed,
            },
        );
        if self.gate.ended(id) {
            self.compare();
        }
        self.release(released);
    }

    /// Tells of the steps that never start now that one has ended; those that may.
    fn settle(&mut self, id: StepId, end: End) -> Vec<StepId> {
        let Consequences { released, skipped } = self.ready.ended(id, end);
        for (skipped, skip) in skipped {
            self.tell_skipped(skipped, skip);
            // A login that never is holds nobody up.
            if self.gate.ended(skipped) {
                self.compare();
            }
        }
        released
    }

    fn tell_skipped(&mut self, id: StepId, skip: Skip) {
        let because = skip
            .because
            .map(|step| self.shared.plan.step(step).name.clone());
        // The name stands beside it, wherever this is shown.
        let reason = match (skip.unneeded, &because) {
            (false, _) => "it did not succeed",
            (true, Some(_)) => "it was not needed",
            (true, None) if self.shared.preview => "it runs only after a failure",
            (true, None) => "not needed: nothing failed",
        };
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: StepOutcome::Skipped {
                because,
                reason: reason.to_owned(),
                unneeded: skip.unneeded,
            },
        });
    }

    /// A step that an interrupted run has done, and that is not done twice: those that wait for it go on.
    fn known(&mut self, id: StepId) -> Vec<StepId> {
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: StepOutcome::Skipped {
                because: None,
                reason: "it has run before the run was resumed".into(),
                unneeded: true,
            },
        });
        self.settle(id, End::Gave { failed: false })
    }

    /// Compares the steps once more where homes have become known.
    fn compare(&mut self) {
        if self.halted.is_some() {
            return;
        }
        self.gate.begin();
        let (job, work) = (self.next_job(), gate::compare(&self.shared));
        let (roles, meter) = (Roles::none(), Arc::default());
        self.fly(job, Owner::Gate, &roles, Vec::new(), meter, work);
    }

    /// What waited for the comparison begins. An error fails the run before anything is changed there.
    fn compared(&mut self, output: Output) {
        self.gate.finish();
        if self.halted.is_some() {
            return;
        }
        let mut held = self.gate.take_held();
        match output {
            Output::Compared(found) => {
                let Late { warnings, refusal } = gate::judge(&found, &self.shared);
                for (step, text) in warnings {
                    self.shared.warn_step(step, text);
                }
                if let Some(refusal) = refusal {
                    held.retain(|step| *step != refusal.step);
                    self.refuse(refusal);
                }
            }
            Output::Panicked(words) => {
                let failed = std::mem::take(&mut held).into_iter();
                let released = failed.map(|step| self.fail_unbegun(step, steps::panicked(&words)));
                held = released.collect::<Vec<_>>().concat();
            }
            _ => {}
        }
        self.release(held);
    }

    fn refuse(&mut self, refusal: Refusal) {
        let Refusal { step, other, fault } = refusal;
        let released = self.fail_unbegun(step, fault);
        let name = |id| self.shared.plan.step(id).name.clone();
        self.halt(&Stop::Hazard(name(step), name(other)));
        self.release(released);
    }

    #[must_use]
    fn fail_unbegun(&mut self, step: StepId, fault: Fault) -> Vec<StepId> {
        self.shared.emit(Event::StepFinished {
            step: step.0 as usize,
            outcome: StepOutcome::Failed {
                failure: Some(fault.failure),
            },
        });
        self.settle(step, End::Failed)
    }

    pub(super) fn skip(&mut self, id: StepId, because: Option<&str>, reason: &str) {
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: StepOutcome::Skipped {
                because: because.map(str::to_owned),
                reason: reason.to_owned(),
                unneeded: false,
            },
        });
    }
}
