//! What the folder of a transfer holds and no source has: never what a source may have that was not seen.

use std::collections::{BTreeSet, HashSet};

use crate::event::StepOutcome;
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::files::{FileSet, Filter, Kind, NameEncoding, Route, below, join, name_keys, parents};
use crate::plan::{Action, StepId, TakeWhat};

/// The transfers that put files there.
pub(super) struct Extras {
    /// The transfer that the step names, first, and all others.
    transfers: Vec<Filled>,
    /// Whether an empty source is taken at its word.
    if_empty: bool,
    /// Why nothing is deleted: a source may have more than is known.
    refusal: Option<Fault>,
}

/// A transfer, and what its source has.
struct Filled {
    name: String,
    set: FileSet,
    /// All of its list, folders included.
    list: FileSet,
    /// Where it puts files; none where it had nothing to do.
    route: Option<Route>,
    /// The filters between the two, which choose by name.
    filters: Vec<Filter>,
}

impl Extras {
    /// What a step that deletes extras is to know.
    pub(super) fn new(what: &TakeWhat, there: &FileSet, shared: &Shared) -> Option<Extras> {
        let TakeWhat::ExtrasOf {
            transfers,
            if_empty,
            ..
        } = what
        else {
            return None;
        };
        let side = shared.identity(there.side());
        // One that turned out to put files there, too, is compared, whatever its path looked like.
        let others = shared.proofs.ledgers().filter(|(step, ledger)| {
            let is_there = ledger.to == side && nested(&ledger.route.root, there.root());
            is_there && !transfers.contains(step)
        });
        let others = others.map(|(step, _)| step);
        let all: Vec<StepId> = transfers.iter().copied().chain(others).collect();
        let filled: Result<Vec<Filled>, Fault> =
            all.iter().map(|step| Filled::new(*step, shared)).collect();
        let (transfers, refusal) = match filled {
            Ok(transfers) => (transfers, None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        Some(Extras {
            transfers,
            if_empty: *if_empty,
            refusal,
        })
    }

    /// The positions of a folder's files that no source has.
    ///
    /// # Errors
    /// Why none is deleted: not all that a source has is known, or one is empty that was not, as it seems.
    pub(super) fn of(&self, there: &FileSet) -> Result<HashSet<u32>, Fault> {
        if let Some(fault) = &self.refusal {
            return Err(fault.clone());
        }
        let Some(named) = self.transfers.first() else {
            return Err(nothing("no transfer has filled that folder"));
        };
        let mut known: HashSet<String> = HashSet::new();
        let mut emptied: HashSet<String> = HashSet::new();
        // Both were found before any file came, perhaps before the folder was made.
        let root = named
            .route
            .as_ref()
            .map_or(there.root(), |route| &route.root);
        for filled in &self.transfers {
            filled.add_to(root, &mut known, &mut emptied)?;
        }
        if !self.if_empty
            && named
                .set
                .positions()
                .all(|at| named.set.kind(at) != Kind::File)
        {
            let message = format!("the source of `{}` has no files", named.name);
            return Err(nothing(&message).help(EMPTY));
        }
        let meant = named.meant(there)?;
        let is_extra = |at: &u32| {
            let keys = keys_of(there.encoding(), &there.relative(*at));
            there.kind(*at) == Kind::File && !keys.iter().any(|key| known.contains(key))
        };
        let extras: HashSet<u32> = meant.into_iter().filter(is_extra).collect();
        if !self.if_empty
            && let Some(folder) = in_emptied(there, &extras, &emptied)
        {
            let folder = there.encoding().decode(&folder).text.into_owned();
            let message =
                format!("the source's folder `{folder}` is empty now, and files stand there");
            return Err(nothing(&message).help(EMPTY));
        }
        Ok(extras)
    }
}

const EMPTY: &str = "look at the source; where it is meant to be empty, write `if_empty: delete`";

/// Whether one of two folders lies in the other, or they are one, by their paths.
fn nested(one: &[u8], other: &[u8]) -> bool {
    below(one, other).is_some() || below(other, one).is_some()
}

/// Why no extra is deleted.
fn nothing(why: &str) -> Fault {
    Fault::permanent(format!("nothing was deleted: {why}"))
        .help("let all that put files there succeed, then run the manifest again")
}

/// The folder of an extra whose source's folder is there and empty.
fn in_emptied(
    there: &FileSet,
    extras: &HashSet<u32>,
    emptied: &HashSet<String>,
) -> Option<Vec<u8>> {
    if emptied.is_empty() {
        return None;
    }
    let sorted: BTreeSet<u32> = extras.iter().copied().collect();
    sorted.into_iter().find_map(|at| {
        let relative = there.relative(at);
        let mut folders = parents(&relative);
        let folder = folders.find(|folder| {
            let keys = keys_of(there.encoding(), folder);
            keys.iter().any(|key| emptied.contains(key))
        });
        folder.map(<[u8]>::to_vec)
    })
}

/// What a path may be known by: its names without what some systems do not tell apart, as text and as bytes.
fn keys_of(encoding: NameEncoding, path: &[u8]) -> [String; 2] {
    let mut keys = [String::new(), String::new()];
    for name in path.split(|byte| *byte == b'/') {
        let own = name_keys(encoding, name);
        let last = own.len() - 1;
        for (key, at) in keys.iter_mut().zip([0, last]) {
            key.push('/');
            key.push_str(&own[at]);
        }
    }
    keys
}

impl Filled {
    fn new(step: StepId, shared: &Shared) -> Result<Filled, Fault> {
        let plan = &shared.plan;
        let name = plan.step(step).name.clone();
        let list = plan.list_of(step);
        for step in [Some(step), list].into_iter().flatten() {
            let tally = shared.tally.steps.get(step.0 as usize);
            let done = tally.is_some_and(|tally| {
                tally.failed == 0 && matches!(tally.outcome, Some(StepOutcome::Done))
            });
            if !done {
                let failed = &plan.step(step).name;
                return Err(nothing(&format!("`{failed}` did not succeed")));
            }
        }
        let set = |step: Option<StepId>| step.and_then(|step| shared.set_of(step));
        let taken = plan.step(step).takes.first().copied();
        let (Some(own), Some(all)) = (set(taken), set(list)) else {
            return Err(nothing(&format!(
                "what the source of `{name}` has is not known any more"
            )));
        };
        if let Some(reason) = all.gaps() {
            let message = format!("the list of the source of `{name}` may not be whole: {reason}");
            return Err(nothing(&message));
        }
        Ok(Filled {
            route: shared.proofs.of(step).map(|ledger| ledger.route.clone()),
            filters: filters(taken, shared),
            name,
            set: own,
            list: all,
        })
    }

    /// Adds all that its source has, by the paths that it has there, and the source's folders that hold nothing.
    fn add_to(
        &self,
        root: &[u8],
        known: &mut HashSet<String>,
        emptied: &mut HashSet<String>,
    ) -> Result<(), Fault> {
        let files = self
            .set
            .positions()
            .filter(|at| self.set.kind(*at) != Kind::Folder);
        let Some(route) = &self.route else {
            return match files.count() {
                0 => Ok(()),
                _ => Err(nothing(&format!(
                    "where `{}` has put its files is not known",
                    self.name
                ))),
            };
        };
        if !nested(&route.root, root) {
            let message = format!(
                "whether `{}` puts files below that folder is not known",
                self.name
            );
            return Err(nothing(&message));
        }
        for at in files {
            let path = route.absolute(&self.set, at);
            let path = path.map_err(|problem| nothing(&problem.to_string()))?;
            if let Some(relative) = below(&path, root) {
                known.extend(keys_of(route.encoding, relative));
            }
        }
        if !route.flatten {
            for folder in self.empty_folders() {
                let text = self.list.encoding().decode(&folder).text.into_owned();
                let path = join(&route.root, text.as_bytes());
                if let Some(relative) = below(&path, root) {
                    emptied.extend(keys_of(NameEncoding::Auto, relative));
                }
            }
        }
        Ok(())
    }

    /// The folders of its list below which no file is.
    fn empty_folders(&self) -> Vec<Vec<u8>> {
        let list = &self.list;
        let mut filled: HashSet<Vec<u8>> = HashSet::new();
        let mut folders = Vec::new();
        for at in list.positions() {
            let relative = list.relative(at);
            match list.kind(at) {
                Kind::Folder => folders.push(relative),
                _ => filled.extend(parents(&relative).map(<[u8]>::to_vec)),
            }
        }
        folders.retain(|folder| !filled.contains(folder));
        folders
    }

    /// The files of a folder that its filters let through; with other names there, all of them.
    fn meant(&self, there: &FileSet) -> Result<Vec<u32>, Fault> {
        let renames = self
            .route
            .as_ref()
            .is_some_and(|route| route.rename.is_some() || route.flatten);
        let mut meant: Vec<u32> = there.positions().collect();
        for filter in self.filters.iter().filter(|_| !renames) {
            let passed = filter.passing(&there.subset(meant.iter().copied()));
            let passed = passed.map_err(|error| nothing(&error.to_string()))?;
            meant = passed.into_iter().map(|at| meant[at as usize]).collect();
        }
        Ok(meant)
    }
}

/// The filters between a set and its list.
fn filters(set: Option<StepId>, shared: &Shared) -> Vec<Filter> {
    let mut filters = Vec::new();
    let mut next = set;
    while let Some(Action::Filter(filter)) = next.map(|set| &shared.plan.step(set).action) {
        filters.push(filter.rules.clone());
        next = Some(filter.from);
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_system_may_take_for_one_are_one_in_every_part_of_a_path() {
        let auto = NameEncoding::Auto;
        let share = |a: &str, b: &str| {
            let (a, b) = (keys_of(auto, a.as_bytes()), keys_of(auto, b.as_bytes()));
            a.iter().any(|key| b.contains(key))
        };
        assert!(share("Sub./A.TXT", "sub/a.txt"));
        assert!(share("x/e\u{301}", "X/\u{c9}"));
        assert!(!share("a/b", "ab") && !share("a/b", "a/c") && !share("a", "a/a"));
    }
}
