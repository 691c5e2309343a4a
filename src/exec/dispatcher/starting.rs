//! Jobs and sessions: started when what they need is there, and sessions closed when they rest or the run ends.

use std::sync::Arc;
use std::time::Instant;

use super::{Dispatcher, Flight, Owner, PATIENCE, Step};
use crate::event::{Event, Meter};
use crate::exec::dispatcher::Message;
use crate::exec::job::{Desk, JobId, Roles, Work};
use crate::exec::opening;
use crate::exec::sessions::Leased;
use crate::exec::steps::{Output, Stop};

impl Dispatcher {
    pub(super) fn try_start(
        &mut self,
        index: usize,
        roles: Roles,
        more: usize,
        now: Instant,
    ) -> Step {
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

    pub(super) fn start(&mut self, index: usize, leased: Vec<Leased>, now: Instant) {
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

    pub(super) fn fly(
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

    pub(super) fn next_job(&mut self) -> JobId {
        self.next_job += 1;
        JobId(self.next_job)
    }

    pub(super) fn open_sessions(&mut self, now: Instant) -> bool {
        if self.halted.is_some() {
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

    /// Closes sessions that have lain idle for too long.
    pub(super) fn retire(&mut self, now: Instant) {
        let retired = self.sessions.retire(Some(now));
        self.say_quit(retired);
    }

    pub(super) fn say_quit(&mut self, retired: Vec<Leased>) {
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
    pub(super) fn farewell(&mut self) {
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
