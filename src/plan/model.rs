//! What a run does, as plain data: every name resolved, every `${…}` bound, secrets only as keys.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::conditions::When;
use super::kinds::Action;
use super::wait::Wait;
use crate::endpoint::Endpoint;
use crate::files::{Filter, ServerId, Side};
use crate::kind::StepKind;
use crate::manifest::Path;
use crate::options::{Once, TransferOptions};

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
    /// The most entries of servers' listings that all lists hold at once.
    pub entries: u64,
    /// All steps, implicit ones included; a [`StepId`] is a position here.
    pub steps: Vec<Step>,
}

/// Identity and start of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStamp {
    /// `${run.id}`
    pub id: String,
    /// Start, in Unix seconds, UTC.
    pub started: i64,
}

/// A server and where its password is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanServer {
    /// Everything else.
    pub endpoint: Arc<Endpoint>,
    /// Key of the password in the run's [`super::Secrets`].
    pub password: SecretKey,
}

/// A key in [`super::Secrets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecretKey(pub u32);

/// The number of a step in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepId(pub u32);

/// Leads back into the manifest: a symbolic path such as `steps.tidy.delete.from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin(pub Path);

/// One step.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// The word for what it does.
    pub kind: StepKind,
    /// What it does.
    pub action: Action,
    /// The written step that it serves: itself, where it is written or serves many.
    pub owner: StepId,
    /// The sides that it touches, the source of files before their destination.
    pub acts_on: Vec<Side>,
    /// The steps whose sets it reads.
    pub takes: Vec<StepId>,
    /// The files that it hands on.
    pub yields: Yields,
    /// The sides where it makes, replaces or deletes files.
    pub changes: Vec<Side>,
    /// Tries of one operation.
    pub retry: Retry,
    /// Wall time from release to end.
    pub timeout: Option<Duration>,
    /// What a failure does to dependents.
    pub on_error: OnError,
    /// After what ends of the steps that it needs it runs.
    #[serde(default, skip_serializing_if = "When::is_usual")]
    pub when: When,
    /// Where it stands in the manifest.
    pub origin: Origin,
    /// Whether the compiler made it (an implicit login, a shorthand's list or filter).
    pub implicit: bool,
}

/// The files that a step hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Yields {
    /// None.
    Nothing,
    /// Files that were found there.
    Found(Side),
    /// Files that this run put there.
    Copies(Side),
    /// Files that this run gave a place there, and that stand nowhere else.
    Moved(Side),
}

/// `login`. Its `directory` and `commands` stand in the [`Endpoint`]: every session runs them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// The server.
    pub server: ServerId,
}

/// `list`, or the list of a shorthand.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// What entries mean that are refused or cannot be read.
    #[serde(default = "fails", skip_serializing_if = "is_fail")]
    pub unreadable: Verdict,
    /// What has to be there before the step ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

fn fails() -> Verdict {
    Verdict::Fail
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_fail(verdict: &Verdict) -> bool {
    *verdict == Verdict::Fail
}

/// Whether a condition is fine or fails the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The run goes on.
    Fine,
    /// The step fails.
    Fail,
}

/// `filter`, or the filter of a shorthand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FilterStep {
    /// The step whose set is filtered.
    pub from: StepId,
    /// The rules.
    pub rules: Filter,
    /// What an empty result means.
    pub empty: Verdict,
    /// Whether the manifest says that it is fine, so that nothing is said of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_empty: bool,
}

/// `download`, `upload` or `relay`.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Server to this machine.
    Download,
    /// This machine to a server.
    Upload,
    /// Server to server, through memory.
    Relay,
}

/// `retry`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries in all; at least 1.
    pub attempts: u32,
    /// Wait before the second try; doubled for each further one.
    pub backoff: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
}

/// `on_error`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        &self.servers[id.at()]
    }

    /// What a step transfers once, in all runs.
    pub fn once(&self, step: StepId) -> Option<&Once> {
        match &self.step(step).action {
            Action::Transfer(transfer) => transfer.options.once.as_ref(),
            Action::Login(_)
            | Action::List(_)
            | Action::Filter(_)
            | Action::Move(_)
            | Action::Delete(_) => None,
        }
    }

    /// Whether a step asks the ledger of earlier runs.
    pub fn asks_ledger(&self) -> bool {
        self.steps.iter().any(|step| self.once(step.id).is_some())
    }

    /// The step that logs in to a server, where one uses it.
    pub fn login_of(&self, server: ServerId) -> Option<StepId> {
        let login = self.steps.iter().find(|step| {
            step.kind == StepKind::Login && step.acts_on.contains(&Side::Server(server))
        });
        login.map(|step| step.id)
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
    /// Visits every number of a step in it.
    pub(super) fn each_step(&mut self, mut visit: impl FnMut(&mut StepId)) {
        let Step {
            id,
            owner,
            needs,
            waits,
            takes,
            action,
            ..
        } = self;
        let own = [id, owner].into_iter();
        let others = needs.iter_mut().chain(waits).chain(takes);
        own.chain(others).for_each(&mut visit);
        action.each_step(visit);
    }

    /// Visits every number of a server in it.
    pub(super) fn each_server(&mut self, mut visit: impl FnMut(&mut ServerId)) {
        let yields = match &mut self.yields {
            Yields::Nothing => None,
            Yields::Found(side) | Yields::Copies(side) | Yields::Moved(side) => Some(side),
        };
        let sides = self.acts_on.iter_mut().chain(&mut self.changes);
        for side in sides.chain(yields) {
            if let Side::Server(server) = side {
                visit(server);
            }
        }
        self.action.each_server(visit);
    }
}

impl Verb {
    /// The kind of step.
    pub fn kind(self) -> StepKind {
        match self {
            Verb::Download => StepKind::Download,
            Verb::Upload => StepKind::Upload,
            Verb::Relay => StepKind::Relay,
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
