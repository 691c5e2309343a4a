//! Ending early: a step's time, a signal, `--fail-fast`, a state that nothing can leave.

use std::time::Instant;

use super::{Dispatcher, Owner, PATIENCE, Wake};
use crate::event::{Event, Failure, StepOutcome};
use crate::exec::fault::Fault;
use crate::exec::roles::JobId;
use crate::exec::steps::Stop;
use crate::plan::StepId;
use crate::transfer::{Breaker, Why};

impl Dispatcher {
    pub(super) fn breakers_of(&self, job: JobId) -> Vec<Breaker> {
        let places = self
            .flights
            .get(&job)
            .map(|flight| flight.places.as_slice());
        let breakers = places.unwrap_or_default().iter();
        let breakers = breakers.filter_map(|(server, slot)| self.sessions.breaker(*server, *slot));
        breakers.cloned().collect()
    }

    pub(super) fn time_out(&mut self, id: StepId, now: Instant) {
        let Some(index) = self.running.iter().position(|running| running.id == id) else {
            return;
        };
        let time = self.shared.plan.step(id).timeout.unwrap_or_default();
        let words = humantime::format_duration(time);
        let fault = Fault::permanent(format!("the step did not end within `timeout: {words}`"))
            .help("give the step a longer `timeout`, or fewer files");
        self.stop_step(index, &Stop::Fault(fault));
        let jobs: Vec<JobId> = self.jobs_of(id);
        for job in &jobs {
            for breaker in self.breakers_of(*job) {
                breaker.trip(Why::StepTimeout);
            }
        }
        self.clock.set(now + PATIENCE, Wake::Shut(jobs));
    }

    pub(super) fn jobs_of(&self, id: StepId) -> Vec<JobId> {
        let flights = self.flights.iter();
        let own =
            flights.filter(|(_, flight)| matches!(flight.owner, Owner::Step(step) if step == id));
        own.map(|(job, _)| *job).collect()
    }

    pub(super) fn stop_step(&mut self, index: usize, stop: &Stop) {
        let running = &mut self.running[index];
        self.sessions.unreserve(running.id);
        running.machine.stop(stop, &mut self.shared);
    }

    /// The first signal: nothing new starts, transfers end between two buffers.
    pub(super) fn interrupt(&mut self) {
        if std::mem::replace(&mut self.interrupted, true) {
            return;
        }
        self.halt(&Stop::Interrupted);
        for breaker in self.sessions.breakers() {
            breaker.trip(Why::Interrupted);
        }
        let now = self.now();
        self.clock.set(now + PATIENCE, Wake::ShutAll);
        self.clock.set(now + PATIENCE * 2, Wake::GiveUp);
    }

    /// Nothing new starts; what is in flight ends by itself.
    pub(super) fn halt(&mut self, stop: &Stop) {
        self.halted = Some(stop.clone());
        for index in 0..self.running.len() {
            self.stop_step(index, stop);
        }
        let reason = stop.reason();
        let waiting = self.ready.abandon().into_iter();
        for id in waiting.chain(self.gate.take_held()) {
            self.skip(id, None, &reason);
        }
    }

    /// Work that did not end although its sockets were shut down: the run ends without it, and says so.
    pub(super) fn give_up(&mut self) {
        self.gave_up = true;
        for running in std::mem::take(&mut self.running) {
            let failure = Failure {
                message: "did not end in time after the interruption; the run ended without it"
                    .into(),
                ..Failure::default()
            };
            self.shared.emit(Event::StepFinished {
                step: running.id.0 as usize,
                outcome: StepOutcome::Failed {
                    failure: Some(Box::new(failure)),
                },
            });
        }
    }

    /// Nothing is in flight, no timer is set and nothing can start: waiting on would be for ever.
    pub(super) fn stuck(&mut self) {
        let fault = Fault::permanent(
            "the step could not go on: nothing that runs would ever free the sessions it needs",
        )
        .help("raise `connections` of the servers of this step");
        // Who waits for two sessions and holds one back may be all that the others wait for.
        let holder = self.sessions.reserved_by();
        let holder = self
            .running
            .iter()
            .position(|running| Some(running.id) == holder);
        let indices = holder.map_or(0..self.running.len(), |index| index..index + 1);
        for index in indices {
            self.stop_step(index, &Stop::Fault(fault.clone()));
        }
    }
}
