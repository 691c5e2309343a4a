//! The jobs of a `delete` or `move` step that look at its files and take them away, on a server or on this machine.

use std::sync::Arc;
use std::time::Duration;

use crate::files::{FileSet, Page, Precision, join, name_before};
use crate::transfer::{Deleted, End, Fate, Links, Looks, still_same};

use super::folders::FolderOf;
use super::place::{Deletion, Place, Was};
use super::renames::Target;
use super::{Output, output};
use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::steps::job::{Desk, Work};

/// A batch ends after this long.
pub(super) const SHORT: Duration = Duration::from_millis(100);

/// Lists a folder again and compares. `restore`: names that an interrupted run has put away come back first.
pub(super) fn survey(place: Place, folder: Arc<FolderOf>, restore: bool) -> Work {
    Box::new(move |desk| {
        let names = Arc::new(Names::new(&place.set, &folder));
        let surveyed = place
            .end(desk)
            .and_then(|end| place.page(end, &folder, &names, restore))
            .and_then(|page| match page {
                Some(page) => compare(&names, &page),
                None => Ok(names.all_gone()),
            });
        output(Output::Surveyed(surveyed))
    })
}

/// Takes a batch away, each file to its new name where it has one, as far as it gets in a short time.
pub(super) fn take_away(place: Place, files: Vec<(u32, Option<Target>)>) -> Work {
    Box::new(move |desk| {
        let end = desk.now() + SHORT;
        let mut done = Vec::with_capacity(files.len());
        for (at, target) in files {
            let result = place.take_one(desk, at, target.as_ref());
            done.push((at, result));
            if !desk.healthy() || desk.now() >= end {
                break;
            }
        }
        output(Output::Deleted(done))
    })
}

/// Removes folders that are empty now, the deepest first. One that is not empty stays, without a word.
pub(super) fn remove_folders(place: Place, mut folders: Vec<Vec<u8>>) -> Work {
    Box::new(move |desk| {
        folders
            .sort_by_key(|folder| std::cmp::Reverse(folder.iter().filter(|b| **b == b'/').count()));
        let mut warnings = Vec::new();
        for folder in folders {
            if let Err(warning) = place.remove_folder(desk, &folder) {
                warnings.push(warning);
                break;
            }
        }
        output(Output::Emptied(warnings))
    })
}

impl Place {
    /// The folder's entries now; none where the folder is gone.
    fn page(
        &self,
        end: &mut dyn End,
        folder: &FolderOf,
        names: &Arc<Names>,
        restore: bool,
    ) -> Result<Option<Page>, Fault> {
        let path = join(self.set.root(), &folder.folder);
        let list = |end: &mut dyn End, restore: bool| {
            let names = Arc::clone(names);
            let wanted = move |name: &[u8]| {
                names.find(name).is_some() || (restore && name_before(name).is_some())
            };
            pages::some(end, &self.name, &path, wanted)
        };
        let page = list(end, restore)?;
        let is_away = |page: &Page| restore && pages::put_away(page).next().is_some();
        if !page.as_ref().is_some_and(is_away) {
            return Ok(page);
        }
        pages::restore_in(end, &self.name, &path)?;
        list(end, false)
    }

    /// Why a file stays, as exactly as its server tells whether it is still what was transferred; only asked where a listing
    /// tells less. Its size was compared with that of its listing a moment ago.
    pub(super) fn stays(&self, end: &mut dyn End, at: u32) -> Result<Option<Fault>, Fault> {
        let was = self.sources.binary_search_by_key(&at, |(at, _)| *at);
        let was = was.ok().map(|place| self.sources[place].1);
        let (Some(was), true) = (was, is_coarse(&self.set, at)) else {
            return Ok(None);
        };
        let now = end.looks(&self.set.absolute(at));
        let now =
            now.map_err(|cause| Fault::at(&self.name, &cause, end).about(self.set.text(at)))?;
        let now = Looks {
            size: now.size.or(self.set.size(at)),
            ..now
        };
        let stays = is_still(was, now).err();
        Ok(stays.map(|why| why.fault().about(self.set.text(at))))
    }

    fn take_one(
        &self,
        desk: &mut Desk,
        at: u32,
        target: Option<&Target>,
    ) -> Result<Deletion, Fault> {
        let end = self.end(desk)?;
        if self.was_moved(end, at, target)? {
            return Ok(Deletion::Moved);
        }
        end.confine(self.set.root(), Links::Refuse);
        if let Some(fault) = self.stays(end, at)? {
            return Ok(Deletion::Kept(fault));
        }
        self.dispose(end, at, &self.set.absolute(at), target)
    }

    /// Whether an earlier try of which the reply was lost has moved a file.
    pub(super) fn was_moved(
        &self,
        end: &mut dyn End,
        at: u32,
        target: Option<&Target>,
    ) -> Result<bool, Fault> {
        match (&self.placing, target) {
            (Some(placing), Some(target)) if target.begun => {
                self.has_moved(end, placing, at, target)
            }
            _ => Ok(false),
        }
    }

    /// Moves or removes a file under the name that it has now.
    pub(super) fn dispose(
        &self,
        end: &mut dyn End,
        at: u32,
        path: &[u8],
        target: Option<&Target>,
    ) -> Result<Deletion, Fault> {
        match (&self.placing, target) {
            (Some(placing), Some(target)) => self.rename(end, placing, at, path, target),
            _ => self.remove(end, at, path),
        }
    }

    /// Removes a file under the name that it has now.
    fn remove(&self, end: &mut dyn End, at: u32, path: &[u8]) -> Result<Deletion, Fault> {
        match end.remove(path) {
            Ok(Deleted::Gone) => Ok(Deletion::Deleted),
            Ok(Deleted::WasNotThere) => Ok(Deletion::WasNotThere),
            Err(cause) => {
                let fault = Fault::at(&self.name, &cause, end).about(self.set.text(at));
                match cause.is_unknown() {
                    true => Ok(Deletion::Unknown(fault)),
                    false => Err(fault),
                }
            }
        }
    }

    /// One that is not empty, or gone already, is none of ours to insist on.
    fn remove_folder(&self, desk: &mut Desk, folder: &[u8]) -> Result<(), String> {
        let end = self.end(desk).map_err(|fault| fault.failure.message)?;
        match end.remove_folder(&join(self.set.root(), folder)) {
            Err(cause) if !end.healthy() => Err(format!("empty folders were left: {cause}")),
            _ => Ok(()),
        }
    }
}

/// Why a file stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stays {
    Changed,
    NoTime,
    NoSize,
}

impl Stays {
    fn fault(self) -> Fault {
        const BY_REPLY: &str = "where nobody writes such files meanwhile, and the reply to their transfer suffices, write `accept: reply`";
        let (why, help) = match self {
            Stays::Changed => (
                "it changed after it was transferred",
                "run the manifest again to transfer what changed",
            ),
            Stays::NoTime => (
                "its server tells no exact time of it (MDTM), so that a change since its transfer may not show",
                BY_REPLY,
            ),
            Stays::NoSize => (
                "its server tells no size of it, so that a change since its transfer may not show",
                BY_REPLY,
            ),
        };
        Fault::permanent(format!("it was kept: {why}")).help(help)
    }
}

/// Whether a source still is what was transferred. Where only a reply is relied on, what nobody tells keeps nothing. A time
/// that only a listing told may be of any zone; that the listing is the same now was seen before.
fn is_still(was: Was, now: Looks) -> Result<(), Stays> {
    let (size, time) = (was.looks.size, was.looks.modified);
    let sizes = size.zip(now.size);
    let times = time.zip(now.modified);
    if sizes.is_some_and(|(was, now)| was != now)
        || times.is_some_and(|(was, now)| was.differs_without_zone(now))
    {
        return Err(Stays::Changed);
    }
    match (was.by_reply, times, sizes) {
        (true, ..) | (false, Some(_), Some(_)) => Ok(()),
        (false, None, _) => Err(Stays::NoTime),
        (false, _, None) => Err(Stays::NoSize),
    }
}

/// Whether a listing tells the time of a file less exactly than the server would if asked.
fn is_coarse(set: &FileSet, at: u32) -> bool {
    let time = set.modified(at);
    time.is_none_or(|time| time.precision > Precision::Second)
}

/// The files of a folder, to be found by name. A folder may have a million of them, and its set holds their names already.
struct Names {
    set: FileSet,
    /// In the order of their names.
    positions: Vec<u32>,
}

impl Names {
    fn new(set: &FileSet, folder: &FolderOf) -> Names {
        let (set, mut positions) = (set.clone(), folder.positions.clone());
        positions.sort_by(|a, b| set.name(*a).cmp(&set.name(*b)));
        Names { set, positions }
    }

    /// The place of a name among them.
    fn find(&self, name: &[u8]) -> Option<usize> {
        let found = self
            .positions
            .binary_search_by(|at| (*self.set.name(*at)).cmp(name));
        found.ok()
    }

    fn all_gone(&self) -> Vec<(u32, Fate)> {
        self.positions.iter().map(|at| (*at, Fate::Gone)).collect()
    }
}

fn compare(names: &Names, page: &Page) -> Result<Vec<(u32, Fate)>, Fault> {
    if let Some(reason) = page.incomplete_reason() {
        let fault = format!(
            "nothing was taken away, because the folder's new listing may not be whole: {reason}"
        );
        return Err(Fault::permanent(fault).help("run it again, or list smaller folders"));
    }
    let (set, mut fates) = (&names.set, names.all_gone());
    for entry in page.entries() {
        if let Some(place) = names.find(entry.name) {
            let (at, fate) = &mut fates[place];
            *fate = still_same(set.size(*at), set.modified(*at), Some(entry));
        }
    }
    Ok(fates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Time;

    #[test]
    fn what_is_not_told_is_no_change_and_keeps_what_no_reply_suffices_for() {
        let looks = |size, time: Option<i64>| Looks {
            size,
            modified: time.map(|time| Time::known(time, Precision::Minute)),
        };
        let was = looks(Some(5), Some(60));
        for (was, now, copy, reply) in [
            (was, looks(Some(5), Some(60)), Ok(()), Ok(())),
            (was, looks(Some(5), None), Err(Stays::NoTime), Ok(())),
            (was, looks(None, None), Err(Stays::NoTime), Ok(())),
            (was, looks(None, Some(60)), Err(Stays::NoSize), Ok(())),
            (looks(Some(5), None), was, Err(Stays::NoTime), Ok(())),
            (looks(None, Some(60)), was, Err(Stays::NoSize), Ok(())),
        ] {
            let still = |by_reply| {
                is_still(
                    Was {
                        looks: was,
                        by_reply,
                    },
                    now,
                )
            };
            assert_eq!(
                (still(false), still(true)),
                (copy, reply),
                "{was:?} {now:?}"
            );
        }
        for now in [
            looks(Some(4), Some(60)),
            looks(Some(5), Some(180)),
            looks(Some(4), None),
        ] {
            for by_reply in [false, true] {
                let still = is_still(
                    Was {
                        looks: was,
                        by_reply,
                    },
                    now,
                );
                assert_eq!(still, Err(Stays::Changed), "{now:?}");
            }
        }
    }
}
