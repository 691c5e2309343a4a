//! The fault matrix of transfers: what breaks × on which side. After each run the same four things hold: no half
//! file under its final name, the other files arrived, the report names the fault, and a run without the fault
//! finishes what is left.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;

use crate::harness::server::{Do, Features, Gate, On, OntoExisting, Running, Server, pattern};
use crate::harness::{Case, Outcome, Process};

const BIG: u64 = 300_000;
const SMALL: u64 = 1_000;
const TIMES: &str =
    "timeouts: { connect: 5s, reply: 1s, data: 1s, final_reply: 1s }, connections: 1";

/// Where files come from and go to, and which end is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Download,
    Upload,
    RelaySource,
    RelayTarget,
}

const WAYS: [Way; 4] = [
    Way::Download,
    Way::Upload,
    Way::RelaySource,
    Way::RelayTarget,
];

impl Way {
    /// Whether the server at fault is the one that is read from.
    fn reads(self) -> bool {
        matches!(self, Way::Download | Way::RelaySource)
    }

    fn verb(self) -> &'static str {
        if self.reads() { "RETR" } else { "STOR" }
    }

    fn side(self) -> &'static str {
        if self.reads() {
            "at the source"
        } else {
            "at the destination"
        }
    }
}

/// What is expected of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// The file fails at once: trying again cannot help.
    Fails,
    /// It fails after two tries, and works when the fault has passed.
    FailsTwice,
    /// As `FailsTwice`, with the third try that is earned by bytes which the next try continues.
    FailsThrice,
    /// As `FailsTwice`, where one try begins the file again at once.
    FailsAnew,
    /// The file arrives all the same.
    Arrives,
}

struct Rig {
    case: Case,
    way: Way,
    faulty: Running,
    other: Option<Running>,
}

impl Rig {
    fn new(way: Way, options: &str, faulty: impl FnOnce(Server) -> Server) -> Rig {
        let files = |server: Server| {
            server
                .pattern("/in/a.bin", SMALL, 1)
                .pattern("/in/b.bin", BIG, 2)
                .pattern("/in/c.bin", SMALL, 3)
        };
        let base = if way.reads() {
            files(Server::new())
        } else {
            Server::new()
        };
        let faulty = faulty(base).start();
        let other = match way {
            Way::RelaySource => Some(Server::new().start()),
            Way::RelayTarget => Some(files(Server::new()).start()),
            _ => None,
        };
        let step = match way {
            Way::Download => "download: { server: bad, files: /in/*, into: out",
            Way::Upload => "upload: { files: in/*, to: bad, into: /out",
            Way::RelaySource => "relay: { server: bad, files: /in/*, to: good, into: /out",
            Way::RelayTarget => "relay: { server: good, files: /in/*, to: bad, into: /out",
        };
        let rest = format!(
            "defaults: {{ retry: {{ attempts: 2, backoff: 1ms }} }}
steps:
  move:
    {step}{options} }}\n"
        );
        let mut servers = vec![("bad", &faulty, TIMES)];
        servers.extend(
            other
                .as_ref()
                .map(|other| ("good", other, "connections: 1")),
        );
        let mut case = Case::new().servers(&servers, &rest);
        if way == Way::Upload {
            for (name, len, seed) in [("a", SMALL, 1), ("b", BIG, 2), ("c", SMALL, 3)] {
                case = case.file(&format!("in/{name}.bin"), pattern(len, seed));
            }
        }
        Rig {
            case,
            way,
            faulty,
            other,
        }
    }

    fn target(&self) -> Option<&Running> {
        match self.way {
            Way::Download => None,
            Way::Upload | Way::RelayTarget => Some(&self.faulty),
            Way::RelaySource => self.other.as_ref(),
        }
    }

    fn there(&self, name: &str) -> Option<Vec<u8>> {
        match self.target() {
            None => self.case.read(format!("out/{name}")),
            Some(server) => server.read(format!("/out/{name}")),
        }
    }

    fn names(&self) -> Vec<String> {
        match self.target() {
            None => self.case.files("out"),
            Some(server) => server.names("/out"),
        }
    }

    fn partials(&self) -> usize {
        let names = self.names();
        names
            .iter()
            .filter(|name| name.contains(".ftpflow-"))
            .count()
    }

    #[track_caller]
    fn others_arrived(&self, what: &str) {
        for (name, seed) in [("a.bin", 1), ("c.bin", 3)] {
            assert_eq!(
                self.there(name),
                Some(pattern(SMALL, seed)),
                "{what}: {name}"
            );
        }
    }

    #[track_caller]
    fn all_arrived(&self, what: &str) {
        self.others_arrived(what);
        assert!(
            self.there("b.bin") == Some(pattern(BIG, 2)),
            "{what}: b.bin is not whole"
        );
        assert_eq!(self.partials(), 0, "{what}: {:?}", self.names());
    }
}

/// A fault at the file in the middle, as often as it is tried in the first run.
#[track_caller]
fn check(way: Way, what: &str, does: Vec<Do>, then: Then, said: &str) -> (Rig, Outcome) {
    at_verb(way, way.verb(), what, does, then, said)
}

#[track_caller]
fn at_verb(
    way: Way,
    verb: &str,
    what: &str,
    does: Vec<Do>,
    then: Then,
    said: &str,
) -> (Rig, Outcome) {
    let what = format!("{way:?}: {what}");
    let rig = Rig::new(way, "", |server| {
        let tries = match then {
            Then::Fails | Then::Arrives => 1,
            Then::FailsTwice => 2,
            Then::FailsThrice | Then::FailsAnew => 3,
        };
        (1..=tries).fold(server, |server, nth| {
            let at = |verb| On::command(verb).path_has("b.bin").nth(nth);
            match verb {
                // What a second try continues is at fault, too.
                "STOR" if nth < tries => server
                    .rule(at(verb), does.clone())
                    .rule(at("APPE"), does.clone()),
                _ => server.rule(at(verb), does.clone()),
            }
        })
    });
    let outcome = rig.case.run();
    rig.others_arrived(&format!("{what}\n{}", outcome.stderr));
    if then == Then::Arrives {
        assert_eq!(outcome.status.code(), Some(0), "{what}\n{}", outcome.stderr);
        rig.all_arrived(&what);
        return (rig, outcome);
    }
    assert_eq!(outcome.status.code(), Some(1), "{what}\n{}", outcome.stderr);
    assert_eq!(
        rig.there("b.bin"),
        None,
        "{what}: half a file under its final name"
    );
    for part in ["b.bin", rig.way.side(), said] {
        assert!(
            outcome.stderr.contains(part),
            "{what}: no {part:?} in\n{}",
            outcome.stderr
        );
    }
    let mut again = rig.case.run();
    // How much the kernel takes before it knows of a cut differs, and with it which tries met the fault.
    if then == Then::FailsAnew && again.status.code() != Some(0) {
        again = rig.case.run();
    }
    assert_eq!(
        again.status.code(),
        Some(0),
        "{what}, again\n{}",
        again.stderr
    );
    rig.all_arrived(&format!("{what}, again"));
    (rig, outcome)
}

#[test]
fn a_refusal_fails_one_file_and_leaves_nothing() {
    for way in WAYS {
        let refusal = vec![Do::reply("550 not today")];
        let (rig, outcome) = check(way, "refused", refusal, Then::Fails, "550 not today");
        outcome.stderr_has(way.verb());
        // The session goes on: neither side opened another in either run.
        assert_eq!(
            rig.faulty.sessions_opened(),
            2,
            "{way:?}: {:?}",
            rig.faulty.log()
        );
    }
}

#[test]
fn a_busy_file_is_tried_again() {
    for way in WAYS {
        check(
            way,
            "450 twice",
            vec![Do::reply("450 busy")],
            Then::FailsTwice,
            "450 busy",
        );
        check(
            way,
            "450 once",
            vec![Do::reply("450 busy")],
            Then::Arrives,
            "",
        );
    }
}

#[test]
fn a_cut_in_mid_file_is_continued_by_the_next_run() {
    for way in WAYS {
        let cut = vec![Do::CutAt(50_000)];
        let (rig, outcome) = check(way, "cut", cut, Then::FailsThrice, "426");
        outcome.stderr_has(if way.reads() { "RETR" } else { "APPE" });
        if way.reads() {
            assert!(rig.faulty.count("REST") >= 1, "{:?}", rig.faulty.log());
        } else {
            assert!(rig.faulty.count("APPE") >= 1, "{:?}", rig.faulty.log());
        }
    }
}

#[test]
fn a_cut_that_is_called_success_is_seen_by_the_size() {
    for way in WAYS {
        // Three tries that each add as much are not a whole file yet.
        let lie = vec![Do::CutAt(60_000), Do::lie("226 all is well")];
        check(way, "cut and 226", lie, Then::FailsAnew, "b.bin");
    }
}

#[test]
fn a_final_426_is_believed_whatever_arrived() {
    for way in WAYS {
        check(
            way,
            "426",
            vec![Do::lie("426 no")],
            Then::FailsTwice,
            "426 no",
        );
        check(way, "451 once", vec![Do::lie("451 no")], Then::Arrives, "");
    }
}

#[test]
fn a_final_550_is_permanent_and_leaves_nothing() {
    for way in WAYS {
        let rig = Rig::new(way, "", |server| {
            server.rule(
                On::command(way.verb()).path_has("b.bin"),
                Do::lie("550 rejected"),
            )
        });
        rig.case.run().code(1).stderr_has("550 rejected");
        assert_eq!(rig.names(), ["a.bin", "c.bin"], "{way:?}");
    }
}

#[test]
fn a_wrong_size_is_never_a_success() {
    for way in [Way::Download, Way::RelaySource] {
        let lie = vec![Do::lie("213 12345")];
        at_verb(way, "SIZE", "wrong SIZE", lie.clone(), Then::Arrives, "");
        let rig = Rig::new(way, "", |server| {
            server.rule(On::command("SIZE").path_has("b.bin"), lie)
        });
        rig.case.run().code(1).stderr_has("12345");
        rig.others_arrived("wrong SIZE");
        assert_eq!(rig.there("b.bin"), None);
    }
    for way in [Way::Upload, Way::RelayTarget] {
        let rig = Rig::new(way, "", |server| {
            server.rule(On::command("SIZE").path_has("b.bin"), Do::lie("213 12345"))
        });
        rig.case
            .run()
            .code(1)
            .stderr_has("12345")
            .stderr_has(way.side());
        rig.others_arrived("wrong SIZE");
        assert_eq!(rig.there("b.bin"), None);
    }
}

#[test]
fn a_control_connection_that_breaks_is_replaced() {
    for way in WAYS {
        for (what, fault) in [("closed", Do::Close), ("reset", Do::Reset)] {
            check(way, what, vec![fault.clone()], Then::FailsTwice, way.verb());
            check(way, what, vec![fault], Then::Arrives, "");
        }
        let goodbye = vec![Do::Goodbye("421 going down".into())];
        check(way, "421", goodbye, Then::FailsTwice, "421 going down");
    }
}

#[test]
fn a_control_connection_that_breaks_while_the_data_goes_on_counts_by_size() {
    for way in WAYS {
        check(
            way,
            "closed during",
            vec![Do::CloseControlDuring],
            Then::Arrives,
            "",
        );
    }
}

#[test]
fn a_lost_final_reply_is_resolved_by_looking() {
    for way in WAYS {
        let (rig, _) = check(way, "no 226", vec![Do::NoReply], Then::Arrives, "");
        let moved = rig.faulty.count(way.verb());
        assert_eq!(
            moved,
            3,
            "{way:?}: nothing is repeated: {:?}",
            rig.faulty.log()
        );
    }
}

#[test]
fn a_silent_server_is_left_after_the_deadline() {
    for way in WAYS {
        check(way, "hang", vec![Do::Hang], Then::Arrives, "");
        let stall = vec![Do::StallAt(100_000, Gate::new())];
        check(way, "stall", stall, Then::Arrives, "");
    }
}

#[test]
fn garbage_for_a_reply_ends_the_session_only() {
    for way in WAYS {
        let noise = vec![Do::Raw(b"\xff\xfe\0 what?\r\n".to_vec())];
        check(way, "garbage", noise, Then::Arrives, "");
    }
}

#[test]
fn too_many_bytes_are_not_a_whole_file() {
    for way in [Way::Download, Way::RelaySource] {
        check(way, "extra", vec![Do::Extra(10)], Then::FailsTwice, "b.bin");
    }
}

#[test]
fn a_dead_data_port_is_tried_again_and_mended() {
    for way in WAYS {
        let rig = Rig::new(way, "", |server| {
            server
                .rule(On::command("EPSV").nth(2), Do::DeadPort)
                .rule(On::command("PASV").nth(1), Do::DeadPort)
        });
        rig.case.run().code(0);
        rig.all_arrived(&format!("{way:?}"));
    }
}

#[test]
fn without_resume_no_partial_file_stays() {
    for way in WAYS {
        let rig = Rig::new(way, ", resume: false", |server| {
            server.rule(
                On::command(way.verb()).path_has("b.bin"),
                Do::CutAt(100_000),
            )
        });
        let outcome = rig
            .case
            .spawn()
            .within(std::time::Duration::from_secs(20))
            .wait();
        outcome.code(1);
        assert_eq!(rig.names(), ["a.bin", "c.bin"], "{way:?}");
        assert_eq!(
            rig.faulty.count("REST") + rig.faulty.count("APPE"),
            0,
            "{way:?}"
        );
    }
}

#[test]
fn with_resume_the_partial_file_stays() {
    for way in WAYS {
        let rig = Rig::new(way, "", |server| {
            server
                .rule(On::command(way.verb()).path_has("b.bin"), Do::CutAt(50_000))
                .rule(On::command("APPE").path_has("b.bin"), Do::CutAt(50_000))
        });
        rig.case.run().code(1);
        assert_eq!(rig.partials(), 1, "{way:?}: {:?}", rig.names());
    }
}

#[test]
fn a_full_destination_stops_the_step_without_a_storm() {
    for way in [Way::Upload, Way::RelayTarget] {
        for (what, does) in [
            ("at the command", vec![Do::reply("452 disk full")]),
            ("at the end", vec![Do::lie("552 over quota")]),
            (
                "during the data",
                vec![Do::CutAt(100_000), Do::lie("452 disk full")],
            ),
        ] {
            let rig = Rig::new(way, "", |server| {
                server.rule(On::command("STOR").path_has("b.bin"), does)
            });
            let outcome = rig.case.run();
            outcome.code(1).stderr_has("make room");
            let tries = rig.faulty.log();
            let tries = tries
                .iter()
                .filter(|line| line.contains("STOR") && line.contains("b.bin"));
            assert_eq!(tries.count(), 1, "{way:?} {what}: {:?}", rig.faulty.log());
            assert_eq!(rig.names(), ["a.bin"], "{way:?} {what}");
        }
    }
}

/// SIZE is sent ahead of the end, so a server gets to it only once its data connection has ended: while one side
/// owes its final reply for ever, the other side's data has ended all the same.
#[test]
fn a_relay_ends_both_data_connections_before_it_waits_for_a_final_reply() {
    for silent_source in [true, false] {
        let mute = |server: Server, verb: &str| server.rule(On::command(verb), Do::NoReply);
        let source = Server::new().pattern("/in/a.bin", BIG, 1);
        let (source, target) = match silent_source {
            true => (mute(source, "RETR").start(), Server::new().start()),
            false => (source.start(), mute(Server::new(), "STOR").start()),
        };
        let case = Case::new().pipeline(
            &[("from", &source), ("to", &target)],
            "steps:\n  move: { relay: { server: from, files: /in/*, to: to, into: /out } }\n",
        );
        let _process = case.spawn();
        source.until_command("SIZE", 1);
        target.until_command("SIZE", 1);
    }
}

#[test]
fn a_failure_at_one_side_of_a_relay_leaves_the_other_sides_session_in_use() {
    let rig = Rig::new(Way::RelaySource, "", |server| {
        server.rule(On::command("RETR").path_has("b.bin"), Do::CutAt(100_000))
    });
    rig.case.run().code(1);
    let other = rig.other.as_ref().unwrap();
    assert_eq!(other.sessions_opened(), 1, "{:?}", other.log());
    let rig = Rig::new(Way::RelayTarget, "", |server| {
        server.rule(On::command("STOR").path_has("a.bin"), Do::reply("553 no"))
    });
    rig.case.run().code(1);
    let other = rig.other.as_ref().unwrap();
    assert_eq!(other.sessions_opened(), 1, "{:?}", other.log());
}

#[test]
fn a_rename_that_is_refused_or_does_nothing_replaces_the_old_file() {
    for way in [Way::Upload, Way::RelayTarget] {
        for answer in [OntoExisting::Refuse, OntoExisting::Pretend] {
            let rig = Rig::new(way, "", |server| {
                server.file("/out/b.bin", "old").onto_existing(answer)
            });
            rig.case.run().code(0);
            rig.all_arrived(&format!("{way:?} {answer:?}"));
        }
    }
}

#[test]
fn a_refused_rename_names_the_command_and_keeps_the_old_file() {
    for way in [Way::Upload, Way::RelayTarget] {
        let rig = Rig::new(way, "", |server| {
            let at_b = || On::command("RNTO").path("/out/b.bin");
            server
                .file("/out/b.bin", "old")
                .rule(at_b().nth(1), Do::reply("553 never"))
                .rule(at_b().nth(2), Do::reply("553 never"))
        });
        rig.case
            .run()
            .code(1)
            .stderr_has("RNTO /out/b.bin")
            .stderr_has("553 never");
        assert_eq!(rig.there("b.bin"), Some(b"old".to_vec()));
        rig.others_arrived("refused rename");
    }
}

#[test]
fn a_lost_reply_to_a_rename_is_resolved_by_looking() {
    for way in [Way::Upload, Way::RelayTarget] {
        for (what, does) in [
            ("done", vec![Do::NoReply]),
            ("done and closed", vec![Do::NoReply, Do::CloseAfter]),
            ("not done", vec![Do::Close]),
        ] {
            let rig = Rig::new(way, "", |server| {
                server.rule(On::command("RNTO").path("/out/b.bin").nth(1), does)
            });
            rig.case.run().code(0);
            rig.all_arrived(what);
            assert_eq!(
                rig.faulty.count("STOR"),
                3,
                "{what}: {:?}",
                rig.faulty.log()
            );
        }
    }
}

#[test]
fn a_server_without_size_gives_a_warning_and_no_proof() {
    let rig = Rig::new(Way::Upload, "", |server| {
        server
            .features(Features::none())
            .rule(On::command("LIST"), Do::ListRaw(Vec::new()))
    });
    rig.case.run().code(0).stderr_has("3 files not verified");
}

/// The file in doubt is not reached, because the one before it loses its session: the doubt must be kept.
#[test]
fn a_doubt_outlives_a_batch_that_ends_before_it() {
    for way in [Way::Upload, Way::RelayTarget] {
        let rig = Rig::new(way, "", |server| {
            server
                .rule(On::command("RNTO").path("/out/b.bin").nth(1), Do::NoReply)
                .rule(On::command("STOR").path_has("c.bin").nth(1), Do::NoReply)
        });
        rig.case.run().code(0);
        rig.all_arrived("in doubt");
        assert_eq!(rig.faulty.count("STOR"), 3, "{:?}", rig.faulty.log());
    }
}

/// A closed connection holds its port for a minute: whoever finds none free tries again, and says what is missing.
#[test]
fn a_port_that_is_not_free_is_waited_for() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let server = Server::new().file("/in/a", "content").start();
    let active = format!("connections: 1, data: {{ mode: active, ports: {port}-{port} }}");
    let steps = "defaults: { retry: { attempts: 100, backoff: 20ms, max_backoff: 20ms } }
steps:
  get: { download: { server: s, files: /in/a, into: out } }
";
    let case = Case::new().servers(&[("s", &server, &active)], steps);
    let case = case.args(["run", "pipeline.yaml", "--events", "-"]);
    let mut child = case.start(Path::new(env!("CARGO_BIN_EXE_ftpflow")));
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    let process = Process::new(child);
    let retried = events.find(|line| line.as_ref().unwrap().contains("\"retrying\""));
    let retried: serde_json::Value = serde_json::from_str(&retried.unwrap().unwrap()).unwrap();
    let failure = &retried["failure"];
    let said = |field: &str, part: &str| {
        assert!(failure[field].as_str().unwrap().contains(part), "{failure}");
    };
    said(
        "message",
        &format!("cannot listen on ports {port} to {port}"),
    );
    said("help", "try again in a minute, or with fewer `connections`");
    drop(held);
    events.for_each(drop);
    process.wait().code(0);
    assert_eq!(case.read("out/a").unwrap(), b"content");
}
