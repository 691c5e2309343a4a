//! `rename:`: files that get other names on the way, and what relies on them afterwards.
#![cfg(test)]

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Running, Server};

const OLD: i64 = 1_600_000_000;

fn reports() -> Running {
    let names = [
        "2026-01-report.csv.tmp",
        "2026-02-report.csv.tmp",
        "notes.txt",
    ];
    let server = names.iter().fold(Server::new(), |server, name| {
        server.file_at(
            format!("/out/sub/{name}"),
            format!("content of {name}"),
            OLD,
        )
    });
    server.start()
}

const RENAME: &str = r"rename: {match: '^(\d+)-(?<month>\d+)-report\.csv\.tmp$', to: '报表-${month}.$1${vars.ending}'}";

fn steps(transfer: &str) -> String {
    format!(
        "vars: {{ending: .csv}}\nsteps:\n  all: {{list: {{server: a, path: /out, recursive: true}}}}\n  pass: {{{transfer}, {RENAME}}}}}\n  tidy: {{delete: {{sources_of: pass}}}}\n"
    )
}

const NEW: [&str; 3] = [
    "sub/notes.txt",
    "sub/报表-01.2026.csv",
    "sub/报表-02.2026.csv",
];

#[test]
fn files_get_other_names_and_their_sources_are_deleted_for_them() {
    let server = reports();
    let case = Case::new().pipeline(
        &[("a", &server)],
        &steps("download: {from: all, into: here"),
    );
    case.run().code(0);
    assert_eq!(case.files("here"), NEW);
    assert_eq!(
        case.read("here/sub/报表-01.2026.csv").unwrap(),
        b"content of 2026-01-report.csv.tmp"
    );
    assert_eq!(server.names("/out/sub"), [""; 0]);
}

#[test]
fn a_second_run_finds_them_under_their_new_names() {
    let (server, mirror) = (reports(), Server::new().folder("/in").start());
    let steps = steps("relay: {from: all, to: b, into: /in")
        .replace("  tidy: {delete: {sources_of: pass}}\n", "");
    let case = Case::new().pipeline(&[("a", &server), ("b", &mirror)], &steps);
    case.run().code(0);
    assert_eq!(server.count("RETR"), 3);
    case.run().code(0);
    assert_eq!(server.count("RETR"), 3, "nothing is copied again");
    let names = ["notes.txt", "报表-01.2026.csv", "报表-02.2026.csv"];
    assert_eq!(mirror.names("/in/sub"), names);
}

/// What was found there from an earlier run is put away, looked at under its new name, and only then deleted.
#[test]
fn sources_of_what_stood_there_unchanged_are_deleted_for_its_new_name() {
    let (server, mirror) = (reports(), Server::new().folder("/in").start());
    let whole = steps("relay: {from: all, to: b, into: /in");
    let only = whole.replace("  tidy: {delete: {sources_of: pass}}\n", "");
    Case::new()
        .pipeline(&[("a", &server), ("b", &mirror)], &only)
        .run()
        .code(0);
    mirror.mutate(|tree| tree.remove("/in/sub/报表-02.2026.csv"));
    let case = Case::new().pipeline(&[("a", &server), ("b", &mirror)], &whole);
    case.run().code(0);
    assert_eq!(
        mirror.names("/in/sub"),
        ["notes.txt", "报表-01.2026.csv", "报表-02.2026.csv"]
    );
    assert_eq!(server.names("/out/sub"), [""; 0]);
}

#[test]
fn two_files_on_one_name_are_an_error_before_the_first_byte() {
    let server = reports();
    let steps = "steps:\n  get: {download: {server: a, files: '/out/sub/*', into: here, rename: {match: '^20.*', to: report.csv}}}\n";
    let case = Case::new().pipeline(&[("a", &server)], steps);
    case.run()
        .code(1)
        .stderr_has("would both become `report.csv`")
        .stderr_has("let `rename` keep them apart");
    assert_eq!(server.count("RETR"), 0);
    assert!(case.files("here").is_empty());
}

#[test]
fn a_name_that_is_none_fails_its_file_alone() {
    let server = reports();
    let steps = "steps:\n  get: {download: {server: a, files: '/out/sub/*', into: here, rename: {match: '^notes.txt$', to: ''}}}\n";
    let case = Case::new().pipeline(&[("a", &server)], steps);
    case.run().code(1).stderr_has("the name is empty");
    assert_eq!(case.files("here").len(), 2);
}

#[test]
fn the_dry_run_the_graph_and_the_plan_show_it() {
    let server = reports();
    let steps = steps("download: {from: all, into: here");
    let case = || Case::new().pipeline(&[("a", &server)], &steps);
    let shown = "报表-${month}.${1}.csv";
    case()
        .args(["run", "pipeline.yaml", "--dry-run"])
        .run()
        .code(0)
        .stdout_has(shown);
    case()
        .args(["graph", "pipeline.yaml"])
        .run()
        .code(0)
        .stdout_has("renamed to");
    case()
        .args(["plan", "pipeline.yaml"])
        .run()
        .code(0)
        .stdout_has("2026-01-report.csv.tmp");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn files_get_other_names_on_every_server() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let steps = format!(
            "steps:\n  put:\n    upload: {{files: 'out/*', to: a, into: {0}in, rename: {{match: '\\.tmp$', to: .版本}}}}\n  found:\n    list: {{server: a, path: {0}in}}\n    needs: put\n  back:\n    download: {{from: found, into: back, rename: {{match: '^(.)\\.版本$', to: '$1.txt'}}}}\n  tidy:\n    delete: {{sources_of: put, max: 9}}\n    needs: back\n",
            server.prefix()
        );
        let case = Case::new()
            .file("out/a.tmp", "one")
            .file("out/b.tmp", "two")
            .manifest(&format!(
                "version: 1\nservers:\n{}{steps}",
                server.servers_entry("a")
            ));
        case.run().code(0);
        assert_eq!(case.files("back"), ["a.txt", "b.txt"], "{kind:?}");
        assert!(case.files("out").is_empty(), "{kind:?}");
        assert_eq!(
            std::fs::read(server.root().join("in/a.版本")).unwrap(),
            b"one"
        );
    }
}

#[test]
fn a_rename_that_matches_no_file_says_so_once_at_the_end() {
    let server = reports();
    let steps = |pattern: &str| {
        format!(
            "steps:\n  all: {{list: {{server: a, path: /out, recursive: true}}}}\n  \
             pass: {{download: {{from: all, into: here, rename: {{match: '{pattern}', to: x}}}}}}\n"
        )
    };
    let none = Case::new().pipeline(&[("a", &server)], &steps(r"\.part$"));
    let outcome = none.args(["run", "pipeline.yaml", "--events", "events"]);
    let said = "`rename` matched none of 3 files: all kept their names";
    outcome.run().code(0).stderr_has(&format!("pass: {said}"));
    let events = String::from_utf8(outcome.read("events").unwrap()).unwrap();
    assert_eq!(events.matches(said).count(), 1, "{events}");
    let one = Case::new().pipeline(&[("a", &server)], &steps("^notes"));
    one.run().code(0).never_says("matched none");
}
