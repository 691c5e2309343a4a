//! `delete` and `move`: which files a step takes away from where they lie, and what must be so before it does.

use serde::{Deserialize, Serialize};

use super::kinds::{Action, SetOf};
use super::model::{Plan, Step, StepId};
use crate::files::{Rename, Side};

/// Which files are taken away, and what must be so before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Taking {
    /// Which files.
    pub what: TakeWhat,
    /// What counts as arrived, in the order in which it is written.
    #[serde(default = "usual_accept", skip_serializing_if = "is_usual_accept")]
    pub accept: Vec<Accept>,
    /// More than this: none is taken away.
    pub max: Max,
}

/// The most files that a step takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Max {
    /// So many.
    Files(u64),
    /// So many in a hundred of those that stand there.
    Share {
        /// From 1 to 100.
        percent: u8,
    },
}

/// `delete`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delete {
    /// Which files.
    #[serde(flatten)]
    pub taking: Taking,
    /// Whether folders that became empty go, too.
    pub remove_empty: bool,
}

/// `move`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Move {
    /// Which files.
    #[serde(flatten)]
    pub taking: Taking,
    /// The side where they lie.
    pub side: Side,
    /// The folder that they come to: absolute, or relative as [`super::List::path`] is.
    pub into: String,
    /// Other names for the last parts of their paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename: Option<Rename>,
    /// What is done where a name is taken.
    pub if_exists: IfTaken,
}

/// `if_exists` of a `move`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfTaken {
    /// The file stays where it is, and fails.
    #[default]
    Fail,
    /// It gets a number: `a (2).txt`.
    Number,
    /// What stands there is replaced.
    Overwrite,
}

/// What counts as arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// The copy was seen at its destination.
    Copy,
    /// The server answered for all of its bytes.
    Reply,
    /// An earlier run has entered it in the ledger, with exactly this size and time.
    Ledger,
}

/// Which files a step takes away.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeWhat {
    /// Source files that every one of these transfers proved at its destination.
    SourcesOf(Vec<StepId>),
    /// Source files that this transfer tried, and that failed.
    FailedOf(StepId),
    /// What a transfer's `into` holds and no source has.
    ExtrasOf {
        /// The list of that folder.
        from: StepId,
        /// The transfer, and then all others that put files there.
        transfers: Vec<StepId>,
        /// Whether an empty source is taken at its word.
        if_empty: bool,
        /// Transfers ordered before this step, as in `Set`.
        after: Vec<StepId>,
    },
    /// The set of a list, a filter, or a transfer (for a `delete` with `copies: true`).
    Set {
        /// The step whose set it is.
        from: StepId,
        /// Transfers ordered before this step: what one of them handled and did not prove is left out.
        after: Vec<StepId>,
    },
}

fn usual_accept() -> Vec<Accept> {
    vec![Accept::Copy]
}

fn is_usual_accept(accept: &Vec<Accept>) -> bool {
    *accept == [Accept::Copy]
}

impl TakeWhat {
    /// The step whose set the files are of, or the transfers whose source files they are.
    pub(super) fn named(&self) -> &[StepId] {
        match self {
            TakeWhat::SourcesOf(steps) => steps,
            TakeWhat::FailedOf(step)
            | TakeWhat::Set { from: step, .. }
            | TakeWhat::ExtrasOf { from: step, .. } => std::slice::from_ref(step),
        }
    }

    /// The transfers without which nothing is taken away: what they were to bring, nobody knows before they have run.
    pub(super) fn transfers(&self) -> &[StepId] {
        match self {
            TakeWhat::SourcesOf(steps) => steps,
            TakeWhat::FailedOf(step) => std::slice::from_ref(step),
            TakeWhat::Set { after, .. } | TakeWhat::ExtrasOf { after, .. } => after,
        }
    }

    /// The transfers that were ordered before a step that takes files of a set away.
    pub(super) fn after_mut(&mut self) -> Option<&mut Vec<StepId>> {
        match self {
            TakeWhat::Set { after, .. } | TakeWhat::ExtrasOf { after, .. } => Some(after),
            TakeWhat::SourcesOf(_) | TakeWhat::FailedOf(_) => None,
        }
    }

    /// The same where files are taken away because these transfers have brought them to safety.
    pub fn relied_on(&self) -> &[StepId] {
        match self {
            TakeWhat::FailedOf(_) => &[],
            what => what.transfers(),
        }
    }

    pub(super) fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId)) {
        match self {
            TakeWhat::SourcesOf(steps) => steps.iter_mut().for_each(visit),
            TakeWhat::FailedOf(step) => visit(step),
            TakeWhat::Set { from, after } => {
                visit(from);
                after.iter_mut().for_each(visit);
            }
            TakeWhat::ExtrasOf {
                from,
                transfers,
                after,
                ..
            } => {
                visit(from);
                transfers.iter_mut().chain(after).for_each(visit);
            }
        }
    }
}

impl Taking {
    /// Whether it takes files away because a transfer has brought them to safety.
    pub fn relies_on(&self, transfer: StepId) -> bool {
        // Copies are deleted because their sources stand.
        let own = matches!(&self.what, TakeWhat::Set { from, .. } if *from == transfer);
        own || self.what.relied_on().contains(&transfer)
    }

    /// Whether both look at the files or copies of one transfer.
    fn meets(&self, other: &Taking) -> bool {
        let named = self.what.named().iter();
        let mut transfers = named.chain(self.what.transfers());
        transfers
            .any(|step| other.what.named().contains(step) || other.what.transfers().contains(step))
    }

    /// Whether a final reply after all bytes is enough.
    pub fn accepts_reply(&self) -> bool {
        self.accept.contains(&Accept::Reply)
    }

    /// Whether it is enough that an earlier run has proven it.
    pub fn accepts_ledger(&self) -> bool {
        self.accept.contains(&Accept::Ledger)
    }
}

impl Max {
    /// How many files that is, of so many that stand there.
    pub fn of(self, there: usize) -> u64 {
        match self {
            Max::Files(files) => files,
            Max::Share { percent } => there as u64 * u64::from(percent) / 100,
        }
    }
}

impl std::fmt::Display for Max {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Max::Files(files) => write!(f, "{files}"),
            Max::Share { percent } => write!(f, "{percent}%"),
        }
    }
}

impl IfTaken {
    /// Every value with its word.
    pub(super) const WORDS: &'static [(&'static str, IfTaken)] = &[
        ("fail", IfTaken::Fail),
        ("number", IfTaken::Number),
        ("overwrite", IfTaken::Overwrite),
    ];

    /// The word in the manifest.
    pub(super) fn word(self) -> &'static str {
        let row = Self::WORDS.iter().find(|(_, value)| *value == self);
        row.map_or("", |(word, _)| word)
    }
}

impl Action {
    /// The files that it takes away, where it does so.
    pub fn taking(&self) -> Option<&Taking> {
        match self {
            Action::Delete(delete) => Some(&delete.taking),
            Action::Move(moving) => Some(&moving.taking),
            Action::Login(_) | Action::List(_) | Action::Filter(_) | Action::Transfer(_) => None,
        }
    }

    pub(super) fn taking_mut(&mut self) -> Option<&mut Taking> {
        match self {
            Action::Delete(delete) => Some(&mut delete.taking),
            Action::Move(moving) => Some(&mut moving.taking),
            Action::Login(_) | Action::List(_) | Action::Filter(_) | Action::Transfer(_) => None,
        }
    }
}

impl Plan {
    /// Whether a step takes files away because of what a transfer brings to its destination, or of what that brings on.
    pub fn relies_on(&self, transfer: StepId) -> bool {
        let mut takings = self.steps.iter().filter_map(|step| step.action.taking());
        let relied = takings.any(|taking| taking.relies_on(transfer));
        let before = || self.brings_on(*self.step(transfer).takes.first()?);
        relied || before().is_some_and(|before| self.relies_on(before))
    }

    /// Whether a step takes source files of a transfer away because earlier runs have proven them.
    pub fn relies_on_ledger(&self, transfer: StepId) -> bool {
        let takings = self.steps.iter().filter_map(|step| step.action.taking());
        let mut accepting = takings.filter(|taking| taking.accepts_ledger());
        accepting.any(|taking| taking.what.relied_on().contains(&transfer))
    }

    /// Whether two steps that take files away look at the files or copies of one transfer.
    pub fn takings_meet(&self, one: StepId, other: StepId) -> bool {
        let taking = |id| self.step(id).action.taking();
        let both = taking(one).zip(taking(other));
        both.is_some_and(|(one, other)| one.meets(other))
    }

    /// The transfers without which a step takes nothing away: what they were to bring, nobody knows before they have run.
    pub fn relied_on_by<'s>(&self, step: &'s Step) -> &'s [StepId] {
        let taking = step.action.taking();
        taking.map_or(&[], |taking| taking.what.transfers())
    }

    /// The set of which a step takes files away: the one that it names, or the one that a transfer was to bring.
    pub fn taken_from(&self, what: &TakeWhat) -> Option<StepId> {
        let first = *what.named().first()?;
        match what {
            TakeWhat::Set { .. } | TakeWhat::ExtrasOf { .. } => Some(first),
            TakeWhat::SourcesOf(_) | TakeWhat::FailedOf(_) => {
                self.step(first).takes.first().copied()
            }
        }
    }

    /// Whether a step deletes what no source has.
    pub fn deletes_extras(&self) -> bool {
        let mut takings = self.steps.iter().filter_map(|step| step.action.taking());
        takings.any(|taking| matches!(taking.what, TakeWhat::ExtrasOf { .. }))
    }

    /// The step that the files of a transfer come from, before any filter.
    pub fn list_of(&self, transfer: StepId) -> Option<StepId> {
        let mut set = *self.step(transfer).takes.first()?;
        while let SetOf::Part(filter) = self.step(set).action.set() {
            set = filter.from;
        }
        Some(set)
    }

    /// The transfer whose copies a set is of.
    fn brings_on(&self, set: StepId) -> Option<StepId> {
        match self.step(set).action.set() {
            SetOf::Copies(_) => Some(set),
            SetOf::Part(filter) => self.brings_on(filter.from),
            SetOf::Moved(moving) => self.brings_on(self.taken_from(&moving.taking.what)?),
            SetOf::Found(_) | SetOf::Nothing => None,
        }
    }
}
