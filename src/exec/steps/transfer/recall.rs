//! What a resumed run makes of the files that the interrupted one had dealt with.

use crate::event::FileOutcome;
use crate::journal::Mark;
use crate::options::Publish;
use crate::transfer::{Decision, Exactness};

use super::Transfer;
use super::state::State;
use crate::exec::fault::Fault;
use crate::exec::proofs::Stand;
use crate::exec::shared::Shared;

/// What is made of a file that an interrupted run may have brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Recalled {
    /// Nothing: it is to be dealt with as any.
    Anew,
    /// It had arrived, and is gone or changed.
    Missed,
    /// It counts, and was told.
    Told,
}

impl Recalled {
    pub(super) fn is_missed(self) -> bool {
        self == Recalled::Missed
    }

    pub(super) fn is_told(self) -> bool {
        self == Recalled::Told
    }
}

impl Transfer {
    /// Whether an interrupted run has brought the file to its destination, where it still stands: it counts, and is not
    /// moved again. A journal tells what was; what is there now decides, because a `delete` relies on it.
    pub(super) fn recall(&mut self, at: u32, decision: Decision, shared: &mut Shared) -> Recalled {
        let Some(record) = shared.kept(self.id) else {
            return Recalled::Anew;
        };
        let path = self.set.absolute(at);
        let mark = record.marks.get(&path).cloned();
        let past = State::replay(record.begun.contains(&path), mark.as_ref());
        if self.legal(past) != Some(State::Stands) {
            return Recalled::Anew;
        }
        let was = match mark {
            Some(Mark::Unverified(reason)) => (unverified(reason), Stand::Replied),
            Some(Mark::Left(reason)) => (unverified(reason), Stand::Left),
            // What stood there then was proven then.
            _ => (FileOutcome::Unchanged, Stand::Same),
        };
        self.recall_standing(at, &path, was, decision, shared)
    }

    fn recall_standing(
        &mut self,
        at: u32,
        path: &[u8],
        (outcome, stand): (FileOutcome, Stand),
        decision: Decision,
        shared: &mut Shared,
    ) -> Recalled {
        if self.is_used_up(at, path, stand, decision, shared) {
            self.finish_as(at, outcome, stand, 0, shared);
            if stand == Stand::Same && shared.has_deleted(self.transfer.source, path) {
                self.spare(at, shared);
                // Whether it is what stands there now only its source's time tells.
                if !matches!(decision, Decision::Same(Exactness::Exact)) {
                    self.prove(at, Stand::Left, shared);
                }
            }
            return Recalled::Told;
        }
        let exactness = match decision {
            Decision::Same(exactness) => exactness,
            // A later step may have written over it, and what that brought may have no source any more.
            Decision::Transfer { over: true } | Decision::Resume { over: true, .. }
                if shared.has_deleted_any() =>
            {
                self.fail_file(at, written_over(), 0, shared);
                return Recalled::Told;
            }
            Decision::Transfer { .. } | Decision::Resume { .. } => return Recalled::Missed,
            Decision::Skip(_) | Decision::Refuse(_) => return Recalled::Anew,
        };
        // Its size and time prove too little: a job asks for more.
        if self.looks_again(exactness) {
            return Recalled::Anew;
        }
        match stand {
            // The listings of now tell whether it still is.
            Stand::Same => self.finish_file(at, outcome, 0, shared),
            // The reply was for what was written then, and somebody may have written since.
            _ if exactness != Exactness::Exact => {
                self.finish_as(at, outcome, Stand::Left, 0, shared);
            }
            _ => self.finish_as(at, outcome, stand, 0, shared),
        }
        Recalled::Told
    }

    /// The copy is all that the interrupted run has left of a file.
    fn spare(&self, at: u32, shared: &Shared) {
        let Some(ends) = self.phase.ends() else {
            return;
        };
        let (copy, _) = self.listed(at, ends);
        let (encoding, by) = (ends.route.encoding, shared.reading(self.transfer.to));
        let proofs = &shared.proofs;
        if let Some((place, name)) = proofs.of(self.id).and_then(|ledger| ledger.copy(at)) {
            proofs.spared().spare(encoding, &place, &name, copy, by);
        }
    }

    /// Whether a file that had arrived needs not stand there any more: the run itself has deleted it or its source, or it
    /// went to a drop box, which proves nothing and may be emptied at once. What is seen in one may be somebody else's.
    fn is_used_up(
        &self,
        at: u32,
        path: &[u8],
        stand: Stand,
        decision: Decision,
        shared: &Shared,
    ) -> bool {
        let sees_nothing = matches!(
            decision,
            Decision::Transfer { over: false } | Decision::Resume { over: false, .. }
        );
        let direct = self.transfer.options.publish == Publish::Direct;
        if stand == Stand::Replied && direct && sees_nothing {
            return true;
        }
        let ends = self.phase.ends();
        let copy = ends.and_then(|ends| ends.route.absolute(&self.set, at).ok());
        shared.has_deleted(self.transfer.source, path)
            || copy.is_some_and(|copy| shared.has_deleted(self.transfer.to, &copy))
    }

    /// Files that had arrived in the interrupted run and have to be brought again: said once.
    pub(super) fn tell_missed(&self, missed: u64, shared: &mut Shared) {
        let text = match missed {
            0 => return,
            1 => "1 file that had arrived is gone or changed at the destination, and is transferred again".into(),
            missed => format!(
                "{missed} files that had arrived are gone or changed at the destination, and are transferred again"
            ),
        };
        shared.warn_step(self.id, text);
    }
}

fn written_over() -> Fault {
    let fault = Fault::permanent(
        "it had arrived, and another file has its name now, which may be all that is left of one that this run has deleted",
    );
    fault.help("look at it; move it away, or run without `--resume` to replace it")
}

/// Of a file that the interrupted run has dealt with: this one has written nothing.
fn unverified(reason: String) -> FileOutcome {
    FileOutcome::Unverified {
        reason,
        stood_there: true,
    }
}
