//! A job: a short run of work on the sessions it holds.
//!
//! A job starts with its sessions and a thread in hand, and ends with exactly one [`Done`], on panic too. It
//! is `'static` over shared data and uses no rayon primitive: a `join` inside a transfer would let it steal
//! another transfer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::event::Meter;
use crate::files::ServerId;
use crate::ftp::Session;

use super::dispatcher::Message;
use super::steps::Output;

/// The number of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct JobId(pub(super) u64);

/// What a job needs: a session of each of these servers, in the order of its roles (source, target, …).
pub(super) type Roles = Vec<ServerId>;

/// What a job does with what it holds.
pub(super) type Work = Box<dyn FnOnce(&mut Desk) -> Output + Send>;

/// What a job holds.
pub(super) struct Desk {
    /// One for each of its roles.
    pub(super) sessions: Vec<Session>,
    /// Where the progress display reads.
    pub(super) meter: Arc<Meter>,
    /// Whether a session lay idle for so long that the server may have closed it: a loss at the first command
    /// is then not counted as a try.
    pub(super) rested: bool,
    buffer: Vec<u8>,
}

/// The end of a job. The sessions are lost where it panicked.
pub(super) struct Done {
    pub(super) job: JobId,
    pub(super) sessions: Vec<Session>,
    pub(super) output: Output,
}

/// The threads of a run.
pub(super) struct Workers {
    pool: ThreadPool,
    done: Sender<Message>,
}

impl Desk {
    /// What a job holds that begins now.
    pub(super) fn new(sessions: Vec<Session>, meter: Arc<Meter>, rested: bool) -> Desk {
        Desk {
            sessions,
            meter,
            rested,
            buffer: Vec::new(),
        }
    }

    /// The sessions, the meter and the buffer, all at once.
    pub(super) fn parts(&mut self) -> (&mut [Session], &Meter, &mut Vec<u8>) {
        (&mut self.sessions, &self.meter, &mut self.buffer)
    }
}

impl Workers {
    /// Starts that many threads; each end of a job is sent to `done`.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub(super) fn start(
        threads: usize,
        done: Sender<Message>,
    ) -> Result<Workers, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|at| format!("ftpflow-{at}"))
            .build()?;
        Ok(Workers { pool, done })
    }

    /// Starts a job.
    pub(super) fn spawn(&self, job: JobId, mut desk: Desk, work: Work) {
        let done = self.done.clone();
        self.pool.spawn_fifo(move || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let output = work(&mut desk);
                (desk.sessions, output)
            }));
            let (sessions, output) = result.unwrap_or_else(|panic| {
                let words = words_of(panic.as_ref());
                (Vec::new(), Output::Panicked(words))
            });
            // Nobody listens any more when the run has ended without this job.
            let _ = done.send(Message::Done(Box::new(Done {
                job,
                sessions,
                output,
            })));
        });
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
