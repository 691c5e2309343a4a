//! Steps that may run at the same time and must not: found by comparing what they touch, path by path.

use std::collections::{BTreeSet, HashMap};

use super::codes;
use super::extents::{Extent, Touch, extents};
use super::graph::{Graph, ordered};
use super::model::{Plan, StepId};
use crate::manifest::{Finding, Manifest, Path, Place, Severity};

/// So many pairs of extents that meet are looked at; beyond that, a warning says so. It bounds memory (8 bytes a pair) and
/// time, and is far above what a plan has whose steps do not all work on one folder.
const MOST_PAIRS: usize = 2_000_000;

/// So many of them are judged at a time.
const CHUNK: usize = 1 << 19;

/// So many hazards of one step are said; a thousand steps into one folder would make half a million of them.
const MOST_A_STEP: usize = 8;

/// Two steps that touch the same files, in no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// The documented code.
    pub code: &'static str,
    /// Error, or warning.
    pub severity: Severity,
    /// The step that should wait.
    pub later: StepId,
    /// The step that it should wait for.
    pub earlier: StepId,
    /// What is wrong, in one line.
    pub message: String,
    /// The line to add.
    pub help: String,
}

impl Hazard {
    /// Whether nothing may run with it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

struct Found {
    code: &'static str,
    severity: Severity,
    later: usize,
    earlier: usize,
    message: String,
    help: String,
}

/// Finds the hazards of a plan.
///
/// `homes` are the folders in which sessions start, by [`crate::files::ServerId`]: known once `run` has logged in, when paths
/// that are relative there can be compared with absolute ones. Before that the list is empty.
pub fn hazards(plan: &Plan, homes: &[Option<String>]) -> Vec<Hazard> {
    let extents = extents(plan, homes);
    let Meeting { pairs, beyond } = meeting(&extents);
    let needs = plan
        .steps
        .iter()
        .map(|step| step.needs.iter().map(|need| need.0 as usize).collect());
    let graph = Graph::new(needs.collect());
    let order: Vec<usize> = (0..plan.steps.len()).collect();
    let mut found: Vec<Found> = Vec::new();
    let mut said: HashMap<(usize, Severity), usize> = HashMap::new();
    for pairs in pairs.chunks(CHUNK) {
        let extents = |&(a, b): &(u32, u32)| (&extents[a as usize], &extents[b as usize]);
        let steps = pairs.iter().map(extents).map(|(a, b)| (a.step, b.step));
        let ordered = ordered(&graph, &order, &steps.collect::<Vec<_>>());
        for ((a, b), ordered) in pairs.iter().map(extents).zip(ordered) {
            let Some(one) = judge(plan, a, b, ordered) else {
                continue;
            };
            let said = said.entry((one.later, one.severity)).or_default();
            *said += 1;
            if *said <= MOST_A_STEP {
                found.push(one);
            }
        }
    }
    found.extend(beyond.map(|extent| not_compared(plan, extents[extent].step)));
    // Of one pair the worst is said, once: a transfer touches a folder in several ways.
    found.sort_by_key(|one| (one.severity, one.code));
    let mut seen = BTreeSet::new();
    found.retain(|one| {
        let (a, b) = (owner(plan, one.later), owner(plan, one.earlier));
        seen.insert(if a < b { (a, b) } else { (b, a) })
    });
    let hazards = found.into_iter().map(|one| Hazard {
        code: one.code,
        severity: one.severity,
        later: plan.steps[one.later].id,
        earlier: plan.steps[one.earlier].id,
        message: one.message,
        help: one.help,
    });
    hazards.collect()
}

/// The hazards that can be seen without a network, at their places.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let hazards = hazards(plan, &[]);
    let findings = hazards.into_iter().map(|hazard| {
        let later = place(manifest, plan, hazard.later);
        let earlier = place(manifest, plan, hazard.earlier);
        let finding = match hazard.severity {
            Severity::Error => Finding::error(hazard.code, later, hazard.message, "this step"),
            Severity::Warning => Finding::warning(hazard.code, later, hazard.message, "this step"),
        };
        let finding = finding.help(hazard.help);
        if hazard.later == hazard.earlier {
            return finding;
        }
        finding.also(earlier, "and this one")
    });
    findings.collect()
}

fn place(manifest: &Manifest, plan: &Plan, step: StepId) -> Place {
    let name = owner(plan, step.0 as usize);
    manifest.key_place(&Path::root().key("steps").key(name))
}

/// The written step that a step belongs to: `keep` of `keep: list`.
fn owner(plan: &Plan, step: usize) -> &str {
    let step = &plan.steps[step];
    match step.name.split_once(": ") {
        Some((owner, _)) if step.implicit => owner,
        _ => &step.name,
    }
}

/// Pairs of extents of which one may change what the other touches: equal roots, or nested ones.
struct Meeting {
    pairs: Vec<(u32, u32)>,
    /// The extent from which on nothing more was compared.
    beyond: Option<usize>,
}

fn meeting(extents: &[Extent<'_>]) -> Meeting {
    let mut changing: HashMap<&str, Vec<u32>> = HashMap::new();
    let mut others: HashMap<&str, Vec<u32>> = HashMap::new();
    for (at, extent) in (0..).zip(extents) {
        let map = if extent.changes() {
            &mut changing
        } else {
            &mut others
        };
        map.entry(&extent.root).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for (at, extent) in (0..).zip(extents) {
        if pairs.len() > MOST_PAIRS {
            let beyond = Some(at as usize);
            return Meeting { pairs, beyond };
        }
        let apart = |other: &&u32| extents[**other as usize].step != extent.step;
        let same = changing.get(extent.root.as_str()).into_iter().flatten();
        let same = same.filter(|&&other| !extent.changes() || other > at);
        pairs.extend(same.filter(apart).map(|&other| (at, other)));
        for above in above(&extent.root) {
            let changing = changing.get(above).into_iter().flatten();
            pairs.extend(changing.filter(apart).map(|&other| (at, other)));
            if extent.changes() {
                let others = others.get(above).into_iter().flatten();
                pairs.extend(others.filter(apart).map(|&other| (at, other)));
            }
        }
    }
    Meeting {
        pairs,
        beyond: None,
    }
}

/// The roots above a root, nearest first.
fn above(root: &str) -> impl Iterator<Item = &str> {
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

fn judge(plan: &Plan, a: &Extent<'_>, b: &Extent<'_>, ordered: bool) -> Option<Found> {
    let by_files = Touch::Deletes { by_files: true };
    // Most pairs are ordered, and the only hazard of those is a `delete` by `files`.
    let never = ordered
        && !matches!((a.touch, b.touch), (one, Touch::Reads) | (Touch::Reads, one) if one == by_files);
    if never || owner(plan, a.step) == owner(plan, b.step) || a.disjoint(b) {
        return None;
    }
    let reaches = a.root == b.root
        || if a.root.len() < b.root.len() {
            a.deep
        } else {
            b.deep
        };
    match (a.touch, b.touch) {
        (Touch::Deletes { by_files: true }, Touch::Reads) if reaches => {
            deleted_by_files(plan, a, b, ordered)
        }
        (Touch::Reads, Touch::Deletes { by_files: true }) if reaches => {
            deleted_by_files(plan, b, a, ordered)
        }
        _ if ordered => None,
        (Touch::Deletes { .. }, _) if reaches => Some(deleted(plan, a, b)),
        (_, Touch::Deletes { .. }) if reaches => Some(deleted(plan, b, a)),
        (Touch::Writes { careful: a_careful }, Touch::Writes { careful: b_careful }) => {
            (!(a_careful && b_careful)).then(|| written_twice(plan, a, b))
        }
        (Touch::Writes { .. }, _) if reaches => Some(read_while_written(plan, a, b)),
        (_, Touch::Writes { .. }) if reaches => Some(read_while_written(plan, b, a)),
        _ => None,
    }
}

/// A file that arrives between the transfer's listing and the delete's is deleted and was never transferred, in whatever
/// order the steps run; only a delete that comes first does no harm.
fn deleted_by_files(
    plan: &Plan,
    delete: &Extent<'_>,
    transfer: &Extent<'_>,
    ordered: bool,
) -> Option<Found> {
    if ordered && delete.step < transfer.step {
        return None;
    }
    let (deleting, moving) = (owner(plan, delete.step), owner(plan, transfer.step));
    Some(Found {
        code: codes::HAZARD_DELETE_FILES,
        severity: Severity::Error,
        later: delete.step,
        earlier: transfer.step,
        message: format!(
            "`{deleting}` deletes by `files` where `{moving}` transfers from, and would delete files that came in between"
        ),
        help: format!(
            "in `{deleting}`, write `delete: {{ sources_of: {moving} }}`: it deletes exactly what arrived"
        ),
    })
}

fn deleted(plan: &Plan, delete: &Extent<'_>, other: &Extent<'_>) -> Found {
    let does = match other.touch {
        Touch::Lists => "lists",
        Touch::Reads => "reads",
        Touch::Writes { .. } => "writes",
        Touch::Deletes { .. } => "deletes, too",
    };
    let message = |a: &str, b: &str| {
        format!("`{a}` deletes where `{b}` {does}, and neither waits for the other")
    };
    between(
        plan,
        codes::HAZARD_DELETE,
        Severity::Error,
        delete.step,
        other.step,
        message,
    )
}

fn read_while_written(plan: &Plan, writer: &Extent<'_>, reader: &Extent<'_>) -> Found {
    let does = if reader.touch == Touch::Lists {
        "lists"
    } else {
        "reads"
    };
    let message = |a: &str, b: &str| {
        format!("`{a}` {does} where `{b}` writes, and neither waits for the other")
    };
    between(
        plan,
        codes::HAZARD_READ_WRITE,
        Severity::Error,
        reader.step,
        writer.step,
        message,
    )
}

fn written_twice(plan: &Plan, a: &Extent<'_>, b: &Extent<'_>) -> Found {
    let (later, earlier) = (a.step.max(b.step), a.step.min(b.step));
    let message = |a: &str, b: &str| {
        format!("`{a}` and `{b}` write into the same folder, and neither waits for the other")
    };
    between(
        plan,
        codes::HAZARD_WRITERS,
        Severity::Warning,
        later,
        earlier,
        message,
    )
}

fn not_compared(plan: &Plan, first: usize) -> Found {
    let name = owner(plan, first);
    Found {
        code: codes::HAZARD_NOT_COMPARED,
        severity: Severity::Warning,
        later: first,
        earlier: first,
        message: format!(
            "so many steps touch the same folders that those from `{name}` on were not all compared"
        ),
        help: "join steps that work on one folder, or split the manifest".into(),
    }
}

fn between(
    plan: &Plan,
    code: &'static str,
    severity: Severity,
    later: usize,
    earlier: usize,
    message: impl Fn(&str, &str) -> String,
) -> Found {
    let (last, first) = (owner(plan, later), owner(plan, earlier));
    Found {
        code,
        severity,
        later,
        earlier,
        message: message(last, first),
        help: format!("add `needs: [{first}]` to `{last}`"),
    }
}
