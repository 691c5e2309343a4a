//! Where the files of a move go: names that are free in its folder, chosen before anything is renamed.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::choose::Chosen;
use super::placing::{Shown, Wanted, look};
use super::renames::{Target, taken};
use super::{Delete, nothing};
use crate::event::FileOutcome;
use crate::exec::backlog::Try;
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::files::{Kind, Place, folded, split};
use crate::journal::Mark;
use crate::kind::StepKind;
use crate::plan::IfTaken;
use crate::transfer::Looks;

impl Delete {
    pub(super) fn kind(&self) -> StepKind {
        match self.into {
            Some(_) => StepKind::Move,
            None => StepKind::Delete,
        }
    }

    /// Takes in where the files go.
    pub(super) fn take_names(&mut self, chosen: &mut Chosen, shared: &Shared) {
        let Some(into) = &mut self.into else { return };
        for (from, to, looks) in &chosen.moved {
            into.take_moved(from, to, *looks);
        }
        let names = std::mem::take(&mut chosen.names);
        let side = shared.plan.side_name(self.side);
        into.take_names(&chosen.set, names, shared.kept(self.id), side);
    }

    pub(super) fn target_of(&self, at: u32) -> Option<Target> {
        self.into.as_ref()?.target(at).cloned()
    }

    pub(super) fn note_begun(&mut self, at: u32) {
        if let Some(into) = &mut self.into {
            into.note_begun(at);
        }
    }

    /// Whether a file that stands no more where it stood may have been moved: that is looked for then.
    pub(super) fn settles(&mut self, attempt: Try<u32>) -> bool {
        let into = self.into.as_mut();
        into.is_some_and(|into| into.settles(attempt))
    }

    /// The folders that files are to come to are looked at. Whether there are any.
    pub(super) fn begin_into(&mut self) {
        let Some(into) = &mut self.into else { return };
        let settling = into.settling.iter().map(|attempt| &attempt.item);
        let files = self.sure.iter().chain(settling);
        let folders: BTreeSet<u32> = files
            .filter_map(|at| Some(into.target(*at)?.folder))
            .collect();
        folders
            .into_iter()
            .for_each(|folder| into.looks.push(folder));
    }

    pub(super) fn give_up_into(&mut self) {
        if let Some(into) = &mut self.into {
            into.looks.drain().for_each(drop);
            into.settling.clear();
        }
    }

    pub(super) fn new_place_is_seen(&self) -> bool {
        let into = self.into.as_ref();
        into.is_none_or(|into| into.looks.is_empty())
    }

    pub(super) fn look_into(&self, folder: u32, shared: &Shared) -> Work {
        let Some(into) = &self.into else {
            return nothing();
        };
        let files = into.of_folders[folder as usize].iter();
        let names = files.map(|at| folded(&into.targets[*at as usize].name));
        let wanted = Wanted {
            if_exists: into.moving.if_exists,
            names: names.collect(),
            side: shared.identity(self.side),
            encoding: shared.encoding(self.side),
            reading: shared.reading(self.side),
            proofs: Arc::clone(&shared.proofs),
        };
        look(Arc::clone(&into.placing), folder, wanted)
    }

    pub(super) fn take_shown(
        &mut self,
        mut attempt: Try<u32>,
        shown: Result<Box<Shown>, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let folder = attempt.item;
        match shown {
            Ok(shown) => self.choose_names(folder, &shown, shared),
            Err(fault) => match self.again(&mut attempt, &fault, shared) {
                Some(wait) => {
                    if let Some(into) = &mut self.into {
                        into.looks.retry(attempt, now + wait);
                    }
                }
                None => {
                    for at in self.sure_of(folder) {
                        self.sure.remove(&at);
                        self.fail_file(at, fault.clone().about(self.text(at)), shared);
                    }
                }
            },
        }
    }

    /// The files that may be moved into a folder.
    fn sure_of(&self, folder: u32) -> Vec<u32> {
        let into = self.into.as_ref();
        let files = into.and_then(|into| into.of_folders.get(folder as usize));
        let files = files.into_iter().flatten().copied();
        files.filter(|at| self.sure.contains(at)).collect()
    }

    fn choose_names(&mut self, folder: u32, shown: &Shown, shared: &mut Shared) {
        let entries = shown.page.entries();
        let names: HashSet<u64> = entries.map(|entry| folded(entry.name)).collect();
        if let Some(into) = &mut self.into {
            into.root.clone_from(&shown.root);
            into.names.insert(folder, names);
        }
        for at in self.sure_of(folder) {
            if let Err(why) = self.choose_name(at, shown) {
                self.sure.remove(&at);
                match why {
                    NoName::Itself => self.leave_alone(at, shared),
                    NoName::Fault(fault) => self.fail_file(at, fault, shared),
                }
            }
        }
    }

    /// Settles the name of a file by what its folder shows.
    fn choose_name(&mut self, at: u32, shown: &Shown) -> Result<(), NoName> {
        let (Some(into), Some(place)) = (&mut self.into, &self.place) else {
            return Ok(());
        };
        if into.absolute(at) == place.set.absolute(at) {
            return Err(NoName::Itself);
        }
        let target = &into.targets[at as usize];
        let standing = shown.page.entries().find(|entry| entry.name == target.name);
        let about = |fault: Fault| NoName::Fault(fault.about(place.set.text(at)));
        let name = place.set.encoding().decode(&target.name).text.into_owned();
        let there = || format!("{}:{}", place.name, into.moving.into);
        match (into.moving.if_exists, standing) {
            (IfTaken::Number, _) => into.number(at).map_err(about),
            (_, None) => Ok(()),
            (IfTaken::Overwrite, Some(standing)) if standing.kind == Kind::File => {
                if shown.spared.contains(&target.name) {
                    return Err(about(spared(&name, &there())));
                }
                let over = Looks {
                    size: standing.size,
                    modified: standing.modified,
                };
                into.targets[at as usize].over = Some(over);
                Ok(())
            }
            (IfTaken::Fail | IfTaken::Overwrite, Some(standing)) => {
                Err(about(taken(&name, &there(), standing.kind)))
            }
        }
    }

    fn leave_alone(&mut self, at: u32, shared: &mut Shared) {
        let reason = "it has that name there already".into();
        shared.file(self.id, self.text(at), FileOutcome::Skipped { reason }, 0);
    }

    /// A name was taken between the look and the renaming: another number, or none.
    pub(super) fn take_taken(&mut self, attempt: Try<u32>, shared: &mut Shared) {
        let at = attempt.item;
        let (Some(into), Some(place)) = (&mut self.into, &self.place) else {
            return;
        };
        let target = &into.targets[at as usize];
        let name = place.set.encoding().decode(&target.name).text.into_owned();
        let there = format!("{}:{}", place.name, into.moving.into);
        let fault = match into.moving.if_exists {
            IfTaken::Number => into.number(at).err(),
            IfTaken::Fail | IfTaken::Overwrite => Some(taken(&name, &there, Kind::File)),
        };
        match fault {
            None => self.files.put_back([attempt]),
            Some(fault) => self.fail_file(at, fault.about(self.text(at)), shared),
        }
    }

    /// A file stands under its new name.
    pub(super) fn moved(&mut self, at: u32, shared: &mut Shared) {
        self.unsure.remove(&at);
        let (Some(into), Some(place)) = (&mut self.into, &self.place) else {
            return;
        };
        let (from, to) = (place.set.absolute(at), into.absolute(at));
        let relative = into.relative(at);
        let looks = Looks::listed(&place.set, at);
        let encoding = place.set.encoding();
        let text = encoding.decode(&relative).text.into_owned();
        into.moved.push((relative, looks));
        if shared.keeps_journal() {
            let mark = Mark::Moved(crate::journal::PathText::new(&to));
            shared.mark(self.id, &from, mark);
        }
        let (side, by) = (shared.identity(self.side), shared.reading(self.side));
        if let Some(proofs) = shared.proofs() {
            proofs.end(side, &from);
            proofs.carry(side, &from, &to);
            // It stands nowhere else.
            let spared = proofs.spared();
            spared.spare(encoding, &Place::above(side, &to), split(&to).1, looks, by);
        }
        shared.file(self.id, self.text(at), FileOutcome::Moved { to: text }, 0);
    }

    /// What would be moved is told as moved, and is the set of the step.
    fn would_move(&mut self, at: u32, shared: &mut Shared) {
        let (Some(into), Some(place)) = (&mut self.into, &self.place) else {
            return;
        };
        let relative = into.relative(at);
        let to = place.set.encoding().decode(&relative).text.into_owned();
        into.moved.push((relative, Looks::listed(&place.set, at)));
        shared.file(self.id, self.text(at), FileOutcome::Moved { to }, 0);
    }

    /// Whether what was moved is still to become a set.
    pub(super) fn is_to_gather(&self) -> bool {
        self.into.is_some() && self.place.is_some() && self.gathered.is_none()
    }

    pub(super) fn gather(&mut self, shared: &mut Shared) -> Work {
        if shared.preview {
            for at in std::mem::take(&mut self.sure) {
                self.would_move(at, shared);
            }
        }
        match (&mut self.into, &self.place) {
            (Some(into), Some(place)) => into.gather(&place.set),
            _ => nothing(),
        }
    }
}

/// Why a file gets no name.
enum NoName {
    /// It has it.
    Itself,
    Fault(Fault),
}

fn spared(name: &str, place: &str) -> Fault {
    Fault::permanent(format!(
        "it was not moved: what stands as `{name}` in `{place}` this run has put there, or it is all that is left of a file"
    ))
    .help("name another folder in `into`, or give the files other names with `rename`")
}
