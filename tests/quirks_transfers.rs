//! What servers do to transfers that no standard foresees, seen through the program.

use std::thread;
use std::time::Duration;

use crate::harness::Case;
use crate::harness::server::{AsciiSize, Do, Gate, On, Running, Server, pattern};
use crate::quirks::quick;

/// The type that each SIZE of a session was asked in.
fn types_of_sizes(server: &Running) -> Vec<char> {
    let mut now = ['?'; 64];
    let mut found = Vec::new();
    for line in server.log() {
        let (session, command) = line.split_once(": ").unwrap();
        let session: usize = session.parse().unwrap();
        if let Some(name) = command.strip_prefix("TYPE ") {
            now[session] = name.chars().next().unwrap();
        }
        if command.starts_with("SIZE") {
            found.push(now[session]);
        }
    }
    found
}

#[test]
fn sizes_are_asked_in_binary_and_ascii_is_never_the_default() {
    for answer in [AsciiSize::Refuse, AsciiSize::AsStored] {
        let server = Server::new()
            .ascii_size(answer)
            .file("/in/a.txt", "one\ntwo\n")
            .file("/in/b.bin", "\n\n\n")
            .start();
        let servers = [("s", &server, "connections: 1")];
        let binary = "  two: { download: { server: s, files: /in/b.bin, into: out } }\n";
        quick(&servers, &format!("steps:\n{binary}")).run().code(0);
        assert!(!server.log().iter().any(|line| line.ends_with("TYPE A")));

        let ascii =
            "  one: { download: { server: s, files: /in/a.txt, into: out, type: ascii } }\n";
        let binary = binary.replace(" } }", " }, needs: one }");
        let case = quick(&servers, &format!("steps:\n{ascii}{binary}"));
        case.run().code(0);
        assert_eq!(case.read("out/b.bin").unwrap(), b"\n\n\n");
        assert!(server.log().iter().any(|line| line.ends_with("TYPE A")));
        let types = types_of_sizes(&server);
        assert!(
            types.len() > 1 && types.iter().all(|found| *found == 'I'),
            "{types:?}"
        );
    }
}

#[test]
fn an_upload_is_never_continued_by_rest() {
    let server = Server::new()
        .folder("/in")
        .rule(On::command("STOR").nth(1), Do::CutAt(100_000))
        .rule(On::command("STOR"), Do::ZeroFill)
        .start();
    let case = quick(
        &[("s", &server, "")],
        "steps:\n  put: { upload: { files: big.bin, to: s, into: /in } }\n",
    )
    .file("big.bin", vec![7; 300_000]);
    case.run().code(0);
    assert_eq!(server.read("/in/big.bin").unwrap(), vec![7; 300_000]);
    // What stands there is read from the middle, and never written so.
    let seen = ["REST", "RETR", "APPE"].map(|verb| server.count(verb));
    assert_eq!(seen, [1, 1, 1]);
}

#[test]
fn a_file_that_its_receiver_takes_at_once_is_not_verified_and_not_failed() {
    let server = Server::new()
        .folder("/drop")
        .rule(
            On::command("SIZE").path("/drop/order.csv"),
            Do::mutate(|tree| tree.remove("/drop/order.csv")),
        )
        .start();
    let case = quick(
        &[("s", &server, "")],
        "steps:\n  put: { upload: { files: order.csv, to: s, into: /drop, publish: direct } }\n",
    )
    .file("order.csv", "1;2");
    case.run().code(0).stderr_has("not verified");
    assert_eq!(
        (server.count("STOR"), server.exists("/drop/order.csv")),
        (1, false)
    );
}

/// `final_reply` is a limit of its own: the others are over long before the server has put the file away.
#[test]
fn a_final_reply_that_comes_late_is_waited_for() {
    let gate = Gate::new();
    let server = Server::new()
        .folder("/in")
        .rule(On::command("STOR"), Do::StallAt(u64::MAX, gate.clone()))
        .start();
    let case = quick(
        &[(
            "s",
            &server,
            "timeouts: { reply: 500ms, data: 500ms, final_reply: 60s }",
        )],
        "steps:\n  put: { upload: { files: a.bin, to: s, into: /in } }\n",
    )
    .file("a.bin", "content");
    let run = case.spawn();
    gate.until_arrived(1);
    thread::sleep(Duration::from_millis(1_500));
    gate.open();
    run.wait().code(0);
    assert_eq!((server.count("STOR"), server.sessions_opened()), (1, 1));
}

#[test]
fn a_transfer_is_ended_by_closing_and_never_by_abor() {
    let gate = Gate::new();
    let server = Server::new()
        .file("/in/a", vec![1; 50_000])
        .rule(
            On::command("RETR").nth(1),
            Do::StallAt(10_000, gate.clone()),
        )
        .rule(On::command("STOR").nth(1), Do::NoReply)
        .start();
    let case = quick(
        &[(
            "s",
            &server,
            "timeouts: { data: 500ms, final_reply: 500ms }",
        )],
        "steps:
  get: { download: { server: s, files: /in/a, into: out } }
  put: { upload: { files: b, to: s, into: /up } }
",
    )
    .file("b", "b");
    case.run().code(0);
    gate.open();
    assert_eq!(case.read("out/a").unwrap(), vec![1; 50_000]);
    assert_eq!(server.read("/up/b").unwrap(), b"b");
    assert_eq!(server.count("ABOR"), 0);
    assert!(server.sessions_opened() > 2, "{:?}", server.log());
}

#[test]
fn a_server_that_cannot_rename_takes_files_under_their_own_names() {
    let server = Server::new()
        .folder("/drop")
        .rule(On::command("RNFR"), Do::reply("502 not implemented"))
        .start();
    let put = |options: &str| {
        let step = format!("upload: {{ files: a, to: s, into: /drop{options} }}");
        let case = quick(
            &[("s", &server, "")],
            &format!("steps:\n  put: {{ {step} }}\n"),
        );
        case.file("a", "a").run()
    };
    put("").code(1).stderr_has("RNFR").stderr_has("502");
    assert!(!server.exists("/drop/a"));
    put(", publish: direct").code(0);
    assert_eq!(server.read("/drop/a").unwrap(), b"a");
}

#[test]
fn a_data_connection_left_open_after_the_226_publishes_no_half_file() {
    let open = |at| [Do::CutAt(at), Do::lie("226 done"), Do::LeaveOpen];
    let server = Server::new()
        .pattern("/in/a", 50_000, 1)
        .pattern("/in/b", 50_000, 2)
        .rule(On::command("RETR").path("/in/a").nth(1), open(10_000))
        .rule(On::command("RETR").path("/in/b"), open(50_000))
        .start();
    let case = quick(
        &[("s", &server, "timeouts: { data: 6s }")],
        "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n",
    )
    .args(["run", "pipeline.yaml", "-v"]);
    let outcome = case.run();
    outcome
        .code(0)
        .stderr_has("the size does not prove it whole");
    for (name, seed) in [("a", 1), ("b", 2)] {
        let found = case.read(format!("out/{name}")).unwrap();
        assert_eq!(found, pattern(50_000, seed), "{name}");
    }
}

/// What is listed with seven bytes may have grown, and never to a terabyte.
#[test]
fn a_download_that_never_ends_is_given_up_at_its_bound() {
    const BOUND: u64 = 2 * 7 + 64 * 1024 * 1024;
    let lie = "type=file;size=7;modify=20200101000000; a\r\n";
    let server = |length: u64| {
        Server::new()
            .pattern("/in/a", length, 1)
            .rule(On::command("MLSD"), Do::ListRaw(lie.into()))
            .start()
    };
    for (kind, target) in [("download", ""), ("relay", ", to: t")] {
        let (from, to) = (server(1 << 40), Server::new().folder("/out").start());
        let case = Case::new().pipeline(
            &[("s", &from), ("t", &to)],
            &format!(
                "allow: [server::unused]
steps:
  get:
    retry: {{ attempts: 1 }}
    {kind}: {{ server: s, files: /in/a{target}, into: out }}
"
            ),
        );
        let outcome = case.run();
        outcome
            .code(1)
            .stderr_has("bytes came where the source has 7");
        // What came is told to within a buffer of the bound.
        let told = outcome.stderr.split(" bytes came").next().unwrap();
        let told: u64 = told.rsplit(' ').next().unwrap().parse().unwrap();
        assert!((BOUND..BOUND + 1024 * 1024).contains(&told), "{told}");
        assert!(case.files("out").is_empty() && to.names("/out").is_empty());
    }
    // One that did grow is copied as it is.
    let grown = server(1000);
    let steps = "steps:\n  get: { download: { server: s, files: /in/a, into: out } }\n";
    let case = Case::new().pipeline(&[("s", &grown)], steps);
    case.run().code(0);
    assert_eq!(case.read("out/a").unwrap(), pattern(1000, 1));
}
