//! Markers that a list waits for and a transfer takes for data: `a.csv` and `a.done` lie in one folder, and both are copied.

use std::sync::Arc;

use super::codes;
use super::kinds::Action;
use super::model::{List, Plan, Step, StepId, Transfer};
use super::wait::Awaited;
use crate::files::{FileSet, Filter, Folder, Kind, Listing, NameEncoding, Page, Side, split};
use crate::manifest::{Finding, Manifest};

/// How names end, or are, that say of others that they are whole. A list that waits for other names waits for the data.
const MARKERS: [&str; 16] = [
    "done",
    "ok",
    "ready",
    "fin",
    "finished",
    "complete",
    "completed",
    "success",
    "_success",
    "flag",
    "flg",
    "trg",
    "trigger",
    "sem",
    "go",
    "end",
];

/// A warning for each such list and the first transfer that takes its markers.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let lists = plan.steps.iter().filter_map(|step| {
        let Action::List(list) = &step.action else {
            return None;
        };
        let marker = marker(list)?;
        let transfer = plan.steps.iter().find(|taking| {
            matches!(&taking.action, Action::Transfer(transfer) if takes(plan, transfer, step.id, &marker))
        })?;
        Some(finding(manifest, step, transfer, &marker))
    });
    lists.collect()
}

fn finding(manifest: &Manifest, list: &Step, transfer: &Step, marker: &str) -> Finding {
    let place = super::places::own(list).key("wait").key("for");
    let message = format!(
        "the markers that `{}` waits for are among the files that `{}` copies, such as `{marker}`",
        list.name, transfer.name
    );
    let place = manifest.place(&place);
    let finding = Finding::warning(
        codes::LIST_MARKERS_TAKEN,
        place,
        message,
        "copied as data, too",
    );
    finding
        .also(
            manifest.place(&super::places::own(transfer).key("from")),
            "here",
        )
        .help("put a `filter` between the two, with `exclude` for the markers or `include` for the data")
}

/// A name that the pattern of a list matches, where it is a marker's.
fn marker(list: &List) -> Option<String> {
    let Awaited::Matching(pattern) = &list.wait.as_ref()?.what else {
        return None;
    };
    if pattern.contains(['[', ']', '{', '}', '\\']) {
        return None;
    }
    let path = pattern.trim_start_matches('/');
    let path = path.replace("**", "x").replace(['*', '?'], "x");
    let name = path.rsplit('/').next()?.to_lowercase();
    let ending = name.rsplit('.').next()?;
    MARKERS.contains(&ending).then_some(path)
}

/// Whether a transfer copies such a file of a list.
fn takes(plan: &Plan, transfer: &Transfer, list: StepId, marker: &str) -> bool {
    let mut set = transfer.from;
    loop {
        match &plan.step(set).action {
            Action::List(_) => return set == list,
            Action::Filter(filter) if passes(&filter.rules, marker) => set = filter.from,
            _ => return false,
        }
    }
}

/// Whether a file of that name passes. One that asks for a size passes none: nobody knows what a marker holds.
fn passes(rules: &Filter, marker: &str) -> bool {
    if rules.larger_than.or(rules.smaller_than).is_some() {
        return false;
    }
    let names = Filter {
        newer_than: None,
        older_than: None,
        skip: None,
        limit: None,
        ..rules.clone()
    };
    let mut page = Page::default();
    let (folder, name) = split(marker.as_bytes());
    page.push(name, Kind::File, None, None);
    let relative = folder.to_vec();
    let folders = vec![Folder { relative, page }];
    let listing = Listing::assemble(Side::Local, Vec::new(), NameEncoding::Auto, true, folders);
    let passed = names.apply(&FileSet::all(Arc::new(listing)));
    passed.is_ok_and(|passed| !passed.set.is_empty())
}
