//! Whether copies still stand at their destinations as they did when they arrived.

use std::collections::HashSet;
use std::sync::Arc;

use crate::files::{Kind, PageEntry, Precision, Time, folded, join};
use crate::transfer::{End, Links, Looks, Role};

use super::needed::{Copies, Copy, CopyFolder};
use super::sight::Sight;
use super::{Output, output};
use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::steps::job::Work;

const UNTOLD: &str =
    "no time of its copy was told when it was written, so that a change since would not show";
const NO_SIZE: &str = "the size of its copy is not told, so that a change since would not show";
const NO_TIME: &str =
    "no exact time of its copy is told any more, so that a change since would not show";
const GONE: &str = "its copy does not stand there any more";
const OTHER_TIME: &str = "its copy has another time than it had or was given when it arrived: it was written since, or its server did not keep that";
/// What to do where a time may not have been kept.
pub(super) const TIMES_NOW: &str = "look at it; where its server does not keep the times that it takes, write `times: now` in the transfer";

/// A folder of a destination, and the copies that must stand in it.
pub(super) struct Looking {
    /// The number of the folder.
    pub(super) number: u32,
    /// The server's name, or `local`.
    pub(super) name: String,
    pub(super) root: Vec<u8>,
    pub(super) path: Vec<u8>,
    /// Whether what was written below its root is still to be made safe against a crash.
    pub(super) flushes: bool,
    /// All copies of the step: those of this folder are known by its number.
    pub(super) copies: Arc<Copies>,
}

/// Names of copies, and those that a system may take for one of them.
#[derive(Default)]
pub(super) struct Names {
    /// By their hashes: see [`folded`].
    alike: HashSet<u64>,
    /// Whether one is not ASCII: then so may be what is taken for it.
    foreign: bool,
}

impl Names {
    pub(super) fn of<'c>(copies: impl IntoIterator<Item = &'c Copy>) -> Names {
        let mut names = Names::default();
        for copy in copies {
            names.add(&copy.name);
            copy.beside.iter().for_each(|name| names.add(name));
        }
        names
    }

    pub(super) fn add(&mut self, name: &[u8]) {
        self.alike.insert(folded(name));
        self.foreign |= !name.is_ascii();
    }

    fn hold(&self, name: &[u8]) -> bool {
        (self.foreign && !name.is_ascii()) || self.alike.contains(&folded(name))
    }
}

/// Files whose copy is not as it must be, and why.
pub(in crate::exec) type Wrong = Vec<(u32, String)>;

impl Looking {
    pub(super) fn new(
        number: u32,
        folder: &CopyFolder,
        name: String,
        copies: Arc<Copies>,
    ) -> Looking {
        Looking {
            number,
            name,
            root: folder.root.clone(),
            path: folder.path.clone(),
            flushes: folder.is_first,
            copies,
        }
    }

    /// Lists the folder and compares.
    pub(super) fn work(self) -> Work {
        Box::new(move |desk| {
            let wrong = desk.end(Role::Target).and_then(|end| self.look(end));
            output(Output::Looked(self.number, wrong))
        })
    }

    fn look(&self, end: &mut dyn End) -> Result<Wrong, Fault> {
        end.confine(&self.root, Links::Refuse);
        if self.flushes {
            end.flush().map_err(|cause| self.not_safe(&*end, &cause))?;
        }
        let copies = || self.copies.of_folder(self.number);
        let sight = self.sight(end, Names::of(copies()))?;
        let mut wrong = Vec::new();
        for copy in copies() {
            if let Err(why) = self.compare(end, &sight, copy)? {
                wrong.push((copy.file, why));
            }
        }
        Ok(wrong)
    }

    /// What the folder shows of the names that are of use.
    pub(super) fn sight(&self, end: &mut dyn End, names: Names) -> Result<Sight, Fault> {
        let page = pages::some(end, &self.name, &self.path, move |name| names.hold(name))?;
        Ok(Sight::of(page.unwrap_or_default()))
    }

    fn not_safe(&self, end: &dyn End, cause: &crate::transfer::Cause) -> Fault {
        let mut fault = Fault::at(&self.name, cause, end);
        let message = &mut fault.failure.message;
        *message = format!("nothing was deleted, because the copies may not be safe: {message}");
        fault
    }

    /// Whether a copy is as it must be; the reason why not.
    pub(super) fn compare(
        &self,
        end: &mut dyn End,
        sight: &Sight,
        copy: &Copy,
    ) -> Result<Result<(), String>, Fault> {
        if let Some(reason) = sight.incomplete_reason() {
            return Ok(Err(format!(
                "the listing of its copy's folder may not be whole: {reason}"
            )));
        }
        let entry = sight.entry(&copy.name);
        let now = match entry {
            Some(entry) if entry.kind == Kind::File && tells_enough(entry, copy) => looks(entry),
            Some(entry) if entry.kind != Kind::File => {
                return Ok(Err("its copy is no regular file any more".into()));
            }
            // A listing may hide its name, or tell no size or time.
            _ => {
                let path = join(&self.path, &copy.name);
                let looks = end.looks(&path);
                let asked = looks
                    .map_err(|cause| Fault::at(&self.name, &cause, end).about(end.decode(&path)))?;
                Looks {
                    size: asked.size.or(entry.and_then(|entry| entry.size)),
                    modified: asked.modified.or(time_shown(entry, copy)),
                }
            }
        };
        let stands = entry.is_some() || now != Looks::default();
        if entry.is_none()
            && let Some(other) = taken_for(end, sight, copy)
        {
            return Ok(Err(format!(
                "what was taken for its copy is listed as `{other}`, and may be that of another file"
            )));
        }
        let lacks = copy.beside.iter();
        let mut lacks = lacks.filter(|name| sight.entry(name).is_none());
        Ok(match lacks.next() {
            Some(other) => Err(format!(
                "its copy's folder does not show `{}` beside it, which may be taken for the same name there",
                end.decode(other)
            )),
            None if !stands => Err(self.there(end, GONE)),
            None => is_as_it_was(copy.as_known(now), now).map_err(|why| self.there(end, why)),
        })
    }

    fn there(&self, end: &dyn End, why: &str) -> String {
        format!("{why} (in `{}:{}`)", self.name, end.decode(&self.path))
    }
}

/// A file that stays because of its copy.
pub(super) fn kept(why: &str) -> Fault {
    let fault = Fault::permanent(format!("it was kept: {why}"));
    let is = |reason: &&str| why.starts_with(*reason);
    fault.help(if [UNTOLD, NO_SIZE, NO_TIME].iter().any(is) {
        "where the reply to the transfer suffices, write `accept: [copy, reply]`"
    } else if is(&GONE) {
        "look whether it arrived; where files are taken away from there at once, write `accept: reply`"
    } else if is(&OTHER_TIME) {
        TIMES_NOW
    } else {
        "look at both, then run the manifest again"
    })
}

fn looks(entry: PageEntry<'_>) -> Looks {
    Looks {
        size: entry.size,
        modified: entry.modified,
    }
}

/// The name of what may have answered for a copy that no listing shows. What this run wrote may be listed otherwise, where a
/// server writes names as it likes, but not where another file of the run has such a name: it may have been written over.
fn taken_for(end: &dyn End, sight: &Sight, copy: &Copy) -> Option<String> {
    match copy.beside.first() {
        Some(other) => Some(end.decode(other)),
        None if copy.was_there => sight.listed_otherwise(end, &copy.name),
        None => None,
    }
}

fn tells_enough(entry: PageEntry<'_>, copy: &Copy) -> bool {
    let time = time_shown(Some(entry), copy).is_some();
    entry.size.is_some() && (time || copy.looks.modified.is_none())
}

/// The time that a listing tells, where it is exact enough to be compared with the copy's; any where none was told of that.
fn time_shown(entry: Option<PageEntry<'_>>, copy: &Copy) -> Option<Time> {
    let any = !copy.exactly || copy.looks.modified.is_none();
    let time = entry.and_then(|entry| entry.modified);
    time.filter(|time| any || time.precision <= Precision::Second)
}

/// Whether a copy that stands is the one that arrived; the reason why that is not so, or not known.
fn is_as_it_was(was: Looks, now: Looks) -> Result<(), &'static str> {
    match (was.size, now.size) {
        (Some(was), Some(now)) if was == now => {}
        (Some(_), Some(_)) => return Err("its copy has another size now"),
        _ => return Err(NO_SIZE),
    }
    match (was.modified, now.modified) {
        (None, None) => Ok(()),
        (Some(was), Some(now)) if !was.differs(now) => Ok(()),
        (Some(_), Some(_)) => Err(OTHER_TIME),
        (None, Some(_)) => Err(UNTOLD),
        (Some(_), None) => Err(NO_TIME),
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
            assert_eq!(is_as_it_was(was, now), told, "{was:?} {now:?}");
        }
    }
}
