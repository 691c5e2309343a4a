//! The simulated world as what a run stands on, and one thread in place of many.
//!
//! A job that was spawned waits until the dispatcher lends its thread; which one runs follows from the seed. One may also
//! run in the middle of another's call ([`super::case::Fault::Beside`]), as on a second thread.

use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ftpflow::exec::{self, Chore, Executor};
use ftpflow::plan::PlanServer;
use ftpflow::transfer::{Breaker, End, Facts, Refused};

use super::disk::ModelDisk;
use super::manifest::BEGINNING;
use super::session::ModelSession;
use super::world::World;

/// Lends of the dispatcher's thread in one run, after which it is taken for one that never ends.
const MOST_LENDS: u32 = 20_000;
/// The longest that a run may take by its own clock.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// Unwinds a run that was killed.
pub(super) struct Killed;

/// Unwinds a run that does not end.
pub(super) struct Endless(pub(super) String);

impl exec::World for World {
    fn connect(
        &self,
        server: &PlanServer,
        facts: &Facts,
        breaker: Breaker,
    ) -> Result<Box<dyn End>, Box<Refused>> {
        let name = server.endpoint.name.trim_start_matches('v');
        let view = name.parse().unwrap_or(0);
        let mut session = ModelSession::open(self, view, breaker)?;
        session.learn(facts);
        Ok(Box::new(session))
    }

    fn disk(&self) -> Box<dyn End> {
        Box::new(ModelDisk::new(self))
    }
}

impl Executor for World {
    fn spawn(&self, chore: Chore) {
        self.lock().queue.push_back(chore);
    }

    fn now(&self) -> Instant {
        start() + Duration::from_millis(self.lock().clock)
    }

    fn unix_now(&self) -> i64 {
        let seconds = self.lock().clock / 1000;
        BEGINNING + i64::try_from(seconds).unwrap_or(0)
    }

    fn chance(&self) -> f64 {
        (self.lock().rng.next() % 1000) as f64 / 1000.0
    }

    fn lend(&self, wait: Option<Duration>) -> bool {
        let chore = {
            let mut state = self.lock();
            state.take_events();
            if state.dead.is_some() {
                drop(state);
                resume_unwind(Box::new(Killed));
            }
            state.lends += 1;
            let late = Duration::from_millis(state.clock) > LONGEST;
            if state.lends > MOST_LENDS || late {
                drop(state);
                resume_unwind(Box::new(Endless("it goes on for ever".into())));
            }
            let many = state.queue.len();
            let at = state.rng.below(many);
            let chore = state.queue.remove(at);
            if chore.is_none() {
                match wait {
                    Some(wait) => {
                        state.clock += u64::try_from(wait.as_millis()).unwrap_or(0) + 1;
                    }
                    None => {
                        drop(state);
                        let text = "it waits for what never comes".to_owned();
                        resume_unwind(Box::new(Endless(text)));
                    }
                }
            }
            chore
        };
        if let Some(chore) = chore {
            chore();
        }
        if self.lock().dead.is_some() {
            resume_unwind(Box::new(Killed));
        }
        true
    }
}

/// Instants have no beginning of their own.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}
