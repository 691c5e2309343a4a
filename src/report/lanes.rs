//! Which steps wait for each other at all, logins left out: lanes run beside each other from beginning to end.

use std::collections::BTreeMap;

use crate::kind::StepKind;
use crate::plan::{Plan, Step};

/// A line for each lane. What stands before an arrow is waited for by all that stands behind it, up to the next one; where
/// only some of them wait for some of those, a `;` stands, and the steps themselves say which.
pub(super) fn lanes(plan: &Plan) -> Vec<String> {
    let lanes = stages(plan).into_iter().map(|lane| {
        let mut text = String::new();
        for (at, stage) in lane.iter().enumerate() {
            match at.checked_sub(1).map(|before| waits(&lane[before], stage)) {
                None => {}
                Some(true) => text.push_str(" → "),
                Some(false) => text.push_str("; "),
            }
            let names: Vec<&str> = stage.iter().map(|step| step.name.as_str()).collect();
            text.push_str(&names.join(", "));
        }
        text
    });
    lanes.collect()
}

/// Whether each step of a stage waits for all of the one before. Between two that follow each other all edges are direct.
fn waits(before: &[&Step], stage: &[&Step]) -> bool {
    let direct = |step: &Step, early: &Step| step.needs.binary_search(&early.id).is_ok();
    stage
        .iter()
        .all(|step| before.iter().all(|early| direct(step, early)))
}

/// The steps of each lane, stage by stage: each waits for something of the stage before.
fn stages(plan: &Plan) -> Vec<Vec<Vec<&Step>>> {
    let mut parents: Vec<usize> = (0..plan.steps.len()).collect();
    let mut stages = vec![0; plan.steps.len()];
    let counts = |step: &Step| !(step.implicit && step.kind == StepKind::Login);
    for (at, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            let other = need.0 as usize;
            let needed = plan.step(*need);
            if counts(needed) {
                // Steps that the compiler made stand in their step's stage: they are not shown.
                stages[at] = stages[at].max(stages[other] + usize::from(!needed.implicit));
                let (mine, root) = (root(&mut parents, at), root(&mut parents, other));
                parents[mine.max(root)] = mine.min(root);
            }
        }
    }
    let mut lanes: BTreeMap<usize, Vec<Vec<&Step>>> = BTreeMap::new();
    for (at, step) in plan
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| !step.implicit)
    {
        let lane = lanes.entry(root(&mut parents, at)).or_default();
        if lane.len() <= stages[at] {
            lane.resize(stages[at] + 1, Vec::new());
        }
        lane[stages[at]].push(step);
    }
    lanes.into_values().collect()
}

/// The first step of a lane; paths to it become shorter on the way.
fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plans;

    #[test]
    fn an_arrow_stands_only_where_all_wait_for_all() {
        let text = "version: 1\nservers: {a: {host: a.internal}}\nsteps:\n  builds: {list: {server: a, path: /in}}\n  \
                    up: {upload: {files: 'x/*', to: a, into: /up}}\n  archives: {filter: {from: builds}}\n  \
                    keep: {download: {from: archives, into: k}}\n  tidy: {needs: up, delete: {sources_of: keep}}\n  \
                    alone: {download: {server: a, files: '/other/*', into: o}}\n";
        let printable = plans::printable(text);
        let expected = ["builds, up; archives → keep → tidy", "alone"];
        assert_eq!(lanes(&printable.plan), expected);
        let needs = text.replace("archives: {", "archives: {needs: up, ");
        let printable = plans::printable(&needs);
        assert_eq!(
            lanes(&printable.plan)[0],
            "builds, up → archives → keep → tidy"
        );
    }
}
