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
//! - what somebody else has put in place of a file after the run's last look at it: no client can close that window; nor
//!   does a look close it that another job takes while the renaming is on its way;
//! - with `verify: none`, the whole of a file of which the data ended early and nobody said so;
//! - with `verify: none`, a file that was copied onto itself;
//! - the whole of a file that changed while it was read, where its server has no MDTM, or where it was gone
//!   or its session lost by then;
//! - a copy that somebody else rewrote with the same size within the second of its time, and the whole of a file of which
//!   the same happened to the source while it was read, where no later step relies on it;
//! - a copy that somebody else took after the run had looked at it once more where it stands.
//!
//! A deletion by `sources_of` needs every named transfer's copy, whole, at the moment when the source goes, whatever
//! else stands elsewhere. A violation begins with the number of the rule that it breaks, so that findings can be sorted.

mod changes;
mod copies;
mod sides;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ftpflow::event::{Event, FileOutcome, StepOutcome};
use ftpflow::files::{Side, below, join};
use ftpflow::options::{IfExists, Publish, Verify};
use ftpflow::plan::{Action, Delete, Plan, StepId, TakeWhat, Transfer};

use crate::sim::case::LOCAL;
use crate::sim::content::{Contents, Sum, sum};
use crate::sim::paths;
use crate::sim::switches::Switches;
use crate::sim::tree::{Ino, Spot, Tree};
use crate::sim::world::{Seen, is_temporary, tree_split};

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
    /// When the step began that takes it away.
    since: u64,
}

/// What a transfer told of a file.
#[derive(Debug, Clone)]
struct Handled {
    outcome: &'static str,
    stands: bool,
    proven: bool,
    source: Option<Spot>,
    target: Option<Spot>,
    /// Whether it was found unchanged and is not, which size and time could not tell.
    looked_same: bool,
    at: u64,
}

pub(super) struct Oracle {
    on: Switches,
    plan: Arc<Plan>,
    /// The view of each server of the plan.
    servers: Vec<usize>,
    running: BTreeSet<u32>,
    started: BTreeMap<u32, u64>,
    ended: BTreeSet<u32>,
    handled: BTreeMap<(u32, Vec<u8>), Handled>,
    /// Names that hold something because of this manifest, in this run.
    owned: BTreeMap<Spot, u32>,
    /// Copies for which this run has deleted the source, and what they held then.
    relied: BTreeMap<Spot, Option<Sum>>,
    /// Names that a direct transfer has made in this run: what it tries again is its own.
    made: BTreeMap<Spot, u32>,
    /// The copies that each deletion relied on: what was brought onward stands there.
    onward: BTreeMap<Spot, Vec<Spot>>,
    /// Files below the root of each `list`, when it began; and of those, what was there when it ended.
    began: BTreeMap<u32, BTreeSet<Spot>>,
    /// Steps that ran only after a failure, which was none.
    unneeded: BTreeSet<u32>,
    listed: BTreeMap<u32, BTreeSet<Spot>>,
    standing: Vec<Sum>,
    /// When the run last listed a folder, looked at a name, and when somebody else last touched one.
    folders: BTreeMap<Ino, u64>,
    names: BTreeMap<Spot, u64>,
    touched: BTreeMap<Spot, u64>,
    /// When the run had last looked at a name before somebody else touched it.
    looked_before: BTreeMap<Spot, u64>,
    /// When a renaming to a name was last sent.
    sent: BTreeMap<Spot, u64>,
    /// When the run last added to a file.
    written: BTreeMap<Ino, u64>,
    /// Names of which somebody has rewritten the file within the second of its time, so that it looks as before.
    alike: BTreeSet<Spot>,
    /// Sources whose session was lost with the last byte, so that nobody could ask whether they had changed.
    unasked: BTreeSet<Spot>,
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
            started: BTreeMap::new(),
            ended: BTreeSet::new(),
            handled: BTreeMap::new(),
            owned: BTreeMap::new(),
            relied: BTreeMap::new(),
            made: BTreeMap::new(),
            onward: BTreeMap::new(),
            began: BTreeMap::new(),
            unneeded: BTreeSet::new(),
            listed: BTreeMap::new(),
            standing: Vec::new(),
            folders: BTreeMap::new(),
            names: BTreeMap::new(),
            touched: BTreeMap::new(),
            looked_before: BTreeMap::new(),
            sent: BTreeMap::new(),
            written: BTreeMap::new(),
            alike: BTreeSet::new(),
            unasked: BTreeSet::new(),
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
            self.made.clear();
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
            since: 0,
        }
    }

    pub(super) fn listed_folder(&mut self, folder: Ino) {
        self.tick += 1;
        self.folders.insert(folder, self.tick);
    }

    /// The session was lost with the last byte of a file.
    pub(super) fn not_asked(&mut self, spot: &Spot) {
        self.unasked.insert(spot.clone());
    }

    /// The run has added to a file.
    pub(super) fn wrote(&mut self, file: Ino) {
        self.tick += 1;
        self.written.insert(file, self.tick);
    }

    pub(super) fn looked_at(&mut self, spot: &Spot) {
        self.tick += 1;
        self.names.insert(spot.clone(), self.tick);
    }

    /// A file is about to get a name: what comes to stand there from here on, nobody can see.
    pub(super) fn renaming(&mut self, spot: &Spot) {
        self.tick += 1;
        self.sent.insert(spot.clone(), self.tick);
    }

    /// Somebody else has touched names; what is gone by that is nobody's fault.
    /// `alike`: what stands there now has the size and the second of what stood there.
    pub(super) fn somebody(&mut self, tree: &Tree, stores: &[Ino], spots: Vec<Spot>, alike: bool) {
        self.tick += 1;
        for spot in spots {
            self.owned.remove(&spot);
            if alike {
                self.alike.insert(spot.clone());
            }
            self.looked_before.insert(spot.clone(), self.looked(&spot));
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
        if let Some(spot) = self.relied.keys().find(|spot| torn(spot)) {
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

    /// Whether somebody else touched a name after the run's last look.
    fn is_race(&self, spot: &Spot) -> bool {
        let touched = self.touched.get(spot).copied().unwrap_or(0);
        touched > self.looked(spot)
    }

    /// The same where a name must be looked at once more when the file that gets it is whole: what somebody had put there
    /// before was to be seen.
    fn is_late_race(&self, tree: &Tree, spot: &Spot) -> bool {
        let written = tree.at(spot).and_then(|ino| self.written.get(&ino));
        let touched = self.touched.get(spot);
        let was_sent = self.sent.get(spot).is_some_and(|sent| touched > Some(sent));
        (self.is_race(spot) || was_sent) && touched > written
    }

    fn looked(&self, spot: &Spot) -> u64 {
        let folder = self.folders.get(&spot.0).copied().unwrap_or(0);
        folder.max(self.names.get(spot).copied().unwrap_or(0))
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
