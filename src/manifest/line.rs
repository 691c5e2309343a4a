//! The mistakes of beginners that can be seen on one line.

use super::code;
use super::finding::{Finding, Place};
use super::quotes::{bare, open_quote};
use super::traps::{self, Trap};

/// One line of the file, without its break.
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// The byte of the file at which it starts.
    pub(super) start: usize,
}

impl Line<'_> {
    fn place(&self, start: usize, end: usize) -> Place {
        Place::new(self.start + start, self.start + end)
    }

    /// `host：…`: the sign of another keyboard.
    pub(super) fn full_width_colon(&self) -> Option<Finding> {
        let (at, _) = bare(self.text).find(|&(_, c)| c == '：')?;
        let before = self.text[..at].trim_end();
        let key = before
            .rsplit(|c: char| c.is_whitespace() || "{[,".contains(c))
            .next()
            .unwrap_or_default();
        if key.is_empty() {
            return None;
        }
        Some(traps::full_width_colon(
            self.place(at, at + '：'.len_utf8()),
        ))
    }

    /// `{into: ${vars.x}}`: the braces of the variable end the plain text.
    pub(super) fn variable(&self, in_flow: bool) -> Option<Finding> {
        let signs = Vec::from_iter(bare(self.text));
        let dollar = signs
            .iter()
            .position(|&(at, c)| c == '$' && self.text[at..].starts_with("${"))?;
        let (at, _) = signs[dollar];
        if !in_flow && !signs[..dollar].iter().any(|&(_, c)| "[{".contains(c)) {
            return None;
        }
        let end = self.text[at..]
            .find('}')
            .map_or(self.text.len(), |brace| at + brace + 1);
        let written = &self.text[at..end];
        let plain = written
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        let plain = plain.filter(|name| {
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b))
        });
        let shown = if plain.is_some() { written } else { "${…}" };
        let message = "a variable inside `[…]` or `{…}` must be in quotes";
        Some(
            Finding::error(
                code::UNQUOTED_VARIABLE,
                self.place(at, end),
                message,
                "its braces are read as YAML's",
            )
            .help(format!(
                "write the whole value in quotes, as in \"{shown}\""
            )),
        )
    }

    /// `include: [ab]*.zip` and `path: {a,b}/c`: a list or map, and then something else.
    pub(super) fn bracket(&self) -> Option<Finding> {
        let signs = Vec::from_iter(bare(self.text));
        let from = signs
            .iter()
            .position(|&(at, c)| "[{".contains(c) && begins_value(&self.text[..at]))?;
        let mut depth = 0usize;
        let close = signs[from..].iter().find(|&&(_, c)| {
            depth = match c {
                '[' | '{' => depth + 1,
                ']' | '}' => depth.saturating_sub(1),
                _ => depth,
            };
            depth == 0
        })?;
        let (start, sign) = signs[from];
        let rest = self.text[close.0 + 1..].trim_start();
        if rest.is_empty() || rest.starts_with(['#', ':', ',', ']', '}']) {
            return None;
        }
        let message = format!(
            "a value that begins with `{sign}` is a list or map in YAML, but text follows its end"
        );
        let end = self.text.trim_end().len();
        let pair = if sign == '[' { "[…]" } else { "{…}" };
        Some(
            Finding::error(
                code::UNQUOTED_BRACKET,
                self.place(start, end),
                message,
                "read as a list or map",
            )
            .help(format!("put a pattern in quotes: \"{pair}…\"")),
        )
    }

    /// A quote that is open at the end of its line.
    pub(super) fn quote(&self) -> Option<Finding> {
        let at = open_quote(self.text)?;
        Some(traps::plain_trap(Trap::Quote, self.place(at, at + 1), ""))
    }

    /// `name:value`: without a space behind it, the colon is part of the text.
    pub(super) fn glued(&self) -> Option<Finding> {
        let text = self.text.trim_start_matches([' ', '-']);
        let start = self.text.len() - text.len();
        let colon = text.find(':')?;
        let word = text[..colon]
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let follows = text[colon + 1..]
            .chars()
            .next()
            .is_some_and(|c| !c.is_whitespace() && c != ':' && c != '/');
        if colon == 0 || !word || !follows {
            return None;
        }
        let key = &text[..colon];
        let message =
            "a key and its value are separated by a colon and a space, and the space is missing";
        Some(
            Finding::error(
                code::SYNTAX,
                self.place(start + colon, start + colon + 1),
                message,
                "no space behind it",
            )
            .help(format!("write `{key}: …`")),
        )
    }

    /// A tab among the blanks at the start.
    pub(super) fn tab(&self) -> Option<Finding> {
        let blank = self.text.len() - self.text.trim_start_matches([' ', '\t']).len();
        let at = self.text[..blank].find('\t')?;
        Some(tab_finding(self.place(at, blank)))
    }
}

pub(super) fn tab_finding(place: Place) -> Finding {
    Finding::error(
        code::TAB,
        place,
        "YAML is indented with spaces, and this is a tab",
        "a tab",
    )
    .help("replace every tab at the start of a line by two spaces")
}

/// Whether a value may begin behind this: a colon or dash and a blank.
fn begins_value(before: &str) -> bool {
    let trimmed = before.trim_end();
    trimmed.len() < before.len() && (trimmed.ends_with(':') || trimmed.ends_with('-'))
}
