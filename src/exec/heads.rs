//! What reports are told of each step beforehand.

use crate::event::StepHead;
use crate::files::Side;
use crate::plan::{Action, DeleteWhat, Plan, Step, StepId};

/// The head of a step.
pub(super) fn head(plan: &Plan, step: &Step) -> StepHead {
    StepHead {
        name: step.name.clone(),
        kind: step.kind(),
        subject: subject(plan, step),
        implicit: step.implicit,
        origin: step.origin.0.to_string(),
    }
}

fn subject(plan: &Plan, step: &Step) -> String {
    match &step.action {
        Action::Login(login) => {
            let endpoint = &plan.server(login.server).endpoint;
            format!("{}@{}:{}", endpoint.user, endpoint.host, endpoint.port)
        }
        Action::List(list) => place(plan, list.side, &list.path),
        Action::Filter(filter) => format!("of {}", name(plan, filter.from)),
        Action::Transfer(transfer) => format!(
            "{} → {}",
            name(plan, transfer.from),
            place(plan, transfer.to, &transfer.into)
        ),
        Action::Delete(delete) => match &delete.what {
            DeleteWhat::SourcesOf(steps) => {
                let names: Vec<String> = steps.iter().map(|step| name(plan, *step)).collect();
                format!("sources of {}", names.join(", "))
            }
            DeleteWhat::Set { from, .. } => format!("files of {}", name(plan, *from)),
        },
    }
}

/// A step's name; for one that the compiler made, where its files are found.
fn name(plan: &Plan, step: StepId) -> String {
    let step = plan.step(step);
    match &step.action {
        Action::List(list) if step.implicit => place(plan, list.side, &list.path),
        Action::Filter(filter) if step.implicit => name(plan, filter.from),
        _ => step.name.clone(),
    }
}

fn place(plan: &Plan, side: Side, path: &str) -> String {
    format!("{}:{path}", plan.side_name(side))
}
