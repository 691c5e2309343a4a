//! A manifest's text, with lines and columns for every place in it.

use super::finding::Place;

/// How many bytes lie between two counted characters; a column is found by counting at most this many.
const STRIDE: usize = 1024;

/// The byte-order mark that some editors put first. It is no character of the first line.
pub(super) const BOM: &str = "\u{feff}";

/// The text of one manifest, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// The byte at which each line starts.
    lines: Vec<u32>,
    /// How many characters begin before each multiple of [`STRIDE`] bytes: lines of megabytes have columns, too.
    characters: Vec<u32>,
}

/// A line and a column, both from 1. The column counts characters, not bytes, and a tab as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Source {
    /// The text with its lines counted once. `\n`, `\r\n` and a lone `\r` end a line, as in YAML.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let breaks = bytes.iter().enumerate().filter(|&(at, &byte)| {
            byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
        });
        let lines = std::iter::once(0)
            .chain(breaks.map(|(at, _)| offset(at + 1)))
            .collect();
        let mut characters = vec![0];
        let mut count = 0;
        for block in bytes.chunks(STRIDE) {
            count += starts(block);
            characters.push(offset(count));
        }
        Self {
            name: name.into(),
            text,
            lines,
            characters,
        }
    }

    /// What to call the file in messages: the path as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, a byte-order mark included, so that places are bytes of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text at a place; empty where the place is not one of this file.
    pub fn slice(&self, place: Place) -> &str {
        self.text.get(place.range()).unwrap_or_default()
    }

    /// Line and column of a byte. Behind the end: those of the end.
    pub fn position(&self, byte: u32) -> Position {
        let byte = byte.min(offset(self.text.len()));
        let line = self.lines.partition_point(|&start| start <= byte).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let mark = usize::from(line == 1 && byte > 0 && self.text.starts_with(BOM));
        Position {
            line,
            column: self.characters_before(byte) - self.characters_before(start) + 1 - mark,
        }
    }

    /// Where a place begins, and where it ends: the end is the position after its last character.
    pub fn positions(&self, place: Place) -> (Position, Position) {
        (self.position(place.start), self.position(place.end))
    }

    /// The number of lines; text that ends with a line break has an empty last one.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The place of a line, from 1, without its line break; the end of the file where there is no such line.
    pub fn line(&self, line: usize) -> Place {
        let end = self.text.len();
        let start = line
            .checked_sub(1)
            .and_then(|line| self.lines.get(line))
            .map_or(end, |&start| start as usize);
        let next = self.lines.get(line).map_or(end, |&next| next as usize);
        let text = self.text.get(start..next).unwrap_or_default();
        Place::new(start, start + text.trim_end_matches(['\n', '\r']).len())
    }

    /// Whether nothing but blanks and a comment follow a place on its line: a `#` swallowed the value that was meant.
    pub fn comment_follows(&self, place: Place) -> bool {
        let rest = self.text.get(place.end as usize..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        line.trim_start_matches([' ', '\t', ':', '"', '\''])
            .starts_with('#')
    }

    fn characters_before(&self, byte: u32) -> usize {
        let byte = byte as usize;
        let block = byte / STRIDE;
        let counted = self.characters.get(block).copied().unwrap_or_default() as usize;
        counted
            + starts(
                self.text
                    .as_bytes()
                    .get(block * STRIDE..byte)
                    .unwrap_or_default(),
            )
    }
}

/// How many characters begin in some bytes of UTF-8.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

/// Manifests are at most 16 MiB, so an offset always fits.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(source: &Source, needle: &str) -> (usize, usize) {
        let byte = source.text().find(needle).unwrap();
        let position = source.position(u32::try_from(byte).unwrap());
        (position.line, position.column)
    }

    #[test]
    fn columns_count_characters_and_lines_end_three_ways() {
        let source = Source::new("m", "a: 版本X\r\n\tb\rc\nd");
        assert_eq!(at(&source, "X"), (1, 6));
        assert_eq!(at(&source, "b"), (2, 2));
        assert_eq!(at(&source, "c"), (3, 1));
        assert_eq!(at(&source, "d"), (4, 1));
        assert_eq!(source.slice(source.line(1)), "a: 版本X");
        assert_eq!(source.position(u32::MAX), Position { line: 4, column: 2 });
        assert_eq!(source.slice(source.line(9)), "");
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let source = Source::new("m", "\u{feff}name: x\nb");
        assert_eq!(at(&source, "name"), (1, 1));
        assert_eq!(at(&source, "b"), (2, 1));
    }

    #[test]
    fn long_lines_have_right_columns() {
        let source = Source::new(
            "m",
            format!("{}X\n{}Y", "版".repeat(100_000), "é".repeat(5_000)),
        );
        assert_eq!(at(&source, "X"), (1, 100_001));
        assert_eq!(at(&source, "Y"), (2, 5_001));
    }

    #[test]
    fn a_comment_in_place_of_a_value_is_seen() {
        let source = Source::new("m", "a: # x\nb: c");
        assert!(source.comment_follows(Place::new(0, 1)));
        assert!(!source.comment_follows(Place::new(7, 8)));
    }
}
