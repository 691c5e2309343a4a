//! From a compiled manifest to a run, its reporter beside it: what `run` and `plan` share.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::ci;
use super::exit::Exit;
use super::inputs::{self, Variables};
use super::ledger;
use super::load::Loaded;
use super::output::{self, Voice};
use super::signals;
use super::state::{self, Kept, Wish};
use crate::event::RunOutcome;
use crate::exec::{self, Interrupt, Request};
use crate::journal::State;
use crate::manifest::suggest;
use crate::plan::{Plan, Timeless};
use crate::report::{
    Display, Hurry, Picture, Redactor, ReportFile, Reporter, Settings, Sink, Told, Verbosity,
};

/// How often a log says how far a run is: CI systems end what is silent for long.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Steps of a plan that is drawn in a report.
const MAX_DRAWN: usize = 500;

/// Arguments of `run` and `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// The manifest
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    #[command(flatten)]
    pub(super) variables: Variables,

    /// Run only this step and all that it needs (repeatable)
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,

    /// The most jobs at once, in place of what the servers' `connections` allow
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Show bars on a terminal and lines elsewhere, bars always, or the summary alone
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Progress::Auto)]
    progress: Progress,

    /// Say only what went wrong
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Name every file, session and implicit step
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Progress {
    Auto,
    Always,
    Never,
}

/// What differs between `run` and `plan`.
pub(super) struct Execution {
    pub(super) fail_fast: bool,
    pub(super) events: Option<Sink>,
    pub(super) files: Vec<ReportFile>,
    /// Where the run is recorded; a preview is not.
    pub(super) state: Option<Wish>,
    /// The folder for state, in place of `.ftpflow` beside the manifest.
    pub(super) folder: Option<PathBuf>,
    /// The step whose files are remembered, with nothing else done.
    pub(super) remembers: Option<String>,
    /// Where the plan goes, if nothing is to be changed.
    pub(super) preview: Option<Sink>,
}

/// Carries out a plan without changing anything, and shows it on stdout. `folder`: for state. `remembers`: the step whose files
/// are entered in the ledger.
pub(super) fn preview(
    common: &Common,
    loaded: Loaded,
    folder: Option<PathBuf>,
    remembers: Option<String>,
) -> Result<Exit, Exit> {
    let stdout = output::stdout_sink().map_err(|error| {
        let message = format!("failed to open stdout: {error}");
        loaded.voice().complain(message, None);
        Exit::Refused
    })?;
    execute(
        common,
        loaded,
        Execution {
            fail_fast: false,
            events: None,
            files: Vec::new(),
            state: None,
            folder,
            remembers,
            preview: Some(stdout),
        },
    )
}

impl Common {
    /// The plan, or the part of it that `--only` names. `Err` is wrong usage, which has been said.
    pub(super) fn chosen(&self, plan: &Arc<Plan>, voice: Voice<'_>) -> Result<Arc<Plan>, Exit> {
        if self.only.is_empty() {
            return Ok(Arc::clone(plan));
        }
        plan.only(&self.only).map(Arc::new).map_err(|unknown| {
            for name in unknown {
                let steps = plan.steps.iter().filter(|step| !step.implicit);
                let near = suggest(&name, steps.map(|step| step.name.as_str()));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                voice.complain(format!("`--only {name}` names no step"), help.as_deref());
            }
            Exit::Usage
        })
    }

    /// The same of the plan to know the manifest by, whose names [`Common::chosen`] has looked up.
    pub(super) fn part(&self, loaded: &mut Loaded) -> Result<Timeless, Exit> {
        let timeless = loaded.timeless.take().ok_or(Exit::Manifest)?;
        match self.only.as_slice() {
            [] => Ok(timeless),
            names => timeless.only(names).map_err(|_| Exit::Usage),
        }
    }

    /// The same for one step and all that it needs.
    pub(super) fn of_step(self, step: &str) -> Common {
        Common {
            only: vec![step.to_owned()],
            ..self
        }
    }

    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    fn display(&self) -> Display {
        match self.progress {
            Progress::Never => Display::None,
            Progress::Always => Display::Bars,
            Progress::Auto if self.quiet || !io::stderr().is_terminal() => Display::Lines,
            Progress::Auto => Display::Bars,
        }
    }
}

/// Runs the plan and waits until all is shown.
pub(super) fn execute(common: &Common, loaded: Loaded, execution: Execution) -> Result<Exit, Exit> {
    let mut loaded = loaded;
    let redactor = Arc::clone(&loaded.redactor);
    let voice = Voice(&redactor);
    let compiled = loaded.compiled.as_mut().ok_or(Exit::Manifest)?;
    let plan = common.chosen(&compiled.plan.take().ok_or(Exit::Manifest)?, voice)?;
    let mut kept = match &execution.state {
        Some(wish) => state::take(wish, common, loaded, plan)?,
        None => {
            let base = state::base(execution.folder.as_deref(), &common.file);
            Kept::preview(loaded, plan, &base)?
        }
    };
    let ledger = ledger::of(&kept.plan, &execution, common, &kept.loaded)?;
    let remembers = execution.remembers.clone();
    let loaded = &mut kept.loaded;
    let secrets = loaded.compiled.take().ok_or(Exit::Manifest)?.secrets;
    let masks = Arc::clone(&redactor);
    let preview = execution.preview.is_some();
    let fail_fast = execution.fail_fast;
    let hurry = Hurry::default();
    let picture = picture(&kept.plan, &execution.files, &redactor);
    let reporter = report(common, loaded, execution, picture, hurry.clone()).map_err(|error| {
        voice.complain(format!("failed to start the reporter: {error}"), None);
        Exit::Refused
    })?;
    let continues = kept.journal.is_some() && !common.quiet;
    let interrupt = Interrupt::default();
    signals::listen(interrupt.clone(), hurry, reporter.sender(), voice);
    let ended = exec::run(Request {
        plan: kept.plan,
        secrets: Arc::new(secrets),
        jobs: common.jobs.map(NonZeroUsize::get),
        fail_fast,
        preview,
        journal: kept.journal,
        resumed: kept.resumed,
        marks: kept.marks,
        seen: kept.seen,
        ledger,
        remembers,
        number: inputs::random(),
        redact: Arc::new(move |text: &str| masks.text(text).into_owned()),
        interrupt,
        events: reporter.sender(),
    });
    let tally = ended.map_err(|error| {
        voice.complain(format!("failed to {error}"), None);
        Exit::Refused
    })?;
    // A journal that could not be written to its end is not there any more, and the manifest of a refused run must change.
    let has_journal = kept.state.as_ref().is_some_and(State::has_journal);
    let goes_on = continues && has_journal && !tally.refused;
    let open = goes_on && tally.outcome != Some(RunOutcome::Done);
    let note = "with `--resume` the same command continues this run; without, it starts anew";
    let told = reporter.finish(open.then_some(note));
    Ok(match (Exit::from(tally.outcome), told) {
        (_, Told::Interrupted) => Exit::Interrupted,
        (Exit::Done, Told::InPart) => Exit::Unwritten,
        (exit, _) => exit,
    })
}

/// The plan as a report draws it, where one does: of a plan that is too large nobody would see anything.
fn picture(plan: &Plan, files: &[ReportFile], redactor: &Redactor) -> Option<Picture> {
    let wanted = files.iter().any(ReportFile::draws) && plan.steps.len() <= MAX_DRAWN;
    wanted.then(|| Picture::new(plan, redactor))
}

fn report(
    common: &Common,
    loaded: &Loaded,
    execution: Execution,
    picture: Option<Picture>,
    hurry: Hurry,
) -> io::Result<Reporter> {
    Reporter::start(Settings {
        redactor: Arc::clone(&loaded.redactor),
        origins: loaded.origins(),
        display: common.display(),
        ci: ci::system(&common.file),
        heartbeat: (!common.quiet).then_some(HEARTBEAT),
        verbosity: common.verbosity(),
        paint: output::stderr_paint(),
        columns: output::columns(),
        out: output::stderr_outlet()?,
        events: execution.events,
        files: execution.files,
        picture,
        preview: execution.preview,
        hurry,
    })
}
