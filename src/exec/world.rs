//! What a run stands on: where its ends come from, and who does its work and tells its time.
//!
//! The network and threads in a program; a model of both, seeded, in a simulation. Nothing else of a run differs.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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
///
/// Each thread takes its work from a queue for as long as the run lasts, and sleeps where there is none: rayon's own idle
/// threads look for work again and again before they sleep, which between jobs of a millisecond cost as many system calls as
/// the files did (measured).
pub(super) struct Threads {
    queue: Arc<Queue>,
    _pool: ThreadPool,
}

/// Work that waits for a thread, in order.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    chores: VecDeque<Chore>,
    is_over: bool,
}

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
        let queue = Arc::new(Queue::default());
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            pool.spawn_fifo(move || queue.work());
        }
        Ok(Threads { queue, _pool: pool })
    }
}

/// What waits is done before the threads end; the caller does not wait for that.
impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.waiting().is_over = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, chore: Chore) {
        self.waiting().chores.push_back(chore);
        self.changed.notify_one();
    }

    /// Does what comes until the queue is over.
    fn work(&self) {
        while let Some(chore) = self.next() {
            chore();
        }
    }

    fn next(&self) -> Option<Chore> {
        let waits = |waiting: &mut Waiting| waiting.chores.is_empty() && !waiting.is_over;
        let waiting = self.changed.wait_while(self.waiting(), waits);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.chores.pop_front()
    }
}

impl Executor for Threads {
    fn spawn(&self, chore: Chore) {
        self.queue.add(chore);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn threads_work_side_by_side_and_leave_nothing_undone() {
        let threads = Threads::start(2).unwrap();
        let (told, heard) = channel();
        let (first, second) = (channel(), channel());
        // Each waits for the other, so that both have to be under way.
        for (own, other) in [(first.0, second.1), (second.0, first.1)] {
            let told = told.clone();
            threads.spawn(Box::new(move || {
                own.send(()).unwrap();
                other.recv().unwrap();
                told.send(()).unwrap();
            }));
        }
        for _ in 0..7 {
            let told = told.clone();
            threads.spawn(Box::new(move || told.send(()).unwrap()));
        }
        drop((threads, told));
        assert_eq!(heard.iter().count(), 9);
    }
}
