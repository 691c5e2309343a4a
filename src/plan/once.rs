//! `once`: as it is written, and what would hide files for ever or take them twice.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use super::kinds::{Action, SetOf, Takes};
use super::model::{Plan, Step, StepId};
use super::names::check_name;
use super::places::own;
use super::values;
use crate::manifest::{Finding, Manifest, Path, Slot, WordOr, model};
use crate::options::Once;

/// Reads a `once:`; some none where it is `false`.
pub(super) fn written(
    context: &mut Context<'_>,
    slot: &Slot<WordOr<model::Once>>,
    parent: &Path,
) -> Option<Option<Once>> {
    let at = parent.key("once");
    let wanted = "`true`, `false`, a duration or a map with `as` and `for`";
    match context.slot(slot, || at.clone(), wanted)? {
        WordOr::Word(word) => {
            let bound = context.bind(word, || at.clone());
            context.read(&bound, || at, word_of)
        }
        WordOr::Map(map) => {
            context.unknown_keys::<model::Once>(&map.unknown, &at);
            let path = at.key("as");
            // A variable would make every file new where its value is.
            let name = context.plain(&map.r#as, &path).map(str::to_owned);
            if let Some(name) = &name {
                check_name(context, name, &path);
            }
            let keep = context.value(&map.r#for, &at, "for", values::some_duration);
            Some(Some(Once { name, keep }))
        }
    }
}

fn word_of(text: &str) -> Result<Option<Once>, values::BadValue> {
    match text {
        "true" => Ok(Some(Once::default())),
        "false" => Ok(None),
        _ => match values::some_duration(text) {
            Ok(keep) => Ok(Some(Once {
                name: None,
                keep: Some(keep),
            })),
            Err(_) => Err(values::bad(
                "`true`, `false` or a duration",
                "write `true`, or for how long files are remembered that the source does not show any more, such as `90d`",
            )),
        },
    }
}

/// All of a plan.
pub(super) fn findings(manifest: &Manifest, plan: &Plan) -> Vec<Finding> {
    let steps = plan.steps.iter();
    let onces: Vec<&Step> = steps.filter(|step| plan.once(step.id).is_some()).collect();
    let limited = onces.iter().flat_map(|step| limited(manifest, plan, step));
    let mut findings: Vec<Finding> = limited.collect();
    findings.extend(twice(manifest, plan, &onces));
    let deletes = plan.steps.iter();
    findings.extend(deletes.filter_map(|step| no_ledger(manifest, plan, step)));
    findings
}

/// Filters before a step that leave files out by their number: the same ones in every run, once those before them are known.
fn limited(manifest: &Manifest, plan: &Plan, step: &Step) -> Vec<Finding> {
    let filters = above(plan, step.id).into_iter();
    let found = filters.flat_map(|id| {
        let filter = plan.step(id);
        let SetOf::Part(part) = filter.action.set() else {
            return Vec::new();
        };
        let keys = [("limit", part.rules.limit), ("skip", part.rules.skip)];
        let keys = keys.into_iter().filter(|(_, count)| count.is_some());
        keys.map(|(key, _)| {
            let message = format!(
                "`{key}` would hide new files from `{}` for ever: those that it has transferred are counted again in every run",
                step.name
            );
            let place = manifest.place(&own(filter).key(key));
            Finding::error(codes::STEP_ONCE_LIMITED, place, message, "hides new files")
                .also(manifest.place(&own(step).key("once")), "each file once")
                .help(format!(
                    "take it out, and write `max_files: N` in `{}`: it takes the oldest N of those that are new",
                    step.name
                ))
        })
        .collect()
    });
    found.collect()
}

/// The steps whose sets a set is made of, up to a list or another `once`, which is judged by itself.
fn above(plan: &Plan, step: StepId) -> Vec<StepId> {
    let next = |id: &StepId| {
        let taken = match plan.step(*id).action.takes() {
            Takes::Any(from) | Takes::Copied { from, .. } | Takes::Moved(from) => *from,
            Takes::Nothing
            | Takes::Deleted(_)
            | Takes::Extra(_)
            | Takes::Proven { .. }
            | Takes::Failed(_) => return None,
        };
        plan.once(taken).is_none().then_some(taken)
    };
    std::iter::successors(next(&step), next).collect()
}

/// Steps that know each other's files: each would leave out what the other has taken.
fn twice(manifest: &Manifest, plan: &Plan, onces: &[&Step]) -> Vec<Finding> {
    let mut seen: BTreeMap<(&str, &str), &Step> = BTreeMap::new();
    let mut findings = Vec::new();
    for step in onces {
        let Some((name, source)) = scope(plan, step) else {
            continue;
        };
        let Some(first) = seen.insert((name, source), step) else {
            continue;
        };
        let message = format!(
            "`{}` and `{}` remember their files under one name, `{name}`: each would leave out what the other has taken",
            first.name, step.name
        );
        let place = manifest.place(&own(step).key("once"));
        let finding = Finding::error(codes::STEP_ONCE_TWICE, place, message, "the same name");
        findings.push(
            finding
                .also(manifest.place(&own(first).key("once")), "the other")
                .help("give them different names in `as`, or leave it out"),
        );
    }
    findings
}

/// The name that a step's files are known by, and the entry of `servers` that they come from.
fn scope<'p>(plan: &'p Plan, step: &'p Step) -> Option<(&'p str, &'p str)> {
    let Action::Transfer(transfer) = &step.action else {
        return None;
    };
    let name = transfer.options.once.as_ref()?.name.as_deref();
    Some((name.unwrap_or(&step.name), plan.side_name(transfer.source)))
}

/// `accept: ledger` where no transfer is remembered.
fn no_ledger(manifest: &Manifest, plan: &Plan, step: &Step) -> Option<Finding> {
    let taking = step.action.taking()?;
    let relied = plan.relied_on_by(step);
    let remembers = relied.iter().any(|id| plan.once(*id).is_some());
    if !taking.accepts_ledger() || remembers {
        return None;
    }
    let message = format!(
        "`accept: ledger` is about files that a transfer with `once` has brought, and `{}` relies on none",
        step.name
    );
    let place = manifest.place(&own(step).key("accept"));
    let finding = Finding::error(codes::STEP_NO_LEDGER, place, message, "no ledger");
    Some(finding.help("write `once: true` in the transfer, or take `ledger` out"))
}
