//! A failing case made as small as it can be while it still fails in the same way.

use std::collections::BTreeSet;

use super::case::{Case, Step, What};
use super::oracle::Violation;
use super::run::run;

/// What two violations have in common that are of one kind: their first word, and what stands before the name.
pub(super) fn kind(violation: &Violation) -> String {
    let end = violation.find(['`', '(']).unwrap_or(violation.len());
    violation[..end].trim().to_owned()
}

/// The smallest case found.
pub(super) fn shrink(case: &Case, wanted: &str) -> Case {
    let mut best = case.clone();
    loop {
        let next = smaller(&best).find(|smaller| fails(smaller, wanted));
        match next {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

fn fails(case: &Case, wanted: &str) -> bool {
    let report = run(case, false);
    report
        .violations
        .iter()
        .any(|violation| kind(violation) == wanted)
}

/// Cases that lack one thing more.
fn smaller(case: &Case) -> impl Iterator<Item = Case> + '_ {
    without_faults(case)
        .chain(without_steps(case))
        .chain(without_files(case))
        .chain(plainer(case))
}

fn without_faults(case: &Case) -> impl Iterator<Item = Case> + '_ {
    let count = case.faults.len();
    let halves = [0..count / 2, count / 2..count]
        .into_iter()
        .filter(|range| range.len() > 1);
    let each = (0..count).map(|at| at..at + 1);
    halves.chain(each).map(|range| {
        let mut smaller = case.clone();
        smaller.faults.drain(range);
        smaller
    })
}

fn without_steps(case: &Case) -> impl Iterator<Item = Case> + '_ {
    (0..case.steps.len()).rev().map(|at| {
        let mut smaller = case.clone();
        let mut gone = BTreeSet::from([case.steps[at].name.clone()]);
        smaller.steps.retain_mut(|step| keeps(step, &mut gone));
        smaller
    })
}

/// Whether a step can stand without those that are gone; what it need not have of them is taken out.
fn keeps(step: &mut Step, gone: &mut BTreeSet<String>) -> bool {
    step.needs.retain(|need| !gone.contains(need));
    if let What::SourcesOf { steps, .. } = &mut step.what {
        steps.retain(|step| !gone.contains(step));
    }
    let lacks = match &step.what {
        What::List { .. } => false,
        What::SourcesOf { steps, .. } => steps.is_empty(),
        What::Filter { from, .. } | What::Transfer { from, .. } | What::DeleteFrom { from, .. } => {
            gone.contains(from)
        }
    };
    let keeps = !lacks && !gone.contains(&step.name);
    if !keeps {
        gone.insert(step.name.clone());
    }
    keeps
}

fn without_files(case: &Case) -> impl Iterator<Item = Case> + '_ {
    let files = (0..case.files.len()).map(|at| {
        let mut smaller = case.clone();
        smaller.files.remove(at);
        smaller
    });
    let links = (0..case.links.len()).map(|at| {
        let mut smaller = case.clone();
        smaller.links.remove(at);
        smaller
    });
    files.chain(links)
}

/// Cases with a simpler step, file or view.
fn plainer(case: &Case) -> impl Iterator<Item = Case> + '_ {
    let mut all = Vec::new();
    for at in 0..case.steps.len() {
        let step = &case.steps[at];
        let mut change = |change: &dyn Fn(&mut Step)| {
            let mut smaller = case.clone();
            change(&mut smaller.steps[at]);
            all.push(smaller);
        };
        if step.when.is_some() {
            change(&|step| step.when = None);
        }
        if step.goes_on {
            change(&|step| step.goes_on = false);
        }
        if step.timeout.is_some() {
            change(&|step| step.timeout = None);
        }
        if step.attempts != 4 {
            change(&|step| step.attempts = 4);
        }
        if let What::Transfer { options, .. } = &step.what {
            for option in 0..options.len() {
                change(&|step| {
                    if let What::Transfer { options, .. } = &mut step.what {
                        options.remove(option);
                    }
                });
            }
        }
    }
    for at in 0..case.files.len() {
        if case.files[at].length > 50 {
            let mut smaller = case.clone();
            smaller.files[at].length = 50;
            all.push(smaller);
        }
    }
    if case.jobs.is_none() {
        let mut smaller = case.clone();
        smaller.jobs = Some(1);
        all.push(smaller);
    }
    all.into_iter()
}
