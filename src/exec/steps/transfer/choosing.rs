//! Steps with `once`: what is made of what earlier runs have transferred.

use super::book::Found;
use super::phase::Phase;
use super::state::Happened;
use super::{Once, Transfer};
use crate::event::FileOutcome;
use crate::exec::fault::Fault;
use crate::exec::proofs::Stand;
use crate::exec::shared::Shared;
use crate::transfer::{Choice, Decision, Looks};

impl Transfer {
    /// What earlier runs make of a file; new where the step is not `once`.
    pub(super) fn choice(&self, at: u32) -> Choice {
        let book = self.wishes.book.as_ref();
        book.map_or(Choice::New, |book| book.choice(at))
    }

    /// Takes in which files are new.
    pub(super) fn chosen(&mut self, found: Result<Found, Fault>, shared: &mut Shared) {
        let found = match found {
            Ok(found) => found,
            Err(fault) => return self.refuse(fault),
        };
        if !matches!(self.phase, Phase::Choose) {
            return;
        }
        let most = self.transfer.options.max_files;
        for text in found.words(&self.wishes.source_name, most) {
            shared.warn_step(self.id, text);
        }
        self.once = Once::default();
        self.phase = Phase::Root;
        if self.remembers() {
            self.phase.close();
        }
    }

    /// Whether the files of the source are only entered.
    pub(super) fn remembers(&self) -> bool {
        let book = self.wishes.book.as_ref();
        book.is_some_and(|book| book.remembers)
    }

    /// A file that the step leaves alone because of earlier runs, or for later ones.
    pub(super) fn leave(&mut self, at: u32, reason: &str, shared: &mut Shared) {
        if !self.happened(at, Happened::LeftAlone) {
            return;
        }
        let book = self.wishes.book.as_ref();
        let proven = book.and_then(|book| book.proven(at));
        let stand = match proven {
            Some(source) => {
                self.files.note_mut(at).seen = Some(Box::new((Looks::default(), source)));
                Stand::Entered
            }
            None => Stand::Open,
        };
        let outcome = FileOutcome::Skipped {
            reason: reason.into(),
        };
        self.tell_file(at, outcome, stand, 0, shared);
    }

    /// Whether a file that a run had begun may have arrived and be gone: nothing of it stands there.
    pub(super) fn may_be_twice(&self, at: u32, decision: Decision) -> bool {
        self.choice(at) == Choice::Begun && matches!(decision, Decision::Transfer { .. })
    }

    /// Files of which that is so: said once.
    pub(super) fn tell_twice(&self, shared: &mut Shared) {
        let files = match self.maybe_twice {
            0 => return,
            1 => "1 file".to_owned(),
            many => format!("{many} files"),
        };
        let text = format!(
            "{files} may have arrived in a run that was cut off, and the destination does not show so: transferred again, perhaps for the second time"
        );
        shared.warn_step(self.id, text);
    }

    /// A file stood there without this step: it is none of those that are new.
    pub(super) fn stood_there(&mut self, at: u32) {
        let is_new = self.choice(at) == Choice::New;
        if self.wishes.book.is_some() && is_new {
            self.not_new.insert(at);
        }
    }
}
