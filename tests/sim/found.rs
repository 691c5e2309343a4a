//! What the simulation has found and was mended: each story again, in many orders.

use super::case::{Case, Deed, Fault, FileSpec, Habits, LOCAL, Planned, Step, Store, View, What};
use super::run::run;
use super::switches::Switches;

/// A server that does everything, and this machine.
fn views() -> Vec<View> {
    let view = |store, root, home, host: &str| View {
        store,
        root,
        home,
        host: host.to_owned(),
        connections: 2,
        cap: 9,
        habits: Habits::GOOD,
    };
    vec![view(0, "", "/w", ""), view(1, "", "/", "h1.test")]
}

fn step(name: &str, needs: &[&str], what: What) -> Step {
    Step {
        name: name.to_owned(),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        what,
        attempts: 4,
        goes_on: false,
        when: None,
        timeout: None,
    }
}

fn list(side: usize, path: &str) -> What {
    What::List {
        side,
        path: path.to_owned(),
        recursive: true,
        follow: false,
        hidden: false,
    }
}

fn holds(case: &Case) {
    for order in 0..24 {
        let report = run(
            &Case {
                order,
                ..case.clone()
            },
            true,
        );
        assert!(report.refused.is_none(), "{:?}", report.refused);
        let story = report.log.join("\n");
        assert!(
            report.violations.is_empty(),
            "{:?}\n{story}",
            report.violations
        );
    }
}

/// Folders of copies are told apart because both hold the same: somebody who replaces a copy meanwhile is seen.
#[test]
fn copies_are_looked_at_after_their_folders_were_told_apart() {
    let file = |store, folder, age| FileSpec {
        store,
        folder,
        name: "z.txt",
        content: 1,
        length: 50,
        age,
    };
    let transfer = What::Transfer {
        from: "s0".to_owned(),
        source: 1,
        to: LOCAL,
        into: "in".to_owned(),
        options: Vec::new(),
    };
    let delete = What::DeleteFrom {
        from: "s0".to_owned(),
        copies: false,
        remove_empty: false,
        max: 100,
    };
    for at in 24..56 {
        for number in 0..4 {
            holds(&Case {
                on: Switches::NONE,
                order: 0,
                stores: vec![Store::default(); 2],
                views: views(),
                files: vec![file(1, "a", 59), file(1, "a/sub", 59)],
                links: Vec::new(),
                steps: vec![
                    step("s0", &[], list(1, "/a")),
                    step("s1", &["s0"], transfer.clone()),
                    step("s2", &["s1"], delete.clone()),
                ],
                faults: vec![Planned {
                    at,
                    what: Fault::Somebody(Deed::Replaces, number),
                }],
                jobs: None,
                resumes: false,
            });
        }
    }
}

#[test]
fn a_step_that_never_starts_is_not_refused_for_a_hazard_as_well() {
    let relay = |into: &str| What::Transfer {
        from: "s1".to_owned(),
        source: 1,
        to: 1,
        into: into.to_owned(),
        options: Vec::new(),
    };
    holds(&Case {
        on: Switches::NONE,
        order: 0,
        stores: vec![Store::default(); 2],
        views: views(),
        files: Vec::new(),
        links: Vec::new(),
        steps: vec![
            step("s0", &[], list(LOCAL, "a")),
            step("s1", &["s0"], list(1, "b/.")),
            step("s2", &["s1"], relay("/in")),
            step("s3", &[], relay("/b")),
        ],
        faults: vec![Planned {
            at: 1,
            what: Fault::Refuse(550),
        }],
        jobs: None,
        resumes: false,
    });
}

/// The second of two files whose names a server takes for one is written over the first, and shown under its own name alone.
/// Which of them was written last decides what stands there, and no listing shows both.
#[test]
fn a_copy_that_another_file_of_the_run_may_have_replaced_is_asked_for_in_vain() {
    let file = |folder, name, content| FileSpec {
        store: 0,
        folder,
        name,
        content,
        length: 50,
        age: 3600,
    };
    let upload = |from: &str, to| What::Transfer {
        from: from.to_owned(),
        source: LOCAL,
        to,
        into: "/b".to_owned(),
        options: vec![("if_exists", "overwrite"), ("times", "now")],
    };
    let mut views = views();
    views.push(View {
        host: "h2.test".to_owned(),
        ..views[1].clone()
    });
    for second in 1..=2 {
        for (one, other) in [("X", "x"), ("x", "X"), ("x.", "x")] {
            let folding = Store {
                folds: true,
                trims: true,
                ..Store::default()
            };
            holds(&Case {
                on: Switches::NONE,
                order: 0,
                stores: vec![Store::default(), folding],
                views: views.clone(),
                files: vec![file("w/a", one, 1), file("w/in", other, 2)],
                links: Vec::new(),
                steps: vec![
                    step("s0", &[], list(LOCAL, "a")),
                    step("s1", &["s0"], list(LOCAL, "in")),
                    step("s2", &["s1"], upload("s0", 1)),
                    step("s3", &["s2"], upload("s1", second)),
                    step(
                        "s4",
                        &["s3"],
                        What::SourcesOf {
                            steps: vec!["s2".to_owned()],
                            remove_empty: false,
                            max: 100,
                        },
                    ),
                ],
                faults: Vec::new(),
                jobs: None,
                resumes: false,
            });
        }
    }
}
