//! What a transfer does with names that are taken, and where files end up, on the real servers.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::Case;
use crate::harness::real::{self, Kind, Server};
use crate::harness::server::{self, Features};

const KINDS: [Kind; 5] = [
    Kind::Vsftpd,
    Kind::Proftpd,
    Kind::Pureftpd,
    Kind::Pyftpd,
    Kind::PyftpdGbk,
];

/// The files that travel; one folder deep, one empty, one not ASCII.
const FILES: [&str; 4] = ["a.txt", "empty", "sub/b.txt", "sub/版本.bin"];

/// 2021-02-03 04:05:06 UTC: so old that a listing shows no hour.
const OLD: Duration = Duration::from_secs(1_612_325_106);

const ALL_WAYS: &str = "\
steps:
  send:
    upload: { files: 'out/**', to: source, into: @sent }
  there:
    list: { server: source, path: @sent, recursive: true }
    needs: send
  pass:
    relay: { from: there, to: mirror, into: %passed }
  bring:
    download: { from: there, into: back }
";

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_second_run_transfers_nothing_on_any_server() {
    for kind in KINDS {
        let (Some(source), Some(mirror)) = (real::start(kind), real::start(kind)) else {
            continue;
        };
        let case = sender().manifest(&manifest(&source, &mirror, ALL_WAYS));

        case.run().code(0);
        assert_eq!(case.files("back"), FILES, "{kind:?}");
        let first = seen(&case, &source, &mirror);
        case.run().code(0);

        assert_eq!(first, seen(&case, &source, &mirror), "{kind:?}");
        for (path, changed) in &first {
            assert!(*changed == UNIX_EPOCH + OLD, "{kind:?}: the time of {path}");
        }
        assert_eq!(first.len(), 12);
    }
}

#[test]
fn a_second_run_transfers_nothing_where_times_cannot_be_set() {
    let features = Features::all().without("MFMT").without("MDTM-SET");
    let mirror = server::Server::new().features(features).start();
    let source = server::Server::new().file("/a.txt", "a").start();
    let case = sender().pipeline(
        &[("source", &source), ("mirror", &mirror)],
        "steps:
  send:
    upload: { files: 'out/**', to: mirror, into: /sent }
  pass:
    relay: { server: source, files: /a.txt, to: mirror, into: /passed }
",
    );
    case.run().code(0);
    assert_eq!(mirror.count("STOR"), 5);
    case.run().code(0);
    assert_eq!(mirror.count("STOR"), 5);
    assert_eq!(source.count("RETR"), 1);
}

#[test]
fn a_listing_that_shows_days_only_still_gives_exact_times() {
    let seconds = i64::try_from(OLD.as_secs()).unwrap();
    let features = Features::all().without("MLSD");
    let source = server::Server::new()
        .features(features)
        .file_at("/out/a", "a", seconds)
        .start();
    let mirror = server::Server::new().start();
    let case = Case::new().pipeline(
        &[("source", &source), ("mirror", &mirror)],
        "steps:
  bring:
    download: { server: source, files: /out/a, into: back }
  pass:
    relay: { server: source, files: /out/a, to: mirror, into: /in }
",
    );

    case.run().code(0);

    let modified = fs::metadata(case.path("back/a")).unwrap().modified();
    assert_eq!(modified.unwrap(), UNIX_EPOCH + OLD);
    assert_eq!(mirror.modified("/in/a"), Some(seconds));
    case.run().code(0);
    assert_eq!(source.count("RETR"), 2);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_taken_name_is_replaced_kept_or_refused() {
    for kind in KINDS {
        let (Some(source), Some(mirror)) = (real::start(kind), real::start(kind)) else {
            continue;
        };
        for (how, code, kept) in [
            ("overwrite", 0, false),
            ("skip", 0, true),
            ("fail", 1, true),
        ] {
            source.put("from/a", b"new!");
            source.put("from/b", b"free");
            mirror.put(format!("{how}/a"), b"old");
            let steps = format!(
                "\
steps:
  send:
    upload: {{ files: 'out/*', to: source, into: '@up-{how}', if_exists: {how} }}
  pass:
    relay: {{ server: source, files: '@from/*', to: mirror, into: '%{how}', if_exists: {how} }}
  bring:
    download: {{ server: source, files: '@from/*', into: back, if_exists: {how} }}
"
            );
            source.put(format!("up-{how}/a"), b"old");
            let case = Case::new()
                .file("out/a", "new!")
                .file("out/b", "free")
                .file("back/a", "old")
                .manifest(&manifest(&source, &mirror, &steps));

            case.run().code(code);

            let expected: &[u8] = if kept { b"old" } else { b"new!" };
            let places = [
                source.root().join(format!("up-{how}")),
                mirror.root().join(how),
                case.path("back"),
            ];
            for place in places {
                let context = format!("{kind:?} {how} {}", place.display());
                assert_eq!(fs::read(place.join("a")).unwrap(), expected, "{context}");
                // `fail` looks at all names before the first byte.
                assert_eq!(place.join("b").exists(), how != "fail", "{context}");
            }
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn flatten_relative_folders_and_commands_of_the_login_hold_on_every_server() {
    for kind in KINDS {
        let (Some(source), Some(mirror)) = (real::start(kind), real::start(kind)) else {
            continue;
        };
        mirror.put("home of all/here", b"x");
        let steps = "\
steps:
  enter:
    login: { server: mirror, directory: '%home of all', commands: [NOOP] }
  send:
    upload: { files: 'out/**', to: mirror, into: deep/er, flatten: true }
  there:
    list: { server: mirror, path: deep, recursive: true }
    needs: send
  bring:
    download: { from: there, into: back }
";
        let case = sender().manifest(&manifest(&source, &mirror, steps));

        case.run().code(0);

        let expected = ["er/a.txt", "er/b.txt", "er/empty", "er/版本.bin"];
        assert_eq!(case.files("back"), expected, "{kind:?}");
        assert!(
            mirror.root().join("home of all/deep/er/b.txt").exists(),
            "{kind:?}"
        );
    }
}

/// A case with files to send, all of one old time.
fn sender() -> Case {
    let mut case = Case::new();
    for name in FILES {
        let content = if name == "empty" { "" } else { name };
        case = case.file(format!("out/{name}").as_str(), content);
        let file = fs::File::options()
            .write(true)
            .open(case.path(format!("out/{name}")));
        file.unwrap().set_modified(UNIX_EPOCH + OLD).unwrap();
    }
    case
}

/// Every file that the three transfers wrote, with its time.
fn seen(case: &Case, source: &Server, mirror: &Server) -> Vec<(String, SystemTime)> {
    let places = [
        source.root().join("sent"),
        mirror.root().join("passed"),
        case.path("back"),
    ];
    let each = places
        .iter()
        .flat_map(|place| FILES.map(|name| place.join(name)));
    each.map(|path| {
        let modified = fs::metadata(&path).and_then(|data| data.modified());
        (path.display().to_string(), modified.unwrap())
    })
    .collect()
}

/// `@` and `%` stand for the folders that may be written to, of source and mirror.
fn manifest(source: &Server, mirror: &Server, steps: &str) -> String {
    let steps = steps
        .replace('@', source.prefix())
        .replace('%', mirror.prefix());
    format!(
        "version: 1\nservers:\n{}{}{steps}",
        source.servers_entry("source"),
        mirror.servers_entry("mirror")
    )
}

/// Its time says nothing of a second version within the same second: the copy must not look like one of it.
#[test]
fn a_source_rewritten_within_the_same_second_is_copied_again() {
    let server = server::Server::new().folder("/out").start();
    let steps = "steps:\n  put: { upload: { files: x/*, to: s, into: /out } }\n";
    let case = Case::new()
        .servers(&[("s", &server, "")], steps)
        .file("x/a.txt", "old");
    // Ahead of the clock, so that a slow machine finds it young as well.
    let written = SystemTime::now() + Duration::from_secs(30);
    for content in ["old", "new"] {
        fs::write(case.path("x/a.txt"), content).unwrap();
        let file = fs::File::options().write(true).open(case.path("x/a.txt"));
        file.and_then(|file| file.set_modified(written)).unwrap();
        case.run().code(0);
        assert_eq!(server.read("/out/a.txt").unwrap(), content.as_bytes());
    }
}
