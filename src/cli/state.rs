//! The state folder of a run: taken, resumed, or set aside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::execute::Common;
use super::exit::Exit;
use super::inputs::Reading;
use super::load::Loaded;
use super::output::Voice;
use crate::journal::{FolderMarks, Journal, Leftover, Resumed, Seen, State, StateError};
use crate::plan::{Plan, Timeless};
use crate::report::Redactor;

/// Where state lies, and whether an unfinished run is continued.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Wish {
    /// Continue the last run of this manifest, where it did not end with everything done
    #[arg(long)]
    resume: bool,

    /// The folder for state, in place of `.ftpflow` beside the manifest
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl Wish {
    /// The folder for state, where one is named.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.state.clone()
    }
}

/// Masks secrets in a line.
pub(super) type Masks = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What a run begins with.
pub(super) struct Kept {
    pub(super) loaded: Loaded,
    pub(super) plan: Arc<Plan>,
    pub(super) journal: Option<Journal>,
    pub(super) resumed: Option<Resumed>,
    pub(super) marks: Option<FolderMarks>,
    pub(super) seen: Option<Seen>,
    /// Held until the run has ended.
    pub(super) state: Option<State>,
}

impl Kept {
    /// A run without state: nothing is written.
    pub(super) fn nothing(loaded: Loaded, plan: Arc<Plan>) -> Kept {
        Kept {
            loaded,
            plan,
            journal: None,
            resumed: None,
            marks: None,
            seen: None,
            state: None,
        }
    }

    /// The same for one that only says what a run would do, which knows what earlier runs have seen.
    /// `Err` was said.
    pub(super) fn preview(loaded: Loaded, plan: Arc<Plan>, base: &Path) -> Result<Kept, Exit> {
        let seen = seen(&plan, loaded.voice(), |name| State::seen_before(base, name))?;
        Ok(Kept {
            seen,
            ..Kept::nothing(loaded, plan)
        })
    }
}

/// Takes the state folder and begins or continues its journal. `Err` was said.
pub(super) fn take(
    wish: &Wish,
    common: &Common,
    mut loaded: Loaded,
    plan: Arc<Plan>,
) -> Result<Kept, Exit> {
    let base = base(wish.state.as_deref(), &common.file);
    let name = common.file.file_name().unwrap_or_default();
    let timeless = common.part(&mut loaded)?;
    let fingerprint = fingerprint(&timeless, loaded.voice())?;
    let state = match State::open(&base, &timeless.key(&name.to_string_lossy())) {
        Ok(state) => state,
        Err(error @ StateError::Held(_)) => {
            let help = "wait until it has ended: two runs that write the same files at once would spoil them";
            loaded.voice().complain(error, Some(help));
            return Err(Exit::Refused);
        }
        Err(error) => {
            loaded.voice().warn(format!(
                "{error}; this run keeps no journal and cannot be resumed"
            ));
            return Ok(Kept::nothing(loaded, plan));
        }
    };
    let found = state.last();
    let found = found.map_err(|error| unreadable(&base, &error, loaded.voice()))?;
    match found {
        Leftover::Unfinished(resumed) if wish.resume => go_on(state, *resumed, common),
        found => begin(
            state,
            found,
            wish,
            Run {
                loaded,
                plan,
                fingerprint,
            },
        ),
    }
}

/// The folder for state.
pub(super) fn base(named: Option<&Path>, manifest: &Path) -> PathBuf {
    match named {
        Some(folder) => folder.to_owned(),
        None => manifest.parent().unwrap_or(Path::new("")).join(".ftpflow"),
    }
}

/// What earlier runs have seen of the markers that a plan waits for. Without, a marker of long ago would stand for a file that
/// is only being written. `Err` was said.
fn seen(
    plan: &Plan,
    voice: Voice<'_>,
    read: impl FnOnce(&str) -> std::io::Result<Seen>,
) -> Result<Option<Seen>, Exit> {
    if !plan.waits() {
        return Ok(None);
    }
    let unread = |error| {
        let message = format!("what earlier runs have seen of markers cannot be read: {error}");
        let help = "take the markers away that are done with, then delete the file: all that stand then count as new";
        voice.complain(message, Some(help));
        Exit::Refused
    };
    read(&plan.name).map_err(unread).map(Some)
}

/// What is about to run, and what it will be known by.
struct Run {
    loaded: Loaded,
    plan: Arc<Plan>,
    fingerprint: String,
}

fn fingerprint(timeless: &Timeless, voice: Voice<'_>) -> Result<String, Exit> {
    timeless.fingerprint().map_err(|error| {
        voice.complain(format!("the plan cannot be written down: {error}"), None);
        Exit::Refused
    })
}

/// A new journal; what an earlier run left is set aside, never lost.
fn begin(state: State, found: Leftover, wish: &Wish, run: Run) -> Result<Kept, Exit> {
    let voice = run.loaded.voice();
    match &found {
        Leftover::Nothing if wish.resume => {
            voice.note("there is nothing to resume: the run starts anew")
        }
        Leftover::Nothing => {}
        Leftover::Unfinished(resumed) => {
            let text = format!(
                "run {} failed or was interrupted; this one starts anew, where `--resume` would have continued it",
                resumed.run_id
            );
            set_aside(&state, &resumed.run_id, &text, voice);
        }
        Leftover::Damaged(damage) => {
            set_aside(
                &state,
                "damaged",
                &format!("{damage}, so nothing of it is used"),
                voice,
            );
        }
    }
    state.tidy();
    let Run {
        loaded,
        plan,
        fingerprint,
    } = run;
    let redact = masks(&loaded.redactor);
    let begun = Arc::clone(&redact);
    let journal = state.begin(&fingerprint, &plan.run.id, plan.run.started, begun);
    let journal = journal.inspect_err(|error| {
        loaded.voice().warn(format!(
            "failed to begin a journal: {error}; this run cannot be resumed"
        ));
    });
    let marks = folder_marks(&state, Arc::clone(&redact), loaded.voice());
    let seen = seen(&plan, loaded.voice(), |name| {
        state.seen(name, false, redact)
    })?;
    Ok(Kept {
        loaded,
        plan,
        journal: journal.ok(),
        resumed: None,
        marks,
        seen,
        state: Some(state),
    })
}

/// The journal of an unfinished run, continued with that run's start time and id.
fn go_on(state: State, resumed: Resumed, common: &Common) -> Result<Kept, Exit> {
    let reading = Reading::Again {
        started: resumed.started,
        run_id: resumed.run_id.clone(),
    };
    let mut loaded = Loaded::load(&common.file, &common.variables, reading)?;
    // What it is warned of was said when it was read first.
    if loaded.is_wrong() {
        loaded.judge()?;
    }
    let redactor = Arc::clone(&loaded.redactor);
    let voice = Voice(&redactor);
    let timeless = common.part(&mut loaded)?;
    let compiled = loaded.compiled.as_mut().ok_or(Exit::Manifest)?;
    let plan = common.chosen(&compiled.plan.take().ok_or(Exit::Manifest)?, voice)?;
    if fingerprint(&timeless, voice)? != resumed.fingerprint {
        let help = "run without `--resume` to start anew; files that have arrived are not transferred again";
        voice.complain(
            "the manifest is no longer what the unfinished run was",
            Some(help),
        );
        return Err(Exit::Refused);
    }
    let redact = masks(&redactor);
    let journal = state.go_on(Arc::clone(&redact));
    let journal = journal.map_err(|error| unreadable(Path::new("journal"), &error, voice))?;
    voice.note(format!("continuing run {}", resumed.run_id));
    let marks = folder_marks(&state, Arc::clone(&redact), voice);
    let seen = seen(&plan, voice, |name| state.seen(name, true, redact))?;
    Ok(Kept {
        loaded,
        plan,
        journal: Some(journal),
        resumed: Some(resumed),
        marks,
        seen,
        state: Some(state),
    })
}

/// What masks secrets in what is written to the state's folder.
pub(super) fn masks(redactor: &Arc<Redactor>) -> Masks {
    let redactor = Arc::clone(redactor);
    Arc::new(move |text: &str| redactor.line(text).into_owned())
}

fn folder_marks(state: &State, redact: Masks, voice: Voice<'_>) -> Option<FolderMarks> {
    let marks = state.folder_marks(redact);
    let unread = |error| {
        voice.warn(format!(
            "what earlier runs may have left of empty files cannot be read: {error}"
        ));
    };
    marks.map_err(unread).ok()
}

fn set_aside(state: &State, suffix: &str, text: &str, voice: Voice<'_>) {
    match state.set_aside(suffix) {
        Ok(path) => voice.note(format!(
            "{text} (its journal is kept as `{}`)",
            path.display()
        )),
        Err(error) => voice.warn(format!(
            "{text}; its journal could not be set aside: {error}"
        )),
    }
}

fn unreadable(path: &Path, error: &std::io::Error, voice: Voice<'_>) -> Exit {
    voice.complain(
        format!("failed to read the state in `{}`: {error}", path.display()),
        None,
    );
    Exit::Refused
}
