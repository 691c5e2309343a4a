//! Giving a file that has arrived its final name, clearing up, and looking when a reply was lost.

use super::end::{Arrived, End, Seen};
use super::error::{Cause, CopyError, Doubt, Role, Stage};
use super::item::Item;
use crate::files::Time;
use crate::ftp::ErrorKind;

/// What publishing a file did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// What did not work although the file stands whole under its name: a mode that the server does not set.
    pub warning: Option<String>,
}

/// What became of a file whose reply was lost, with the time that it was given now, where the end took one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It stands whole under its final name; its mode was set and older partial files removed.
    Published(Option<Time>),
    /// It stands whole under its temporary name, with its time: [`publish`] it.
    Arrived(Option<Time>),
    /// It did not arrive: copy it again.
    NotArrived,
}

/// Gives a file that stands whole under its temporary name its final name, then its mode, and removes older partial
/// files of that name.
///
/// # Errors
/// The file keeps its temporary name. [`Cause::Unknown`]: the reply was lost, ask [`settle`].
pub fn publish(target: &mut dyn End, item: &Item) -> Result<Published, CopyError> {
    let doubt = Doubt {
        stage: Stage::Renaming,
        expected: item.size.unwrap_or(0),
        proven: match item.size {
            Some(_) => Ok(()),
            None => Err("the source does not tell its size".into()),
        },
    };
    rename(target, item, Arrived::default(), doubt)?;
    Ok(finish(target, item))
}

/// Looks what became of a file, on a new session, by what stands at its names, and makes up for what else the lost
/// replies may have taken along: time, mode, older partial files.
///
/// # Errors
/// When looking fails, too: try again.
pub fn settle(target: &mut dyn End, item: &Item, doubt: &Doubt) -> Result<Settled, CopyError> {
    target
        .set_type(false)
        .map_err(|cause| CopyError::new(Role::Target, cause))?;
    let settled =
        look_for(target, item, doubt).map_err(|cause| CopyError::new(Role::Target, cause))?;
    if doubt.stage == Stage::Renaming && item.may_overwrite && !item.direct {
        target
            .settle_aside(&item.target)
            .map_err(|cause| CopyError::new(Role::Target, cause))?;
    }
    Ok(match settled {
        Settled::Arrived(_) => Settled::Arrived(set_time(target, item, &item.temporary)),
        Settled::Published(_) => {
            let time = set_time(target, item, &item.target);
            finish(target, item);
            Settled::Published(time)
        }
        Settled::NotArrived => Settled::NotArrived,
    })
}

/// Removes what was written of a file that is given up. That nothing is there is fine.
///
/// # Errors
/// When it still stands.
pub fn discard(target: &mut dyn End, item: &Item) -> Result<(), CopyError> {
    match target.remove(item.written()) {
        Ok(_) => Ok(()),
        Err(cause) => Err(CopyError::new(Role::Target, cause)),
    }
}

/// How many bytes of a file that has not arrived stand there; none where that cannot be told.
///
/// # Errors
/// When looking fails.
pub fn written(target: &mut dyn End, item: &Item) -> Result<Option<u64>, CopyError> {
    let seen = target
        .set_type(false)
        .and_then(|()| target.look(item.written()));
    match seen.map_err(|cause| CopyError::new(Role::Target, cause))? {
        Seen::Bytes(there) => Ok(Some(there)),
        Seen::Something | Seen::Nothing => Ok(None),
    }
}

/// RNFR and RNTO, or rename(2), by what was said after the last byte.
///
/// FTP has no exclusive rename: what gets the name between the look at it and RNTO is replaced.
pub(super) fn rename(
    target: &mut dyn End,
    item: &Item,
    arrived: Arrived,
    doubt: Doubt,
) -> Result<(), CopyError> {
    let renamed = match arrived.taken {
        Some(true) if !item.may_overwrite => Err(Cause::Taken),
        _ => {
            let over = item.may_overwrite;
            // Where the name could not be looked at with the last byte, it is now.
            let ready = arrived.rename_ready && (over || arrived.taken.is_some());
            target.rename(&item.temporary, &item.target, ready, over)
        }
    };
    renamed.map_err(|cause| {
        let cause = item.taken_by(unless_known(cause, doubt));
        CopyError::new(Role::Target, cause)
    })
}

/// Mode and older partials. The file stands; nothing here makes it fail.
pub(super) fn finish(target: &mut dyn End, item: &Item) -> Published {
    let mut published = Published::default();
    if let Some(mode) = item.chmod
        && let Err(error) = target.set_mode(&item.target, mode)
    {
        published.warning = Some(format!(
            "the file has arrived, but its mode was not set: {error}"
        ));
    }
    for partial in item.stale.iter().filter(|stale| **stale != item.temporary) {
        // Clearing up is worth no session and no error: what stays is seen, and goes, the next time.
        if !target.healthy() || target.remove(partial).is_err() {
            break;
        }
    }
    published
}

/// An error of a server, or the doubt that it leaves.
pub(super) fn unless_known(cause: Cause, doubt: Doubt) -> Cause {
    match cause {
        Cause::Ftp(error)
            if matches!(
                error.kind,
                ErrorKind::UnknownOutcome | ErrorKind::NoFinalReply
            ) =>
        {
            Cause::Unknown {
                doubt: Box::new(doubt),
                error: Box::new(error),
            }
        }
        cause => cause,
    }
}

/// The time is worth no error: without it the next run compares as for a server that cannot set times.
fn set_time(target: &mut dyn End, item: &Item, path: &[u8]) -> Option<Time> {
    let time = item.time_of_copy()?;
    let is_set = target.set_time(path, time).unwrap_or(false);
    is_set.then_some(time)
}

fn look_for(target: &mut dyn End, item: &Item, doubt: &Doubt) -> Result<Settled, Cause> {
    let whole = Seen::Bytes(doubt.expected);
    if item.direct {
        return Ok(match target.look(&item.target)? == whole {
            true => Settled::Published(None),
            false => Settled::NotArrived,
        });
    }
    let temporary = target.look(&item.temporary)?;
    if temporary == whole {
        return Ok(Settled::Arrived(None));
    }
    // Only a rename makes the temporary name go: before it, whatever has the final name is the old file.
    let renamed = doubt.stage == Stage::Renaming && temporary == Seen::Nothing;
    Ok(match renamed && target.look(&item.target)? == whole {
        true => Settled::Published(None),
        false => Settled::NotArrived,
    })
}
