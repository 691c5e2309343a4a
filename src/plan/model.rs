//! What a run does, as plain data: every name resolved, every `${…}` bound, secrets only as keys.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::files::{Filter, ServerId, Side};
use crate::manifest::Path;
use crate::options::TransferOptions;

/// A compiled manifest. Steps stand in an order in which each comes after all that it needs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The manifest's `name`, or its file's stem.
    pub name: String,
    /// The run that variables were bound for.
    pub run: RunStamp,
    /// The values of `vars:`, but for those that hold a secret.
    pub variables: BTreeMap<String, String>,
    /// Absolute folder that relative local paths start from.
    pub folder: PathBuf,
    /// The servers that steps use; a [`ServerId`] is a position here.
    pub servers: Vec<PlanServer>,
    /// The codes of the warnings that the manifest allows.
    pub allowed: Vec<String>,
    /// All steps, implicit ones included; a [`StepId`] is a position here.
    pub steps: Vec<Step>,
}

/// Identity and start of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStamp {
    /// `${run.id}`
    pub id: String,
    /// Start, in Unix seconds, UTC.
    pub started: i64,
}

/// A server and where its password is found.
#[derive(Debug, Clone)]
pub struct PlanServer {
    /// Everything else.
    pub endpoint: Arc<Endpoint>,
    /// Key of the password in the run's [`super::Secrets`].
    pub password: SecretKey,
}

/// A key in [`super::Secrets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretKey(pub u32);

/// The number of a step in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub u32);

/// Leads back into the manifest: a symbolic path such as `steps.tidy.delete.from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub Path);

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its position in the plan.
    pub id: StepId,
    /// Its name; an implicit one is named after what it serves (`login build`, `keep: list`).
    pub name: String,
    /// `description`
    pub description: Option<String>,
    /// All steps that must end before it starts: written, implied and implicit.
    pub needs: Vec<StepId>,
    /// Those of them that stand in its own `needs:`, in the order in which they do.
    pub waits: Vec<StepId>,
    /// What it does.
    pub action: Action,
    /// Tries of one operation.
    pub retry: Retry,
    /// Wall time from release to end.
    pub timeout: Option<Duration>,
    /// What a failure does to dependents.
    pub on_error: OnError,
    /// Where it stands in the manifest.
    pub origin: Origin,
    /// Whether the compiler made it (an implicit login, a shorthand's list or filter).
    pub implicit: bool,
}

/// The seven kinds. `download`, `upload` and `relay` only name two ends.
#[derive(Debug, Clone)]
pub enum Action {
    /// Opens the first session to a server, which proves the credentials.
    Login(Login),
    /// Finds files.
    List(List),
    /// Chooses among them.
    Filter(FilterStep),
    /// Copies them.
    Transfer(Transfer),
    /// Deletes them.
    Delete(Delete),
}

/// `login`. Its `directory` and `commands` stand in the [`Endpoint`]: every session runs them.
#[derive(Debug, Clone)]
pub struct Login {
    /// The server.
    pub server: ServerId,
}

/// `list`, or the list of a shorthand.
#[derive(Debug, Clone)]
pub struct List {
    /// Where.
    pub side: Side,
    /// The root: absolute, or relative to the login's folder (a server) or [`Plan::folder`] (local).
    pub path: String,
    /// Whether folders below are listed, too.
    pub recursive: bool,
    /// How many levels below the root's own entries are listed, when recursive.
    pub max_depth: Option<u32>,
    /// Globs (as in [`crate::files::Pattern`]) of the folders entered, when recursive; empty: all.
    pub descend: Vec<String>,
    /// Whether names with a leading dot are kept.
    pub hidden: bool,
    /// Whether links are resolved.
    pub follow_links: bool,
    /// What a missing root means.
    pub missing: Verdict,
    /// What an empty result means.
    pub empty: Verdict,
}

/// Whether a condition is fine or fails the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An empty file set.
    Fine,
    /// The step fails.
    Fail,
}

/// `filter`, or the filter of a shorthand.
#[derive(Debug, Clone)]
pub struct FilterStep {
    /// The step whose set is filtered.
    pub from: StepId,
    /// The rules.
    pub rules: Filter,
    /// What an empty result means.
    pub empty: Verdict,
}

/// `download`, `upload` or `relay`.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The word in the manifest.
    pub verb: Verb,
    /// The step whose set is copied.
    pub from: StepId,
    /// The side of that set.
    pub source: Side,
    /// The destination's side.
    pub to: Side,
    /// The destination's folder: absolute, or relative as [`List::path`] is.
    pub into: String,
    /// The options.
    pub options: TransferOptions,
    /// Mode given to each file that arrives (`SITE CHMOD`).
    pub chmod: Option<u32>,
}

/// The word for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Server to this machine.
    Download,
    /// This machine to a server.
    Upload,
    /// Server to server, through memory.
    Relay,
}

/// `delete`
#[derive(Debug, Clone)]
pub struct Delete {
    /// What is deleted.
    pub what: DeleteWhat,
    /// More than this many: nothing is deleted.
    pub max: u64,
    /// Whether folders that became empty go, too.
    pub remove_empty: bool,
}

/// Which files a `delete` means.
#[derive(Debug, Clone)]
pub enum DeleteWhat {
    /// Source files that every one of these transfers proved at its destination.
    SourcesOf(Vec<StepId>),
    /// The set of a list, a filter, or (with `copies: true`) a transfer.
    Set {
        /// The step whose set it is.
        from: StepId,
        /// Transfers ordered before this step: what one of them handled and did not prove is left out.
        after: Vec<StepId>,
    },
}

/// `retry`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all; at least 1.
    pub attempts: u32,
    /// Wait before the second try; doubled for each further one.
    pub backoff: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
}

/// `on_error`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Dependents are skipped.
    Fail,
    /// Dependents go on with what worked.
    Continue,
}

impl Plan {
    /// A step by its number.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0 as usize]
    }

    /// A server by its number.
    pub fn server(&self, id: ServerId) -> &PlanServer {
        &self.servers[usize::from(id.0)]
    }

    /// The step that is written: the one that an implicit one was made for, whose name begins its own.
    pub fn written(&self, id: StepId) -> StepId {
        let step = self.step(id);
        let owner = step.name.split_once(": ").filter(|_| step.implicit);
        let found = owner.and_then(|(owner, _)| self.steps.iter().find(|step| step.name == owner));
        found.map_or(id, |step| step.id)
    }

    /// The name of a side: the server's, or `local`.
    pub fn side_name(&self, side: Side) -> &str {
        match side {
            Side::Local => "local",
            Side::Server(id) => &self.server(id).endpoint.name,
        }
    }
}

impl Step {
    /// The kind's word in the manifest.
    pub fn kind(&self) -> &'static str {
        match &self.action {
            Action::Login(_) => "login",
            Action::List(_) => "list",
            Action::Filter(_) => "filter",
            Action::Transfer(transfer) => transfer.verb.word(),
            Action::Delete(_) => "delete",
        }
    }
}

impl Verb {
    /// The word in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Download => "download",
            Verb::Upload => "upload",
            Verb::Relay => "relay",
        }
    }
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            attempts: 4,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
        }
    }
}
