//! What to write so that a plan has no hazards: lines that can all be pasted, and together make no circle.

use std::collections::HashMap;

use super::extents::files;
use super::hazards::{RawHazard, Sort};
use super::kinds::SetOf;
use super::model::{Plan, StepId};
use crate::files::Side;
use crate::manifest::Severity;

/// The line of help for each hazard, the worst of which come first. `owners` are the written steps that steps belong to.
pub(super) fn helps(plan: &Plan, owners: &[u32], found: &[RawHazard]) -> Vec<String> {
    let mut proposals = Proposals::new(plan, owners);
    for one in found {
        proposals.add(one);
    }
    let edges = proposals.edges.iter();
    edges.map(|edge| proposals.help(edge)).collect()
}

/// That one written step should come after another one.
#[derive(Clone, Copy)]
struct Edge {
    late: usize,
    early: usize,
    severity: Severity,
    /// Whether it comes of `sources_of`, and needs no line of its own.
    sources: bool,
}

/// Where the files of a transfer come from.
#[derive(PartialEq, Eq)]
enum Source<'p> {
    Step(StepId),
    Files(Side, &'p str, &'p [String]),
}

struct Proposals<'p> {
    plan: &'p Plan,
    owners: &'p [u32],
    edges: Vec<Edge>,
    /// What is proposed for each owner to need.
    added: HashMap<u32, Vec<usize>>,
}

impl<'p> Proposals<'p> {
    fn new(plan: &'p Plan, owners: &'p [u32]) -> Proposals<'p> {
        Proposals {
            plan,
            owners,
            edges: Vec::new(),
            added: HashMap::new(),
        }
    }

    /// The later of two waits, unless what is written or proposed already makes it come first: then the other one does.
    fn add(&mut self, found: &RawHazard) {
        let written = |step: usize| self.owners[step] as usize;
        let (mut late, mut early) = (written(found.later), written(found.earlier));
        let mut sources = found.sort == Sort::DeletedByFiles;
        if self.waits(early, late) {
            (late, early) = (early, late);
            // A `delete` that comes first does no harm, whatever it deletes by.
            sources = false;
        }
        self.added.entry(self.owners[late]).or_default().push(early);
        self.edges.push(Edge {
            late,
            early,
            severity: found.sort.severity(),
            sources,
        });
    }

    /// Whether a step waits for the owner of another one, by edges of the plan or proposed ones.
    fn waits(&self, late: usize, early: usize) -> bool {
        let mut seen = vec![false; self.plan.steps.len()];
        let mut stack = vec![late];
        while let Some(step) = stack.pop() {
            let needs = self.plan.steps[step].needs.iter();
            let added = self.added.get(&self.owners[step]).into_iter().flatten();
            for next in needs.map(|need| need.0 as usize).chain(added.copied()) {
                if self.owners[next] == self.owners[early] {
                    return true;
                }
                if !std::mem::replace(&mut seen[next], true) {
                    stack.push(next);
                }
            }
        }
        false
    }

    fn help(&self, edge: &Edge) -> String {
        if edge.sources {
            return self.sources_of(edge);
        }
        let late = &self.plan.steps[edge.late];
        let mut needs: Vec<&str> = late.waits.iter().map(|need| self.name(*need)).collect();
        let written = needs.len();
        // Who mends the errors alone is given no line that holds what is only warned of.
        let own =
            |one: &&Edge| one.late == edge.late && !one.sources && one.severity <= edge.severity;
        for one in self.edges.iter().filter(own) {
            let name = self.plan.steps[one.early].name.as_str();
            if !needs.contains(&name) {
                needs.push(name);
            }
        }
        let (list, late) = (needs.join(", "), &late.name);
        match (written, needs.len()) {
            (0, 1) => format!("add `needs: [{list}]` to `{late}`"),
            _ => format!("write `needs: [{list}]` in `{late}`"),
        }
    }

    /// One `sources_of` for all transfers of the same files; for others it would delete what all of them brought, nothing.
    fn sources_of(&self, edge: &Edge) -> String {
        let own = self
            .edges
            .iter()
            .filter(|one| one.sources && one.late == edge.late);
        let transfers: Vec<usize> = own.map(|one| one.early).collect();
        let names = transfers
            .iter()
            .map(|&at| self.plan.steps[at].name.as_str());
        let names: Vec<&str> = names.collect();
        let late = &self.plan.steps[edge.late].name;
        let same = transfers
            .iter()
            .all(|&at| self.source(at) == self.source(edge.early));
        match names.as_slice() {
            [one] => format!(
                "in `{late}`, write `delete: {{ sources_of: {one} }}`: it deletes exactly what arrived"
            ),
            names if same => format!(
                "in `{late}`, write `delete: {{ sources_of: [{}] }}`: it deletes exactly what arrived by all of them",
                names.join(", ")
            ),
            names => format!(
                "in place of `{late}`, write a `delete: {{ sources_of: … }}` for each of `{}`: it deletes exactly what arrived",
                names.join("`, `")
            ),
        }
    }

    /// Where the files of a transfer come from: equal `files` have lists of their own, and are the same.
    fn source(&self, transfer: usize) -> Option<Source<'p>> {
        let SetOf::Copies(transfer) = self.plan.steps[transfer].action.set() else {
            return None;
        };
        let Some((list, patterns)) = files(self.plan, transfer.from) else {
            return Some(Source::Step(transfer.from));
        };
        Some(Source::Files(list.side, &list.path, patterns))
    }

    fn name(&self, step: StepId) -> &'p str {
        &self.plan.step(step).name
    }
}
