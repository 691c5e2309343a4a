//! Smaller plans of a plan: the steps that `--only` names, with all that they need.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::model::{Action, Plan, StepId};
use crate::files::{ServerId, Side};

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
            step.id = new(step.id);
            for need in step.needs.iter_mut().chain(&mut step.waits) {
                *need = new(*need);
            }
            step.action.renumber(new);
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
            step.action
                .each_server(|server| used[usize::from(server.0)] = true);
        }
        let mut next = 0;
        let numbers: Vec<ServerId> = used
            .iter()
            .map(|&used| {
                let number = ServerId(next);
                next += u16::from(used);
                number
            })
            .collect();
        for step in &mut self.steps {
            step.action
                .each_server(|server| *server = numbers[usize::from(server.0)]);
        }
        let mut used = used.into_iter();
        self.servers.retain(|_| used.next().unwrap_or(false));
        self
    }
}

impl Action {
    fn each_server(&mut self, mut visit: impl FnMut(&mut ServerId)) {
        let mut side = |side: &mut Side| {
            if let Side::Server(server) = side {
                visit(server);
            }
        };
        match self {
            Action::Login(login) => visit(&mut login.server),
            Action::List(list) => side(&mut list.side),
            Action::Transfer(transfer) => {
                side(&mut transfer.source);
                side(&mut transfer.to);
            }
            Action::Filter(_) | Action::Delete(_) => {}
        }
    }
}
