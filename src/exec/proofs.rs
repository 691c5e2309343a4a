//! What transfers did with their files: what a `delete` or `move` asks before it takes anything away.
//!
//! A proof is a fact about a destination: there, under this name, stands a file of this size and time. It belongs to the
//! last file that arrived under the name, and a `delete` looks once more whether it still holds.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::files::{FileSet, Place, Route, Side, join, name_keys, split};
use crate::plan::StepId;
use crate::transfer::{Looks, Spared, Unsure, Verdict};

/// What a transfer did with a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stand {
    /// Skipped, failed, or never got to.
    #[default]
    Open,
    /// An earlier run has proven it, and entered it in the ledger.
    Entered,
    /// Something stands there that this run left alone without comparing it exactly.
    Left,
    /// This run wrote it, the final reply was good, and nothing more could be asked.
    Replied,
    /// This run wrote it, and it was looked at afterwards.
    Copied,
    /// It stood there before, the same by size and exact time, or by its sum.
    Same,
}

/// One file of a transfer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row {
    pub(super) stand: Stand,
    /// The how manieth arrival of the run it was.
    pub(super) order: u32,
    /// What stands at the destination.
    pub(super) copy: Looks,
    /// The source as it was before it was read.
    pub(super) source: Looks,
}

impl Row {
    /// Whether this run wrote the copy and gave it its source's time.
    pub(super) fn keeps_time(self) -> bool {
        let times = self.copy.modified.zip(self.source.modified);
        self.stand == Stand::Copied && times.is_some_and(|(copy, source)| !copy.differs(source))
    }
}

/// All files of a transfer.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) set: FileSet,
    pub(super) route: Route,
    /// The sides of source and destination, each by the first server entry of its key.
    pub(super) from: Side,
    pub(super) to: Side,
    /// Whether files were written under their final names at once, perhaps through a link.
    pub(super) direct: bool,
    /// Whether files that stood there unchanged were compared by their sums, so that no time proves anything of them.
    pub(super) by_sum: bool,
    rows: Vec<Row>,
    /// Files that were tried, and failed.
    failed: BTreeSet<u32>,
}

/// The record of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Proofs {
    ledgers: BTreeMap<StepId, Arc<Ledger>>,
    /// Pairs of folders that were asked about: none where they are two, else why that is not known.
    pairs: BTreeMap<(Place, Place), Option<Unsure>>,
    /// What this run has deleted or moved away, and after how many arrivals: no file that stood there proves anything any more.
    ended: ByPath<u32>,
    /// Where this run has moved what stood there.
    moved: ByPath<(Place, Vec<u8>)>,
    /// Where it stands now.
    came: ByPath<()>,
    /// Copies whose sources this run has deleted.
    spared: Spared,
    arrivals: u32,
}

impl Proofs {
    /// A transfer knows its two ends.
    pub(super) fn begin(&mut self, step: StepId, ledger: Ledger) {
        self.ledgers.insert(step, Arc::new(ledger));
    }

    /// Records what became of a file; a later record of the same transfer replaces it.
    pub(super) fn record(&mut self, step: StepId, at: u32, row: Row) {
        self.arrivals = self.arrivals.saturating_add(1);
        let order = self.arrivals;
        let Some(ledger) = self.ledgers.get_mut(&step) else {
            return;
        };
        if let Some(place) = Arc::make_mut(ledger).rows.get_mut(at as usize) {
            *place = Row { order, ..row };
        }
    }

    /// Records what was found out about a pair of folders. That they are two outweighs that it could not be told.
    pub(super) fn judge(&mut self, source: Place, target: Place, verdict: &Verdict) {
        let known = self.pairs.entry((source, target));
        match verdict {
            Verdict::Different => *known.or_default() = None,
            Verdict::Unknown(why) => {
                known.or_insert_with(|| Some(why.clone()));
            }
        }
    }

    /// Whether a source's folder and a destination's are two; the reason why that is not known.
    pub(super) fn are_two(&self, source: &Place, target: &Place) -> Result<(), String> {
        match self.pairs.get(&(source.clone(), target.clone())) {
            Some(None) => Ok(()),
            Some(Some(why)) => Err(why.to_string()),
            None => Err("nobody could ask".into()),
        }
    }

    /// A transfer has tried a file, and failed.
    pub(super) fn fail(&mut self, step: StepId, at: u32) {
        if let Some(ledger) = self.ledgers.get_mut(&step) {
            Arc::make_mut(ledger).failed.insert(at);
        }
    }

    /// The interrupted run that this one continues has deleted a file; how that went among the arrivals is not known.
    pub(super) fn recall_end(&mut self, side: Side, path: &[u8]) {
        self.ended.insert(side, path, u32::MAX);
    }

    /// This run, or the one that it continues, has given a file another path: what it proves, it proves there.
    pub(super) fn carry(&mut self, side: Side, from: &[u8], to: &[u8]) {
        let moved = (Place::above(side, to), split(to).1.to_vec());
        self.moved.insert(side, from, moved);
        self.came.insert(side, to, ());
    }

    /// Where this run has moved what stood there.
    pub(super) fn moved_to(&self, place: &Place, name: &[u8]) -> Option<&(Place, Vec<u8>)> {
        self.moved.get(place.side, &join(&place.folder, name))
    }

    /// Whether this run has moved a file there.
    pub(super) fn came_to(&self, side: Side, path: &[u8]) -> bool {
        self.came.get(side, path).is_some()
    }

    /// This run has deleted a file, or moved it away.
    pub(super) fn end(&mut self, side: Side, path: &[u8]) {
        self.ended.insert(side, path, self.arrivals);
    }

    /// Whether this run has deleted a file after an arrival: what came to its name later is another one.
    pub(super) fn has_ended(&self, place: &Place, name: &[u8], order: u32) -> bool {
        if !self.any_ended() {
            return false;
        }
        let path = join(&place.folder, name);
        let ended = self.ended.get(place.side, &path);
        ended.is_some_and(|after| *after >= order)
    }

    /// Paths on a side under which this run has written a file that it has not deleted since: a server may not show them.
    pub(super) fn written_at(&self, side: Side) -> HashSet<Vec<u8>> {
        let ledgers = self.ledgers.values().filter(|ledger| ledger.to == side);
        let written = ledgers.flat_map(|ledger| {
            ledger.positions().filter_map(|at| {
                let row = ledger.row(at);
                let is_ours = matches!(row.stand, Stand::Copied | Stand::Replied);
                let (place, name) = ledger.copy(at).filter(|_| is_ours)?;
                let stands = !self.has_ended(&place, &name, row.order);
                stands.then(|| join(&place.folder, &name))
            })
        });
        written.collect()
    }

    /// Copies that must not be replaced any more.
    pub(super) fn spared(&self) -> &Spared {
        &self.spared
    }

    /// Whether this run has deleted anything, or moved it away.
    pub(super) fn any_ended(&self) -> bool {
        !self.ended.known.is_empty()
    }

    pub(super) fn of(&self, step: StepId) -> Option<&Arc<Ledger>> {
        self.ledgers.get(&step)
    }

    pub(super) fn ledgers(&self) -> impl Iterator<Item = (StepId, &Arc<Ledger>)> {
        self.ledgers.iter().map(|(step, ledger)| (*step, ledger))
    }
}

/// What is known of paths, by two hashes of their own keys each: a million of them take 40 MB, where their bytes would take as
/// much as a listing. That two have the same, a server cannot bring about: it does not know the keys.
#[derive(Debug, Clone)]
struct ByPath<T> {
    keys: [RandomState; 2],
    known: BTreeMap<[u64; 2], T>,
}

impl<T> Default for ByPath<T> {
    fn default() -> ByPath<T> {
        ByPath {
            keys: Default::default(),
            known: BTreeMap::new(),
        }
    }
}

impl<T> ByPath<T> {
    fn insert(&mut self, side: Side, path: &[u8], what: T) {
        let hashes = self.hashes(side, path);
        self.known.insert(hashes, what);
    }

    fn get(&self, side: Side, path: &[u8]) -> Option<&T> {
        self.known.get(&self.hashes(side, path))
    }

    fn hashes(&self, side: Side, path: &[u8]) -> [u64; 2] {
        self.keys.each_ref().map(|key| key.hash_one((side, path)))
    }
}

impl Ledger {
    /// A transfer of which nothing is told yet.
    pub(super) fn new(set: FileSet, route: Route, from: Side, to: Side) -> Ledger {
        let rows = vec![Row::default(); set.len()];
        Ledger {
            set,
            route,
            from,
            to,
            direct: false,
            by_sum: false,
            rows,
            failed: BTreeSet::new(),
        }
    }

    /// Whether its destination is this machine.
    pub(super) fn is_local(&self) -> bool {
        self.to == Side::Local
    }

    /// Whether a file was found unchanged because a server tells its source's time of it.
    pub(super) fn is_by_time(&self, at: u32) -> bool {
        self.row(at).stand == Stand::Same && !self.by_sum && !self.is_local()
    }

    /// Whether a file was tried, and failed.
    pub(super) fn has_failed(&self, at: u32) -> bool {
        self.failed.contains(&at)
    }

    pub(super) fn row(&self, at: u32) -> Row {
        self.rows.get(at as usize).copied().unwrap_or_default()
    }

    /// The folder that a file comes from, and its path there.
    pub(super) fn source(&self, at: u32) -> (Place, Vec<u8>) {
        let path = self.set.absolute(at);
        (Place::above(self.from, &path), path)
    }

    /// The folder that a file goes to, and its name there.
    pub(super) fn copy(&self, at: u32) -> Option<(Place, Vec<u8>)> {
        let relative = self.route.relative(&self.set, at).ok()?;
        let path = join(&self.route.root, &relative);
        Some((Place::above(self.to, &path), split(&path).1.to_vec()))
    }

    /// What the name of a file at its destination may be known by.
    pub(super) fn copy_keys(&self, at: u32) -> Vec<String> {
        let relative = self.route.relative(&self.set, at).unwrap_or_default();
        name_keys(self.route.encoding, split(&relative).1)
    }

    /// What the name of a source file may be known by.
    pub(super) fn source_keys(&self, at: u32) -> Vec<String> {
        name_keys(self.set.encoding(), split(&self.set.relative(at)).1)
    }

    pub(super) fn positions(&self) -> impl Iterator<Item = u32> + use<> {
        self.set.positions()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_two_folders_are_two_outweighs_that_it_could_not_be_told() {
        let mut proofs = Proofs::default();
        let (a, b) = (
            Place::above(Side::Local, b"/a/x"),
            Place::above(Side::Local, b"/b/x"),
        );
        assert!(proofs.are_two(&a, &b).is_err());
        proofs.judge(a.clone(), b.clone(), &Verdict::Unknown(Unsure::Hidden));
        assert!(proofs.are_two(&a, &b).is_err());
        proofs.judge(a.clone(), b.clone(), &Verdict::Different);
        proofs.judge(a.clone(), b.clone(), &Verdict::Unknown(Unsure::Hidden));
        assert!(proofs.are_two(&a, &b).is_ok());
        assert!(proofs.are_two(&b, &a).is_err());
    }
}
