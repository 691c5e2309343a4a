//! Looking once more at a file that seems to stand at its destination unchanged: sizes and exact times, of both sides.

use super::checksum::Compared;
use super::copy::{at_source, at_target};
use super::end::{End, Looks};
use super::error::{Cause, CopyError};
use super::item::Item;
use super::request::Request;
use crate::files::{Allowance, Time, folder_of, split};

/// A time that nothing has by chance: 2001-02-03 04:05:06 UTC. It is even, for disks that keep every other second.
const TIME_OF_NOTHING: Time = Time::at(981_173_106);

/// Asks both ends what their listings did not say exactly, and compares. `request`: whether the destination keeps the times
/// of sources, and whether a later step relies on what is found.
///
/// # Errors
/// [`CopyError::end`] says on which side.
pub fn confirm(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
    request: &Request<'_>,
) -> Result<Compared, CopyError> {
    let ours = looks(source, &item.source).map_err(at_source)?;
    let theirs = looks(target, &item.target).map_err(at_target)?;
    let was_young = ours.modified.is_some_and(|time| request.was_young(time));
    Ok(match judge(ours, theirs, request.times_arrive()) {
        Compared::Same if was_young => Compared::Different,
        Compared::Same if !keeps_times(target, request).map_err(at_target)? => Compared::Unknown(
            "its time is the source's by chance only, because times are not kept there".into(),
        ),
        compared => compared,
    })
}

/// Whether equal times are no chance: where copies are given their sources' times.
fn keeps_times(target: &mut dyn End, request: &Request<'_>) -> Result<bool, Cause> {
    Ok(request.options.keep_times && (request.sets_times || target.may_set_times()?))
}

/// Whether an end keeps the time that one of our files is given: its answer to that is no proof.
///
/// # Errors
/// Where the end broke.
pub fn sees_time_kept(end: &mut dyn End, path: &[u8]) -> Result<bool, Cause> {
    if !end.set_time(path, TIME_OF_NOTHING)? {
        return Ok(false);
    }
    let told = match end.looks(path)?.modified {
        Some(told) => Some(told),
        None => listed_time(end, path)?,
    };
    Ok(told.is_some_and(|told| told.is_exact() && !told.differs(TIME_OF_NOTHING)))
}

fn listed_time(end: &mut dyn End, path: &[u8]) -> Result<Option<Time>, Cause> {
    let (own, limits) = (split(path).1.to_vec(), end.limits());
    let allowance = Allowance::new(limits).only(move |name| name == own);
    let page = end.list(folder_of(path), &allowance)?;
    let entry = page.entries().next();
    Ok(entry.and_then(|entry| entry.modified))
}

fn looks(end: &mut dyn End, path: &[u8]) -> Result<Looks, Cause> {
    end.set_type(false)?;
    end.looks(path)
}

/// A size or a time that is not told proves nothing, and is no reason to copy the file.
fn judge(ours: Looks, theirs: Looks, keeps_times: bool) -> Compared {
    let sizes = ours.size.zip(theirs.size);
    if sizes.is_some_and(|(ours, theirs)| ours != theirs) {
        return Compared::Different;
    }
    let unknown = |why: &str| Compared::Unknown(why.to_owned());
    match ours.modified.zip(theirs.modified) {
        _ if sizes.is_none() => unknown("its size is not told"),
        Some((ours, theirs)) if !ours.is_exact() || !theirs.is_exact() => {
            unknown("its time is not told exactly")
        }
        Some((ours, theirs)) if !ours.differs(theirs) => Compared::Same,
        Some((ours, theirs)) if keeps_times || ours.newer(theirs) => Compared::Different,
        Some(_) => unknown("its time is not the source's"),
        None => unknown("its time is not told"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(size: u64, time: i64) -> Looks {
        Looks {
            size: Some(size),
            modified: Some(Time::at(time)),
        }
    }

    #[test]
    fn only_equal_sizes_and_exact_times_are_the_same_file() {
        let none = Looks::default();
        for (ours, theirs, keeps, expected) in [
            (told(1, 5), told(1, 5), false, Some(Compared::Same)),
            (told(1, 5), told(2, 5), false, Some(Compared::Different)),
            (told(1, 5), told(1, 9), true, Some(Compared::Different)),
            (told(1, 9), told(1, 5), false, Some(Compared::Different)),
            (told(1, 5), told(1, 9), false, None),
            (told(1, 5), none, true, None),
            (none, told(1, 5), true, None),
        ] {
            let judged = judge(ours, theirs, keeps);
            match expected {
                Some(expected) => assert_eq!(judged, expected, "{ours:?} {theirs:?}"),
                None => assert!(matches!(judged, Compared::Unknown(_)), "{judged:?}"),
            }
        }
    }
}
