//! Changes that a run makes: what is emptied, replaced or taken away, and whether that may be.

use super::*;

impl Oracle {
    /// A file was made, or emptied, under a name.
    pub(in crate::sim) fn emptied(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: Before,
    ) {
        let lost = self.lost(seen);
        if is_temporary(&spot.1) {
            return;
        }
        let writers = self.writers(seen, view, path, spot);
        if !any_direct(&writers) {
            let name = shown(path);
            self.fail(format!("0 `{name}` is written under its final name"));
        }
        if before.sum.is_none()
            && let Some((step, _)) = writers.first()
        {
            self.made.insert(spot.clone(), step.0);
        }
        if !lost.is_empty() {
            self.overwritten(seen, view, path, spot, &before, "emptied");
        }
    }

    /// A file got another name, in place of what had it.
    #[expect(
        clippy::too_many_arguments,
        reason = "a change has a before and an after at two names"
    )]
    pub(in crate::sim) fn renamed(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        from: &Spot,
        to: &Spot,
        before: Before,
        moved: Before,
    ) {
        let lost = self.lost(seen);
        if let Some(step) = self.owned.remove(from) {
            self.owned.insert(to.clone(), step);
        }
        if is_temporary(&to.1) {
            return;
        }
        let file = seen.tree.file_at(to);
        let unverified =
            |(_, transfer): &(StepId, Transfer)| transfer.options.verify == Verify::None;
        let torn = file.is_some_and(|file| !seen.contents.is_whole(&file.bytes));
        let writers = self.writers(seen, view, path, to);
        let faithful = |(id, transfer): &(StepId, Transfer)| {
            let sources = self.sources_of_target(seen, *id, transfer, to);
            let mut sources = sources.iter().filter_map(|spot| seen.tree.file_at(spot));
            sources.any(|source| Some(&source.bytes) == file.map(|file| &file.bytes))
        };
        let unseen = |(id, transfer): &(StepId, Transfer)| {
            let sources = self.sources_of_target(seen, *id, transfer, to);
            sources.is_empty()
                || sources
                    .iter()
                    .any(|spot| self.hides_change(seen, *id, spot))
        };
        let excused = writers
            .iter()
            .any(|writer| unverified(writer) || faithful(writer) || unseen(writer));
        if torn && moved.aside.is_none() && !excused {
            let name = shown(path);
            self.fail(format!(
                "0 half a file, or parts of two, under the final name `{name}`"
            ));
        }
        if !lost.is_empty() {
            self.overwritten(seen, view, path, to, &before, "replaced");
        }
        self.sent.remove(to);
    }

    /// What stood under a name is gone because a transfer wrote there.
    pub(super) fn overwritten(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: &Before,
        how: &str,
    ) {
        let name = shown(path);
        let writers = self.writers(seen, view, path, spot);
        if writers.is_empty() {
            return self.fail(format!(
                "1 `{name}` was {how} by no transfer, and it was the only copy"
            ));
        }
        let mut reasons = Vec::new();
        for (id, transfer) in writers {
            match self.may_overwrite(seen, id, &transfer, spot, before) {
                Ok(()) => return,
                Err(reason) => reasons.push(reason),
            }
        }
        let reason = reasons.swap_remove(0);
        self.fail(format!("{reason}: the only copy of `{name}` was {how}"));
    }

    pub(super) fn may_overwrite(
        &self,
        seen: Seen<'_>,
        id: StepId,
        transfer: &Transfer,
        spot: &Spot,
        before: &Before,
    ) -> Result<(), String> {
        let unverified = transfer.options.verify == Verify::None;
        let own = || {
            let sources = self.sources_of_target(seen, id, transfer, spot);
            sources
                .iter()
                .any(|s| seen.tree.at(s) == seen.tree.at(spot))
        };
        let keeps = matches!(transfer.options.if_exists, IfExists::Skip | IfExists::Fail);
        let is_race = match keeps {
            true => self.is_late_race(seen.tree, spot),
            false => self.is_race(spot),
        };
        if is_race || self.made.get(spot) == Some(&id.0) || (unverified && own()) {
            return Ok(());
        }
        let sources = self.sources_of_target(seen, id, transfer, spot);
        let direct = transfer.options.publish == Publish::Direct;
        if direct
            && sources
                .iter()
                .any(|s| seen.tree.at(s) == seen.tree.at(spot))
        {
            return Err("2 a file is copied onto itself".into());
        }
        // An older file that was put aside for a copy goes once the copy stands, and is not what was relied on.
        let held = self.relied.get(spot);
        let was_relied_on = held.is_some_and(|held| held.is_none() || *held == before.sum);
        if self.on.overwritten_copies && was_relied_on {
            return Err("3 a copy for which the source was deleted is overwritten".into());
        }
        let listed = self.set_spots(transfer.from);
        let touched = self.touched.contains_key(spot);
        if listed.contains(spot) && before.sum.is_some() && !touched {
            return Err("2 a source of the same step is overwritten before it was copied".into());
        }
        match transfer.options.if_exists {
            IfExists::Update | IfExists::Overwrite => Ok(()),
            IfExists::Skip | IfExists::Fail => {
                Err("8 `if_exists: skip` or `fail` replaces a file".into())
            }
        }
    }

    /// A name was taken away.
    pub(in crate::sim) fn removed(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: Before,
    ) {
        let lost = self.lost(seen);
        let (path, spot) = match (&before.aside, is_temporary(&spot.1)) {
            (Some(home), true) => (beside(path, &home.1), home.clone()),
            (None, true) => return,
            // Another name of a file that was put aside is none.
            (_, false) => (path.to_vec(), spot.clone()),
        };
        let (path, name) = (&path[..], shown(&path));
        if before.sum.is_none_or(|sum| sum == 0) {
            return;
        }
        let deletes = self.deleters(seen, view, path, &spot);
        if deletes.is_empty() {
            return self.cleared(seen, view, path, &spot, &before, !lost.is_empty());
        }
        let mut reasons = Vec::new();
        for (id, delete, relative) in deletes {
            match self.may_delete(seen, id, &delete, &relative, &spot, &before) {
                Ok(relied) => {
                    self.owned.remove(&spot);
                    self.relied.remove(&spot);
                    let held = |spot: &Spot| self.before(seen.tree, spot).sum;
                    let copies = relied.iter().map(|copy| (copy.clone(), held(copy)));
                    let copies: Vec<_> = copies.collect();
                    self.relied.extend(copies);
                    self.onward.insert(spot, relied);
                    return;
                }
                Err(reason) => reasons.push(reason),
            }
        }
        let writers = self.writers(seen, view, path, &spot);
        if any_direct(&writers) {
            return self.cleared(seen, view, path, &spot, &before, !lost.is_empty());
        }
        let reason = reasons.swap_remove(0);
        let only = match lost.is_empty() {
            true => "`",
            false => "the only copy, `",
        };
        self.fail(format!("{reason}: {only}{name}` was deleted"));
    }

    /// A name was taken away, and not by a `delete`: a transfer removes what it wrote under a final name, and the old file
    /// that it had put aside for its successor.
    pub(super) fn cleared(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: &Before,
        lost: bool,
    ) {
        let writers = self.writers(seen, view, path, spot);
        let clears = any_direct(&writers);
        if lost && (before.aside.is_some() || clears) {
            self.overwritten(seen, view, path, spot, before, "removed for another");
        } else if lost || (before.aside.is_none() && !clears) {
            let name = shown(path);
            self.fail(format!(
                "1 a file was removed by no `delete` that runs: `{name}`"
            ));
        }
    }
}

/// Whether one of them writes under final names at once.
fn any_direct(writers: &[(StepId, Transfer)]) -> bool {
    let mut transfers = writers.iter().map(|(_, transfer)| transfer);
    transfers.any(|transfer| transfer.options.publish == Publish::Direct)
}

/// The path of another name in the folder of a path.
fn beside(path: &[u8], name: &[u8]) -> Vec<u8> {
    let last = tree_split(path).1.len();
    [&path[..path.len() - last], name].concat()
}
