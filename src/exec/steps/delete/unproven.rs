//! Why a file stays: its copy does not prove, or does not prove any more, that it stands elsewhere; and what to do about it.

use crate::exec::fault::Fault;
use crate::transfer::Looks;

const UNTOLD: &str =
    "no time of its copy was told when it was written, so that a change since would not show";
const NO_SIZE: &str = "the size of its copy is not told, so that a change since would not show";
const NO_TIME: &str =
    "no exact time of its copy is told any more, so that a change since would not show";
const GONE: &str = "its copy does not stand there any more";
const OTHER_SIZE: &str = "its copy has another size now";
const OTHER_TIME: &str = "its copy has another time than it had or was given when it arrived: it was written since, or its server did not keep that";
const TIMES_UNSEEN: &str = "its copy was found by size and time, and its server was not seen to keep a time that a file is given, so that it may be another file";

/// What to do where a time may not have been kept.
pub(super) const TIMES_NOW: &str = "look at it; where its server does not keep the times that it takes, write `times: now` in the transfer";

/// What a copy lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// No time was told of it when it was written.
    Untold,
    NoSize,
    NoTime,
    Gone,
    OtherSize,
    OtherTime,
    /// It was not written by this run: it has the source's size and time, and may have that by chance.
    TimesUnseen,
}

/// Why a file stays, and what to do.
#[derive(Debug)]
pub(in crate::exec) struct Unproven {
    why: String,
    help: &'static str,
}

impl Lack {
    fn words(self) -> &'static str {
        match self {
            Lack::Untold => UNTOLD,
            Lack::NoSize => NO_SIZE,
            Lack::NoTime => NO_TIME,
            Lack::Gone => GONE,
            Lack::OtherSize => OTHER_SIZE,
            Lack::OtherTime => OTHER_TIME,
            Lack::TimesUnseen => TIMES_UNSEEN,
        }
    }

    fn help(self) -> &'static str {
        match self {
            Lack::Untold | Lack::NoSize | Lack::NoTime => {
                "where the reply to the transfer suffices, write `accept: [copy, reply]`"
            }
            Lack::Gone => {
                "look whether it arrived, under another name perhaps; where files are taken away from there at once, write `accept: reply`"
            }
            Lack::OtherTime => TIMES_NOW,
            Lack::TimesUnseen => {
                "where a server computes sums, `verify: checksum` compares contents; else look at both"
            }
            Lack::OtherSize => BOTH,
        }
    }

    /// In a folder.
    pub(super) fn at(self, folder: &str) -> Unproven {
        Unproven {
            why: format!("{} (in `{folder}`)", self.words()),
            help: self.help(),
        }
    }
}

const BOTH: &str = "look at both, then run the manifest again";

impl Unproven {
    /// The failure of the file that stays.
    pub(super) fn kept(self) -> Fault {
        Fault::permanent(format!("it was kept: {}", self.why)).help(self.help)
    }
}

impl From<Lack> for Unproven {
    fn from(lack: Lack) -> Unproven {
        Unproven {
            why: lack.words().to_owned(),
            help: lack.help(),
        }
    }
}

impl From<String> for Unproven {
    fn from(why: String) -> Unproven {
        Unproven { why, help: BOTH }
    }
}

impl From<&str> for Unproven {
    fn from(why: &str) -> Unproven {
        why.to_owned().into()
    }
}

/// Whether a copy that stands is the one that arrived; what it lacks where that is not so, or not known.
pub(super) fn is_as_it_was(was: Looks, now: Looks) -> Result<(), Lack> {
    match (was.size, now.size) {
        (Some(was), Some(now)) if was == now => {}
        (Some(_), Some(_)) => return Err(Lack::OtherSize),
        _ => return Err(Lack::NoSize),
    }
    match (was.modified, now.modified) {
        (None, None) => Ok(()),
        // Files that a listing shows with a day in whatever zone are old: one that was written since is not among them.
        (Some(was), Some(now)) if !was.differs_in_every_zone(now) => Ok(()),
        (Some(_), Some(_)) => Err(Lack::OtherTime),
        (None, Some(_)) => Err(Lack::Untold),
        (Some(_), None) => Err(Lack::NoTime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Time;

    #[test]
    fn a_copy_is_what_it_was_by_size_and_time() {
        let at = |size, time: Option<i64>| Looks {
            size,
            modified: time.map(Time::at),
        };
        let (was, timeless) = (at(Some(5), Some(9)), at(Some(5), None));
        for (was, now, told) in [
            (was, at(Some(5), Some(9)), Ok(())),
            (timeless, at(Some(5), None), Ok(())),
            (
                was,
                at(Some(4), Some(9)),
                Err("its copy has another size now"),
            ),
            (was, at(Some(5), Some(8)), Err(OTHER_TIME)),
            (was, at(None, Some(9)), Err(NO_SIZE)),
            (at(None, Some(9)), was, Err(NO_SIZE)),
            (was, at(Some(5), None), Err(NO_TIME)),
            (timeless, at(Some(5), Some(9)), Err(UNTOLD)),
        ] {
            let found = is_as_it_was(was, now).map_err(Lack::words);
            assert_eq!(found, told, "{was:?} {now:?}");
        }
    }
}
