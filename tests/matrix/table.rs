//! The table of the README: what it says, what was seen, and how it is written anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::way::Protection;

pub(super) const YES: &str = "yes";
pub(super) const NO: &str = "no";
pub(super) const AGAIN: &str = "starts again";
pub(super) const THEN_TLS12: &str = "then TLS 1.2";

/// The words, and how the text below the table begins to explain them.
const WORDS: [(&str, &str); 3] = [
    (YES, "*Yes*"),
    (AGAIN, "*Starts again*"),
    (THEN_TLS12, "*Then TLS 1.2*"),
];

/// Every row, in the order of the table.
const ROWS: [(&str, Protection); 11] = [
    ("vsftpd", Protection::Plain),
    ("vsftpd", Protection::Tls12),
    ("vsftpd", Protection::Tls13),
    ("ProFTPD", Protection::Plain),
    ("ProFTPD", Protection::Tls12),
    ("ProFTPD", Protection::Tls13),
    ("Pure-FTPd", Protection::Plain),
    ("Pure-FTPd", Protection::Tls12),
    ("Pure-FTPd", Protection::Tls13),
    ("pyftpdlib, UTF-8", Protection::Plain),
    ("pyftpdlib, GBK", Protection::Plain),
];

/// The line before the table in the README.
const MARK: &str = "<!-- table: what each server was seen to do -->\n";
const HEAD: &str = "\
| server | | list | download | upload | relay | delete | continue a download | continue an upload | 50 rounds |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";
const CAPABILITIES: usize = 8;

/// Set to anything, the README gets the rows that were seen.
const REWRITE: &str = "FTPFLOW_WRITE_README";

/// A server under one protection, and what it did in every way tried.
pub(super) struct Row {
    start: String,
    /// The way, and a mark for each capability.
    ways: Vec<(String, Vec<&'static str>)>,
}

impl Row {
    pub(super) fn new(server: &str, protection: Protection) -> Self {
        Self {
            start: start(server, protection),
            ways: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, way: &str, marks: Vec<&'static str>) {
        assert_eq!(marks.len(), CAPABILITIES, "a mark for each capability");
        self.ways.push((way.to_owned(), marks));
    }

    pub(super) fn is_seen(&self) -> bool {
        !self.ways.is_empty()
    }

    fn line(&self) -> String {
        let cells = (0..CAPABILITIES).map(|capability| format!(" {} |", self.cell(capability)));
        self.start.clone() + &cells.collect::<String>()
    }

    /// One word where all ways agree; the ways by name where they do not.
    fn cell(&self, capability: usize) -> String {
        let mut marks = self.ways.iter().map(|(_, marks)| marks[capability]);
        let first = marks.next().unwrap_or_default();
        if marks.all(|mark| mark == first) {
            return first.to_owned();
        }
        let each = self.ways.iter();
        let each = each.map(|(way, marks)| format!("{way}: {}", marks[capability]));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// How a row begins, which nothing else in the table does.
fn start(server: &str, protection: Protection) -> String {
    format!("| {server} | {} |", protection.label())
}

/// The README says of a server what was seen, or is made to say it.
#[track_caller]
pub(super) fn check(server: &str, rows: &[Row]) {
    let seen: Vec<_> = rows.iter().map(Row::line).collect();
    write_seen(&seen);
    if std::env::var_os(REWRITE).is_some() {
        return rewrite(&seen);
    }
    for line in &seen {
        assert!(
            committed().contains(line),
            "the README says otherwise of {server}. Seen:\n{line}\nThe README has:\n{}\n\
             If what was seen is right: {REWRITE}=1 tests/run does_what_the_readme_says",
            committed().join("\n")
        );
    }
}

/// No row that no test sees, none twice or missing, and every word of a cell stands below the table.
#[track_caller]
pub(super) fn is_explained() {
    let rows = committed();
    let starts = ROWS.map(|(server, protection)| start(server, protection));
    assert_eq!(rows.len(), starts.len(), "{rows:?}");
    let (_, legend) = parts();
    for (row, start) in rows.iter().zip(&starts) {
        let cells = row.strip_prefix(start).unwrap_or_else(|| panic!("{row}"));
        let cells: Vec<_> = cells.trim_matches([' ', '|']).split(" | ").collect();
        assert_eq!(cells.len(), CAPABILITIES, "{row}");
        for cell in cells {
            let known = WORDS.iter().find(|(word, _)| *word == cell);
            let explained = known.is_some_and(|(_, begin)| legend.contains(begin));
            assert!(explained, "{cell:?} is not explained below the table");
        }
    }
}

/// All that this process has seen, in `matrix.md` of the target folder.
fn write_seen(lines: &[String]) {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.extend_from_slice(lines);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("matrix.md");
    fs::write(file, table(&seen)).unwrap();
}

fn rewrite(lines: &[String]) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (before, after) = parts();
    let mut rows = lines.to_vec();
    rows.extend(committed());
    fs::write(readme(), before + &table(&rows) + &after).unwrap();
}

/// The table of these rows, in its order; of two that begin alike the first counts.
fn table(rows: &[String]) -> String {
    let ordered = ROWS.iter().filter_map(|(server, protection)| {
        let start = start(server, *protection);
        let row = rows.iter().find(|row| row.starts_with(&start))?;
        Some(format!("{row}\n"))
    });
    HEAD.to_owned() + &ordered.collect::<String>()
}

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// The README up to its table and after it.
#[track_caller]
fn parts() -> (String, String) {
    let text = fs::read_to_string(readme()).unwrap();
    let (before, rest) = text.split_once(MARK).expect("the table's mark");
    let table = rest
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('|'));
    let length = table.map(str::len).sum::<usize>();
    (format!("{before}{MARK}"), rest[length..].to_owned())
}

/// The rows of the README.
#[track_caller]
fn committed() -> Vec<String> {
    let text = fs::read_to_string(readme()).unwrap();
    let (before, after) = parts();
    let table = &text[before.len()..text.len() - after.len()];
    let lines = table.lines().skip(HEAD.lines().count());
    lines.map(str::to_owned).collect()
}
