//! What a later deletion will compare, kept while a file arrives.

use std::collections::BTreeSet;

use super::ends::Terms;
use super::piece::Arrival;
use crate::files::folder_of;
use crate::transfer::{End, Item, Verdict};

impl Terms {
    /// Folders of other sources that are not known to be another than the destination's.
    pub(super) fn other_folders(&self, at: u32, item: &Item) -> Vec<Vec<u8>> {
        let others = self.decisions.others(at).iter();
        let folders = others.map(|other| folder_of(&self.set.absolute(*other)).to_vec());
        let folders: BTreeSet<Vec<u8>> = folders.collect();
        let unknown = folders.into_iter().filter(|folder| {
            let verdict = self.ends.verdict_of(folder, item);
            verdict != Some(Verdict::Different)
        });
        unknown.collect()
    }

    /// Keeps what a later deletion will compare: what was found out about the folders, and the time that a file got where
    /// it could not be given its source's.
    pub(super) fn witness(&self, arrival: Arrival, target: &mut dyn End, item: &Item) -> Arrival {
        let Arrival::Copied(mut copied) = arrival else {
            return arrival;
        };
        self.ends.keep_others(item);
        if let Some(verdict) = &copied.places {
            self.ends.keep_verdict(item, verdict);
        }
        copied.places = copied.places.or_else(|| self.ends.verdict(item));
        if !item.is_settled {
            copied.source.modified = None;
        }
        if self.wishes.relied && copied.time.is_none() && target.healthy() {
            let looks = target.looks(if copied.visible {
                &item.target
            } else {
                &item.temporary
            });
            copied.time = looks.ok().and_then(|looks| looks.modified);
        }
        Arrival::Copied(copied)
    }
}
