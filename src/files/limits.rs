//! How much a step takes from the listings of a server, which may be endless.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::budget::Budget;

/// What an entry takes with it: bytes of its name, on average, and lines and bytes of its listing.
const NAME_BYTES: u64 = 64;
const LINES: u64 = 4;
const LISTED_BYTES: u64 = 512;
/// Below so many entries the bounds that follow from them stand still: few entries may have long names.
const FEWEST: u64 = 100_000;

/// The most that one step takes from a server's listings: `limits` of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Entries, over all folders.
    pub entries: u64,
    /// Folders.
    pub folders: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            entries: 1_000_000,
            folders: 100_000,
        }
    }
}

impl Limits {
    /// No limits: for this machine's own disk.
    pub const NONE: Limits = Limits {
        entries: u64::MAX,
        folders: u64::MAX,
    };

    /// Bytes of names and of folders' paths, over all folders.
    pub fn name_bytes(self) -> u64 {
        self.entries.max(FEWEST).saturating_mul(NAME_BYTES)
    }

    /// Lines of one listing.
    pub fn lines(self) -> u64 {
        self.entries.max(FEWEST).saturating_mul(LINES)
    }

    /// Bytes of one listing.
    pub fn listed_bytes(self) -> u64 {
        self.entries.max(FEWEST).saturating_mul(LISTED_BYTES)
    }
}

/// A limit that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Entries of a step.
    Entries(u64),
    /// Folders of a step.
    Folders(u64),
    /// Bytes of names of a step.
    NameBytes(u64),
    /// Lines of one listing.
    Lines(u64),
    /// Bytes of one listing.
    ListedBytes(u64),
    /// Seconds that one listing takes.
    Seconds(u64),
    /// Entries of all lists that a run holds at once.
    HeldEntries(u64),
    /// Bytes of their names.
    HeldNameBytes(u64),
}

impl Limit {
    /// Whose limit it is, in words.
    pub fn whose(self) -> &'static str {
        match self {
            Limit::HeldEntries(_) | Limit::HeldNameBytes(_) => "the run's limits",
            _ => "the server's limits",
        }
    }

    /// What to write in the manifest to get beyond it.
    pub fn help(self) -> &'static str {
        match self {
            Limit::Entries(_) => {
                "raise `limits: {entries: …}` of the server, if it is to be trusted"
            }
            Limit::Folders(_) => {
                "raise `limits: {folders: …}` of the server, if it is to be trusted"
            }
            Limit::NameBytes(_) | Limit::Lines(_) | Limit::ListedBytes(_) => {
                "raise `limits: {entries: …}` of the server, with which this grows, if it is to be trusted"
            }
            Limit::Seconds(_) => "raise `timeouts: {data: …}` of the server, with which this grows",
            Limit::HeldEntries(_) | Limit::HeldNameBytes(_) => {
                "raise `limits: {entries: …}` at the top of the manifest, if its servers are to be trusted, or let one list wait until the other is not needed any more (`needs`)"
            }
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Entries(most) => write!(out, "more than {most} entries"),
            Limit::Folders(most) => write!(out, "more than {most} folders"),
            Limit::NameBytes(most) => write!(out, "more than {} MB of names", most / 1_000_000),
            Limit::Lines(most) => write!(out, "more than {most} lines in one listing"),
            Limit::ListedBytes(most) => {
                write!(out, "more than {} MB in one listing", most / 1_000_000)
            }
            Limit::Seconds(most) => write!(out, "one listing goes on for more than {most} s"),
            Limit::HeldEntries(most) => write!(out, "more than {most} entries in all its lists"),
            Limit::HeldNameBytes(most) => {
                write!(
                    out,
                    "more than {} MB of names in all its lists",
                    most / 1_000_000
                )
            }
        }
    }
}

/// What one step may still take, shared by the jobs that list its folders.
#[derive(Clone)]
pub struct Allowance {
    taken: Arc<Taken>,
    wanted: Option<Arc<Wanted>>,
}

/// Whether an entry with this name is of use.
type Wanted = dyn Fn(&[u8]) -> bool + Send + Sync;

#[derive(Debug)]
struct Taken {
    limits: Limits,
    entries: AtomicU64,
    folders: AtomicU64,
    name_bytes: AtomicU64,
    /// What the run has for all its lists.
    budget: Option<Budget>,
}

impl Allowance {
    /// All of what the limits allow.
    pub fn new(limits: Limits) -> Allowance {
        Allowance::of(limits, None)
    }

    /// The same for a list whose entries a run holds: they count towards its budget until the last clone is dropped.
    pub fn within(limits: Limits, budget: &Budget) -> Allowance {
        Allowance::of(limits, Some(budget.clone()))
    }

    /// What is held of the same budget for a copy of some entries, were it too much.
    pub(super) fn for_copy(&self, entries: u64, name_bytes: u64) -> Allowance {
        let copy = Allowance::of(Limits::NONE, self.taken.budget.clone());
        let _ = copy.take(entries, name_bytes);
        copy
    }

    fn of(limits: Limits, budget: Option<Budget>) -> Allowance {
        Allowance {
            taken: Arc::new(Taken {
                budget,
                limits,
                entries: AtomicU64::new(0),
                folders: AtomicU64::new(0),
                name_bytes: AtomicU64::new(0),
            }),
            wanted: None,
        }
    }

    /// The same for some names alone: others need not be kept, and may be all the same.
    #[must_use]
    pub fn only(self, wanted: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Allowance {
        Allowance {
            wanted: Some(Arc::new(wanted)),
            ..self
        }
    }

    /// Whether an entry with this name is to be kept.
    pub fn wants(&self, name: &[u8]) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted(name))
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.taken.limits
    }

    /// Takes entries and the bytes of their names.
    ///
    /// # Errors
    /// The limit that this passes.
    pub fn take(&self, entries: u64, name_bytes: u64) -> Result<(), Limit> {
        let most = self.taken.limits.entries;
        let all = add(&self.taken.entries, entries);
        let held = self.take_held(entries, name_bytes);
        if all > most {
            return Err(Limit::Entries(most));
        }
        held
    }

    /// Gives back what was taken for a listing that is tried again.
    pub fn give_back(&self, entries: u64, name_bytes: u64) {
        self.taken.entries.fetch_sub(entries, Ordering::Relaxed);
        self.taken
            .name_bytes
            .fetch_sub(name_bytes, Ordering::Relaxed);
        if let Some(budget) = &self.taken.budget {
            budget.give_back(entries, name_bytes);
        }
    }

    /// Takes a folder that is to be listed, with the bytes of its path.
    ///
    /// # Errors
    /// The limit that this passes.
    pub fn enter(&self, path_bytes: u64) -> Result<(), Limit> {
        let most = self.taken.limits.folders;
        if add(&self.taken.folders, 1) > most {
            return Err(Limit::Folders(most));
        }
        self.take_held(0, path_bytes)
    }

    /// Takes bytes of names, and of the budget all that is held.
    fn take_held(&self, entries: u64, bytes: u64) -> Result<(), Limit> {
        let most = self.taken.limits.name_bytes();
        let all = add(&self.taken.name_bytes, bytes);
        let budget = self.taken.budget.as_ref();
        let held = budget.map_or(Ok(()), |budget| budget.take(entries, bytes));
        if all > most {
            return Err(Limit::NameBytes(most));
        }
        held
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give_back(*self.entries.get_mut(), *self.name_bytes.get_mut());
        }
    }
}

fn add(count: &AtomicU64, more: u64) -> u64 {
    count
        .fetch_add(more, Ordering::Relaxed)
        .saturating_add(more)
}

impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Allowance").field(&self.taken).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Limits = Limits {
        entries: 3,
        folders: 2,
    };

    #[test]
    fn what_is_shared_is_counted_together_and_what_is_given_back_is_there_again() {
        let one = Allowance::new(FEW);
        let other = one.clone();
        assert_eq!(one.take(2, 10), Ok(()));
        assert_eq!(other.take(2, 10), Err(Limit::Entries(3)));
        other.give_back(2, 10);
        assert_eq!(other.take(1, 10), Ok(()));
    }

    #[test]
    fn folders_and_their_paths_count() {
        let allowance = Allowance::new(FEW);
        assert_eq!(allowance.enter(1), Ok(()));
        assert_eq!(allowance.enter(6_400_000), Err(Limit::NameBytes(6_400_000)));
        assert_eq!(allowance.enter(1), Err(Limit::Folders(2)));
    }

    #[test]
    fn few_entries_may_have_long_names() {
        assert_eq!(FEW.name_bytes(), 6_400_000);
        let many = Limits {
            entries: 2_000_000,
            ..FEW
        };
        assert_eq!(many.name_bytes(), 128_000_000);
    }
}
