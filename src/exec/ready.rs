//! Which steps may start, and which never will: the edges of a plan and how the steps before them ended, without jobs or sessions.

use std::sync::Arc;

use crate::plan::{Plan, Step, StepId, When};

/// The steps that still wait for others.
#[derive(Debug)]
pub(super) struct Ready {
    plan: Arc<Plan>,
    /// How many of the steps that each needs have yet to end.
    missing: Vec<usize>,
    dependents: Vec<Vec<StepId>>,
    ends: Vec<Option<End>>,
}

/// How a step ended, for those that need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It has given what it has to give; whether something of it failed all the same.
    Gave { failed: bool },
    /// It failed, and gives nothing.
    Failed,
    /// It never runs.
    Skipped(Skip),
}

/// Why a step never runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skip {
    /// The step because of which.
    pub(super) because: Option<StepId>,
    /// Whether that step itself was not needed, or this one is not: nothing is amiss.
    pub(super) unneeded: bool,
    /// Whether a part of it failed (a login, the list of its `files`), so that it has failed.
    failed: bool,
}

/// What the end of a step changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Consequences {
    /// Steps that may start now.
    pub(super) released: Vec<StepId>,
    /// Steps that never start, in the order of the plan.
    pub(super) skipped: Vec<(StepId, Skip)>,
}

impl End {
    fn has_failed(self) -> bool {
        match self {
            End::Gave { failed } | End::Skipped(Skip { failed, .. }) => failed,
            End::Failed => true,
        }
    }
}

impl Ready {
    /// All steps of a plan; those that need nothing are the first released.
    pub(super) fn new(plan: &Arc<Plan>) -> (Ready, Vec<StepId>) {
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for step in &plan.steps {
            for need in &step.needs {
                dependents[need.0 as usize].push(step.id);
            }
        }
        let missing: Vec<usize> = plan.steps.iter().map(|step| step.needs.len()).collect();
        let first = plan.steps.iter().filter(|step| step.needs.is_empty());
        let first = first.map(|step| step.id).collect();
        let ready = Ready {
            ends: vec![None; missing.len()],
            plan: Arc::clone(plan),
            missing,
            dependents,
        };
        (ready, first)
    }

    /// A step ended. What cannot go without it is skipped at once, even through others; what asks how it ended, and whatever
    /// comes later, waits until all before it have ended, those that others were skipped for, too: the order of steps is the
    /// plan's, whatever fails.
    pub(super) fn ended(&mut self, step: StepId, end: End) -> Consequences {
        let mut found = Consequences::default();
        self.end(step, end, &mut found);
        let mut settled = vec![step];
        while let Some(step) = settled.pop() {
            for dependent in self.dependents[step.0 as usize].clone() {
                let missing = &mut self.missing[dependent.0 as usize];
                *missing = missing.saturating_sub(1);
                if *missing == 0 && self.decide(dependent, &mut found) {
                    settled.push(dependent);
                }
            }
        }
        found.released.sort_unstable();
        found.skipped.sort_unstable_by_key(|(step, _)| *step);
        found
    }

    /// All that a step needs has ended. Whether it has, too, without having run.
    fn decide(&mut self, id: StepId, found: &mut Consequences) -> bool {
        if self.ends[id.0 as usize].is_some() {
            return true;
        }
        let plan = Arc::clone(&self.plan);
        match self.refuses(&plan, plan.step(id)) {
            None => found.released.push(id),
            Some(skip) => {
                found.skipped.push((id, skip));
                self.end(id, End::Skipped(skip), found);
                return true;
            }
        }
        false
    }

    /// Why a step does not run although nothing that it cannot go without is lacking.
    fn refuses(&self, plan: &Plan, step: &Step) -> Option<Skip> {
        let judged = plan.judged(step);
        let failed = |id: &StepId| self.end_of(*id).is_some_and(End::has_failed);
        if step.when == When::Failure && !judged.is_empty() && !judged.iter().any(failed) {
            return Some(Skip {
                because: None,
                unneeded: true,
                failed: false,
            });
        }
        // What a transfer was to bring to safety is not known before it has run.
        let relied = plan.relied_on_by(step).iter().copied();
        let mut skipped = relied.filter_map(|id| match self.end_of(id)? {
            End::Skipped(skip) => Some((id, skip)),
            End::Gave { .. } | End::Failed => None,
        });
        let (id, skip) = skipped.next()?;
        Some(Skip {
            because: Some(id),
            unneeded: skip.unneeded,
            failed: false,
        })
    }

    fn end_of(&self, step: StepId) -> Option<End> {
        self.ends[step.0 as usize]
    }

    /// Enters an end, and the steps that cannot go without that one.
    fn end(&mut self, step: StepId, end: End, found: &mut Consequences) {
        let plan = Arc::clone(&self.plan);
        self.ends[step.0 as usize] = Some(end);
        let mut open = vec![(step, end)];
        while let Some((step, end)) = open.pop() {
            if matches!(end, End::Gave { .. }) {
                continue;
            }
            for &dependent in &self.dependents[step.0 as usize] {
                let known = self.ends[dependent.0 as usize].is_some();
                if known || !plan.binds(plan.step(dependent), step) {
                    continue;
                }
                let skip = Skip {
                    failed: end.has_failed() && plan.is_part(plan.step(dependent), step),
                    ..because(&plan, dependent, step, end)
                };
                self.ends[dependent.0 as usize] = Some(End::Skipped(skip));
                found.skipped.push((dependent, skip));
                open.push((dependent, End::Skipped(skip)));
            }
        }
    }

    /// The steps that have neither started nor been skipped; they are skipped now.
    pub(super) fn abandon(&mut self) -> Vec<StepId> {
        let missing = &self.missing;
        let skip = Skip {
            because: None,
            unneeded: false,
            failed: false,
        };
        let left = self.ends.iter_mut().enumerate().filter_map(|(at, end)| {
            let waits = end.is_none() && missing[at] > 0;
            *end = end.or(waits.then_some(End::Skipped(skip)));
            waits.then(|| StepId(u32::try_from(at).unwrap_or(u32::MAX)))
        });
        left.collect()
    }
}

/// The skip of a step that cannot go without one that gives nothing: for the first that failed, or was not needed.
fn because(plan: &Plan, dependent: StepId, step: StepId, end: End) -> Skip {
    let End::Skipped(skip) = end else {
        return Skip {
            because: Some(step),
            unneeded: false,
            failed: false,
        };
    };
    // Of one that was not needed, its own parts were not, either.
    let own = skip.unneeded && plan.step(step).owner == plan.step(dependent).owner;
    Skip {
        because: skip.because.or((!own).then_some(step)),
        ..skip
    }
}

#[cfg(test)]
mod tests;
