//! `verify: checksum`: what arrives is proven by the servers' own sums, and nothing else stands under a final name.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::harness::server::{Do, Kind, On, Running, Server, pattern};
use crate::harness::{Case, Outcome};

const SIZE: u64 = 600_000;
const TIME: i64 = 1_600_000_000;

fn sha256(bytes: &[u8]) -> String {
    format!("250 {:X}", Sha256::digest(bytes))
}

fn hash(bytes: &[u8]) -> String {
    format!(
        "213 SHA-256 0-{} {:x} file",
        bytes.len(),
        Sha256::digest(bytes)
    )
}

fn crc(bytes: &[u8]) -> String {
    format!("250 {:08X}", crc32fast::hash(bytes))
}

fn content() -> Vec<u8> {
    pattern(SIZE, 1)
}

fn source() -> Server {
    Server::new().file_at("/in/a.bin", content(), TIME)
}

fn summing(server: Server) -> Server {
    server.checksums("XSHA256", sha256)
}

/// A file with another byte in its middle, at the moment of a command.
fn flip(path_has: &'static str) -> Do {
    Do::mutate(move |tree| {
        let found: Vec<_> = tree
            .iter()
            .filter(|(path, _)| String::from_utf8_lossy(path).contains(path_has))
            .filter_map(|(path, node)| match &node.kind {
                Kind::File(content) => Some((path.clone(), content.to_vec()?, node.modified)),
                _ => None,
            })
            .collect();
        for (path, mut bytes, modified) in found {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            tree.put(path, Kind::File(bytes.into()), modified);
        }
    })
}

const RETRY: &str = "retry: {attempts: 2, backoff: 1ms}";

fn download(server: &Running) -> Case {
    let steps = format!(
        "steps:\n  get:\n    download: {{server: a, files: /in/*, into: out, verify: checksum}}\n    {RETRY}\n"
    );
    Case::new().pipeline(&[("a", server)], &steps)
}

fn upload(server: &Running) -> Case {
    let steps = format!(
        "steps:\n  put:\n    upload: {{files: in/*, to: a, into: /out, verify: checksum}}\n    {RETRY}\n"
    );
    let case = Case::new()
        .pipeline(&[("a", server)], &steps)
        .file("in/a.bin", content());
    dated(&case.path("in/a.bin"));
    case
}

fn relay(from: &Running, to: &Running) -> Case {
    let steps = format!(
        "steps:\n  pass:\n    relay: {{server: a, files: /in/*, to: b, into: /out, verify: checksum}}\n    {RETRY}\n"
    );
    Case::new().pipeline(&[("a", from), ("b", to)], &steps)
}

fn dated(path: &Path) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(TIME.unsigned_abs());
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

/// The report of a run that has to end so.
#[track_caller]
fn report(case: Case, code: i32) -> (Outcome, String) {
    let case = case.args(["run", "pipeline.yaml", "--report", "report.json"]);
    let outcome = case.run();
    outcome.code(code);
    let report = case.read("report.json").unwrap_or_default();
    (outcome, String::from_utf8(report).unwrap())
}

#[test]
fn a_download_is_proven_by_the_source_s_sum() {
    let server = summing(source()).start();
    let case = download(&server);
    case.run().code(0).never_says("not verified");
    assert_eq!(case.read("out/a.bin"), Some(content()));
    assert_eq!(server.count("XSHA256"), 1);
}

#[test]
fn an_upload_is_proven_before_it_gets_its_name() {
    let server = summing(Server::new()).start();
    let case = upload(&server);
    case.run().code(0).never_says("not verified");
    assert_eq!(server.read("/out/a.bin"), Some(content()));
    let log = server.log().join("\n");
    assert!(log.contains("XSHA256 /out/a.bin.ftpflow-"), "{log}");
    assert!(log.find("XSHA256") < log.find("RNFR"), "{log}");
}

#[test]
fn a_relay_asks_both_servers() {
    let from = source().checksums("HASH SHA-256*;MD5", hash).start();
    let to = summing(Server::new()).start();
    let case = relay(&from, &to);
    case.run().code(0).never_says("not verified");
    assert_eq!(to.read("/out/a.bin"), Some(content()));
    assert_eq!((from.count("HASH"), to.count("XSHA256")), (1, 1));
    assert!(
        from.log()
            .iter()
            .any(|line| line.ends_with("OPTS HASH SHA-256"))
    );
}

#[test]
fn a_relay_is_proven_by_two_kinds_of_sums_and_by_the_destination_s_alone() {
    for from in [source().checksums("XCRC", crc), source()] {
        let (from, to) = (from.start(), summing(Server::new()).start());
        let case = relay(&from, &to);
        case.run().code(0).never_says("not verified");
        assert_eq!(to.read("/out/a.bin"), Some(content()));
    }
}

#[test]
fn a_byte_that_changed_at_the_destination_is_found_and_mended() {
    for relayed in [false, true] {
        let to = summing(Server::new())
            .rule(On::command("XSHA256").nth(1), flip(".ftpflow-"))
            .start();
        let from = summing(source()).start();
        let case = match relayed {
            true => relay(&from, &to),
            false => upload(&to),
        };
        case.run().code(0);
        assert_eq!(to.read("/out/a.bin"), Some(content()));
        assert_eq!((to.count("STOR"), to.count("APPE")), (2, 0));
    }
}

#[test]
fn a_byte_that_changes_each_time_fails_and_leaves_no_wrong_file() {
    let to = summing(Server::new())
        .rule(On::command("XSHA256"), flip(".ftpflow-"))
        .start();
    let case = upload(&to);
    case.run().code(1).stderr_has("SHA-256");
    assert_eq!(to.names("/out"), Vec::<String>::new());
    assert_eq!(to.count("STOR"), 2);
}

#[test]
fn a_byte_that_changed_on_the_way_here_is_found_and_mended() {
    let server = summing(source())
        .rule(On::command("RETR").nth(1), flip("a.bin"))
        .rule(On::command("XSHA256").nth(1), flip("a.bin"))
        .start();
    let case = download(&server);
    case.run().code(0);
    assert_eq!(case.read("out/a.bin"), Some(content()));
    assert_eq!(case.files("out"), ["a.bin"]);
    assert_eq!(server.count("RETR"), 2);
}

#[test]
fn a_byte_that_changed_on_the_way_to_a_relay_is_found() {
    let from = summing(source())
        .rule(On::command("RETR"), flip("a.bin"))
        .rule(On::command("XSHA256"), flip("a.bin"))
        .start();
    let to = summing(Server::new()).start();
    relay(&from, &to).run().code(1).stderr_has("at the source");
    assert_eq!(to.names("/out"), Vec::<String>::new());
}

/// Cuts the first transfer in its middle, changes what has arrived, and continues.
#[test]
fn a_corrupted_partial_file_is_found_and_begun_again() {
    let from = summing(source())
        .rule(On::command("RETR").nth(1), Do::CutAt(SIZE / 2))
        .start();
    let to = summing(Server::new())
        .rule(On::command("APPE"), flip(".ftpflow-"))
        .start();
    relay(&from, &to).run().code(0);
    assert_eq!(to.read("/out/a.bin"), Some(content()));
    assert_eq!((to.count("STOR"), to.count("APPE")), (2, 1));

    let to = summing(Server::new())
        .rule(On::command("STOR").nth(1), Do::CutAt(SIZE / 2))
        .rule(On::command("APPE"), flip(".ftpflow-"))
        .start();
    upload(&to).run().code(0);
    assert_eq!(to.read("/out/a.bin"), Some(content()));
    assert_eq!((to.count("STOR"), to.count("APPE")), (2, 1));
}

#[test]
fn a_partial_file_here_is_read_again_and_begun_again_where_it_is_wrong() {
    for broken in [false, true] {
        let server = summing(source())
            .rule(On::command("RETR").nth(1), Do::CutAt(SIZE / 2))
            .start();
        let steps = "steps:\n  get:\n    download: {server: a, files: /in/*, into: out, verify: checksum}\n    retry: {attempts: 1}\n";
        let case = Case::new().pipeline(&[("a", &server)], steps);
        case.run().code(1);
        let [partial] = &case.files("out")[..] else {
            panic!("{:?}", case.files("out"));
        };
        let path = case.path("out").join(partial);
        let mut bytes = fs::read(&path).unwrap();
        bytes[1000] ^= u8::from(broken);
        fs::write(&path, bytes).unwrap();
        case.run().code(0);
        assert_eq!(case.read("out/a.bin"), Some(content()));
        assert_eq!(case.files("out"), ["a.bin"]);
        let rest = server.count("RETR") - 1;
        assert_eq!((server.count("REST"), rest), (1, 1 + usize::from(broken)));
    }
}

#[test]
fn a_relay_without_a_common_sum_is_never_continued() {
    let from = source()
        .rule(On::command("RETR").nth(1), Do::CutAt(SIZE / 2))
        .start();
    let to = summing(Server::new()).start();
    relay(&from, &to).run().code(0);
    assert_eq!(to.read("/out/a.bin"), Some(content()));
    assert_eq!((to.count("STOR"), to.count("APPE")), (2, 0));
}

#[test]
fn a_lost_final_reply_is_settled_by_the_sum_and_not_by_the_size() {
    for broken in [false, true] {
        let mut to =
            summing(Server::new()).rule(On::command("STOR").nth(1), Do::CloseControlDuring);
        if broken {
            to = to.rule(On::command("XSHA256").nth(1), flip(".ftpflow-"));
        }
        let to = to.start();
        upload(&to).run().code(0);
        assert_eq!(to.read("/out/a.bin"), Some(content()));
        assert_eq!(to.count("STOR"), 1 + usize::from(broken));
    }
}

#[test]
fn without_a_command_the_first_file_says_so() {
    let (from, to) = (summing(source()).start(), Server::new().start());
    for case in [relay(&from, &to), upload(&to)] {
        case.run()
            .code(1)
            .stderr_has("the server offers no checksum command")
            .stderr_has("verify: size");
    }
    assert_eq!((to.count("STOR"), from.count("RETR")), (0, 0));
    let plain = source().start();
    let case = download(&plain);
    case.run().code(1).stderr_has("verify: size");
    let case = upload(&to).file("in/b.bin", "b").file("in/c.bin", "c");
    let outcome = case.run();
    outcome
        .stderr_has("3 files were not transferred: the step could not go on")
        .never_says("nothing more can be written");
    let said = outcome.stderr.matches("offers no checksum command").count();
    assert_eq!(said, 2, "live and at the end: {}", outcome.stderr);
    assert_eq!(plain.count("RETR"), 0);
    assert_eq!(case.files("out"), Vec::<String>::new());
}

#[test]
fn a_command_that_is_refused_proves_nothing_and_names_no_file() {
    let to = summing(Server::new())
        .rule(On::command("XSHA256"), Do::reply("552 too large"))
        .start();
    upload(&to)
        .run()
        .code(1)
        .stderr_has("gives no SHA-256")
        .stderr_has("verify: size");
    assert_eq!(to.names("/out"), Vec::<String>::new());
}

#[test]
fn an_unchanged_file_is_proven_by_its_sum_and_another_one_is_replaced() {
    let to = summing(Server::new()).start();
    let case = upload(&to);
    case.run().code(0);
    let (_, same) = report(upload(&to), 0);
    assert!(same.contains("\"unchanged\": 1"), "{same}");
    assert_eq!(to.count("STOR"), 1);
    to.mutate(|tree| {
        let other = pattern(SIZE, 2);
        tree.put("/out/a.bin", Kind::File(other.into()), TIME);
    });
    case.run().code(0);
    assert_eq!(to.count("STOR"), 2);
    assert_eq!(to.read("/out/a.bin"), Some(content()));
}

#[test]
fn an_unchanged_file_that_nobody_can_sum_is_unproven() {
    let from = source().start();
    let to = Server::new().file_at("/out/a.bin", content(), TIME).start();
    let (_, report) = report(relay(&from, &to), 0);
    assert!(report.contains("no checksum command"), "{report}");
    assert_eq!(from.count("RETR"), 0);
}

#[test]
fn only_what_a_sum_proved_is_deleted() {
    let steps = "\
steps:
  all: {list: {server: a, path: /in}}
  pass: {relay: {from: all, to: b, into: /out, verify: checksum}}
  tidy: {delete: {sources_of: pass}}
";
    // Stands there already, and whether the server can sum; how many stay at the source.
    for (stands, sums, left) in [(false, true, 0), (true, true, 0), (true, false, 1)] {
        let from = match sums {
            true => summing(source()).start(),
            false => source().start(),
        };
        let mut to = Server::new();
        if stands {
            to = to.file_at("/out/a.bin", content(), TIME);
        }
        if sums {
            to = summing(to);
        }
        let to = to.start();
        let case = Case::new().pipeline(&[("a", &from), ("b", &to)], steps);
        case.run();
        assert_eq!(from.names("/in").len(), left);
        assert_eq!(to.count("STOR"), usize::from(!stands));
        assert_eq!(to.read("/out/a.bin"), Some(content()));
    }
}
