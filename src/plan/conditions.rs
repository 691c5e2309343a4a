//! `when`: whether a step runs after a success of the steps that it needs, after a failure, or in any case.
//!
//! What a step works with, it needs whatever it says: its logins, the list of its own `files`, the set that it takes. `when` is
//! about the written steps that it needs.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::kinds::{SetOf, Takes};
use super::model::{OnError, Plan, Step, StepId, Verdict};
use crate::kind::StepKind;

/// `when`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// All steps that it needs have succeeded, or have `on_error: continue`.
    #[default]
    Success,
    /// One of them has failed.
    Failure,
    /// They have ended.
    Always,
}

impl When {
    /// Every value with its word.
    pub(super) const WORDS: &'static [(&'static str, When)] = &[
        ("success", When::Success),
        ("failure", When::Failure),
        ("always", When::Always),
    ];

    /// The word in the manifest.
    pub fn word(self) -> &'static str {
        let row = Self::WORDS.iter().find(|(_, when)| *when == self);
        row.map_or("", |(word, _)| word)
    }

    pub(super) fn is_usual(&self) -> bool {
        *self == When::Success
    }
}

impl Plan {
    /// The steps that `when` of a step is about: those that it needs and that are written, but for logins that it does not
    /// name itself.
    pub fn judged(&self, step: &Step) -> Vec<StepId> {
        let waits = &self.step(step.owner).waits;
        let needs = step.needs.iter().copied().filter(|id| {
            let need = self.step(*id);
            !need.implicit && (need.kind != StepKind::Login || waits.contains(id))
        });
        needs.collect()
    }

    /// Whether a step cannot run unless one that it needs has given what it has to give.
    pub fn binds(&self, step: &Step, need: StepId) -> bool {
        let takes_set = match step.action.takes() {
            // What became of a transfer's files is asked file by file.
            Takes::Proven { .. } | Takes::Failed(_) | Takes::Nothing => false,
            takes => takes.steps().contains(&need),
        };
        step.when == When::Success || takes_set || self.is_part(step, need)
    }

    /// Whether a step begins with another one: a login on a side of its own, or the list of its `files`. Where that fails, the
    /// step has failed.
    pub fn is_part(&self, step: &Step, need: StepId) -> bool {
        let need = self.step(need);
        let logs_in = || need.acts_on.iter().all(|side| step.acts_on.contains(side));
        need.implicit || (need.kind == StepKind::Login && logs_in())
    }

    /// Whether a step can fail at all: a filter that may be empty asks nobody for anything.
    pub(super) fn can_fail(&self, step: StepId) -> bool {
        let step = self.step(step);
        let never =
            matches!(step.action.set(), SetOf::Part(filter) if filter.empty == Verdict::Fine);
        !never || step.timeout.is_some()
    }

    /// Whether nothing that takes a step's success goes on where it fails. A list yields what it could read all the same.
    pub(super) fn fails_whole(&self, step: StepId) -> bool {
        let step = self.step(step);
        step.on_error == OnError::Fail && step.kind != StepKind::List
    }
}

/// Tells which steps of a plan never run in the same run.
pub(super) struct Exclusive<'p> {
    plan: &'p Plan,
    known: HashMap<StepId, Fate>,
}

/// What must have happened where a step runs.
#[derive(Default)]
struct Fate {
    /// These have succeeded.
    succeeded: BTreeSet<StepId>,
    /// Of each of these, one has failed.
    failed: Vec<Vec<StepId>>,
}

impl<'p> Exclusive<'p> {
    pub(super) fn new(plan: &'p Plan) -> Exclusive<'p> {
        Exclusive {
            plan,
            known: HashMap::new(),
        }
    }

    /// Whether one runs only after a failure of what the other needs to succeed.
    pub(super) fn are(&mut self, one: usize, other: usize) -> bool {
        let [one, other] = [one, other].map(|at| self.plan.steps[at].id);
        self.learn(one);
        self.learn(other);
        let (one, other) = (&self.known[&one], &self.known[&other]);
        one.excludes(other) || other.excludes(one)
    }

    fn learn(&mut self, step: StepId) {
        if !self.known.contains_key(&step) {
            let fate = fate(self.plan, step);
            self.known.insert(step, fate);
        }
    }
}

impl Fate {
    fn excludes(&self, other: &Fate) -> bool {
        let mut failed = self.failed.iter();
        failed.any(|steps| steps.iter().all(|step| other.succeeded.contains(step)))
    }
}

/// Follows the edges that a step cannot do without.
fn fate(plan: &Plan, step: StepId) -> Fate {
    let mut fate = Fate::default();
    let mut seen = BTreeSet::from([step]);
    let mut open = vec![step];
    while let Some(id) = open.pop() {
        let step = plan.step(id);
        let judged = plan.judged(step);
        if step.when == When::Failure && !judged.is_empty() {
            fate.failed.push(judged);
        }
        let bound = step.needs.iter().filter(|need| plan.binds(step, **need));
        for need in bound.copied() {
            if plan.fails_whole(need) {
                fate.succeeded.insert(need);
            }
            if seen.insert(need) {
                open.push(need);
            }
        }
    }
    fate
}
