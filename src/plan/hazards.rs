//! Steps that may run at the same time and must not: found by comparing what they touch, path by path.

use std::collections::{HashMap, HashSet};

use super::codes;
use super::conditions::Exclusive;
use super::extents::{Extent, Touch, extents};
use super::kinds::SetOf;
use super::model::{Plan, StepId};
use super::overlap::{Overlap, can_harm, overlaps};
use super::proposals::helps;
use super::taking::TakeWhat;
use crate::manifest::{Finding, Manifest, Path, Place, Severity};

/// So many hazards of one step are said; a thousand steps into one folder would make half a million of them.
const MOST_A_STEP: usize = 8;

/// So many are said of one plan; nobody reads on beyond.
const MOST: usize = 200;

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
    /// The line to write.
    pub help: String,
    /// What its paths, as the steps write them, turned out to be once homes were known: "`in` of `seen` is `/home/ci/in`".
    pub paths: Vec<String>,
}

impl Hazard {
    fn key(&self) -> (&'static str, StepId, StepId) {
        (self.code, self.later, self.earlier)
    }

    /// Whether nothing may run with it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A hazard before it is put into words: most are counted, and only some said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RawHazard {
    pub(super) sort: Sort,
    pub(super) later: usize,
    pub(super) earlier: usize,
}

/// What is wrong between two steps; of one pair the first is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// The later one deletes by `files`, and the other transfers from there. No order would mend that.
    DeletedByFiles,
    /// The later one deletes, and the other does this.
    Deleted(Touch),
    /// The later one does this, and the other writes.
    ReadWhileWritten(Touch),
    /// Both write.
    WrittenTwice,
}

impl Sort {
    fn code(self) -> &'static str {
        match self {
            Sort::Deleted(_) => codes::HAZARD_DELETE,
            Sort::DeletedByFiles => codes::HAZARD_DELETE_FILES,
            Sort::ReadWhileWritten(_) => codes::HAZARD_READ_WRITE,
            Sort::WrittenTwice => codes::HAZARD_WRITERS,
        }
    }

    pub(super) fn severity(self) -> Severity {
        match self {
            Sort::WrittenTwice => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// `takes`: what the later one does with files that it takes away.
    fn message(self, later: &str, takes: &str, earlier: &str) -> String {
        match self {
            Sort::Deleted(other) => format!(
                "`{later}` {takes} where `{earlier}` {}, and neither waits for the other",
                does(other)
            ),
            Sort::DeletedByFiles => format!(
                "`{later}` deletes by `files` where `{earlier}` transfers from, and would delete files that came in between"
            ),
            Sort::ReadWhileWritten(other) => format!(
                "`{later}` {} where `{earlier}` writes, and neither waits for the other",
                does(other)
            ),
            Sort::WrittenTwice => format!(
                "`{later}` and `{earlier}` write into the same folder, and neither waits for the other"
            ),
        }
    }
}

/// Finds the hazards of a plan.
///
/// `homes` are the folders in which sessions start, by [`crate::files::ServerId`]: known once `run` has logged in, when paths
/// that are relative there can be compared with absolute ones. Before that the list is empty.
pub fn hazards(plan: &Plan, homes: &[Option<String>]) -> Vec<Hazard> {
    let extents = extents(plan, homes);
    let owners = owners(plan);
    let Overlap { pairs, beyond } = overlaps(plan, &extents, &owners);
    let pairs = pairs
        .into_iter()
        .filter_map(|(a, b, ordered)| judge(&extents[a as usize], &extents[b as usize], ordered));
    let mut exclusive = Exclusive::new(plan);
    let pairs = pairs
        .filter(|found| !exclusive.are(found.later, found.earlier))
        .filter(|found| !takes_others(plan, *found));
    let (found, left_out) = choose(pairs, &owners);
    let helps = helps(plan, &owners, &found).into_iter();
    let said = found.into_iter().zip(helps);
    let mut hazards: Vec<Hazard> = said.map(|(one, help)| say(plan, one, help)).collect();
    if !homes.is_empty() {
        resolved(plan, &extents, &mut hazards);
    }
    hazards.extend(left_out.map(|first| not_said(plan, first)));
    hazards.extend(beyond.map(|extent| not_compared(plan, extents[extent].step)));
    hazards
}

/// Whether of two steps that take files away one takes what a transfer has brought, and the other what that failed on.
fn takes_others(plan: &Plan, found: RawHazard) -> bool {
    let taken = |step: usize| Some(&plan.steps[step].action.taking()?.what);
    let others = match (taken(found.later), taken(found.earlier)) {
        (Some(TakeWhat::SourcesOf(steps)), Some(TakeWhat::FailedOf(step)))
        | (Some(TakeWhat::FailedOf(step)), Some(TakeWhat::SourcesOf(steps))) => {
            steps.contains(step)
        }
        _ => false,
    };
    others && matches!(found.sort, Sort::Deleted(Touch::Deletes { .. }))
}

/// The hazards that only show now that homes are known.
pub fn late_hazards(plan: &Plan, homes: &[Option<String>]) -> Vec<Hazard> {
    let known: HashSet<_> = hazards(plan, &[]).iter().map(Hazard::key).collect();
    let mut late = hazards(plan, homes);
    late.retain(|hazard| !known.contains(&hazard.key()));
    late
}

/// Tells of the paths by which hazards meet where they are written otherwise.
fn resolved(plan: &Plan, extents: &[Extent<'_>], hazards: &mut [Hazard]) {
    let written = self::extents(plan, &[]);
    let mut of: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, extent) in extents.iter().enumerate() {
        of.entry(extent.step).or_default().push(at);
    }
    let of = |step: StepId| of.get(&(step.0 as usize)).into_iter().flatten().copied();
    for hazard in hazards
        .iter_mut()
        .filter(|hazard| hazard.later != hazard.earlier)
    {
        let pairs = of(hazard.later).flat_map(|a| of(hazard.earlier).map(move |b| (a, b)));
        let mut met = pairs.filter(|&(a, b)| {
            let found = judge(&extents[a], &extents[b], false);
            found.is_some_and(|found| found.sort.code() == hazard.code)
        });
        if let Some((a, b)) = met.next() {
            let told = [a, b].map(|at| told(plan, &written[at], &extents[at]));
            hazard.paths = told.into_iter().flatten().collect();
        }
    }
}

/// What the root of an extent turned out to be, where it is written from a home.
fn told(plan: &Plan, written: &Extent<'_>, known: &Extent<'_>) -> Option<String> {
    let relative = written.below_home()?;
    let (_, path) = known.root.rsplit_once('\n')?;
    let step = owner(plan, known.step);
    Some(format!("`{relative}` of `{step}` is `{path}`"))
}

/// Of one pair the worst, once (a transfer touches a folder in several ways), and not too many of one step and in all; and
/// the first that was left out.
fn choose(
    found: impl Iterator<Item = RawHazard>,
    owners: &[u32],
) -> (Vec<RawHazard>, Option<RawHazard>) {
    let mut found: Vec<RawHazard> = found.collect();
    found.sort_unstable();
    let mut kept = Vec::new();
    let mut left_out = None;
    let mut seen = HashSet::new();
    let mut of_step: HashMap<usize, usize> = HashMap::new();
    for one in found {
        let (a, b) = (owners[one.later], owners[one.earlier]);
        let pair = (a.min(b), a.max(b));
        if seen.contains(&pair) {
            continue;
        }
        let said = of_step.entry(one.later).or_default();
        if *said == MOST_A_STEP || kept.len() == MOST {
            left_out.get_or_insert(one);
            continue;
        }
        *said += 1;
        seen.insert(pair);
        kept.push(one);
    }
    (kept, left_out)
}

fn say(plan: &Plan, found: RawHazard, help: String) -> Hazard {
    let (later, earlier) = (owner(plan, found.later), owner(plan, found.earlier));
    let takes = match plan.steps[found.later].action.set() {
        SetOf::Moved(_) => "moves files away",
        _ => "deletes",
    };
    Hazard {
        code: found.sort.code(),
        severity: found.sort.severity(),
        later: plan.steps[found.later].id,
        earlier: plan.steps[found.earlier].id,
        message: found.sort.message(later, takes, earlier),
        help,
        paths: Vec::new(),
    }
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

/// The name of the written step that a step belongs to.
fn owner(plan: &Plan, step: usize) -> &str {
    &plan.step(plan.steps[step].owner).name
}

/// For every step the written one that it belongs to.
fn owners(plan: &Plan) -> Vec<u32> {
    plan.steps.iter().map(|step| step.owner.0).collect()
}

fn judge(a: &Extent<'_>, b: &Extent<'_>, ordered: bool) -> Option<RawHazard> {
    // Most pairs are ordered.
    if (ordered && !can_harm(a, b)) || a.disjoint(b) {
        return None;
    }
    let reaches = a.root == b.root
        || if a.root.len() < b.root.len() {
            a.deep
        } else {
            b.deep
        };
    let between = |sort, later: &Extent<'_>, earlier: &Extent<'_>| {
        let (later, earlier) = (later.step, earlier.step);
        Some(RawHazard {
            sort,
            later,
            earlier,
        })
    };
    match (a.touch, b.touch) {
        (Touch::Deletes { by_files: true }, Touch::Reads) if reaches => by_files(a, b, ordered),
        (Touch::Reads, Touch::Deletes { by_files: true }) if reaches => by_files(b, a, ordered),
        _ if ordered => None,
        (Touch::Deletes { .. }, other) if reaches => between(Sort::Deleted(other), a, b),
        (other, Touch::Deletes { .. }) if reaches => between(Sort::Deleted(other), b, a),
        (Touch::Writes { careful: a_careful }, Touch::Writes { careful: b_careful }) => {
            let (later, earlier) = if a.step > b.step { (a, b) } else { (b, a) };
            let both = a_careful && b_careful;
            between(Sort::WrittenTwice, later, earlier).filter(|_| !both)
        }
        // What is written over is no longer relied on, and `run` sees that.
        (Touch::Writes { .. }, Touch::Relies) | (Touch::Relies, Touch::Writes { .. }) => None,
        (Touch::Writes { .. }, other) if reaches => between(Sort::ReadWhileWritten(other), b, a),
        (other, Touch::Writes { .. }) if reaches => between(Sort::ReadWhileWritten(other), a, b),
        _ => None,
    }
}

/// A file that arrives between the transfer's listing and the delete's is deleted and was never transferred, in whatever
/// order the steps run; only a delete that comes first does no harm.
fn by_files(delete: &Extent<'_>, transfer: &Extent<'_>, ordered: bool) -> Option<RawHazard> {
    let found = RawHazard {
        sort: Sort::DeletedByFiles,
        later: delete.step,
        earlier: transfer.step,
    };
    (!ordered || delete.step > transfer.step).then_some(found)
}

fn does(touch: Touch) -> &'static str {
    match touch {
        Touch::Lists => "lists",
        Touch::Reads => "reads",
        Touch::Relies => "counts on copies",
        Touch::Writes { .. } => "writes",
        Touch::Deletes { .. } => "takes files away, too",
    }
}

fn not_compared(plan: &Plan, first: usize) -> Hazard {
    let name = owner(plan, first);
    Hazard {
        code: codes::HAZARD_NOT_COMPARED,
        severity: Severity::Warning,
        later: plan.steps[first].id,
        earlier: plan.steps[first].id,
        message: format!(
            "so many steps touch the same folders that those from `{name}` on were not all compared"
        ),
        help: "join steps that work on one folder, put them in order with `needs`, or split the manifest".into(),
        paths: Vec::new(),
    }
}

/// The code is that of what is left out, so that what allows one allows the other.
fn not_said(plan: &Plan, first: RawHazard) -> Hazard {
    let (later, earlier) = (owner(plan, first.later), owner(plan, first.earlier));
    let step = plan.steps[first.later].id;
    Hazard {
        code: first.sort.code(),
        severity: first.sort.severity(),
        later: step,
        earlier: step,
        message: format!(
            "more steps meet like this than are shown, the first of them `{later}` and `{earlier}`"
        ),
        help: "join steps that work on one folder, or put them in order with `needs`".into(),
        paths: Vec::new(),
    }
}
