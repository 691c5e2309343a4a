//! What a move says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes, accepted, most, server_of};
use crate::files::ServerId;
use crate::plan::model::{Plan, Step, StepId};
use crate::plan::taking::{IfTaken, Move, TakeWhat};

impl Answers for Move {
    fn takes(&self) -> Takes<'_> {
        match &self.taking.what {
            TakeWhat::SourcesOf(steps) => Takes::Proven {
                steps,
                by_reply: self.taking.accepts_reply(),
            },
            TakeWhat::FailedOf(step) => Takes::Failed(step),
            TakeWhat::Set { from, .. } | TakeWhat::ExtrasOf { from, .. } => Takes::Moved(from),
        }
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Moved(self)
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        let mut deeds = match &self.taking.what {
            TakeWhat::SourcesOf(steps) => {
                let both = |step: &StepId| [Deed::MovesSources(*step), Deed::ReliesOn(*step)];
                steps.iter().flat_map(both).collect()
            }
            TakeWhat::FailedOf(step) => vec![Deed::MovesSources(*step)],
            TakeWhat::Set { from, after } | TakeWhat::ExtrasOf { from, after, .. } => {
                let relies = after.iter().map(|step| Deed::ReliesFor(*from, *step));
                std::iter::once(Deed::Moves(*from)).chain(relies).collect()
            }
        };
        deeds.push(Deed::Receives(self));
        deeds
    }

    fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId)) {
        self.taking.what.each_step(visit);
    }

    fn each_server(&mut self, visit: &mut dyn FnMut(&mut ServerId)) {
        server_of(&mut self.side, visit);
    }

    fn subject(&self, plan: &Plan) -> String {
        let what = self.taking.what.subject(plan);
        format!("{what} → {}", plan.place(self.side, &self.into))
    }

    fn outline(&self, _: &Plan, _: &Step) -> Vec<Fact> {
        let rename = self.rename.as_ref();
        let rename = rename.map(|rename| Fact::Text(format!("renamed to {}", rename.to)));
        let into = Fact::Text(format!("→ {}", self.into));
        let [max, _] = most(self.taking.max);
        std::iter::once(into).chain(rename).chain([max]).collect()
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let what = self.taking.what.fact(plan);
        let to = plan.place(self.side, &self.into);
        let rename = self.rename.as_ref();
        let rename = rename.map(|rename| format!("rename: {} → {}", rename.pattern, rename.to));
        let usual = self.if_exists == IfTaken::default();
        let if_exists = (!usual).then(|| format!("if_exists: {}", self.if_exists.word()));
        let texts = [Some(format!("{what} → {to}")), rename, if_exists];
        let texts = texts.into_iter().flatten().map(Fact::Text);
        let [_, max] = most(self.taking.max);
        texts
            .chain([max])
            .chain(accepted(&self.taking.accept))
            .collect()
    }
}
