//! The end of a transfer step: what was not dealt with, and what stands.

use super::phase::{Closing, Phase, Publishing, Reached, Work, Yielded};
use super::state::{Happened, State};
use super::{LOOKED_AT_ONCE, Output, TOLD_AT_ONCE, Transfer};
use crate::event::StepOutcome;
use crate::exec::fault::Fault;
use crate::exec::proofs::{Ledger, Stand};
use crate::exec::shared::Shared;
use crate::exec::steps::{Ending, Stop, job, left_undone};
use crate::files::Time;
use crate::transfer::{Decision, Exactness};

impl Transfer {
    /// Moves on where a phase has nothing more to do.
    pub(super) fn settle(&mut self, shared: &mut Shared) {
        if !self.flights.is_empty() {
            return;
        }
        if self.stopped.is_some() && !self.completes_set() {
            return self.wind_up(shared);
        }
        match &mut self.phase {
            Phase::Look(_, look) => look.settle(),
            Phase::Work(_, Work::Move(arrived)) if self.files.none_waits() => {
                let arrived = std::mem::take(arrived);
                match arrived.is_empty() || self.files.failed() > 0 {
                    true => self.wind_up(shared),
                    false => self.phase.go_on(Work::Order(arrived)),
                }
            }
            Phase::Work(_, Work::Clear) => self.wind_up(shared),
            _ => {}
        }
    }

    /// Whether a set is being published, which is not left half done because a file of another step failed.
    fn completes_set(&self) -> bool {
        let others = matches!(self.stopped, Some(Stop::FailFast | Stop::Hazard(..)));
        let publishing = match &self.phase {
            Phase::Work(_, Work::Publish(publishing)) => Some(publishing),
            _ => None,
        };
        others && publishing.is_some_and(Publishing::is_torn)
    }

    /// Clears up, and closes.
    fn wind_up(&mut self, shared: &mut Shared) {
        self.leave_set(shared);
        let interrupted = matches!(self.stopped, Some(Stop::Interrupted));
        let is_work = matches!(self.phase, Phase::Work(..));
        match is_work && self.files.has_left_behind() && !interrupted {
            true => self.phase.go_on(Work::Clear),
            false => self.phase.close(),
        }
    }

    /// Takes in what could not be cleared up.
    pub(super) fn cleared(&mut self, left: Vec<(u32, Fault)>, shared: &mut Shared) {
        for (at, fault) in left {
            let text = format!(
                "part of `{}` was left at the destination: {}",
                self.text(at),
                fault.failure.message
            );
            shared.warn_step(self.id, text);
        }
    }

    /// Looks at some more files; whether that were all.
    pub(super) fn close_some(&mut self, shared: &mut Shared) -> bool {
        let Phase::Close(_, closing) = &mut self.phase else {
            return false;
        };
        let mut closing = std::mem::take(closing);
        let end = self.files.len();
        let last = end.min(closing.next.saturating_add(LOOKED_AT_ONCE));
        let mut told = 0;
        while closing.next < last && told < TOLD_AT_ONCE {
            told += u32::from(self.close_one(&mut closing, shared));
            closing.next += 1;
        }
        let done = closing.next >= end;
        if let Phase::Close(_, held) = &mut self.phase {
            *held = closing;
        }
        done
    }

    /// Takes in where a file ended; whether there was anything to say of it.
    fn close_one(&mut self, closing: &mut Closing, shared: &mut Shared) -> bool {
        let at = closing.next;
        match self.files.state(at) {
            State::Stands => {
                if !self.not_new.contains(&at) {
                    closing.standing.push(at);
                }
                false
            }
            State::Untold if self.remembers() => {
                self.leave(at, "remembered", shared);
                true
            }
            // The step never came to look at it, because it was refused or stopped as a whole: a file without a record is
            // none of this step's, and a later `delete` would take it.
            State::Untold => {
                self.prove(at, Stand::Open, shared);
                self.happened(at, Happened::Dropped)
            }
            // Its source stays unproven; one note is said for all of them, because they have one reason.
            State::Waiting => {
                closing.undone += 1;
                if self.files.note(at).is_some_and(|note| note.doubt.is_some()) {
                    self.prove(at, Stand::Left, shared);
                }
                self.happened(at, Happened::Dropped);
                false
            }
            // What a stop left of a set has arrived and is not visible.
            State::Arrived(_) | State::Naming(_) => {
                self.withhold(at, shared);
                true
            }
            // No job is left that could have it.
            State::Flying(_) => self.happened(at, Happened::Dropped),
            State::LeftAlone | State::Failed | State::Undone => false,
        }
    }

    /// How the step ended, once all were looked at.
    pub(super) fn ending(&mut self, shared: &mut Shared) -> Ending {
        let Phase::Close(_, closing) = &mut self.phase else {
            return Ending::failed(None, None);
        };
        let closing = std::mem::take(closing);
        // A step that was refused as a whole says so itself.
        if let Some(stop) = self.stopped.as_ref().filter(|_| closing.undone > 0) {
            let text = left_undone(closing.undone, "transferred", &stop.reason());
            shared.warn_step(self.id, text);
        }
        let book = self.wishes.book.as_ref();
        if let Some(text) = book.and_then(|book| book.last_words()) {
            shared.warn_step(self.id, text);
        }
        if self.timeless > 0 {
            let server = shared.plan.side_name(self.transfer.to);
            let text = timeless(self.timeless, server);
            shared.warn_step(self.id, text);
        }
        let yielded = closing.yielded.unwrap_or_default();
        if let Some(files) = yielded.unrenamed {
            let files = match files {
                1 => "the 1 file".to_owned(),
                many => format!("{many} files"),
            };
            let text = format!("`rename` matched none of {files}: all kept their names");
            shared.warn_step(self.id, text);
        }
        let fault = self.fault.take().map(|fault| fault.failure);
        let failure = fault.or_else(|| self.stopped.as_ref().and_then(Stop::failure));
        let outcome = match failure {
            None if self.files.failed() == 0 => StepOutcome::Done,
            failure => StepOutcome::Failed { failure },
        };
        Ending {
            outcome,
            set: yielded.set,
            yields_rest: false,
        }
    }

    /// The job that makes a set of what stands, and lets go of all that the step has looked at.
    pub(super) fn yield_set(&mut self, shared: &Shared) -> Option<job::Work> {
        let ledger = shared.proofs.of(self.id).cloned();
        let Phase::Close(known, closing) = &mut self.phase else {
            return None;
        };
        let known = std::mem::replace(known, Reached::Nothing);
        let (standing, set) = (std::mem::take(&mut closing.standing), self.set.clone());
        let book = self.wishes.book.clone();
        Some(Box::new(move |desk| {
            if let Some(book) = book {
                book.finish(&set, desk.unix_now());
            }
            let route = match &known {
                Reached::Nothing => None,
                Reached::Ends(ends) => Some(ends.route.clone()),
                Reached::Terms(terms) => Some(terms.ends.route.clone()),
            };
            let seen = |at| time_seen(at, ledger.as_deref(), &known);
            let unrenamed = route.as_ref().and_then(|route| route.renames_none_of(&set));
            let set = route.map(|route| set.routed(standing, route, seen));
            drop(known);
            Output::Yielded(Yielded { set, unrenamed }).boxed()
        }))
    }

    /// Takes in the set that the step yields.
    pub(super) fn yielded(&mut self, yielded: Yielded) {
        if let Phase::Close(_, closing) = &mut self.phase {
            closing.yielded = Some(yielded);
        }
    }
}

/// What a server says that announces MFMT and refuses it.
fn timeless(files: u64, server: &str) -> String {
    let what = match files {
        1 => "1 file has".to_owned(),
        many => format!("{many} files have"),
    };
    format!(
        "{what} the time of arrival, not of the source: `{server}` announces MFMT and refuses it; the next run would copy again what arrived so, but not with `times: now`"
    )
}

/// The time that a file was seen to have at its destination: what came after it must not take it for its source's.
fn time_seen(at: u32, ledger: Option<&Ledger>, known: &Reached) -> Option<Option<Time>> {
    if let Some(row) = ledger.map(|ledger| ledger.row(at))
        && matches!(row.stand, Stand::Copied | Stand::Same)
    {
        return Some(row.copy.modified);
    }
    let Reached::Terms(terms) = known else {
        return None;
    };
    match terms.decisions.of(at) {
        Decision::Same(exactness) if exactness != Exactness::Exact => {
            let path = terms.ends.route.relative(&terms.set, at).ok()?;
            Some(terms.inventory.standing(&path)?.modified)
        }
        _ => None,
    }
}
