//! Transfers of whose files nothing is left: one step deletes the sources, and a later one the copies.

use std::collections::BTreeMap;

use super::codes;
use super::kinds::{Deed, SetOf, Takes};
use super::model::{Plan, Step, StepId};
use super::places::{in_order, own};
use crate::manifest::{Finding, Manifest};

/// All of a plan.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let copies = deletions_of_copies(plan);
    if copies.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(usize, usize, StepId)> = Vec::new();
    for sources in &plan.steps {
        for transfer in copied_first(plan, sources) {
            let later = copies.get(&transfer).into_iter().flatten();
            let later = later.filter(|copies| sources.id < **copies);
            let later = later.map(|copies| (copies.0 as usize, sources.id.0 as usize, transfer));
            found.extend(later);
        }
    }
    let pairs: Vec<(usize, usize)> = found.iter().map(|found| (found.0, found.1)).collect();
    let waiting = in_order(plan, &pairs);
    let found = found.into_iter().zip(waiting).filter(|(_, waits)| *waits);
    let found = found.filter(|((delete, sources, transfer), _)| {
        !stands_elsewhere(plan, *transfer, (*sources, *delete), &copies)
    });
    found
        .map(|((delete, sources, transfer), _)| {
            let steps = [
                &plan.steps[delete],
                &plan.steps[sources],
                plan.step(transfer),
            ];
            finding(manifest, steps)
        })
        .collect()
}

fn finding(manifest: &Manifest, [copies, sources, transfer]: [&Step; 3]) -> Finding {
    let message = format!(
        "`{}` deletes the copies that `{}` made, and `{}` their sources before: nothing of these files is left",
        copies.name, transfer.name, sources.name
    );
    let place = manifest.place(&own(copies));
    let finding = Finding::warning(codes::STEP_NOTHING_LEFT, place, message, "the copies");
    finding
        .also(manifest.place(&own(sources)), "their sources")
        .help("take one of the two steps out, or bring the copies on by a further transfer")
}

/// The deletions of each transfer's copies.
fn deletions_of_copies(plan: &Plan) -> BTreeMap<StepId, Vec<StepId>> {
    let mut deletions: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        if let Takes::Deleted(from) = step.action.takes()
            && let Some(transfer) = chain(plan, *from).last()
            && matches!(plan.step(transfer).action.set(), SetOf::Copies(_))
        {
            deletions.entry(transfer).or_default().push(step.id);
        }
    }
    deletions
}

/// The transfers whose sources a step deletes once they are copied.
fn copied_first(plan: &Plan, step: &Step) -> Vec<StepId> {
    // What is moved is not lost.
    if matches!(step.action.set(), SetOf::Moved(_)) {
        return Vec::new();
    }
    let transfers = step.action.deeds().into_iter();
    let transfers = transfers.filter_map(|deed| match deed {
        Deed::DeletesSources(transfer) => Some(transfer),
        Deed::ReliesFor(set, transfer) => {
            let own = source_of(plan, transfer)?;
            share_files(plan, set, own).then_some(transfer)
        }
        _ => None,
    });
    transfers.collect()
}

/// Whether another transfer brings the same files somewhere, or their copies on, before they are deleted, and what it brings
/// is not.
fn stands_elsewhere(
    plan: &Plan,
    transfer: StepId,
    (sources, copies): (usize, usize),
    deleted: &BTreeMap<StepId, Vec<StepId>>,
) -> bool {
    let source = source_of(plan, transfer);
    // Whether each step waits for a deletion: of two in order it is the later one that does.
    let waits = |delete: usize| {
        let pairs: Vec<(usize, usize)> = (0..plan.steps.len()).map(|at| (at, delete)).collect();
        let in_order = (0..).zip(in_order(plan, &pairs));
        let waits = in_order.map(|(at, ordered)| ordered && at > delete);
        waits.collect::<Vec<bool>>()
    };
    let (no_sources, no_copies) = (waits(sources), waits(copies));
    plan.steps.iter().enumerate().any(|(at, other)| {
        let from = source_of(plan, other.id);
        let same = from.zip(source);
        let same = same.is_some_and(|(from, source)| share_files(plan, from, source));
        let onward = || from.is_some_and(|from| chain(plan, from).any(|set| set == transfer));
        let brings = (same && !no_sources[at]) || (!no_copies[at] && onward());
        other.id != transfer && brings && !deleted.contains_key(&other.id)
    })
}

/// The set that a transfer copies.
fn source_of(plan: &Plan, transfer: StepId) -> Option<StepId> {
    match plan.step(transfer).action.takes() {
        Takes::Copied { from, .. } => Some(*from),
        _ => None,
    }
}

/// Whether one set is a part of the other: what else two filters have in common is not known.
fn share_files(plan: &Plan, one: StepId, other: StepId) -> bool {
    chain(plan, one).any(|set| set == other) || chain(plan, other).any(|set| set == one)
}

/// A set, and those that it is a part of, up to a list or a transfer.
fn chain(plan: &Plan, set: StepId) -> impl Iterator<Item = StepId> + '_ {
    std::iter::successors(Some(set), |set| match plan.step(*set).action.set() {
        SetOf::Part(filter) => Some(filter.from),
        SetOf::Found(_) | SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => None,
    })
}
