//! What servers do to listings and names, seen through the program.

use crate::harness::Case;
use crate::harness::server::{Do, Features, Kind, ListStyle, Meet, On, Running, Server};

/// 2020-01-02 03:04:05 UTC.
const LONG_AGO: i64 = 1_577_934_245;

/// Names that look like something else: options, arrows, patterns, quotes, escapes.
const ODD: [&str; 10] = [
    " lead",
    "trail ",
    "a -> b",
    "-la",
    "\"quoted\"",
    "[x]*?{y}",
    "%41",
    "~root",
    "#;&|$x",
    "two  spaces",
];

fn relay(source: &Running, mirror: &Running, steps: &str) -> Case {
    Case::new().pipeline(&[("s", source), ("m", mirror)], steps)
}

#[test]
fn odd_names_are_listed_moved_and_deleted_as_they_are() {
    for features in [Features::all(), Features::all().without("MLSD")] {
        let odd = || Server::new().features(features.clone()).home("/ho\"me");
        let source = odd().files("/ho\"me/in", ODD, "content").start();
        let mirror = odd().start();
        let case = relay(
            &source,
            &mirror,
            "steps:
  found: { list: { server: s, path: in } }
  pass: { relay: { from: found, to: m, into: out } }
  bring: { download: { from: found, into: back } }
  tidy: { delete: { sources_of: [pass, bring] } }
",
        );
        case.run().code(0);
        let mut expected = ODD;
        expected.sort_unstable();
        assert_eq!(mirror.names("/ho\"me/out"), expected);
        assert_eq!(case.files("back"), expected);
        assert_eq!(source.names("/ho\"me/in"), [""; 0]);
    }
}

#[test]
fn a_listing_never_has_an_argument_but_one_that_was_asked_for() {
    let cases = [
        ("auto", false, "LIST"),
        ("auto", true, "LIST -a"),
        ("list", true, "LIST"),
        ("list-a", true, "LIST -a"),
    ];
    for (listing, hidden, expected) in cases {
        let server = Server::new()
            .features(Features::all().without("MLSD"))
            .list_style(ListStyle::unix().hide_dot_names())
            .file("/in/a[1]/.hidden", "1")
            .file("/in/a[1]/b", "1")
            .start();
        let case = Case::new().servers(
            &[("s", &server, &format!("listing: {listing}"))],
            &format!(
                "steps:
  found: {{ list: {{ server: s, path: '/in/a[1]', hidden: {hidden} }} }}
  get: {{ download: {{ from: found, into: out }} }}
"
            ),
        );
        case.run().code(0);
        let lists: Vec<_> = server
            .log()
            .into_iter()
            .filter_map(|line| Some(line.split_once(": ")?.1.to_owned()))
            .filter(|line| line.starts_with("LIST") || line.starts_with("NLST"))
            .collect();
        assert!(
            !lists.is_empty() && lists.iter().all(|line| line == expected),
            "{lists:?}"
        );
        let shown = [".hidden", "b"];
        let from = usize::from(expected == "LIST");
        assert_eq!(case.files("out"), shown[from..]);
    }
}

#[test]
#[cfg(unix)]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn brackets_in_folders_are_no_patterns_for_pureftpd() {
    use crate::harness::real;

    let Some(server) = real::start(real::Kind::Pureftpd) else {
        return;
    };
    let folder = server.root().join("in");
    for name in ["a[1]", "a1", "*"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("of ".to_owned() + name), name).unwrap();
    }
    server.adopt();
    let case = Case::new().manifest(&format!(
        "version: 1
servers:
{}steps:
  found: {{ list: {{ server: s, path: /in, recursive: true }} }}
  get: {{ download: {{ from: found, into: out }} }}
",
        server.servers_entry("s")
    ));
    case.run().code(0);
    assert_eq!(case.files("out"), ["*/of *", "a1/of a1", "a[1]/of a[1]"]);
}

#[test]
fn a_name_that_a_listing_hides_is_asked_for_by_its_size() {
    let server = Server::new()
        .features(Features::all().without("MLSD"))
        .list_style(ListStyle::unix().hide_dot_names())
        .folder("/etc")
        .start();
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            "steps:
  mine: { list: { server: local, path: conf, hidden: true } }
  put: { upload: { from: mine, to: s, into: /etc } }
",
        )
        .file("conf/.profile", "umask 022");
    case.run().code(0);
    assert_eq!(server.read("/etc/.profile").unwrap(), b"umask 022");
    case.run().code(0);
    assert_eq!(server.count("STOR"), 1);
    assert!(
        server
            .log()
            .iter()
            .any(|line| line.ends_with("SIZE /etc/.profile"))
    );
}

#[test]
fn folders_are_listed_side_by_side() {
    let meet = Meet::new(3);
    let mut server = Server::new();
    for name in ["a", "b", "c"] {
        server = server.file(format!("/in/{name}/f"), name).rule(
            On::command("MLSD").path(format!("/in/{name}")),
            Do::Meet(meet.clone()),
        );
    }
    let server = server.start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 3")],
        "steps:
  found: { list: { server: s, path: /in, recursive: true } }
  get: { download: { from: found, into: out } }
",
    );
    case.run().code(0);
    assert!(meet.all_met());
    assert_eq!(case.files("out"), ["a/f", "b/f", "c/f"]);
}

#[test]
fn links_that_lead_in_circles_end() {
    for features in [Features::all(), Features::all().without("MLSD")] {
        let server = Server::new()
            .features(features)
            .file("/in/a/one", "1")
            .file("/in/b/two", "2")
            .link("/in/a/up", "/in")
            .link("/in/a/self", "/in/a")
            .link("/in/b/other", "/in/a")
            .link("/in/b/broken", "/nowhere")
            .link("/in/b/file", "/in/a/one")
            .start();
        let case = Case::new().pipeline(
            &[("s", &server)],
            "steps:
  found: { list: { server: s, path: /in, recursive: true, follow_links: true } }
  get: { download: { from: found, into: out } }
",
        );
        case.run().code(0);
        let files = case.files("out");
        assert_eq!(files, ["a/one", "b/file", "b/other/one", "b/two"]);
        assert!(server.count("CWD") < 30, "{:?}", server.log());
    }
}

/// Two steps may need the same new folder: what one of them makes between two looks of the other is no refusal.
#[test]
fn a_folder_that_appears_while_it_is_looked_for_is_there() {
    for made in ["/in/2.4", "/in/2.4/raw"] {
        let make = Do::mutate(move |tree| tree.put(made, Kind::Folder, LONG_AGO));
        let server = Server::new()
            .folder("/in")
            .rule(On::command("MLSD").path("/in").nth(1), make)
            .start();
        let case = Case::new()
            .pipeline(
                &[("s", &server)],
                "steps:\n  put: { upload: { files: a, to: s, into: /in/2.4/raw } }\n",
            )
            .file("a", "a");
        case.run().code(0);
        assert_eq!(server.read("/in/2.4/raw/a").unwrap(), b"a");
    }
}

#[test]
fn a_vms_server_gives_the_newest_version_of_each_file() {
    let list = |lines: &[&str]| {
        let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        Do::ListRaw(text.into_bytes())
    };
    let server = Server::new()
        .features(Features::none())
        .file("/pub/README.TXT", "newest")
        .file("/pub/DATA/DEEP.DAT", "deep")
        .rule(
            On::command("LIST").path("/pub"),
            list(&[
                "Directory DKA0:[PUB]",
                "",
                "DATA.DIR;1      1/3   7-MAR-2011 09:41:33  [ANN]  (RWE,RWE,RE,E)",
                "README.TXT;7    1/3   7-MAR-2011 09:41:33  [ANN]  (RWED,RWED,RE,)",
                "README.TXT;6    1/3   6-MAR-2011 09:41:33  [ANN]  (RWED,RWED,RE,)",
                "",
                "Total of 3 files, 3/9 blocks.",
            ]),
        )
        .rule(
            On::command("LIST").path("/pub/DATA"),
            list(&[
                "DEEP.DAT;1",
                "     1/3   7-MAR-2011 09:41:33  [ANN]  (RWED,RWED,RE,)",
            ]),
        )
        .start();
    let case = Case::new().pipeline(
        &[("s", &server)],
        "steps:
  found: { list: { server: s, path: /pub, recursive: true } }
  get: { download: { from: found, into: out } }
",
    );
    case.run().code(0);
    assert_eq!(case.files("out"), ["DATA/DEEP.DAT", "README.TXT"]);
    assert_eq!(case.read("out/README.TXT").unwrap(), b"newest");
}
