//! The only way to any sink: every secret is masked by its value, wherever it stands.
//!
//! A server may repeat a password in a reply, and a JSON string, a URL or an HTML page writes it in other letters. So each
//! secret is looked for in every form in which our sinks can write it, and overlapping finds are masked as one.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::text;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A secret of so few bytes is part of many words.
const SHORT: usize = 3;

/// A line longer than this is passed on in parts.
const LONGEST: usize = 64 * 1024;

/// Knows all secrets of a run, and masks them.
pub struct Redactor {
    forms: Forms,
    /// The forms themselves: at a boundary between writes, the beginning of one is held back.
    patterns: Vec<Vec<u8>>,
}

enum Forms {
    /// There is no secret.
    None,
    Some(AhoCorasick),
    /// The searcher could not be built: nothing may be shown.
    Unknown,
}

/// A writer that masks what is written, also where a secret is split between writes.
///
/// Lines are passed on whole. A flush passes on an unfinished line, except an end that may become a secret.
#[derive(Debug)]
pub struct Redacted<W: Write> {
    inner: W,
    redactor: Arc<Redactor>,
    pending: Vec<u8>,
}

impl Redactor {
    /// Masks these values (see [`crate::plan::Secrets::masked`]) and each of their lines.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Redactor {
        let mut patterns: Vec<Vec<u8>> = secrets
            .into_iter()
            .flat_map(|secret| std::iter::once(secret).chain(secret.lines()))
            .filter(|secret| !secret.is_empty())
            .flat_map(forms)
            .map(String::into_bytes)
            .collect();
        patterns.sort();
        patterns.dedup();
        let forms = match patterns.as_slice() {
            [] => Forms::None,
            some => AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .kind(kind(some))
                .build(some)
                .map_or(Forms::Unknown, Forms::Some),
        };
        Redactor { forms, patterns }
    }

    /// The text without secrets.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        masked(text, &self.found(text.as_bytes()))
    }

    /// Our own words about a manifest, without secrets. A password of a letter or two is part of many words, and masking
    /// it there would tell it; it is masked where it stands alone.
    pub(super) fn wording<'a>(&self, text: &'a str) -> Cow<'a, str> {
        masked(text, &self.words(text.as_bytes()))
    }

    /// The stretches to mask, in order, as [`Redactor::wording`] chooses them.
    pub(super) fn words(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let part_of_word = |byte: Option<&u8>| byte.is_some_and(|byte| is_of_a_word(*byte));
        let mut found = self.found(bytes);
        found.retain(|&(start, end)| {
            let alone = !part_of_word(start.checked_sub(1).and_then(|at| bytes.get(at)))
                && !part_of_word(bytes.get(end));
            end - start > SHORT || alone
        });
        found
    }

    /// The stretches to mask, in order; finds that overlap are one.
    fn found(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let searcher = match &self.forms {
            Forms::None => return Vec::new(),
            Forms::Unknown if bytes.is_empty() => return Vec::new(),
            Forms::Unknown => return vec![(0, bytes.len())],
            Forms::Some(searcher) => searcher,
        };
        let mut found: Vec<(usize, usize)> = searcher
            .find_overlapping_iter(bytes)
            .map(|hit| (hit.start(), hit.end()))
            .collect();
        found.sort_unstable();
        found.dedup_by(|next, last| {
            let joined = next.0 < last.1;
            if joined {
                last.1 = last.1.max(next.1);
            }
            joined
        });
        found
    }

    /// How many of the first bytes can be shown now, whatever comes after them.
    fn settled(&self, bytes: &[u8]) -> usize {
        let begun = self.patterns.iter().map(|pattern| {
            let longest = pattern.len().saturating_sub(1).min(bytes.len());
            let held = (1..=longest)
                .rev()
                .find(|&length| bytes.ends_with(&pattern[..length]));
            bytes.len() - held.unwrap_or(0)
        });
        let settled = begun.min().unwrap_or(bytes.len());
        let crossing = self
            .found(bytes)
            .into_iter()
            .find(|&(start, end)| start < settled && settled < end);
        crossing.map_or(settled, |(start, _)| start)
    }
}

/// The fastest searcher takes time that grows with the square of the length of a pattern that repeats itself.
fn kind(patterns: &[Vec<u8>]) -> Option<AhoCorasickKind> {
    let length: usize = patterns.iter().map(Vec::len).sum();
    (length > 4096).then_some(AhoCorasickKind::ContiguousNFA)
}

fn masked<'a>(text: &'a str, found: &[(usize, usize)]) -> Cow<'a, str> {
    match mask(text.as_bytes(), found) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // A form is UTF-8, so it begins and ends between characters of the text.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn mask<'a>(bytes: &'a [u8], found: &[(usize, usize)]) -> Cow<'a, [u8]> {
    if found.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut masked = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for &(start, end) in found {
        masked.extend_from_slice(&bytes[from..start]);
        masked.extend_from_slice(MASK.as_bytes());
        from = end;
    }
    masked.extend_from_slice(&bytes[from..]);
    Cow::Owned(masked)
}

fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl<W: Write> Redacted<W> {
    /// A writer in front of another one.
    pub fn new(redactor: &Arc<Redactor>, inner: W) -> Redacted<W> {
        Redacted {
            inner,
            redactor: Arc::clone(redactor),
            pending: Vec::new(),
        }
    }

    fn pass(&mut self, end: usize) -> io::Result<()> {
        let pending = &self.pending[..end];
        let masked = mask(pending, &self.redactor.found(pending));
        let result = self.inner.write_all(&masked);
        self.pending.drain(..end);
        result
    }
}

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if let Some(line) = self.pending.iter().rposition(|&byte| byte == b'\n') {
            self.pass(line + 1)?;
        }
        if self.pending.len() > LONGEST {
            self.pass(self.redactor.settled(&self.pending))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.redactor.settled(&self.pending))?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Redacted<W> {
    fn drop(&mut self) {
        // Nothing can be done about an error here; whoever wants to know flushes first.
        let _ = self.pass(self.pending.len());
    }
}

/// The forms in which our sinks can write a value.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        json.get(1..json.len().saturating_sub(1))
            .unwrap_or_default()
            .to_owned(),
        secret.escape_debug().to_string(),
        secret.escape_default().to_string(),
        text::escape(secret).into_owned(),
        text::markup(secret),
        text::markdown(secret),
        percent(secret, true),
        percent(secret, true).replace("%20", "+"),
        percent(secret, false),
        // As YAML writes it between single quotes.
        secret.replace('\'', "''"),
    ]
    .into_iter()
    .filter(|form| !form.is_empty())
    .collect()
}

/// Percent-encoding (RFC 3986 §2.1), in either case of its digits.
fn percent(text: &str, upper: bool) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ if upper => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push_str(&format!("%{byte:02x}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::new([
            "hunter2",
            "hunter2-long",
            "p\"w<&>\u{7248}|x",
            "",
            "two\nlines",
        ])
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        let redactor = redactor();
        let secret = "p\"w<&>版|x";
        let forms = [
            secret.to_owned(),
            serde_json::to_string(secret).unwrap(),
            format!("{secret:?}"),
            text::markup(secret),
            text::markdown(secret),
            "p%22w%3C%26%3E%E7%89%88%7Cx".to_owned(),
            "p%22w%3c%26%3e%e7%89%88%7cx".to_owned(),
        ];
        for form in forms {
            let shown = redactor.text(&form).into_owned();
            assert_eq!(shown.trim_matches('"'), MASK, "{form}");
        }
    }

    #[test]
    fn the_longest_and_all_that_overlap_are_masked_whole() {
        assert_eq!(
            redactor().text("a hunter2-long b hunter2 c"),
            "a *** b *** c"
        );
        assert_eq!(Redactor::new(["abc", "bcd"]).text("xabcdx"), "x***x");
        assert_eq!(redactor().text("lines"), "***");
        assert!(matches!(redactor().text("none"), Cow::Borrowed("none")));
    }

    #[test]
    fn a_secret_of_megabytes_is_masked_too() {
        let secret = "p".repeat(1 << 20);
        assert_eq!(Redactor::new([secret.as_str()]).text(&secret), MASK);
    }

    #[test]
    fn a_short_secret_is_masked_in_our_words_where_it_stands_alone() {
        let redactor = Redactor::new(["e", "ftp", "server"]);
        let shown = |text: &str| redactor.wording(text).into_owned();
        assert_eq!(shown("the server `e`, `ftp`"), "the *** `***`, `***`");
        assert_eq!(shown("sftp e"), "sftp ***");
        assert_eq!(redactor.text("sftp"), "s***");
    }

    #[test]
    fn a_flush_holds_back_only_what_may_become_a_secret() {
        let mut writer = Redacted::new(&Arc::new(redactor()), Vec::new());
        write!(writer, "progress hunt").unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.inner, b"progress ");
        write!(writer, "er2 ").unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.inner, b"progress *** ");
    }

    proptest! {
        #[test]
        fn no_way_of_cutting_writes_lets_a_secret_through(
            parts in proptest::collection::vec("[ab\n]{0,4}", 0..12),
            flush in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let redactor = Arc::new(Redactor::new(["aab", "bba", "abab"]));
            let mut shown = Vec::new();
            {
                let mut writer = Redacted::new(&redactor, &mut shown);
                for (part, flush) in parts.iter().zip(flush) {
                    writer.write_all(part.as_bytes()).unwrap();
                    if flush {
                        writer.flush().unwrap();
                    }
                }
            }
            let shown = String::from_utf8(shown).unwrap();
            let whole = parts.concat();
            prop_assert_eq!(shown, redactor.text(&whole));
        }
    }
}
