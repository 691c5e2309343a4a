//! The steps of a run as state machines on the dispatcher: one file a kind.
//!
//! A machine says what it could do next; the dispatcher finds the sessions and a thread; the machine then
//! makes the job, and takes in its end. Nothing here waits.

mod delete;
mod filter;
pub(super) mod job;
mod journal_set;
mod journaled;
mod list;
mod login;
mod one_job;
mod transfer;

use std::time::Instant;

use crate::event::{Failure, StepOutcome};
use crate::files::FileSet;
use crate::plan::{Action, Step};

use super::fault::Fault;
use super::folder_marks::{Spot, Swept};
use super::opened::Opened;
use super::roles::{JobId, Roles};
use super::shared::Shared;
use super::steps::job::Work;
pub(super) use journal_set::JournalSet;
use one_job::OneJob;

/// A step that has been released.
pub(super) trait Machine {
    /// What it could do now.
    fn next(&mut self, now: Instant, shared: &mut Shared) -> Next;
    /// The job that [`Next::Job`] spoke of; its sessions are in hand.
    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork;
    /// Takes in the end of a job.
    fn returned(&mut self, job: JobId, output: Output, now: Instant, shared: &mut Shared);
    /// Nothing that has not begun begins any more.
    fn stop(&mut self, stop: &Stop, shared: &mut Shared);
}

/// What a step could do.
pub(super) enum Next {
    /// A job on these sessions; so many such jobs could start, this one included.
    Job { roles: Roles, more: usize },
    /// Nothing before a job of it returns, or the instant comes.
    Wait(Option<Instant>),
    /// Nothing more: it has ended, once its last job has returned.
    Done(Ending),
}

/// The work of a job, and whether its meter is worth showing.
pub(super) struct JobWork {
    pub(super) work: Work,
    pub(super) moves_bytes: bool,
}

/// How a step ended, and what it yields.
pub(super) struct Ending {
    pub(super) outcome: StepOutcome,
    pub(super) set: Option<FileSet>,
    /// Whether steps that need it go on with the set although it failed, whatever `on_error` says.
    pub(super) yields_rest: bool,
}

/// Why nothing more of a step begins.
#[derive(Debug, Clone)]
pub(super) enum Stop {
    /// The run was interrupted.
    Interrupted,
    /// A file failed, and `--fail-fast` was given.
    FailFast,
    /// These two steps of the plan turned out to touch the same files.
    Hazard(String, String),
    /// The step itself cannot go on.
    Fault(Fault),
}

/// What a job gives back: one variant for each sort of job.
pub(super) enum Output {
    /// Nothing to say.
    Nothing,
    /// A session was opened, or not.
    Opened(Box<Opened>),
    /// Folders were listed, in the order in which they were asked for.
    Listed(Vec<list::Listed>),
    /// Folders were listed, and the step may wait for more.
    Looked(Box<list::Looked>),
    /// The markers of a look were written down, or not; then what is to be said of that.
    Noted(Result<Option<String>, Fault>),
    /// A set is ready.
    Set(Result<FoundSet, Fault>),
    /// A filter was applied.
    Filtered(Result<crate::files::Filtered, Fault>),
    /// A part of a transfer step.
    Transfer(Box<transfer::Output>),
    /// A part of a delete step.
    Delete(Box<delete::Output>),
    /// What earlier runs had left was removed, or not.
    Swept(Vec<(Spot, Swept)>),
    /// The plan was compared once more.
    Compared(Vec<crate::plan::Hazard>),
    /// It panicked, and its sessions are lost.
    Panicked(String),
}

/// A set and what is to be said of it.
pub(super) struct FoundSet {
    pub(super) set: FileSet,
    pub(super) problems: crate::files::Problems,
    /// Entries that came more than once.
    pub(super) repeated: crate::files::Problems,
    /// What the names are in, where they are not in the encoding that is taken for theirs.
    pub(super) foreign: Option<crate::files::Guess>,
}

impl FoundSet {
    /// A set of which there is nothing to say.
    pub(super) fn plain(set: FileSet) -> FoundSet {
        FoundSet {
            set,
            problems: crate::files::Problems::default(),
            repeated: crate::files::Problems::default(),
            foreign: None,
        }
    }
}

/// The machine of a step.
pub(super) fn machine(step: &Step, shared: &Shared) -> Box<dyn Machine> {
    if let Some(known) = journaled::Journaled::new(step, shared) {
        return Box::new(OneJob::new(known));
    }
    match &step.action {
        Action::Login(login) => Box::new(login::Login::new(login)),
        Action::List(list) => Box::new(list::Lister::new(step, list, shared)),
        Action::Filter(filter) => Box::new(OneJob::new(filter::Filter::new(step, filter))),
        Action::Transfer(transfer) => Box::new(transfer::Transfer::new(step, transfer, shared)),
        Action::Move(moving) => Box::new(delete::Delete::moving(step, moving)),
        Action::Delete(delete) => Box::new(delete::Delete::new(step, delete)),
    }
}

/// The fault of a job that panicked.
pub(super) fn panicked(words: &str) -> Fault {
    Fault::permanent(format!("a fault in ftpflow itself: {words}"))
        .help("please report it, with the manifest and this message")
}

/// The one note for all files of a step that were never begun, or whose next try never came.
pub(super) fn left_undone(files: usize, done: &str, reason: &str) -> String {
    match files {
        1 => format!("1 file was not {done}: {reason}"),
        _ => format!("{files} files were not {done}: {reason}"),
    }
}

impl Stop {
    /// In words, for what did not begin.
    pub(super) fn reason(&self) -> String {
        match self {
            Stop::Interrupted => "the run was interrupted".into(),
            Stop::FailFast => "another file failed, and `--fail-fast` was given".into(),
            Stop::Hazard(one, other) => format!(
                "the run was refused: `{one}` and `{other}` turned out to touch the same files"
            ),
            Stop::Fault(fault) => fault.failure.message.clone(),
        }
    }

    /// What the step itself reports.
    pub(super) fn failure(&self) -> Option<Box<Failure>> {
        match self {
            Stop::Fault(fault) => Some(fault.failure.clone()),
            stop => Some(Box::new(Failure {
                message: stop.reason(),
                ..Failure::default()
            })),
        }
    }
}

impl JobWork {
    /// Work whose meter has nothing to show.
    pub(super) fn quiet(work: Work) -> JobWork {
        JobWork {
            work,
            moves_bytes: false,
        }
    }
}

impl Ending {
    /// A step that did all it had to do.
    pub(super) fn done(set: Option<FileSet>) -> Ending {
        Ending {
            outcome: StepOutcome::Done,
            set,
            yields_rest: false,
        }
    }

    /// A step that failed as a whole.
    pub(super) fn failed(failure: Option<Box<Failure>>, set: Option<FileSet>) -> Ending {
        Ending {
            outcome: StepOutcome::Failed { failure },
            set,
            yields_rest: false,
        }
    }

    /// A step that failed for a part of what it was to find: the rest is good.
    pub(super) fn in_part(failure: Box<Failure>, set: FileSet) -> Ending {
        Ending {
            outcome: StepOutcome::Failed {
                failure: Some(failure),
            },
            set: Some(set),
            yields_rest: true,
        }
    }
}
