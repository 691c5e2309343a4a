//! Which parts of the sides' trees meet, and which of those that do have an order.

use std::collections::HashMap;

use super::extents::{Extent, Touch};
use super::graph::{Graph, ordered};
use super::model::Plan;

/// So many pairs of extents that meet are looked at; beyond that, a warning says so. It bounds memory (8 bytes a pair) and
/// time, and is far above what a plan has whose steps do not all work on one folder.
const MOST_PAIRS: usize = 500_000;

/// So many of them may be of two writers, which are only warned of.
const MOST_WRITERS: usize = 10_000;

/// So many pairs are put in order at a time.
const CHUNK: usize = 1 << 17;

/// Pairs of extents of which one may change what the other touches: equal roots, or nested ones.
pub(super) struct Overlap {
    /// Each with whether edges order its steps; but for the many that are ordered and could be no hazard.
    pub(super) pairs: Vec<(u32, u32, bool)>,
    /// The extent from which on nothing more was compared.
    pub(super) beyond: Option<usize>,
}

/// The extents of one root.
#[derive(Default)]
struct Group {
    changing: Vec<u32>,
    others: Vec<u32>,
    /// Those of `changing` that delete.
    deleting: Vec<u32>,
    /// Whether all its steps stand in one order as far as one changes what another touches.
    settled: bool,
}

/// Finds the pairs. `owner` is the written step that a step belongs to; the steps of one owner are in order.
pub(super) fn overlaps(plan: &Plan, extents: &[Extent<'_>], owner: &[u32]) -> Overlap {
    let needs = plan.steps.iter();
    let needs = needs.map(|step| step.needs.iter().map(|need| need.0 as usize).collect());
    let order = Order {
        graph: Graph::new(needs.collect()),
        plain: (0..plan.steps.len()).collect(),
    };
    let mut groups = groups(extents);
    settle(&mut groups, extents, owner, &order);
    let (pairs, beyond) = pairs(&groups, extents, owner);
    let mut answered = Vec::with_capacity(pairs.len());
    for pairs in pairs.chunks(CHUNK) {
        let steps = pairs.iter().map(|&pair| steps(extents, pair));
        let ordered = order.of(&steps.collect::<Vec<_>>());
        let pairs = pairs.iter().zip(ordered);
        answered.extend(pairs.map(|(&(a, b), ordered)| (a, b, ordered)));
    }
    Overlap {
        pairs: answered,
        beyond,
    }
}

/// The order of a plan's steps, which stand in it as their numbers do.
struct Order {
    graph: Graph,
    plain: Vec<usize>,
}

impl Order {
    fn of(&self, steps: &[(usize, usize)]) -> Vec<bool> {
        ordered(&self.graph, &self.plain, steps)
    }
}

fn steps(extents: &[Extent<'_>], (a, b): (u32, u32)) -> (usize, usize) {
    (extents[a as usize].step, extents[b as usize].step)
}

fn groups<'e>(extents: &'e [Extent<'_>]) -> HashMap<&'e str, Group> {
    let mut groups: HashMap<&str, Group> = HashMap::with_capacity(extents.len());
    for (at, extent) in (0..).zip(extents) {
        let group = groups.entry(extent.root.as_str()).or_default();
        if extent.changes() {
            group.changing.push(at);
        } else {
            group.others.push(at);
        }
        if extent.changes() && !extent.writes() {
            group.deleting.push(at);
        }
    }
    groups
}

/// Finds the groups in order without looking at every pair: it is enough that each that changes something comes after the
/// one before it and after all that looked in between, and each that looks after the change before it.
fn settle(groups: &mut HashMap<&str, Group>, extents: &[Extent<'_>], owner: &[u32], order: &Order) {
    let mut asked: Vec<(usize, usize)> = Vec::new();
    let mut shares = Vec::new();
    for group in groups.values_mut() {
        let begin = asked.len();
        let pairs = neighbours(group).into_iter();
        let pairs = pairs.map(|pair| steps(extents, pair));
        asked.extend(pairs.filter(|&(a, b)| owner[a] != owner[b]));
        shares.push((group, begin..asked.len()));
    }
    let answers = order.of(&asked);
    for (group, share) in shares {
        group.settled = answers[share].iter().all(|ordered| *ordered);
    }
}

/// The pairs of a group that tell about all of them. Extents are numbered in the order of their steps.
fn neighbours(group: &Group) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    let mut others = group.others.iter().copied().peekable();
    let mut last = None;
    for &change in &group.changing {
        while let Some(other) = others.next_if(|&other| other < change) {
            pairs.extend(last.map(|last| (last, other)));
            pairs.push((other, change));
        }
        pairs.extend(last.map(|last| (last, change)));
        last = Some(change);
    }
    pairs.extend(others.filter_map(|other| last.map(|last| (last, other))));
    pairs
}

/// The pairs, and the extent from which on there would have been too many.
fn pairs(
    groups: &HashMap<&str, Group>,
    extents: &[Extent<'_>],
    owner: &[u32],
) -> (Vec<(u32, u32)>, Option<usize>) {
    let mut pairs = Vec::new();
    let mut writers = 0;
    let mut beyond = None;
    for (at, extent) in (0..).zip(extents) {
        let of = |other: u32| &extents[other as usize];
        let too_many = extent.writes() && writers >= MOST_WRITERS;
        if too_many {
            beyond.get_or_insert(at as usize);
        }
        let met = met(groups, extents, at, !too_many);
        for other in met.filter(|&other| owner[of(other).step] != owner[extent.step]) {
            if pairs.len() == MOST_PAIRS {
                return (pairs, beyond.or(Some(at as usize)));
            }
            writers += usize::from(extent.writes() && of(other).writes());
            pairs.push((at, other));
        }
    }
    (pairs, beyond)
}

/// What an extent meets, writers if they are wanted: of two that change something in one root, the later one is met.
fn met<'g>(
    groups: &'g HashMap<&str, Group>,
    extents: &'g [Extent<'_>],
    at: u32,
    writers: bool,
) -> impl Iterator<Item = u32> + 'g {
    let extent = &extents[at as usize];
    let changing = move |group: &'g Group| {
        if writers && !group.settled {
            group.changing.iter()
        } else {
            group.deleting.iter()
        }
    };
    let group = groups.get(extent.root.as_str());
    // In order, only a `delete` by `files` can harm, and only what is read.
    let settled = group.is_some_and(|group| group.settled);
    let group = group.filter(|_| !settled || extent.touch == Touch::Reads);
    let same = group.into_iter().flat_map(changing);
    let same = same.filter(move |&&other| !extent.changes() || other > at);
    let same = same.filter(move |&&other| !settled || can_harm(extent, &extents[other as usize]));
    let above = above(&extent.root).filter_map(|above| groups.get(above));
    let above = above.flat_map(move |group| {
        let others = group.others.iter().filter(|_| extent.changes());
        let changing = if writers {
            &group.changing
        } else {
            &group.deleting
        };
        changing.iter().chain(others)
    });
    same.chain(above).copied()
}

/// Whether two extents may be a hazard although their steps are in order.
pub(super) fn can_harm(a: &Extent<'_>, b: &Extent<'_>) -> bool {
    let by_files = Touch::Deletes { by_files: true };
    matches!((a.touch, b.touch), (one, Touch::Reads) | (Touch::Reads, one) if one == by_files)
}

/// The roots above a root, nearest first.
pub(super) fn above(root: &str) -> impl Iterator<Item = &str> {
    let begin = root.rfind('\n').map_or(0, |at| at + 1);
    let path = &root[begin..];
    let top = path.starts_with('/') && path != "/";
    let cuts = path
        .rmatch_indices('/')
        .map(|(at, _)| at)
        .filter(|&at| at > 0);
    let cuts = cuts.map(move |at| &root[..begin + at]);
    cuts.chain(top.then(|| &root[..begin + 1]))
}
