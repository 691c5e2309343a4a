//! Logins that are refused, servers that take few sessions, and sessions that go while they rest.

use std::fs;

use crate::harness::process::Outcome;
use crate::harness::server::{Cap, Do, Gate, On, Running, Server};
use crate::harness::{Case, REPORTS};

const SHORT: &str = "defaults: { retry: { attempts: 2, backoff: 10ms } }\n";

fn with_files(count: usize) -> Server {
    let names = (0..count).map(|at| format!("f{at:02}.txt"));
    Server::new().files("/in", names, "content")
}

#[test]
fn a_wrong_password_fails_its_pair_and_no_other() {
    let locked = with_files(1)
        .user("lab", "right-password")
        .rule(
            On::command("PASS"),
            Do::reply("530 sorry, s3cret-w0rd is wrong"),
        )
        .start();
    let open = with_files(3).start();
    let case = Case::new()
        .env("SECRET", "s3cret-w0rd")
        .with_reports()
        .manifest(&format!(
            "version: 1
servers:
  locked: {{ host: 127.0.0.1, port: {}, user: lab, password: \"${{env.SECRET}}\" }}
  open: {{ host: 127.0.0.1, port: {} }}
{SHORT}steps:
  one: {{ download: {{ server: locked, files: /in/*, into: out/one }} }}
  two: {{ download: {{ server: open, files: /in/*, into: out/two }} }}
",
            locked.port(),
            open.port()
        ));
    let outcome = case.run();
    outcome
        .code(1)
        .stderr_has("530")
        .stderr_has("login refused")
        .stderr_has("skipped")
        .never_says("s3cret-w0rd");
    assert_eq!(locked.count("PASS"), 1, "a password is never tried again");
    assert_eq!(case.files("out").len(), 3);
    for file in REPORTS {
        let text = fs::read_to_string(case.path(file)).unwrap();
        assert!(!text.contains("s3cret-w0rd"), "{file}: {text}");
        assert!(text.contains("530"), "{file} names the reply: {text}");
    }
}

#[track_caller]
fn a_cap_is_met(cap: Cap) {
    // So many that the run is not over before the server's limit is known.
    let server = with_files(300).max_sessions(3, cap).start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 8")],
        &format!(
            "{SHORT}steps:\n  get: {{ download: {{ server: s, files: /in/*, into: out }} }}\n"
        ),
    );
    let outcome = case.run();
    outcome.code(0);
    assert_eq!(case.files("out").len(), 300);
    let lines = outcome.stderr.lines();
    let notes = lines
        .filter(|line| line.starts_with("warning: s: allows"))
        .count();
    assert_eq!(notes, 1, "{}", outcome.stderr);
    outcome.stderr_has("the run goes on with 3");
}

#[test]
fn a_server_that_refuses_at_the_greeting_gets_as_many_sessions_as_it_takes() {
    a_cap_is_met(Cap::AtGreeting421);
}

#[test]
fn a_server_that_refuses_at_user_gets_as_many_sessions_as_it_takes() {
    a_cap_is_met(Cap::AtUser530);
}

#[test]
fn a_server_that_closes_every_session_at_its_first_command_ends_the_run() {
    let server = with_files(2).rule(On::command("CWD"), Do::Close).start();
    let case = Case::new().pipeline(
        &[("s", &server)],
        &format!(
            "{SHORT}steps:\n  get: {{ download: {{ server: s, files: /in/*, into: out }} }}\n"
        ),
    );
    case.run().code(1).stderr_has("lost");
    assert!(server.sessions_opened() <= 8, "{:?}", server.log());
}

#[test]
fn a_server_that_closes_every_session_at_login_ends_the_run() {
    for verb in ["USER", "PASS", "FEAT", "TYPE"] {
        let server = with_files(2).rule(On::command(verb), Do::Close).start();
        let case = Case::new().pipeline(
            &[("s", &server)],
            &format!(
                "{SHORT}steps:\n  get: {{ download: {{ server: s, files: /in/*, into: out }} }}\n"
            ),
        );
        case.run().code(1);
        assert_eq!(server.sessions_opened(), 2, "{verb}: {:?}", server.log());
    }
}

#[test]
fn a_busy_server_is_tried_again_and_then_let_in() {
    let server = with_files(1)
        .rule(On::connect().nth(1), Do::Goodbye("421 busy".into()))
        .start();
    let case = Case::new().pipeline(
        &[("s", &server)],
        &format!(
            "{SHORT}steps:\n  get: {{ download: {{ server: s, files: /in/*, into: out }} }}\n"
        ),
    );
    case.run().code(0);
    assert_eq!(server.sessions_opened(), 2);
}

/// The first server's session rests while the second is held at a gate, longer than a second; its server says 421
/// and closes meanwhile. With one attempt, a counted try would fail the step.
#[test]
fn a_session_that_was_closed_while_it_rested_is_reopened_without_counting() {
    let gate = Gate::new();
    let idle = with_files(1)
        .rule(
            On::command("SIZE").session(1),
            [Do::lie("213 7"), Do::CloseAfter],
        )
        .start();
    let slow = with_files(1)
        .rule(On::command("RETR"), Do::Wait(gate.clone()))
        .start();
    let case = Case::new().servers(
        &[("idle", &idle, "connections: 1"), ("slow", &slow, "")],
        "defaults: { retry: { attempts: 1 } }
steps:
  first: { download: { server: idle, files: /in/*, into: out/first } }
  slowly: { download: { server: slow, files: /in/*, into: out/slow }, needs: first }
  again: { list: { server: idle, path: /in }, needs: slowly }
",
    );
    let process = case.spawn();
    gate.until_arrived(1);
    gate.open();
    process.wait().code(0);
    assert_eq!(idle.sessions_opened(), 2, "{:?}", idle.log());
}

fn look(server: &Running, fields: &str) -> Outcome {
    let steps = "defaults: { retry: { attempts: 2, backoff: 10ms } }\nsteps:\n  look: { list: { server: s, path: / } }\n";
    Case::new().servers(&[("s", server, fields)], steps).run()
}

/// vsftpd, Pure-FTPd and ProFTPD where they insist on TLS; their words are theirs, and not judged.
#[test]
fn a_refused_login_in_clear_text_names_tls_too() {
    let said = [
        (
            "PASS",
            Do::reply("530 Non-anonymous sessions must use encryption."),
        ),
        (
            "USER",
            Do::reply("530 Non-anonymous sessions must use encryption."),
        ),
        (
            "USER",
            Do::Goodbye("421 Sorry, cleartext sessions are not accepted.".into()),
        ),
        (
            "USER",
            Do::reply("550 SSL/TLS required on the control channel"),
        ),
        ("PASS", Do::reply("451 not now")),
    ];
    for (verb, reply) in said {
        let server = with_files(1).rule(On::command(verb), reply).start();
        let outcome = look(&server, "");
        outcome.code(1).stderr_has("set `tls: explicit`");
        assert!(!outcome.stderr.contains("further"), "{}", outcome.stderr);
        assert!(
            !outcome.stderr.contains("connections"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_server_that_never_let_anybody_in_is_not_said_to_have_too_many_sessions() {
    let server = with_files(1)
        .rule(On::connect(), Do::Goodbye("421 closed for today".into()))
        .start();
    let outcome = look(&server, "");
    outcome
        .code(1)
        .stderr_has("takes no session now")
        .stderr_has("try again later");
    assert!(
        !outcome.stderr.contains("connections"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("tls:"), "{}", outcome.stderr);
}

/// A port of implicit TLS waits for the client's first byte.
#[test]
fn a_server_that_does_not_greet_may_want_implicit_tls() {
    let server = with_files(1).rule(On::connect(), Do::Hang).start();
    look(&server, "timeouts: { connect: 1s }")
        .code(1)
        .stderr_has("connected, but no greeting came in time")
        .stderr_has("set `tls: implicit`");
}

/// RFC 959 §5.4: 120, a delay, then 220.
#[test]
fn a_greeting_that_announces_a_delay_is_waited_for() {
    for delay in [
        "120 soon",
        "120-one moment\r\n 220 is not here\r\n120 soon\r\n120 very soon",
    ] {
        let server = with_files(1)
            .greeting(&format!("{delay}\r\n220 ready"))
            .start();
        look(&server, "").code(0);
        assert_eq!(server.sessions_opened(), 1);
    }
}

#[test]
fn a_greeting_that_is_delayed_for_ever_is_given_up() {
    let server = with_files(1)
        .rule(On::connect(), Do::Raw(b"120 soon\r\n".to_vec()))
        .start();
    look(&server, "timeouts: { connect: 1s }")
        .code(1)
        .stderr_has("no greeting came in time");
    let server = with_files(1)
        .rule(On::connect(), Do::Raw(b"120 soon\r\n".repeat(1001)))
        .start();
    look(&server, "")
        .code(1)
        .stderr_has("longer than 64 KiB or 1000 lines");
}

#[test]
fn a_failed_data_connection_is_not_answered_with_what_is_set() {
    let server = || {
        with_files(1)
            .rule(On::command("EPSV"), Do::reply("500 no"))
            .rule(On::command("PASV"), Do::DeadPort)
            .rule(On::command("EPRT"), Do::reply("425 no way to you"))
            .start()
    };
    look(&server(), "")
        .code(1)
        .stderr_has("or `pasv_address: reported` behind a balancer");
    let reported = look(&server(), "pasv_address: reported");
    reported.code(1).stderr_has("try `pasv_address: control`");
    let active = look(&server(), "data: active");
    active
        .code(1)
        .stderr_has("data: {mode: active, address: …, ports: …}");
    assert!(!active.stderr.contains("pasv_address"), "{}", active.stderr);
    let cannot = with_files(1)
        .rule(On::command("MLSD"), Do::reply("425 cannot connect"))
        .start();
    look(&cannot, "")
        .code(1)
        .stderr_has("try the other of `data: passive`");
}

#[cfg(unix)]
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_real_server_that_wants_tls_is_answered_with_what_to_set() {
    use crate::harness::real::{self, Kind};
    for kind in [Kind::VsftpdTls, Kind::ProftpdTls, Kind::PureftpdTls] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let entry = server.servers_entry("s");
        let (clear, _) = entry.split_once("    tls:").unwrap();
        let outcome = Case::new()
            .manifest(&format!(
                "version: 1\nservers:\n{clear}{SHORT}steps:\n  look: {{ list: {{ server: s, path: / }} }}\n"
            ))
            .run();
        outcome.code(1).stderr_has("set `tls: explicit`");
        assert!(!outcome.stderr.contains("further"), "{}", outcome.stderr);
        println!("{}", outcome.stderr);
    }
}

/// The report of a server behind NAT (servers.md 17).
#[test]
fn an_address_of_pasv_that_is_not_the_servers_is_noted_once() {
    let server = with_files(9)
        .rule(On::command("EPSV"), Do::reply("500 no"))
        .rule(On::command("PASV"), Do::PasvAddress([10, 0, 0, 1]))
        .start();
    let steps = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";
    let case = Case::new().pipeline(&[("s", &server)], steps);
    let outcome = case.run();
    outcome.code(0);
    assert_eq!(
        outcome
            .stderr
            .matches("warning: s: reports another address")
            .count(),
        1,
        "{}",
        outcome.stderr
    );
}
