//! Lines of a manifest as they are shown: passwords masked, control characters escaped, long lines cut around the places.
//!
//! miette counts columns in bytes and prints whole lines of context; this source code counts characters and has only lines
//! that are fit to be shown, each with its number in the file.

use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::passwords;
use super::redact::{MASK, Redactor};
use super::text;
use crate::manifest::{Place, Source};

/// Lines of context above and below a place.
pub(super) const CONTEXT: usize = 1;

/// A line wider than this many characters is cut around its places.
const WIDEST: usize = 160;

/// Parts of a manifest, fit to be shown.
#[derive(Debug)]
pub(super) struct Snippet {
    source: Arc<Source>,
    /// The name of the file, fit to be shown.
    name: String,
    text: String,
    lines: Vec<Line>,
    /// Where text of the file stands in `text`, in order.
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Line {
    /// From 1.
    number: usize,
    start: usize,
    /// With its line break.
    end: usize,
}

/// Bytes `from..from_end` of the file are shown as bytes `to..to_end`; the two differ in length where something is replaced.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from: usize,
    from_end: usize,
    to: usize,
    to_end: usize,
}

impl Snippet {
    /// The lines around some places.
    pub(super) fn new(source: &Arc<Source>, places: &[Place], redactor: &Redactor) -> Snippet {
        let name = redactor.wording(source.name());
        let mut snippet = Snippet {
            source: Arc::clone(source),
            name: text::escape(&name).into_owned(),
            text: String::new(),
            lines: Vec::new(),
            pieces: Vec::new(),
        };
        let mut numbers: Vec<usize> = places
            .iter()
            .map(|place| source.position(place.start).line)
            .flat_map(|line| line.saturating_sub(CONTEXT).max(1)..=line + CONTEXT)
            .filter(|&line| line <= source.line_count())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            snippet.push(number, places, redactor);
        }
        snippet
    }

    /// A place as miette wants it: in the shown text, and not beyond its first line.
    pub(super) fn span(&self, place: Place) -> SourceSpan {
        let line = self.source.line(self.source.position(place.start).line);
        let start = self.shown(place.start.min(line.end) as usize, false);
        let end = self.shown(place.end.min(line.end) as usize, true);
        (start, end.max(start) - start).into()
    }

    fn push(&mut self, number: usize, places: &[Place], redactor: &Redactor) {
        let line = self.source.line(number);
        let (first, last) = (line.start as usize, line.end as usize);
        let source = Arc::clone(&self.source);
        let (from, to) = window(source.slice(line), first, places);
        let start = self.text.len();
        if from > first {
            self.replace(first, from, "…");
        }
        let mut at = from;
        for (secret, secret_end) in passwords::on_line(&source, number, redactor) {
            let (secret, secret_end) = (secret.clamp(at, to), secret_end.clamp(at, to));
            self.copy(at, secret);
            if secret < secret_end {
                self.replace(secret, secret_end, MASK);
            }
            at = secret_end;
        }
        self.copy(at, to);
        if to < last {
            self.replace(to, last, "…");
        }
        self.text.push('\n');
        self.lines.push(Line {
            number,
            start,
            end: self.text.len(),
        });
    }

    /// Copies bytes of the file, control characters escaped.
    fn copy(&mut self, from: usize, end: usize) {
        let source = Arc::clone(&self.source);
        let text = source.text().get(from..end).unwrap_or_default();
        let mut plain = 0;
        for (at, character) in text.char_indices() {
            if character != '\t' && text::harmful(character) {
                self.append(from + plain, from + at, &text[plain..at]);
                plain = at + character.len_utf8();
                // A byte-order mark is no character of the line.
                let shown = if from + at == 0 {
                    String::new()
                } else {
                    character.escape_unicode().to_string()
                };
                self.append(from + at, from + plain, &shown);
            }
        }
        self.append(from + plain, from + text.len(), &text[plain..]);
    }

    fn replace(&mut self, from: usize, from_end: usize, shown: &str) {
        self.append(from, from_end, shown);
    }

    fn append(&mut self, from: usize, from_end: usize, shown: &str) {
        let to = self.text.len();
        self.text.push_str(shown);
        self.pieces.push(Piece {
            from,
            from_end,
            to,
            to_end: self.text.len(),
        });
    }

    /// Where a byte of the file stands in the shown text; inside something replaced, its beginning or its end.
    fn shown(&self, byte: usize, end: bool) -> usize {
        let at = self.pieces.partition_point(|piece| {
            if end {
                piece.from_end < byte
            } else {
                piece.from_end <= byte
            }
        });
        // Behind a line's last piece stands its line break, not the next line.
        let before = at.checked_sub(1).and_then(|at| self.pieces.get(at));
        if let Some(before) = before.filter(|before| before.from_end == byte) {
            return before.to_end;
        }
        let Some(piece) = self.pieces.get(at) else {
            return self.text.len().saturating_sub(1);
        };
        let offset = byte.saturating_sub(piece.from);
        if piece.from_end - piece.from == piece.to_end - piece.to {
            piece.to + offset.min(piece.to_end - piece.to)
        } else if end {
            piece.to_end
        } else {
            piece.to
        }
    }

    /// The byte of the file behind a byte of the shown text.
    fn original(&self, shown: usize) -> usize {
        let at = self.pieces.partition_point(|piece| piece.to_end <= shown);
        match (self.pieces.get(at), self.pieces.last()) {
            (Some(piece), _) if shown >= piece.to => {
                (piece.from + (shown - piece.to)).min(piece.from_end)
            }
            (Some(_), _) => at
                .checked_sub(1)
                .and_then(|at| self.pieces.get(at))
                .map_or(0, |piece| piece.from_end),
            (None, last) => last.map_or(0, |piece| piece.from_end),
        }
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let line_of = |byte: usize| {
            self.lines
                .partition_point(|line| line.end <= byte)
                .min(self.lines.len().saturating_sub(1))
        };
        let (first, last) = (line_of(span.offset()), line_of(span.offset() + span.len()));
        let top = self.contiguous(first, before, false);
        let bottom = self.contiguous(last, after, true);
        let (Some(top), Some(bottom)) = (self.lines.get(top), self.lines.get(bottom)) else {
            return Err(MietteError::OutOfBounds);
        };
        let start = if before == 0 {
            span.offset()
        } else {
            top.start
        };
        let end = bottom.end.max(start);
        let byte = u32::try_from(self.original(start)).unwrap_or(u32::MAX);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[start..end],
            (start, end - start).into(),
            top.number - 1,
            self.source.position(byte).column - 1,
            bottom.number + 1 - top.number,
        )))
    }
}

impl Snippet {
    /// The index of the furthest line, at most `count` away, that follows without a gap.
    fn contiguous(&self, from: usize, count: usize, down: bool) -> usize {
        let mut at = from;
        for _ in 0..count {
            let next = if down {
                at.checked_add(1)
            } else {
                at.checked_sub(1)
            };
            let Some(next) = next else { break };
            let near = |line: &Line| line.number.abs_diff(self.lines[at].number) == 1;
            if !self.lines.get(next).is_some_and(near) {
                break;
            }
            at = next;
        }
        at
    }
}

/// The part of a line that is shown: all of it, or what lies around its first place.
fn window(line: &str, start: usize, places: &[Place]) -> (usize, usize) {
    let end = start + line.len();
    if line.len() <= WIDEST || line.chars().count() <= WIDEST {
        return (start, end);
    }
    let here = places
        .iter()
        .map(|place| place.start as usize)
        .filter(|at| (start..=end).contains(at))
        .min()
        .unwrap_or(start);
    let (left, right) = line.split_at(here - start);
    let from = match left.char_indices().rev().nth(WIDEST / 3) {
        Some((at, _)) => start + at,
        None => start,
    };
    let to = right.char_indices().nth(WIDEST * 2 / 3);
    (from, to.map_or(end, |(at, _)| here + at))
}
