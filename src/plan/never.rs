//! Steps that can never run: they need what runs only after a failure, and need that there was none.

use std::collections::BTreeSet;

use super::codes;
use super::conditions::When;
use super::model::{Plan, Step, StepId};
use super::places::own;
use crate::manifest::{Finding, Manifest};

/// All of a plan, the first of each that wait for one another. `told`: the steps whose `when` is a finding already.
pub(super) fn findings(manifest: &Manifest, plan: &Plan, told: &BTreeSet<StepId>) -> Vec<Finding> {
    let after = bound(plan);
    let failures = plan.steps.iter().filter(|step| step.when == When::Failure);
    let mut found: BTreeSet<StepId> = told.clone();
    let mut findings = Vec::new();
    for failure in failures {
        for step in never(plan, failure, &after) {
            if found.insert(plan.step(step).owner) {
                findings.push(finding(manifest, plan, step, failure));
            }
        }
    }
    findings
}

/// For each step those that do not run without what it gives.
fn bound(plan: &Plan) -> Vec<Vec<StepId>> {
    let mut after = vec![Vec::new(); plan.steps.len()];
    for step in &plan.steps {
        let needs = step.needs.iter();
        for need in needs.filter(|need| plan.binds(step, **need)) {
            after[need.0 as usize].push(step.id);
        }
    }
    after
}

/// The steps that do not run without one that asks for a failure, nor without a success of all whose failure it asks for; of
/// those that wait for one another only the first.
fn never(plan: &Plan, failure: &Step, after: &[Vec<StepId>]) -> Vec<StepId> {
    let judged = plan.judged(failure);
    if judged.is_empty() || !judged.iter().all(|id| plan.fails_whole(*id)) {
        return Vec::new();
    }
    let mut all = reach(failure.id, after);
    all[failure.id.0 as usize] = true;
    for id in judged {
        let others = reach(id, after);
        all.iter_mut()
            .zip(others)
            .for_each(|(both, other)| *both &= other);
    }
    let is_never = |id: &StepId| all[id.0 as usize];
    let waits = |step: &Step| {
        step.needs
            .iter()
            .any(|need| is_never(need) && plan.binds(step, *need))
    };
    let steps = plan.steps.iter().filter(|step| is_never(&step.id));
    steps
        .filter(|step| !waits(step))
        .map(|step| step.id)
        .collect()
}

/// Which steps do not run without this one.
fn reach(step: StepId, after: &[Vec<StepId>]) -> Vec<bool> {
    let mut reached = vec![false; after.len()];
    let mut open = vec![step];
    while let Some(step) = open.pop() {
        for next in &after[step.0 as usize] {
            if !std::mem::replace(&mut reached[next.0 as usize], true) {
                open.push(*next);
            }
        }
    }
    reached
}

fn finding(manifest: &Manifest, plan: &Plan, step: StepId, failure: &Step) -> Finding {
    let [step, failure] = [plan.step(step).owner, failure.owner].map(|id| plan.step(id));
    let judged = plan.judged(failure);
    let names: Vec<String> = judged
        .iter()
        .map(|id| format!("`{}`", plan.step(*id).name))
        .collect();
    let names = names.join(", ");
    let of = match judged.len() {
        1 => "of it",
        _ => "of one of them",
    };
    let needed = match step.id == failure.id {
        true => "it runs".into(),
        false => format!("it needs `{}`, which runs", failure.name),
    };
    let message = format!(
        "`{}` does not run without a success of {names}, and {needed} only after a failure {of}: it would never run",
        step.name
    );
    let finding = Finding::error(
        codes::STEP_NEVER_RUNS,
        manifest.place(&own(step)),
        message,
        "never",
    );
    finding.help("take one of the two out of `needs`, or write `when: always`: it then runs whichever of them has run")
}
