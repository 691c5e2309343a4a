//! What a delete says of files that stay because a server tells too little of them: what is not told is no change, and the help
//! is of use.

use crate::harness::Case;
use crate::harness::server::{Do, Features, ListStyle, On, Running, Server};

const LONG_AGO: i64 = 1_600_000_000;
const LIST: [&str; 2] = ["MLSD", "MFMT"];
const BY_REPLY: &str = "write `accept: reply`";

/// Features without these, and without whatever else tells or sets a time.
fn without(names: &[&'static str]) -> Features {
    let names = [&LIST[..], &["MDTM-SET"], names].concat();
    names.into_iter().fold(Features::all(), Features::without)
}

fn bare(server: Server) -> Server {
    server.list_style(ListStyle::unix().kinds_alone())
}

fn keeps_no_time(server: Server) -> Server {
    server.features(Features::all().without("MDTM-SET")).rule(
        On::command("MFMT"),
        Do::reply("213 Modify=20200913122640; a.txt"),
    )
}

/// What a server tells, and what comes of that: nothing where the file goes, or what is said.
type Row = (
    &'static str,
    fn(Server) -> Server,
    Option<[&'static str; 2]>,
);

fn moved(from: &Running, to: &Running, options: &str, delete: &str) -> Case {
    Case::new().pipeline(
        &[("from", from), ("to", to)],
        &format!(
            "allow: [allow::unused]
steps:
  all: {{ list: {{ server: from, path: /in }} }}
  move: {{ relay: {{ from: all, to: to, into: /out{options} }} }}
  gone: {{ delete: {{ {delete} }} }}
"
        ),
    )
}

fn source() -> Server {
    Server::new().file_at("/in/a.txt", "hello", LONG_AGO)
}

fn target() -> Server {
    Server::new().folder("/out")
}

/// Runs, and compares with a row; `stood`: where the file is that stays or goes.
#[track_caller]
fn judge(case: &Case, stands: impl Fn() -> bool, tells: &str, said: Option<[&str; 2]>) {
    let outcome = case.run();
    assert_eq!(stands(), said.is_some(), "{tells}: {outcome:?}");
    let outcome = outcome.code(i32::from(said.is_some()));
    if let Some(said) = said {
        for part in said {
            assert!(
                outcome.stderr.contains(part),
                "{tells}: {part}: {outcome:?}"
            );
        }
        outcome.never_says("it changed").never_says("any more");
    }
}

#[test]
fn a_source_stays_where_nobody_tells_its_time_exactly_and_that_is_said() {
    const NO_TIME: &str = "its server tells no exact time of it (MDTM)";
    const ROWS: [Row; 4] = [
        (
            "LIST",
            |server| server.features(without(&["SIZE", "MDTM"])),
            Some([NO_TIME, BY_REPLY]),
        ),
        (
            "LIST, SIZE",
            |server| server.features(without(&["MDTM"])),
            Some([NO_TIME, BY_REPLY]),
        ),
        (
            "LIST, MDTM",
            |server| server.features(without(&["SIZE"])),
            None,
        ),
        ("MLSD without facts, SIZE, MDTM", bare, None),
    ];
    for (tells, row, said) in ROWS {
        let (from, to) = (row(source()).start(), target().start());
        let case = moved(&from, &to, "", "sources_of: move");
        judge(&case, || from.exists("/in/a.txt"), tells, said);
    }
}

/// The help is of use: what the user declares suffices then, and what did change still stays.
#[test]
fn by_a_reply_a_source_goes_whose_time_is_not_told_exactly() {
    for accept in ["reply", "[copy, reply]"] {
        for names in [&["SIZE", "MDTM"][..], &["MDTM"], &["SIZE"]] {
            let (from, to) = (source().features(without(names)).start(), target().start());
            let delete = format!("sources_of: move, accept: {accept}");
            moved(&from, &to, "", &delete).run().code(0);
            assert!(!from.exists("/in/a.txt"), "{names:?} {accept}");
        }
    }
}

#[test]
fn by_a_reply_a_source_stays_that_was_written_once_more() {
    for names in [&["SIZE", "MDTM"][..], &["MDTM"], &["SIZE"]] {
        let rewritten = Do::mutate(|tree| {
            tree.write("/in/a.txt", "HELLO");
            tree.touch("/in/a.txt", LONG_AGO + 90_000);
        });
        let from = source().features(without(names)).start();
        let to = target().start();
        // Once it was read, where the two folders are told apart.
        from.rule(On::command("LIST").nth(2), rewritten);
        let outcome = moved(&from, &to, "", "sources_of: move, accept: reply").run();
        assert_eq!(
            from.read("/in/a.txt"),
            Some("HELLO".into()),
            "{names:?} {:?} {outcome:?}",
            from.log()
        );
        outcome.code(1).stderr_has("changed");
    }
}

#[test]
fn a_source_stays_where_too_little_is_told_of_its_copy_and_that_is_said() {
    const UNTOLD: &str = "no time of its copy was told when it was written";
    const ROWS: [Row; 5] = [
        (
            "LIST",
            |server| server.features(without(&["SIZE", "MDTM"])),
            Some([UNTOLD, "write `accept: [copy, reply]`"]),
        ),
        (
            "LIST, SIZE",
            |server| server.features(without(&["MDTM"])),
            Some([UNTOLD, "write `accept: [copy, reply]`"]),
        ),
        (
            "LIST, MDTM",
            |server| server.features(without(&["SIZE"])),
            None,
        ),
        ("MLSD without facts, SIZE, MDTM", bare, None),
        (
            "MFMT that does nothing",
            keeps_no_time,
            Some(["or its server did not keep that", "write `times: now`"]),
        ),
    ];
    for (tells, row, said) in ROWS {
        let (from, to) = (source().start(), row(target()).start());
        let case = moved(&from, &to, "", "sources_of: move");
        judge(&case, || from.exists("/in/a.txt"), tells, said);
    }
    let (from, to) = (source().start(), keeps_no_time(target()).start());
    let case = moved(&from, &to, ", times: now", "sources_of: move");
    judge(&case, || from.exists("/in/a.txt"), "times: now", None);
}

#[test]
fn a_copy_stays_where_too_little_is_told_of_it_and_that_is_said() {
    const ROWS: [Row; 4] = [
        (
            "LIST",
            |server| server.features(without(&["SIZE", "MDTM"])),
            Some(["its time was told only once", "from a `list` of its folder"]),
        ),
        (
            "LIST, MDTM",
            |server| server.features(without(&["SIZE"])),
            None,
        ),
        (
            "MLSD without facts, SIZE, MDTM",
            bare,
            Some(["its size was told only once", "write `listing: list`"]),
        ),
        (
            "MFMT that does nothing",
            keeps_no_time,
            Some(["or its server did not keep that", "write `times: now`"]),
        ),
    ];
    for (tells, row, said) in ROWS {
        let (from, to) = (source().start(), row(target()).start());
        let case = moved(&from, &to, "", "from: move, copies: true");
        judge(&case, || to.exists("/out/a.txt"), tells, said);
    }
}

/// The root has a name, and a folder that both are is named once.
#[test]
fn one_folder_is_named_once_and_the_root_as_what_it_is() {
    for (folder, said) in [
        (
            "/",
            "its folder and the destination's are one and the same, `/`",
        ),
        (
            "/in",
            "its folder and the destination's are one and the same, `/in`",
        ),
    ] {
        let server = Server::new()
            .file_at(
                format!("{}/a.txt", folder.trim_end_matches('/')),
                "hello",
                LONG_AGO,
            )
            .start();
        let case = Case::new().servers(
            &[
                ("one", &server, ""),
                ("two", &server, "user: other, password: lab-secret"),
            ],
            &format!(
                "steps:
  all: {{ list: {{ server: one, path: {folder} }} }}
  move: {{ relay: {{ from: all, to: two, into: {folder}, if_exists: overwrite }} }}
  gone: {{ delete: {{ sources_of: move }} }}
"
            ),
        );
        case.run().code(1).stderr_has(said);
    }
}

/// What stood there is no copy of this run's, whatever is known of it.
#[test]
fn what_stood_there_unverified_is_not_counted_as_copied() {
    let from = source().file_at("/in/b.txt", "other", LONG_AGO).start();
    let to = target()
        .file_at("/out/a.txt", "HELLO", LONG_AGO + 4_020)
        .start();
    let case = moved(&from, &to, ", times: now", "sources_of: move").with_reports();
    case.run()
        .code(0)
        .stderr_has("1 file copied")
        .stderr_has("it stood there already");
}
