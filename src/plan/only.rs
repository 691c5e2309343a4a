//! Smaller plans of a plan: the steps that `--only` names, with all that they need.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::model::{Plan, StepId};
use crate::files::ServerId;

impl Plan {
    /// The steps with these names and all that they need, implicit ones included, numbered anew.
    ///
    /// # Errors
    /// The names that no step has, in the order given.
    pub fn only(&self, names: &[String]) -> Result<Plan, Vec<String>> {
        let numbers: BTreeMap<&str, usize> = self
            .steps
            .iter()
            .enumerate()
            .map(|(at, step)| (step.name.as_str(), at))
            .collect();
        let unknown = names
            .iter()
            .filter(|name| !numbers.contains_key(name.as_str()));
        let unknown: Vec<String> = unknown.cloned().collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        // One more node that needs all the named ones: its ancestors are what is kept.
        let mut needs: Vec<Vec<usize>> = self
            .steps
            .iter()
            .map(|step| step.needs.iter().map(|need| need.0 as usize).collect())
            .collect();
        needs.push(
            names
                .iter()
                .filter_map(|name| numbers.get(name.as_str()).copied())
                .collect(),
        );
        let kept = Graph::new(needs).ancestors(self.steps.len());
        Ok(self.keep(&kept).without_unused_servers())
    }

    fn keep(&self, kept: &[usize]) -> Plan {
        let new = |old: StepId| {
            let at = kept.binary_search(&(old.0 as usize)).unwrap_or_default();
            StepId(u32::try_from(at).unwrap_or(u32::MAX))
        };
        let steps = kept.iter().map(|&at| {
            let mut step = self.steps[at].clone();
            // Of a step that the compiler made, alone, nobody is the owner but itself.
            if kept.binary_search(&(step.owner.0 as usize)).is_err() {
                step.owner = step.id;
            }
            step.each_step(|id| *id = new(*id));
            step
        });
        Plan {
            steps: steps.collect(),
            ..self.clone()
        }
    }

    /// The plan with those servers only that its steps name.
    pub(super) fn without_unused_servers(mut self) -> Plan {
        let mut used = vec![false; self.servers.len()];
        for step in &mut self.steps {
            step.each_server(|server| used[server.at()] = true);
        }
        let mut next = 0;
        let numbers: Vec<ServerId> = used
            .iter()
            .map(|&used| {
                let number = ServerId::new(next);
                next += usize::from(used);
                number
            })
            .collect();
        for step in &mut self.steps {
            step.each_server(|server| *server = numbers[server.at()]);
        }
        let mut used = used.into_iter();
        self.servers.retain(|_| used.next().unwrap_or(false));
        self
    }
}
