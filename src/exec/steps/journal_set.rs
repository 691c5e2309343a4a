//! The end of a step that has chosen files: its set is journaled, a slice at a time, before the steps that read it begin.

use std::time::Instant;

use super::job::Work;
use super::{Ending, JobWork, Machine, Next, Output, Stop};
use crate::event::StepOutcome;
use crate::exec::journaling::SetWritten;
use crate::exec::roles::JobId;
use crate::exec::shared::Shared;
use crate::plan::StepId;

/// A step that has ended, but for that.
pub(in crate::exec) struct JournalSet {
    id: StepId,
    ending: Option<Ending>,
    written: SetWritten,
    stopped: bool,
}

impl JournalSet {
    /// Where a step has yielded a set that a resumed run will want, this takes the place of its machine.
    pub(in crate::exec) fn of(
        id: StepId,
        ending: Ending,
        shared: &Shared,
    ) -> Result<JournalSet, Ending> {
        let set = ending.set.as_ref();
        let done = matches!(ending.outcome, StepOutcome::Done);
        if !done || set.is_none_or(|set| !shared.wants_journaled(id, set)) {
            return Err(ending);
        }
        Ok(JournalSet {
            id,
            ending: Some(ending),
            written: SetWritten::default(),
            stopped: false,
        })
    }

    /// Writes a slice; whether that was the last.
    fn write(&mut self, shared: &mut Shared) -> bool {
        let set = self.ending.as_ref().and_then(|ending| ending.set.as_ref());
        let Some(set) = set.filter(|_| !self.stopped) else {
            return true;
        };
        if self.written.entries < set.len() {
            shared.journal_entries(self.id, set, &mut self.written);
        }
        let last = self.written.entries == set.len();
        if last {
            shared.journal_set(self.id, set);
        }
        last
    }
}

impl Machine for JournalSet {
    fn next(&mut self, now: Instant, shared: &mut Shared) -> Next {
        if !self.write(shared) {
            return Next::Wait(Some(now));
        }
        Next::Done(
            self.ending
                .take()
                .unwrap_or_else(|| Ending::failed(None, None)),
        )
    }

    fn work(&mut self, _: JobId, _: Instant, _: &mut Shared) -> JobWork {
        let nothing: Work = Box::new(|_| Output::Nothing);
        JobWork::quiet(nothing)
    }

    fn returned(&mut self, _: JobId, _: Output, _: Instant, _: &mut Shared) {}

    /// A set of which the end is missing is none to a resumed run, which finds it out anew.
    fn stop(&mut self, _: &Stop, _: &mut Shared) {
        self.stopped = true;
    }
}
