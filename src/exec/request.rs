//! What a run is asked for, and how it is told to end.

use std::sync::mpsc::{Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::event::{Stamped, Tally};
use crate::journal::{FolderMarks, Journal, Resumed, Seen};
use crate::ledger::Store;
use crate::plan::{Plan, Secrets};

use super::dispatcher::Dispatcher;
use super::earlier::Earlier;
use super::shared::Shared;
use super::steps::job::Message;
use super::steps::job::Workers;
use super::world::Redact;
use super::world::{Executor, Network, Threads, World};

/// The most jobs in flight, whatever the plan's servers allow.
const MOST_JOBS: usize = 128;
/// Jobs for local work beside those that hold sessions.
const LOCAL_JOBS: usize = 2;

/// What to run, and how.
pub struct Request {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its secret values.
    pub secrets: Arc<Secrets>,
    /// The most jobs in flight at once (`--jobs`); by default what the plan's servers allow.
    pub jobs: Option<usize>,
    /// After the first failed file nothing new starts.
    pub fail_fast: bool,
    /// Survey and decide only: nothing is changed anywhere.
    pub preview: bool,
    /// Where the run is recorded.
    pub journal: Option<Journal>,
    /// What an interrupted run of this plan has recorded.
    pub resumed: Option<Resumed>,
    /// The empty files that earlier runs may have left to tell folders apart, and where those of this run are written down.
    pub marks: Option<FolderMarks>,
    /// The markers that successful runs of the manifest have seen, and where those of this run are written down.
    pub seen: Option<Seen>,
    /// What earlier runs have transferred; a plan that [asks](Plan::asks_ledger) for it can do nothing without.
    pub ledger: Option<Arc<Store>>,
    /// The step with `once` of whose source all files are entered in the ledger; it transfers none. With `preview`.
    pub remembers: Option<String>,
    /// A number that no other run of the manifest has: it stands in the names of such files.
    pub number: u64,
    /// Masks secrets in what sessions keep of their control connections.
    pub redact: Redact,
    /// Ends the run early.
    pub interrupt: Interrupt,
    /// Where events go. A full channel slows the run down; a closed one changes nothing.
    pub events: SyncSender<Stamped>,
}

/// Why a run could not begin.
#[derive(Debug, Error)]
pub enum StartError {
    /// The system gives no threads.
    #[error("start {0} threads: {1}")]
    Threads(usize, String),
}

/// Ends a run early. Clones end the same run; it may be used from a signal's thread.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<Mutex<Signal>>);

#[derive(Debug, Default)]
struct Signal {
    given: bool,
    run: Option<Sender<Message>>,
}

impl Interrupt {
    /// The first signal: transfers end cleanly, sessions are quit, the summary is written, within 5 s.
    pub fn first(&self) {
        let mut signal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        signal.given = true;
        if let Some(run) = &signal.run {
            // A run that has just ended needs no telling.
            let _ = run.send(Message::Interrupt);
        }
    }

    fn attach(&self, run: Sender<Message>) {
        let mut signal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if signal.given {
            let _ = run.send(Message::Interrupt);
        }
        signal.run = Some(run);
    }
}

/// Runs a plan on the calling thread, to its end.
///
/// # Errors
/// Only where it could not begin; everything after that is in the tally and was told in events.
pub fn run(request: Request) -> Result<Tally, StartError> {
    let jobs = jobs_at_once(&request);
    let threads =
        Threads::start(jobs).map_err(|error| StartError::Threads(jobs, error.to_string()))?;
    let network = Network {
        secrets: Arc::clone(&request.secrets),
        redact: Arc::clone(&request.redact),
        folder: request.plan.folder.clone(),
    };
    Ok(run_in(request, Arc::new(network), Arc::new(threads)))
}

/// Runs a plan to its end in a world of the caller's, on an executor of the caller's.
pub fn run_in(request: Request, world: Arc<dyn World>, executor: Arc<dyn Executor>) -> Tally {
    let jobs = jobs_at_once(&request);
    let (done, messages) = channel();
    request.interrupt.attach(done.clone());
    let mut shared = Shared::new(
        request.plan,
        world,
        Arc::clone(&executor),
        request.preview,
        request.events,
    );
    shared.keep(request.journal, request.resumed.map(Arc::new));
    shared.keep_marks(request.number, request.marks);
    shared.seen = request.seen.map(Arc::new);
    shared.earlier = Earlier {
        store: request.ledger,
        remembers: request.remembers,
    };
    let workers = Workers::new(executor, done);
    let (dispatcher, first) = Dispatcher::new(shared, workers, messages, jobs, request.fail_fast);
    dispatcher.run(first)
}

fn jobs_at_once(request: &Request) -> usize {
    let jobs = request.jobs.unwrap_or_else(|| jobs_of(&request.plan));
    jobs.max(1)
}

fn jobs_of(plan: &Plan) -> usize {
    let caps = plan
        .servers
        .iter()
        .map(|server| server.endpoint.connections as usize);
    (caps.sum::<usize>() + LOCAL_JOBS).min(MOST_JOBS)
}
