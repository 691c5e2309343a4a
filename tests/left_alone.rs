//! What was found at a destination and not proven, and what a reply alone speaks for: neither is taken for more than it is.

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Server};

const LONG_AGO: i64 = 1_600_000_000;

/// An unrelated file of the same size, newer than the source, is left alone where times do not arrive: it is no copy.
#[test]
fn what_was_left_unproven_is_not_deleted_as_a_copy() {
    for (later, to, options) in [
        (86_400, "a", ", times: now"),
        (4_020, "a", ", times: now"),
        (4_020, "b", ", times: now"),
        (4_020, "a", ", times: now, publish: direct"),
    ] {
        let server = Server::new()
            .file_at("/in/x.txt", "85123", LONG_AGO)
            .file_at("/in/y.txt", "a copy", LONG_AGO)
            .file_at("/out/x.txt", "OTHER", LONG_AGO + later)
            .start();
        let case = Case::new().pipeline(
            &[("a", &server), ("b", &server)],
            &format!(
                "allow: [allow::unused, server::unused]
steps:
  all: {{ list: {{ server: a, path: /in }} }}
  up: {{ relay: {{ from: all, to: {to}, into: /out{options} }} }}
  gone: {{ delete: {{ from: up, copies: true }} }}
"
            ),
        );
        let outcome = case.run();
        let other = server.read("/out/x.txt");
        assert_eq!(
            other,
            Some("OTHER".into()),
            "{later} {to} {options}: {outcome:?}"
        );
        assert!(
            !server.exists("/out/y.txt"),
            "{later} {to} {options}: {outcome:?}"
        );
        assert!(server.exists("/in/x.txt") && server.exists("/in/y.txt"));
    }
}

/// Nothing was written, so that no reply speaks for what stands there: also in a run that goes on with one that failed.
#[test]
fn what_was_left_unproven_proves_nothing_by_a_reply() {
    let server = Server::new()
        .file_at("/in/x.txt", "85123", LONG_AGO)
        .file_at("/in/y.txt", "another", LONG_AGO)
        .file_at("/out/x.txt", "OTHER", LONG_AGO + 4_020)
        .start();
    let case = Case::new().pipeline(
        &[("a", &server)],
        "steps:
  all: { list: { server: a, path: /in } }
  up: { relay: { from: all, to: a, into: /out, times: now } }
  gone: { delete: { sources_of: up, accept: [copy, reply] } }
",
    );
    // The first run ends with its transfer, of which the other file fails.
    server.rule(On::command("RETR").nth(1), Do::reply("550 not now"));
    case.run().code(1);
    let case = case.args(["run", "pipeline.yaml", "--resume"]);
    let resumed = case.run();
    assert!(server.exists("/in/x.txt"), "{resumed:?}");
    assert!(!server.exists("/in/y.txt"), "{resumed:?}");
    assert_eq!(server.read("/out/x.txt"), Some("OTHER".into()));
}

/// What this run has deleted no reply brings back.
#[test]
fn a_reply_proves_nothing_once_the_copy_was_deleted() {
    for (delete, accept) in [
        ("sources_of: up", "[copy, reply]"),
        ("sources_of: up", "reply"),
        ("from: all", "[copy, reply]"),
    ] {
        let from = Server::new()
            .file_at("/in/x.txt", "content", LONG_AGO)
            .start();
        let to = Server::new().folder("/out").start();
        let case = Case::new().pipeline(
            &[("from", &from), ("to", &to)],
            &format!(
                "steps:
  all: {{ list: {{ server: from, path: /in }} }}
  up: {{ relay: {{ from: all, to: to, into: /out }} }}
  first: {{ delete: {{ from: up, copies: true }} }}
  then: {{ needs: [first], delete: {{ {delete}, accept: {accept} }} }}
"
            ),
        );
        let outcome = case.run();
        assert!(from.exists("/in/x.txt"), "{delete} {accept}: {outcome:?}");
        outcome.stderr_has("was deleted by this run");
    }
}

/// Somebody has written over what arrived, between a run that failed and the one that goes on: the reply was for another file.
#[test]
fn a_reply_of_the_run_before_does_not_prove_what_stands_there_now() {
    let without = |names: &[&str]| {
        names
            .iter()
            .fold(Features::all(), |features, name| features.without(name))
    };
    for (features, options) in [
        (without(&["MFMT", "MDTM-SET"]), ""),
        (without(&["MFMT", "MDTM-SET", "MLSD"]), ""),
        (Features::all(), ", times: now"),
        (without(&["MFMT", "MDTM-SET"]), ", if_exists: skip"),
        (without(&["MFMT", "MDTM-SET"]), ", publish: direct"),
    ] {
        let from = Server::new()
            .file_at("/in/x.txt", "85123", LONG_AGO)
            .file_at("/in/y.txt", "another", LONG_AGO)
            .start();
        let to = Server::new().features(features).folder("/out").start();
        let refused = On::command("RETR").path_has("y.txt").nth(1);
        from.rule(refused, Do::reply("550 not now"));
        let case = Case::new().pipeline(
            &[("from", &from), ("to", &to)],
            &format!(
                "allow: [options::direct]
steps:
  all: {{ list: {{ server: from, path: /in }} }}
  up: {{ relay: {{ from: all, to: to, into: /out, verify: none{options} }} }}
  gone: {{ delete: {{ sources_of: up, accept: [copy, reply] }} }}
"
            ),
        );
        case.run().code(1);
        assert_eq!(to.read("/out/x.txt"), Some("85123".into()));
        to.mutate(|tree| {
            tree.write("/out/x.txt", "OTHER");
            assert!(tree.touch("/out/x.txt", LONG_AGO + 4_020));
        });
        let case = case.args(["run", "pipeline.yaml", "--resume"]);
        let resumed = case.run();
        let whole = Some("85123".into());
        let stands = from.read("/in/x.txt") == whole || to.read("/out/x.txt") == whole;
        assert!(stands, "{options}: {resumed:?}");
    }
}

/// An inbox that shows nothing: what this run has put there is known all the same, and no later file takes its name.
#[test]
fn a_name_that_this_run_has_written_counts_as_taken_though_nothing_shows_it() {
    for if_exists in ["skip", "fail"] {
        let from = Server::new()
            .file_at("/a/x.txt", "content of a", LONG_AGO)
            .file_at("/b/x.txt", "content of b", LONG_AGO)
            .start();
        let to = Server::new().folder("/out");
        let to = to.rule(On::command("MLSD").path("/out"), Do::ListRaw(Vec::new()));
        let hidden = |to: Server, verb| to.rule(On::command(verb), Do::reply("550 no"));
        let to = hidden(hidden(to, "SIZE"), "MDTM").start();
        let steps = format!(
            "allow: [hazard::writers, allow::unused]
steps:
  first: {{ list: {{ server: from, path: /a }} }}
  second: {{ list: {{ server: from, path: /b }} }}
  one: {{ relay: {{ from: first, to: to, into: /out }} }}
  two: {{ needs: [one], relay: {{ from: second, to: to, into: /out, if_exists: {if_exists} }} }}
  away: {{ when: always, needs: [two], delete: {{ sources_of: one, accept: reply }} }}
"
        );
        let outcome = Case::new()
            .pipeline(&[("from", &from), ("to", &to)], &steps)
            .run();
        assert_eq!(
            to.read("/out/x.txt"),
            Some("content of a".into()),
            "{if_exists}: {outcome:?}"
        );
        assert!(from.exists("/b/x.txt"), "{if_exists}: {outcome:?}");
        let fails = if_exists == "fail";
        assert_eq!(!from.exists("/a/x.txt"), fails, "{outcome:?}");
        outcome.code(i32::from(fails));
    }
}
