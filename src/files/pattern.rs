//! Glob patterns over names and relative paths, matched by characters.

use globset::GlobBuilder;
use regex::{Regex, RegexBuilder};
use thiserror::Error;

/// A glob that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the pattern cannot be read: {0}")]
pub struct PatternError(String);

impl From<&regex::Error> for PatternError {
    fn from(error: &regex::Error) -> PatternError {
        PatternError(error.to_string())
    }
}

/// One glob.
///
/// With a `/` it matches the whole relative path (a leading `/` is the root); without one, the last name.
/// `*` and `?` stop at `/`.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    whole_path: bool,
}

impl Pattern {
    /// Reads a glob.
    pub fn new(glob: &str, ignore_case: bool) -> Result<Pattern, PatternError> {
        let whole_path = glob.contains('/');
        let parsed = GlobBuilder::new(glob.strip_prefix('/').unwrap_or(glob))
            .literal_separator(true)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map_err(|error| PatternError(error.kind().to_string()))?;
        let regex = RegexBuilder::new(&by_characters(parsed.regex()))
            .case_insensitive(ignore_case)
            .dot_matches_new_line(true)
            .build()
            .map_err(|error| PatternError::from(&error))?;
        Ok(Pattern { regex, whole_path })
    }

    /// Whether the relative path matches.
    pub fn matches(&self, relative: &str) -> bool {
        let subject = if self.whole_path {
            relative
        } else {
            relative.rsplit('/').next().unwrap_or(relative)
        };
        self.regex.is_match(subject)
    }
}

/// A list of globs: any of them matches.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Reads all globs; the first that cannot be read is the error.
    pub fn new(globs: &[String], ignore_case: bool) -> Result<Patterns, PatternError> {
        let patterns = globs.iter().map(|glob| Pattern::new(glob, ignore_case));
        Ok(Patterns(patterns.collect::<Result<_, _>>()?))
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any pattern matches the relative path.
    pub fn any(&self, relative: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(relative))
    }
}

/// Turns globset's regex over bytes into the same regex over characters.
///
/// globset matches bytes, so that `?.txt` misses `中.txt`. It writes each byte above ASCII as `\xNN`; the runs
/// of these are characters again here, and its `(?-u)` goes.
fn by_characters(bytewise: &str) -> String {
    let mut out = String::with_capacity(bytewise.len());
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = bytewise.strip_prefix("(?-u)").unwrap_or(bytewise);
    while !rest.is_empty() {
        if let Some(byte) = escaped_byte(rest) {
            bytes.push(byte);
            rest = &rest[4..];
            continue;
        }
        flush(&mut bytes, &mut out);
        // An escape and what it escapes are taken together, so that `\\x41` is not misread.
        let taken = if rest.starts_with('\\') { 2 } else { 1 };
        let end = rest
            .char_indices()
            .nth(taken)
            .map_or(rest.len(), |(at, _)| at);
        out.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    flush(&mut bytes, &mut out);
    out
}

fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("\\x")?.get(..2)?;
    u8::from_str_radix(digits, 16).ok()
}

/// Two characters of a class may follow each other directly, so a run may hold several.
fn flush(bytes: &mut Vec<u8>, out: &mut String) {
    out.push_str(&String::from_utf8_lossy(bytes));
    bytes.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        Pattern::new(glob, false).unwrap().matches(path)
    }

    #[test]
    fn characters_are_matched_not_bytes() {
        assert!(matches("?.txt", "中.txt"));
        assert!(!matches("???.txt", "中.txt"));
        assert!(matches("[一-龥]本*", "版本-2.zip"));
        assert!(matches("{版本,b}*", "版本.zip"));
        assert!(matches("[!版]本", "中本"));
        assert!(!matches("[!版]本", "版本"));
        assert!(matches("a\\\\x41", "a\\x41"));
    }

    #[test]
    fn a_pattern_without_a_slash_matches_the_last_name() {
        assert!(matches("*.zip", "a/b/c.zip"));
        assert!(!matches("/*.zip", "a/c.zip"));
        assert!(matches("/*.zip", "c.zip"));
        assert!(matches("a/*.zip", "a/c.zip"));
        assert!(!matches("a/*.zip", "a/b/c.zip"));
        assert!(matches("a/**/*.zip", "a/b/d/c.zip"));
        assert!(matches("a/**/*.zip", "a/c.zip"));
    }

    #[test]
    fn case_is_ignored_for_every_script() {
        assert!(Pattern::new("ä*.ZIP", true).unwrap().matches("Ärger.zip"));
        assert!(!Pattern::new("ä*", false).unwrap().matches("Ärger"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_an_error() {
        assert!(Pattern::new("[a", false).is_err());
        assert!(Pattern::new("{a", false).is_err());
    }
}
