//! What all lists of a run hold at once: one is within its server's limits, and eight of them may be too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::limits::{Limit, Limits};

/// The entries of servers' listings that the sets of a run may hold at once, with the bytes of their names. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Held>);

#[derive(Debug)]
struct Held {
    most: Limits,
    entries: AtomicU64,
    name_bytes: AtomicU64,
}

impl Budget {
    /// A budget of so many entries; bytes of names grow with them as those of a server's [`Limits`].
    pub fn new(entries: u64) -> Budget {
        let most = Limits {
            entries,
            ..Limits::NONE
        };
        Budget(Arc::new(Held {
            most,
            entries: AtomicU64::new(0),
            name_bytes: AtomicU64::new(0),
        }))
    }

    /// Takes entries and bytes of names, which are then held even where that is too much.
    ///
    /// # Errors
    /// The limit that this passes.
    pub(super) fn take(&self, entries: u64, name_bytes: u64) -> Result<(), Limit> {
        let held = &self.0;
        let add = |count: &AtomicU64, more| count.fetch_add(more, Ordering::Relaxed) + more;
        let (entries, name_bytes) = (
            add(&held.entries, entries),
            add(&held.name_bytes, name_bytes),
        );
        if entries > held.most.entries {
            return Err(Limit::HeldEntries(held.most.entries));
        }
        match held.most.name_bytes() {
            most if name_bytes > most => Err(Limit::HeldNameBytes(most)),
            _ => Ok(()),
        }
    }

    /// Gives back what is not held any more.
    pub(super) fn give_back(&self, entries: u64, name_bytes: u64) {
        self.0.entries.fetch_sub(entries, Ordering::Relaxed);
        self.0.name_bytes.fetch_sub(name_bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Allowance;

    #[test]
    fn lists_share_the_budget_of_a_run_and_what_is_dropped_is_there_again() {
        let budget = Budget::new(3);
        let list = || Allowance::within(Limits::default(), &budget);
        let (one, other) = (list(), list());
        assert_eq!(one.take(2, 10), Ok(()));
        assert_eq!(other.take(2, 10), Err(Limit::HeldEntries(3)));
        let set = one.clone();
        drop((one, other));
        assert_eq!(list().take(2, 10), Err(Limit::HeldEntries(3)));
        assert_eq!(list().take(1, 10), Ok(()));
        drop(set);
        assert_eq!(list().take(3, 10), Ok(()));
    }

    #[test]
    fn a_listing_that_is_read_again_counts_once_and_paths_of_folders_count_too() {
        let budget = Budget::new(3);
        let list = Allowance::within(Limits::default(), &budget);
        assert_eq!(list.take(3, 10), Ok(()));
        list.give_back(3, 10);
        assert_eq!(list.take(3, 10), Ok(()));
        let most = Limits::default().entries.min(100_000) * 64;
        assert_eq!(list.enter(most), Err(Limit::HeldNameBytes(most)));
        drop(list);
        assert_eq!(budget.take(3, most), Ok(()));
    }
}
