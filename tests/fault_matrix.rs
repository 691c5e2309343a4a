//! Every command × every way to break it × every way of a file. After each run: a file under its final name is
//! whole, nothing was deleted that had not arrived, exit code 0 means that everything arrived, and a second run
//! finishes the job.

use crate::harness::Case;
use crate::harness::server::{Do, On, Running, Server, pattern};

const SIZE: u64 = 70_000;
const NAMES: [&str; 3] = ["a.bin", "b.bin", "c.bin"];
const FIELDS: &str =
    "connections: 2, timeouts: { connect: 2s, reply: 500ms, data: 500ms, final_reply: 500ms }";

fn faults() -> Vec<(&'static str, Vec<Do>)> {
    vec![
        ("closed before", vec![Do::Close]),
        ("reset before", vec![Do::Reset]),
        ("closed without a reply", vec![Do::NoReply, Do::CloseAfter]),
        ("closed after", vec![Do::CloseAfter]),
        ("4xx", vec![Do::reply("450 not now")]),
        ("5xx", vec![Do::reply("550 never")]),
        ("4xx when done", vec![Do::lie("451 went wrong")]),
        ("5xx when done", vec![Do::lie("550 went wrong")]),
        ("421", vec![Do::Goodbye("421 going down".into())]),
        ("garbage", vec![Do::Raw(b"what\r\n".to_vec())]),
        ("stray", vec![Do::Stray("150 again".into())]),
        ("cut at the start", vec![Do::CutAt(0)]),
        ("cut at the last byte", vec![Do::CutAt(SIZE - 1)]),
        (
            "cut and success",
            vec![Do::CutAt(SIZE - 1), Do::lie("226 fine")],
        ),
    ]
}

fn silences() -> Vec<(&'static str, Vec<Do>)> {
    vec![("hang", vec![Do::Hang]), ("no reply", vec![Do::NoReply])]
}

struct Rig {
    case: Case,
    source: Option<Running>,
    target: Option<Running>,
}

/// `kind`: download, upload or relay; the fault is at the server that `at_source` says.
fn rig(kind: &str, at_source: bool, verb: &str, nth: usize, does: &[Do]) -> Rig {
    let broken = |server: Server, here: bool| match here {
        true => server
            .rule(On::command(verb).nth(nth), does.to_vec())
            .start(),
        false => server.start(),
    };
    let full = NAMES.iter().fold(Server::new(), |server, name| {
        server.pattern(format!("/in/{name}"), SIZE, seed(name))
    });
    let source = (kind != "upload").then(|| broken(full, at_source));
    let target = (kind != "download").then(|| broken(Server::new(), !at_source));
    let servers: Vec<(&str, &Running, &str)> = [("from", &source), ("to", &target)]
        .into_iter()
        .filter_map(|(name, server)| Some((name, server.as_ref()?, FIELDS)))
        .collect();
    let list = if source.is_some() {
        "from, path: /in"
    } else {
        "local, path: in"
    };
    let step = match kind {
        "download" => "download: { from: found, into: out }",
        "upload" => "upload: { from: found, to: to, into: /out }",
        _ => "relay: { from: found, to: to, into: /out }",
    };
    let case = Case::new().servers(
        &servers,
        &format!(
            "defaults: {{ retry: {{ attempts: 2, backoff: 1ms }} }}
steps:
  found: {{ list: {{ server: {list} }} }}
  move: {{ {step} }}
  tidy: {{ delete: {{ sources_of: move }} }}
"
        ),
    );
    let case = match source {
        Some(_) => case,
        None => NAMES.iter().fold(case, |case, name| {
            case.file(&format!("in/{name}"), pattern(SIZE, seed(name)))
        }),
    };
    Rig {
        case,
        source,
        target,
    }
}

fn seed(name: &str) -> u64 {
    u64::from(name.as_bytes()[0])
}

impl Rig {
    fn at_source(&self, name: &str) -> bool {
        match &self.source {
            Some(server) => server.exists(format!("/in/{name}")),
            None => self.case.read(format!("in/{name}")).is_some(),
        }
    }

    fn arrived(&self, name: &str) -> Option<Vec<u8>> {
        match &self.target {
            Some(server) => server.read(format!("/out/{name}")),
            None => self.case.read(format!("out/{name}")),
        }
    }

    fn holds(&self, code: Option<i32>) -> Result<(), String> {
        for name in NAMES {
            let arrived = self.arrived(name);
            let whole = arrived.as_ref() == Some(&pattern(SIZE, seed(name)));
            if arrived.is_some() && !whole {
                return Err(format!("{name} is not whole"));
            }
            if !self.at_source(name) && !whole {
                return Err(format!("{name} is lost"));
            }
            if code == Some(0) && (!whole || self.at_source(name)) {
                return Err(format!("{name}: exit code 0, and it is not done"));
            }
        }
        match code {
            Some(0 | 1) => Ok(()),
            code => Err(format!("exit code {code:?}")),
        }
    }
}

/// All faults at all commands of one way; gives what went wrong.
fn sweep(kind: &str, at_source: bool, verbs: &[&str], faults: Vec<(&str, Vec<Do>)>) {
    let mut wrong = Vec::new();
    for (what, does) in faults {
        for verb in verbs {
            for nth in [1, 3] {
                let rig = rig(kind, at_source, verb, nth, &does);
                for run in [1, 2, 3] {
                    let outcome = rig
                        .case
                        .spawn()
                        .within(std::time::Duration::from_secs(15))
                        .wait();
                    let code = outcome.status.code();
                    let mut held = rig.holds(code);
                    if run == 3 && code != Some(0) {
                        held = Err("a further run does not finish".into());
                    }
                    if let Err(problem) = held {
                        let log = if at_source { &rig.source } else { &rig.target };
                        let log = log.as_ref().map(Running::log).unwrap_or_default();
                        wrong.push(format!(
                            "== {kind}, source {at_source}: {verb} #{nth} {what}, run {run}: {problem}\n{}\n{}",
                            outcome.stderr,
                            log.join("\n")
                        ));
                        break;
                    }
                    if code == Some(0) {
                        break;
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

const READING: [&str; 12] = [
    "USER", "PASS", "FEAT", "TYPE", "PWD", "OPTS", "CWD", "EPSV", "MLSD", "RETR", "SIZE", "DELE",
];
const WRITING: [&str; 8] = [
    "PASS", "MKD", "EPSV", "STOR", "SIZE", "MFMT", "RNFR", "RNTO",
];

#[test]
fn the_worst_faults_at_the_worst_moments_are_survived() {
    let worst = || {
        let faults = faults().into_iter();
        let worst = ["closed without a reply", "4xx when done", "cut and success"];
        faults
            .filter(move |(what, _)| worst.contains(what))
            .collect()
    };
    sweep("download", true, &["RETR", "DELE"], worst());
    sweep("relay", true, &["MLSD"], worst());
    sweep("upload", false, &["STOR", "RNTO"], worst());
}

#[test]
#[ignore = "takes half a minute"]
fn downloads_survive_every_fault_at_every_command() {
    sweep("download", true, &READING, faults());
}

#[test]
#[ignore = "takes half a minute"]
fn uploads_survive_every_fault_at_every_command() {
    sweep("upload", false, &WRITING, faults());
}

#[test]
#[ignore = "takes half a minute"]
fn relays_survive_every_fault_at_every_command_of_the_source() {
    sweep("relay", true, &READING[8..], faults());
}

#[test]
#[ignore = "takes half a minute"]
fn relays_survive_every_fault_at_every_command_of_the_destination() {
    sweep("relay", false, &WRITING, faults());
}

#[test]
#[ignore = "takes half a minute"]
fn silence_at_any_command_is_survived() {
    sweep(
        "relay",
        true,
        &["EPSV", "MLSD", "RETR", "SIZE", "DELE"],
        silences(),
    );
    sweep(
        "relay",
        false,
        &["MKD", "STOR", "MFMT", "RNFR", "RNTO"],
        silences(),
    );
}
