//! Moves into a folder that their own list sees: the next run would move the same files once more.

use super::codes;
use super::extents::{Sides, beginning};
use super::kinds::SetOf;
use super::model::{List, Plan, Step, StepId};
use super::places::own;
use super::taking::Move;
use crate::files::{Pattern, Patterns};
use crate::manifest::{Finding, Manifest};

/// A name that no pattern means which does not mean all names.
const ANY_NAME: &str = "\u{f8ff}";

/// All of a plan.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let sides = Sides::new(plan, &[]);
    let moves = plan.steps.iter().filter_map(|step| {
        let SetOf::Moved(moving) = step.action.set() else {
            return None;
        };
        finding(manifest, plan, &sides, step, moving)
    });
    moves.collect()
}

fn finding(
    manifest: &Manifest,
    plan: &Plan,
    sides: &Sides,
    step: &Step,
    moving: &Move,
) -> Option<Finding> {
    let from = plan.taken_from(&moving.taking.what)?;
    let SetOf::Found(list) = plan.step(beginning(plan, from)).action.set() else {
        return None;
    };
    let root = sides.root(list.side, &list.path);
    let into = sides.root(moving.side, &moving.into);
    let below = into.strip_prefix(root.trim_end_matches('/'))?;
    let place = manifest.place(&own(step).key("into"));
    if below.is_empty() || below == "/" {
        let message = format!(
            "`{}` would move files to where they are: `into` is the folder that was listed",
            step.name
        );
        let finding = Finding::error(codes::STEP_ONTO_ITSELF, place, message, "the same folder");
        let help = "name another folder in `into`, or give the files other names with `rename`";
        return moving.rename.is_none().then(|| finding.help(help));
    }
    let below = below.strip_prefix('/')?;
    let sees = sees(list, below) && !leaves_out(plan, from, below);
    sees.then(|| {
        let message = format!(
            "`{}` moves files to where its own list finds them: the next run would move them again",
            step.name
        );
        let finding = Finding::error(codes::STEP_INTO_SOURCE, place, message, "is listed, too");
        finding.help(format!(
            "name a folder beside the one that is listed, or put a `filter` with `exclude: \"/{below}/**\"` between the two"
        ))
    })
}

/// Whether a list shows what lies in a folder below its root.
fn sees(list: &List, below: &str) -> bool {
    let folders: Vec<&str> = below.split('/').collect();
    let deep_enough = list
        .max_depth
        .is_none_or(|max| folders.len() <= max as usize);
    let shown = list.hidden || folders.iter().all(|name| !name.starts_with('.'));
    let enters = list.descend.is_empty()
        || Patterns::new(&list.descend, false).is_ok_and(|descend| descend.any(below));
    list.recursive && deep_enough && shown && enters
}

/// Whether a filter between the list and the set leaves all out that lies in a folder.
fn leaves_out(plan: &Plan, set: StepId, below: &str) -> bool {
    let SetOf::Part(filter) = plan.step(set).action.set() else {
        return false;
    };
    let path = format!("{below}/{ANY_NAME}");
    let mut patterns = filter.rules.exclude.iter();
    let excludes = patterns.any(|pattern| {
        let pattern = Pattern::new(pattern, filter.rules.ignore_case);
        pattern.is_ok_and(|pattern| pattern.matches(&path))
    });
    excludes || leaves_out(plan, filter.from, below)
}
