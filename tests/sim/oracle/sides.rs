//! Which step a change belongs to, and which files and names a step means.

use super::*;

impl Oracle {
    pub(super) fn view_of(&self, side: Side) -> usize {
        match side {
            Side::Local => LOCAL,
            Side::Server(id) => self.servers[id.0 as usize],
        }
    }

    /// The running transfers that may write a path.
    pub(super) fn writers(
        &self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
    ) -> Vec<(StepId, Transfer)> {
        let steps = self.running.iter().map(|id| &self.plan.steps[*id as usize]);
        let transfers = steps.filter_map(|step| match &step.action {
            Action::Transfer(transfer) => Some((step.id, transfer.clone())),
            _ => None,
        });
        let writes = |transfer: &Transfer| {
            self.view_of(transfer.to) == view
                && seen.relative(view, &transfer.into, path, spot).is_some()
        };
        transfers.filter(|(_, transfer)| writes(transfer)).collect()
    }

    /// The running deletions that may mean a path, and the path below their root.
    pub(super) fn deleters(
        &self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
    ) -> Vec<(StepId, Delete, Vec<u8>)> {
        let steps = self.running.iter().map(|id| &self.plan.steps[*id as usize]);
        let means = steps.filter_map(|step| {
            let Action::Delete(delete) = &step.action else {
                return None;
            };
            let set = self.plan.taken_from(&delete.taking.what)?;
            let (side, root) = self.root_of(set)?;
            let relative = seen.relative(view, &root, path, spot)?;
            (self.view_of(side) == view).then(|| (step.id, delete.clone(), relative))
        });
        means.collect()
    }

    /// Where a step's set lies.
    pub(super) fn root_of(&self, step: StepId) -> Option<(Side, String)> {
        match &self.plan.step(step).action {
            Action::List(list) => Some((list.side, list.path.clone())),
            Action::Filter(filter) => self.root_of(filter.from),
            Action::Transfer(transfer) => Some((transfer.to, transfer.into.clone())),
            Action::Move(moving) => Some((moving.side, moving.into.clone())),
            Action::Login(_) | Action::Delete(_) => None,
        }
    }

    /// Whether the source of a transfer tells no time of a file while it is read, so that nothing shows its change.
    pub(super) fn is_silent(&self, seen: Seen<'_>, transfer: StepId) -> bool {
        let root = self.set_root(transfer);
        root.is_some_and(|(side, _)| {
            let view = self.view_of(side);
            view != LOCAL && !seen.views[view].habits.mdtm
        })
    }

    /// Whether nobody can tell that a source changed while it was read. A later step that relies on it has it read only when
    /// a write would show, as far as the server's clock is right.
    pub(super) fn hides_change(&self, seen: Seen<'_>, transfer: StepId, source: &Spot) -> bool {
        let wrong_clock = self.set_root(transfer).is_some_and(|(side, _)| {
            let offset = seen.offsets[seen.views[self.view_of(side)].store];
            offset != 0
        });
        let alike = self.alike.contains(source);
        self.is_silent(seen, transfer)
            || self.unasked.contains(source)
            || (alike && (wrong_clock || !self.plan.relies_on(transfer)))
    }

    /// Where the set of a transfer lies.
    pub(super) fn set_root(&self, step: StepId) -> Option<(Side, String)> {
        match &self.plan.step(step).action {
            Action::Transfer(transfer) => self.root_of(transfer.from),
            _ => None,
        }
    }

    pub(super) fn source_of(
        &self,
        seen: Seen<'_>,
        transfer: &Transfer,
        relative: &[u8],
    ) -> Option<Spot> {
        let (side, root) = self.root_of(transfer.from)?;
        let view = self.view_of(side);
        let path = join(&paths::absolute(&seen.views[view], view, &root), relative);
        seen.tree.find(seen.roots[view], &path, false)?.spot
    }

    pub(super) fn target_of(
        &self,
        seen: Seen<'_>,
        transfer: &Transfer,
        relative: &[u8],
    ) -> Option<Spot> {
        let view = self.view_of(transfer.to);
        let root = paths::absolute(&seen.views[view], view, &transfer.into);
        let relative = match transfer.options.flatten {
            true => tree_split(relative).1,
            false => relative,
        };
        let path = join(&root, relative);
        seen.tree.find(seen.roots[view], &path, false)?.spot
    }

    /// Whether the list behind a step's set goes into folders.
    fn is_recursive(&self, step: StepId) -> bool {
        match &self.plan.step(step).action {
            Action::List(list) => list.recursive,
            Action::Filter(filter) => self.is_recursive(filter.from),
            Action::Transfer(transfer) => self.is_recursive(transfer.from),
            Action::Move(moving) => {
                let set = self.plan.taken_from(&moving.taking.what);
                set.is_some_and(|set| self.is_recursive(set))
            }
            Action::Login(_) | Action::Delete(_) => false,
        }
    }

    /// The files that a transfer would bring to a name.
    pub(super) fn sources_of_target(
        &self,
        seen: Seen<'_>,
        id: StepId,
        transfer: &Transfer,
        spot: &Spot,
    ) -> Vec<Spot> {
        let _ = id;
        let Some((side, root)) = self.root_of(transfer.from) else {
            return Vec::new();
        };
        let view = self.view_of(side);
        let root = paths::absolute(&seen.views[view], view, &root);
        let mut found = Vec::new();
        each_below(seen, view, &root, &mut |relative, source| {
            let listed = self.is_recursive(transfer.from) || !relative.contains(&b'/');
            // Beside what a transfer brought there may stand others.
            let is_set = matches!(self.plan.step(transfer.from).action, Action::Transfer(_));
            let key = (transfer.from.0, relative.to_vec());
            let listed = listed && (!is_set || self.handled.contains_key(&key));
            if listed && self.target_of(seen, transfer, relative).as_ref() == Some(spot) {
                found.push(source.clone());
            }
        });
        found
    }

    /// The files that were surely in a step's set; fewer where that cannot be told.
    pub(super) fn set_spots(&self, step: StepId) -> BTreeSet<Spot> {
        match &self.plan.step(step).action {
            Action::List(_) => self.listed.get(&step.0).cloned().unwrap_or_default(),
            _ => BTreeSet::new(),
        }
    }

    /// The files below the root of a `list`, as far as it surely shows them.
    pub(super) fn below_list(&self, seen: Seen<'_>, id: u32) -> Option<BTreeSet<Spot>> {
        let Action::List(list) = &self.plan.steps[id as usize].action else {
            return None;
        };
        let view = self.view_of(list.side);
        let root = paths::absolute(&seen.views[view], view, &list.path);
        let mut spots = BTreeSet::new();
        let hides = seen.views[view].habits.hides_dots || !list.hidden;
        each_below(seen, view, &root, &mut |relative, spot| {
            let deep = relative.contains(&b'/') && !list.recursive;
            let hidden = hides && relative.split(|b| *b == b'/').any(|n| n.starts_with(b"."));
            if !deep && !hidden && !is_temporary(&spot.1) {
                spots.insert(spot.clone());
            }
        });
        Some(spots)
    }
}

impl Seen<'_> {
    /// A path below a folder of the manifest, whether it is spelled as that or as the folder is found.
    pub(super) fn relative(
        &self,
        view: usize,
        folder: &str,
        path: &[u8],
        spot: &Spot,
    ) -> Option<Vec<u8>> {
        let root = paths::absolute(&self.views[view], view, folder);
        if let Some(relative) = below(path, &root) {
            return Some(relative.to_vec());
        }
        let root = self.tree.find(self.roots[view], &root, true)?.ino?;
        let folder = self.tree.path_of(root, spot.0, b"")?;
        let folder = folder.strip_prefix(b"/").unwrap_or(&folder);
        Some(join(folder, tree_split(path).1))
    }

    /// Whether a name lies in an inbox, where nothing stays.
    pub(super) fn views_inbox(&self, spot: &Spot) -> bool {
        let inboxes = self
            .views
            .iter()
            .zip(self.roots)
            .filter(|(view, _)| view.habits.inbox);
        let mut roots = inboxes.map(|(_, root)| *root);
        roots.any(|root| self.tree.path_of(root, spot.0, b"").is_some())
    }
}

/// Visits every file below a path of a view, with its path relative to it; links to folders are followed once.
pub(super) fn each_below(
    seen: Seen<'_>,
    view: usize,
    root: &[u8],
    visit: &mut dyn FnMut(&[u8], &Spot),
) {
    let found = seen.tree.find(seen.roots[view], root, true);
    if let Some(ino) = found.and_then(|found| found.ino) {
        each_in(seen.tree, ino, b"", visit);
    }
}

fn each_in(tree: &Tree, folder: Ino, relative: &[u8], visit: &mut dyn FnMut(&[u8], &Spot)) {
    let Some(entries) = tree.folder(folder) else {
        return;
    };
    for ((key, ino), (name, _)) in entries.spots().zip(entries.entries()) {
        let path = join(relative, name);
        match tree.file(ino) {
            Some(_) => visit(&path, &(folder, key.to_vec())),
            None => each_in(tree, ino, &path, visit),
        }
    }
}
