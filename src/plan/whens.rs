//! `when` judged: a condition that nothing can meet, or that says nothing.

use super::codes;
use super::conditions::When;
use super::model::{Plan, Step, StepId};
use crate::manifest::{Finding, Manifest, Path};

/// The findings of all steps, at their `when`, each with its step.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<(StepId, Finding)> {
    let steps = plan.steps.iter();
    let steps = steps.filter(|step| !step.implicit && step.when != When::Success);
    steps
        .filter_map(|step| Some((step.id, judge(manifest, plan, step)?)))
        .collect()
}

fn judge(manifest: &Manifest, plan: &Plan, step: &Step) -> Option<Finding> {
    let judged = plan.judged(step);
    let place = manifest.place(&Path::root().key("steps").key(&step.name).key("when"));
    let word = step.when.word();
    if judged.is_empty() {
        let message = format!(
            "`when: {word}` is about the steps that `{}` needs, and it needs none",
            step.name
        );
        let finding = Finding::error(codes::STEP_WHEN_ALONE, place, message, "after what?");
        return Some(finding.help("name the steps in `needs`, or take `when` out"));
    }
    // Where such a step fails, this one can run.
    let reacts = |id: &StepId| {
        let lost = plan.binds(step, *id) && plan.fails_whole(*id);
        plan.can_fail(*id) && !lost
    };
    if judged.iter().any(reacts) {
        return None;
    }
    let names: Vec<String> = judged
        .iter()
        .map(|id| format!("`{}`", plan.step(*id).name))
        .collect();
    let names = names.join(", ");
    if step.when == When::Failure && !judged.iter().any(|id| plan.can_fail(*id)) {
        let message = format!(
            "`{}` runs only after a failure, and {names} cannot fail",
            step.name
        );
        let finding = Finding::error(codes::STEP_WHEN_CANNOT_FAIL, place, message, "never so");
        return Some(
            finding.help("name the steps before it in `needs`: the list, or the transfer"),
        );
    }
    let taken = judged.iter().any(|id| plan.binds(step, *id));
    taken.then(|| {
        let then = match step.when {
            When::Failure => "it would never run",
            When::Always | When::Success => "`when: always` changes nothing",
        };
        let message = format!(
            "`{}` works with what {names} gives, and where that fails there is nothing: {then}",
            step.name
        );
        let finding = Finding::error(codes::STEP_WHEN_NO_SET, place, message, "with what files?");
        finding.help(format!("write `on_error: continue` in {names}, take files that stand without it, or take `when` out"))
    })
}
