//! The one thread that owns the state of a run.
//!
//! It starts jobs when a step, its sessions and a thread are there, takes in their ends, and waits for
//! nothing else but its clock. It does no I/O.

mod ends;
mod starting;
mod stopping;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::endpoint::Tls;
use crate::event::{Event, RunOutcome, StepHead};
use crate::files::ServerId;
use crate::plan::StepId;

use crate::exec::clock::Clock;
use crate::exec::gate::Gate;
use crate::exec::heads;
use crate::exec::ready::Ready;
use crate::exec::roles::JobId;
use crate::exec::sessions::{Sessions, SlotId};
use crate::exec::shared::Shared;
use crate::exec::steps::job::{Message, Workers};
use crate::exec::steps::{Ending, JournalSet, Machine, Next, Stop};

/// How long work may go on by itself after it was told to end; then its sockets are shut down, and after as
/// long again the run ends without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How soon it is told that a job has begun with a file, where nothing else happens.
const LOOK: Duration = Duration::from_millis(100);

/// What the clock is set for.
enum Wake {
    StepTimeout(StepId),
    Shut(Vec<JobId>),
    ShutAll,
    GiveUp,
}

enum Owner {
    Step(StepId),
    Opening(ServerId, SlotId),
    /// The plan is compared once more.
    Gate,
    /// What earlier runs have left is removed.
    Sweep,
    Farewell,
}

struct Flight {
    owner: Owner,
    places: Vec<(ServerId, SlotId)>,
}

struct Running {
    id: StepId,
    machine: Box<dyn Machine>,
    jobs: usize,
    /// Whether it has ended but for its set's journal.
    journals: bool,
}

/// The state of a run.
pub(super) struct Dispatcher {
    shared: Shared,
    sessions: Sessions,
    workers: Workers,
    messages: Receiver<Message>,
    most_jobs: usize,
    fail_fast: bool,
    ready: Ready,
    running: Vec<Running>,
    turn: usize,
    flights: BTreeMap<JobId, Flight>,
    next_job: u64,
    clock: Clock<Wake>,
    /// Why nothing new starts.
    halted: Option<Stop>,
    gate: Gate,
    interrupted: bool,
    gave_up: bool,
}

impl Dispatcher {
    pub(super) fn new(
        shared: Shared,
        workers: Workers,
        messages: Receiver<Message>,
        most_jobs: usize,
        fail_fast: bool,
    ) -> (Dispatcher, Vec<StepId>) {
        let (ready, first) = Ready::new(&shared.plan);
        let sessions = Sessions::new(&shared);
        let gate = Gate::new(&shared.plan);
        let dispatcher = Dispatcher {
            shared,
            sessions,
            workers,
            messages,
            most_jobs,
            fail_fast,
            ready,
            running: Vec::new(),
            turn: 0,
            flights: BTreeMap::new(),
            next_job: 0,
            clock: Clock::new(),
            halted: None,
            gate,
            interrupted: false,
            gave_up: false,
        };
        (dispatcher, first)
    }

    /// Runs all steps and says goodbye to the servers.
    pub(super) fn run(mut self, first: Vec<StepId>) -> crate::event::Tally {
        let plan = Arc::clone(&self.shared.plan);
        self.shared.emit(Event::RunStarted {
            name: plan.name.clone(),
            run_id: plan.run.id.clone(),
            started: plan.run.started,
            steps: plan
                .steps
                .iter()
                .map(|step| heads::head(&plan, step))
                .collect::<Vec<StepHead>>(),
        });
        self.warn_of_strangers();
        self.release(first);
        while self.goes_on() {
            let now = self.now();
            let wait = self.pump(now);
            if !self.goes_on() {
                break;
            }
            match wait {
                None if self.flights.is_empty() => self.stuck(),
                wait => self.listen(wait, now),
            }
        }
        self.farewell();
        let outcome = self.outcome();
        self.shared.finish(outcome);
        self.shared.tally
    }

    fn goes_on(&self) -> bool {
        !self.gave_up && (!self.running.is_empty() || self.gate.is_comparing())
    }

    fn outcome(&self) -> RunOutcome {
        if self.interrupted {
            RunOutcome::Interrupted
        } else if self.shared.tally.failed() {
            RunOutcome::Failed
        } else {
            RunOutcome::Done
        }
    }

    /// Starts what can start. The time until something is due, where nothing but the clock can wake it.
    fn pump(&mut self, now: Instant) -> Option<Duration> {
        loop {
            let mut next_wake = self.clock.wait(now).map(|wait| now + wait);
            self.sessions.begin_round();
            let mut progress = false;
            self.turn = self.turn.wrapping_add(1);
            let mut at = 0;
            while at < self.running.len() {
                let index = (self.turn + at) % self.running.len();
                match self.advance(index, now) {
                    Step::Ended => {
                        progress = true;
                        at = 0;
                        continue;
                    }
                    Step::Started => progress = true,
                    Step::Waits(until) => next_wake = earliest(next_wake, until),
                }
                at += 1;
            }
            progress |= self.open_sessions(now);
            self.retire(now);
            self.tell_closed();
            next_wake = earliest(next_wake, self.sessions.next_try(now));
            if !progress {
                return next_wake.map(|at| at.saturating_duration_since(now));
            }
        }
    }

    fn advance(&mut self, index: usize, now: Instant) -> Step {
        let running = &mut self.running[index];
        match running.machine.next(now, &mut self.shared) {
            Next::Done(ending) if running.jobs == 0 => self.ended(index, ending),
            // What a step has to say at its end waits for its last job.
            Next::Done(_) => Step::Waits(None),
            Next::Wait(until) => Step::Waits(until),
            Next::Job { roles, more } => self.try_start(index, roles, more, now),
        }
    }

    /// The last job of a step has returned.
    fn ended(&mut self, index: usize, ending: Ending) -> Step {
        let running = &mut self.running[index];
        let journal = match running.journals {
            true => Err(ending),
            false => JournalSet::of(running.id, ending, &self.shared),
        };
        match journal {
            Ok(journal) => {
                running.machine = Box::new(journal);
                running.journals = true;
                Step::Started
            }
            Err(ending) => {
                let id = running.id;
                self.running.remove(index);
                self.end(id, ending);
                Step::Ended
            }
        }
    }

    /// Waits for a message, for so long at most, and takes in all that have come.
    ///
    /// A session that is to be retired wakes it, too, but is no cause to wait: its end helps no step that waits.
    fn listen(&mut self, wait: Option<Duration>, now: Instant) {
        let retirement = self.sessions.next_retirement();
        let retirement = retirement.map(|at| at.saturating_duration_since(now));
        let wait = wait.into_iter().chain(retirement).min();
        if let Ok(first) = self.receive(wait) {
            self.take(first);
            while let Ok(message) = self.messages.try_recv() {
                self.take(message);
            }
        }
        self.tell_begun();
        self.shared.push_journal();
        let now = self.now();
        while let Some(wake) = self.clock.due(now) {
            self.wake(wake, now);
        }
        if self.fail_fast && self.halted.is_none() && self.shared.tally.failed() {
            self.halt(&Stop::FailFast);
        }
    }

    fn now(&self) -> Instant {
        self.workers.executor.now()
    }

    /// The next message, waited for so long at most. What jobs begin with meanwhile is told.
    fn receive(&mut self, wait: Option<Duration>) -> Result<Message, RecvTimeoutError> {
        if self.workers.executor.lend(wait) {
            let next = self.messages.try_recv();
            return next.map_err(|_| RecvTimeoutError::Timeout);
        }
        let until = wait.map(|wait| self.now() + wait);
        loop {
            let left = until.map(|until| until.saturating_duration_since(self.now()));
            let look = Some(LOOK).filter(|_| !self.flights.is_empty());
            let next = match left.into_iter().chain(look).min() {
                Some(time) => self.messages.recv_timeout(time),
                None => (self.messages.recv()).map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Err(RecvTimeoutError::Timeout) if left.is_none_or(|left| left > LOOK) => {
                    self.tell_begun();
                }
                done => return done,
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Done(done) => {
                // The job's last file began before it ended.
                self.tell_begun();
                self.done(*done);
            }
            Message::Interrupt => self.interrupt(),
        }
    }

    fn wake(&mut self, wake: Wake, now: Instant) {
        match wake {
            Wake::StepTimeout(id) => self.time_out(id, now),
            Wake::Shut(jobs) => {
                for job in jobs {
                    self.breakers_of(job)
                        .iter()
                        .for_each(crate::transfer::Breaker::shut);
                }
            }
            Wake::ShutAll => self
                .sessions
                .breakers()
                .for_each(crate::transfer::Breaker::shut),
            Wake::GiveUp => self.give_up(),
        }
    }

    /// `verify: false` is said in every run: a password sent to whoever answers is no secret.
    fn warn_of_strangers(&mut self) {
        let plan = Arc::clone(&self.shared.plan);
        for server in &plan.servers {
            let options = match &server.endpoint.tls {
                Tls::Off => continue,
                Tls::Explicit(options) | Tls::Implicit(options) => options,
            };
            if !options.verify {
                let text = "its certificate is not verified (`tls.verify: false`): anybody in between can read and change what is sent";
                self.shared.warn_server(&server.endpoint.name, text.into());
            }
        }
    }
}

/// What one look at a step led to.
enum Step {
    Ended,
    Started,
    Waits(Option<Instant>),
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
