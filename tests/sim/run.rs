//! Runs one case: the manifest, once or again after kills, in a world of its own.

use std::any::Any;
use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use ftpflow::event::{RunOutcome, Tally};
use ftpflow::exec::{Interrupt, Request, run_in};
use ftpflow::journal::{FolderMarks, Journal, Leftover, Resumed, State};
use ftpflow::plan::{Plan, Secrets};

use super::case::{Case, Fault};
use super::executor::{Endless, Killed};
use super::manifest::{self, BEGINNING};
use super::oracle::{Oracle, Violation};
use super::world::World;

/// Events between two lends of the dispatcher's thread; a fuller channel would stop it for ever.
const MOST_EVENTS: usize = 2048;
/// Runs of one case.
const MOST_RUNS: usize = 6;

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) violations: Vec<Violation>,
    pub(super) log: Vec<String>,
    /// Whether the manifest was refused before anything happened.
    pub(super) refused: Option<String>,
    pub(super) calls: u32,
    pub(super) changes: u64,
    pub(super) ended: Vec<Option<RunOutcome>>,
}

/// Runs a case.
pub(super) fn run(case: &Case, traces: bool) -> Report {
    let (plan, secrets) = match manifest::plan(case) {
        Ok(compiled) => compiled,
        Err(codes) => {
            return Report {
                refused: Some(codes),
                ..Report::default()
            };
        }
    };
    let world = World::new(case, Oracle::new(Arc::clone(&plan), case.on), traces);
    let runner = Runner {
        case,
        plan,
        secrets: Arc::new(secrets),
        world,
    };
    runner.all()
}

struct Runner<'c> {
    case: &'c Case,
    plan: Arc<Plan>,
    secrets: Arc<Secrets>,
    world: World,
}

impl Runner<'_> {
    fn all(self) -> Report {
        let kills = self.case.faults.iter();
        let kills = kills
            .filter(|planned| matches!(planned.what, Fault::Kill { .. }))
            .count();
        let state = (kills > 0).then(Kept::open);
        let mut report = Report::default();
        let mut resumes = false;
        for _ in 0..MOST_RUNS {
            let ended = self.once(state.as_ref(), resumes);
            report.ended.push(ended);
            if self.world.lock().dead.is_none() {
                break;
            }
            self.clear_away(state.as_ref());
            resumes = self.case.resumes;
        }
        let mut state = self.world.lock();
        report.violations = std::mem::take(&mut state.oracle.violations);
        report.log = std::mem::take(&mut state.log);
        report.calls = state.calls;
        report.changes = state.oracle.changes;
        report
    }

    /// One run; how it ended, where it was not killed.
    fn once(&self, kept: Option<&Kept>, resumes: bool) -> Option<RunOutcome> {
        let (journal, resumed) = match kept {
            Some(kept) => kept.take(resumes),
            None => (None, None),
        };
        let marks = kept.and_then(Kept::marks);
        let number = self.world.lock().clock;
        let (sender, receiver) = sync_channel(MOST_EVENTS);
        let interrupt = Interrupt::default();
        {
            let mut state = self.world.lock();
            let state = &mut *state;
            state
                .oracle
                .begin(resumed.is_none(), &state.tree, &state.stores);
            state.events = Some(receiver);
            state.interrupt = Some(interrupt.clone());
            state.lends = 0;
            state.journal = kept.map(Kept::journal);
        }
        let request = Request {
            plan: Arc::clone(&self.plan),
            secrets: Arc::clone(&self.secrets),
            jobs: self.case.jobs,
            fail_fast: false,
            preview: false,
            journal,
            resumed,
            marks,
            seen: None,
            ledger: None,
            remembers: None,
            number,
            redact: Arc::new(str::to_owned),
            interrupt,
            events: sender,
        };
        let (world, executor) = (Arc::new(self.world.clone()), Arc::new(self.world.clone()));
        let ended = catch_unwind(AssertUnwindSafe(|| run_in(request, world, executor)));
        self.judge(ended)
    }

    fn judge(&self, ended: Result<Tally, Box<dyn Any + Send>>) -> Option<RunOutcome> {
        let queue = std::mem::take(&mut self.world.lock().queue);
        drop(queue);
        let mut state = self.world.lock();
        state.take_events();
        match ended {
            Ok(tally) => {
                let open = state.oracle.open_steps();
                if !open.is_empty() {
                    let text = format!("tally: steps never ended: {}", open.join(", "));
                    state.oracle.violations.push(text);
                }
                if tally.outcome == Some(RunOutcome::Done) {
                    state.judge(Oracle::done);
                }
                tally.outcome
            }
            Err(payload) if payload.is::<Killed>() => None,
            Err(payload) => {
                let text = match payload.downcast::<Endless>() {
                    Ok(endless) => format!("deadlock: {}", endless.0),
                    Err(payload) => format!("panic: {}", words(payload.as_ref())),
                };
                state.oracle.violations.push(text);
                None
            }
        }
    }

    /// What a kill leaves of the world.
    fn clear_away(&self, kept: Option<&Kept>) {
        let mut state = self.world.lock();
        let Some(death) = state.dead.take() else {
            return;
        };
        if let Some(kept) = kept {
            kept.cut(death.journaled);
        }
        if death.power {
            state.lose_power();
        }
        let wait = [1_000, 70_000, 4_000_000][state.rng.below(3)];
        state.clock += wait;
    }
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".into())
}

/// The folder of the state of one thread's runs.
struct Kept {
    base: PathBuf,
}

thread_local! {
    /// Made at the first case with a kill.
    static BASE: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

impl Kept {
    fn open() -> Kept {
        let base = BASE.with_borrow_mut(|base| {
            let made = base.get_or_insert_with(|| {
                let memory = std::path::Path::new("/dev/shm");
                let folder = match memory.is_dir() {
                    true => tempfile::tempdir_in(memory),
                    false => tempfile::tempdir(),
                };
                folder.unwrap()
            });
            made.path().to_owned()
        });
        let kept = Kept { base };
        let _ = fs::remove_file(kept.journal());
        let _ = fs::remove_file(kept.base.join("k").join("marks"));
        kept
    }

    fn journal(&self) -> PathBuf {
        self.base.join("k").join("journal")
    }

    /// Cuts the journal off where the system had it when the run was killed.
    fn cut(&self, length: u64) {
        if let Ok(file) = fs::OpenOptions::new().write(true).open(self.journal()) {
            file.set_len(length).unwrap();
        }
    }

    /// The empty files that killed runs may have left.
    fn marks(&self) -> Option<FolderMarks> {
        let state = State::open(&self.base, "k").unwrap();
        state.folder_marks(Arc::new(str::to_owned)).ok()
    }

    /// The journal of the next run, and what the last one left in it.
    fn take(&self, resumes: bool) -> (Option<Journal>, Option<Resumed>) {
        let state = State::open(&self.base, "k").unwrap();
        let redact = Arc::new(str::to_owned);
        if resumes && let Leftover::Unfinished(resumed) = state.last().unwrap() {
            return (state.go_on(redact).ok(), Some(*resumed));
        }
        let journal = state.begin("sim", "run", BEGINNING, redact);
        (journal.ok(), None)
    }
}
