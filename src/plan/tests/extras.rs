//! What is found in a `delete` of what no source has.

use super::super::{Action, Max, TakeWhat};
use super::{compiled, seeing};

const ALL: &str = "  l: {list: {server: a, path: /in, recursive: true}}\n";
const COPY: &str = "  c: {relay: {from: l, to: b, into: /pub}}\n";
const TIDY: &str = "  t: {delete: {extras_of: c}}\n";

fn text(steps: &str) -> String {
    format!("version: 1\nservers: {{a: {{host: h}}, b: {{host: b}}}}\nsteps:\n{steps}")
}

fn findings(steps: &str) -> Vec<(&'static str, String, String)> {
    super::texts(&text(steps))
}

#[track_caller]
fn finds(steps: &str, code: &str, at: &str, words: &str) {
    super::finds(&text(steps), code, at, words);
}

#[test]
fn a_mirror_is_a_transfer_and_a_delete_that_waits_for_all_that_fill_the_folder() {
    let more = "  m: {needs: c, upload: {files: 'x/*', to: b, into: /pub/more}}\n  o: {upload: {files: 'y/*', to: b, into: /other}}\n";
    let steps = format!("{ALL}{COPY}{more}{}", TIDY.replace("c}", "c, max: 10%}"));
    assert_eq!(findings(&steps), []);
    let plan = compiled(&text(&steps), &seeing(&[])).plan.unwrap();
    let tidy = plan.steps.iter().find(|step| step.name == "t").unwrap();
    let Action::Delete(delete) = &tidy.action else {
        panic!("{tidy:?}");
    };
    let TakeWhat::ExtrasOf {
        from, transfers, ..
    } = &delete.taking.what
    else {
        panic!("{delete:?}");
    };
    let names: Vec<&str> = transfers.iter().map(|id| &*plan.step(*id).name).collect();
    assert_eq!(names, ["c", "m"]);
    assert_eq!(delete.taking.max, Max::Share { percent: 10 });
    let Action::List(list) = &plan.step(*from).action else {
        panic!("no list");
    };
    assert_eq!((list.path.as_str(), list.recursive), ("/pub", true));
    assert!(plan.step(*from).needs.contains(&transfers[1]));
}

#[test]
fn what_hides_files_of_a_source_is_an_error() {
    for key in [
        "skip: 1, sort: name",
        "limit: 9",
        "newer_than: 7d",
        "larger_than: 1KiB",
    ] {
        let steps = format!(
            "{ALL}  f: {{filter: {{from: l, {key}}}}}\n{}{TIDY}",
            COPY.replace("from: l", "from: f")
        );
        finds(&steps, "step::extras", "c", "hides files of the source");
    }
    let by_name = format!(
        "{ALL}  f: {{filter: {{from: l, include: '*.zip'}}}}\n{}{TIDY}",
        COPY.replace("from: l", "from: f")
    );
    assert_eq!(findings(&by_name), []);
}

#[test]
fn a_wrong_extras_of_is_said_at_its_place() {
    finds(
        &format!("{ALL}{COPY}  t: {{delete: {{extras_of: l}}}}\n"),
        "step::wrong_sort",
        "l",
        "fills no folder",
    );
    finds(
        &format!("{ALL}{COPY}  t: {{delete: {{extras_of: c, sources_of: c}}}}\n"),
        "step::several_sources",
        "sources_of",
        "both say which files",
    );
    finds(
        &format!("{ALL}{COPY}  t: {{delete: {{sources_of: c, max: 10%, if_empty: delete}}}}\n"),
        "options::contradict",
        "10%",
        "a share is of",
    );
    finds(
        &format!("{ALL}{COPY}  t: {{delete: {{extras_of: c, max: 101%}}}}\n"),
        "value::bad",
        "101%",
        "`10%`",
    );
    finds(
        &format!(
            "{ALL}{COPY}{TIDY}  o: {{list: {{server: b, path: /o}}}}\n  m: {{move: {{from: o, into: /pub/old}}}}\n"
        ),
        "step::extras",
        "c",
        "which no source has",
    );
    finds(
        &format!(
            "{ALL}{COPY}{TIDY}  z: {{needs: t, upload: {{files: 'z/*', to: b, into: /pub/z}}}}\n"
        ),
        "step::cycle",
        "c",
        "in a circle",
    );
    finds(
        &format!(
            "{ALL}{}{TIDY}",
            COPY.replace("from: l", "once: true, from: l")
        ),
        "step::extras",
        "c",
        "takes each file once",
    );
    finds(
        &format!(
            "{ALL}{COPY}  d: {{relay: {{from: c, to: a, into: /back}}}}\n  t: {{delete: {{extras_of: d}}}}\n"
        ),
        "step::extras",
        "d",
        "is no list",
    );
}
