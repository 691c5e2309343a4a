//! The only way to any sink: every secret is masked by its value, wherever it stands.
//!
//! Texts are masked before a document is made of them, never the document: a password may be `"`, `1` or `step`. A server may
//! repeat a password in other letters, so each secret is looked for in every form, in texts from outside in either case, and
//! finds that touch are masked as one.

use std::borrow::Cow;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::letters::{Letters, says_more};
use super::text;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A secret of so few characters is part of many words.
const SHORT: usize = 3;

/// So often a text is masked again where masks and what stands beside them make a secret, before all of it is.
const ROUNDS: usize = 4;

/// Knows all secrets of a run, and masks them.
pub struct Redactor {
    short: Forms,
    long: Forms,
    /// The long ones, in small letters, too.
    echoed: Forms,
    /// The forms of long secrets: at a boundary between writes, the beginning of one is held back.
    patterns: Vec<Vec<u8>>,
    /// Whether a mask may be part of a secret.
    starred: bool,
}

enum Forms {
    /// There is no secret.
    None,
    Some(AhoCorasick),
    /// The searcher could not be built: nothing may be shown.
    Unknown,
}

impl Redactor {
    /// Masks these values (see [`crate::plan::Secrets::masked`]) and each of their lines.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Redactor {
        let secrets = secrets
            .into_iter()
            .flat_map(|secret| std::iter::once(secret).chain(secret.lines()))
            .filter(|secret| !secret.is_empty());
        let (long, short): (Vec<&str>, Vec<&str>) =
            secrets.partition(|secret| secret.chars().count() > SHORT);
        let (long, short) = (patterns(&long), patterns(&short));
        let echoed = Forms::of(&with_small_letters(&long), true);
        let mut all = long.iter().chain(&short);
        Redactor {
            starred: all.any(|pattern| pattern.contains(&b'*')),
            short: Forms::of(&short, false),
            long: Forms::of(&long, false),
            echoed,
            patterns: long,
        }
    }

    /// A text that may come from outside, without secrets; one of four characters or more in no case of its letters.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.masked(text, |bytes| self.found(bytes))
    }

    /// Our own words about a manifest, without secrets. A password of a letter or two is part of many words, and masking
    /// it there would tell it; it is masked where it stands alone.
    pub fn wording<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.masked(text, |bytes| self.words(bytes))
    }

    /// A line for people, made of our words and of texts that are masked already: no secret of four characters or more is
    /// left in it, and our counts stay.
    pub fn line<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.masked(text, |bytes| self.stretches(bytes))
    }

    /// The stretches to mask, in order, as [`Redactor::wording`] chooses them.
    pub(super) fn words(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let part_of_word = |byte: Option<&u8>| byte.is_some_and(|byte| is_of_a_word(*byte));
        let mut found = merged(self.short.found(bytes));
        found.retain(|&(start, end)| {
            !part_of_word(start.checked_sub(1).and_then(|at| bytes.get(at)))
                && !part_of_word(bytes.get(end))
        });
        found.extend(self.long.found(bytes));
        merged(found)
    }

    /// The stretches to mask, in order.
    fn found(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut found = self.short.found(bytes);
        found.extend(self.echoed.found(bytes));
        found.extend(self.found_in_any_case(bytes));
        merged(found)
    }

    /// Where a long secret stands whatever the case of its letters; ASCII's alone the searcher knows by itself.
    fn found_in_any_case(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if matches!(self.echoed, Forms::None) || !says_more(text) {
            return Vec::new();
        }
        let letters = Letters::of(text);
        let found = self.echoed.found(letters.bytes()).into_iter();
        found.map(|stretch| letters.span(stretch)).collect()
    }

    fn masked<'a>(
        &self,
        text: &'a str,
        found: impl Fn(&[u8]) -> Vec<(usize, usize)>,
    ) -> Cow<'a, str> {
        let Cow::Owned(bytes) = mask(text.as_bytes(), &found(text.as_bytes())) else {
            return Cow::Borrowed(text);
        };
        let bytes = if self.starred {
            settle(bytes, found)
        } else {
            bytes
        };
        // A form is UTF-8, so it begins and ends between characters of the text.
        Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The stretches to mask in bytes of lines, in order, as [`Redactor::line`] chooses them.
    pub(super) fn stretches(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        merged(self.long.found(bytes))
    }

    /// How many of the first bytes can be shown now, whatever comes after them.
    pub(super) fn settled(&self, bytes: &[u8]) -> usize {
        let begun = self.patterns.iter().map(|pattern| {
            let longest = pattern.len().saturating_sub(1).min(bytes.len());
            let held = (1..=longest)
                .rev()
                .find(|&length| bytes.ends_with(&pattern[..length]));
            bytes.len() - held.unwrap_or(0)
        });
        let settled = begun.min().unwrap_or(bytes.len());
        let crossing = self
            .stretches(bytes)
            .into_iter()
            .find(|&(start, end)| start < settled && settled < end);
        crossing.map_or(settled, |(start, _)| start)
    }
}

impl Forms {
    fn of(patterns: &[Vec<u8>], in_either_case: bool) -> Forms {
        match patterns {
            [] => Forms::None,
            some => AhoCorasick::builder()
                .ascii_case_insensitive(in_either_case)
                .match_kind(MatchKind::Standard)
                .kind(kind(some))
                .build(some)
                .map_or(Forms::Unknown, Forms::Some),
        }
    }

    fn found(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let searcher = match self {
            Forms::None => return Vec::new(),
            Forms::Unknown if bytes.is_empty() => return Vec::new(),
            Forms::Unknown => return vec![(0, bytes.len())],
            Forms::Some(searcher) => searcher,
        };
        let hits = searcher.find_overlapping_iter(bytes);
        hits.map(|hit| (hit.start(), hit.end())).collect()
    }
}

/// Finds in order; those that overlap or touch are one.
fn merged(mut found: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    found.sort_unstable();
    found.dedup_by(|next, last| {
        let joined = next.0 <= last.1;
        if joined {
            last.1 = last.1.max(next.1);
        }
        joined
    });
    found
}

/// Masks again where a mask and what stands beside it are a secret, as `ab***` is with the password `ab**`.
fn settle(mut bytes: Vec<u8>, found: impl Fn(&[u8]) -> Vec<(usize, usize)>) -> Vec<u8> {
    for _ in 0..ROUNDS {
        match mask(&bytes, &found(&bytes)) {
            Cow::Owned(again) if again != bytes => bytes = again,
            _ => return bytes,
        }
    }
    MASK.into()
}

/// All forms of these secrets, each once.
fn patterns(secrets: &[&str]) -> Vec<Vec<u8>> {
    let all = secrets.iter().flat_map(|secret| forms(secret));
    let mut patterns: Vec<Vec<u8>> = all.map(String::into_bytes).collect();
    patterns.sort();
    patterns.dedup();
    patterns
}

/// The same forms, and each in small letters.
fn with_small_letters(patterns: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let small = patterns.iter().map(|pattern| {
        let text = String::from_utf8_lossy(pattern);
        Letters::of(&text).bytes().to_vec()
    });
    let mut all: Vec<Vec<u8>> = patterns.iter().cloned().chain(small).collect();
    all.sort();
    all.dedup();
    all
}

/// The fastest searcher takes time that grows with the square of the length of a pattern that repeats itself.
fn kind(patterns: &[Vec<u8>]) -> Option<AhoCorasickKind> {
    let length: usize = patterns.iter().map(Vec::len).sum();
    (length > 4096).then_some(AhoCorasickKind::ContiguousNFA)
}

/// The bytes with a mask in place of each of these stretches.
pub(super) fn mask<'a>(bytes: &'a [u8], found: &[(usize, usize)]) -> Cow<'a, [u8]> {
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

/// The forms in which our sinks can write a value.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    vec![
        secret.to_owned(),
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
    fn a_text_from_outside_shows_a_long_secret_in_no_case() {
        let redactor = Redactor::new(["Passw0rd", "Größe-ß", "Yes", "download"]);
        for text in [
            "PASSW0RD",
            "pAssw0rd",
            "größe-ß",
            "GRÖSSE-SS",
            "GR%C3%96SSE-SS",
            "gRöSSe-ß",
            "GröẞE-ss",
            "gr%c3%b6%C3%9Fe-SS",
            "Gr\\u{D6}ssE-\\u00df",
        ] {
            assert_eq!(redactor.text(text), MASK, "{text}");
        }
        // A short one is part of many words, and our own words echo nothing.
        assert_eq!(redactor.text("yes Yes"), "yes ***");
        assert_eq!(redactor.line("Downloading"), "Downloading");
        assert_eq!(redactor.wording("Download"), "Download");
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
        assert_eq!(redactor.line("2 servers e"), "2 ***s e");
    }

    #[test]
    fn masks_make_no_secret_with_what_stands_beside_them() {
        for (secret, text, masked) in [
            ("*", "a*b**", "a***b***"),
            ("****", "********x", "***x"),
            ("ab**", "abab**", "****"),
            ("\"", "a\"\"b", "a***b"),
            ("\\", "\\\\n", "***n"),
        ] {
            let redactor = Redactor::new([secret]);
            assert_eq!(redactor.text(text), masked, "{secret}");
            assert_eq!(redactor.text(masked), masked, "{secret}");
        }
    }
}
