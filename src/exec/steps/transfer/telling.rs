//! What is told of each file, and what later steps are told of it.

use crate::event::FileOutcome;
use crate::journal::Mark;
use crate::transfer::{Copied, Decision, Looks, Standing};

use super::Transfer;
use super::ends::Ends;
use super::state::{Happened, State};
use crate::exec::fault::Fault;
use crate::exec::proofs::{Row, Stand};
use crate::exec::shared::Shared;

impl Transfer {
    /// Tells what became of a file, and keeps what a later `delete` will ask.
    pub(super) fn finish_file(
        &mut self,
        at: u32,
        outcome: FileOutcome,
        bytes: u64,
        shared: &mut Shared,
    ) {
        let stand = match &outcome {
            FileOutcome::Transferred => Stand::Copied,
            FileOutcome::Unverified { .. } => Stand::Replied,
            FileOutcome::Unchanged if self.same_is_proof(at) => Stand::Same,
            FileOutcome::Unchanged => Stand::Left,
            _ => Stand::Open,
        };
        self.finish_as(at, outcome, stand, bytes, shared);
    }

    /// The same, where it is known what stands at its destination.
    pub(super) fn finish_as(
        &mut self,
        at: u32,
        outcome: FileOutcome,
        stand: Stand,
        bytes: u64,
        shared: &mut Shared,
    ) {
        let happened = match outcome {
            FileOutcome::Failed { .. } => Happened::Failed,
            FileOutcome::Skipped { .. } => Happened::LeftAlone,
            _ => Happened::Stood,
        };
        let failed = matches!(outcome, FileOutcome::Failed { .. });
        if self.happened(at, happened) {
            self.tell_file(at, outcome, stand, bytes, shared);
            if let Some(proofs) = shared.proofs().filter(|_| failed) {
                proofs.fail(self.id, at);
            }
        }
    }

    /// Whether a file that was found unchanged is proven by that.
    fn same_is_proof(&self, at: u32) -> bool {
        let terms = self.phase.terms();
        match terms.map(|terms| terms.decisions.of(at)) {
            Some(Decision::Same(exactness)) => {
                self.wishes.request(false).same_is_proof(exactness).is_ok()
            }
            _ => false,
        }
    }

    /// Tells what became of a file that has ended.
    pub(super) fn tell_file(
        &mut self,
        at: u32,
        outcome: FileOutcome,
        stand: Stand,
        bytes: u64,
        shared: &mut Shared,
    ) {
        self.mark(at, &outcome, stand, shared);
        let stands = self.files.state(at) == State::Stands
            || self.files.note(at).is_some_and(|note| note.may_stand);
        // What stands although the file failed or was skipped proves nothing, and ends what another of its name has proven.
        let stand = match stand {
            Stand::Open if stands => Stand::Left,
            told => told,
        };
        self.prove(at, stand, shared);
        let spent = self.files.forget(at).spent;
        shared.file(self.id, self.text(at), outcome, spent + bytes);
    }

    pub(super) fn prove(&mut self, at: u32, stand: Stand, shared: &mut Shared) {
        let Some(proofs) = shared.proofs() else {
            return;
        };
        let seen = self.files.seen(at);
        let (copy, source) = match (seen, self.phase.ends()) {
            (Some(seen), _) => *seen,
            (None, Some(ends)) => self.listed(at, ends),
            (None, None) => return,
        };
        // What was found the same by asking has the time that the source has.
        let copy = Looks {
            modified: match stand {
                Stand::Same => copy.modified.or(source.modified),
                _ => copy.modified,
            },
            ..copy
        };
        let row = Row {
            stand,
            copy,
            source,
            ..Row::default()
        };
        proofs.record(self.id, at, row);
    }

    /// What listings have shown of a file at its destination, and at its source.
    pub(super) fn listed(&self, at: u32, ends: &Ends) -> (Looks, Looks) {
        let relative = ends.route.relative(&self.set, at).unwrap_or_default();
        let terms = self.phase.terms();
        let standing = terms.and_then(|terms| terms.inventory.standing(&relative));
        let copy = standing.map(Standing::looks).unwrap_or_default();
        let source = Looks::listed(&self.set, at);
        (copy, source)
    }

    /// Takes in what was found out about the folders of a file, and what stands there now.
    pub(super) fn see(&mut self, at: u32, copied: &Copied, shared: &mut Shared) {
        let Some(proofs) = shared.proofs() else {
            return;
        };
        let copy = Looks {
            size: copied.source.size.filter(|_| !self.transfer.options.ascii),
            modified: copied.time,
        };
        self.files.note_mut(at).seen = Some(Box::new((copy, copied.source)));
        let Some(verdict) = &copied.places else {
            return;
        };
        let pair = proofs.of(self.id).and_then(|ledger| {
            let (target, _) = ledger.copy(at)?;
            Some((ledger.source(at).0, target))
        });
        if let Some((source, target)) = pair {
            proofs.judge(source, target, verdict);
        }
    }

    /// Journals a file that stands at its destination.
    fn mark(&self, at: u32, outcome: &FileOutcome, stand: Stand, shared: &mut Shared) {
        let reason = || match outcome {
            FileOutcome::Unverified { reason, .. } => reason.clone(),
            _ => "not verified".into(),
        };
        let mark = match stand {
            Stand::Copied | Stand::Same => Mark::Proven,
            Stand::Replied => Mark::Unverified(reason()),
            Stand::Left => Mark::Left(reason()),
            Stand::Open | Stand::Entered => return,
        };
        if shared.keeps_journal() {
            shared.mark(self.id, &self.set.absolute(at), mark);
        }
    }

    pub(super) fn fail_file(&mut self, at: u32, fault: Fault, bytes: u64, shared: &mut Shared) {
        let mut failure = fault.failure;
        failure.file.get_or_insert_with(|| self.text(at));
        self.finish_file(at, FileOutcome::Failed { failure }, bytes, shared);
    }
}
