//! What a list says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes, server_of};
use crate::files::ServerId;
use crate::plan::model::{List, Plan, Step, StepId, Verdict};

impl Answers for List {
    fn takes(&self) -> Takes<'_> {
        Takes::Nothing
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Found(self)
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        vec![Deed::Lists(self.side)]
    }

    fn each_step(&mut self, _: &mut dyn FnMut(&mut StepId)) {}

    fn each_server(&mut self, visit: &mut dyn FnMut(&mut ServerId)) {
        server_of(&mut self.side, visit);
    }

    fn subject(&self, plan: &Plan) -> String {
        plan.place(self.side, &self.path)
    }

    fn outline(&self, _: &Plan, step: &Step) -> Vec<Fact> {
        let folder = match (step.implicit, self.recursive) {
            // Its title says what it lists.
            (true, _) => return Vec::new(),
            (false, true) => Fact::Text(format!("{}/**", self.path.trim_end_matches('/'))),
            (false, false) => Fact::text(&self.path),
        };
        let wait = self.wait.iter();
        let wait = wait.map(|wait| Fact::Text(format!("waits for {}", wait.written())));
        std::iter::once(folder).chain(wait).collect()
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let depth = match (self.recursive, self.max_depth) {
            (false, _) => "",
            (true, None) => ", and all folders below",
            (true, Some(_)) => ", and folders below",
        };
        let mut facts = vec![Fact::Text(format!(
            "{}{depth}",
            plan.place(self.side, &self.path)
        ))];
        if let (true, Some(depth)) = (self.recursive, self.max_depth) {
            facts.push(Fact::Text(format!("max_depth: {depth}")));
        }
        if !self.descend.is_empty() {
            let folders = self.descend.join(", ");
            facts.push(Fact::Text(format!("enters only {folders}")));
        }
        facts.extend(Fact::set(&[
            (self.hidden, "hidden: true"),
            (self.follow_links, "follow_links: true"),
            (self.missing == Verdict::Fine, "missing: empty"),
            (self.empty == Verdict::Fail, "empty: fail"),
            (self.unreadable == Verdict::Fine, "unreadable: warn"),
        ]));
        facts.extend(self.wait.iter().map(|wait| Fact::Text(wait.outline())));
        facts
    }
}
