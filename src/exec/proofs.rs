//! What happened to files, by side and absolute path: what `delete` asks before it takes anything away.

use std::collections::{HashMap, HashSet};

use crate::files::Side;
use crate::plan::StepId;

/// What a transfer did with a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It stands whole at the destination: transferred or unchanged, and verified.
    Proven,
    /// Anything else: skipped, failed, could not be verified, or never got to.
    Open,
}

/// The record of a run. Sides that are the same server under two names are one side here.
#[derive(Debug, Clone, Default)]
pub(super) struct Proofs {
    sources: HashMap<Place, Vec<(StepId, Proof)>>,
    published: HashSet<Place>,
}

/// A side and an absolute path, as bytes of that side.
type Place = (Side, Box<[u8]>);

impl Proofs {
    /// Records what a transfer did with a source file; a later record of the same transfer replaces it.
    pub(super) fn record(&mut self, side: Side, path: &[u8], step: StepId, proof: Proof) {
        let records = self.sources.entry((side, path.into())).or_default();
        match records.iter_mut().find(|(by, _)| *by == step) {
            Some(record) => record.1 = proof,
            None => records.push((step, proof)),
        }
    }

    /// Records that this run put a file under its final name.
    pub(super) fn publish(&mut self, side: Side, path: &[u8]) {
        self.published.insert((side, path.into()));
    }

    /// Whether every one of these transfers proved the file.
    pub(super) fn proven_by_all(&self, side: Side, path: &[u8], steps: &[StepId]) -> bool {
        let records = self.of(side, path);
        steps
            .iter()
            .all(|step| records.contains(&(*step, Proof::Proven)))
    }

    /// The first of these transfers that handled the file and did not prove it.
    pub(super) fn open_for(&self, side: Side, path: &[u8], steps: &[StepId]) -> Option<StepId> {
        let records = self.of(side, path).iter();
        let mut open =
            records.filter(|(step, proof)| *proof == Proof::Open && steps.contains(step));
        open.next().map(|(step, _)| *step)
    }

    /// Whether this run put the file there.
    pub(super) fn published(&self, side: Side, path: &[u8]) -> bool {
        self.published.contains(&(side, path.into()))
    }

    fn of(&self, side: Side, path: &[u8]) -> &[(StepId, Proof)] {
        self.sources
            .get(&(side, path.into()))
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: StepId = StepId(1);
    const B: StepId = StepId(2);

    #[test]
    fn a_file_is_proven_only_by_every_named_transfer() {
        let mut proofs = Proofs::default();
        proofs.record(Side::Local, b"/x", A, Proof::Proven);
        assert!(proofs.proven_by_all(Side::Local, b"/x", &[A]));
        assert!(!proofs.proven_by_all(Side::Local, b"/x", &[A, B]));
        proofs.record(Side::Local, b"/x", B, Proof::Open);
        assert!(!proofs.proven_by_all(Side::Local, b"/x", &[A, B]));
        assert_eq!(proofs.open_for(Side::Local, b"/x", &[A, B]), Some(B));
        assert_eq!(proofs.open_for(Side::Local, b"/y", &[A, B]), None);
    }
}
