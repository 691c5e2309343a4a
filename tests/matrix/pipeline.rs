//! One run with a step of every sort, judged by what then stands on the disks.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use ftpflow::files::{Fingerprint, Partials, Time};

use super::table::{AGAIN, NO, YES};
use super::way::Way;
use crate::harness::real::Server;
use crate::harness::server::pattern;
use crate::harness::{Case, Outcome};

/// The files that travel; one folder deep, one empty, one not ASCII.
const FILES: [(&str, u64); 3] = [("a.txt", 3_000), ("empty", 0), ("版本/二.bin", 70_000)];
/// No step may touch it: lists leave hidden names out.
const HIDDEN: &str = ".hidden";

const LARGE: u64 = 200_000;
const PARTIAL: u64 = 80_000;
/// What the partial files hold differs from their sources, but for the end, which is compared: whether it stands in what
/// arrives tells whether they were continued.
const SOURCE: u64 = 1;
const PLANTED: u64 = 2;
const COMPARED: usize = 64 * 1024;
/// 2021-02-03 00:00:00 UTC, which a listing that shows no hour gives exactly, too.
const OLD: u64 = 1_612_310_400;

/// `@` and `%` stand for a folder of their own on each server.
const STEPS: &str = "\
steps:
  list:
    list: { server: here, path: '@in', recursive: true }
  download:
    download: { from: list, into: down }
  upload:
    upload: { files: 'out/**', to: here, into: '@up' }
  relay:
    relay: { from: list, to: there, into: '%passed' }
  relay-back:
    relay: { server: there, files: '%give/**', to: here, into: '@taken' }
  delete:
    delete: { sources_of: [download, relay] }
  go-on-down:
    download: { server: here, files: '@large/down', into: continued }
  go-on-up:
    upload: { files: large/up, to: here, into: '@continued' }
";

/// A mark for each capability but the last, in the order of the table.
pub(super) fn marks(here: &Server, there: &Server, way: &Way) -> Vec<&'static str> {
    let case = planted(here, there, way);
    let outcome = case.run();
    let (mine, other) = (
        here.root().join(way.folder()),
        there.root().join(way.folder()),
    );
    let marks = vec![
        yes(listed(&case) == Some(FILES.len() as u64)),
        yes(holds_all(&case.path("down"))),
        yes(holds_all(&mine.join("up"))),
        yes(holds_all(&other.join("passed")) && holds_all(&mine.join("taken"))),
        yes(is_emptied(&mine.join("in")) && holds_all(&other.join("give"))),
        continued(&case.path("continued/down")),
        continued(&mine.join("continued/up")),
    ];
    tell(way, &outcome, &marks);
    marks
}

/// Says why, where something went wrong; the table has room for a word only.
fn tell(way: &Way, outcome: &Outcome, marks: &[&str]) {
    if outcome.status.code() != Some(0) || marks.contains(&NO) {
        eprintln!("{:?} {}: {marks:?}\n{outcome:?}", way.kind, way.folder());
    }
}

/// The folders before the run.
fn planted(here: &Server, there: &Server, way: &Way) -> Case {
    let mut case = Case::new();
    for (number, (name, size)) in FILES.iter().enumerate() {
        let bytes = pattern(*size, number as u64);
        here.put(format!("{}/in/{name}", way.folder()), &bytes);
        there.put(format!("{}/give/{name}", way.folder()), &bytes);
        case = case.file(&format!("out/{name}"), &bytes);
    }
    here.put(format!("{}/in/{HIDDEN}", way.folder()), "");
    let case = plant_partials(case, here, way);
    let steps = STEPS
        .replace('@', &remote(here, way))
        .replace('%', &remote(there, way));
    let entries = way.entry(here, "here") + &way.entry(there, "there");
    case.manifest(&format!(
        "version: 1\nname: matrix\nservers:\n{entries}{steps}"
    ))
    .args(["run", "pipeline.yaml", "--events", "events.jsonl"])
}

/// Partial files under the names that the two steps will look for.
fn plant_partials(case: Case, here: &Server, way: &Way) -> Case {
    here.put(format!("{}/large/down", way.folder()), source());
    age(&here.root().join(way.folder()).join("large/down"));
    let identity = format!("{}:{}:{}", here.host(), here.port(), here.user());
    let path = format!("{}large/down", remote(here, way));
    let name = temporary("go-on-down", "down", &identity, &path);
    let case = case
        .file("large/up", source())
        .file(&format!("continued/{name}"), planted_part());
    age(&case.path("large/up"));

    let path = case.path("large/up");
    let name = temporary("go-on-up", "up", "", path.to_str().unwrap());
    here.put(format!("{}/continued/{name}", way.folder()), planted_part());
    case
}

fn temporary(step: &str, name: &str, source: &str, path: &str) -> String {
    let print = Fingerprint {
        manifest: "matrix",
        step,
        source,
        path: path.as_bytes(),
    };
    let partials = Partials::of(name.as_bytes(), &print);
    let name = partials.of_version(Some(LARGE), Some(Time::at(OLD as i64)));
    String::from_utf8(name).unwrap()
}

/// The remote folder of this way, with a slash at its end.
fn remote(server: &Server, way: &Way) -> String {
    format!("{}{}/", server.prefix(), way.folder())
}

fn source() -> Vec<u8> {
    pattern(LARGE, SOURCE)
}

fn planted_part() -> Vec<u8> {
    let mut part = pattern(PARTIAL, PLANTED);
    let end = part.len() - COMPARED;
    part[end..].copy_from_slice(&source()[end..PARTIAL as usize]);
    part
}

fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(OLD))
        .unwrap();
}

fn yes(is_so: bool) -> &'static str {
    if is_so { YES } else { NO }
}

/// How many files the list found.
fn listed(case: &Case) -> Option<u64> {
    let events = String::from_utf8(case.read("events.jsonl")?).ok()?;
    let mut events = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let started = events.find(|event| event["event"] == "run_started")?;
    let steps = started["steps"].as_array()?;
    let step = steps.iter().position(|step| step["name"] == "list")?;
    let sized = events.find(|event| event["event"] == "step_sized" && event["step"] == step)?;
    sized["files"].as_u64()
}

fn holds_all(folder: &Path) -> bool {
    let mut files = FILES.iter().zip(0..);
    let whole = files.all(|((name, size), number)| {
        fs::read(folder.join(name)).is_ok_and(|bytes| bytes == pattern(*size, number))
    });
    whole && count(folder) == FILES.len()
}

/// Only what a list leaves out still stands.
fn is_emptied(folder: &Path) -> bool {
    folder.join(HIDDEN).exists() && count(folder) == 1
}

/// Files in a folder and below it, temporary ones included.
fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => count(&path),
            _ => 1,
        })
        .sum()
}

fn continued(path: &Path) -> &'static str {
    let rest = &source()[PARTIAL as usize..];
    match fs::read(path) {
        Ok(bytes) if bytes == [&planted_part(), rest].concat() => YES,
        Ok(bytes) if bytes == source() => AGAIN,
        _ => NO,
    }
}
