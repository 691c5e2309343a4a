//! Files that were written a moment ago, and that a later step will delete because they were copied.
//!
//! A second version that comes within one step of a time's precision has the same time as the first. So a file is read
//! only when its time is old enough to change with every later write; where that is not told, or would take too long, the
//! file is copied and its source stays.

use std::time::Duration;

use crate::files::{LONGEST_YOUTH, Time, racy, racy_in_some_zone};
use crate::transfer::{CopyError, End, Item, Looks, Role};

/// Whether a file's time would tell a later write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Youth {
    /// It would.
    Old,
    /// After so long.
    Wait(Duration),
    /// Nobody can tell.
    Unknown,
}

/// Asks how old a file is, more exactly where its listing leaves that open.
///
/// # Errors
/// Where the source broke.
pub(super) fn of(source: &mut dyn End, item: &Item, now: i64) -> Result<Youth, CopyError> {
    let coarse = item.modified.filter(|listed| !listed.is_exact());
    let exact = match (item.modified, coarse) {
        (Some(_), Some(listed)) if racy(listed, now).is_none() => return Ok(Youth::Old),
        (Some(_), None) => item.modified,
        _ => {
            source
                .looks(&item.source)
                .map_err(|cause| CopyError::new(Role::Source, cause))?
                .modified
        }
    };
    let told = exact.or(coarse);
    Ok(told.map_or(Youth::Unknown, |time| judge(time, now)))
}

/// The same by the listing alone, for a file that is known by it in later runs: they will see no more of its time than this.
/// None where its listing tells enough.
pub(super) fn as_listed(listed: Option<Time>, now: i64) -> Option<Youth> {
    let wait = racy(listed.filter(|time| !time.is_exact())?, now)?;
    Some(match wait <= LONGEST_YOUTH {
        true => Youth::Wait(wait),
        false => Youth::Unknown,
    })
}

/// How long to wait before a file is read again that was changed while it was read.
pub(super) fn after_change(became: Looks, now: i64) -> Duration {
    let wait = became.modified.and_then(|time| racy(time, now));
    wait.unwrap_or_default().min(LONGEST_YOUTH)
}

fn judge(time: Time, now: i64) -> Youth {
    match racy_in_some_zone(time, now) {
        None => Youth::Old,
        Some(wait) if wait <= LONGEST_YOUTH => Youth::Wait(wait),
        Some(_) => Youth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    #[test]
    fn a_file_is_waited_for_until_its_time_tells_a_later_write() {
        assert_eq!(judge(Time::at(100), 200), Youth::Old);
        // By a clock that is an hour behind it was written a second ago.
        let wait = Youth::Wait(Duration::from_secs(2));
        assert_eq!(judge(Time::at(10_000), 13_601), wait);
        assert_eq!(judge(Time::at(10_000), 13_603), Youth::Old);
        assert_eq!(
            judge(Time::at(100), 101),
            Youth::Wait(Duration::from_secs(2))
        );
        let minute = Time::known(60, Precision::Minute);
        assert_eq!(judge(minute, 100), Youth::Wait(Duration::from_secs(22)));
        // A clock that is ahead of ours, and a listing that tells days.
        assert_eq!(judge(Time::at(1000), 100), Youth::Unknown);
        assert_eq!(judge(Time::known(0, Precision::Day), 100), Youth::Unknown);
    }
}
