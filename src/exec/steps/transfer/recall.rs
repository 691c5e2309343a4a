//! What a resumed run makes of the files that the interrupted one had dealt with.

use crate::event::FileOutcome;
use crate::files::FileSet;
use crate::journal::Mark;
use crate::options::Publish;
use crate::transfer::Decision;

use super::Transfer;
use crate::exec::shared::Shared;

impl Transfer {
    /// Whether an interrupted run has brought the file to its destination, where it still stands: it counts, and is not
    /// moved again. A journal tells what was; what is there now decides, because a `delete` relies on it.
    pub(super) fn recall(
        &mut self,
        at: u32,
        set: &FileSet,
        decision: Decision,
        shared: &mut Shared,
    ) -> bool {
        let path = set.absolute(at);
        let Some(mark) = shared.mark_of(self.id, &path) else {
            return false;
        };
        let outcome = match mark {
            Mark::Proven => FileOutcome::Unchanged,
            Mark::Unverified(reason) => FileOutcome::Unverified { reason },
            Mark::Deleted => return false,
        };
        if self.is_used_up(at, set, &outcome, shared) {
            self.finish_file(at, outcome, 0, shared);
            return true;
        }
        if decision != Decision::Same {
            self.missed += u64::from(matches!(
                decision,
                Decision::Transfer { .. } | Decision::Resume { .. }
            ));
            return false;
        }
        // Its size and time prove no checksum: a job asks for it.
        if self.compares_unchanged() {
            return false;
        }
        self.finish_file(at, outcome, 0, shared);
        true
    }

    /// Whether a file that had arrived needs not stand there any more: the run itself has deleted it or its source, or it
    /// went to a drop box, which proves nothing and may be emptied at once.
    fn is_used_up(&self, at: u32, set: &FileSet, outcome: &FileOutcome, shared: &Shared) -> bool {
        let unproven = matches!(outcome, FileOutcome::Unverified { .. });
        if unproven && self.transfer.options.publish == Publish::Direct {
            return true;
        }
        let copy = self
            .ends
            .as_ref()
            .and_then(|ends| ends.route.absolute(set, at).ok());
        shared.has_deleted(self.transfer.source, &set.absolute(at))
            || copy.is_some_and(|copy| shared.has_deleted(self.transfer.to, &copy))
    }

    /// Files that had arrived in the interrupted run and have to be brought again: said once.
    pub(super) fn tell_missed(&mut self, shared: &mut Shared) {
        let text = match std::mem::take(&mut self.missed) {
            0 => return,
            1 => "1 file that had arrived is gone or changed at the destination, and is transferred again".into(),
            missed => format!(
                "{missed} files that had arrived are gone or changed at the destination, and are transferred again"
            ),
        };
        shared.warn_step(self.id, text);
    }
}
