//! Whether the promises of this project hold: looked at after every change that a run makes to the world.
//!
//! The promise: a file's only copy is never lost, and a final name never shows half a file. "Only copy" is judged by
//! content: what stands whole under a final name, or under one that a final name was put aside to, stands.
//!
//! What may be lost, because the user ordered it or nobody could prevent it:
//! - what `delete: {from: LIST}` names, where no transfer of the run has brought it there, found it there or failed to
//!   bring it onward;
//! - what stood under a name that a transfer with `if_exists: update` or `overwrite` replaces by a whole file, or, with
//!   `publish: direct`, begins to write; not the file that is being transferred, not one of the same step's other
//!   sources, and not a copy for which this run has deleted the source;
//! - what somebody else has put in place of a file after the run's last look at it: no client can close that window;
//! - with `verify: none`, the whole of a file of which the data ended early and nobody said so;
//! - a copy that somebody else took after the run had looked at it once more where it stands.
//!
//! A deletion by `sources_of` needs every named transfer's copy, whole, at the moment when the source goes, whatever
//! else stands elsewhere. A violation begins with the number of the rule that it breaks, so that findings can be sorted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ftpflow::event::{Event, FileOutcome, StepOutcome};
use ftpflow::files::{Side, below, join};
use ftpflow::options::{IfExists, Publish, Verify};
use ftpflow::plan::{Action, Delete, DeleteWhat, Plan, StepId, Transfer};

use super::case::LOCAL;
use super::content::{Contents, Sum, sum};
use super::paths;
use super::switches::Switches;
use super::tree::{Ino, Spot, Tree};
use super::world::{Seen, is_temporary, tree_split};

/// What a run does not keep of its promises.
pub(super) type Violation = String;

/// What stood under a name before a change.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    sum: Option<Sum>,
    length: usize,
    /// Unix seconds.
    modified: i64,
    /// The final name that it had, where it was put aside.
    aside: Option<Spot>,
}

/// What a transfer told of a file.
#[derive(Debug, Clone)]
struct Handled {
    outcome: &'static str,
    stands: bool,
    proven: bool,
    source: Option<Spot>,
    target: Option<Spot>,
    at: u64,
}

pub(super) struct Oracle {
    on: Switches,
    plan: Arc<Plan>,
    /// The view of each server of the plan.
    servers: Vec<usize>,
    running: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    handled: BTreeMap<(u32, Vec<u8>), Handled>,
    /// Names that hold something because of this manifest, in this run.
    owned: BTreeMap<Spot, u32>,
    /// Copies for which this run has deleted the source.
    relied: BTreeSet<Spot>,
    /// The copies that each deletion relied on: what was brought onward stands there.
    onward: BTreeMap<Spot, Vec<Spot>>,
    /// Files below the root of each `list`, when it began; and of those, what was there when it ended.
    began: BTreeMap<u32, BTreeSet<Spot>>,
    listed: BTreeMap<u32, BTreeSet<Spot>>,
    standing: Vec<Sum>,
    /// When the run last listed a folder, looked at a name, and when somebody else last touched one.
    folders: BTreeMap<Ino, u64>,
    names: BTreeMap<Spot, u64>,
    touched: BTreeMap<Spot, u64>,
    tick: u64,
    pub(super) violations: Vec<Violation>,
    /// Changes seen, so that a simulation that does nothing is noticed.
    pub(super) changes: u64,
}

impl Oracle {
    /// An oracle for a plan.
    pub(super) fn new(plan: Arc<Plan>, on: Switches) -> Oracle {
        let view = |name: &str| name.trim_start_matches('v').parse().unwrap_or(LOCAL);
        let servers = plan.servers.iter().map(|s| view(&s.endpoint.name));
        Oracle {
            on,
            servers: servers.collect(),
            plan,
            running: BTreeSet::new(),
            ended: BTreeSet::new(),
            handled: BTreeMap::new(),
            owned: BTreeMap::new(),
            relied: BTreeSet::new(),
            onward: BTreeMap::new(),
            began: BTreeMap::new(),
            listed: BTreeMap::new(),
            standing: Vec::new(),
            folders: BTreeMap::new(),
            names: BTreeMap::new(),
            touched: BTreeMap::new(),
            tick: 0,
            violations: Vec::new(),
            changes: 0,
        }
    }

    /// A run begins. `anew`: it is another run of the manifest, and what the last one did is the world as it is.
    pub(super) fn begin(&mut self, anew: bool, tree: &Tree, stores: &[Ino]) {
        self.running.clear();
        self.ended.clear();
        if anew {
            self.handled.clear();
            self.owned.clear();
            self.relied.clear();
            self.onward.clear();
            self.began.clear();
            self.listed.clear();
        }
        self.standing = tree.standing(stores);
    }

    pub(super) fn before(&self, tree: &Tree, spot: &Spot) -> Before {
        let file = tree.file_at(spot);
        Before {
            sum: file.map(|file| sum(&file.bytes)),
            length: file.map_or(0, |file| file.bytes.len()),
            modified: file.map_or(0, |file| file.modified.div_euclid(1000)),
            aside: file.and_then(|file| file.aside.clone()),
        }
    }

    pub(super) fn listed_folder(&mut self, folder: Ino) {
        self.tick += 1;
        self.folders.insert(folder, self.tick);
    }

    pub(super) fn looked_at(&mut self, spot: &Spot) {
        self.tick += 1;
        self.names.insert(spot.clone(), self.tick);
    }

    /// Somebody else has touched names; what is gone by that is nobody's fault.
    pub(super) fn somebody(&mut self, tree: &Tree, stores: &[Ino], spots: Vec<Spot>) {
        self.tick += 1;
        for spot in spots {
            self.owned.remove(&spot);
            self.touched.insert(spot, self.tick);
        }
        self.standing = tree.standing(stores);
    }

    /// An inbox has taken a file: whoever reads it there has it now.
    pub(super) fn handed_on(&mut self, tree: &Tree, stores: &[Ino]) {
        self.standing = tree.standing(stores);
    }

    /// The power went: what this run has deleted relied on copies that should have been safe.
    pub(super) fn after_power_loss(&mut self, tree: &Tree, stores: &[Ino], contents: &Contents) {
        let torn = |spot: &&Spot| {
            let file = tree.file_at(spot);
            file.is_some_and(|file| !contents.is_whole(&file.bytes))
        };
        if let Some(spot) = self.relied.iter().find(|spot| torn(spot)) {
            let name = shown(&spot.1);
            self.fail(format!(
                "3 a copy was not safe on the disk when its source was deleted: `{name}`"
            ));
        }
        self.standing = tree.standing(stores);
    }

    fn fail(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// Contents that stood before a change and do not any more.
    fn lost(&mut self, seen: Seen<'_>) -> Vec<Sum> {
        self.tick += 1;
        self.changes += 1;
        let now = seen.tree.standing(seen.stores);
        let before = std::mem::replace(&mut self.standing, now);
        let gone = |sum: &Sum| self.standing.binary_search(sum).is_err();
        let lost = before.into_iter().filter(|sum| *sum != 0 && gone(sum));
        // A part of a file that a direct transfer has left is nobody's only copy.
        lost.filter(|sum| seen.contents.knows(*sum)).collect()
    }

    /// A file was made, or emptied, under a name.
    pub(super) fn emptied(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: Before,
    ) {
        let lost = self.lost(seen);
        if is_temporary(&spot.1) {
            return;
        }
        let writers = self.writers(seen, view, path, spot);
        let direct = |transfer: &Transfer| transfer.options.publish == Publish::Direct;
        if !writers.iter().any(|(_, transfer)| direct(transfer)) {
            let name = shown(path);
            self.fail(format!("0 `{name}` is written under its final name"));
        }
        if !lost.is_empty() {
            self.overwritten(seen, view, path, spot, &before, "emptied");
        }
    }

    /// A file got another name, in place of what had it.
    #[expect(
        clippy::too_many_arguments,
        reason = "a change has a before and an after at two names"
    )]
    pub(super) fn renamed(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        from: &Spot,
        to: &Spot,
        before: Before,
        moved: Before,
    ) {
        let lost = self.lost(seen);
        if let Some(step) = self.owned.remove(from) {
            self.owned.insert(to.clone(), step);
        }
        if is_temporary(&to.1) {
            return;
        }
        let file = seen.tree.file_at(to);
        let unverified =
            |(_, transfer): &(StepId, Transfer)| transfer.options.verify == Verify::None;
        let torn = file.is_some_and(|file| !seen.contents.is_whole(&file.bytes));
        let writers = self.writers(seen, view, path, to);
        let faithful = |(id, transfer): &(StepId, Transfer)| {
            let sources = self.sources_of_target(seen, *id, transfer, to);
            let mut sources = sources.iter().filter_map(|spot| seen.tree.file_at(spot));
            sources.any(|source| Some(&source.bytes) == file.map(|file| &file.bytes))
        };
        let excused = writers
            .iter()
            .any(|writer| unverified(writer) || faithful(writer));
        if torn && moved.aside.is_none() && !excused {
            let name = shown(path);
            self.fail(format!(
                "0 half a file, or parts of two, under the final name `{name}`"
            ));
        }
        if !lost.is_empty() {
            self.overwritten(seen, view, path, to, &before, "replaced");
        }
    }

    /// What stood under a name is gone because a transfer wrote there.
    fn overwritten(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: &Before,
        how: &str,
    ) {
        let name = shown(path);
        let writers = self.writers(seen, view, path, spot);
        if writers.is_empty() {
            return self.fail(format!(
                "1 `{name}` was {how} by no transfer, and it was the only copy"
            ));
        }
        let mut reasons = Vec::new();
        for (id, transfer) in writers {
            match self.may_overwrite(seen, id, &transfer, spot, before) {
                Ok(()) => return,
                Err(reason) => reasons.push(reason),
            }
        }
        let reason = reasons.swap_remove(0);
        self.fail(format!("{reason}: the only copy of `{name}` was {how}"));
    }

    fn may_overwrite(
        &self,
        seen: Seen<'_>,
        id: StepId,
        transfer: &Transfer,
        spot: &Spot,
        before: &Before,
    ) -> Result<(), String> {
        if self.is_race(spot) {
            return Ok(());
        }
        let sources = self.sources_of_target(seen, id, transfer, spot);
        let direct = transfer.options.publish == Publish::Direct;
        if direct
            && sources
                .iter()
                .any(|s| seen.tree.at(s) == seen.tree.at(spot))
        {
            return Err("2 a file is copied onto itself".into());
        }
        if self.on.overwritten_copies && self.relied.contains(spot) {
            return Err("3 a copy for which the source was deleted is overwritten".into());
        }
        let listed = self.set_spots(transfer.from);
        if listed.contains(spot) && before.sum.is_some() {
            return Err("2 a source of the same step is overwritten before it was copied".into());
        }
        match transfer.options.if_exists {
            IfExists::Update | IfExists::Overwrite => Ok(()),
            IfExists::Skip | IfExists::Fail => {
                Err("8 `if_exists: skip` or `fail` replaces a file".into())
            }
        }
    }

    /// A name was taken away.
    pub(super) fn removed(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: Before,
    ) {
        let lost = self.lost(seen);
        let (path, spot) = match (&before.aside, is_temporary(&spot.1)) {
            (Some(home), _) => (beside(path, &home.1), home.clone()),
            (None, true) => return,
            (None, false) => (path.to_vec(), spot.clone()),
        };
        let (path, name) = (&path[..], shown(&path));
        if before.sum.is_none_or(|sum| sum == 0) {
            return;
        }
        let deletes = self.deleters(seen, view, path, &spot);
        if deletes.is_empty() {
            return self.cleared(seen, view, path, &spot, &before, !lost.is_empty());
        }
        let mut reasons = Vec::new();
        for (id, delete, relative) in deletes {
            match self.may_delete(seen, id, &delete, &relative, &spot, &before) {
                Ok(relied) => {
                    self.owned.remove(&spot);
                    self.relied.remove(&spot);
                    self.relied.extend(relied.iter().cloned());
                    self.onward.insert(spot, relied);
                    return;
                }
                Err(reason) => reasons.push(reason),
            }
        }
        let reason = reasons.swap_remove(0);
        let only = match lost.is_empty() {
            true => "`",
            false => "the only copy, `",
        };
        self.fail(format!("{reason}: {only}{name}` was deleted"));
    }

    /// A name was taken away, and not by a `delete`: a transfer removes what it wrote under a final name, and the old file
    /// that it had put aside for its successor.
    fn cleared(
        &mut self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
        before: &Before,
        lost: bool,
    ) {
        let writers = self.writers(seen, view, path, spot);
        let clears = writers
            .iter()
            .any(|(_, t)| t.options.publish == Publish::Direct);
        if lost && (before.aside.is_some() || clears) {
            self.overwritten(seen, view, path, spot, before, "removed for another");
        } else if lost || (before.aside.is_none() && !clears) {
            let name = shown(path);
            self.fail(format!(
                "1 a file was removed by no `delete` that runs: `{name}`"
            ));
        }
    }

    /// Whether a deletion is as ordered; the copies that it relies on.
    fn may_delete(
        &self,
        seen: Seen<'_>,
        id: StepId,
        delete: &Delete,
        relative: &[u8],
        spot: &Spot,
        gone: &Before,
    ) -> Result<Vec<Spot>, String> {
        if self.is_race(spot) {
            return Ok(Vec::new());
        }
        match &delete.what {
            DeleteWhat::SourcesOf(steps) => {
                let copies = steps
                    .iter()
                    .map(|step| self.copy_stands(seen, *step, relative, spot, gone));
                copies.collect()
            }
            DeleteWhat::Set { from, after } => {
                let copies = matches!(self.plan.step(*from).action, Action::Transfer(_));
                if let Some(step) = self.owned.get(spot).filter(|_| !copies) {
                    let step = &self.plan.steps[*step as usize].name;
                    return Err(format!("7 what `{step}` has brought there or found there"));
                }
                let _ = id;
                let further = after.iter();
                let further = further.map(|step| self.brought_onward(seen, *step, spot, gone));
                Ok(further
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }

    /// Whether a transfer that handled a file has brought it to where it should be, and where that is.
    fn brought_onward(
        &self,
        seen: Seen<'_>,
        step: StepId,
        spot: &Spot,
        gone: &Before,
    ) -> Result<Option<Spot>, String> {
        let Some((relative, handled)) = self.handled_at(step, spot) else {
            let Action::Transfer(transfer) = &self.plan.step(step).action else {
                return Ok(None);
            };
            return match self.set_spots(transfer.from).contains(spot) {
                true => Err("3 a transfer before it never came to it".into()),
                false => Ok(None),
            };
        };
        if !handled.proven {
            return Err(format!("3 a transfer before it told {}", handled.outcome));
        }
        self.copy_stands(seen, step, &relative, spot, gone)
            .map(Some)
    }

    /// What a transfer told of the file at a name, and the path by which it knows it.
    fn handled_at(&self, step: StepId, spot: &Spot) -> Option<(Vec<u8>, &Handled)> {
        let own = self.handled.iter().filter(|((by, _), _)| *by == step.0);
        let mut own = own.filter(|(_, handled)| handled.source.as_ref() == Some(spot));
        own.next()
            .map(|((_, relative), handled)| (relative.clone(), handled))
    }

    /// Whether a transfer's copy of a file stands whole at its destination.
    fn copy_stands(
        &self,
        seen: Seen<'_>,
        step: StepId,
        relative: &[u8],
        source: &Spot,
        gone: &Before,
    ) -> Result<Spot, String> {
        let Action::Transfer(transfer) = &self.plan.step(step).action else {
            return Err("3 no transfer".into());
        };
        // A store that folds case may know it by another name.
        let (relative, handled) = match self.handled_at(step, source) {
            Some((relative, handled)) => (relative, Some(handled)),
            None => {
                let handled = self.handled.get(&(step.0, relative.to_vec()));
                (relative.to_vec(), handled)
            }
        };
        let told = handled.and_then(|handled| handled.target.clone());
        let Some(target) = self.target_of(seen, transfer, &relative).or(told) else {
            return Err("3 the destination's folder is missing".into());
        };
        if target == *source {
            return Err("2 a file was its own copy".into());
        }
        let Some(handled) = handled else {
            return Err("3 no transfer told of it".into());
        };
        let file = seen.tree.file_at(&target);
        let stands = |spot: &Spot| {
            let file = seen.tree.file_at(spot);
            file.is_some_and(|file| Some(sum(&file.bytes)) == gone.sum)
        };
        if stands(&target) {
            return Ok(target);
        }
        if let Some(copy) = self.ends_of(&target).into_iter().find(|spot| stands(spot)) {
            return Ok(copy);
        }
        if handled.outcome == "Unchanged" && self.looks_same(seen, source, &target, gone) {
            return Ok(target);
        }
        let taken = self.touched.get(&target).copied().unwrap_or(0);
        let looked = self.looked(&target);
        if taken > looked && looked > handled.at {
            return Ok(target);
        }
        let rule = match (handled.outcome, file.is_some()) {
            ("Unchanged", true) => "5 told Unchanged, and the copy differs",
            (_, true) => "3 another file stands where the copy should",
            (_, false) => "3 the copy is gone",
        };
        Err(format!(
            "{rule} ({}{})",
            handled.outcome,
            match taken {
                0 => "",
                _ => ", somebody was there",
            }
        ))
    }

    /// Where what stood under a name was brought before the run deleted it there.
    fn ends_of(&self, spot: &Spot) -> Vec<Spot> {
        let mut ends = Vec::new();
        let mut open = vec![spot];
        while let Some(spot) = open.pop() {
            // A circle ends at a copy that stands, or nowhere.
            if ends.len() > 8 {
                break;
            }
            let further = self.onward.get(spot).map(Vec::as_slice).unwrap_or_default();
            ends.extend(further.iter().cloned());
            open.extend(further);
        }
        ends
    }

    /// Whether two files are alike in size and second, which rule 5 takes for proof, and nobody has made them so in this
    /// case.
    fn looks_same(&self, seen: Seen<'_>, source: &Spot, target: &Spot, gone: &Before) -> bool {
        let copy = self.before(seen.tree, target);
        let touched = [source, target]
            .iter()
            .any(|spot| self.touched.contains_key(*spot));
        (copy.length, copy.modified) == (gone.length, gone.modified) && !touched
    }

    /// Whether somebody else touched a name after the run's last look.
    fn is_race(&self, spot: &Spot) -> bool {
        let touched = self.touched.get(spot).copied().unwrap_or(0);
        touched > self.looked(spot)
    }

    fn looked(&self, spot: &Spot) -> u64 {
        let folder = self.folders.get(&spot.0).copied().unwrap_or(0);
        folder.max(self.names.get(spot).copied().unwrap_or(0))
    }

    fn view_of(&self, side: Side) -> usize {
        match side {
            Side::Local => LOCAL,
            Side::Server(id) => self.servers[id.0 as usize],
        }
    }

    /// The running transfers that may write a path.
    fn writers(
        &self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
    ) -> Vec<(StepId, Transfer)> {
        let steps = self.running.iter().map(|id| &self.plan.steps[*id as usize]);
        let transfers = steps.filter_map(|step| match &step.action {
            Action::Transfer(transfer) => Some((step.id, transfer.clone())),
            _ => None,
        });
        let writes = |transfer: &Transfer| {
            self.view_of(transfer.to) == view
                && seen.relative(view, &transfer.into, path, spot).is_some()
        };
        transfers.filter(|(_, transfer)| writes(transfer)).collect()
    }

    /// The running deletions that may mean a path, and the path below their root.
    fn deleters(
        &self,
        seen: Seen<'_>,
        view: usize,
        path: &[u8],
        spot: &Spot,
    ) -> Vec<(StepId, Delete, Vec<u8>)> {
        let steps = self.running.iter().map(|id| &self.plan.steps[*id as usize]);
        let means = steps.filter_map(|step| {
            let Action::Delete(delete) = &step.action else {
                return None;
            };
            let set = match &delete.what {
                DeleteWhat::Set { from, .. } => *from,
                DeleteWhat::SourcesOf(steps) => match &self.plan.step(*steps.first()?).action {
                    Action::Transfer(transfer) => transfer.from,
                    _ => return None,
                },
            };
            let (side, root) = self.root_of(set)?;
            let relative = seen.relative(view, &root, path, spot)?;
            (self.view_of(side) == view).then(|| (step.id, delete.clone(), relative))
        });
        means.collect()
    }

    /// Where a step's set lies.
    fn root_of(&self, step: StepId) -> Option<(Side, String)> {
        match &self.plan.step(step).action {
            Action::List(list) => Some((list.side, list.path.clone())),
            Action::Filter(filter) => self.root_of(filter.from),
            Action::Transfer(transfer) => Some((transfer.to, transfer.into.clone())),
            Action::Login(_) | Action::Delete(_) => None,
        }
    }

    fn source_of(&self, seen: Seen<'_>, transfer: &Transfer, relative: &[u8]) -> Option<Spot> {
        let (side, root) = self.root_of(transfer.from)?;
        let view = self.view_of(side);
        let path = join(&paths::absolute(&seen.views[view], view, &root), relative);
        seen.tree.find(seen.roots[view], &path, false)?.spot
    }

    fn target_of(&self, seen: Seen<'_>, transfer: &Transfer, relative: &[u8]) -> Option<Spot> {
        let view = self.view_of(transfer.to);
        let root = paths::absolute(&seen.views[view], view, &transfer.into);
        let relative = match transfer.options.flatten {
            true => tree_split(relative).1,
            false => relative,
        };
        let path = join(&root, relative);
        seen.tree.find(seen.roots[view], &path, false)?.spot
    }

    /// The files that a transfer would bring to a name.
    fn sources_of_target(
        &self,
        seen: Seen<'_>,
        id: StepId,
        transfer: &Transfer,
        spot: &Spot,
    ) -> Vec<Spot> {
        let _ = id;
        let Some((side, root)) = self.root_of(transfer.from) else {
            return Vec::new();
        };
        let view = self.view_of(side);
        let root = paths::absolute(&seen.views[view], view, &root);
        let mut found = Vec::new();
        each_below(seen, view, &root, &mut |relative, source| {
            if self.target_of(seen, transfer, relative).as_ref() == Some(spot) {
                found.push(source.clone());
            }
        });
        found
    }

    /// The files that were surely in a step's set; fewer where that cannot be told.
    fn set_spots(&self, step: StepId) -> BTreeSet<Spot> {
        match &self.plan.step(step).action {
            Action::List(_) => self.listed.get(&step.0).cloned().unwrap_or_default(),
            _ => BTreeSet::new(),
        }
    }

    /// Takes in what the run tells.
    pub(super) fn told(&mut self, seen: Seen<'_>, event: &Event) {
        self.tick += 1;
        match event {
            Event::StepStarted { step } => {
                let id = *step as u32;
                self.running.insert(id);
                if let Some(spots) = self.below_list(seen, id) {
                    self.began.insert(id, spots);
                }
            }
            Event::StepFinished { step, outcome } => self.step_ended(seen, *step as u32, outcome),
            Event::FileFinished {
                step,
                file,
                outcome,
                ..
            } => self.file_told(seen, *step as u32, file, outcome),
            _ => {}
        }
    }

    fn step_ended(&mut self, seen: Seen<'_>, id: u32, outcome: &StepOutcome) {
        self.running.remove(&id);
        if !self.ended.insert(id) {
            let name = self.plan.steps[id as usize].name.clone();
            self.fail(format!("tally: `{name}` ended twice"));
        }
        if !matches!(outcome, StepOutcome::Done) || self.listed.contains_key(&id) {
            return;
        }
        if let (Some(spots), Some(began)) = (self.below_list(seen, id), self.began.get(&id)) {
            let both = spots.intersection(began).cloned().collect();
            self.listed.insert(id, both);
        }
    }

    /// The files below the root of a `list`, as far as it surely shows them.
    fn below_list(&self, seen: Seen<'_>, id: u32) -> Option<BTreeSet<Spot>> {
        let Action::List(list) = &self.plan.steps[id as usize].action else {
            return None;
        };
        let view = self.view_of(list.side);
        let root = paths::absolute(&seen.views[view], view, &list.path);
        let mut spots = BTreeSet::new();
        let hides = seen.views[view].habits.hides_dots || !list.hidden;
        each_below(seen, view, &root, &mut |relative, spot| {
            let deep = relative.contains(&b'/') && !list.recursive;
            let hidden = hides && relative.split(|b| *b == b'/').any(|n| n.starts_with(b"."));
            if !deep && !hidden && !is_temporary(&spot.1) {
                spots.insert(spot.clone());
            }
        });
        Some(spots)
    }

    fn file_told(&mut self, seen: Seen<'_>, step: u32, file: &str, outcome: &FileOutcome) {
        let plan = Arc::clone(&self.plan);
        match &plan.steps[step as usize].action {
            Action::Transfer(transfer) => {
                let relative = file.as_bytes();
                let handled = Handled {
                    outcome: word(outcome),
                    stands: stands(outcome),
                    proven: matches!(outcome, FileOutcome::Transferred | FileOutcome::Unchanged),
                    source: self.source_of(seen, transfer, relative),
                    target: self.target_of(seen, transfer, relative),
                    at: self.tick,
                };
                self.arrived(seen, step, file, &handled);
                self.handled.insert((step, relative.to_vec()), handled);
            }
            Action::Delete(delete) => self.gone(seen, delete, file, outcome),
            _ => {}
        }
    }

    /// What a transfer tells must be so.
    fn arrived(&mut self, seen: Seen<'_>, step: u32, file: &str, handled: &Handled) {
        let Some(target) = handled.target.as_ref().filter(|_| handled.stands) else {
            return;
        };
        self.owned.insert(target.clone(), step);
        if handled.outcome != "Transferred" || self.touched.contains_key(target) {
            return;
        }
        let others = self
            .handled
            .iter()
            .any(|((by, _), other)| *by != step && other.target.as_ref() == Some(target));
        let copy = seen.tree.file_at(target);
        let source = handled.source.as_ref();
        let source = source.and_then(|source| seen.tree.file_at(source));
        let whole = copy.is_some_and(|copy| {
            let same = source.is_some_and(|source| source.bytes == copy.bytes);
            same || seen.contents.is_whole(&copy.bytes)
        });
        if !whole && !others && !seen.views_inbox(target) {
            self.fail(format!(
                "tally: `{file}` was told Transferred, and does not stand whole"
            ));
        }
    }

    /// What a `delete` tells must be so.
    fn gone(&mut self, seen: Seen<'_>, delete: &Delete, file: &str, outcome: &FileOutcome) {
        if !matches!(outcome, FileOutcome::Deleted) {
            return;
        }
        let set = match &delete.what {
            DeleteWhat::Set { from, .. } => Some(*from),
            DeleteWhat::SourcesOf(steps) => {
                steps
                    .first()
                    .and_then(|step| match &self.plan.step(*step).action {
                        Action::Transfer(transfer) => Some(transfer.from),
                        _ => None,
                    })
            }
        };
        let Some((side, root)) = set.and_then(|set| self.root_of(set)) else {
            return;
        };
        let view = self.view_of(side);
        let path = paths::absolute(&seen.views[view], view, &root);
        let path = join(&path, file.as_bytes());
        let found = seen.tree.find(seen.roots[view], &path, false);
        let still = found.as_ref().is_some_and(|found| found.ino.is_some());
        let touched = found
            .and_then(|f| f.spot)
            .is_some_and(|s| self.touched.contains_key(&s));
        if still && !touched {
            self.fail(format!("tally: `{file}` was told Deleted, and stands"));
        }
    }

    /// Looks at a run that ended with everything done.
    pub(super) fn done(&mut self) {
        let plan = Arc::clone(&self.plan);
        for step in &plan.steps {
            let Action::Transfer(transfer) = &step.action else {
                continue;
            };
            let own = self.handled.iter().filter(|((by, _), _)| *by == step.id.0);
            let sources: Option<BTreeSet<&Spot>> = own.map(|(_, h)| h.source.as_ref()).collect();
            // The folder of one is gone: which file it was cannot be told any more.
            let Some(handled) = sources else {
                continue;
            };
            let listed = self.set_spots(transfer.from);
            let missed = listed.iter().find(|spot| !handled.contains(spot));
            if let Some(spot) = missed.filter(|spot| !self.touched.contains_key(spot)) {
                let (name, step) = (shown(&spot.1), &step.name);
                self.fail(format!(
                    "tally: done, and `{step}` told nothing of `{name}`"
                ));
            }
        }
    }

    /// Steps that never ended.
    pub(super) fn open_steps(&self) -> Vec<String> {
        let steps = self.plan.steps.iter();
        let open = steps.filter(|step| !self.ended.contains(&step.id.0));
        open.map(|step| step.name.clone()).collect()
    }
}

impl Seen<'_> {
    /// A path below a folder of the manifest, whether it is spelled as that or as the folder is found.
    fn relative(&self, view: usize, folder: &str, path: &[u8], spot: &Spot) -> Option<Vec<u8>> {
        let root = paths::absolute(&self.views[view], view, folder);
        if let Some(relative) = below(path, &root) {
            return Some(relative.to_vec());
        }
        let root = self.tree.find(self.roots[view], &root, true)?.ino?;
        let folder = self.tree.path_of(root, spot.0, b"")?;
        let folder = folder.strip_prefix(b"/").unwrap_or(&folder);
        Some(join(folder, tree_split(path).1))
    }

    /// Whether a name lies in an inbox, where nothing stays.
    fn views_inbox(&self, spot: &Spot) -> bool {
        let inboxes = self
            .views
            .iter()
            .zip(self.roots)
            .filter(|(view, _)| view.habits.inbox);
        let mut roots = inboxes.map(|(_, root)| *root);
        roots.any(|root| self.tree.path_of(root, spot.0, b"").is_some())
    }
}

/// Visits every file below a path of a view, with its path relative to it; links to folders are followed once.
fn each_below(seen: Seen<'_>, view: usize, root: &[u8], visit: &mut dyn FnMut(&[u8], &Spot)) {
    let found = seen.tree.find(seen.roots[view], root, true);
    if let Some(ino) = found.and_then(|found| found.ino) {
        each_in(seen.tree, ino, b"", visit);
    }
}

fn each_in(tree: &Tree, folder: Ino, relative: &[u8], visit: &mut dyn FnMut(&[u8], &Spot)) {
    let Some(entries) = tree.folder(folder) else {
        return;
    };
    for ((key, ino), (name, _)) in entries.spots().zip(entries.entries()) {
        let path = join(relative, name);
        match tree.file(ino) {
            Some(_) => visit(&path, &(folder, key.to_vec())),
            None => each_in(tree, ino, &path, visit),
        }
    }
}

/// The path of another name in the folder of a path.
fn beside(path: &[u8], name: &[u8]) -> Vec<u8> {
    let last = tree_split(path).1.len();
    [&path[..path.len() - last], name].concat()
}

fn stands(outcome: &FileOutcome) -> bool {
    matches!(
        outcome,
        FileOutcome::Transferred | FileOutcome::Unchanged | FileOutcome::Unverified { .. }
    )
}

fn word(outcome: &FileOutcome) -> &'static str {
    match outcome {
        FileOutcome::Transferred => "Transferred",
        FileOutcome::Unverified { .. } => "Unverified",
        FileOutcome::Unchanged => "Unchanged",
        FileOutcome::Skipped { .. } => "Skipped",
        FileOutcome::Deleted => "Deleted",
        FileOutcome::WasNotThere => "WasNotThere",
        FileOutcome::Failed { .. } => "Failed",
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
