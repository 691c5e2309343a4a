//! What a run does to the world, and what a power loss does.

use super::*;

impl State {
    /// Makes an empty file, or empties the one that has the name.
    pub(in crate::sim) fn create(&mut self, view: usize, path: &[u8]) -> Option<Ino> {
        let found = self.find(view, path, true)?;
        let spot = found.spot?;
        if let Some(ino) = found.ino {
            self.tree.file(ino)?;
        }
        let now = self.time(view);
        let before = self.oracle.before(&self.tree, &spot);
        let ino = match found.ino {
            Some(ino) => {
                if let Some(file) = self.tree.file_mut(ino) {
                    file.bytes.clear();
                    file.modified = now;
                    file.flushed = view != LOCAL;
                }
                ino
            }
            None => {
                let file = File {
                    modified: now,
                    flushed: view != LOCAL,
                    ..File::default()
                };
                let ino = self.tree.add(Node::File(file));
                let (_, name) = tree_split(path);
                self.tree.put(spot.0, name, ino);
                ino
            }
        };
        self.judge(|oracle, seen| oracle.emptied(seen, view, path, &spot, before));
        Some(ino)
    }

    /// Adds bytes to a file.
    pub(in crate::sim) fn append(&mut self, view: usize, ino: Ino, bytes: &[u8]) {
        let now = self.time(view);
        if let Some(file) = self.tree.file_mut(ino) {
            file.bytes.extend_from_slice(bytes);
            file.modified = now;
            file.flushed = view != LOCAL;
        }
        self.oracle.wrote(ino);
    }

    /// Takes a file's name away.
    pub(in crate::sim) fn remove(&mut self, view: usize, path: &[u8], spot: &Spot) {
        let before = self.oracle.before(&self.tree, spot);
        self.tree.take(spot);
        self.judge(|oracle, seen| oracle.removed(seen, view, path, spot, before));
    }

    /// Gives a file another name, in place of what has it.
    pub(in crate::sim) fn rename(&mut self, view: usize, from: &Spot, path: &[u8], to: &Spot) {
        if from == to {
            return;
        }
        let name = tree_split(path).1.to_vec();
        let before = self.oracle.before(&self.tree, to);
        let moved = self.oracle.before(&self.tree, from);
        let hides = is_temporary(&name);
        if let Some(ino) = self.tree.take(from) {
            if let Some(file) = self.tree.file_mut(ino) {
                let was_final = !is_temporary(&from.1);
                file.aside = match (hides, was_final) {
                    (true, true) => Some(from.clone()),
                    (true, false) => file.aside.take(),
                    (false, _) => None,
                };
            }
            self.tree.take(to);
            self.tree.put(to.0, &name, ino);
        }
        self.judge(|oracle, seen| oracle.renamed(seen, view, path, from, to, before, moved));
    }

    /// An inbox hands a file on as soon as it has its final name.
    pub(in crate::sim) fn hand_on(&mut self, spot: &Spot) {
        if !is_temporary(&spot.1) {
            self.tree.take(spot);
            self.oracle.handed_on(&self.tree, &self.stores);
        }
    }

    pub(in crate::sim) fn judge(&mut self, with: impl FnOnce(&mut Oracle, Seen<'_>)) {
        let seen = Seen {
            tree: &self.tree,
            contents: &self.contents,
            stores: &self.stores,
            roots: &self.roots,
            views: &self.views,
            offsets: &self.offsets,
        };
        let found = self.oracle.violations.len();
        with(&mut self.oracle, seen);
        if self.traces {
            for violation in &self.oracle.violations[found..] {
                self.log.push(format!("   !!! {violation}"));
            }
        }
    }

    /// What a power loss makes of this machine's files: those not flushed keep their length, and end with zeros.
    pub(in crate::sim) fn lose_power(&mut self) {
        let mut lost = Vec::new();
        self.tree
            .walk(self.stores[self.views[LOCAL].store], &mut |_, ino| {
                lost.push(ino);
            });
        for ino in lost {
            if let Some(file) = self.tree.file_mut(ino).filter(|file| !file.flushed) {
                let half = file.bytes.len() / 2;
                file.bytes[half..].fill(0);
            }
        }
        self.oracle
            .after_power_loss(&self.tree, &self.stores, &self.contents);
    }

    /// Takes in what the run has told since the last time.
    pub(in crate::sim) fn take_events(&mut self) {
        let Some(events) = self.events.take() else {
            return;
        };
        while let Ok(stamped) = events.try_recv() {
            if self.traces {
                self.log.push(format!("   > {:?}", Brief(&stamped.event)));
            }
            self.judge(|oracle, seen| oracle.told(seen, &stamped.event));
        }
        self.events = Some(events);
    }
}
