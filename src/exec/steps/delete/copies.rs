//! Whether copies still stand at their destinations as they did when they arrived.

use std::collections::HashSet;
use std::sync::Arc;

use crate::files::{Kind, PageEntry, Precision, Time, folded, join};
use crate::transfer::{End, Links, Looks, Role};

use super::absent::Absent;
use super::needed::{Copies, Copy, CopyFolder};
use super::sight::Sight;
use super::unproven::{Lack, Unproven, is_as_it_was};
use super::{Output, output};
use crate::exec::fault::Fault;
use crate::exec::pages;
use crate::exec::steps::job::Work;

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
    /// Whether one has a leading dot: then whether the listing shows such names matters.
    dotted: bool,
}

impl Names {
    /// Those of some copies of a step.
    pub(super) fn of<'c>(all: &Copies, some: impl Iterator<Item = &'c Copy>) -> Names {
        let mut names = Names::default();
        for copy in some {
            names.add(all.name(copy));
            let beside = all.beside(copy).iter();
            beside.for_each(|name| names.add(name));
        }
        names
    }

    pub(super) fn add(&mut self, name: &[u8]) {
        self.alike.insert(folded(name));
        self.foreign |= !name.is_ascii();
        self.dotted |= name.starts_with(b".");
    }

    fn hold(&self, name: &[u8]) -> bool {
        let may_be_one =
            (self.foreign && !name.is_ascii()) || (self.dotted && name.starts_with(b"."));
        may_be_one || self.alike.contains(&folded(name))
    }
}

/// Files whose copy is not as it must be, and why.
pub(in crate::exec) type Wrong = Vec<(u32, Unproven)>;

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
        let sight = self.sight(end, Names::of(&self.copies, copies()))?;
        let lacks = |copy: &&Copy| sight.lacks(self.copies.name(copy));
        let absent = Absent::of(copies().filter(lacks));
        let mut wrong = Vec::new();
        for copy in copies() {
            let found = match self.compare(end, &sight, copy)? {
                Ok(()) => self.is_no_other(&*end, copy, &absent),
                wrong => wrong,
            };
            if let Err(why) = found {
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
    ) -> Result<Result<(), Unproven>, Fault> {
        if let Some(reason) = sight.incomplete_reason() {
            let why = format!("the listing of its copy's folder may not be whole: {reason}");
            return Ok(Err(why.into()));
        }
        let (name, beside) = (self.copies.name(copy), self.copies.beside(copy));
        let entry = sight.entry(name);
        let now = match entry {
            Some(entry) if entry.kind == Kind::File && tells_enough(entry, copy) => looks(entry),
            Some(entry) if entry.kind != Kind::File => {
                return Ok(Err("its copy is no regular file any more".into()));
            }
            // Whatever answers to the name: a listing that is whole shows what stands there.
            None if !sight.may_hide(end, name) => {
                let other = self.taken_for(end, sight, copy);
                return Ok(Err(other.unwrap_or_else(|| self.there(end, Lack::Gone))));
            }
            // A listing may hide its name, or tell no size or time.
            _ => {
                let path = join(&self.path, name);
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
            && let Some(why) = self.taken_for(end, sight, copy)
        {
            return Ok(Err(why));
        }
        let mut lacks = beside.iter().filter(|name| sight.entry(name).is_none());
        Ok(match lacks.next() {
            Some(other) => Err(format!(
                "its copy's folder does not show `{}` beside it, which may be taken for the same name there",
                end.decode(other)
            )
            .into()),
            None if !stands => Err(self.there(end, Lack::Gone)),
            None => is_as_it_was(copy.as_known(now), now).map_err(|why| self.there(end, why)),
        })
    }

    /// Whether what stands under a copy's name may be another's, which stands under none.
    fn is_no_other(&self, end: &dyn End, copy: &Copy, absent: &Absent<'_>) -> Result<(), Unproven> {
        absent.like(copy.looks).map_or(Ok(()), |other| {
            let why = format!(
                "its copy may be that of `{}`, which has the same size and time, and whose own name its folder does not show",
                end.decode(self.copies.name(other))
            );
            Err(why.into())
        })
    }

    /// Why what answers for a copy that no listing shows may be another file. What this run wrote may be listed otherwise,
    /// where a server writes names as it likes, but not where another file of the run has such a name: it may have been
    /// written over.
    fn taken_for(&self, end: &dyn End, sight: &Sight, copy: &Copy) -> Option<Unproven> {
        let other = match self.copies.beside(copy).first() {
            Some(other) => Some(end.decode(other)),
            None if copy.was_there => sight.listed_otherwise(end, self.copies.name(copy)),
            None => None,
        };
        let words = |other| {
            let why = format!(
                "what was taken for its copy is listed as `{other}`, and may be that of another file"
            );
            why.into()
        };
        other.map(words)
    }

    fn there(&self, end: &dyn End, lack: Lack) -> Unproven {
        lack.at(&format!("{}:{}", self.name, end.decode(&self.path)))
    }
}

fn looks(entry: PageEntry<'_>) -> Looks {
    Looks {
        size: entry.size,
        modified: entry.modified,
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
