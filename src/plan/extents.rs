//! What each step touches: side, root folder, depth, and the patterns that narrow it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::endings::{disjoint, leading};
use super::kinds::{Deed, SetOf};
use super::model::{List, Plan, Step, StepId, Transfer};
use super::taking::{IfTaken, Move};
use crate::endpoint::Endpoint;
use crate::files::{ServerId, Side};
use crate::options::IfExists;

/// A home that is not known.
const UNKNOWN: &str = "~";

/// How a step touches an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touch {
    /// Looks which names are there.
    Lists,
    /// Reads files.
    Reads,
    /// Counts on copies that are there.
    Relies,
    /// Makes or replaces files.
    Writes {
        /// Whether it leaves everything alone that is there already.
        careful: bool,
    },
    /// Deletes files. `by_files` when they are chosen by the step's own `files:`.
    Deletes { by_files: bool },
}

/// A part of a side's tree that a step touches.
#[derive(Debug, Clone)]
pub(super) struct Extent<'p> {
    /// The step's position in the plan.
    pub(super) step: usize,
    pub(super) touch: Touch,
    /// Side and root as one text: roots that are nested are so as texts, cut at `/`.
    pub(super) root: String,
    /// Whether it reaches below the root's own entries.
    pub(super) deep: bool,
    /// Patterns of the filters on the way: a path must match one of each group.
    groups: Vec<Vec<&'p str>>,
    /// Whether the folders of the patterns are left out of the paths: `flatten`.
    flat: bool,
}

impl Extent<'_> {
    /// Whether it changes what is there.
    pub(super) fn changes(&self) -> bool {
        matches!(self.touch, Touch::Writes { .. } | Touch::Deletes { .. })
    }

    /// The side of its root.
    pub(super) fn side(&self) -> &str {
        self.root.rsplit_once('\n').map_or("", |(side, _)| side)
    }

    /// Its root as it is written, where that starts from a home that is not known.
    pub(super) fn below_home(&self) -> Option<&str> {
        let (_, path) = self.root.rsplit_once('\n')?;
        match path.strip_prefix(UNKNOWN)? {
            "" => Some("."),
            below => below.strip_prefix('/'),
        }
    }

    /// Whether it makes or replaces files.
    pub(super) fn writes(&self) -> bool {
        matches!(self.touch, Touch::Writes { .. })
    }

    /// Whether a path can be in both, as far as their texts tell.
    pub(super) fn meets(&self, other: &Extent<'_>) -> bool {
        let (outer, inner) = match self.root.len() <= other.root.len() {
            true => (self, other),
            false => (other, self),
        };
        let below = inner.root.strip_prefix(outer.root.trim_end_matches('/'));
        let nested = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let reaches = outer.root == inner.root || (nested && outer.deep);
        reaches && !self.disjoint(other)
    }

    /// Whether no path can be in both, as far as the literal endings of their patterns tell.
    pub(super) fn disjoint(&self, other: &Extent<'_>) -> bool {
        let names = self.flat || other.flat;
        self.groups
            .iter()
            .any(|a| other.groups.iter().any(|b| disjoint(a, b, names)))
    }
}

/// All extents of a plan. `homes` are the folders in which sessions start, by server, where they are known.
pub(super) fn extents<'p>(plan: &'p Plan, homes: &[Option<String>]) -> Vec<Extent<'p>> {
    let filters = filters(plan);
    let sides = Sides::new(plan, homes);
    let mut extents = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let found = |set, touch| found(plan, &sides, set, at, touch);
        for deed in step.action.deeds() {
            match deed {
                Deed::LogsIn(_) => {}
                Deed::Lists(_) => {
                    // Of a shorthand's list nothing is looked at but what its filter lets through.
                    let filter = filters.get(&step.id).filter(|_| step.implicit);
                    let set = filter.copied().unwrap_or(step.id);
                    extents.extend(found(set, Touch::Lists));
                }
                Deed::Reads(set) => extents.extend(found(set, Touch::Reads)),
                Deed::ReliesOn(transfer) => extents.extend(found(transfer, Touch::Relies)),
                Deed::ReliesFor(set, transfer) => {
                    let taken = plan.step(transfer).takes.first();
                    if taken.is_some_and(|taken| beginning(plan, *taken) == beginning(plan, set)) {
                        extents.extend(found(transfer, Touch::Relies));
                    }
                }
                Deed::Writes(transfer) => extents.extend(written(plan, &sides, transfer, at)),
                Deed::Deletes(set) | Deed::Moves(set) => {
                    let by_files = files(plan, set).is_some();
                    extents.extend(found(set, Touch::Deletes { by_files }));
                }
                Deed::DeletesSources(transfer) | Deed::MovesSources(transfer) => {
                    let sets = plan.step(transfer).takes.iter();
                    let touch = Touch::Deletes { by_files: false };
                    extents.extend(sets.flat_map(|set| found(*set, touch)));
                }
                Deed::Receives(moving) => extents.extend(received(plan, &sides, moving, at)),
            }
        }
    }
    extents
}

/// What each of these transfers takes its files from.
pub(super) fn sources<'p>(plan: &'p Plan, transfers: &[StepId]) -> Vec<Vec<Extent<'p>>> {
    let sides = Sides::new(plan, &[]);
    let of = |transfer: &StepId| {
        let sets = plan.step(*transfer).takes.iter();
        let sets = sets.flat_map(|set| found(plan, &sides, *set, 0, Touch::Reads));
        sets.collect()
    };
    transfers.iter().map(of).collect()
}

/// The step that a set is a part of.
pub(super) fn beginning(plan: &Plan, set: StepId) -> StepId {
    match plan.step(set).action.set() {
        SetOf::Part(filter) => beginning(plan, filter.from),
        SetOf::Found(_) | SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => set,
    }
}

/// What a transfer makes or replaces.
fn written<'p>(
    plan: &'p Plan,
    sides: &Sides,
    transfer: &Transfer,
    at: usize,
) -> Option<Extent<'p>> {
    let careful = transfer.options.if_exists == IfExists::Fail;
    let mut source = chosen(plan, sides, transfer.from, at, Touch::Reads)?;
    if transfer.options.rename.is_some() {
        // Patterns are of names that they no longer have.
        source.groups.clear();
    }
    Some(Extent {
        touch: Touch::Writes { careful },
        root: sides.root(transfer.to, &transfer.into),
        deep: source.deep && !transfer.options.flatten,
        flat: source.flat || transfer.options.flatten,
        ..source
    })
}

/// Where a move gives files their names.
fn received<'p>(plan: &'p Plan, sides: &Sides, moving: &Move, at: usize) -> Option<Extent<'p>> {
    let from = plan.taken_from(&moving.taking.what)?;
    let mut source = chosen(plan, sides, from, at, Touch::Reads)?;
    if moving.rename.is_some() {
        source.groups.clear();
    }
    Some(Extent {
        touch: Touch::Writes {
            careful: moving.if_exists != IfTaken::Overwrite,
        },
        root: sides.root(moving.side, &moving.into),
        ..source
    })
}

/// The transfers whose destination is, by its text, the folder of their files; and that folder as it is written.
pub(super) fn onto_themselves(plan: &Plan) -> Vec<(&Step, &Transfer, &str)> {
    let sides = Sides::new(plan, &[]);
    let found = plan.steps.iter().filter_map(|step| {
        let SetOf::Copies(transfer) = step.action.set() else {
            return None;
        };
        let source = chosen(plan, &sides, transfer.from, 0, Touch::Reads)?;
        let moved = source.flat || (transfer.options.flatten && source.deep);
        let same = source.root == sides.root(transfer.to, &transfer.into);
        (same && !moved).then(|| (step, transfer, written_root(plan, transfer.from)))
    });
    found.collect()
}

/// The folder of a set, as it is written.
fn written_root(plan: &Plan, mut set: StepId) -> &str {
    loop {
        match plan.step(set).action.set() {
            SetOf::Found(list) => return &list.path,
            SetOf::Part(filter) => set = filter.from,
            SetOf::Copies(transfer) => return &transfer.into,
            SetOf::Moved(moving) => return &moving.into,
            SetOf::Nothing => return ".",
        }
    }
}

/// The filter of each list that has one.
fn filters(plan: &Plan) -> HashMap<StepId, StepId> {
    let filters = plan
        .steps
        .iter()
        .filter_map(|step| match step.action.set() {
            SetOf::Part(filter) => Some((filter.from, step.id)),
            SetOf::Found(_) | SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => None,
        });
    filters.collect()
}

/// The extents of the set that a step yields.
fn found<'p>(
    plan: &'p Plan,
    sides: &Sides,
    set: StepId,
    at: usize,
    touch: Touch,
) -> Vec<Extent<'p>> {
    let whole = chosen(plan, sides, set, at, touch);
    whole.map_or_else(Vec::new, |whole| apart(plan, sides, set, whole))
}

/// What `files` chooses, folder by folder: of what two entries have in common (`/` of `/a/x` and `/b/y`) most is not touched.
fn apart<'p>(plan: &'p Plan, sides: &Sides, set: StepId, whole: Extent<'p>) -> Vec<Extent<'p>> {
    let Some((list, patterns)) = files(plan, set).filter(|(_, patterns)| !patterns.is_empty())
    else {
        return vec![whole];
    };
    let mut folders: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
    for pattern in patterns {
        folders.entry(leading(pattern)).or_default().push(pattern);
    }
    let extents = folders.into_iter().map(|((folder, deep), group)| Extent {
        root: sides.root(list.side, &format!("{}/{folder}", list.path)),
        deep,
        groups: vec![group],
        ..whole
    });
    extents.collect()
}

/// The list and the patterns that a `files` stands for.
pub(super) fn files(plan: &Plan, set: StepId) -> Option<(&List, &[String])> {
    let step = plan.step(set);
    let SetOf::Part(filter) = step.action.set() else {
        return None;
    };
    match plan.step(filter.from).action.set() {
        SetOf::Found(list) if step.implicit => Some((list, &filter.rules.include)),
        SetOf::Found(_) | SetOf::Part(_) | SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => {
            None
        }
    }
}

/// The extent of the set that a step yields.
fn chosen<'p>(
    plan: &'p Plan,
    sides: &Sides,
    set: StepId,
    at: usize,
    touch: Touch,
) -> Option<Extent<'p>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut into: Option<(String, bool)> = None;
    let mut flat = false;
    let mut renamed = false;
    let mut set = set;
    loop {
        match plan.step(set).action.set() {
            SetOf::Part(filter) => {
                if !filter.rules.include.is_empty() && !renamed {
                    groups.push(filter.rules.include.iter().map(String::as_str).collect());
                }
                set = filter.from;
            }
            SetOf::Copies(transfer) => {
                // Copies have the names of their sources, whose patterns hold for them, too; but not where they are renamed.
                renamed |= transfer.options.rename.is_some();
                flat |= transfer.options.flatten;
                into.get_or_insert_with(|| {
                    (
                        sides.root(transfer.to, &transfer.into),
                        !transfer.options.flatten,
                    )
                });
                set = transfer.from;
            }
            SetOf::Moved(moving) => {
                renamed |= moving.rename.is_some();
                into.get_or_insert_with(|| (sides.root(moving.side, &moving.into), true));
                set = plan.taken_from(&moving.taking.what)?;
            }
            SetOf::Found(list) => {
                let (root, deep) =
                    into.unwrap_or_else(|| (sides.root(list.side, &list.path), true));
                return Some(Extent {
                    step: at,
                    touch,
                    root,
                    deep: deep && list.recursive && list.max_depth != Some(0),
                    groups,
                    flat,
                });
            }
            SetOf::Nothing => return None,
        }
    }
}

/// What stands before the paths of each side, and where its relative ones start.
pub(super) struct Sides {
    local: (String, String),
    servers: Vec<(String, String)>,
}

impl Sides {
    pub(super) fn new(plan: &Plan, homes: &[Option<String>]) -> Sides {
        let endpoints = plan.servers.iter().map(|server| &*server.endpoint);
        Sides::of(&plan.folder, endpoints, homes)
    }

    /// The same of servers alone.
    pub(super) fn of<'e>(
        folder: &Path,
        endpoints: impl Iterator<Item = &'e Endpoint>,
        homes: &[Option<String>],
    ) -> Sides {
        let folder = folder.to_string_lossy().into_owned();
        let servers = endpoints.enumerate().map(|(at, endpoint)| {
            let home = homes.get(at).cloned().flatten();
            (endpoint.key().to_string(), start(endpoint, home))
        });
        Sides {
            local: ("local".to_owned(), folder),
            servers: servers.collect(),
        }
    }

    /// Side and folder as one text. Sides are equal when their keys are.
    pub(super) fn root(&self, side: Side, path: &str) -> String {
        let (side, base) = match side {
            Side::Local => &self.local,
            Side::Server(id) => &self.servers[id.at()],
        };
        let mut root = String::with_capacity(side.len() + base.len() + path.len() + 3);
        root.push_str(side);
        root.push('\n');
        if path.contains("${") {
            // What is not known yet is compared by its text alone.
            root.push('?');
            root.push_str(path);
        } else {
            let base = if path.starts_with('/') { "" } else { base };
            normal(&mut root, base, path);
        }
        root
    }
}

fn key(plan: &Plan, id: ServerId) -> String {
    plan.server(id).endpoint.key().to_string()
}

/// Where relative paths start: `login.directory`, from the folder in which sessions start, where that is known, else `~`.
fn start(endpoint: &Endpoint, home: Option<String>) -> String {
    let home = home.unwrap_or_else(|| UNKNOWN.to_owned());
    match &endpoint.directory {
        Some(directory) if directory.starts_with('/') => directory.clone(),
        Some(directory) => format!("{home}/{directory}"),
        None => home,
    }
}

/// The servers, in groups of one host, port and user each, of which only a look at their home tells whether two paths meet:
/// one is relative to it, and another one is absolute or climbs out of it.
pub fn homes_wanted(plan: &Plan) -> Vec<Vec<ServerId>> {
    let mut seen: HashMap<String, (bool, bool)> = HashMap::new();
    for extent in extents(plan, &[]) {
        let (side, path) = extent.root.rsplit_once('\n').unwrap_or_default();
        let (relative, other) = seen.entry(side.to_owned()).or_default();
        let climbs = path.starts_with("~/..");
        *relative |= path.starts_with(UNKNOWN);
        *other |= climbs || !path.starts_with(UNKNOWN);
    }
    seen.retain(|_, both| *both == (true, true));
    let mut groups: BTreeMap<String, Vec<ServerId>> = BTreeMap::new();
    for id in (0..plan.servers.len()).map(ServerId::new) {
        let side = key(plan, id);
        if seen.contains_key(&side) {
            groups.entry(side).or_default().push(id);
        }
    }
    groups.into_values().collect()
}

/// Appends a path without `.`, `..` and doubled or final `/`. What climbs out of an unknown home keeps its `..`.
fn normal(root: &mut String, base: &str, path: &str) {
    let mut parts: Vec<&str> = Vec::with_capacity(8);
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if !matches!(parts.last(), None | Some(&("~" | ".."))) => {
                parts.pop();
            }
            ".." if parts.is_empty() => {}
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        root.push('/');
    }
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 || part != UNKNOWN {
            root.push('/');
        }
        root.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_are_compared_in_their_normal_form() {
        let normal = |base, path| {
            let mut root = String::new();
            super::normal(&mut root, base, path);
            root
        };
        assert_eq!(normal("/work", "./a//b/../c/"), "/work/a/c");
        assert_eq!(normal("", "/.."), "/");
        assert_eq!(normal("~", "../a"), "~/../a");
        assert_eq!(normal("~", "."), "~");
    }
}
