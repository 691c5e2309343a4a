//! When a step with `once` writes into the ledger: as few transactions as can be, and no name before its intent.

use std::sync::{MutexGuard, PoisonError};

use super::book::{Book, unusable};
use super::pending::Pending;
use crate::exec::fault::Fault;
use crate::files::FileSet;
use crate::ledger::{Entry, LedgerError};

impl Book {
    /// Writes that files may get their final names now, where that does not stand yet, and with them those `next` that
    /// will be begun after them.
    pub(super) fn intend(
        &self,
        set: &FileSet,
        files: &[u32],
        next: impl FnOnce() -> Vec<u32>,
        now: i64,
    ) -> Result<(), Fault> {
        if self.store.is_none() {
            return Err(Fault::permanent("no ledger is kept, and `once` needs one"));
        }
        let mut pending = self.pending();
        let all_stand = files.iter().all(|at| pending.ahead.contains(at));
        if !all_stand {
            let is_next = |at: &u32| !pending.begun.contains(at) && !pending.ahead.contains(at);
            let next: Vec<u32> = next().into_iter().filter(is_next).collect();
            let intents = files.iter().chain(&next).map(|at| set.absolute(*at));
            let intents: Vec<Vec<u8>> = intents.filter(|path| !self.holds_secret(path)).collect();
            let written = self.write(&mut pending, &intents, now);
            written.map_err(|error| unusable(&error))?;
            pending.ahead.extend(next);
        }
        for at in files {
            pending.ahead.remove(at);
            pending.begun.insert(*at);
        }
        Ok(())
    }

    /// Enters files; of the others all but those that are open surely got no name. `last`: nothing follows soon.
    pub(super) fn settle(
        &self,
        set: &FileSet,
        (files, open): (&[u32], &[u32]),
        entries: Vec<Entry>,
        now: i64,
        last: bool,
    ) {
        let mut pending = self.pending();
        let surely = files.iter().filter(|at| !open.contains(at));
        pending
            .taken_back
            .extend(surely.map(|at| set.absolute(*at)));
        pending.entries.extend(entries);
        if last || pending.written != now {
            self.flush(&mut pending, now);
        }
    }

    /// Files that a job did not get to: their intents stand for the next one.
    pub(super) fn put_back(&self, files: &[u32]) {
        let mut pending = self.pending();
        for at in files {
            pending.begun.remove(at);
            pending.ahead.insert(*at);
        }
    }

    /// Tells the ledger the rest: no job begins any more.
    pub(super) fn finish(&self, set: &FileSet, now: i64) {
        let mut pending = self.pending();
        let ahead = std::mem::take(&mut pending.ahead);
        pending
            .taken_back
            .extend(ahead.into_iter().map(|at| set.absolute(at)));
        self.flush(&mut pending, now);
    }

    fn flush(&self, pending: &mut Pending, now: i64) {
        let entries = pending.entries.len() as u64;
        if let Err(error) = self.write(pending, &[], now) {
            self.broke(entries, &error);
        }
    }

    fn write(
        &self,
        pending: &mut Pending,
        intents: &[Vec<u8>],
        now: i64,
    ) -> Result<(), LedgerError> {
        let (entries, back) = (
            std::mem::take(&mut pending.entries),
            std::mem::take(&mut pending.taken_back),
        );
        let nothing = entries.is_empty() && back.is_empty() && intents.is_empty();
        let Some(store) = self.store.as_ref().filter(|_| !nothing) else {
            return Ok(());
        };
        pending.written = now;
        store.settle(&self.scope, &self.stamp(now), &entries, &back, intents)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
