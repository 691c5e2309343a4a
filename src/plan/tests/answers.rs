//! What steps say of themselves.

use super::super::{Plan, Step, Yields};
use super::{compiled, seeing};
use crate::files::{ServerId, Side};
use crate::kind::StepKind;

const A: Side = Side::Server(ServerId(0));
const B: Side = Side::Server(ServerId(1));

/// Every kind, each step named after it.
const ALL: &str = "version: 1
servers: {a: {host: a}, b: {host: b}}
steps:
  login: {login: {server: a}}
  list: {list: {server: a, path: /in}}
  filter: {filter: {from: list}}
  download: {download: {from: filter, into: out}}
  upload: {upload: {files: 'x/*', to: b, into: /x}}
  relay: {relay: {from: filter, to: b, into: /y}}
  kept: {list: {server: a, path: /kept}}
  move: {move: {from: kept, into: /done}}
  delete: {delete: {sources_of: [download, relay]}}
";

fn plan(text: &str) -> std::sync::Arc<Plan> {
    compiled(text, &seeing(&[])).plan.unwrap()
}

fn step<'p>(plan: &'p Plan, name: &str) -> &'p Step {
    plan.steps.iter().find(|step| step.name == name).unwrap()
}

#[test]
fn every_kind_says_where_it_acts_what_it_yields_and_what_it_changes() {
    let plan = plan(ALL);
    let said = |kind: &StepKind| {
        let step = step(&plan, kind.word());
        assert_eq!(step.kind, *kind);
        assert_eq!(kind.changes(), !step.changes.is_empty(), "{kind}");
        (step.acts_on.clone(), step.yields, step.changes.clone())
    };
    let said: Vec<_> = StepKind::ALL.iter().map(said).collect();
    let expected = [
        (vec![A], Yields::Nothing, vec![]),
        (vec![A], Yields::Found(A), vec![]),
        (vec![], Yields::Found(A), vec![]),
        (
            vec![A, Side::Local],
            Yields::Copies(Side::Local),
            vec![Side::Local],
        ),
        (vec![Side::Local, B], Yields::Copies(B), vec![B]),
        (vec![A, B], Yields::Copies(B), vec![B]),
        (vec![A], Yields::Moved(A), vec![A]),
        (vec![A], Yields::Nothing, vec![A]),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_step_knows_its_owner_and_whose_sets_it_reads() {
    let plan = plan(ALL);
    let names = |steps: &[super::super::StepId]| -> Vec<String> {
        let names = steps.iter().map(|id| plan.step(*id).name.clone());
        names.collect()
    };
    let upload = step(&plan, "upload");
    assert_eq!(names(&upload.takes), ["upload: filter"]);
    for made in ["upload: list", "upload: filter"] {
        assert_eq!(step(&plan, made).owner, upload.id);
    }
    assert_eq!(upload.owner, upload.id);
    assert_eq!(step(&plan, "login b").owner, step(&plan, "login b").id);
    assert_eq!(names(&step(&plan, "delete").takes), ["download", "relay"]);
}

#[test]
fn a_part_of_a_plan_says_the_same_with_new_numbers() {
    let plan = plan(ALL);
    let part = plan.only(&["upload".to_owned()]).unwrap();
    let upload = step(&part, "upload");
    // Server `b` is the only one left.
    assert_eq!(upload.acts_on, [Side::Local, A]);
    assert_eq!(
        (upload.yields, &upload.changes),
        (Yields::Copies(A), &vec![A])
    );
    assert_eq!(part.step(upload.takes[0]).name, "upload: filter");
    assert_eq!(part.step(upload.takes[0]).owner, upload.id);
    let alone = plan.only(&["upload: list".to_owned()]).unwrap();
    assert_eq!(alone.steps[0].owner, alone.steps[0].id);
}
