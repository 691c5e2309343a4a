//! What steps do, one file a kind: what each says of itself, so that nobody else looks into an [`Action`] to learn it.

mod delete;
mod filter;
mod list;
mod login;
mod moving;
mod transfer;

use serde::{Deserialize, Serialize};

use super::model::{FilterStep, List, Login, Plan, Step, StepId, Transfer, Verb, Verdict, Yields};
use super::taking::{Accept, Delete, Max, Move};
use crate::files::{Rename, ServerId, Side};

/// What a step does. `download`, `upload` and `relay` only name two ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Opens the first session to a server, which proves the credentials.
    Login(Login),
    /// Finds files.
    List(List),
    /// Chooses among them.
    Filter(FilterStep),
    /// Copies them.
    Transfer(Transfer),
    /// Renames them into another folder.
    Move(Move),
    /// Deletes them.
    Delete(Delete),
}

impl Action {
    fn answers(&self) -> &dyn Answers {
        match self {
            Action::Login(login) => login,
            Action::List(list) => list,
            Action::Filter(filter) => filter,
            Action::Transfer(transfer) => transfer,
            Action::Move(moving) => moving,
            Action::Delete(delete) => delete,
        }
    }

    fn answers_mut(&mut self) -> &mut dyn Answers {
        match self {
            Action::Login(login) => login,
            Action::List(list) => list,
            Action::Filter(filter) => filter,
            Action::Transfer(transfer) => transfer,
            Action::Move(moving) => moving,
            Action::Delete(delete) => delete,
        }
    }
}

/// What an action says of itself.
pub(super) trait Answers {
    /// Whose sets it reads.
    fn takes(&self) -> Takes<'_>;

    /// The set that it yields.
    fn set(&self) -> SetOf<'_>;

    /// All that it touches.
    fn deeds(&self) -> Vec<Deed<'_>>;

    /// Visits every number of a step in it.
    fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId));

    /// Visits every number of a server in it.
    fn each_server(&mut self, visit: &mut dyn FnMut(&mut ServerId));

    /// What it concerns, for people: `build:/in → local:dist`.
    fn subject(&self, plan: &Plan) -> String;

    /// The same in a few words, beside its name.
    fn outline(&self, plan: &Plan, step: &Step) -> Vec<Fact>;

    /// What it does, and then every option that is not at its default.
    fn facts(&self, plan: &Plan) -> Vec<Fact>;
}

/// Whose sets an action reads, and as what.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes<'a> {
    /// None.
    Nothing,
    /// Any set, as it is.
    Any(&'a StepId),
    /// One to be copied.
    Copied {
        from: &'a StepId,
        verb: Verb,
        to: Side,
    },
    /// One to be deleted.
    Deleted(&'a StepId),
    /// One to be moved.
    Moved(&'a StepId),
    /// One of which is deleted what no source has.
    Extra(&'a StepId),
    /// What these transfers proved, be it by the server's reply alone.
    Proven { steps: &'a [StepId], by_reply: bool },
    /// What this transfer failed on.
    Failed(&'a StepId),
}

impl<'a> Takes<'a> {
    /// The steps.
    pub(super) fn steps(self) -> &'a [StepId] {
        match self {
            Takes::Nothing => &[],
            Takes::Any(from)
            | Takes::Copied { from, .. }
            | Takes::Deleted(from)
            | Takes::Moved(from)
            | Takes::Extra(from)
            | Takes::Failed(from) => std::slice::from_ref(from),
            Takes::Proven { steps, .. } => steps,
        }
    }
}

/// The set that an action yields.
#[derive(Debug, Clone, Copy)]
pub(super) enum SetOf<'a> {
    /// None.
    Nothing,
    /// What a folder holds.
    Found(&'a List),
    /// A part of another step's.
    Part(&'a FilterStep),
    /// The copies of another step's.
    Copies(&'a Transfer),
    /// Another step's, moved to another folder.
    Moved(&'a Move),
}

impl SetOf<'_> {
    /// Whether it may be empty without a failure, and is of no use where nobody takes it.
    pub(super) fn is_only_for_others(self) -> bool {
        match self {
            SetOf::Found(list) => {
                let waits = list.wait.as_ref();
                let may_end = waits.is_none_or(|wait| wait.on_timeout == Verdict::Fine);
                list.empty == Verdict::Fine && may_end
            }
            SetOf::Part(filter) => filter.empty == Verdict::Fine,
            SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => false,
        }
    }
}

/// A way of touching a side.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed<'a> {
    /// Logs in.
    LogsIn(ServerId),
    /// Looks which names are there.
    Lists(Side),
    /// Reads the files of a step's set.
    Reads(StepId),
    /// Makes or replaces files.
    Writes(&'a Transfer),
    /// Deletes files of a step's set.
    Deletes(StepId),
    /// Deletes files of which a transfer made copies.
    DeletesSources(StepId),
    /// Moves files of a step's set away.
    Moves(StepId),
    /// Moves files that a transfer was to bring somewhere away.
    MovesSources(StepId),
    /// Gives them names in another folder.
    Receives(&'a Move),
    /// Counts on the copies that a transfer made.
    ReliesOn(StepId),
    /// Counts on the copies that a transfer made of files that are in a step's set, too.
    ReliesFor(StepId, StepId),
}

impl Deed<'_> {
    /// Whether it changes what is there.
    fn changes(self) -> bool {
        match self {
            Deed::LogsIn(_)
            | Deed::Lists(_)
            | Deed::Reads(_)
            | Deed::ReliesOn(_)
            | Deed::ReliesFor(..) => false,
            Deed::Writes(_)
            | Deed::Deletes(_)
            | Deed::DeletesSources(_)
            | Deed::Moves(_)
            | Deed::MovesSources(_)
            | Deed::Receives(_) => true,
        }
    }
}

/// A line about a step, for people. How a size or a time is written, its reader says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Words.
    Text(String),
    /// The number of a key, which may not be known yet.
    Number(&'static str, u64),
    /// So many files, behind their relation.
    Files(&'static str, u64),
    /// Bytes, behind their relation.
    Size(&'static str, u64),
    /// Unix seconds, behind their relation.
    Time(&'static str, i64),
}

impl Fact {
    fn text(text: impl Into<String>) -> Fact {
        Fact::Text(text.into())
    }

    /// Those words of which the flag is set.
    fn set<'f>(flags: &'f [(bool, &'f str)]) -> impl Iterator<Item = Fact> + 'f {
        let set = flags.iter().filter(|(set, _)| *set);
        set.map(|(_, text)| Fact::text(*text))
    }
}

/// What a step says of itself, before it has its number. A side that is not known is one of which something was reported.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) acts_on: Vec<Side>,
    pub(super) changes: Vec<Side>,
}

/// The actions under construction, and what they yield.
pub(super) trait Actions {
    /// The action of a step.
    fn action(&self, step: StepId) -> Option<&Action>;

    /// The side of the files that it yields.
    fn side(&self, step: StepId) -> Option<Side>;
}

impl Action {
    pub(super) fn takes(&self) -> Takes<'_> {
        self.answers().takes()
    }

    pub(super) fn set(&self) -> SetOf<'_> {
        self.answers().set()
    }

    /// The other names that a transfer gives its files.
    pub fn rename(&self) -> Option<&Rename> {
        match self.set() {
            SetOf::Copies(transfer) => transfer.options.rename.as_ref(),
            SetOf::Nothing | SetOf::Found(_) | SetOf::Part(_) | SetOf::Moved(_) => None,
        }
    }

    pub(super) fn deeds(&self) -> Vec<Deed<'_>> {
        self.answers().deeds()
    }

    pub(super) fn each_step(&mut self, mut visit: impl FnMut(&mut StepId)) {
        self.answers_mut().each_step(&mut visit);
    }

    pub(super) fn each_server(&mut self, mut visit: impl FnMut(&mut ServerId)) {
        self.answers_mut().each_server(&mut visit);
    }

    /// The sides that it touches, and those where it changes something.
    pub(super) fn said(&self, actions: &dyn Actions) -> Said {
        let mut said = Said::default();
        for deed in self.deeds() {
            let Some(side) = side_of(deed, actions) else {
                continue;
            };
            if !said.acts_on.contains(&side) {
                said.acts_on.push(side);
            }
            if deed.changes() && !said.changes.contains(&side) {
                said.changes.push(side);
            }
        }
        said
    }
}

fn side_of(deed: Deed<'_>, actions: &dyn Actions) -> Option<Side> {
    match deed {
        Deed::LogsIn(server) => Some(Side::Server(server)),
        Deed::Lists(side) => Some(side),
        Deed::Reads(set) | Deed::Deletes(set) | Deed::Moves(set) => actions.side(set),
        Deed::Writes(transfer) => Some(transfer.to),
        // Its transfer acts there, and what is moved stays on its side.
        Deed::ReliesOn(_) | Deed::ReliesFor(..) | Deed::Receives(_) => None,
        Deed::DeletesSources(transfer) | Deed::MovesSources(transfer) => {
            let taken = actions.action(transfer)?.takes().steps().first()?;
            actions.side(*taken)
        }
    }
}

impl Plan {
    /// What a step concerns, for people: `build:/in → local:dist`.
    pub fn subject(&self, step: &Step) -> String {
        step.action.answers().subject(self)
    }

    /// What it does in a few words, to be read beside its name.
    pub fn outline(&self, step: &Step) -> Vec<Fact> {
        step.action.answers().outline(self, step)
    }

    /// What it does, and then every option that is not at its default.
    pub fn facts(&self, step: &Step) -> Vec<Fact> {
        step.action.answers().facts(self)
    }

    /// A step's name; for one that the compiler made, where its files are found.
    fn source_name(&self, step: StepId) -> String {
        let step = self.step(step);
        if !step.implicit {
            return step.name.clone();
        }
        match step.action.set() {
            SetOf::Found(list) => self.place(list.side, &list.path),
            SetOf::Part(filter) => self.source_name(filter.from),
            SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => step.name.clone(),
        }
    }

    fn place(&self, side: Side, path: &str) -> String {
        format!("{}:{path}", self.side_name(side))
    }

    fn names(&self, steps: &[StepId]) -> String {
        let names = steps.iter().map(|step| self.step(*step).name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

impl Accept {
    fn word(self) -> &'static str {
        match self {
            Accept::Copy => "copy",
            Accept::Reply => "reply",
            Accept::Ledger => "ledger",
        }
    }
}

/// The most files, behind a relation and as a key.
fn most(max: Max) -> [Fact; 2] {
    match max {
        Max::Files(files) => [Fact::Files("at most", files), Fact::Number("max", files)],
        Max::Share { .. } => [
            Fact::Text(format!("at most {max}")),
            Fact::Text(format!("max: {max}")),
        ],
    }
}

/// What counts as arrived, where that is not the usual.
fn accepted(accept: &[Accept]) -> Option<Fact> {
    let words = accept.iter().map(|accept| accept.word());
    let words = words.collect::<Vec<_>>().join(", ");
    (accept != [Accept::Copy]).then(|| Fact::Text(format!("accept: {words}")))
}

impl Yields {
    /// The side of the files, where there are any.
    pub fn side(self) -> Option<Side> {
        match self {
            Yields::Found(side) | Yields::Copies(side) | Yields::Moved(side) => Some(side),
            Yields::Nothing => None,
        }
    }
}

/// Visits the server of a side, if it is one.
fn server_of(side: &mut Side, visit: &mut dyn FnMut(&mut ServerId)) {
    match side {
        Side::Local => {}
        Side::Server(server) => visit(server),
    }
}
