//! What a delete says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes};
use crate::files::ServerId;
use crate::plan::model::{Accept, Delete, DeleteWhat, Plan, Step, StepId};

impl Answers for Delete {
    fn takes(&self) -> Takes<'_> {
        match &self.what {
            DeleteWhat::SourcesOf(steps) => Takes::Proven {
                steps,
                by_reply: self.accept.contains(&Accept::Reply),
            },
            DeleteWhat::Set { from, .. } => Takes::Deleted(from),
        }
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Nothing
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        match &self.what {
            DeleteWhat::SourcesOf(steps) => {
                let both = |step: &StepId| [Deed::DeletesSources(*step), Deed::ReliesOn(*step)];
                steps.iter().flat_map(both).collect()
            }
            DeleteWhat::Set { from, after } => {
                let relies = after.iter().map(|step| Deed::ReliesFor(*from, *step));
                std::iter::once(Deed::Deletes(*from))
                    .chain(relies)
                    .collect()
            }
        }
    }

    fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId)) {
        match &mut self.what {
            DeleteWhat::SourcesOf(steps) => steps.iter_mut().for_each(visit),
            DeleteWhat::Set { from, after } => {
                visit(from);
                after.iter_mut().for_each(visit);
            }
        }
    }

    fn each_server(&mut self, _: &mut dyn FnMut(&mut ServerId)) {}

    fn subject(&self, plan: &Plan) -> String {
        match &self.what {
            DeleteWhat::SourcesOf(steps) => {
                let names = steps.iter().map(|step| plan.source_name(*step));
                format!("sources of {}", names.collect::<Vec<_>>().join(", "))
            }
            DeleteWhat::Set { from, .. } => format!("files of {}", plan.source_name(*from)),
        }
    }

    fn outline(&self, _: &Plan, _: &Step) -> Vec<Fact> {
        vec![Fact::Files("at most", self.max)]
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let what = match &self.what {
            DeleteWhat::SourcesOf(steps) => {
                format!("source files that arrived by {}", plan.names(steps))
            }
            DeleteWhat::Set { from, after } => {
                let left = match after.as_slice() {
                    [] => String::new(),
                    after => format!(", except what {} did not prove", plan.names(after)),
                };
                format!("all of {}{left}", plan.step(*from).name)
            }
        };
        let mut facts = vec![Fact::Text(what), Fact::Number("max", self.max)];
        if self.accept != [Accept::Copy] {
            let words = self.accept.iter().map(|accept| accept.word());
            let words = words.collect::<Vec<_>>().join(", ");
            facts.push(Fact::Text(format!("accept: {words}")));
        }
        let folders = [(self.remove_empty, "directories: remove_empty")];
        facts.extend(Fact::set(&folders));
        facts
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
