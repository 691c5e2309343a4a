//! Steps that do to a place what nobody can have meant, whatever the order: a copy onto itself, a mirror that clears itself.

use std::collections::BTreeMap;

use super::codes;
use super::extents::{Extent, Touch, extents, onto_themselves, sources};
use super::graph::{Graph, ordered};
use super::kinds::{SetOf, Takes};
use super::model::{Plan, Step, StepId};
use super::overlap::above;
use super::taking::TakeWhat;
use crate::manifest::{Finding, Manifest, Path};

/// So many pairs of a delete and a transfer into the same place are looked at.
const MOST_PAIRS: usize = 100_000;

/// All findings of a plan.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let mut findings = copies_onto_themselves(manifest, plan);
    findings.extend(mirrors(manifest, plan));
    findings.extend(apart(manifest, plan));
    findings
}

/// Steps that take away what several transfers have all brought somewhere, of which two take different files.
fn apart(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let takings = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action.taking()?.what {
            TakeWhat::SourcesOf(transfers) => Some((step, transfers)),
            TakeWhat::FailedOf(_) | TakeWhat::Set { .. } | TakeWhat::ExtrasOf { .. } => None,
        });
    let found = takings.filter_map(|(step, transfers)| {
        let (one, other) = strangers(plan, transfers)?;
        let (one, other) = (&plan.step(one).name, &plan.step(other).name);
        let kind = step.kind;
        let message = format!(
            "`{}` can never {kind} a file: `{one}` and `{other}` take none in common, and a source goes when all that are named have brought it",
            step.name
        );
        let place = manifest.place(&own(step).key("sources_of"));
        let finding = Finding::warning(codes::STEP_APART, place, message, "none in common");
        Some(finding.help(format!(
            "write a step for each: `{kind}: {{ sources_of: {one} }}` and `{kind}: {{ sources_of: {other} }}`"
        )))
    });
    found.collect()
}

/// The first two transfers that take no file in common, as far as their paths and patterns tell.
fn strangers(plan: &Plan, transfers: &[StepId]) -> Option<(StepId, StepId)> {
    let sources = sources(plan, transfers);
    // Of several sides another finding tells.
    let may_meet = |a: &Extent<'_>, b: &Extent<'_>| a.side() != b.side() || a.meets(b);
    let common = |a: &[Extent<'_>], b: &[Extent<'_>]| {
        a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| may_meet(a, b)))
    };
    let first = sources.first()?;
    let other = sources.iter().position(|other| !common(first, other))?;
    Some((transfers[0], transfers[other]))
}

/// Transfers whose destination is, by its text, the folder of their files.
fn copies_onto_themselves(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let found = onto_themselves(plan).into_iter();
    let findings = found.map(|(step, transfer, source)| {
        let into = format!("{}:{}", plan.side_name(transfer.to), transfer.into);
        let source = format!("{}:{source}", plan.side_name(transfer.source));
        let message = format!(
            "`{}` would copy `{source}` onto itself: `{into}` is the same folder",
            step.name
        );
        let place = manifest.place(&own(step).key("into"));
        Finding::error(codes::STEP_ONTO_ITSELF, place, message, "the same folder")
            .help("name another folder in `into`, or another server in `to`")
    });
    findings.collect()
}

/// Deletes of what stands where a transfer before them has put its files.
///
/// What was there already and is left as it is was not brought by that run: the second run would clear the place. A set that
/// is chosen by age, or leaves so many out, is another matter: old files are meant.
fn mirrors(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let extents = extents(plan, &[]);
    let mut written: BTreeMap<&str, Vec<&Extent<'_>>> = BTreeMap::new();
    for extent in extents.iter().filter(|extent| extent.writes()) {
        written.entry(&extent.root).or_default().push(extent);
    }
    let deletes = extents.iter().filter(|extent| {
        let step = &plan.steps[extent.step];
        matches!(extent.touch, Touch::Deletes { .. }) && is_of_all_ages(plan, step)
    });
    let pairs = deletes.flat_map(|delete| met(&written, delete).map(move |write| (delete, write)));
    let pairs: Vec<(usize, usize)> = pairs
        .filter(|(delete, write)| !delete.disjoint(write))
        .map(|(delete, write)| (delete.step, write.step))
        .filter(|(delete, write)| write < delete)
        .take(MOST_PAIRS)
        .collect();
    let waiting = in_order(plan, &pairs);
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for ((delete, write), _) in pairs.iter().zip(waiting).filter(|(_, waits)| *waits) {
        found.entry(*delete).or_insert(*write);
    }
    let found = found.into_iter();
    found
        .map(|(delete, write)| mirror(manifest, &plan.steps[delete], &plan.steps[write]))
        .collect()
}

fn mirror(manifest: &Manifest, delete: &Step, write: &Step) -> Finding {
    let message = format!(
        "`{}` deletes what stands where `{}` puts files: a later run, which finds them there unchanged, means them all",
        delete.name, write.name
    );
    let place = manifest.place(&own(delete));
    let name = &write.name;
    let finding = Finding::warning(codes::STEP_MIRROR, place, message, "the whole place");
    finding
        .also(manifest.place(&own(write)), "puts its files there")
        .help(format!(
            "to delete what the source no longer has, write `delete: {{ extras_of: {name} }}`; or choose by age (`older_than`); what \
             `{name}` brought or found unchanged, the run keeps"
        ))
}

/// The map of a step's kind.
pub(super) fn own(step: &Step) -> Path {
    step.origin.0.key(step.kind.word())
}

/// Whether the set that a step deletes is chosen by name alone, and no copy of this run.
fn is_of_all_ages(plan: &Plan, step: &Step) -> bool {
    let Takes::Deleted(set) = step.action.takes() else {
        return false;
    };
    let mut set: StepId = *set;
    loop {
        match plan.step(set).action.set() {
            SetOf::Part(filter) if filter.rules.older_than.is_some() => return false,
            SetOf::Part(filter) if filter.rules.skip.is_some() => return false,
            SetOf::Part(filter) => set = filter.from,
            SetOf::Found(_) => return true,
            SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => return false,
        }
    }
}

/// What is written where this reaches, or reaches where this is.
fn met<'w>(
    written: &'w BTreeMap<&str, Vec<&'w Extent<'w>>>,
    delete: &'w Extent<'w>,
) -> impl Iterator<Item = &'w Extent<'w>> {
    let root = delete.root.as_str();
    let same = written.get(root).into_iter();
    let above = above(root).filter_map(|above| written.get(above));
    let deep = above.flatten().filter(|write| write.deep);
    let below = written
        .range(root..)
        .skip_while(move |(below, _)| **below == root);
    let below = below.take_while(move |(below, _)| delete.deep && below.starts_with(root));
    let nested = move |below: &str| root.ends_with('/') || below[root.len()..].starts_with('/');
    let below = below.filter(move |(below, _)| nested(below));
    same.flatten()
        .chain(deep)
        .chain(below.flat_map(|(_, writes)| writes))
        .copied()
}

/// For each pair whether the first waits for the second.
pub(super) fn in_order(plan: &Plan, pairs: &[(usize, usize)]) -> Vec<bool> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let needs = plan.steps.iter();
    let needs = needs.map(|step| step.needs.iter().map(|need| need.0 as usize).collect());
    let order: Vec<usize> = (0..plan.steps.len()).collect();
    ordered(&Graph::new(needs.collect()), &order, pairs)
}
