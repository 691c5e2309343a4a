//! What the end of a job or a step changes.

use std::sync::Arc;
use std::time::Instant;

use super::{Dispatcher, Flight, Owner, Running, Wake};
use crate::event::{Current, Event, StepOutcome};
use crate::exec::fault::Fault;
use crate::exec::gate::{self, Late, Refusal};
use crate::exec::ready::Consequences;
use crate::exec::roles::{JobId, Roles};
use crate::exec::sessions::SlotId;
use crate::exec::steps::job::Done;
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

    /// A job of a step began with a file.
    pub(super) fn began(&mut self, job: JobId, file: &Current) {
        let Some(Flight {
            owner: Owner::Step(step),
            ..
        }) = self.flights.get(&job)
        else {
            return;
        };
        self.shared.emit(Event::FileStarted {
            step: step.0 as usize,
            job: Some(job.0),
            file: file.file.to_string(),
            size: file.size,
        });
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

    pub(super) fn release(&mut self, steps: Vec<StepId>) {
        for id in steps {
            if let Some(stop) = &self.halted {
                let reason = stop.reason();
                self.skip(id, None, &reason);
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
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: ending.outcome,
        });
        let Consequences { released, skipped } = if goes_on {
            self.ready.satisfied(id)
        } else {
            self.ready.failed(id)
        };
        let name = self.shared.plan.step(id).name.clone();
        for skipped in skipped {
            // The name stands beside it, wherever this is shown.
            self.skip(skipped, Some(&name), "it did not succeed");
        }
        if self.gate.ended(id) {
            self.compare();
        }
        self.release(released);
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
                for step in held.drain(..) {
                    self.fail_unbegun(step, steps::panicked(&words));
                }
            }
            _ => {}
        }
        self.release(held);
    }

    fn refuse(&mut self, refusal: Refusal) {
        let Refusal { step, other, fault } = refusal;
        self.fail_unbegun(step, fault);
        let name = |id| self.shared.plan.step(id).name.clone();
        self.halt(&Stop::Hazard(name(step), name(other)));
    }

    fn fail_unbegun(&mut self, step: StepId, fault: Fault) {
        let skipped = self.ready.failed(step).skipped;
        self.shared.emit(Event::StepFinished {
            step: step.0 as usize,
            outcome: StepOutcome::Failed {
                failure: Some(fault.failure),
            },
        });
        let name = self.shared.plan.step(step).name.clone();
        for skipped in skipped {
            self.skip(skipped, Some(&name), &format!("`{name}` did not succeed"));
        }
    }

    pub(super) fn skip(&mut self, id: StepId, because: Option<&str>, reason: &str) {
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: StepOutcome::Skipped {
                because: because.map(str::to_owned),
                reason: reason.to_owned(),
            },
        });
    }
}
