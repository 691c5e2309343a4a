//! What a delete says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes, accepted, most};
use crate::files::ServerId;
use crate::plan::model::{Plan, Step, StepId};
use crate::plan::taking::{Delete, TakeWhat};

impl Answers for Delete {
    fn takes(&self) -> Takes<'_> {
        match &self.taking.what {
            TakeWhat::SourcesOf(steps) => Takes::Proven {
                steps,
                by_reply: self.taking.accepts_reply(),
            },
            TakeWhat::FailedOf(step) => Takes::Failed(step),
            TakeWhat::Set { from, .. } => Takes::Deleted(from),
            TakeWhat::ExtrasOf { from, .. } => Takes::Extra(from),
        }
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Nothing
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        match &self.taking.what {
            TakeWhat::SourcesOf(steps) => {
                let both = |step: &StepId| [Deed::DeletesSources(*step), Deed::ReliesOn(*step)];
                steps.iter().flat_map(both).collect()
            }
            TakeWhat::FailedOf(step) => vec![Deed::DeletesSources(*step)],
            TakeWhat::Set { from, after } | TakeWhat::ExtrasOf { from, after, .. } => {
                let relies = after.iter().map(|step| Deed::ReliesFor(*from, *step));
                std::iter::once(Deed::Deletes(*from))
                    .chain(relies)
                    .collect()
            }
        }
    }

    fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId)) {
        self.taking.what.each_step(visit);
    }

    fn each_server(&mut self, _: &mut dyn FnMut(&mut ServerId)) {}

    fn subject(&self, plan: &Plan) -> String {
        self.taking.what.subject(plan)
    }

    fn outline(&self, _: &Plan, _: &Step) -> Vec<Fact> {
        let [most, _] = most(self.taking.max);
        vec![most]
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let [_, max] = most(self.taking.max);
        let mut facts = vec![Fact::Text(self.taking.what.fact(plan)), max];
        let empty = matches!(self.taking.what, TakeWhat::ExtrasOf { if_empty: true, .. });
        facts.extend(Fact::set(&[(empty, "if_empty: delete")]));
        facts.extend(accepted(&self.taking.accept));
        let folders = [(self.remove_empty, "directories: remove_empty")];
        facts.extend(Fact::set(&folders));
        facts
    }
}

impl TakeWhat {
    /// Which files, in a few words.
    pub(super) fn subject(&self, plan: &Plan) -> String {
        match self {
            TakeWhat::SourcesOf(steps) => {
                let names = steps.iter().map(|step| plan.source_name(*step));
                format!("sources of {}", names.collect::<Vec<_>>().join(", "))
            }
            TakeWhat::FailedOf(step) => format!("failed files of {}", plan.source_name(*step)),
            TakeWhat::Set { from, .. } => format!("files of {}", plan.source_name(*from)),
            TakeWhat::ExtrasOf { from, .. } => format!("extras in {}", plan.source_name(*from)),
        }
    }

    /// Which files, and which of them stay.
    pub(super) fn fact(&self, plan: &Plan) -> String {
        match self {
            TakeWhat::SourcesOf(steps) => {
                format!("source files that arrived by {}", plan.names(steps))
            }
            TakeWhat::FailedOf(step) => {
                format!("source files that failed in {}", plan.step(*step).name)
            }
            TakeWhat::ExtrasOf {
                from, transfers, ..
            } => format!(
                "what {} holds and no source of {} has",
                plan.source_name(*from),
                plan.names(transfers)
            ),
            TakeWhat::Set { from, after } => {
                let left = match after.as_slice() {
                    [] => String::new(),
                    after => format!(", except what {} did not prove", plan.names(after)),
                };
                format!("all of {}{left}", plan.step(*from).name)
            }
        }
    }
}
