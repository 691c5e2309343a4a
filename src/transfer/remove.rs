//! Whether a file that is to be deleted is still the file that was listed.

use crate::files::{PageEntry, Time};

/// What becomes of a file that is to be deleted, after its folder was listed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is the same: it may go.
    Delete,
    /// It is not: it stays, and the step fails.
    Keep(Changed),
    /// It is not there any more: a warning.
    Gone,
}

/// What changed since a file was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// What it is.
    Kind,
    /// Its size.
    Size,
    /// Its time.
    Time,
    /// Its size was told once, and not the other time.
    SizeUntold,
    /// The same of its time.
    TimeUntold,
}

/// Compares a file as it was listed with its entry in a second listing of the folder.
///
/// What one listing knows and the other does not counts as changed: a deletion needs certainty.
pub fn still_same(size: Option<u64>, modified: Option<Time>, now: Option<PageEntry<'_>>) -> Fate {
    let Some(now) = now else {
        return Fate::Gone;
    };
    if now.kind != crate::files::Kind::File {
        return Fate::Keep(Changed::Kind);
    }
    match (size, now.size) {
        (then, now) if then == now => {}
        (Some(_), Some(_)) => return Fate::Keep(Changed::Size),
        _ => return Fate::Keep(Changed::SizeUntold),
    }
    match (modified, now.modified) {
        (None, None) => Fate::Delete,
        (Some(then), Some(now)) if is_one_time(then, now) => Fate::Delete,
        (Some(_), Some(_)) => Fate::Keep(Changed::Time),
        _ => Fate::Keep(Changed::TimeUntold),
    }
}

/// Two listings that tell a file's time in the same way tell it the same, however coarse it is: the next minute is another.
fn is_one_time(then: Time, now: Time) -> bool {
    let in_one_way = then.precision == now.precision;
    !then.differs(now) && (!in_one_way || then.seconds == now.seconds)
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Changed::Kind => "it is no longer a regular file",
            Changed::Size => "its size changed since it was listed",
            Changed::Time => "its time changed since it was listed",
            Changed::SizeUntold => {
                "its size was told only once, so that a change since would not show"
            }
            Changed::TimeUntold => {
                "its time was told only once, so that a change since would not show"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Kind, Precision};

    fn entry(kind: Kind, size: Option<u64>, modified: Option<Time>) -> Option<PageEntry<'static>> {
        Some(PageEntry {
            name: b"a",
            kind,
            size,
            modified,
        })
    }

    #[test]
    fn the_next_minute_is_another_where_both_listings_tell_minutes() {
        let at = |seconds, precision| Some(Time::known(seconds, precision));
        let same = |then, now| still_same(Some(1), then, entry(Kind::File, Some(1), now));
        for precision in [Precision::Minute, Precision::Day] {
            let (then, next) = (at(0, precision), at(precision.seconds(), precision));
            assert_eq!(same(then, then), Fate::Delete);
            assert_eq!(same(then, next), Fate::Keep(Changed::Time));
            assert_eq!(same(at(59, Precision::Second), then), Fate::Delete);
        }
    }

    #[test]
    fn only_what_is_certainly_the_same_is_deleted() {
        let time = Some(Time::at(60));
        let later = Some(Time::at(61));
        let minute = Some(Time::known(60, Precision::Minute));
        for (now, fate) in [
            (entry(Kind::File, Some(1), time), Fate::Delete),
            (entry(Kind::File, Some(1), minute), Fate::Delete),
            (entry(Kind::File, Some(2), time), Fate::Keep(Changed::Size)),
            (
                entry(Kind::File, None, time),
                Fate::Keep(Changed::SizeUntold),
            ),
            (entry(Kind::File, Some(1), later), Fate::Keep(Changed::Time)),
            (
                entry(Kind::File, Some(1), None),
                Fate::Keep(Changed::TimeUntold),
            ),
            (entry(Kind::Link, Some(1), time), Fate::Keep(Changed::Kind)),
            (None, Fate::Gone),
        ] {
            assert_eq!(still_same(Some(1), time, now), fate, "{now:?}");
        }
    }
}
