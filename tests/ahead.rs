//! What is sent to a server before it has answered: nothing until it has shown that it bears it, and nothing any more once it
//! has objected. No file fails for it.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::server::{Do, Features, Objection, On, Running, Server};
use crate::harness::{Case, Outcome};

/// Every command that may go out before the answer to another.
const VERBS: [&str; 13] = [
    "NOOP", "PWD", "EPSV", "CWD", "SIZE", "MDTM", "MFMT", "RETR", "STOR", "RNFR", "RNTO", "MLSD",
    "*",
];
/// Waiting is for what was lost, so it is short. Nothing is tried twice that is not excused.
const SETTINGS: &str =
    "timeouts: { connect: 5s, reply: 400ms, data: 1s, final_reply: 1s }, connections: 2";
const STEPS: &str = "defaults: { retry: { attempts: 1, backoff: 1ms } }
steps:
  put: { upload: { files: src/*, to: s, into: /put, if_exists: overwrite } }
  add: { upload: { files: src/*, to: s, into: /add, if_exists: skip }, needs: put }
  l: { list: { server: s, path: /in } }
  get: { download: { from: l, into: out }, needs: add }
  pass: { relay: { from: l, to: s, into: /pass }, needs: get }
  tidy: { delete: { sources_of: get, max: 10 }, needs: pass }
";
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn stranger() -> Server {
    let mut server = Server::new().greeting("220 somebody's server");
    for name in NAMES {
        server = server.file(format!("/in/{name}"), content("in", name));
        server = server.file(format!("/put/{name}"), "old");
    }
    server
}

fn content(kind: &str, name: &str) -> Vec<u8> {
    format!("{kind} {name};").repeat(100).into_bytes()
}

fn case(server: &Running, more: &str) -> Case {
    let settings = format!("{SETTINGS}{more}");
    let case = Case::new().servers(&[("s", server, &settings)], STEPS);
    NAMES.iter().fold(case, |case, name| {
        case.file(&format!("src/{name}"), content("local", name))
    })
}

/// A server, and how its manifest has it listed.
type Variant = (fn() -> Server, &'static str);
const VARIANTS: [Variant; 3] = [
    (stranger, ""),
    (without_mlsd, ""),
    (without_mlsd, ", listing: nlst"),
];

/// What is not as it should be after a run.
fn wrong(case: &Case, server: &Running, outcome: &Outcome) -> Option<String> {
    let code = outcome.status.code();
    let mut wrong = (code != Some(0)).then(|| format!("exit {code:?}"));
    for name in NAMES {
        let local = Some(content("local", name));
        let remote = Some(content("in", name));
        let stands = server.read(format!("/put/{name}")) == local
            && server.read(format!("/add/{name}")) == local
            && server.read(format!("/pass/{name}")) == remote
            && case.read(format!("out/{name}")) == remote
            && !server.exists(format!("/in/{name}"));
        wrong = wrong.or_else(|| (!stands).then(|| format!("{name} is not where it belongs")));
    }
    wrong
}

/// Runs against a server for each verb, and tells what went wrong.
#[track_caller]
fn objecting(how: Objection) {
    let places: Vec<_> = VERBS
        .iter()
        .flat_map(|verb| VARIANTS.map(|make| (verb, make)))
        .collect();
    let found: Vec<String> = thread::scope(|scope| {
        let parts = places.chunks(10).map(|part| {
            scope.spawn(move || {
                let runs = part
                    .iter()
                    .filter_map(|(verb, make)| try_one(verb, how, *make));
                runs.collect::<Vec<String>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    assert!(
        found.is_empty(),
        "{} of {}:\n{}",
        found.len(),
        places.len(),
        found.join("\n\n")
    );
}

fn without_mlsd() -> Server {
    stranger().features(Features::all().without("MLSD"))
}

fn try_one(verb: &'static str, how: Objection, (make, more): Variant) -> Option<String> {
    let server = make().objects(verb, how).start();
    let case = case(&server, more);
    let outcome = case.run();
    let wrong = wrong(&case, &server, &outcome)?;
    let log = server.log().join("\n");
    Some(format!(
        "{verb} {how:?}: {wrong}\n{}\n{log}",
        outcome.stderr
    ))
}

#[test]
fn a_server_that_refuses_what_comes_early_loses_no_file() {
    objecting(Objection::Refuses("503 bad sequence of commands"));
}

#[test]
fn a_server_that_refuses_early_lines_in_common_words_loses_no_file() {
    objecting(Objection::Refuses("550 no"));
}

#[test]
fn a_server_that_loses_what_comes_early_loses_no_file() {
    objecting(Objection::Loses);
}

#[test]
fn a_server_that_answers_out_of_order_loses_no_file() {
    objecting(Objection::Reorders);
}

#[test]
fn a_server_that_answers_in_the_midst_loses_no_file() {
    objecting(Objection::AnswersEarly("502 not now"));
    objecting(Objection::AnswersEarly("550 not now"));
}

#[test]
fn a_server_that_answers_twice_loses_no_file() {
    objecting(Objection::AnswersTwice);
}

#[test]
fn a_server_that_closes_for_what_comes_early_loses_no_file() {
    objecting(Objection::Closes);
}

#[test]
fn with_ahead_off_nothing_comes_early() {
    let server = stranger().objects("*", Objection::Closes).start();
    let case = case(&server, ", ahead: 'off'");
    let outcome = case.run();
    outcome.code(0).never_says("one command at a time");
    assert_eq!(wrong(&case, &server, &outcome), None);
    assert_eq!(server.objections(), 0);
}

#[test]
fn a_stranger_that_bears_it_is_sent_lines_ahead_once_it_has_shown_so() {
    let server = stranger().objects("RNFR", Objection::AnswersTwice).start();
    let outcome = case(&server, "").run();
    outcome.code(0);
    // Both sessions may have sent a line ahead before the first answer.
    let objections = server.objections();
    assert!(
        (1..=2).contains(&objections),
        "{objections}: {}",
        server.log().join("\n")
    );
    outcome.stderr_has("one command at a time from here on");
}

#[test]
fn a_tested_server_is_known_by_its_greeting() {
    let server = stranger().greeting("220 ProFTPD Server").start();
    let outcome = case(&server, "").run();
    outcome.code(0);
    assert!(
        !server.log().iter().any(|line| line.contains("NOOP")),
        "{}",
        server.log().join("\n")
    );
}

/// A round trip less for each file but the first, which shows that the server keeps lines until a transfer is over: the port
/// is told before RNFR, so that the connection to it and RNTO are under way together.
#[test]
fn the_next_data_connection_is_opened_while_a_file_gets_its_name() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    port.set_nonblocking(true).unwrap();
    let number = port.local_addr().unwrap().port();
    let came = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&came);
    let server = Server::new()
        .folder("/in")
        .rule(
            On::command("EPSV").nth(4),
            Do::reply(format!("229 Entering (|||{number}|)")),
        )
        .rule(
            On::command("RNTO").nth(2),
            Do::mutate(move |_| {
                let until = Instant::now() + Duration::from_secs(10);
                while !seen.load(Ordering::Relaxed) && Instant::now() < until {
                    seen.store(port.accept().is_ok(), Ordering::Relaxed);
                    thread::yield_now();
                }
            }),
        )
        .start();
    let steps = "steps:\n  put: { upload: { files: src/*, to: s, into: /in } }\n";
    let case = Case::new().servers(&[("s", &server, "connections: 1")], steps);
    let case = case.file("src/a", "first").file("src/b", "second");
    case.run().code(0);
    let log = server.log().join("\n");
    assert!(came.load(Ordering::Relaxed), "{log}");
    assert_eq!(server.read("/in/b"), Some(b"second".to_vec()));
    let verbs: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    let sent = "STOR SIZE MFMT EPSV RNFR RNTO SIZE PWD QUIT";
    assert!(verbs.join(" ").ends_with(sent), "{log}");
}
