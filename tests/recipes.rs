//! `docs/recipes.md` on the real servers: each manifest of the page is run twice, and once killed in the middle and resumed.
#![cfg(test)]
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use regex::Regex;

use crate::harness::Case;
use crate::harness::real::{self, Kind, Server};
use crate::harness::server::{Digest, pattern};

/// The servers of a recipe, by the names that they have there.
type Servers = Vec<(&'static str, Server)>;

const DEBIAN_AND_PYTHON: [Kind; 4] = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd];

/// How a recipe is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Twice,
    KilledAndResumed,
}

const WAYS: [Way; 2] = [Way::Twice, Way::KilledAndResumed];

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes.md");
    fs::read_to_string(path).unwrap()
}

/// The manifest of a recipe as it stands on the page, with nothing changed but where its servers are.
fn recipe(name: &str, servers: &Servers) -> String {
    let page = page();
    let mark = format!("<!-- recipe: {name} -->\n```yaml\n");
    let (_, behind) = page.split_once(&mark).expect("the recipe");
    let (text, _) = behind.split_once("```\n").expect("the end of the recipe");
    let mut text = text.to_owned();
    for (name, server) in servers {
        let entry = Regex::new(&format!(r"(?m)^  {name}:\n(?:    .*\n)+")).unwrap();
        let there = entry.replace(&text, regex::NoExpand(&server.servers_entry(name)));
        assert_ne!(there, text, "{name} is a server of the recipe");
        text = there.into_owned();
    }
    let prefix = servers[0].1.prefix();
    let same = servers.iter().all(|(_, server)| server.prefix() == prefix);
    assert!(same, "one place for all servers");
    let places = Regex::new(r"(path|into): /").unwrap();
    places
        .replace_all(&text, format!("${{1}}: {prefix}"))
        .into_owned()
}

/// How many files a run has told of so far.
fn told(case: &Case) -> usize {
    let events = case.read("events.jsonl").unwrap_or_default();
    String::from_utf8_lossy(&events)
        .matches("\"file_finished\"")
        .count()
}

/// The journals of its runs.
fn journals(case: &Case) -> impl Iterator<Item = PathBuf> {
    let folders = fs::read_dir(case.path(".ftpflow")).into_iter().flatten();
    folders.map(|folder| folder.unwrap().path().join("journal"))
}

/// Whether the last run has ended with everything done: its journal says so.
fn has_ended(case: &Case) -> bool {
    journals(case).any(|journal| {
        let text = fs::read_to_string(journal).unwrap_or_default();
        text.contains("\"record\":\"done\"")
    })
}

/// Kills a run once it has told of so many files, and resumes it, unless it has ended meanwhile, on a fast machine.
#[track_caller]
fn killed_and_resumed(case: Case, files: usize) -> Case {
    let case = case.instead(&["run", "pipeline.yaml", "--events", "events.jsonl"]);
    // What the run before has told of its end is not this one's.
    let told_before = journals(&case).chain([case.path("events.jsonl")]);
    told_before.for_each(|path| drop(fs::remove_file(path)));
    let run = case.spawn();
    for _ in 0..2000 {
        if told(&case) >= files || has_ended(&case) {
            break;
        }
        thread::sleep(Duration::from_millis(2));
    }
    run.kill_if_running();
    run.wait();
    if has_ended(&case) {
        return case;
    }
    let case = case.instead(&["run", "pipeline.yaml", "--resume"]);
    case.run().code(0).stderr_has("continuing run");
    case
}

/// Runs it in that way; both end well.
#[track_caller]
fn run(case: Case, way: Way) -> Case {
    match way {
        Way::Twice => {
            case.run().code(0);
            case.run().code(0);
            case
        }
        Way::KilledAndResumed => killed_and_resumed(case, 3),
    }
}

fn start(name: &'static str, kind: Kind) -> Option<Servers> {
    Some(vec![(name, real::start(kind)?)])
}

/// Name and content of everything in a folder; nothing where there is none.
fn content(folder: &Path) -> BTreeMap<String, Digest> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, Digest::of(&fs::read(entry.path()).unwrap()))
    });
    files.collect()
}

fn digests(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Digest> {
    let files = files.iter();
    files
        .map(|(name, bytes)| (name.clone(), Digest::of(bytes)))
        .collect()
}

fn some_files(names: &str) -> BTreeMap<String, Vec<u8>> {
    let files = (1..=20).map(|at| {
        (
            names.replace('#', &at.to_string()),
            pattern(30_000 + at, at),
        )
    });
    files.collect()
}

#[track_caller]
fn put_all(server: &Server, folder: &str, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        server.put(format!("{folder}/{name}"), bytes);
    }
}

#[test]
fn every_recipe_is_run_by_a_test() {
    let this = include_str!("recipes.rs");
    let mark = Regex::new("<!-- recipe: (.*) -->").unwrap();
    let page = page();
    let names: Vec<&str> = mark
        .captures_iter(&page)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    assert_eq!(names.len(), page.matches("```yaml").count());
    for name in names {
        assert!(this.contains(&format!("recipe(\"{name}\", ")), "{name}");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_script_becomes_a_manifest() {
    const BUILDS: &str = "file/download/bbb/版本";
    for (from, to) in [
        (Kind::PyftpdGbk, Kind::Proftpd),
        (Kind::Pureftpd, Kind::Pyftpd),
        (Kind::Vsftpd, Kind::Vsftpd),
    ] {
        for way in WAYS {
            let (Some(build), Some(mirror)) = (real::start(from), real::start(to)) else {
                continue;
            };
            let files = some_files("发布-#.zip");
            put_all(&build, BUILDS, &files);
            let wanted = digests(&files);
            build.put(format!("{BUILDS}/说明.txt"), "stays");
            let servers = vec![("build", build), ("mirror", mirror)];
            // The second run finds nothing, and says so.
            let case = Case::new().manifest(&recipe("script", &servers));
            let case = run(case, way);

            let (build, mirror) = (servers[0].1.root(), servers[1].1.root());
            let about = format!("{from:?} to {to:?}, {way:?}");
            assert_eq!(content(&case.path("dist")), wanted, "{about}");
            assert_eq!(content(&mirror.join("release")), wanted, "{about}");
            assert_eq!(content(&mirror.join("abc/edf")), wanted, "{about}");
            let left: Vec<String> = content(&build.join(BUILDS)).into_keys().collect();
            assert_eq!(left, ["说明.txt"], "{about}");
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_batch_is_taken_when_its_marker_is_there() {
    for kind in DEBIAN_AND_PYTHON {
        for way in WAYS {
            let Some(servers) = start("partner", kind) else {
                continue;
            };
            let server = &servers[0].1;
            let text = recipe("marker", &servers)
                .replace("stable: 1m, every: 30s", "stable: 0s, every: 200ms");
            let mut case = Case::new().manifest(&text);
            let mut all = BTreeMap::new();
            for batch in ["a-#.csv", "b-#.csv"] {
                let files = some_files(batch);
                put_all(server, "outgoing", &files);
                server.put(format!("outgoing/{batch}.done"), "");
                all.extend(digests(&files));
                case = match way {
                    Way::Twice => {
                        case.run().code(0);
                        case
                    }
                    Way::KilledAndResumed => run(case, way),
                };
                assert_eq!(content(&case.path("batches")), all, "{kind:?} {way:?}");
                let left = content(&server.root().join("outgoing"));
                assert_eq!(left, BTreeMap::new(), "{kind:?} {way:?}");
            }
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn files_have_another_name_at_the_receiver() {
    for kind in DEBIAN_AND_PYTHON {
        for way in WAYS {
            let Some(servers) = start("partner", kind) else {
                continue;
            };
            let text = recipe("rename", &servers).replace("${run.date}", "2026-11-22");
            let files = some_files("orders-#.csv");
            let case = files.iter().fold(Case::new(), |case, (name, bytes)| {
                case.file(&format!("outgoing/{name}"), bytes)
            });
            let case = run(case.manifest(&text), way);
            let renamed = digests(&files).into_iter().map(|(name, bytes)| {
                let name = name.replace(".csv", "-2026-11-22.csv");
                (name, bytes)
            });
            let arrived = content(&servers[0].1.root().join("incoming"));
            assert_eq!(arrived, renamed.collect(), "{kind:?} {way:?}");
            assert_eq!(case.files("outgoing").len(), 20, "{kind:?} {way:?}");
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn the_five_newest_stay_and_never_more_than_fifty_go() {
    for kind in DEBIAN_AND_PYTHON {
        for way in WAYS {
            let Some(servers) = start("build", kind) else {
                continue;
            };
            let server = &servers[0].1;
            let build = |age: u64| {
                let path = format!("builds/{age:02}.zip");
                server.put(&path, "build");
                let file = File::options().write(true).open(server.root().join(path));
                let time = SystemTime::now() - Duration::from_secs(age * 86_400);
                file.unwrap().set_modified(time).unwrap();
            };
            (1..=20).for_each(build);
            let case = Case::new().manifest(&recipe("newest", &servers));
            let case = run(case, way);
            let left = || content(&server.root().join("builds")).into_keys();
            let newest: Vec<String> = (1..=5).map(|age| format!("{age:02}.zip")).collect();
            assert_eq!(left().collect::<Vec<_>>(), newest, "{kind:?} {way:?}");

            (6..=56).for_each(build);
            let case = case.instead(&["run", "pipeline.yaml"]);
            case.run().code(1).stderr_has("51");
            assert_eq!(left().count(), 56, "{kind:?} {way:?}");
        }
    }
}
