//! What happened so far, and waiting for what has not happened yet.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::gate::BOUND;

/// One command line that a server received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The session, counted from 1 in the order of connecting.
    pub session: usize,
    /// The command in capitals.
    pub verb: String,
    /// The rest of the line, its bytes as they came.
    pub argument: Vec<u8>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let argument = String::from_utf8_lossy(&self.argument);
        let space = if argument.is_empty() { "" } else { " " };
        write!(f, "{}: {}{space}{argument}", self.session, self.verb)
    }
}

/// The state that tests ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) entries: Vec<Entry>,
    pub(super) opened: usize,
    pub(super) sessions: Gauge,
    pub(super) transfers: Gauge,
    /// Bytes of uploads that reached this machine, those included that a cut left unread.
    pub(super) received: u64,
}

/// How many there are, and the most there were at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauge {
    pub(super) now: usize,
    pub(super) most: usize,
}

impl Gauge {
    pub(super) fn up(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }

    pub(super) fn down(&mut self) {
        self.now -= 1;
    }
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    facts: Mutex<Facts>,
    changed: Condvar,
}

impl Journal {
    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Facts) -> T) -> T {
        let result = change(&mut self.facts());
        self.changed.notify_all();
        result
    }

    /// Waits until the facts are so; panics with the log when they never are.
    #[track_caller]
    pub(super) fn until(&self, what: &str, done: impl Fn(&Facts) -> bool) {
        let until = Instant::now() + BOUND;
        let mut facts = self.facts();
        while !done(&facts) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let lines: Vec<_> = facts.entries.iter().map(Entry::to_string).collect();
                drop(facts);
                panic!(
                    "{what} did not come within {BOUND:?}; the log:\n{}",
                    lines.join("\n")
                );
            }
            let woken = self.changed.wait_timeout(facts, left);
            facts = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
