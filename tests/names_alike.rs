//! Names that a server takes for one: by their case alone.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use crate::harness::server::{Running, Server};
use crate::harness::{Case, Outcome};

/// Uploads `out` to `/in` with these options, and deletes the sources.
fn moved(server: &Running, options: &str) -> Case {
    // A set is published whole or not at all, so that there is nothing to go on with.
    let after = match options.contains("publish: set") {
        true => "",
        false => ", on_error: continue",
    };
    Case::new().servers(
        &[("s", server, "connections: 1")],
        &format!(
            "steps:
  up: {{ upload: {{ files: 'out/*', to: s, into: /in{options} }}{after} }}
  tidy: {{ delete: {{ sources_of: up }} }}
"
        ),
    )
}

/// Gives a source the time of every other such.
fn dated(case: &Case, name: &str) {
    let source = case.path(format!("out/{name}"));
    let source = fs::File::options().write(true).open(source);
    let then = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    source.and_then(|file| file.set_modified(then)).unwrap();
}

/// Of `README` and `readme` each is still there, or its content has arrived.
#[track_caller]
fn nothing_is_lost(server: &Running, case: &Case, outcome: &Outcome, options: &str) {
    let stands = server.read("/in/readme").or(server.read("/in/README"));
    for (name, content) in [("README", "the large one"), ("readme", "small")] {
        let kept = case.read(format!("out/{name}")).is_some();
        let arrived = stands == Some(content.into());
        assert!(kept || arrived, "{options} {name} {outcome:?}");
    }
}

fn folding() -> Server {
    Server::new().folds_case().file("/in/readme", "old")
}

/// Where sources are deleted, what stands there under another name may be all that is left of another source.
#[test]
fn a_file_that_is_deleted_afterwards_replaces_nothing_that_is_listed_under_another_name() {
    for options in ["", ", if_exists: overwrite", ", publish: direct"] {
        let server = folding().start();
        let case = moved(&server, options).file("out/README", "newer");
        case.run()
            .code(1)
            .stderr_has("takes its name for that of `readme`");
        assert_eq!(server.names("/in"), ["readme"], "{options}");
        assert_eq!(server.read("/in/readme"), Some(b"old".to_vec()));
        assert_eq!(case.files("out"), ["README"]);
    }
}

/// The second run finds the copy of the one whose source the first has deleted.
#[test]
fn the_second_of_two_files_that_become_one_does_not_replace_the_first_in_the_next_run() {
    for options in [
        "",
        ", if_exists: overwrite",
        ", publish: direct",
        ", if_exists: skip",
    ] {
        let server = Server::new().folds_case().folder("/in").start();
        let case = moved(&server, options)
            .file("out/README", "the large one")
            .file("out/readme", "small");
        for _ in 0..3 {
            let outcome = case.run();
            nothing_is_lost(&server, &case, &outcome, options);
        }
    }
}

/// What was found unchanged under another name may be the copy of a file that had the same size and time.
#[test]
fn an_unchanged_file_is_not_proven_by_what_is_listed_under_another_name() {
    let server = Server::new()
        .folds_case()
        .file_at("/in/readme", "other", 1_600_000_000)
        .start();
    let case = moved(&server, "").file("out/README", "newer");
    dated(&case, "README");
    let outcome = case.run();
    assert_eq!(case.files("out"), ["README"], "{outcome:?}");
    outcome.stderr_has("listed as `readme`");
}

#[test]
fn a_file_is_compared_with_what_stands_under_its_name_in_another_case() {
    let server = folding().start();
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            "steps:\n  up: { upload: { files: 'out/*', to: s, into: /in } }\n",
        )
        .file("out/README", "newer");
    case.run().code(0);
    assert_eq!(server.read("/in/readme"), Some(b"newer".to_vec()));
    let stored = server.count("STOR");
    case.run().code(0).stderr_has("1 unchanged");
    assert_eq!(server.count("STOR"), stored, "{:?}", server.log());
}

#[test]
fn what_stands_under_the_name_in_another_case_is_skipped() {
    let server = folding().start();
    let case = moved(&server, ", if_exists: skip").file("out/README", "newer");
    case.run().code(0).stderr_has("1 skipped");
    assert_eq!(server.read("/in/readme"), Some(b"old".to_vec()));
    assert_eq!(case.files("out"), ["README"]);
    assert_eq!(server.count("STOR"), 0, "{:?}", server.log());
}

#[test]
fn what_stands_under_the_name_in_another_case_fails_a_step_that_may_replace_nothing() {
    let server = folding().start();
    let case = moved(&server, ", if_exists: fail").file("out/README", "newer");
    case.run().code(1);
    assert_eq!(server.read("/in/readme"), Some(b"old".to_vec()));
    assert_eq!(case.files("out"), ["README"]);
}

/// Of two files that go to one name one arrives; no source goes without its content standing there.
#[test]
fn the_second_of_two_files_that_become_one_fails() {
    for options in [
        "",
        ", if_exists: overwrite",
        ", publish: set",
        ", publish: direct",
    ] {
        for server in [folding(), Server::new().folds_case().folder("/in")] {
            let server = server.start();
            let case = moved(&server, options)
                .file("out/README", "the large one")
                .file("out/readme", "small");
            let outcome = case.run();
            outcome.code(1).stderr_has(" of 2 files failed");
            let clear = [
                "takes its name for that of another file of this step",
                "something with that name has come to stand at the destination meanwhile",
            ];
            assert!(
                clear.iter().any(|words| outcome.stderr.contains(words)),
                "{outcome:?}"
            );
            nothing_is_lost(&server, &case, &outcome, options);
            assert!(!case.files("out").is_empty(), "{options} {outcome:?}");
        }
    }
}

/// Elsewhere the two are two.
#[test]
fn two_files_whose_case_differs_are_both_moved_where_the_server_tells_them_apart() {
    let server = Server::new().file("/in/Readme", "old").start();
    let case = moved(&server, "")
        .file("out/README", "large")
        .file("out/readme", "small");
    case.run().code(0);
    assert_eq!(server.names("/in"), ["README", "Readme", "readme"]);
    assert_eq!(server.read("/in/README"), Some(b"large".to_vec()));
    assert_eq!(case.files("out"), [""; 0]);
}

/// What a server does to a name, such a name, and what it makes of it.
type Altering = (fn(&str) -> String, &'static str, &'static str);

/// Servers that store a name without its quotes, or without what stands at its end.
const ALTERING: [Altering; 3] = [
    (|name| name.replace('"', ""), "\"a\"", "a"),
    (|name| name.trim_end_matches('.').to_owned(), "a.", "a"),
    (|name| name.trim_end_matches(' ').to_owned(), "a ", "a"),
];

#[test]
fn a_file_that_stands_under_another_name_has_not_arrived_and_its_source_stays() {
    for (alters, name, _) in ALTERING {
        for options in ["", ", publish: direct"] {
            let server = Server::new().alters_names(alters).folder("/in").start();
            let case = moved(&server, options)
                .file(&format!("out/{name}"), "odd")
                .file("out/plain", "plain");
            let outcome = case.run();
            outcome.code(1).stderr_has("lists another name");
            assert_eq!(case.files("out"), [name], "{options}");
            assert_eq!(server.read("/in/plain"), Some(b"plain".to_vec()));
        }
    }
}

#[test]
fn of_two_files_that_become_one_without_quotes_or_ends_none_is_lost() {
    for (alters, name, other) in ALTERING {
        for options in ["", ", if_exists: overwrite", ", publish: direct"] {
            let server = Server::new().alters_names(alters).folder("/in").start();
            let case = moved(&server, options)
                .file(&format!("out/{name}"), "the large one")
                .file(&format!("out/{other}"), "small");
            for _ in 0..2 {
                let outcome = case.run();
                let stands = server.read(format!("/in/{other}"));
                for (name, content) in [(name, "the large one"), (other, "small")] {
                    let kept = case.read(format!("out/{name}")).is_some();
                    let arrived = stands == Some(content.into());
                    assert!(kept || arrived, "{options} {name} {outcome:?}");
                }
            }
        }
    }
}

/// Servers that change a name in a way that nobody can foresee; two such names that become one; and what that is.
type Mangling = (fn(&str) -> String, [&'static str; 2], &'static str);

const MANGLING: [Mangling; 7] = [
    (
        |name| name.replace([':', '*', '?'], "_"),
        ["a:b", "a_b"],
        "a_b",
    ),
    (|name| name.replace(' ', "_"), ["a b", "a_b"], "a_b"),
    (|name| name.replace("  ", " "), ["a  b", "a b"], "a b"),
    (|name| name.replace('\'', ""), ["'a'", "a"], "a"),
    (|name| name.replace('+', " "), ["a+b", "a b"], "a b"),
    (|name| name.replace("%62", "b"), ["a%62", "ab"], "ab"),
    (
        |name| name.replace(|c: char| !c.is_ascii(), "?"),
        ["é", "è"],
        "?",
    ),
];

/// Size and time are those of the other, so that only the listing tells.
#[test]
fn of_two_files_that_a_server_makes_one_none_is_lost() {
    for (alters, names, made) in MANGLING {
        for options in [
            "",
            ", publish: direct",
            ", if_exists: overwrite",
            ", times: now",
        ] {
            let server = Server::new().alters_names(alters).folder("/in").start();
            let case = moved(&server, options)
                .file(&format!("out/{}", names[0]), "first")
                .file(&format!("out/{}", names[1]), "other");
            names.iter().for_each(|name| dated(&case, name));
            for _ in 0..2 {
                let outcome = case.run();
                outcome.code(1);
                let stands = server.read(format!("/in/{made}"));
                for (name, content) in names.into_iter().zip(["first", "other"]) {
                    let kept = case.read(format!("out/{name}")).is_some();
                    let arrived = stands == Some(content.into());
                    assert!(kept || arrived, "{options} {name} {outcome:?}");
                }
            }
        }
    }
}

#[test]
fn a_file_that_no_listing_shows_keeps_its_source() {
    for (alters, [name, _], made) in MANGLING {
        let server = Server::new().alters_names(alters).folder("/in").start();
        let case = moved(&server, "").file(&format!("out/{name}"), "content");
        let outcome = case.run();
        outcome.code(1);
        assert_eq!(server.names("/in"), [made], "{outcome:?}");
        assert_eq!(case.files("out"), [name], "{outcome:?}");
    }
}
