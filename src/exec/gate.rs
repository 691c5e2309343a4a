//! Hazards that only show once it is known in which folders sessions start.
//!
//! A path that is relative to a server's home cannot be compared with an absolute one offline. Where a plan has both on one
//! server, its steps that change anything there wait until every entry of that server has logged in; then the plan is compared
//! once more. Everything else starts as ever.

use std::sync::Arc;

use crate::event::Clash;
use crate::files::ServerId;
use crate::plan::{Hazard, Plan, Step, StepId, homes_wanted, late_hazards};

use super::fault::Fault;
use super::shared::Shared;
use super::steps::Output;
use super::steps::job::Work;

/// The steps that wait for homes to be known.
#[derive(Debug, Default)]
pub(super) struct Gate {
    groups: Vec<Group>,
    held: Vec<StepId>,
    /// Comparisons that have begun and not ended.
    comparing: usize,
}

/// The logins of one server, under whatever names it stands in the manifest.
#[derive(Debug)]
struct Group {
    logins: Vec<StepId>,
    /// Those that have not ended.
    open: Vec<StepId>,
}

impl Gate {
    /// The gate of a plan. Most have nothing to wait for.
    pub(super) fn new(plan: &Plan) -> Gate {
        let wanted = homes_wanted(plan).into_iter();
        let groups = wanted.map(|servers| {
            let logins = servers.into_iter().filter_map(|at| plan.login_of(at));
            let logins: Vec<StepId> = logins.collect();
            Group {
                open: logins.clone(),
                logins,
            }
        });
        Gate {
            groups: groups.collect(),
            held: Vec::new(),
            comparing: 0,
        }
    }

    /// The plan is being compared: what changes anything waits for that, too.
    pub(super) fn begin(&mut self) {
        self.comparing += 1;
    }

    /// A comparison has ended.
    pub(super) fn finish(&mut self) {
        self.comparing = self.comparing.saturating_sub(1);
    }

    /// Whether one is under way.
    pub(super) fn is_comparing(&self) -> bool {
        self.comparing > 0
    }

    /// Whether a step has to wait; then it is kept. Every step on a server needs its login, which tells whose server it is.
    pub(super) fn holds(&mut self, step: &Step) -> bool {
        let shut = |group: &Group| {
            !group.open.is_empty() && step.needs.iter().any(|need| group.logins.contains(need))
        };
        let shut = self.is_comparing() || self.groups.iter().any(shut);
        let held = changes(step) && shut;
        if held {
            self.held.push(step.id);
        }
        held
    }

    /// Takes in the end of a step. Whether it was the last login of a server, so that its plan can be compared.
    pub(super) fn ended(&mut self, step: StepId) -> bool {
        let mut opened = false;
        for group in &mut self.groups {
            let before = group.open.len();
            group.open.retain(|login| *login != step);
            opened |= group.open.is_empty() && before > 0;
        }
        opened
    }

    /// The steps that were kept.
    pub(super) fn take_held(&mut self) -> Vec<StepId> {
        std::mem::take(&mut self.held)
    }
}

/// What only showed now that homes are known.
pub(super) struct Late {
    /// Warnings, with the step that each is about.
    pub(super) warnings: Vec<(StepId, String)>,
    /// The first error.
    pub(super) refusal: Option<Refusal>,
}

/// Why the run must not go on.
pub(super) struct Refusal {
    /// The step of the two that has not begun.
    pub(super) step: StepId,
    /// The other one.
    pub(super) other: StepId,
    pub(super) fault: Fault,
}

/// The job that compares the plan once more.
pub(super) fn compare(shared: &Shared) -> Work {
    let (plan, homes) = (Arc::clone(&shared.plan), homes(shared));
    Box::new(move |_| Output::Compared(late_hazards(&plan, &homes)))
}

/// What is made of its end.
pub(super) fn judge(found: &[Hazard], shared: &Shared) -> Late {
    let plan = &shared.plan;
    let allowed = |hazard: &&Hazard| plan.allows(hazard.code);
    let warnings = found.iter().filter(|hazard| !hazard.is_error());
    let warnings = warnings.filter(|hazard| !allowed(hazard));
    Late {
        warnings: warnings.map(|hazard| warning(plan, hazard)).collect(),
        refusal: found
            .iter()
            .filter(|hazard| hazard.is_error())
            .find(|hazard| !shared.was_skipped(hazard.later) && !shared.was_skipped(hazard.earlier))
            .map(|hazard| refusal(plan, hazard)),
    }
}

fn homes(shared: &Shared) -> Vec<Option<String>> {
    let homes = (0..shared.plan.servers.len()).map(|at| {
        let home = shared.facts(ServerId::new(at)).home.as_deref()?;
        Some(String::from_utf8_lossy(home).into_owned())
    });
    homes.collect()
}

fn warning(plan: &Plan, hazard: &Hazard) -> (StepId, String) {
    let Hazard {
        code,
        message,
        help,
        ..
    } = hazard;
    let text = format!("{message}{}; {help} ({code})", since(hazard));
    (plan.step(hazard.later).owner, text)
}

fn refusal(plan: &Plan, hazard: &Hazard) -> Refusal {
    // Of two steps one changes something, and has waited here.
    let (step, other) = match changes(plan.step(hazard.later)) {
        true => (hazard.later, hazard.earlier),
        false => (hazard.earlier, hazard.later),
    };
    let other = plan.step(other).owner;
    let message = format!(
        "{}{}; nothing was changed there",
        hazard.message,
        since(hazard)
    );
    let mut fault = Fault::permanent(message).help(hazard.help.clone());
    fault.failure.hazard = Some(Clash {
        code: hazard.code.into(),
        step: other.0 as usize,
    });
    Refusal { step, other, fault }
}

/// Why `check` could not tell.
fn since(hazard: &Hazard) -> String {
    match hazard.paths.join(" and ") {
        paths if paths.is_empty() => String::new(),
        paths => format!(": only the login shows that {paths}"),
    }
}

fn changes(step: &Step) -> bool {
    !step.changes.is_empty()
}
