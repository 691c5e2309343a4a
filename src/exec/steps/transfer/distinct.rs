//! Which folders were seen to be two.

use std::collections::{BTreeSet, HashMap};

/// Which folders of sources are none of which folders of the destination.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    /// The folders that showed their own mark, by their numbers.
    pub(super) targets: HashMap<Vec<u8>, u32>,
    /// The folders that were seen whole, and whose marks they showed.
    pub(super) sources: HashMap<Vec<u8>, BTreeSet<u32>>,
}

impl Distinct {
    /// Whether the two were seen to be two.
    pub(super) fn are_two(&self, source: &[u8], target: &[u8]) -> bool {
        let (target, shown) = (self.targets.get(target), self.sources.get(source));
        let both = target.zip(shown);
        both.is_some_and(|(target, shown)| !shown.contains(target))
    }
}
