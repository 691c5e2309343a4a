//! The first example of the documentation, compiled.

use std::sync::Arc;

use super::super::{Action, Max, Plan, TakeWhat, Values};
use super::{blind, compiled, needs, seeing};
use crate::files::Side;

const EXAMPLE: &str = include_str!("../../../tests/manifests/example.yaml");

fn plan() -> Arc<Plan> {
    let inputs = seeing(&[
        ("BUILD_PASSWORD", "b-secret"),
        ("MIRROR_PASSWORD", "m-secret"),
    ]);
    let compiled = compiled(EXAMPLE, &inputs);
    assert_eq!(compiled.findings, []);
    let masked: Vec<&str> = compiled.secrets.masked().collect();
    assert!(
        masked.contains(&"b-secret") && masked.contains(&"m-secret"),
        "{masked:?}"
    );
    compiled.plan.unwrap()
}

#[test]
fn the_example_compiles_to_ordered_steps_with_implicit_logins() {
    let plan = plan();
    let names: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    let expected = [
        "login build",
        "login mirror",
        "builds",
        "archives",
        "keep",
        "publish",
        "tidy",
    ];
    assert_eq!(names, expected);
    assert!(
        plan.steps
            .iter()
            .enumerate()
            .all(|(at, step)| step.id.0 as usize == at)
    );
    assert_eq!(needs(&plan, "builds"), ["login build"]);
    assert_eq!(needs(&plan, "archives"), ["builds"]);
    assert_eq!(needs(&plan, "keep"), ["login build", "archives"]);
    assert_eq!(
        needs(&plan, "publish"),
        ["login build", "login mirror", "archives"]
    );
    assert_eq!(needs(&plan, "tidy"), ["login build", "keep", "publish"]);
}

#[test]
fn the_example_has_its_values_bound() {
    let plan = plan();
    assert_eq!(plan.name, "nightly-release");
    let Action::Filter(filter) = &plan.steps[3].action else {
        panic!();
    };
    assert_eq!(filter.rules.include, ["*-2.4.*.zip"]);
    assert_eq!(filter.rules.newer_than, Some(super::STARTED - 7 * 86_400));
    let Action::Transfer(keep) = &plan.steps[4].action else {
        panic!();
    };
    assert_eq!(keep.into, "dist/2026-11-22");
    assert_eq!(plan.side_name(keep.source), "build");
    assert_eq!(keep.to, Side::Local);
    let Action::Delete(tidy) = &plan.steps[6].action else {
        panic!();
    };
    assert_eq!(tidy.taking.max, Max::Files(50));
    assert!(matches!(&tidy.taking.what, TakeWhat::SourcesOf(steps) if steps.len() == 2));
}

#[test]
fn a_check_needs_no_secret_and_prints_the_plan() {
    let compiled = compiled(EXAMPLE, &blind());
    assert_eq!(compiled.findings, []);
    assert!(compiled.plan.is_none());
    let printable = compiled.printable.unwrap();
    assert_eq!(
        printable.written("servers.build.password"),
        Some("${env.BUILD_PASSWORD}")
    );
    assert_eq!(printable.plan.steps.len(), 7);
}

#[test]
fn only_keeps_what_the_named_steps_need() {
    let plan = plan();
    let only = plan.only(&["keep".to_owned()]).unwrap();
    let names: Vec<&str> = only.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["login build", "builds", "archives", "keep"]);
    assert_eq!(only.servers.len(), 1);
    assert_eq!(needs(&only, "keep"), ["login build", "archives"]);
    let unknown = plan.only(&["kepp".to_owned(), "tidy".to_owned()]);
    assert_eq!(unknown.unwrap_err(), ["kepp"]);
}

#[test]
fn a_delete_of_a_set_knows_the_transfers_before_it() {
    let text = "version: 1\nservers: {a: {host: a}, b: {host: b}}\nsteps:\n  l: {list: {server: a}}\n  keep: {download: {from: l, into: o}}\n  \
                up: {upload: {files: x, to: b, into: y}}\n  d: {needs: [keep, up], delete: {from: l}}\n";
    let compiled = compiled(text, &seeing(&[]));
    assert_eq!(compiled.findings, []);
    let plan = compiled.plan.unwrap();
    let Some(Action::Delete(delete)) = plan.steps.last().map(|step| &step.action) else {
        panic!();
    };
    let TakeWhat::Set { after, .. } = &delete.taking.what else {
        panic!();
    };
    let names: Vec<&str> = after
        .iter()
        .map(|step| plan.step(*step).name.as_str())
        .collect();
    // `x` on this machine may be the folder of `a` by another path.
    assert_eq!(names, ["keep", "up"]);
}

#[test]
fn dates_files_and_given_variables_are_bound() {
    let text = "version: 1\nvars: {pw: \"${file./run/pw}!\", d: old}\nservers: {a: {host: a, user: u, password: \"${vars.pw}\"}}\nsteps:\n  \
                k: {download: {server: a, files: \"/in/${run.date-1d:%Y%m%d}/*\", into: \"${vars.d}/${env.X:-none}/${run.id}/$${x}\"}}\n";
    let mut inputs = seeing(&[("X", "")]);
    inputs.vars.insert("d".into(), "${new}".into());
    inputs.files = Values::Known([("/run/pw".to_owned(), Ok("s3cret\nmore".to_owned()))].into());
    let compiled = compiled(text, &inputs);
    assert_eq!(compiled.findings, []);
    let plan = compiled.plan.unwrap();
    let Some(Action::Transfer(transfer)) = plan.steps.last().map(|step| &step.action) else {
        panic!();
    };
    assert_eq!(transfer.into, "${new}/none/20261122-1/${x}");
    let Action::List(list) = &plan.steps[1].action else {
        panic!();
    };
    assert_eq!(list.path, "/in/20261121");
    let masked: Vec<&str> = compiled.secrets.masked().collect();
    assert!(
        masked.contains(&"s3cret") && masked.contains(&"s3cret!"),
        "{masked:?}"
    );
}

#[test]
fn an_implicit_login_is_tried_as_often_as_defaults_say() {
    let compiled = super::compiled(
        "version: 1\ndefaults: { retry: { attempts: 2 }, timeout: 9s }\nservers: { a: { host: a.internal } }\n\
         steps: { b: { list: { server: a } } }\n",
        &super::seeing(&[]),
    );
    let plan = compiled.plan.expect("a plan");
    let login = plan.steps.iter().find(|step| step.implicit);
    let login = login.expect("an implicit login");
    assert_eq!(login.retry.attempts, 2);
    assert_eq!(login.timeout, Some(std::time::Duration::from_secs(9)));
}
