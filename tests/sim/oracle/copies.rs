//! Whether a file's copies stand where it was brought, so that it may go.

use super::*;

impl Oracle {
    /// Whether a deletion is as ordered; the copies that it relies on.
    pub(super) fn may_delete(
        &self,
        seen: Seen<'_>,
        id: StepId,
        delete: &Delete,
        relative: &[u8],
        spot: &Spot,
        gone: &Before,
    ) -> Result<Vec<Spot>, String> {
        if self.is_race(spot) {
            return Ok(Vec::new());
        }
        let gone = &Before {
            since: self.started.get(&id.0).copied().unwrap_or(0),
            ..gone.clone()
        };
        match &delete.taking.what {
            TakeWhat::SourcesOf(steps) => {
                let copies = steps
                    .iter()
                    .map(|step| self.copy_stands(seen, *step, relative, spot, gone));
                copies.collect()
            }
            TakeWhat::FailedOf(_) => Err("3 a failed file is no copy's source".into()),
            TakeWhat::Set { from, after } | TakeWhat::ExtrasOf { from, after, .. } => {
                let copies = matches!(self.plan.step(*from).action, Action::Transfer(_));
                if let Some(step) = self.owned.get(spot).filter(|_| !copies) {
                    let step = &self.plan.steps[*step as usize].name;
                    return Err(format!("7 what `{step}` has brought there or found there"));
                }
                let further = after.iter();
                let further = further.map(|step| {
                    let own = self.set_root(*step) == self.root_of(*from);
                    let touched = self.touched.get(spot).copied().unwrap_or(0);
                    let handled = self.handled_at(*step, spot);
                    let brought = match handled {
                        // Found under another path, it is what somebody has put there since.
                        Some((_, handled)) if !own && touched > handled.at => Ok(None),
                        _ => self.brought_onward(seen, *step, spot, gone),
                    };
                    (own, brought)
                });
                let further: Vec<_> = further.collect();
                // What one has brought onward may stand open with another that found it under another path.
                let proven = further
                    .iter()
                    .any(|(_, brought)| matches!(brought, Ok(Some(_))));
                let further = further.into_iter().filter(|(own, _)| *own || !proven);
                let further: Result<Vec<_>, _> = further.map(|(_, brought)| brought).collect();
                Ok(further?.into_iter().flatten().collect())
            }
        }
    }

    /// Whether a transfer that handled a file has brought it to where it should be, and where that is.
    pub(super) fn brought_onward(
        &self,
        seen: Seen<'_>,
        step: StepId,
        spot: &Spot,
        gone: &Before,
    ) -> Result<Option<Spot>, String> {
        let Some((relative, handled)) = self.handled_at(step, spot) else {
            let Action::Transfer(transfer) = &self.plan.step(step).action else {
                return Ok(None);
            };
            return match self.set_spots(transfer.from).contains(spot) {
                true => Err("3 a transfer before it never came to it".into()),
                false => Ok(None),
            };
        };
        let came_later = |other: &Handled| {
            other.stands && other.at > handled.at && other.target.as_ref() == Some(spot)
        };
        // Another file stands there since.
        if self.handled.values().any(came_later) {
            return Ok(None);
        }
        if !handled.proven {
            return Err(format!("3 a transfer before it told {}", handled.outcome));
        }
        self.copy_stands(seen, step, &relative, spot, gone)
            .map(Some)
    }

    /// What a transfer told of the file at a name, and the path by which it knows it.
    pub(super) fn handled_at(&self, step: StepId, spot: &Spot) -> Option<(Vec<u8>, &Handled)> {
        let own = self.handled.iter().filter(|((by, _), _)| *by == step.0);
        let mut own = own.filter(|(_, handled)| handled.source.as_ref() == Some(spot));
        own.next()
            .map(|((_, relative), handled)| (relative.clone(), handled))
    }

    /// Whether a transfer's copy of a file stands whole at its destination.
    pub(super) fn copy_stands(
        &self,
        seen: Seen<'_>,
        step: StepId,
        relative: &[u8],
        source: &Spot,
        gone: &Before,
    ) -> Result<Spot, String> {
        let Action::Transfer(transfer) = &self.plan.step(step).action else {
            return Err("3 no transfer".into());
        };
        // A store that folds case may know it by another name.
        let (relative, handled) = match self.handled_at(step, source) {
            Some((relative, handled)) => (relative, Some(handled)),
            None => {
                let handled = self.handled.get(&(step.0, relative.to_vec()));
                (relative.to_vec(), handled)
            }
        };
        let told = handled.and_then(|handled| handled.target.clone());
        let Some(target) = self.target_of(seen, transfer, &relative).or(told) else {
            return Err("3 the destination's folder is missing".into());
        };
        if target == *source {
            return Err("2 a file was its own copy".into());
        }
        let Some(handled) = handled else {
            return Err("3 no transfer told of it".into());
        };
        let file = seen.tree.file_at(&target);
        let stands = |spot: &Spot| {
            let file = seen.tree.file_at(spot);
            file.is_some_and(|file| Some(sum(&file.bytes)) == gone.sum)
        };
        if stands(&target) {
            return Ok(target);
        }
        if let Some(copy) = self.ends_of(&target).into_iter().find(|spot| stands(spot)) {
            return Ok(copy);
        }
        let mut ends = self.ends_of(&target);
        ends.retain(|spot| seen.tree.at(spot).is_some());
        if let Some(end) = ends.pop().filter(|_| handled.looked_same) {
            return Ok(end);
        }
        if handled.outcome == "Unchanged" && self.looks_same(seen, source, &target, gone) {
            return Ok(target);
        }
        let mut ends = self.ends_of(&target);
        ends.push(target.clone());
        let unseen = |spot: &&Spot| seen.tree.at(spot).is_some() && self.alike.contains(*spot);
        if let Some(copy) = ends.iter().find(unseen) {
            return Ok(copy.clone());
        }
        let taken = self.touched.get(&target).copied().unwrap_or(0);
        let looked = self.looked_before.get(&target).copied().unwrap_or(0);
        if taken > 0 && looked > handled.at.max(gone.since) {
            return Ok(target);
        }
        let rule = match (handled.outcome, file.is_some()) {
            ("Unchanged", true) => "5 told Unchanged, and the copy differs",
            (_, true) => "3 another file stands where the copy should",
            (_, false) => "3 the copy is gone",
        };
        Err(format!(
            "{rule} ({}{})",
            handled.outcome,
            match taken {
                0 => "",
                _ => ", somebody was there",
            }
        ))
    }

    /// Where what stands or stood under a name was brought: by a deletion's own account, and by the transfers that took it
    /// from there.
    pub(super) fn ends_of(&self, spot: &Spot) -> Vec<Spot> {
        let mut ends: Vec<Spot> = Vec::new();
        let mut open = vec![spot.clone()];
        while let Some(spot) = open.pop() {
            let deleted = self.onward.get(&spot).into_iter().flatten();
            let taken = self.handled.values().filter(|handled| handled.proven);
            let taken = taken.filter(|handled| handled.source.as_ref() == Some(&spot));
            let taken = taken.filter_map(|handled| handled.target.as_ref());
            for end in deleted.chain(taken) {
                if !ends.contains(end) {
                    ends.push(end.clone());
                    open.push(end.clone());
                }
            }
        }
        ends
    }

    /// Whether two files are alike in size and second, which rule 5 takes for proof, and nobody has made them so in this
    /// case.
    pub(super) fn looks_same(
        &self,
        seen: Seen<'_>,
        source: &Spot,
        target: &Spot,
        gone: &Before,
    ) -> bool {
        let copy = self.before(seen.tree, target);
        let touched = [source, target]
            .iter()
            .any(|spot| self.touched.contains_key(*spot));
        (copy.length, copy.modified) == (gone.length, gone.modified) && !touched
    }
}
