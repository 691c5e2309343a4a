//! What is made of each decision: told where nothing is to be done, queued where a job has to do it.

use std::sync::Arc;

use crate::event::{Event, FileOutcome};
use crate::options::Verify;
use crate::transfer::{Decision, Exactness, Refusal, Skip};

use super::ends::Terms;
use super::phase::{Look, Phase, Telling, Work};
use super::state::Happened;
use super::{TOLD_AT_ONCE, Transfer};
use crate::exec::fault::Fault;
use crate::exec::proofs::Stand;
use crate::exec::shared::Shared;

impl Transfer {
    /// Takes in the decisions, unless names are still to be asked for.
    pub(super) fn decided(&mut self, decided: Result<Box<Terms>, Fault>, shared: &mut Shared) {
        let mut terms = match decided {
            Ok(terms) => terms,
            Err(fault) => return self.refuse(fault),
        };
        let Phase::Look(_, look) = &mut self.phase else {
            return;
        };
        if matches!(look, Look::Decide(_)) && !terms.decisions.unsure.is_empty() {
            let names = std::mem::take(&mut terms.decisions.unsure);
            *look = Look::Ask(terms.inventory, Arc::new(names));
            return;
        }
        let decisions = &terms.decisions;
        if decisions.unknown_times > 0 {
            let text = format!(
                "{} compared by size alone, because a time is not known",
                decisions.unknown_times
            );
            shared.warn_step(self.id, text);
        }
        if decisions.unknown_sizes > 0 {
            let text = format!(
                "{} transferred again, because a size is not known",
                decisions.unknown_sizes
            );
            shared.warn_step(self.id, text);
        }
        shared.emit(Event::StepSized {
            step: self.id.0 as usize,
            files: decisions.files,
            bytes: decisions.bytes,
        });
        self.phase = Phase::Work(Arc::from(terms), Work::Tell(Telling::default()));
    }

    /// Tells some decisions that need no work, and queues the others.
    pub(super) fn tell(&mut self, shared: &mut Shared) {
        let Phase::Work(terms, Work::Tell(telling)) = &self.phase else {
            return;
        };
        let (terms, begin) = (Arc::clone(terms), telling.next);
        let end = self.files.len().min(begin.saturating_add(TOLD_AT_ONCE));
        let mut missed = telling.missed;
        for at in begin..end {
            let decision = terms.decisions.of(at);
            self.maybe_twice += u64::from(self.may_be_twice(at, decision));
            let recalled = self.recall(at, decision, shared);
            missed += u64::from(recalled.is_missed());
            if !recalled.is_told() {
                self.follow(at, decision, &terms, shared);
            }
        }
        self.phase.go_on(Work::Tell(Telling { next: end, missed }));
        if end == self.files.len() {
            self.tell_missed(missed, shared);
            self.tell_twice(shared);
            match self.files.none_waits() || shared.preview {
                true => self.phase.close(),
                false => self.phase.go_on(Work::Folders),
            }
        }
    }

    fn follow(&mut self, at: u32, decision: Decision, terms: &Terms, shared: &mut Shared) {
        match decision {
            // What would be done is told as done: later steps build on it.
            Decision::Transfer { .. } | Decision::Resume { .. } if shared.preview => {
                let bytes = self.set.size(at).unwrap_or(0);
                self.finish_file(at, FileOutcome::Transferred, bytes, shared);
            }
            Decision::Transfer { .. } | Decision::Resume { .. } => self.queue(at, shared),
            // Its size and time prove too little: a job asks for more.
            Decision::Same(exactness) if self.looks_again(exactness) && !shared.preview => {
                self.queue(at, shared);
            }
            Decision::Same(_) => self.finish_file(at, FileOutcome::Unchanged, 0, shared),
            Decision::Skip(skip) => self.skip(at, skip, shared),
            Decision::Refuse(number) => {
                let fault = refused(terms.decisions.refusal(number));
                self.fail_file(at, fault, 0, shared);
            }
        }
    }

    fn queue(&mut self, at: u32, shared: &mut Shared) {
        self.prove(at, Stand::Open, shared);
        let queued = self.files.queue(at);
        self.legal(queued);
    }

    fn skip(&mut self, at: u32, skip: Skip, shared: &mut Shared) {
        let (reason, happened) = match skip {
            // It comes with its files, and is none of those counted.
            Skip::Folder => {
                self.happened(at, Happened::LeftAlone);
                return;
            }
            Skip::Known => return self.leave(at, "transferred once, by an earlier run", shared),
            Skip::Later => return self.leave(at, "left for a later run", shared),
            // It stands there, and is part of what the step yields.
            Skip::Exists => (
                "a file with that name stands at the destination",
                Happened::Stood,
            ),
            Skip::Link => (
                "a symbolic link, which `follow_links: true` would resolve",
                Happened::LeftAlone,
            ),
            Skip::Special => ("not a regular file", Happened::LeftAlone),
        };
        let outcome = FileOutcome::Skipped {
            reason: reason.into(),
        };
        if self.happened(at, happened) {
            self.stood_there(at);
            self.tell_file(at, outcome, Stand::Open, 0, shared);
        }
    }

    /// Whether a file that is unchanged by its listing is looked at once more: its checksum, or its exact time where a
    /// later step relies on it.
    pub(super) fn looks_again(&self, exactness: Exactness) -> bool {
        let compares = self.transfer.options.verify == Verify::Checksum;
        let proves = self.wishes.relied && self.wishes.request(false).may_prove_more(exactness);
        // What is entered, a job enters.
        compares || proves || self.wishes.book.is_some()
    }
}

fn refused(refusal: &Refusal) -> Fault {
    let fault = Fault::permanent(refusal.to_string());
    match refusal.help() {
        Some(help) => fault.help(help),
        None => fault,
    }
}
