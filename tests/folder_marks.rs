//! The empty files that tell two folders apart: none outlives its run without a word, and the next run removes what a killed
//! one has left, if it is empty.

use crate::harness::server::{Do, On, Running, Server};
use crate::harness::{Case, Outcome, an_hour_old};

const LONG_AGO: i64 = 1_600_000_000;
/// What the names of all of them have, and of whatever else is ours.
const MARK: &str = ".ftpflow-";

/// Writes a file at the server under its final name, where another stands.
fn direct(server: &Running) -> Case {
    Case::new()
        .pipeline(
            &[("to", server)],
            "allow: [options::direct]
steps:
  up: { upload: { files: 'out/*', to: to, into: /in, publish: direct, if_exists: overwrite } }
",
        )
        .file("out/a.txt", "newer")
}

/// The same from the server to this machine.
fn direct_here(server: &Running) -> Case {
    Case::new()
        .pipeline(
            &[("from", server)],
            "allow: [options::direct]
steps:
  found: { list: { server: from, path: /in } }
  down: { download: { from: found, into: back, publish: direct, if_exists: overwrite } }
",
        )
        .file("back/a.txt", "older")
}

/// Many folders of which each may hold what another's file would replace: they are told apart before files move.
fn many(server: &Running) -> Case {
    Case::new().pipeline(
        &[("from", server), ("to", server)],
        "steps:
  all: { list: { server: from, path: /a, recursive: true } }
  move: { relay: { from: all, to: to, into: /in, if_exists: overwrite } }
",
    )
}

fn equals(root: &str, server: Server) -> Server {
    (0..6).fold(server, |server, at| {
        server.file_at(format!("{root}/f{at}/x.txt"), "equal", LONG_AGO)
    })
}

/// A delete of what another account lists, which may be what this run has put there.
fn listed_again(server: &Running) -> Case {
    let other = "user: other, password: lab-secret";
    let case = Case::new()
        .servers(
            &[("one", server, ""), ("two", server, other)],
            "steps:
  up: { upload: { files: 'out/*', to: one, into: /in } }
  there: { list: { server: two, path: /in }, needs: up }
  away: { delete: { from: there } }
",
        )
        .file("out/a.txt", "newer");
    an_hour_old(&case.path("out/a.txt"));
    case
}

fn server() -> Server {
    Server::new().file_at("/in/a.txt", "older", LONG_AGO)
}

type Scene = (&'static str, fn() -> Server, fn(&Running) -> Case);

const SCENES: [Scene; 3] = [
    ("a file's own", server, direct),
    (
        "a transfer's",
        || equals("/in", equals("/a", Server::new())),
        many,
    ),
    ("a delete's", server, listed_again),
];

/// All paths of marks that stand at a server.
fn marks(server: &Running) -> Vec<String> {
    let tree = server.tree();
    let paths = tree
        .keys()
        .map(|path| String::from_utf8_lossy(path).into_owned());
    paths.filter(|path| path.contains(MARK)).collect()
}

fn marks_here(case: &Case) -> Vec<String> {
    let files = case.files("").into_iter();
    files.filter(|path| path.contains(MARK)).collect()
}

fn notes(case: &Case) -> Vec<String> {
    let files = case.files(".ftpflow").into_iter();
    files.filter(|path| path.ends_with("/marks")).collect()
}

/// How often the list of warnings says that some were left.
fn told(outcome: &Outcome) -> usize {
    let lines = outcome.stderr.lines();
    let lines = lines.filter(|line| line.starts_with("warning:"));
    lines
        .filter(|line| line.contains("could not be removed"))
        .count()
}

/// Kills a run that is about to remove its first mark.
fn killed(case: &Case, server: &Running) {
    server.rule(On::command("DELE").path_has(MARK).nth(1), Do::Hang);
    let process = case.spawn();
    server.until_command("DELE", 1);
    process.kill();
    process.wait();
}

#[test]
fn what_a_killed_run_leaves_is_removed_by_the_next_whether_it_continues_or_not() {
    for resume in [&[][..], &["--resume"]] {
        for (whose, server, case) in SCENES {
            let server = server().start();
            let case = case(&server);
            killed(&case, &server);
            let left = marks(&server);
            assert!(!left.is_empty(), "{whose}: {:?}", server.log());
            assert_eq!(notes(&case).len(), 1, "{whose}");

            let case = case.args([&["run", "pipeline.yaml"], resume].concat());
            let outcome = case.run();

            assert_eq!(marks(&server), [""; 0], "{whose} {resume:?}: {outcome:?}");
            assert_eq!(notes(&case), [""; 0], "{whose} {resume:?}");
            outcome.never_says("made to tell folders apart");
        }
    }
}

#[test]
fn what_a_killed_run_leaves_here_is_removed_by_the_next() {
    let server = server().start();
    let case = direct_here(&server);
    // Its own folder is listed before the source's, which is the second time after the list.
    server.rule(On::command("MLSD").path("/in").nth(2), Do::Hang);
    let process = case.spawn();
    server.until_command("MLSD", 2);
    process.kill();
    process.wait();
    assert_eq!(marks_here(&case).len(), 1, "{:?}", case.files(""));

    case.run().code(0);

    assert_eq!(marks_here(&case), [""; 0]);
    assert_eq!(notes(&case), [""; 0]);
    assert_eq!(case.read("back/a.txt"), Some("older".into()));
}

#[test]
fn what_is_not_empty_is_left_alone_and_told_once() {
    let server = server().start();
    let case = direct(&server);
    killed(&case, &server);
    let path = marks(&server).remove(0);
    server.mutate(|tree| tree.write(&path, "somebody's"));

    let outcome = case.run();

    assert_eq!(server.read(&path), Some("somebody's".into()));
    outcome
        .code(0)
        .stderr_has(&path)
        .stderr_has("is not empty: it is left alone");
    case.run().code(0).never_says("is left alone");
    assert_eq!(server.read(&path), Some("somebody's".into()));
}

/// Names of our making that no run has written down are not ours to remove.
#[test]
fn what_was_not_written_down_stays() {
    let server = server().start();
    let case = direct(&server);
    killed(&case, &server);
    let path = marks(&server).remove(0);
    std::fs::remove_dir_all(case.path(".ftpflow")).unwrap();
    case.run().code(0);
    assert_eq!(marks(&server), [path]);
}

#[test]
fn what_cannot_be_removed_is_told_once_and_tried_again_by_the_next_run() {
    for (whose, server, case) in SCENES {
        let server = server().start();
        let case = case(&server);
        let refused = On::command("DELE").path_has(MARK);
        server.rule(refused, Do::reply("550 not yours"));

        let outcome = case.run();
        let left = marks(&server);
        assert!(!left.is_empty(), "{whose}: {:?}", server.log());
        assert_eq!(told(&outcome), 1, "{whose}: {outcome:?}");
        outcome
            .stderr_has(&left[0])
            .stderr_has("550 not yours")
            .stderr_has("the next run tries again");

        // It is told again while it stands.
        let outcome = case.run();
        assert_eq!(told(&outcome), 1, "{whose}: {outcome:?}");
        assert!(left.iter().all(|path| server.exists(path)), "{whose}");

        // Once somebody else has removed them all, nothing is left to tell or to keep.
        let all = marks(&server);
        server.mutate(|tree| all.iter().for_each(|path| tree.remove(path)));
        let outcome = case.run();
        let own = marks(&server).len();
        assert_eq!(told(&outcome), usize::from(own > 0), "{whose}: {outcome:?}");
        assert_eq!(notes(&case).len(), usize::from(own > 0), "{whose}");
    }
}

/// The reason may pass: the next job on the server tries again.
#[test]
fn what_could_not_be_removed_once_is_tried_again_by_the_same_run() {
    for (whose, server, case) in &SCENES[1..] {
        let server = server().start();
        let case = case(&server);
        let refused = On::command("DELE").path_has(MARK).nth(1);
        server.rule(refused, Do::reply("550 not now"));
        let outcome = case.run();
        assert_eq!(marks(&server), [""; 0], "{whose}: {outcome:?}");
        assert_eq!((told(&outcome), notes(&case).len()), (0, 0), "{whose}");
    }
}

/// No job gets to the server: that its marks may stand is said all the same.
#[test]
fn what_nobody_could_look_for_is_told() {
    let (_, server, case) = SCENES[0];
    let server = server().start();
    let case = case(&server);
    killed(&case, &server);
    let left = marks(&server);
    server.rule(On::command("PASS"), Do::reply("530 no"));
    let outcome = case.run();
    assert_eq!(told(&outcome), 1, "{outcome:?}");
    outcome
        .code(1)
        .stderr_has(&left[0])
        .stderr_has("the next run tries again");
}

/// A mark in the root has a path, and the root is listed as what it is.
#[test]
fn what_tells_the_root_apart_stands_in_the_root() {
    const STEPS: [&str; 3] = [
        "  up: { upload: { files: 'out/*', to: one, into: /, publish: direct, if_exists: overwrite } }\n",
        "  up: { upload: { files: 'out/*', to: one, into: / } }
  there: { list: { server: two, path: / }, needs: up }
  away: { delete: { from: there } }\n",
        "  all: { list: { server: one, path: /, recursive: true } }
  some: { filter: { from: all, include: ['f*/x.txt', 'x.txt'] } }
  move: { relay: { from: some, to: two, into: /out, publish: direct, if_exists: overwrite } }\n",
    ];
    let other = "user: other, password: lab-secret";
    for steps in STEPS {
        let server = equals("/out", equals("", server()))
            .file_at("/x.txt", "equal", LONG_AGO)
            .file_at("/out/x.txt", "equal", LONG_AGO)
            .file_at("/a.txt", "older", LONG_AGO)
            .start();
        let case = Case::new()
            .servers(
                &[("one", &server, ""), ("two", &server, other)],
                &format!(
                    "allow: [options::direct, server::unused, allow::unused]\nsteps:\n{steps}"
                ),
            )
            .file("out/a.txt", "newer");
        an_hour_old(&case.path("out/a.txt"));
        let outcome = case.run();
        let log = server.log();
        let made: Vec<&String> = log
            .iter()
            .filter(|line| line.contains("STOR") && line.contains(MARK))
            .collect();
        assert!(!made.is_empty(), "{steps}: {outcome:?} {log:?}");
        assert!(
            made.iter().all(|line| line.contains("STOR /")),
            "{steps}: {made:?}"
        );
        let nowhere = |line: &String| line.trim_end().ends_with("CWD");
        assert!(!log.iter().any(nowhere), "{steps}: {log:?}");
        assert_eq!(marks(&server), [""; 0], "{steps}");
    }
}

/// Nothing is looked for where no run has left anything, and none of this costs a file a round trip.
#[test]
fn a_run_that_makes_no_mark_writes_nothing_down() {
    let server = Server::new().folder("/in").start();
    let case = direct(&server);
    case.run().code(0);
    assert_eq!(server.count("DELE"), 0);
    assert_eq!(notes(&case), [""; 0]);
}

/// What somebody has written into the file of marks by hand: a sum proves nothing of who wrote it.
#[test]
fn an_empty_file_without_a_name_of_ours_is_left_alone_whatever_the_notes_say() {
    let server = server().file("/in/.lock", "").start();
    let case = direct(&server);
    killed(&case, &server);
    let note = notes(&case).remove(0);
    let text = String::from_utf8(case.read(format!(".ftpflow/{note}")).unwrap()).unwrap();
    let made = text.lines().find(|line| line.contains("made")).unwrap();
    let (_, json) = made.split_once(' ').unwrap();
    let start = json.find("/in/mark").unwrap();
    let end = start + json[start..].find('"').unwrap();
    let forged = format!("{}/in/.lock{}", &json[..start], &json[end..]);
    let case = case.file(
        &format!(".ftpflow/{note}"),
        format!("{}\n", sealed(&forged)),
    );

    let outcome = case.run();

    assert!(server.exists("/in/.lock"), "{outcome:?}");
    assert_eq!(notes(&case), [""; 0], "{outcome:?}");
    outcome.stderr_has("`/in/.lock` stands in the file `marks`");
}

fn sealed(json: &str) -> String {
    use sha2::{Digest, Sha256};
    let digits = Sha256::digest(json.as_bytes());
    let digits: String = digits
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{digits} {json}")
}
