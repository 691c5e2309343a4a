//! What runs beside what: independent pairs, sessions up to their cap, and no deadlock.

use crate::harness::Case;
use crate::harness::server::{Cap, Do, Gate, Meet, On, Running, Server};

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("f{at:02}.txt")).collect()
}

fn many(count: usize) -> Server {
    Server::new().files("/in", numbered(count), "content")
}

#[test]
fn four_independent_pairs_run_side_by_side() {
    let meet = Meet::new(4);
    let servers: Vec<Running> = (0..4)
        .map(|_| {
            let rule = (On::command("RETR"), Do::Meet(meet.clone()));
            Server::new()
                .file("/in/a.txt", "a")
                .rule(rule.0, rule.1)
                .start()
        })
        .collect();
    let names: Vec<String> = (0..4).map(|at| format!("s{at}")).collect();
    let listed: Vec<(&str, &Running)> = names
        .iter()
        .map(String::as_str)
        .zip(servers.iter())
        .collect();
    let steps: String = names
        .iter()
        .map(|name| {
            format!("  get_{name}: {{ download: {{ server: {name}, files: /in/*, into: out/{name} }} }}\n")
        })
        .collect();
    let case = Case::new().pipeline(&listed, &format!("steps:\n{steps}"));
    case.run().code(0);
    assert!(
        meet.all_met(),
        "the four downloads were never all under way"
    );
    assert_eq!(case.files("out").len(), 4);
}

#[test]
fn one_step_uses_all_connections_and_never_more() {
    let meet = Meet::new(3);
    let server = many(12)
        .rule(On::command("RETR").nth(1), Do::Meet(meet.clone()))
        .rule(On::command("RETR").nth(2), Do::Meet(meet.clone()))
        .rule(On::command("RETR").nth(3), Do::Meet(meet.clone()))
        .start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 3")],
        "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n",
    );
    case.run().code(0);
    assert!(meet.all_met(), "three sessions never worked at once");
    assert_eq!(server.max_concurrent_sessions(), 3);
    assert_eq!(case.files("out").len(), 12);
}

#[test]
fn parallel_limits_a_step_below_connections() {
    let server = many(12).start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 4")],
        "steps:\n  get: { download: { server: s, files: /in/*, into: out, parallel: 1 } }\n",
    );
    case.run().code(0);
    assert_eq!(server.max_concurrent_transfers(), 1);
    assert_eq!(case.files("out").len(), 12);
}

#[test]
fn a_relay_within_one_server_works_with_two_connections() {
    let server = many(5).start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 2")],
        "steps:\n  copy: { relay: { server: s, files: /in/*, to: s, into: /out } }\n",
    );
    case.run().code(0);
    assert_eq!(server.names("/out"), numbered(5));
    assert_eq!(server.max_concurrent_sessions(), 2);
}

#[test]
fn a_relay_that_gets_one_session_where_it_needs_two_ends_with_the_reason() {
    let server = many(2).max_sessions(1, Cap::AtGreeting421).start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 2")],
        "defaults: { retry: { attempts: 2, backoff: 10ms } }
steps:\n  copy: { relay: { server: s, files: /in/*, to: s, into: /out } }\n",
    );
    let outcome = case
        .spawn()
        .within(std::time::Duration::from_secs(20))
        .wait();
    outcome.code(1).stderr_has("could not go on");
}

#[test]
fn mutual_relays_over_one_connection_each_do_not_deadlock() {
    let one = many(8).start();
    let two = Server::new().files("/back", numbered(8), "other").start();
    let case = Case::new().servers(
        &[("a", &one, "connections: 1"), ("b", &two, "connections: 1")],
        "steps:
  there: { relay: { server: a, files: /in/*, to: b, into: /there } }
  back: { relay: { server: b, files: /back/*, to: a, into: /back } }
",
    );
    case.run().code(0);
    assert_eq!(two.names("/there"), numbered(8));
    assert_eq!(one.names("/back"), numbered(8));
    assert_eq!(one.max_concurrent_sessions(), 1);
    assert_eq!(two.max_concurrent_sessions(), 1);
}

#[test]
fn a_server_that_stands_still_does_not_hold_up_another_pair() {
    let gate = Gate::new();
    let slow = Server::new()
        .file("/in/a.txt", "a")
        .rule(On::command("RETR"), Do::Wait(gate.clone()))
        .start();
    let quick = many(20).start();
    let case = Case::new().pipeline(
        &[("slow", &slow), ("quick", &quick)],
        "steps:
  first: { download: { server: slow, files: /in/*, into: out/slow } }
  second: { download: { server: quick, files: /in/*, into: out/quick } }
  third: { delete: { sources_of: second } }
",
    );
    let process = case.spawn();
    gate.until_arrived(1);
    quick.until_command("DELE", 20);
    gate.open();
    process.wait().code(0);
    assert_eq!(case.files("out").len(), 21);
}
