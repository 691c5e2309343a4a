//! What a file entry is made of: side, kind and time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The number of a server in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerId(pub u32);

impl ServerId {
    /// The server at a position.
    pub fn new(at: usize) -> ServerId {
        ServerId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// Its position.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// Where a file set lives: this machine, or one of the plan's servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// This machine (`local` in a manifest).
    Local,
    /// A server.
    Server(ServerId),
}

impl Side {
    /// The server, where it is one.
    pub fn server(&self) -> Option<ServerId> {
        match self {
            Side::Local => None,
            Side::Server(server) => Some(*server),
        }
    }
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that was not followed.
    Link,
    /// A device, a pipe, a socket, or what the server would not say.
    Other,
}

/// How exactly a time is known.
///
/// LIST shows minutes for recent files and days for older ones; MLSD and MDTM show seconds (RFC 3659 §2.3); a disk
/// tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As a disk tells it.
    Nanosecond,
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// To the day.
    Day,
}

impl Precision {
    /// The width of one step of this precision, in whole seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Precision::Nanosecond | Precision::Second => 1,
            Precision::Minute => 60,
            Precision::Day => 86_400,
        }
    }
}

/// When a file was last modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Time {
    /// Seconds since the Unix epoch, UTC; the earliest instant that the known digits allow.
    pub seconds: i64,
    /// What is known of the second's parts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nanos: u32,
    /// How many digits are known.
    pub precision: Precision,
}

/// The last zone to begin a day is so many seconds behind UTC.
const WESTERNMOST: i64 = 12 * 3600;
/// The first one is so many seconds ahead of UTC.
const EASTERNMOST: i64 = 14 * 3600;

/// How much older than its precision a time must be before it proves anything: a server's cached listing, and a write
/// that ends a little after its time was taken.
const SETTLED: i64 = 2;

impl Time {
    /// A time known to the second.
    pub const fn at(seconds: i64) -> Time {
        Time::known(seconds, Precision::Second)
    }

    /// A time known to the second, the minute or the day.
    pub const fn known(seconds: i64, precision: Precision) -> Time {
        Time {
            seconds,
            nanos: 0,
            precision,
        }
    }

    /// The same without the parts of a second.
    #[must_use]
    pub fn to_the_second(self) -> Time {
        Time::known(self.seconds, self.precision.max(Precision::Second))
    }

    /// A time as a disk tells it.
    pub const fn fine(seconds: i64, nanos: u32) -> Time {
        Time {
            seconds,
            nanos,
            precision: Precision::Nanosecond,
        }
    }

    /// Whether it is known to the second at least.
    pub fn is_exact(self) -> bool {
        self.precision <= Precision::Second
    }

    /// Whether the two differ by more than the coarser precision of both.
    pub fn differs(self, other: Time) -> bool {
        match self.precision.max(other.precision) {
            Precision::Nanosecond => (self.seconds, self.nanos) != (other.seconds, other.nanos),
            Precision::Second => self.seconds != other.seconds,
            coarse => self.distance(other) > i128::from(coarse.seconds()),
        }
    }

    /// Whether the two differ whatever zone a day is of: LIST names none, so that a day of a listing may have begun 14 hours
    /// before that of UTC or 12 after it, and an hour beside what is known of the zone in the other season.
    ///
    /// For telling whether a file may be unchanged, which is no proof: a day shows no later write of that day anyway.
    pub fn differs_in_every_zone(self, other: Time) -> bool {
        let most = i128::from(Precision::Day.seconds() + WESTERNMOST);
        match self.precision.max(other.precision) {
            Precision::Day => self.distance(other) > most,
            _ => self.differs(other),
        }
    }

    /// The same where the zone of minutes is not known either: zones lie quarters of an hour apart, and 14 hours at most from
    /// UTC.
    pub fn differs_without_zone(self, other: Time) -> bool {
        let apart = self.distance(other);
        match self.precision.max(other.precision) {
            Precision::Minute => {
                let (zones, minute) = (
                    i128::from(BETWEEN_ZONES),
                    i128::from(Precision::Minute.seconds()),
                );
                let rest = apart.rem_euclid(zones);
                apart > i128::from(EASTERNMOST) + minute || rest.min(zones - rest) > minute
            }
            _ => self.differs_in_every_zone(other),
        }
    }

    /// Whether this time is later than the other by more than the coarser precision of both.
    pub fn newer(self, other: Time) -> bool {
        (self.seconds, self.nanos) > (other.seconds, other.nanos) && self.differs(other)
    }

    fn distance(self, other: Time) -> i128 {
        (i128::from(self.seconds) - i128::from(other.seconds)).abs()
    }
}

/// How long to wait until a file's time proves that it was not written since, given the clock of its side when the
/// time was asked: a second version within one step of the precision has the same time (git calls such an entry
/// racy). `None`: it proves that already.
pub fn racy(time: Time, now: i64) -> Option<Duration> {
    let settled = time
        .seconds
        .saturating_add(time.precision.seconds() + SETTLED);
    let wait = u64::try_from(settled.saturating_sub(now)).ok()?;
    (wait > 0).then(|| Duration::from_secs(wait))
}

/// All time zones lie so many seconds apart, or a multiple of that.
pub const BETWEEN_ZONES: i64 = 900;

/// The same for a server whose clock may be behind by hours, as where it tells local time for UTC: it shows a file of this
/// moment as old. For times to the second.
pub fn racy_in_some_zone(time: Time, now: i64) -> Option<Duration> {
    let age = now.saturating_sub(time.seconds);
    if age < 0 || !time.is_exact() {
        return racy(time, now);
    }
    racy(Time::at(now - age.rem_euclid(BETWEEN_ZONES)), now)
}

/// The longest that a file is waited for until its time is settled: a minute, which is what LIST tells, and the rest.
pub const LONGEST_YOUTH: Duration = Duration::from_secs(65);

/// Whether a file was written so lately that its time does not tell a later write. One that is far in the future comes from
/// a clock that is wrong, and tells nothing of that.
pub fn is_young(time: Time, now: i64) -> bool {
    racy(time, now).is_some_and(|wait| wait <= LONGEST_YOUTH)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(nanos: &u32) -> bool {
    *nanos == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_within_the_coarser_precision() {
        let exact = Time::at(1_000_059);
        let coarse = Time::known(1_000_020, Precision::Minute);
        assert!(!exact.differs(coarse));
        assert!(!exact.newer(coarse));
        assert!(Time::at(1_000_081).newer(coarse));
        assert!(Time::at(2).differs(Time::at(1)));
    }

    #[test]
    fn a_day_is_one_of_any_zone_for_what_is_no_proof() {
        let day = Time::known(1_600_041_600, Precision::Day);
        for hours in [-37_i64, -36, 23, 25, 36, 37] {
            let time = Time::at(day.seconds + hours * 3600);
            assert_eq!(time.differs(day), hours.abs() > 24, "{hours}");
            let differs = time.differs_in_every_zone(day);
            assert_eq!(differs, hours.abs() > 36, "{hours}");
        }
        let minute = Time::known(day.seconds, Precision::Minute);
        assert!(Time::at(day.seconds + 61).differs_in_every_zone(minute));
        for (seconds, differs) in [
            (59, false),
            (3600 + 59, false),
            (-5 * 3600 - 60, false),
            (14 * 3600, false),
            (3600 + 300, true),
            (15 * 3600, true),
        ] {
            let time = Time::at(day.seconds + seconds);
            assert_eq!(time.differs_without_zone(minute), differs, "{seconds}");
        }
    }

    #[test]
    fn parts_of_a_second_are_compared_where_both_sides_tell_them() {
        let (early, late) = (Time::fine(5, 100), Time::fine(5, 900));
        assert!(early.differs(late) && late.newer(early) && !early.newer(late));
        assert!(!early.differs(Time::at(5)) && !late.newer(Time::at(5)));
        assert!(early.differs(Time::at(4)));
    }

    #[test]
    fn a_time_is_racy_until_its_precision_and_two_seconds_are_over() {
        let minute = Time::known(600, Precision::Minute);
        for (time, now, wait) in [
            (Time::at(100), 100, Some(3)),
            (Time::at(100), 102, Some(1)),
            (Time::at(100), 103, None),
            (Time::fine(100, 5), 101, Some(2)),
            (Time::fine(100, 5), 103, None),
            (minute, 600, Some(62)),
            (minute, 662, None),
            (
                Time::at(i64::MAX),
                i64::MIN,
                Some(u64::try_from(i64::MAX).unwrap()),
            ),
            (Time::at(i64::MIN), i64::MAX, None),
        ] {
            assert_eq!(
                racy(time, now),
                wait.map(Duration::from_secs),
                "{time:?} at {now}"
            );
        }
    }
}
