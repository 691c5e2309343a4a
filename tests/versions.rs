//! A source is one version from its first byte to its last, whatever happens to it meanwhile, and a destination's files
//! are ours only where that is certain.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Running, Server, Tree, pattern};

const SIZE: u64 = 300_000;
const CUT: u64 = 200_000;
/// 2020-09-13 12:26:40 UTC: a listing by LIST shows its day only.
const THEN: i64 = 1_600_000_000;
/// The same day.
const LATER: i64 = THEN + 30;
const ONCE: &str = "retry: {attempts: 1}";
const TWICE: &str = "retry: {attempts: 2, backoff: 1ms}";
const RESUME: [&str; 3] = ["run", "pipeline.yaml", "--resume"];

/// A server that lists exact times, and one that lists days.
fn listings() -> [Features; 2] {
    [Features::all(), Features::all().without("MLSD")]
}

fn source(features: Features) -> Server {
    let server = Server::new().features(features);
    server.file_at("/out/a", pattern(SIZE, 1), THEN)
}

/// The source's second version: of the same size, and listed as the first one where only days are shown.
fn replace(tree: &mut Tree) {
    tree.write("/out/a", pattern(SIZE, 2));
    assert!(tree.touch("/out/a", LATER));
}

/// Breaks off the first transfer, and ends the session.
fn cut() -> Vec<Do> {
    vec![Do::CutAt(CUT), Do::CloseAfter]
}

fn download(server: &Running, retry: &str) -> Case {
    let steps = format!(
        "steps:\n  get: {{download: {{server: a, files: '/out/*', into: out}}, {retry}}}\n"
    );
    Case::new().servers(&[("a", server, "connections: 1")], &steps)
}

fn relay(from: &Running, to: &Running, retry: &str) -> Case {
    let steps = format!(
        "steps:\n  pass: {{relay: {{server: a, files: '/out/*', to: b, into: /in}}, {retry}}}\n"
    );
    let one = "connections: 1";
    Case::new().servers(&[("a", from, one), ("b", to, one)], &steps)
}

#[track_caller]
fn is_second(bytes: Option<Vec<u8>>, context: &str) {
    assert!(bytes == Some(pattern(SIZE, 2)), "other bytes: {context}");
}

#[test]
fn a_source_replaced_between_two_tries_is_never_mixed() {
    for (number, features) in listings().into_iter().enumerate() {
        let context = format!("listing {number}");
        let server = source(features.clone())
            .rule(On::command("RETR").nth(1), cut())
            .rule(On::connect().session(2), Do::mutate(replace))
            .start();
        let case = download(&server, TWICE);
        case.run().code(0);
        is_second(case.read("out/a"), &context);
        assert_eq!(case.files("out"), ["a"], "{context}");

        let from = source(features)
            .rule(On::command("RETR").nth(1), cut())
            .rule(On::connect().session(2), Do::mutate(replace))
            .start();
        let to = Server::new().folder("/in").start();
        relay(&from, &to, TWICE).run().code(0);
        is_second(to.read("/in/a"), &context);
        assert_eq!(to.names("/in"), ["a"], "{context}");
    }
}

#[test]
fn a_source_replaced_between_two_runs_is_never_mixed() {
    for (number, features) in listings().into_iter().enumerate() {
        for resumes in [false, true] {
            let context = format!("listing {number}, resumes: {resumes}");
            let server = source(features.clone())
                .rule(On::command("RETR").nth(1), cut())
                .start();
            let case = download(&server, ONCE);
            case.run().code(1);
            assert_eq!(case.files("out").len(), 1, "{context}: the part");
            server.mutate(replace);
            let case = if resumes { case.args(RESUME) } else { case };
            case.run().code(0);
            is_second(case.read("out/a"), &context);
            assert_eq!(
                case.files("out"),
                ["a"],
                "{context}: the old part is ours, and goes"
            );

            let from = source(features.clone())
                .rule(On::command("RETR").nth(1), cut())
                .start();
            let to = Server::new().folder("/in").start();
            let case = relay(&from, &to, ONCE);
            case.run().code(1);
            from.mutate(replace);
            let case = if resumes { case.args(RESUME) } else { case };
            case.run().code(0);
            is_second(to.read("/in/a"), &context);
            assert_eq!(to.names("/in"), ["a"], "{context}");
        }
    }
}

#[test]
fn a_part_of_an_unchanged_source_is_continued_however_its_time_is_listed() {
    for features in listings() {
        let server = source(features)
            .rule(On::command("RETR").nth(1), cut())
            .start();
        let case = download(&server, ONCE);
        case.run().code(1);
        case.run().code(0);
        assert!(case.read("out/a") == Some(pattern(SIZE, 1)));
        // From 64 KiB before the part's end.
        let rest = format!("REST {}", CUT - 65_536);
        let log = server.log();
        assert!(log.iter().any(|line| line.ends_with(&rest)), "{log:#?}");
    }
}

#[test]
fn a_part_that_ends_in_zeros_is_never_published() {
    let server = source(Features::all())
        .rule(On::command("RETR").nth(1), cut())
        .start();
    let case = download(&server, ONCE);
    case.run().code(1);
    let part = case.path("out").join(&case.files("out")[0]);
    let mut bytes = fs::read(&part).unwrap();
    let end = bytes.len() - 4096;
    bytes[end..].fill(0);
    fs::write(&part, bytes).unwrap();
    // The source was being read when that was seen: its session is spent, and so is the only try.
    case.run()
        .code(1)
        .stderr_has("has other bytes than the source");
    assert!(case.files("out").is_empty());
    case.run().code(0);
    assert!(case.read("out/a") == Some(pattern(SIZE, 1)));

    let from = source(Features::all())
        .rule(On::command("RETR").nth(1), cut())
        .start();
    let to = Server::new().folder("/in").start();
    let case = relay(&from, &to, ONCE);
    case.run().code(1);
    let part = format!("/in/{}", to.names("/in")[0]);
    let mut bytes = to.read(&part).unwrap();
    let end = bytes.len() - 4096;
    bytes[end..].fill(0);
    to.mutate(|tree| tree.write(&part, bytes));
    case.run()
        .code(1)
        .stderr_has("has other bytes than the source");
    assert!(to.names("/in").is_empty());
    case.run().code(0);
    assert!(to.read("/in/a") == Some(pattern(SIZE, 1)));
    assert_eq!(to.names("/in"), ["a"]);
}

#[test]
fn a_local_source_rewritten_within_the_second_is_another_version() {
    let server = Server::new()
        .folder("/in")
        .rule(On::command("STOR").nth(1), cut())
        .start();
    let steps = format!("steps:\n  put: {{upload: {{files: out/a, to: a, into: /in}}, {ONCE}}}\n");
    let case = Case::new()
        .pipeline(&[("a", &server)], &steps)
        .file("out/a", pattern(SIZE, 1));
    date(&case.path("out/a"), 100);
    case.run().code(1);
    fs::write(case.path("out/a"), pattern(SIZE, 2)).unwrap();
    date(&case.path("out/a"), 900);
    case.run().code(0);
    is_second(server.read("/in/a"), "rewritten");
    assert_eq!(server.names("/in"), ["a"]);
}

/// The second is the same, its parts are not.
fn date(path: &Path, millis: u64) {
    let time = UNIX_EPOCH + Duration::from_secs(THEN as u64) + Duration::from_millis(millis);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn a_source_replaced_while_it_is_read_is_read_again() {
    for features in listings() {
        let server = source(features)
            .rule(On::command("RETR").nth(1), Do::mutate(replace))
            .start();
        let case = download(&server, ONCE);
        case.run().code(0);
        is_second(case.read("out/a"), "read again");
        assert_eq!(server.count("RETR"), 2);
        let time = fs::metadata(case.path("out/a")).unwrap().modified();
        let later = UNIX_EPOCH + Duration::from_secs(LATER as u64);
        assert_eq!(time.unwrap(), later);
    }
}

#[test]
fn a_source_that_keeps_changing_fails_and_leaves_nothing() {
    let server = (1..=5).fold(source(Features::all()), |server, nth| {
        let change = move |tree: &mut Tree| {
            tree.touch("/out/a", THEN + 60 * nth);
        };
        server.rule(On::command("RETR").nth(nth as usize), Do::mutate(change))
    });
    let server = server.start();
    let case = download(&server, TWICE);
    case.run()
        .code(1)
        .stderr_has("the source changed during the run");
    assert_eq!(server.count("RETR"), 3);
    assert!(case.files("out").is_empty());
}

#[test]
fn what_somebody_else_created_meanwhile_is_not_replaced() {
    for (if_exists, publish) in [("skip", "file"), ("fail", "file"), ("skip", "set")] {
        let theirs = |tree: &mut Tree| tree.write("/in/a", "theirs");
        let server = Server::new()
            .folder("/in")
            .rule(On::command("STOR").nth(1), Do::mutate(theirs))
            .start();
        let steps = format!(
            "steps:\n  put: {{upload: {{files: out/a, to: a, into: /in, if_exists: {if_exists}, publish: {publish}}}, {ONCE}}}\n"
        );
        let case = Case::new()
            .pipeline(&[("a", &server)], &steps)
            .file("out/a", "ours");
        case.run()
            .code(1)
            .stderr_has("has come to stand at the destination meanwhile");
        assert_eq!(
            server.read("/in/a").unwrap(),
            b"theirs",
            "{if_exists} {publish}"
        );
    }
}

#[test]
fn a_users_own_file_named_like_a_temporary_one_is_a_file_like_any_other() {
    let from = Server::new()
        .file("/out/a", "a")
        .file("/out/x.ftpflow-0123456789", "theirs")
        .file("/out/x.ftpflow-0123456789abcdef", "theirs, too")
        .start();
    let to = Server::new()
        .file("/in/a.ftpflow-0123456789", "also theirs")
        .file("/in/a.ftpflow-0123456789abcdef", "and this")
        .start();
    relay(&from, &to, ONCE).run().code(0);
    assert_eq!(
        to.names("/in"),
        [
            "a",
            "a.ftpflow-0123456789",
            "a.ftpflow-0123456789abcdef",
            "x.ftpflow-0123456789",
            "x.ftpflow-0123456789abcdef"
        ]
    );
    assert_eq!(to.read("/in/a.ftpflow-0123456789").unwrap(), b"also theirs");
}

#[test]
fn a_size_that_was_not_answered_after_the_226_is_asked_again() {
    let server = Server::new()
        .folder("/in")
        .rule(On::command("SIZE").path("/in/a").nth(1), Do::Close)
        .start();
    let steps = format!(
        "steps:\n  put: {{upload: {{files: out/a, to: a, into: /in, publish: direct}}, {TWICE}}}\n  tidy: {{delete: {{sources_of: put}}}}\n"
    );
    let case = Case::new()
        .pipeline(&[("a", &server)], &steps)
        .file("out/a", "content");
    case.run().code(0).never_says("not verified");
    assert_eq!(server.read("/in/a").unwrap(), b"content");
    let log = server.log();
    let stored = log.iter().filter(|line| line.ends_with("STOR /in/a"));
    assert_eq!(stored.count(), 1, "{log:#?}");
    assert!(case.files("out").is_empty(), "its source is deleted");
}

/// vsftpd keeps times, and announces no way to set them.
fn silent() -> Server {
    let features = Features::all().without("MLSD").without("MFMT");
    Server::new().features(features)
}

const UP: &str = "\
steps:
  put: {upload: {files: out/a, to: a, into: /in}}
  tidy: {delete: {sources_of: put}}
";

#[test]
fn a_file_that_is_only_not_older_proves_nothing() {
    let server = silent().file_at("/in/a", "another", THEN + 400_000).start();
    let case = Case::new()
        .pipeline(&[("a", &server)], UP)
        .file("out/a", "content");
    date(&case.path("out/a"), 0);
    case.run();
    assert_eq!(case.read("out/a").unwrap(), b"content");
}

#[test]
fn a_file_of_the_same_exact_time_is_proven_where_listings_show_days() {
    let server = silent().file_at("/in/a", "content", THEN).start();
    let case = Case::new()
        .pipeline(&[("a", &server)], UP)
        .file("out/a", "content");
    date(&case.path("out/a"), 0);
    case.run().code(0);
    assert_eq!(server.stored(), 0);
    assert!(case.files("out").is_empty(), "its source is deleted");
}

#[test]
fn a_source_rewritten_within_the_listed_day_is_copied_before_it_is_deleted() {
    let server = source(Features::all().without("MLSD")).start();
    let steps = "\
steps:
  get: {download: {server: a, files: '/out/*', into: out}}
  tidy: {delete: {sources_of: get}}
";
    let case = Case::new()
        .pipeline(&[("a", &server)], steps)
        .file("out/a", pattern(SIZE, 1));
    date(&case.path("out/a"), 0);
    server.mutate(replace);
    case.run().code(0);
    is_second(case.read("out/a"), "copied");
    assert!(!server.exists("/out/a"));
}

/// Only the listing tells its size. What stands there since is longer, and is cut where the first one ended, with a good reply.
#[test]
fn a_listed_size_proves_nothing_of_a_source_that_has_another_time() {
    let features = Features::all().without("MLSD").without("SIZE");
    let grown = Do::mutate(|tree| {
        tree.write("/out/a", pattern(SIZE + 3, 2));
        assert!(tree.touch("/out/a", THEN + 400_000));
    });
    let server = source(features)
        .rule(On::command("MDTM").nth(1), grown)
        .rule(
            On::command("RETR").nth(1),
            [Do::CutAt(SIZE), Do::lie("226 complete")],
        )
        .start();
    let case = download(&server, TWICE);
    let outcome = case.run();
    let whole = case.read("out/a") == Some(pattern(SIZE + 3, 2));
    assert!(whole, "{outcome:?} {:#?}", server.log());
    outcome.code(0);
}

/// The copy was written in the second in which the source was written once more. A server that knows vsftpd's form of MDTM, and
/// does not announce it, is asked, and shows that it keeps times with an empty file of
/// ours.
#[test]
fn an_equal_time_proves_nothing_where_times_are_not_kept() {
    let without = Features::all().without("MFMT");
    for (features, keeps) in [
        (without.clone(), true),
        (without.without("MDTM-SET"), false),
    ] {
        let server = Server::new()
            .features(features)
            .file_at("/in/a", "another", THEN)
            .start();
        let case = Case::new()
            .pipeline(&[("a", &server)], UP)
            .file("out/a", "content");
        date(&case.path("out/a"), 0);
        let outcome = case.run();
        assert_eq!(case.read("out/a").is_none(), keeps, "{outcome:?}");
        assert_eq!(
            outcome.stderr.contains("by chance"),
            !keeps,
            "{}",
            outcome.stderr
        );
        assert_eq!(server.stored(), 0);
        assert_eq!(server.read("/in/a").unwrap(), b"another");
    }
}

/// A part of the first version is there. Only the listing tells the size of the second one, which is cut where nobody expects
/// it, with a good reply.
#[test]
fn a_source_that_has_changed_before_its_part_is_continued_is_sized_by_its_listing() {
    let grown = Do::mutate(|tree| {
        tree.write("/out/a", pattern(SIZE + 50_000, 2));
        assert!(tree.touch("/out/a", LATER));
    });
    let server = source(Features::all().without("SIZE"))
        .rule(On::command("RETR").nth(1), cut())
        .rule(On::command("USER").nth(2), grown)
        .rule(
            On::command("RETR").nth(2),
            [Do::CutAt(SIZE + 10_000), Do::lie("226 complete")],
        )
        .start();
    let case = download(&server, "retry: {attempts: 4, backoff: 1ms}");
    let outcome = case.run();
    let whole = case.read("out/a") == Some(pattern(SIZE + 50_000, 2));
    assert!(whole, "{outcome:?} {:#?}", server.log());
    outcome.code(0);
}
