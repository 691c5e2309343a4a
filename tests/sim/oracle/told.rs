//! What a run tells of its steps and files, compared with what stands.

use super::*;

impl Oracle {
    /// Takes in what the run tells.
    pub(in crate::sim) fn told(&mut self, seen: Seen<'_>, event: &Event) {
        self.tick += 1;
        match event {
            Event::StepStarted { step } => {
                let id = *step as u32;
                self.running.insert(id);
                self.started.insert(id, self.tick);
                if let Some(spots) = self.below_list(seen, id) {
                    self.began.insert(id, spots);
                }
            }
            Event::StepFinished { step, outcome } => self.step_ended(seen, *step as u32, outcome),
            Event::FileFinished {
                step,
                file,
                outcome,
                ..
            } => self.file_told(seen, *step as u32, file, outcome),
            _ => {}
        }
    }

    pub(super) fn step_ended(&mut self, seen: Seen<'_>, id: u32, outcome: &StepOutcome) {
        self.running.remove(&id);
        if !self.ended.insert(id) {
            let name = self.plan.steps[id as usize].name.clone();
            self.fail(format!("tally: `{name}` ended twice"));
        }
        if let StepOutcome::Skipped { unneeded: true, .. } = outcome {
            self.unneeded.insert(id);
        }
        if !matches!(outcome, StepOutcome::Done) || self.listed.contains_key(&id) {
            return;
        }
        if let (Some(spots), Some(began)) = (self.below_list(seen, id), self.began.get(&id)) {
            let both = spots.intersection(began).cloned().collect();
            self.listed.insert(id, both);
        }
    }

    pub(super) fn file_told(
        &mut self,
        seen: Seen<'_>,
        step: u32,
        file: &str,
        outcome: &FileOutcome,
    ) {
        let plan = Arc::clone(&self.plan);
        match &plan.steps[step as usize].action {
            Action::Transfer(transfer) => {
                let relative = file.as_bytes();
                let handled = Handled {
                    outcome: word(outcome),
                    stands: stands(outcome),
                    proven: matches!(outcome, FileOutcome::Transferred | FileOutcome::Unchanged),
                    source: self.source_of(seen, transfer, relative),
                    target: self.target_of(seen, transfer, relative),
                    looked_same: false,
                    at: self.tick,
                };
                let handled = Handled {
                    looked_same: self.looked_same(seen, &handled),
                    ..handled
                };
                self.arrived(seen, step, file, &handled);
                self.handled.insert((step, relative.to_vec()), handled);
            }
            Action::Delete(delete) => self.gone(seen, delete, file, outcome),
            _ => {}
        }
    }

    fn looked_same(&self, seen: Seen<'_>, handled: &Handled) -> bool {
        let Some((source, target)) = handled.source.as_ref().zip(handled.target.as_ref()) else {
            return false;
        };
        let before = self.before(seen.tree, source);
        handled.outcome == "Unchanged" && self.looks_same(seen, source, target, &before)
    }

    /// What a transfer tells must be so.
    pub(super) fn arrived(&mut self, seen: Seen<'_>, step: u32, file: &str, handled: &Handled) {
        let Some(target) = handled.target.as_ref().filter(|_| handled.stands) else {
            return;
        };
        self.owned.insert(target.clone(), step);
        if handled.outcome != "Transferred" || self.touched.contains_key(target) {
            return;
        }
        let others = self
            .handled
            .iter()
            .any(|((by, _), other)| *by != step && other.target.as_ref() == Some(target));
        let copy = seen.tree.file_at(target);
        let source = handled.source.as_ref();
        let source = source.and_then(|source| seen.tree.file_at(source));
        let whole = copy.is_some_and(|copy| {
            let same = source.is_some_and(|source| source.bytes == copy.bytes);
            same || seen.contents.is_whole(&copy.bytes)
        });
        let source = handled.source.as_ref();
        let unseen = source.is_none_or(|source| {
            seen.tree.at(source).is_none() || self.hides_change(seen, StepId(step), source)
        });
        if !whole && !others && !unseen && !seen.views_inbox(target) {
            self.fail(format!(
                "tally: `{file}` was told Transferred, and does not stand whole"
            ));
        }
    }

    /// What a `delete` tells must be so.
    pub(super) fn gone(
        &mut self,
        seen: Seen<'_>,
        delete: &Delete,
        file: &str,
        outcome: &FileOutcome,
    ) {
        if !matches!(outcome, FileOutcome::Deleted) {
            return;
        }
        let set = self.plan.taken_from(&delete.taking.what);
        let Some((side, root)) = set.and_then(|set| self.root_of(set)) else {
            return;
        };
        let view = self.view_of(side);
        let path = paths::absolute(&seen.views[view], view, &root);
        let path = join(&path, file.as_bytes());
        let found = seen.tree.find(seen.roots[view], &path, false);
        let still = found.as_ref().is_some_and(|found| found.ino.is_some());
        let touched = found
            .and_then(|f| f.spot)
            .is_some_and(|s| self.touched.contains_key(&s));
        if still && !touched {
            self.fail(format!("tally: `{file}` was told Deleted, and stands"));
        }
    }

    /// Looks at a run that ended with everything done.
    pub(in crate::sim) fn done(&mut self, seen: Seen<'_>) {
        let plan = Arc::clone(&self.plan);
        for step in &plan.steps {
            let Action::Transfer(transfer) = &step.action else {
                continue;
            };
            if self.unneeded.contains(&step.id.0) {
                continue;
            }
            let own = self.handled.iter().filter(|((by, _), _)| *by == step.id.0);
            let sources: Option<BTreeSet<&Spot>> = own.map(|(_, h)| h.source.as_ref()).collect();
            // The folder of one is gone: which file it was cannot be told any more.
            let Some(handled) = sources else {
                continue;
            };
            let listed = self.set_spots(transfer.from);
            // A folder that was removed and made anew holds other spots.
            let is_there = |spot: &&Spot| {
                let mut stores = seen.stores.iter();
                stores.any(|store| seen.tree.path_of(*store, spot.0, b"").is_some())
            };
            let mut listed = listed.iter().filter(is_there);
            let missed = listed.find(|spot| !handled.contains(spot));
            if let Some(spot) = missed.filter(|spot| !self.touched.contains_key(spot)) {
                let (name, step) = (shown(&spot.1), &step.name);
                self.fail(format!(
                    "tally: done, and `{step}` told nothing of `{name}`"
                ));
            }
        }
    }

    /// Steps that never ended.
    pub(in crate::sim) fn open_steps(&self) -> Vec<String> {
        let steps = self.plan.steps.iter();
        let open = steps.filter(|step| !self.ended.contains(&step.id.0));
        open.map(|step| step.name.clone()).collect()
    }
}

fn stands(outcome: &FileOutcome) -> bool {
    matches!(
        outcome,
        FileOutcome::Transferred | FileOutcome::Unchanged | FileOutcome::Unverified { .. }
    )
}

fn word(outcome: &FileOutcome) -> &'static str {
    match outcome {
        FileOutcome::Transferred => "Transferred",
        FileOutcome::Unverified { .. } => "Unverified",
        FileOutcome::Unchanged => "Unchanged",
        FileOutcome::Skipped { .. } => "Skipped",
        FileOutcome::Deleted => "Deleted",
        FileOutcome::Moved { .. } => "Moved",
        FileOutcome::WasNotThere => "WasNotThere",
        FileOutcome::Failed { .. } => "Failed",
    }
}
