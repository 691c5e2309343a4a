//! What a run stands on: where its ends come from, and who does its work and tells its time.
//!
//! The network and threads in a program; a model of both, seeded, in a simulation. Nothing else of a run differs.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::plan::{PlanServer, Secrets};
use crate::transfer::{Breaker, Disk, End, Facts, Refused, Server};

/// Masks secrets in a text.
pub type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Where ends come from.
pub trait World: Send + Sync {
    /// Opens a session with a server and logs in.
    ///
    /// # Errors
    /// Why not, and what was learned all the same.
    fn connect(
        &self,
        server: &PlanServer,
        facts: &Facts,
        breaker: Breaker,
    ) -> Result<Box<dyn End>, Box<Refused>>;

    /// The disk of this machine.
    fn disk(&self) -> Box<dyn End>;
}

/// Work that an [`Executor`] is given.
pub type Chore = Box<dyn FnOnce() + Send>;

/// Who does the work of jobs, and tells the time.
pub trait Executor: Send + Sync {
    /// Does a piece of work, beside others.
    fn spawn(&self, chore: Chore);

    /// What time it is.
    fn now(&self) -> Instant;

    /// What time it is by the calendar, in Unix seconds.
    fn unix_now(&self) -> i64;

    /// A number from 0 to 1 that others do not share, so that what failed together is not tried again together.
    fn chance(&self) -> f64;

    /// Gives the calling thread to the work, for so long at most; `false` where work goes on by itself, so that the caller
    /// may sleep.
    fn lend(&self, wait: Option<Duration>) -> bool;
}

/// Servers over the network, and the disk.
pub(super) struct Network {
    pub(super) secrets: Arc<Secrets>,
    pub(super) redact: Redact,
    /// What relative local paths begin in.
    pub(super) folder: PathBuf,
}

/// Threads, and the clock of the system.
pub(super) struct Threads(ThreadPool);

impl World for Network {
    fn connect(
        &self,
        server: &PlanServer,
        facts: &Facts,
        breaker: Breaker,
    ) -> Result<Box<dyn End>, Box<Refused>> {
        let password = self.secrets.get(server.password);
        let redact = Arc::clone(&self.redact);
        let server = Server::connect(&server.endpoint, &password, facts, breaker, redact)?;
        Ok(Box::new(server))
    }

    fn disk(&self) -> Box<dyn End> {
        Box::new(Disk::new(self.folder.clone()))
    }
}

impl Threads {
    /// Starts that many threads.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub(super) fn start(threads: usize) -> Result<Threads, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|at| format!("ftpflow-{at}"))
            .build()?;
        Ok(Threads(pool))
    }
}

impl Executor for Threads {
    fn spawn(&self, chore: Chore) {
        self.0.spawn_fifo(chore);
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
    }

    fn chance(&self) -> f64 {
        let number = RandomState::new().hash_one(()) % 1000;
        number as f64 / 1000.0
    }

    fn lend(&self, _: Option<Duration>) -> bool {
        false
    }
}
