//! What happens in a run, as plain data: the only way from the runner to the reporters.
//!
//! Progress, summary, `--events` and reports read the same type; the journal has records of its own
//! ([`crate::journal::Record`]), which say what must outlive a kill and nothing of progress. [`Tally`] is the one fold of
//! events from which exit code and summary come.
//!
//! Work is told by whom it was done, so that a report can draw who did what when: a *job* is a short run of work on the
//! sessions that it holds, and a *session* one login at a server. Both are numbered, and no
//! number is used twice in a run.
//! `working` says which sessions a job holds; `file_started` and `file_finished` name the job.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::StepKind;

/// The version of the format of events: what `--events` writes. 2 has `file_started`, `session_closed`, and the numbers of
/// jobs and sessions. Fields may be added without a new version; readers ignore what they do not know.
pub const VERSION: u32 = 2;

/// An event and when it happened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Stamped {
    /// [`VERSION`]
    pub version: u32,
    /// Milliseconds since the run's start.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen. Steps and servers are named by their position in the heads of `RunStarted`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first event.
    RunStarted {
        /// The manifest's name.
        name: String,
        /// `${run.id}`
        run_id: String,
        /// Start in Unix seconds, UTC.
        started: i64,
        /// All steps, in the plan's order.
        steps: Vec<StepHead>,
    },
    /// A session was opened.
    SessionOpened {
        /// The server's name.
        server: String,
        /// Its number.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<u64>,
        /// How many are open to it now.
        open: u32,
    },
    /// A session has ended, whoever ended it.
    SessionClosed {
        /// The server's name.
        server: String,
        /// Its number.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<u64>,
    },
    /// Something that people should know once, and that is no failure.
    Warning {
        /// The step, where it concerns one.
        step: Option<usize>,
        /// The server's name, where it concerns one.
        server: Option<String>,
        /// One sentence.
        text: String,
    },
    /// A step began.
    StepStarted {
        /// Its position.
        step: usize,
    },
    /// A step knows how much it has to do.
    StepSized {
        /// Its position.
        step: usize,
        /// Files to transfer or delete, or entries found.
        files: u64,
        /// Bytes to move, as far as sizes are known.
        bytes: u64,
    },
    /// A job of a step began; its meter shows the file in flight.
    Working {
        /// The step's position.
        step: usize,
        /// The job's number.
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<u64>,
        /// The numbers of the sessions that it holds, in the order of its roles (source, target); none for local work.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sessions: Vec<u64>,
        /// Read by the progress display; not part of the written event.
        #[serde(skip)]
        meter: Arc<Meter>,
    },
    /// A try failed and is made again.
    Retrying {
        /// The step's position.
        step: usize,
        /// The job that failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<u64>,
        /// What it was about.
        failure: Box<Failure>,
        /// Tries made so far.
        attempt: u32,
        /// Tries in all.
        attempts: u32,
        /// Wait before the next, in milliseconds.
        wait_ms: u64,
    },
    /// A step waits for files, and will look again. Told when it begins, and whenever what is there has changed.
    Waiting {
        /// The step's position.
        step: usize,
        /// What it waits for, as it is written: `*.done`.
        #[serde(rename = "for")]
        what: String,
        /// How many of these were there.
        found: u64,
        /// How many have to be.
        count: u64,
        /// How many files were there in all.
        files: u64,
        /// How long what is there must stay as it is before the step ends, in milliseconds; absent where too little is there.
        #[serde(skip_serializing_if = "Option::is_none")]
        stable_ms: Option<u64>,
        /// Wait before the next look, in milliseconds.
        wait_ms: u64,
        /// How long it waits at most from now on, in milliseconds.
        left_ms: u64,
    },
    /// A job began with a file; each further try begins it anew. Told up to 100 ms after it happened.
    FileStarted {
        /// The step's position.
        step: usize,
        /// The job's number.
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<u64>,
        /// Its path, as in [`Event::FileFinished`].
        file: String,
        /// Its size in bytes, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// A file is dealt with.
    FileFinished {
        /// The step's position.
        step: usize,
        /// The job that dealt with it; absent where none was needed, as for a file that stood there already.
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<u64>,
        /// Its path at the source (or, for a deletion, the path deleted), as text.
        file: String,
        /// What became of it.
        outcome: FileOutcome,
        /// Bytes moved by this run for it.
        bytes: u64,
    },
    /// A step ended.
    StepFinished {
        /// Its position.
        step: usize,
        /// How.
        outcome: StepOutcome,
    },
    /// The last event.
    RunFinished {
        /// How.
        outcome: RunOutcome,
    },
}

/// What a report needs to know of a step beforehand.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StepHead {
    /// Its name.
    pub name: String,
    /// Its kind's word.
    #[schemars(with = "String")]
    pub kind: StepKind,
    /// What it concerns, for people: `build:/file/版本 → mirror:/abc`.
    pub subject: String,
    /// Whether the compiler made it.
    pub implicit: bool,
    /// Where it stands in the manifest, as a symbolic path (`steps.keep.download`).
    pub origin: String,
}

/// What became of a file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FileOutcome {
    /// It arrived and was verified.
    Transferred,
    /// It arrived, or stood there already, and that it is the source's could not be verified.
    Unverified {
        /// Why.
        reason: String,
        /// Whether it stood there before this run, which has not written it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stood_there: bool,
    },
    /// It stood there already, the same.
    Unchanged,
    /// It was left alone.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It was deleted.
    Deleted,
    /// It was moved.
    Moved {
        /// Its path there, relative to `into`.
        to: String,
    },
    /// It was to be deleted or moved, and was not there.
    WasNotThere,
    /// It failed.
    Failed {
        /// How.
        failure: Box<Failure>,
    },
}

/// How a step ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum StepOutcome {
    /// All that it had to do.
    Done,
    /// It failed as a whole, or files of it failed.
    Failed {
        /// The failure of the step itself; absent where only files failed.
        failure: Option<Box<Failure>>,
    },
    /// It did not start.
    Skipped {
        /// The name of the step because of which it did not start; absent after an interruption.
        because: Option<String>,
        /// In words.
        reason: String,
        /// Whether nothing is amiss: it runs only after a failure, and there was none, or it has run before a run was
        /// resumed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unneeded: bool,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Exit code 0.
    Done,
    /// Exit code 1.
    Failed,
    /// Exit code 130.
    Interrupted,
}

/// A failure, with all that a person needs to mend it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// One lower-case clause: what failed.
    pub message: String,
    /// The server's name (or `local`).
    pub server: Option<String>,
    /// The file, as text.
    pub file: Option<String>,
    /// The FTP command, masked.
    pub command: Option<String>,
    /// The reply's code.
    pub code: Option<u16>,
    /// The reply's text.
    pub reply: Option<String>,
    /// The last lines of the control connection, masked.
    pub transcript: Vec<String>,
    /// The next thing to do.
    pub help: Option<String>,
    /// The hazard for which the run was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hazard: Option<Clash>,
}

impl Failure {
    /// How many bytes its texts have: a server may have written most of them.
    pub fn text_bytes(&self) -> usize {
        let texts = [
            &self.server,
            &self.file,
            &self.command,
            &self.reply,
            &self.help,
        ];
        let texts = texts.into_iter().flatten().chain([&self.message]);
        texts.chain(&self.transcript).map(String::len).sum()
    }
}

/// Two steps that turned out to touch the same files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Clash {
    /// The documented code.
    pub code: Cow<'static, str>,
    /// The position of the other step.
    pub step: usize,
}

/// Bytes in flight of one job, and the file they belong to. Written by a worker, read by the progress display.
#[derive(Debug, Default)]
pub struct Meter {
    moved: AtomicU64,
    current: Mutex<Option<Current>>,
}

/// The file that a job works on.
#[derive(Debug, Clone)]
pub struct Current {
    /// Its path at the source, as text.
    pub file: Arc<str>,
    /// Its size in bytes, where known.
    pub size: Option<u64>,
}

impl Meter {
    /// Begins a file: the count starts again from `offset` (a partial that is continued).
    pub fn begin(&self, current: Current, offset: u64) {
        self.moved.store(offset, Ordering::Relaxed);
        *self.lock() = Some(current);
    }

    /// Adds bytes that have passed.
    pub fn add(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ends the file.
    pub fn end(&self) {
        *self.lock() = None;
    }

    /// The file in flight and how many of its bytes have passed; none between files.
    pub fn read(&self) -> Option<(Current, u64)> {
        let current = self.lock().clone()?;
        Some((current, self.moved.load(Ordering::Relaxed)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fold of all events of a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// One for each step, in the plan's order.
    pub steps: Vec<StepTally>,
    /// Warnings, in order.
    pub warnings: u64,
    /// How the run ended; absent before its end.
    pub outcome: Option<RunOutcome>,
    /// Whether it was refused for a hazard: it ends so again until the manifest is mended.
    pub refused: bool,
}

/// The fold of the events of a step.
#[derive(Debug, Clone, Default)]
pub struct StepTally {
    /// When it started and ended, in milliseconds since the run's start.
    pub started_ms: Option<u64>,
    /// See `started_ms`.
    pub ended_ms: Option<u64>,
    /// How much it had to do, once known.
    pub planned_files: Option<u64>,
    /// See `planned_files`.
    pub planned_bytes: Option<u64>,
    /// Files that were dealt with before that was known, as those with a name that is refused: `planned_files` counts none
    /// of them.
    pub unplanned: u64,
    /// Files transferred (verified or not) or deleted.
    pub done: u64,
    /// Files that stood there already.
    pub unchanged: u64,
    /// Files left alone, or gone before a deletion.
    pub skipped: u64,
    /// Files that failed.
    pub failed: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Tries made again.
    pub retries: u64,
    /// How it ended.
    pub outcome: Option<StepOutcome>,
}

impl Stamped {
    /// An event so many milliseconds after the run's start.
    pub fn new(at_ms: u64, event: Event) -> Stamped {
        Stamped {
            version: VERSION,
            at_ms,
            event,
        }
    }
}

impl Tally {
    /// Takes an event in.
    pub fn take(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::RunStarted { steps, .. } => {
                self.steps = vec![StepTally::default(); steps.len()];
            }
            Event::Warning { .. } => self.warnings += 1,
            Event::RunFinished { outcome } => self.outcome = Some(*outcome),
            Event::SessionOpened { .. }
            | Event::SessionClosed { .. }
            | Event::Working { .. }
            | Event::FileStarted { .. } => {}
            Event::StepStarted { step }
            | Event::StepSized { step, .. }
            | Event::Retrying { step, .. }
            | Event::Waiting { step, .. }
            | Event::FileFinished { step, .. }
            | Event::StepFinished { step, .. } => {
                self.refused |= stamped.event.is_refusal();
                if let Some(tally) = self.steps.get_mut(*step) {
                    tally.take(stamped.at_ms, &stamped.event);
                }
            }
        }
    }

    /// Whether any step failed, or was skipped because of one that did.
    pub fn failed(&self) -> bool {
        self.steps.iter().any(|step| {
            step.failed > 0
                || matches!(
                    step.outcome,
                    Some(
                        StepOutcome::Failed { .. }
                            | StepOutcome::Skipped {
                                unneeded: false,
                                ..
                            }
                    )
                )
        })
    }
}

impl Event {
    /// Whether a step ended because the plan turned out to have a hazard.
    fn is_refusal(&self) -> bool {
        let outcome = match self {
            Event::StepFinished { outcome, .. } => outcome,
            _ => return false,
        };
        matches!(outcome, StepOutcome::Failed { failure: Some(failure) } if failure.hazard.is_some())
    }
}

impl StepTally {
    /// Files that are dealt with, in whatever way.
    pub fn settled(&self) -> u64 {
        self.done + self.unchanged + self.skipped + self.failed
    }

    /// All files that the step has, or had, to deal with, once known.
    pub fn all_files(&self) -> Option<u64> {
        let planned = self.planned_files?.saturating_add(self.unplanned);
        Some(planned.max(self.settled()))
    }

    fn take(&mut self, at_ms: u64, event: &Event) {
        match event {
            Event::StepStarted { .. } => self.started_ms = Some(at_ms),
            Event::StepSized { files, bytes, .. } => {
                self.planned_files = Some(*files);
                self.planned_bytes = Some(*bytes);
            }
            Event::Retrying { .. } => self.retries += 1,
            Event::FileFinished { outcome, bytes, .. } => {
                // A server may claim any size.
                self.bytes = self.bytes.saturating_add(*bytes);
                self.count(outcome);
                self.unplanned += u64::from(self.planned_files.is_none());
            }
            Event::StepFinished { outcome, .. } => {
                self.ended_ms = Some(at_ms);
                self.outcome = Some(outcome.clone());
            }
            _ => {}
        }
    }

    fn count(&mut self, outcome: &FileOutcome) {
        match outcome {
            FileOutcome::Unchanged
            | FileOutcome::Unverified {
                stood_there: true, ..
            } => self.unchanged += 1,
            FileOutcome::Transferred
            | FileOutcome::Unverified { .. }
            | FileOutcome::Deleted
            | FileOutcome::Moved { .. } => self.done += 1,
            FileOutcome::Skipped { .. } | FileOutcome::WasNotThere => self.skipped += 1,
            FileOutcome::Failed { .. } => self.failed += 1,
        }
    }
}
