//! What servers do that no standard foresees, seen through the program: replies, sessions and connections.

use std::fs;

use crate::harness::Case;
use crate::harness::server::{
    Do, Features, Gate, ListStyle, Meet, On, OntoExisting, Running, Server,
};

const QUICK: &str = "defaults: { retry: { attempts: 3, backoff: 10ms } }\n";

pub(crate) fn quick(servers: &[(&str, &Running, &str)], steps: &str) -> Case {
    Case::new().servers(servers, &format!("{QUICK}{steps}"))
}

#[test]
fn codes_of_one_class_are_as_good_as_each_other() {
    for code in ["200", "226", "250"] {
        let odd = |server: Server| {
            let done = Do::lie(format!("{code} done"));
            let verbs = ["TYPE", "MKD", "DELE", "RNTO", "RETR", "STOR", "MLSD"];
            // A lie about what was not done would be another matter.
            let server = server.rule(On::command("CWD").path("/in"), done.clone());
            verbs.into_iter().fold(server, |server, verb| {
                server.rule(On::command(verb), done.clone())
            })
        };
        let source = odd(Server::new().file("/in/a", "a").file("/in/b", "bb")).start();
        let mirror = odd(Server::new().folder("/in")).start();
        let case = quick(
            &[("s", &source, ""), ("m", &mirror, "")],
            "steps:
  pass: { relay: { server: s, files: /in/*, to: m, into: /in/new } }
  tidy: { delete: { sources_of: pass } }
",
        );
        case.run().code(0);
        assert_eq!(mirror.names("/in/new"), ["a", "b"], "{code}");
        assert_eq!(source.names("/in"), [""; 0], "{code}");
    }
}

#[test]
fn a_missing_folder_is_missing_whatever_the_code() {
    for code in ["550", "450", "501", "553"] {
        let server = Server::new()
            .folder("/in")
            .rule(
                On::command("CWD").path("/in/none"),
                Do::reply(format!("{code} somehow not")),
            )
            .start();
        for (missing, exit) in [("empty", 0), ("fail", 1)] {
            let list = format!("list: {{ server: s, path: /in/none, missing: {missing} }}");
            let case = quick(
                &[("s", &server, "")],
                &format!("steps:\n  l: {{ {list} }}\n"),
            );
            let outcome = case.run();
            outcome.code(exit);
            assert_eq!(outcome.stderr.contains("not there"), exit == 1, "{code}");
        }
    }
}

#[test]
fn a_file_that_is_gone_is_gone_whatever_the_code() {
    for code in ["550", "450", "501"] {
        let does = vec![
            Do::mutate(|tree| tree.remove("/in/a")),
            Do::reply(format!("{code} somehow not")),
        ];
        let server = Server::new()
            .file("/in/a", "a")
            .rule(On::command("DELE"), does)
            .start();
        let case = quick(
            &[("s", &server, "")],
            "steps:\n  tidy: { delete: { server: s, files: /in/* } }\n",
        );
        case.run().code(0).stderr_has("was not there");
    }
}

#[test]
fn a_password_refused_after_a_success_means_too_many_sessions() {
    // The first transfer waits for the second login, so that there is one.
    let meet = Meet::new(2);
    let full = Do::reply("530 too many connections from your address");
    let names = (0..12).map(|at| format!("f{at}"));
    let server = Server::new()
        .files("/in", names, "content")
        .rule(On::command("RETR").nth(1), Do::Meet(meet.clone()))
        .rule(On::command("PASS").nth(2), Do::Meet(meet.clone()))
        .rule(On::command("PASS").since_nth(2), full)
        .start();
    let case = quick(
        &[("s", &server, "connections: 4")],
        "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n",
    );
    case.run().code(0).never_says("login refused");
    assert!(meet.all_met(), "{:?}", server.log());
    assert_eq!(case.files("out").len(), 12);
}

#[test]
fn a_reported_address_is_followed_where_the_manifest_trusts_it() {
    for (trust, exit, files) in [("control", 0, 1), ("reported", 1, 0)] {
        // Nobody listens at the other address: whoever follows the report fails.
        let server = Server::new()
            .file("/in/a", "a")
            .features(Features::all().without("EPSV"))
            .rule(On::command("PASV"), Do::PasvAddress([127, 0, 0, 2]))
            .start();
        let case = quick(
            &[("s", &server, &format!("pasv_address: {trust}"))],
            "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n",
        );
        case.run().code(exit);
        assert_eq!(case.files("out").len(), files, "{trust}");
    }
}

/// DOS listings in local time, 125 for 150, no MLSD, MFMT or EPRT, and no renaming onto a file.
#[test]
fn a_server_like_iis_is_source_and_destination() {
    let mut server = Server::new()
        .file_at("/in/Annual report.doc", "report", 1_600_000_020)
        .file_at("/in/sub/b.txt", "b", 1_600_000_020)
        .list_style(ListStyle::dos().zone(-8 * 3600))
        .onto_existing(OntoExisting::Refuse)
        .folder_exists("550 Cannot create a file when that file already exists.")
        .features(
            Features::all()
                .without("MLSD")
                .without("MFMT")
                .without("MDTM-SET")
                .without("EPRT"),
        );
    for verb in ["LIST", "RETR", "STOR", "APPE"] {
        let opening = "125 Data connection already open; Transfer starting.";
        server = server.rule(On::command(verb), Do::Opening(opening.into()));
    }
    let server = server.start();
    let case = quick(
        &[("s", &server, "")],
        "steps:
  get: { download: { server: s, files: '/in/**', into: out } }
  put: { upload: { files: 'out/**', to: s, into: /in2 }, needs: get }
",
    );
    case.run().code(0);
    assert_eq!(case.files("out"), ["Annual report.doc", "sub/b.txt"]);
    assert_eq!(server.read("/in2/sub/b.txt").unwrap(), b"b");
    let modified = fs::metadata(case.path("out/sub/b.txt")).unwrap().modified();
    let since = modified.unwrap().duration_since(std::time::UNIX_EPOCH);
    assert_eq!(since.unwrap().as_secs(), 1_600_000_020);
    case.run().code(0);
    assert_eq!((server.count("RETR"), server.count("STOR")), (2, 2));
    server.mutate(|tree| tree.write("/in/sub/b.txt", "longer"));
    case.run().code(0);
    assert_eq!(server.read("/in2/sub/b.txt").unwrap(), b"longer");
}

/// `00000000:0016 …`: the state of the connection to this port, and the timer that runs for it.
#[cfg(target_os = "linux")]
fn timers(port: u16) -> Vec<String> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{port:04X}");
    let rows = table.lines().skip(1).filter_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let established = words[2].ends_with(&port) && words[3] == "01";
        established.then(|| words[5].split(':').next().unwrap().to_owned())
    });
    rows.collect()
}

#[test]
#[cfg(target_os = "linux")]
fn control_connections_are_kept_alive() {
    let gate = Gate::new();
    let server = Server::new()
        .file("/in/a", vec![1; 50_000])
        .rule(On::command("RETR"), Do::StallAt(10, gate.clone()))
        .start();
    let case = quick(
        &[("s", &server, "")],
        "steps:\n  get: { download: { server: s, files: /in/a, into: out } }\n",
    );
    let run = case.spawn();
    gate.until_arrived(1);
    // 02 is the timer of keep-alive; nothing else is under way on the control connection.
    assert_eq!(timers(server.port()), ["02"]);
    gate.open();
    run.wait().code(0);
}
