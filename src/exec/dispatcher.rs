//! The one thread that owns the state of a run.
//!
//! It starts jobs when a step, its sessions and a thread are there, takes in their ends, and waits for
//! nothing else but its clock. It does no I/O.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::endpoint::Tls;
use crate::event::{Event, Failure, Meter, RunOutcome, StepHead, StepOutcome};
use crate::files::ServerId;
use crate::ftp::Why;
use crate::plan::{Action, OnError, StepId};

use super::clock::Clock;
use super::fault::Fault;
use super::heads;
use super::job::{Desk, Done, JobId, Roles, Work, Workers};
use super::opening;
use super::ready::{Consequences, Ready};
use super::sessions::{Leased, Sessions, SlotId};
use super::shared::Shared;
use super::steps::{self, Ending, Machine, Next, Output, Stop};

/// How long work may go on by itself after it was told to end; then its sockets are shut down, and after as
/// long again the run ends without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What reaches the dispatcher.
pub(super) enum Message {
    /// A job ended.
    Done(Box<Done>),
    /// The run is to end.
    Interrupt,
}

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
    flights: HashMap<JobId, Flight>,
    next_job: u64,
    clock: Clock<Wake>,
    halted: bool,
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
            flights: HashMap::new(),
            next_job: 0,
            clock: Clock::new(),
            halted: false,
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
        while !self.running.is_empty() && !self.gave_up {
            let now = Instant::now();
            let wait = self.pump(now);
            if self.running.is_empty() {
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
            next_wake = earliest(next_wake, self.sessions.next_try(now));
            if !progress {
                return next_wake.map(|at| at.saturating_duration_since(now));
            }
        }
    }

    fn advance(&mut self, index: usize, now: Instant) -> Step {
        let running = &mut self.running[index];
        match running.machine.next(now, &mut self.shared) {
            Next::Done(ending) if running.jobs == 0 => {
                let id = running.id;
                self.running.remove(index);
                self.end(id, ending);
                Step::Ended
            }
            // What a step has to say at its end waits for its last job.
            Next::Done(_) => Step::Waits(None),
            Next::Wait(until) => Step::Waits(until),
            Next::Job { roles, more } => self.try_start(index, roles, more, now),
        }
    }

    fn try_start(&mut self, index: usize, roles: Roles, more: usize, now: Instant) -> Step {
        if let Some(fault) = self.sessions.broken(&roles).cloned() {
            self.stop_step(index, &Stop::Fault(fault));
            return Step::Started;
        }
        if self.flights.len() >= self.most_jobs {
            return Step::Waits(None);
        }
        let id = self.running[index].id;
        let Some(leased) = self.sessions.take(id, &roles, now) else {
            self.sessions.want(&roles, more);
            return Step::Waits(None);
        };
        self.start(index, leased, now);
        Step::Started
    }

    fn start(&mut self, index: usize, leased: Vec<Leased>, now: Instant) {
        let job = self.next_job();
        let running = &mut self.running[index];
        running.jobs += 1;
        let work = running.machine.work(job, now, &mut self.shared);
        let meter = Arc::new(Meter::default());
        if work.moves_bytes {
            self.shared.emit(Event::Working {
                step: running.id.0 as usize,
                meter: Arc::clone(&meter),
            });
        }
        let owner = Owner::Step(running.id);
        self.fly(job, owner, leased, meter, work.work);
    }

    fn fly(
        &mut self,
        job: JobId,
        owner: Owner,
        leased: Vec<Leased>,
        meter: Arc<Meter>,
        work: Work,
    ) {
        let places = leased.iter().map(|l| (l.server, l.slot)).collect();
        let rested = leased.iter().any(|leased| leased.rested);
        let shared = &self.shared;
        let sessions = leased.into_iter().map(|mut leased| {
            leased.session.learn(shared.facts(leased.server));
            leased.session
        });
        let desk = Desk::new(sessions.collect(), meter, rested);
        self.flights.insert(job, Flight { owner, places });
        self.workers.spawn(job, desk, work);
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

    fn next_job(&mut self) -> JobId {
        self.next_job += 1;
        JobId(self.next_job)
    }

    fn open_sessions(&mut self, now: Instant) -> bool {
        if self.halted {
            return false;
        }
        let room = self.most_jobs.saturating_sub(self.flights.len());
        let openings = self.sessions.openings(now, room);
        let any = !openings.is_empty();
        for opening in openings {
            let job = self.next_job();
            let owner = Owner::Opening(opening.server, opening.slot);
            let work = opening::work(opening, &self.shared);
            self.fly(job, owner, Vec::new(), Arc::default(), work);
        }
        any
    }

    /// Waits for a message, for so long at most, and takes in all that have come.
    ///
    /// A session that is to be retired wakes it, too, but is no cause to wait: its end helps no step that waits.
    fn listen(&mut self, wait: Option<Duration>, now: Instant) {
        let retirement = self.sessions.next_retirement();
        let retirement = retirement.map(|at| at.saturating_duration_since(now));
        let wait = wait.into_iter().chain(retirement).min();
        let first = match wait {
            Some(wait) => self.messages.recv_timeout(wait),
            None => self
                .messages
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        if let Ok(first) = first {
            self.take(first);
            while let Ok(message) = self.messages.try_recv() {
                self.take(message);
            }
        }
        self.shared.push_journal();
        let now = Instant::now();
        while let Some(wake) = self.clock.due(now) {
            self.wake(wake, now);
        }
        if self.fail_fast && !self.halted && self.shared.tally.failed() {
            self.halt(&Stop::FailFast);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Done(done) => self.done(*done),
            Message::Interrupt => self.interrupt(),
        }
    }

    fn done(&mut self, done: Done) {
        let Some(flight) = self.flights.remove(&done.job) else {
            return;
        };
        let now = Instant::now();
        let mut sessions = done.sessions.into_iter();
        for (server, slot) in flight.places {
            match sessions.next() {
                Some(session) => {
                    self.shared.learn(server, session.facts());
                    self.sessions.give_back(server, slot, session, now);
                }
                None => self.sessions.lost(server, slot),
            }
        }
        match flight.owner {
            Owner::Step(id) => self.returned(id, done.job, done.output, now),
            Owner::Opening(server, slot) => self.opened(server, slot, done.output, now),
            Owner::Farewell => {}
        }
    }

    fn returned(&mut self, id: StepId, job: JobId, output: Output, now: Instant) {
        let Some(running) = self.running.iter_mut().find(|running| running.id == id) else {
            return;
        };
        running.jobs -= 1;
        running.machine.returned(job, output, now, &mut self.shared);
    }

    fn opened(&mut self, server: ServerId, slot: SlotId, output: Output, now: Instant) {
        match output {
            Output::Opened(opened) => {
                self.sessions
                    .opened(server, slot, *opened, &mut self.shared, now);
            }
            Output::Panicked(words) => {
                let fault = steps::panicked(&words);
                self.sessions.opening_lost(server, slot, fault);
            }
            _ => self.sessions.lost(server, slot),
        }
    }

    fn wake(&mut self, wake: Wake, now: Instant) {
        match wake {
            Wake::StepTimeout(id) => self.time_out(id, now),
            Wake::Shut(jobs) => {
                for job in jobs {
                    self.breakers_of(job)
                        .iter()
                        .for_each(crate::ftp::Breaker::shut);
                }
            }
            Wake::ShutAll => self.sessions.breakers().for_each(crate::ftp::Breaker::shut),
            Wake::GiveUp => self.give_up(),
        }
    }

    fn breakers_of(&self, job: JobId) -> Vec<crate::ftp::Breaker> {
        let places = self
            .flights
            .get(&job)
            .map(|flight| flight.places.as_slice());
        let breakers = places.unwrap_or_default().iter();
        let breakers = breakers.filter_map(|(server, slot)| self.sessions.breaker(*server, *slot));
        breakers.cloned().collect()
    }

    fn time_out(&mut self, id: StepId, now: Instant) {
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

    fn jobs_of(&self, id: StepId) -> Vec<JobId> {
        let flights = self.flights.iter();
        let own =
            flights.filter(|(_, flight)| matches!(flight.owner, Owner::Step(step) if step == id));
        own.map(|(job, _)| *job).collect()
    }

    fn stop_step(&mut self, index: usize, stop: &Stop) {
        let running = &mut self.running[index];
        self.sessions.unreserve(running.id);
        running.machine.stop(stop, &mut self.shared);
    }

    /// The first signal: nothing new starts, transfers end between two buffers.
    fn interrupt(&mut self) {
        if std::mem::replace(&mut self.interrupted, true) {
            return;
        }
        self.halt(&Stop::Interrupted);
        for breaker in self.sessions.breakers() {
            breaker.trip(Why::Interrupted);
        }
        let now = Instant::now();
        self.clock.set(now + PATIENCE, Wake::ShutAll);
        self.clock.set(now + PATIENCE * 2, Wake::GiveUp);
    }

    /// Nothing new starts; what is in flight ends by itself.
    fn halt(&mut self, stop: &Stop) {
        self.halted = true;
        for index in 0..self.running.len() {
            self.stop_step(index, stop);
        }
        let reason = stop.reason();
        for id in self.ready.abandon() {
            self.skip(id, None, &reason);
        }
    }

    /// Work that did not end although its sockets were shut down: the run ends without it, and says so.
    fn give_up(&mut self) {
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
    fn stuck(&mut self) {
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

    fn release(&mut self, steps: Vec<StepId>) {
        for id in steps {
            if self.halted {
                let reason = if self.interrupted {
                    Stop::Interrupted
                } else {
                    Stop::FailFast
                };
                self.skip(id, None, &reason.reason());
                continue;
            }
            let step = self.shared.plan.step(id);
            if let Some(timeout) = step.timeout {
                self.clock
                    .set(Instant::now() + timeout, Wake::StepTimeout(id));
            }
            let machine = steps::machine(step, &self.shared);
            self.shared.emit(Event::StepStarted {
                step: id.0 as usize,
            });
            self.running.push(Running {
                id,
                machine,
                jobs: 0,
            });
        }
    }

    fn end(&mut self, id: StepId, ending: Ending) {
        self.sessions.unreserve(id);
        let step = self.shared.plan.step(id);
        let goes_on = match (&ending.outcome, step.on_error) {
            (StepOutcome::Done, _) => true,
            (_, OnError::Continue) => ending.set.is_some() || !yields(&step.action),
            (_, OnError::Fail) => false,
        };
        if let (StepOutcome::Done, Some(set)) = (&ending.outcome, &ending.set) {
            self.shared.keep_set(id, set);
        }
        self.shared.sets[id.0 as usize] = ending.set;
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
        self.release(released);
    }

    fn skip(&mut self, id: StepId, because: Option<&str>, reason: &str) {
        self.shared.emit(Event::StepFinished {
            step: id.0 as usize,
            outcome: StepOutcome::Skipped {
                because: because.map(str::to_owned),
                reason: reason.to_owned(),
            },
        });
    }

    /// Closes sessions that have lain idle for too long.
    fn retire(&mut self, now: Instant) {
        let retired = self.sessions.retire(Some(now));
        self.say_quit(retired);
    }

    fn say_quit(&mut self, retired: Vec<Leased>) {
        for leased in retired {
            let job = self.next_job();
            let work: Work = Box::new(|desk| {
                for session in desk.sessions.drain(..) {
                    session.quit();
                }
                Output::Nothing
            });
            self.fly(job, Owner::Farewell, vec![leased], Arc::default(), work);
        }
    }

    /// QUIT on all sessions, at once, and only as long as that may take.
    fn farewell(&mut self) {
        let retired = self.sessions.retire(None);
        self.say_quit(retired);
        let end = Instant::now() + PATIENCE;
        while !self.flights.is_empty() && !self.gave_up {
            let left = end.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(Message::Done(done)) => {
                    self.flights.remove(&done.job);
                }
                Ok(Message::Interrupt) => self.interrupted = true,
                Err(_) => break,
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

fn yields(action: &Action) -> bool {
    !matches!(action, Action::Login(_) | Action::Delete(_))
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
