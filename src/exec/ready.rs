//! Which steps may start: a pure count of edges, without jobs or sessions.

use crate::plan::{Plan, StepId};

/// The steps that still wait for others.
#[derive(Debug)]
pub(super) struct Ready {
    missing: Vec<usize>,
    dependents: Vec<Vec<StepId>>,
    gone: Vec<bool>,
}

/// What the end of a step changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Consequences {
    /// Steps that may start now.
    pub(super) released: Vec<StepId>,
    /// Steps that never start, because this one did not give what they need.
    pub(super) skipped: Vec<StepId>,
}

impl Ready {
    /// All steps of a plan; those that need nothing are the first released.
    pub(super) fn new(plan: &Plan) -> (Ready, Vec<StepId>) {
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for step in &plan.steps {
            for need in &step.needs {
                dependents[need.0 as usize].push(step.id);
            }
        }
        let missing: Vec<usize> = plan.steps.iter().map(|step| step.needs.len()).collect();
        let first = plan.steps.iter().filter(|step| step.needs.is_empty());
        let first = first.map(|step| step.id).collect();
        let gone = vec![false; missing.len()];
        let ready = Ready {
            missing,
            dependents,
            gone,
        };
        (ready, first)
    }

    /// A step ended and gave what its dependents need.
    pub(super) fn satisfied(&mut self, step: StepId) -> Consequences {
        self.gone[step.0 as usize] = true;
        let mut consequences = Consequences::default();
        for dependent in self.dependents[step.0 as usize].clone() {
            let missing = &mut self.missing[dependent.0 as usize];
            *missing = missing.saturating_sub(1);
            if *missing == 0 && !self.gone[dependent.0 as usize] {
                consequences.released.push(dependent);
            }
        }
        consequences
    }

    /// A step ended and did not: all that depend on it, even through others, never start.
    pub(super) fn failed(&mut self, step: StepId) -> Consequences {
        let mut consequences = Consequences::default();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            self.gone[step.0 as usize] = true;
            for &dependent in &self.dependents[step.0 as usize] {
                if !std::mem::replace(&mut self.gone[dependent.0 as usize], true) {
                    consequences.skipped.push(dependent);
                    open.push(dependent);
                }
            }
        }
        consequences.skipped.sort_unstable();
        consequences
    }

    /// The steps that have neither started nor been skipped; they are skipped now.
    pub(super) fn abandon(&mut self) -> Vec<StepId> {
        let missing = &self.missing;
        let left = self.gone.iter_mut().enumerate().filter_map(|(at, gone)| {
            let waits = !*gone && missing[at] > 0;
            *gone |= waits;
            waits.then(|| StepId(u32::try_from(at).unwrap_or(u32::MAX)))
        });
        left.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 ← 1 ← 3, 0 ← 2, 2 ← 3, 4 alone
    fn diamond() -> (Ready, Vec<StepId>) {
        let ids = |list: &[u32]| list.iter().map(|&id| StepId(id)).collect::<Vec<_>>();
        let dependents = vec![ids(&[1, 2]), ids(&[3]), ids(&[3]), vec![], vec![]];
        let ready = Ready {
            missing: vec![0, 1, 1, 2, 0],
            dependents,
            gone: vec![false; 5],
        };
        (ready, ids(&[0, 4]))
    }

    #[test]
    fn a_step_is_released_when_all_it_needs_is_there() {
        let (mut ready, _) = diamond();
        assert_eq!(ready.satisfied(StepId(0)).released, [StepId(1), StepId(2)]);
        assert_eq!(ready.satisfied(StepId(1)).released, []);
        assert_eq!(ready.satisfied(StepId(2)).released, [StepId(3)]);
    }

    #[test]
    fn a_failure_skips_what_depends_on_it_and_nothing_else() {
        let (mut ready, _) = diamond();
        ready.satisfied(StepId(0));
        assert_eq!(ready.failed(StepId(1)).skipped, [StepId(3)]);
        assert_eq!(ready.satisfied(StepId(2)), Consequences::default());
        assert_eq!(ready.abandon(), []);
    }

    #[test]
    fn abandoning_skips_what_still_waits() {
        let (mut ready, _) = diamond();
        assert_eq!(ready.abandon(), [StepId(1), StepId(2), StepId(3)]);
        assert_eq!(ready.satisfied(StepId(0)), Consequences::default());
    }
}
