//! Copies that their folder does not show. A server may have written one under another name (ftp-srv, and whatever stores
//! names in a smaller alphabet), and so over another file of the step.

use std::collections::BTreeMap;

use super::needed::Copy;
use crate::files::Precision;
use crate::transfer::Looks;

/// The copies by what can be compared: size and second.
#[derive(Default)]
pub(super) struct Absent<'c>(BTreeMap<(Option<u64>, i64), &'c Copy>);

impl<'c> Absent<'c> {
    pub(super) fn of(copies: impl IntoIterator<Item = &'c Copy>) -> Absent<'c> {
        let keyed = copies.into_iter().map(|copy| (key(copy.looks), copy));
        Absent(keyed.collect())
    }

    /// One that looks as this copy does, so that what stands under this one's name may be its content.
    pub(super) fn like(&self, looks: Looks) -> Option<&'c Copy> {
        let (size, second) = key(looks);
        // Listings tell at least the day.
        let near = Precision::Day.seconds();
        let (from, to) = (second.saturating_sub(near), second.saturating_add(near));
        let mut near = self
            .0
            .range((size, from)..=(size, to))
            .map(|(_, copy)| *copy);
        near.find(|copy| !differ(copy.looks, looks))
    }
}

fn key(looks: Looks) -> (Option<u64>, i64) {
    let second = looks.modified.map_or(0, |time| time.seconds);
    (looks.size, second)
}

fn differ(one: Looks, other: Looks) -> bool {
    let times = one.modified.zip(other.modified);
    times.is_some_and(|(one, other)| one.differs(other))
}
