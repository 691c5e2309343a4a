//! What a transfer step wants, and its two ends, as its jobs need them.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::book::Book;
use super::distinct::Distinct;
use crate::files::{Allowance, FileSet, Kind, Route, Side, Time, folder_of, join};
use crate::journal::Resumed;
use crate::options::{IfExists, TransferOptions};
use crate::plan::{self, Action, Plan, StepId};
use crate::transfer::{
    Decisions, Inventory, Item, Links, Looks, Reading, Request, Spared, Standing, Verdict,
};

use crate::exec::fault::Fault;
use crate::exec::proofs::Proofs;
use crate::exec::shared::{Shared, renaming};

/// What a transfer step wants, as its jobs need it.
pub(in crate::exec) struct Wishes {
    pub(super) manifest: String,
    pub(super) step: String,
    pub(super) options: TransferOptions,
    pub(super) chmod: Option<u32>,
    pub(super) to: Side,
    pub(super) source_name: String,
    pub(super) target_name: String,
    pub(super) source_id: String,
    /// What no other run has in the names of its marks.
    pub(super) number: u64,
    pub(super) own_source: bool,
    pub(super) into: String,
    pub(super) links: Links,
    /// Copies that must not be replaced.
    by: Reading,
    began: i64,
    spared: Spared,
    /// Whether a later step relies on what this one brings to its destination.
    pub(super) relied: bool,
    /// Whether `into` is known by what its path leads to.
    pub(super) finds_places: bool,
    /// What the survey of the destination may take from its listings.
    pub(super) allowance: Allowance,
    /// Whether the list of files is that of an interrupted run, which knows nothing of later changes.
    pub(super) frozen: bool,
    /// What earlier runs have transferred, where each file goes once.
    pub(super) book: Option<Arc<Book>>,
    resumed: Option<Arc<Resumed>>,
}

/// The folders of a file at its source and at its destination.
type Pair = (Vec<u8>, Vec<u8>);

/// The two ends, once `into` is known.
pub(in crate::exec) struct Ends {
    pub(super) route: Route,
    pub(super) sets_times: bool,
    /// What this run wrote at the destination's side before, where a name that is taken is not replaced.
    earlier: Option<(Side, Arc<Proofs>)>,
    /// Folders of which every name on the way was found in a listing.
    proven: Mutex<HashSet<Vec<u8>>>,
    /// Pairs of folders, the source's and the destination's, of which it was asked whether they are one.
    pairs: Mutex<BTreeMap<Pair, Verdict>>,
    /// The same, where all were asked at once.
    apart: OnceLock<Distinct>,
    /// What tries of single files have found out.
    learned: Mutex<BTreeMap<u32, Learned>>,
}

/// Tries of a file whose source changed while it was read, beyond the first.
const MOST_CHANGES: u32 = 2;

/// What tries have learned of a source file.
#[derive(Default)]
struct Learned {
    looks: Looks,
    changes: u32,
    /// Why its mark could not be removed.
    left_mark: Option<String>,
}

/// All that was found out and decided before anything is changed: what the jobs look at that change something.
pub(in crate::exec) struct Terms {
    pub(super) wishes: Arc<Wishes>,
    pub(super) ends: Arc<Ends>,
    pub(super) set: FileSet,
    pub(super) inventory: Inventory,
    pub(super) decisions: Decisions,
}

impl Wishes {
    pub(super) fn new(step: &plan::Step, transfer: &plan::Transfer, shared: &Shared) -> Wishes {
        let plan = &shared.plan;
        Wishes {
            manifest: plan.name.clone(),
            step: step.name.clone(),
            options: transfer.options.clone(),
            chmod: transfer.chmod,
            to: transfer.to,
            source_name: plan.side_name(transfer.source).to_owned(),
            target_name: plan.side_name(transfer.to).to_owned(),
            source_id: shared.identity_text(transfer.source),
            number: shared.folder_marks.number,
            own_source: shared.identity(transfer.source) == shared.identity(transfer.to),
            into: transfer.into.clone(),
            links: links_of(transfer.from, plan),
            by: shared.reading(transfer.to),
            began: shared.began(),
            spared: shared.proofs.spared().clone(),
            // What is entered must be as good a proof as what is deleted for.
            relied: plan.relies_on(step.id) || transfer.options.once.is_some(),
            finds_places: shared.finds_places(),
            allowance: Allowance::new(shared.limits(transfer.to)),
            frozen: is_frozen(transfer.from, shared),
            book: Book::of(step, transfer, shared),
            resumed: shared.resumed.clone(),
        }
    }

    pub(super) fn request(&self, sets_times: bool) -> Request<'_> {
        Request {
            options: &self.options,
            manifest: &self.manifest,
            step: &self.step,
            source_id: &self.source_id,
            own_source: self.own_source,
            by: self.by,
            relied_since: self.relied.then_some(self.began),
            spared: Some(&self.spared),
            sets_times,
            chmod: self.chmod,
            begun: self
                .resumed
                .as_ref()
                .and_then(|resumed| Some(&resumed.step(&self.step)?.begun)),
            chosen: self.book.as_ref().and_then(|book| book.choices()),
        }
    }
}

/// Whether the list behind a set was journaled by an interrupted run.
fn is_frozen(step: StepId, shared: &Shared) -> bool {
    let known = shared.kept(step).is_some_and(|kept| kept.set.is_some());
    known
        || match &shared.plan.step(step).action {
            Action::Filter(filter) => is_frozen(filter.from, shared),
            _ => false,
        }
}

/// Whether the list behind a local set followed links: its files are then opened through them.
fn links_of(step: StepId, plan: &Plan) -> Links {
    match &plan.step(step).action {
        Action::List(list) if list.follow_links => Links::Follow,
        Action::Filter(filter) => links_of(filter.from, plan),
        _ => Links::Refuse,
    }
}

impl Ends {
    pub(super) fn new(wishes: &Wishes, root: Vec<u8>, shared: &Shared) -> Ends {
        let sets_times = match wishes.to {
            Side::Local => true,
            Side::Server(server) => shared.facts(server).sets_times(),
        };
        let keeps_spaces = match wishes.to {
            Side::Local => true,
            Side::Server(server) => shared.facts(server).keeps_spaces(),
        };
        let keeps_names = matches!(wishes.options.if_exists, IfExists::Skip | IfExists::Fail);
        Ends {
            route: Route {
                side: wishes.to,
                root,
                reach: shared.reach(wishes.to),
                encoding: shared.encoding(wishes.to),
                keeps_spaces,
                flatten: wishes.options.flatten,
                rename: renaming(wishes.options.rename.as_ref()),
                keeps_size: !wishes.options.ascii,
                keeps_times: wishes.options.keep_times && sets_times,
            },
            sets_times,
            earlier: keeps_names.then(|| (shared.identity(wishes.to), Arc::clone(&shared.proofs))),
            proven: Mutex::default(),
            pairs: Mutex::default(),
            apart: OnceLock::new(),
            learned: Mutex::default(),
        }
    }

    /// Takes in the files that this run wrote under names of a set, where the destination does not show them.
    pub(super) fn add_written(&self, set: &FileSet, inventory: &mut Inventory) {
        let Some((side, proofs)) = &self.earlier else {
            return;
        };
        let written = proofs.written_at(*side);
        let names = set.positions();
        let names = names.filter_map(|at| self.route.relative(set, at).ok());
        for name in names.filter(|name| written.contains(&join(&self.route.root, name))) {
            if inventory.standing(&name).is_none() {
                let hidden = Standing {
                    kind: Kind::File,
                    size: None,
                    modified: None,
                };
                inventory.answer(&name, Some(hidden));
            }
        }
    }

    /// Keeps the exact time of a file that is not done yet.
    pub(super) fn learn_exact(&self, at: u32, time: Option<Time>) {
        if time.is_some() {
            self.learn(|all| all.entry(at).or_default().looks.modified = time);
        }
    }

    /// Keeps what a file has become while it was read; whether it may be tried once more for that.
    pub(super) fn learn_change(&self, at: u32, became: Looks) -> bool {
        self.learn(|all| {
            let learned = all.entry(at).or_default();
            learned.looks = became;
            learned.changes += 1;
            learned.changes <= MOST_CHANGES
        })
    }

    /// Keeps why the mark of a file could not be removed.
    pub(super) fn learn_left_mark(&self, at: u32, reason: String) {
        self.learn(|all| all.entry(at).or_default().left_mark = Some(reason));
    }

    /// The same, once.
    pub(super) fn take_left_mark(&self, at: u32) -> Option<String> {
        self.learn(|all| all.get_mut(&at)?.left_mark.take())
    }

    fn learned(&self, at: u32) -> Looks {
        self.learn(|all| all.get(&at).map(|learned| learned.looks))
            .unwrap_or_default()
    }

    fn learn<T>(&self, act: impl FnOnce(&mut BTreeMap<u32, Learned>) -> T) -> T {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut learned)
    }

    /// Keeps which folders of sources and destination are two, found out before files move.
    pub(super) fn tell_apart(&self, distinct: Distinct) {
        // One job tells it, once.
        let _ = self.apart.set(distinct);
    }

    /// Whether the names of a folder's path were all found in listings.
    pub(super) fn is_proven(&self, folder: &[u8]) -> bool {
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.contains(folder)
    }

    /// What was found out about the folders of a file.
    pub(super) fn verdict(&self, item: &Item) -> Option<Verdict> {
        let pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.get(&folders(item)).cloned()
    }

    /// What was found out about the folder of another source and that of a file at its destination.
    pub(super) fn verdict_of(&self, other: &[u8], item: &Item) -> Option<Verdict> {
        let target = folder_of(&item.target);
        if self
            .apart
            .get()
            .is_some_and(|apart| apart.are_two(other, target))
        {
            return Some(Verdict::Different);
        }
        let pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.get(&(other.to_vec(), target.to_vec())).cloned()
    }

    /// The folders of other sources are none of a file's destination.
    pub(super) fn keep_others(&self, item: &Item) {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let target = folder_of(&item.target).to_vec();
        let others = item.others.iter();
        pairs.extend(others.map(|other| ((other.clone(), target.clone()), Verdict::Different)));
    }

    pub(super) fn keep_verdict(&self, item: &Item, verdict: &Verdict) {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.insert(folders(item), verdict.clone());
    }

    pub(super) fn prove(&self, folder: &[u8]) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.insert(folder.to_vec());
    }
}

impl Terms {
    /// Where a file goes.
    pub(super) fn path(&self, at: u32) -> Option<Vec<u8>> {
        self.ends.route.absolute(&self.set, at).ok()
    }

    /// All names of a file's transfer.
    pub(super) fn item(&self, at: u32) -> Result<Item, Fault> {
        let request = self.wishes.request(self.ends.sets_times);
        let decision = self.decisions.of(at);
        let item = Item::new(
            &self.set,
            at,
            &self.ends.route,
            &self.inventory,
            &request,
            decision,
            self.ends.learned(at),
        );
        let mut item = item.map_err(|problem| Fault::permanent(problem.to_string()))?;
        // What has that name by then is the other one, under a name that the server takes for the same.
        if self.decisions.has_namesake(at) && !item.replaces {
            item.may_overwrite = false;
            item.has_namesake = true;
        }
        Ok(item)
    }
}

fn folders(item: &Item) -> Pair {
    (
        folder_of(&item.source).to_vec(),
        folder_of(&item.target).to_vec(),
    )
}
