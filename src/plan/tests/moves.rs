//! What is found in a `move`.

use super::super::{Action, IfTaken, Max, When};
use super::{compiled, seeing};

fn text(steps: &str) -> String {
    format!("version: 1\nservers: {{a: {{host: h}}}}\nsteps:\n{steps}")
}

fn findings(steps: &str) -> Vec<(&'static str, String, String)> {
    super::texts(&text(steps))
}

#[track_caller]
fn finds(steps: &str, code: &str, at: &str, words: &str) {
    super::finds(&text(steps), code, at, words);
}

fn list(options: &str) -> String {
    format!("  l: {{list: {{server: a, path: /in{options}}}}}\n")
}

#[test]
fn all_of_a_move_is_in_its_plan() {
    let steps = "  l: {list: {server: a, path: /in}}\n  k: {download: {from: l, into: o}}\n  \
        m: {move: {failed_of: k, into: /bad, rename: {match: '^', to: 'x-'}, if_exists: number, max: 7}}\n";
    let plan = compiled(&text(steps), &seeing(&[])).plan.unwrap();
    let step = plan.steps.iter().find(|step| step.name == "m").unwrap();
    let Action::Move(moving) = &step.action else {
        panic!("{step:?}");
    };
    assert_eq!(
        (moving.if_exists, moving.taking.max),
        (IfTaken::Number, Max::Files(7))
    );
    // A failure is what it is there for.
    assert_eq!(step.when, When::Always);
    let text = text(&steps.replace("max: 7}}", "max: 7}, when: failure}"));
    let plan = compiled(&text, &seeing(&[])).plan.unwrap();
    assert_eq!(plan.steps.last().unwrap().when, When::Failure);
}

#[test]
fn what_is_wrong_in_a_move_is_said_at_its_place() {
    let list = list("");
    finds(
        &format!("{list}  m: {{move: {{from: l}}}}\n"),
        "value::required",
        "move",
        "`into`",
    );
    finds(
        &format!("{list}  m: {{move: {{into: /x}}}}\n"),
        "value::required",
        "move",
        "`failed_of: TRANSFER`",
    );
    finds(
        &format!("{list}  m: {{move: {{from: l, failed_of: l, into: /x}}}}\n"),
        "step::several_sources",
        "from",
        "both say which files are meant",
    );
    finds(
        &format!("{list}  m: {{move: {{failed_of: l, into: /x}}}}\n"),
        "step::wrong_sort",
        "l",
        "It moves the files of a list or filter",
    );
    finds(
        &format!("{list}  m: {{move: {{from: l, into: /x, if_exists: skip}}}}\n"),
        "value::bad",
        "skip",
        "`number`",
    );
    finds(
        &format!("{list}  m: {{move: {{from: l, into: /in}}}}\n"),
        "step::onto_itself",
        "/in",
        "with `rename`",
    );
    finds(
        &format!("{list}  m: {{move: {{from: l, into: /x}}}}\n  d: {{delete: {{from: m}}}}\n"),
        "step::wrong_sort",
        "m",
        "perhaps nowhere else",
    );
}

#[test]
fn a_move_to_where_its_list_finds_the_files_again_is_an_error() {
    let into = |options: &str, filter: &str, into: &str| {
        let from = if filter.is_empty() { "l" } else { "f" };
        let filter = match filter {
            "" => String::new(),
            keys => format!("  f: {{filter: {{from: l, {keys}}}}}\n"),
        };
        let list = list(options);
        let found = findings(&format!(
            "{list}{filter}  m: {{move: {{from: {from}, into: {into}}}}}\n"
        ));
        let codes = found.iter().map(|(code, ..)| *code).collect::<Vec<_>>();
        codes == ["step::into_source"]
    };
    let deep = ", recursive: true";
    assert!(into(deep, "", "/in/done"));
    assert!(into(deep, "include: '*.csv'", "/in/done"));
    assert!(into(", recursive: true, max_depth: 1", "", "/in/done"));
    assert!(into(", recursive: true, hidden: true", "", "/in/.done"));
    assert!(!into("", "", "/in/done"));
    assert!(!into(deep, "", "/done"));
    assert!(!into(deep, "", "/in2"));
    assert!(!into(deep, "", "/in/.done"));
    assert!(!into(", recursive: true, max_depth: 1", "", "/in/a/b"));
    assert!(!into(deep, "exclude: '/done/**'", "/in/done"));
    assert!(into(deep, "exclude: '*.tmp'", "/in/done"));
}

#[test]
fn a_move_is_a_hazard_beside_those_who_read_or_write() {
    let list = list("");
    finds(
        &format!(
            "{list}  k: {{download: {{from: l, into: o}}}}\n  m: {{move: {{from: l, into: /x}}}}\n"
        ),
        "hazard::delete",
        "m",
        "`m` moves files away where `k` reads",
    );
    finds(
        &format!(
            "{list}  m: {{move: {{from: l, into: /x}}}}\n  o: {{list: {{server: a, path: /x}}}}\n  k: {{download: {{from: o, into: o}}}}\n"
        ),
        "hazard::read_write",
        "o",
        "where `m` writes",
    );
}

/// What is moved is not lost: nothing is said of copies that are deleted later, or of a place that is moved away from.
#[test]
fn what_is_moved_is_left_somewhere() {
    let list = list("");
    let steps = format!(
        "{list}  k: {{download: {{from: l, into: o}}}}\n  m: {{move: {{sources_of: k, into: /x}}}}\n  \
         z: {{needs: m, delete: {{from: k, copies: true}}}}\n"
    );
    assert_eq!(findings(&steps), []);
}
