//! Who starts after which ends. The steps list folders of this machine, and nothing runs.

use super::*;
use crate::exec::tests::plan;

const FAILED: End = End::Failed;
const GOOD: End = End::Gave { failed: false };
const PARTLY: End = End::Gave { failed: true };

/// Steps `NAME: rest`, each a list of this machine.
fn ready(steps: &[(&str, &str)]) -> (Ready, Vec<StepId>) {
    let lines = steps.iter().map(|(name, keys)| {
        format!("  {name}: {{list: {{server: local, path: {name}, empty: fail}}, {keys}}}\n")
    });
    let servers = "  unused: {host: a.example}\n";
    Ready::new(&plan(servers, &lines.collect::<String>()))
}

fn diamond() -> (Ready, Vec<StepId>) {
    ready(&[
        ("a", ""),
        ("b", "needs: [a]"),
        ("c", "needs: [a]"),
        ("d", "needs: [b, c]"),
        ("e", ""),
    ])
}

/// The number of a step by its name.
fn id(ready: &Ready, name: &str) -> StepId {
    let step = ready.plan.steps.iter().find(|step| step.name == name);
    step.unwrap().id
}

/// Ends a step; those that start and those that are skipped, those that were not needed with a `-`.
fn end(ready: &mut Ready, name: &str, end: End) -> [String; 2] {
    let found = ready.ended(id(ready, name), end);
    let name = |id: &StepId| ready.plan.step(*id).name.clone();
    let skipped = found.skipped.iter();
    let skipped =
        skipped.map(|(id, skip)| format!("{}{}", name(id), if skip.unneeded { "-" } else { "" }));
    [
        found
            .released
            .iter()
            .map(name)
            .collect::<Vec<_>>()
            .join(" "),
        skipped.collect::<Vec<_>>().join(" "),
    ]
}

#[test]
fn a_step_is_released_when_all_it_needs_is_there() {
    let (mut ready, first) = diamond();
    assert_eq!(first, [id(&ready, "a"), id(&ready, "e")]);
    assert_eq!(end(&mut ready, "a", GOOD), ["b c", ""]);
    assert_eq!(end(&mut ready, "b", GOOD), ["", ""]);
    assert_eq!(end(&mut ready, "c", PARTLY), ["d", ""]);
}

#[test]
fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let (mut ready, _) = diamond();
    end(&mut ready, "a", GOOD);
    assert_eq!(end(&mut ready, "b", FAILED), ["", "d"]);
    assert_eq!(end(&mut ready, "c", GOOD), ["", ""]);
    assert_eq!(ready.abandon(), []);
}

#[test]
fn abandoning_skips_what_still_waits() {
    let (mut ready, _) = diamond();
    let left = ["b", "c", "d"].map(|name| id(&ready, name));
    assert_eq!(ready.abandon(), left);
    assert_eq!(end(&mut ready, "a", GOOD), ["", ""]);
}

#[test]
fn each_condition_is_met_by_the_ends_that_it_names() {
    let steps = [
        ("a", ""),
        ("b", ""),
        ("good", "needs: [a, b]"),
        ("bad", "needs: [a, b], when: failure"),
        ("any", "needs: [a, b], when: always"),
        ("later", "needs: [bad]"),
    ];
    let ends = |one, two| {
        let (mut ready, _) = ready(&steps);
        let [_, first] = end(&mut ready, "a", one);
        let [released, second] = end(&mut ready, "b", two);
        [released, format!("{first} {second}").trim().to_owned()]
    };
    assert_eq!(ends(GOOD, GOOD), ["good any", "bad- later-"]);
    assert_eq!(ends(FAILED, GOOD), ["bad any", "good"]);
    assert_eq!(ends(GOOD, FAILED), ["bad any", "good"]);
    assert_eq!(ends(FAILED, FAILED), ["bad any", "good"]);
    // `on_error: continue`, and a list that could be read in part.
    assert_eq!(ends(PARTLY, GOOD), ["good bad any", ""]);
}

#[test]
fn a_skipped_step_has_neither_succeeded_nor_failed() {
    let (mut ready, _) = ready(&[
        ("a", ""),
        ("b", "needs: [a]"),
        ("good", "needs: [b]"),
        ("bad", "needs: [b], when: failure"),
        ("any", "needs: [b], when: always"),
    ]);
    assert_eq!(end(&mut ready, "a", FAILED), ["any", "b good bad-"]);
}

#[test]
fn nothing_overtakes_what_comes_before_a_step_that_was_skipped() {
    let (mut ready, _) = ready(&[
        ("a", ""),
        ("slow", ""),
        ("b", "needs: [a, slow]"),
        ("any", "needs: [b], when: always"),
    ]);
    assert_eq!(end(&mut ready, "a", FAILED), ["", "b"]);
    assert_eq!(end(&mut ready, "slow", GOOD), ["any", ""]);
}

#[test]
fn a_step_whose_login_fails_has_failed() {
    let steps = "  send: {upload: {files: x, to: a, into: /in}}\n  \
                 bad: {list: {server: local, path: x, empty: fail}, needs: [send], when: failure}\n";
    let (mut ready, _) = Ready::new(&plan("  a: {host: a.example}\n", steps));
    end(&mut ready, "send: list", GOOD);
    end(&mut ready, "send: filter", GOOD);
    assert_eq!(end(&mut ready, "login a", FAILED), ["bad", "send"]);
}

#[test]
fn a_delete_does_not_run_where_a_transfer_before_it_has_not() {
    let steps = "  all: {list: {server: a, path: /in}}\n  first: {list: {server: local, path: x, empty: fail}}\n  \
                 keep: {download: {from: all, into: out}, needs: [first]}\n  \
                 any: {list: {server: local, path: y, empty: fail}, needs: [keep], when: always}\n  \
                 tidy: {delete: {from: all}, needs: [any]}\n";
    let (mut ready, _) = Ready::new(&plan("  a: {host: a.example}\n", steps));
    end(&mut ready, "login a", GOOD);
    end(&mut ready, "all", GOOD);
    assert_eq!(end(&mut ready, "first", FAILED), ["any", "keep"]);
    assert_eq!(end(&mut ready, "any", GOOD), ["", "tidy"]);
}
