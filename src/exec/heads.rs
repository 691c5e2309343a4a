//! What reports are told of each step beforehand.

use crate::event::StepHead;
use crate::plan::{Plan, Step};

/// The head of a step.
pub(super) fn head(plan: &Plan, step: &Step) -> StepHead {
    StepHead {
        name: step.name.clone(),
        kind: step.kind,
        subject: plan.subject(step),
        implicit: step.implicit,
        origin: step.origin.0.to_string(),
    }
}
