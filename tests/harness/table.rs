//! A table of the README of what servers were seen to do: what it says, what was seen, and how it is written anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A table, whose rows are servers, each under one protection or in one way.
pub(crate) struct Table {
    /// The line before it in the README.
    pub(crate) mark: &'static str,
    /// Its first two lines.
    pub(crate) head: &'static str,
    /// The first two cells of every row, in the order of the table.
    pub(crate) rows: &'static [(&'static str, &'static str)],
    /// The words of its cells, and how the text below it begins to explain them.
    pub(crate) words: &'static [(&'static str, &'static str)],
    /// The file of the target folder that gets what was seen.
    pub(crate) file: &'static str,
}

/// Set to anything, the README gets the rows that were seen.
const REWRITE: &str = "FTPFLOW_WRITE_README";

/// A row, and what was seen in every way tried.
pub(crate) struct Row {
    start: String,
    /// The way, and a mark for each capability.
    ways: Vec<(String, Vec<&'static str>)>,
}

impl Row {
    pub(crate) fn new(server: &str, label: &str) -> Self {
        Self {
            start: start(server, label),
            ways: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, way: &str, marks: Vec<&'static str>) {
        self.ways.push((way.to_owned(), marks));
    }

    pub(crate) fn is_seen(&self) -> bool {
        !self.ways.is_empty()
    }

    fn line(&self) -> String {
        let marks = self.ways.iter().map(|(_, marks)| marks.len());
        let cells = (0..marks.max().unwrap_or_default())
            .map(|capability| format!(" {} |", self.cell(capability)));
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
fn start(server: &str, label: &str) -> String {
    format!("| {server} | {label} |")
}

impl Table {
    /// The README says of a server what was seen, or is made to say it.
    #[track_caller]
    pub(crate) fn check(&self, server: &str, rows: &[Row]) {
        let seen: Vec<_> = rows.iter().map(Row::line).collect();
        self.write_seen(&seen);
        if std::env::var_os(REWRITE).is_some() {
            return self.rewrite(&seen);
        }
        for line in &seen {
            assert!(
                self.committed().contains(line),
                "the README says otherwise of {server}. Seen:\n{line}\nThe README has:\n{}\n\
                 If what was seen is right: {REWRITE}=1 tests/run does_what_the_readme_says",
                self.committed().join("\n")
            );
        }
    }

    /// No row that no test sees, none twice or missing, and every word of a cell stands below the table.
    #[track_caller]
    pub(crate) fn is_explained(&self) {
        let rows = self.committed();
        assert_eq!(rows.len(), self.rows.len(), "{rows:?}");
        let (_, legend) = self.parts();
        for (row, (server, label)) in rows.iter().zip(self.rows) {
            let cells = row.strip_prefix(&start(server, label));
            let cells = cells.unwrap_or_else(|| panic!("{row}"));
            let cells: Vec<_> = cells.trim_matches([' ', '|']).split(" | ").collect();
            assert_eq!(cells.len(), self.capabilities(), "{row}");
            for cell in cells {
                let known = self.words.iter().find(|(word, _)| *word == cell);
                let explained = known.is_some_and(|(_, begin)| legend.contains(begin));
                assert!(explained, "{cell:?} is not explained below the table");
            }
        }
    }

    /// The columns behind those that name the row.
    fn capabilities(&self) -> usize {
        let first = self.head.lines().next().unwrap_or_default();
        first.matches('|').count() - 3
    }

    /// All that this process has seen, in the table's file of the target folder.
    fn write_seen(&self, lines: &[String]) {
        static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend_from_slice(lines);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(self.file);
        fs::write(file, self.text(&seen)).unwrap();
    }

    fn rewrite(&self, lines: &[String]) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, after) = self.parts();
        let mut rows = lines.to_vec();
        rows.extend(self.committed());
        fs::write(readme(), before + &self.text(&rows) + &after).unwrap();
    }

    /// The table of these rows, in its order; of two that begin alike the first counts.
    fn text(&self, rows: &[String]) -> String {
        let ordered = self.rows.iter().filter_map(|(server, label)| {
            let start = start(server, label);
            let row = rows.iter().find(|row| row.starts_with(&start))?;
            Some(format!("{row}\n"))
        });
        self.head.to_owned() + &ordered.collect::<String>()
    }

    /// The README up to the table and after it.
    #[track_caller]
    fn parts(&self) -> (String, String) {
        let text = fs::read_to_string(readme()).unwrap();
        let (before, rest) = text.split_once(self.mark).expect("the table's mark");
        let table = rest
            .split_inclusive('\n')
            .take_while(|line| line.starts_with('|'));
        let length = table.map(str::len).sum::<usize>();
        (format!("{before}{}", self.mark), rest[length..].to_owned())
    }

    /// The rows of the README.
    #[track_caller]
    fn committed(&self) -> Vec<String> {
        let text = fs::read_to_string(readme()).unwrap();
        let (before, after) = self.parts();
        let table = &text[before.len()..text.len() - after.len()];
        let lines = table.lines().skip(self.head.lines().count());
        lines.map(str::to_owned).collect()
    }
}

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}
