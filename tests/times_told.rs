//! Servers that tell a file's time only when asked, or give it one of their own.

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Running, Server};

const FILES: [&str; 3] = ["a.txt", "b.txt", "c.txt"];

fn source() -> Server {
    Server::new().files("/out", FILES, "content")
}

/// Two ways in which a server lists without times.
fn timeless() -> [(&'static str, Server); 2] {
    let eplf = "+r,s7,\ta.txt\r\n+r,s7,\tb.txt\r\n+r,s7,\tc.txt\r\n";
    let eplf = Do::ListRaw(eplf.into());
    [
        ("listing: nlst", source()),
        ("listing: list", source().rule(On::command("LIST"), eplf)),
    ]
}

#[test]
fn a_set_is_published_from_a_server_whose_listing_tells_no_times() {
    for (listing, from) in timeless() {
        let (from, to) = (from.start(), Server::new().folder("/in").start());
        let case = Case::new().servers(
            &[("from", &from, listing), ("to", &to, "")],
            "steps:
  found: { list: { server: from, path: /out } }
  get: { download: { from: found, into: back, publish: set } }
  pass: { relay: { from: found, to: to, into: /in, publish: set } }
  tidy: { delete: { sources_of: [get, pass] } }
",
        );
        case.run().code(0);
        assert_eq!(case.files("back"), FILES, "{listing}");
        assert_eq!(to.names("/in"), FILES, "{listing}");
        assert_eq!(from.names("/out"), [""; 0], "{listing}");
    }
}

const STEPS: &str = "steps:
  up: { upload: { files: 'out/*', to: s, into: /in } }
  tidy: { delete: { sources_of: up } }
";

/// A server that sets no times. It answers SIZE and MDTM of the third file only once it has seen the next command, too: of the
/// first ones it is not known whether it takes more than one line at a time.
fn its_own_times() -> Running {
    let features = Features::all().without("MFMT").without("MDTM-SET");
    let server = Server::new().features(features).folder("/in");
    let server = ["SIZE", "MDTM"].iter().fold(server, |server, verb| {
        server.rule(On::command(verb).path_has("/c.txt.ftpflow-"), Do::UntilMore)
    });
    server.start()
}

fn upload(server: &Running, steps: &str) -> Case {
    let case = Case::new().servers(
        &[("s", server, "connections: 1, timeouts: { reply: 2s }")],
        steps,
    );
    let files = FILES.iter();
    files.fold(case, |case, name| {
        case.file(&format!("out/{name}"), "content")
    })
}

/// How often MDTM asked for the time of a file that has its temporary name; with a time before the path it sets one.
fn times_asked(server: &Running) -> usize {
    let entries = server.entries();
    let asked = entries.iter().filter(|entry| {
        let argument = String::from_utf8_lossy(&entry.argument);
        entry.verb == "MDTM" && argument.starts_with('/') && argument.contains(".ftpflow-")
    });
    asked.count()
}

#[test]
fn the_time_that_the_server_gives_is_asked_with_the_size_before_the_rename() {
    let server = its_own_times();
    let case = upload(&server, STEPS);
    case.run().code(0);
    assert_eq!(case.files("out"), [""; 0]);
    assert_eq!(server.names("/in"), FILES);
    let entries = server.entries();
    let verbs: Vec<&str> = entries.iter().map(|entry| entry.verb.as_str()).collect();
    let last = verbs.iter().rposition(|verb| *verb == "STOR").unwrap();
    let after = &verbs[last + 1..last + 6];
    assert_eq!(
        after,
        ["SIZE", "MDTM", "EPSV", "RNFR", "RNTO"],
        "{:#?}",
        server.log()
    );
    assert_eq!(server.count("RNTO"), FILES.len());
    assert_eq!(times_asked(&server), FILES.len(), "{:#?}", server.log());
    assert_eq!(server.sessions_opened(), 1);
}

#[test]
fn the_time_that_the_server_gives_is_not_asked_where_nothing_relies_on_it() {
    let server = its_own_times();
    let case = upload(
        &server,
        STEPS
            .lines()
            .take(2)
            .collect::<Vec<_>>()
            .join("\n")
            .as_str(),
    );
    case.run().code(0);
    assert_eq!(server.names("/in"), FILES);
    assert_eq!(times_asked(&server), 0, "{:#?}", server.log());
}

/// Somebody rewrites the copy with the same size; the listing shows the same minute.
#[test]
fn a_copy_that_was_rewritten_after_the_server_gave_it_its_time_keeps_its_source() {
    let server = its_own_times();
    let rewritten = Do::mutate(|tree| {
        let was = tree.get("/in/b.txt").map_or(0, |node| node.modified);
        tree.write("/in/b.txt", "CONTENT");
        tree.touch("/in/b.txt", was + 1);
    });
    server.rule(On::command("RNFR").path_has("/c.txt.ftpflow-"), rewritten);
    let case = upload(&server, STEPS);
    let outcome = case.run();
    assert_eq!(case.files("out"), ["b.txt"], "{}", outcome.stderr);
}

/// The reply to STOR is lost, and with it what was to be said of the file: it is found whole on another session, and its time
/// is told or given there.
#[test]
fn a_file_whose_replies_were_lost_has_its_time_told_all_the_same() {
    let all = Features::all;
    for (features, options) in [
        (all().without("MDTM"), ""),
        (all().without("MDTM"), ", publish: set"),
        (all().without("MFMT").without("MDTM-SET"), ", publish: set"),
        (all(), ", publish: set, times: now"),
    ] {
        let server = Server::new().features(features).folder("/in");
        let lost = On::command("STOR").nth(2);
        let server = server.rule(lost, Do::CloseControlDuring).start();
        let steps = STEPS.replace("/in }", &format!("/in{options} }}"));
        let case = upload(&server, &steps);
        let outcome = case.run();
        assert_eq!(case.files("out"), [""; 0], "{options}: {}", outcome.stderr);
        assert_eq!(server.names("/in"), FILES, "{options}");
        outcome.code(0);
    }
}
