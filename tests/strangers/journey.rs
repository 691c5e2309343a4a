//! Twenty files up, down, by relay from and to vsftpd, all of it a second time, and deleted; judged by what then stands on
//! the disks.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::table::{EIGHTEEN, NINETEEN, NO, YES};
use crate::harness::real::Server;
use crate::harness::server::pattern;
use crate::harness::{Case, Outcome};

/// Names that are hard on one server or another; one file is empty and one large.
const NAMES: [&str; 20] = [
    "a b.txt",
    "版本.zip",
    "q'uote.txt",
    "x#1.bin",
    "[br].txt",
    "ü.txt",
    "a;b",
    EMPTY,
    LARGE,
    "-dash",
    "100%.txt",
    "two  spaces",
    "\"quoted\"",
    "a,b",
    "a=b&c",
    "(round)",
    "UPPER.TXT",
    "lower.txt",
    "~tilde",
    "no-extension",
];
const EMPTY: &str = "empty";
const LARGE: &str = "large.bin";

const MOVES: &str = "\
steps:
  up: { upload: { files: 'out/*', to: stranger, into: /up } }
  list: { list: { server: stranger, path: /in } }
  down: { download: { from: list, into: down } }
  to: { relay: { server: known, files: '/data/give/*', to: stranger, into: /passed } }
  from: { relay: { from: list, to: known, into: /data/taken } }
";
/// `@` stands for what could not be downloaded.
const DELETES: &str = "\
steps:
  list: { list: { server: stranger, path: /in } }
  some: { filter: { from: list, include: '*', exclude: [@] } }
  keep: { download: { from: some, into: kept } }
  tidy: { delete: { sources_of: keep } }
";

/// A mark for each capability, in the order of the table.
pub(super) fn marks(stranger: &Server, known: &Server, data: &str) -> Vec<&'static str> {
    let case = planted(stranger, known);
    let case = run(case, stranger, known, data, MOVES).0;
    let arrived = [
        stranger.root().join("up"),
        case.path("down"),
        stranger.root().join("passed"),
        known.root().join("taken"),
    ];
    let mut marks: Vec<_> = arrived.iter().map(|folder| mark(right(folder))).collect();
    for (folder, _) in arrived.iter().zip(&marks).filter(|(_, mark)| **mark == NO) {
        eprintln!("{}: {:?}", folder.display(), names(folder));
    }
    let (case, outcome) = run(case, stranger, known, data, MOVES);
    let again = transferred(&case);
    marks.push(if again.is_empty() { YES } else { NO });
    tell(&marks, &outcome);
    let failed = NAMES
        .iter()
        .filter(|name| !case.path("down").join(name).exists())
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>();
    let deletes = DELETES.replace('@', &failed.join(", "));
    let (case, outcome) = run(case, stranger, known, data, &deletes);
    let left = count(&stranger.root().join("in"));
    let gone = NAMES.len() - left;
    marks.push(mark(right(&case.path("kept")).map(|kept| kept.min(gone))));
    tell(&marks, &outcome);
    marks
}

fn planted(stranger: &Server, known: &Server) -> Case {
    let mut case = Case::new();
    for name in NAMES {
        stranger.put(format!("in/{name}"), content(name));
        known.put(format!("give/{name}"), content(name));
        case = case.file(&format!("out/{name}"), content(name));
    }
    case
}

fn run(case: Case, stranger: &Server, known: &Server, data: &str, steps: &str) -> (Case, Outcome) {
    let entries = stranger.servers_entry("stranger") + &format!("    data: {data}\n");
    let entries = entries + &known.servers_entry("known");
    let case = case
        .manifest(&format!("version: 1\nservers:\n{entries}{steps}"))
        .instead(&["run", "pipeline.yaml", "--events", "events.jsonl"]);
    let outcome = case.run();
    (case, outcome)
}

/// Says why, where something went wrong; the table has room for a word only.
fn tell(marks: &[&str], outcome: &Outcome) {
    if outcome.status.code() != Some(0) {
        eprintln!("{marks:?}\n{}", outcome.stderr);
    }
}

fn content(name: &str) -> Vec<u8> {
    let number = NAMES.iter().position(|other| *other == name).unwrap() as u64;
    let size = match name {
        EMPTY => 0,
        LARGE => 3_000_000,
        _ => 1_000 * (number + 1),
    };
    pattern(size, number)
}

/// How many files of a folder are as they should be; nothing where part of a file stands there, too.
fn right(folder: &Path) -> Option<usize> {
    let is_right =
        |name: &&str| fs::read(folder.join(name)).is_ok_and(|bytes| bytes == content(name));
    let right = NAMES.iter().filter(|name| is_right(name)).count();
    (count(folder) <= NAMES.len() && !holds_parts(folder)).then_some(right)
}

fn holds_parts(folder: &Path) -> bool {
    names(folder).iter().any(|name| name.contains(".ftpflow-"))
}

fn count(folder: &Path) -> usize {
    names(folder).len()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(name).collect()
}

fn mark(files: Option<usize>) -> &'static str {
    match files {
        Some(20) => YES,
        Some(19) => NINETEEN,
        Some(18) => EIGHTEEN,
        _ => NO,
    }
}

/// The files that the last run has moved.
fn transferred(case: &Case) -> Vec<String> {
    let events = String::from_utf8(case.read("events.jsonl").unwrap()).unwrap();
    let events = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events
        .filter(|event| {
            event["event"] == "file_finished" && event["outcome"]["outcome"] == "transferred"
        })
        .map(|event| event["file"].to_string())
        .collect()
}
