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
    if now.size != size {
        return Fate::Keep(Changed::Size);
    }
    match (modified, now.modified) {
        (None, None) => Fate::Delete,
        (Some(then), Some(now)) if !then.differs(now) => Fate::Delete,
        _ => Fate::Keep(Changed::Time),
    }
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Changed::Kind => "it is no longer a regular file",
            Changed::Size => "its size changed since it was listed",
            Changed::Time => "its time changed since it was listed",
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
    fn only_what_is_certainly_the_same_is_deleted() {
        let time = Some(Time::at(60));
        let later = Some(Time::at(61));
        let minute = Some(Time::known(60, Precision::Minute));
        for (now, fate) in [
            (entry(Kind::File, Some(1), time), Fate::Delete),
            (entry(Kind::File, Some(1), minute), Fate::Delete),
            (entry(Kind::File, Some(2), time), Fate::Keep(Changed::Size)),
            (entry(Kind::File, None, time), Fate::Keep(Changed::Size)),
            (entry(Kind::File, Some(1), later), Fate::Keep(Changed::Time)),
            (entry(Kind::File, Some(1), None), Fate::Keep(Changed::Time)),
            (entry(Kind::Link, Some(1), time), Fate::Keep(Changed::Kind)),
            (None, Fate::Gone),
        ] {
            assert_eq!(still_same(Some(1), time, now), fate, "{now:?}");
        }
    }
}
