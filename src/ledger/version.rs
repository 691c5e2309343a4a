//! What tells one version of a file from another.

use crate::files::{BETWEEN_ZONES, Precision, Time};

/// Size and time of a source file, as far as they were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version {
    /// Size in bytes.
    pub size: Option<u64>,
    /// When it was last modified.
    pub modified: Option<Time>,
}

impl Version {
    /// Whether the two are one version: equal sizes, and times that are equal at the coarser of their precisions.
    ///
    /// Where one of them tells what the other does not, they are two: a file that is sent twice is better than one that is
    /// never sent. Days are those of any zone, since listings name none; a file whose listing tells days has lain for months.
    pub fn is_one_with(self, other: Version) -> bool {
        let times = match (self.modified, other.modified) {
            (None, None) => true,
            (Some(one), Some(other)) => same_time(one, other),
            _ => false,
        };
        self.size == other.size && times
    }

    /// What is entered of a file that was listed as this, and read as `read`: what the next listing will show. A finer time is
    /// taken where the listing allows it; the listing's stands for what only it tells.
    #[must_use]
    pub fn read_as(self, read: Version) -> Version {
        let same = match (self.modified, read.modified) {
            (Some(listed), Some(read)) => same_time(listed, read) || in_another_zone(listed, read),
            _ => true,
        };
        let is_listed =
            same && (read.size.is_none() || self.size.is_none_or(|size| Some(size) == read.size));
        let finer = |read: &Time| {
            self.modified
                .is_some_and(|listed| read.precision < listed.precision && same_time(listed, *read))
        };
        match is_listed {
            true => Version {
                modified: read.modified.filter(finer).or(self.modified),
                ..self
            },
            // It had changed since, and was taken as it was then.
            false => read,
        }
    }
}

/// Whether one of two times is told in another zone, as by a server whose MDTM is in local time. The next listing shows what
/// this one has shown.
fn in_another_zone(one: Time, other: Time) -> bool {
    let width = one.precision.max(other.precision).seconds();
    let floor = |time: Time| time.seconds.div_euclid(width);
    (floor(one) - floor(other)).saturating_mul(width) % BETWEEN_ZONES == 0
}

fn same_time(one: Time, other: Time) -> bool {
    let width = match one.precision.max(other.precision) {
        Precision::Day => return !one.differs_in_every_zone(other),
        Precision::Nanosecond => return (one.seconds, one.nanos) == (other.seconds, other.nanos),
        width => width.seconds(),
    };
    one.seconds.div_euclid(width) == other.seconds.div_euclid(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(size: u64, modified: Time) -> Version {
        Version {
            size: Some(size),
            modified: Some(modified),
        }
    }

    #[test]
    fn times_are_compared_at_the_coarser_precision() {
        let minute = Time::known(1_000_020, Precision::Minute);
        for (one, other, same) in [
            (Time::at(1_000_059), minute, true),
            (Time::at(1_000_080), minute, false),
            (Time::at(1_000_019), minute, false),
            (Time::fine(5, 1), Time::at(5), true),
            (Time::fine(5, 1), Time::fine(5, 2), false),
            (Time::at(5), Time::at(6), false),
            (Time::at(-1), Time::known(-60, Precision::Minute), true),
            (Time::at(100_000), Time::known(0, Precision::Day), true),
            (Time::at(200_000), Time::known(0, Precision::Day), false),
        ] {
            assert_eq!(
                of(1, one).is_one_with(of(1, other)),
                same,
                "{one:?} {other:?}"
            );
            assert_eq!(
                of(1, other).is_one_with(of(1, one)),
                same,
                "{other:?} {one:?}"
            );
        }
    }

    #[test]
    fn what_one_side_does_not_tell_makes_two() {
        let whole = of(1, Time::at(5));
        let timeless = Version {
            modified: None,
            ..whole
        };
        assert!(timeless.is_one_with(timeless));
        assert!(!timeless.is_one_with(whole));
        assert!(!whole.is_one_with(Version {
            size: None,
            ..whole
        }));
        assert!(!whole.is_one_with(of(2, Time::at(5))));
    }

    #[test]
    fn what_is_entered_is_what_the_next_listing_shows() {
        let minute = Time::known(1_000_020, Precision::Minute);
        let listed = of(7, minute);
        // Asked exactly it is the same, and finer.
        assert_eq!(
            listed.read_as(of(7, Time::at(1_000_059))),
            of(7, Time::at(1_000_059))
        );
        // What only the listing tells stays.
        assert_eq!(listed.read_as(Version::default()), listed);
        let exact = of(7, Time::at(9));
        assert_eq!(
            exact.read_as(of(7, Time::known(0, Precision::Minute))),
            exact
        );
        // The time that was asked is told in another zone.
        let local = of(7, Time::at(1_000_059 + 8 * 3600));
        assert_eq!(listed.read_as(local), listed);
        // It had become another one.
        let other = of(8, Time::at(2_000_000));
        assert_eq!(listed.read_as(other), other);
        let bare = Version::default();
        assert_eq!(bare.read_as(of(7, Time::at(9))), bare);
    }
}
