//! Jobs and sessions: started when what they need is there, and sessions closed when they rest or the run ends.

use std::sync::Arc;
use std::time::Instant;

use super::{Dispatcher, Flight, Owner, PATIENCE, Step};
use crate::event::{Event, Meter};
use crate::exec::opening;
use crate::exec::roles::{JobId, Roles};
use crate::exec::sessions::Leased;
use crate::exec::steps::job::Message;
use crate::exec::steps::job::{Desk, Seat, Work};
use crate::exec::steps::{Output, Stop};
use crate::files::Side;
use crate::transfer::Role;

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
        // The first job on a side waits until what an interrupted run has left there is gone.
        match self.shared.sweep(&roles) {
            Some(work) => {
                let job = self.next_job();
                self.fly(job, Owner::Sweep, &roles, leased, Arc::default(), work);
            }
            None => self.start(index, &roles, leased, now),
        }
        Step::Started
    }

    pub(super) fn start(&mut self, index: usize, roles: &Roles, leased: Vec<Leased>, now: Instant) {
        let job = self.next_job();
        let sessions = leased.iter().map(|leased| leased.slot.0).collect();
        let running = &mut self.running[index];
        running.jobs += 1;
        let work = running.machine.work(job, now, &mut self.shared);
        let meter = Arc::new(Meter::default());
        if work.moves_bytes {
            self.shared.emit(Event::Working {
                step: running.id.0 as usize,
                job: Some(job.0),
                sessions,
                meter: Arc::clone(&meter),
            });
        }
        let owner = Owner::Step(running.id);
        self.fly(job, owner, roles, leased, meter, work.work);
    }

    pub(super) fn fly(
        &mut self,
        job: JobId,
        owner: Owner,
        roles: &Roles,
        leased: Vec<Leased>,
        meter: Arc<Meter>,
        work: Work,
    ) {
        let places = leased.iter().map(|l| (l.server, l.slot)).collect();
        let rested = leased.iter().any(|leased| leased.rested);
        let seats = self.seats(roles, leased);
        let desk = Desk::new(job, seats, meter, rested, &self.workers);
        self.flights.insert(job, Flight { owner, places });
        self.workers.spawn(desk, work);
    }

    /// An end for each role: a session that was leased for it, or the disk.
    fn seats(&self, roles: &Roles, leased: Vec<Leased>) -> Vec<Seat> {
        let mut leased = leased.into_iter();
        let seats = roles.iter().filter_map(|(role, side)| {
            let end = match side {
                Side::Local => self.shared.world.disk(),
                Side::Server(server) => {
                    let mut end = leased.next()?.end;
                    end.learn(self.shared.facts(server));
                    end
                }
            };
            let is_session = side != Side::Local;
            Some(Seat {
                role,
                end,
                is_session,
            })
        });
        seats.collect()
    }

    pub(super) fn next_job(&mut self) -> JobId {
        let job = JobId(self.next_job);
        self.next_job += 1;
        job
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
            self.fly(job, owner, &Roles::none(), Vec::new(), Arc::default(), work);
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
                for seat in desk.seats.drain(..) {
                    seat.end.quit();
                }
                Output::Nothing
            });
            let roles = Roles::one(Role::Source, Side::Server(leased.server));
            self.fly(
                job,
                Owner::Farewell,
                &roles,
                vec![leased],
                Arc::default(),
                work,
            );
        }
    }

    /// QUIT on all sessions, at once, and only as long as that may take.
    pub(super) fn farewell(&mut self) {
        let retired = self.sessions.retire(None);
        self.say_quit(retired);
        let end = self.now() + PATIENCE;
        while !self.flights.is_empty() && !self.gave_up {
            let left = end.saturating_duration_since(self.now());
            match self.receive(Some(left)) {
                Ok(Message::Done(done)) => {
                    let flight = self.flights.remove(&done.job);
                    for (server, slot) in flight.into_iter().flat_map(|flight| flight.places) {
                        self.sessions.lost(server, slot);
                    }
                    self.tell_closed();
                }
                Ok(Message::Interrupt) => self.interrupted = true,
                Err(_) => break,
            }
        }
    }
}
