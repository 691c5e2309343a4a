//! What a YAML error means to someone who does not know YAML, and what to write instead.
//!
//! A parser gives up where it can no longer go on, which is often a line below the mistake and never says what was meant. The
//! few mistakes that beginners make are looked for on the line of the error and the one before; none is looked for elsewhere.

use super::code;
use super::finding::{Finding, Place};

/// The sort of a syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Tab,
    Character,
    Quote,
    AfterQuote,
    Escape,
    Anchor,
    Tag,
    Bracket,
    Separator,
    Colon,
    Value,
    Indentation,
    Other,
}

/// A finding for a syntax error at byte `at`. `info` is the parser's own message, for errors that we have no better word for.
pub(super) fn explain(text: &str, at: usize, fault: Fault, in_flow: bool, info: &str) -> Finding {
    let here = line_around(text, at);
    let above = line_above(text, here.start);
    if fault == Fault::Tab {
        return tab(text, here.clone(), at);
    }
    for line in [Some(here.clone()), above].into_iter().flatten() {
        let shown = Line {
            text: &text[line.clone()],
            start: line.start,
        };
        let trap = shown
            .full_width_colon()
            .or_else(|| shown.variable(in_flow))
            .or_else(|| shown.bracket())
            .or_else(|| shown.tab());
        if let Some(finding) = trap {
            return finding;
        }
    }
    let place = spot(text, at, &here);
    match fault {
        Fault::Character => reserved(text, place),
        Fault::Anchor => anchor(text, place),
        _ => plain_fault(fault, place, info),
    }
}

/// `include: *.zip`: in YAML an alias, and there is no such anchor.
pub(super) fn unknown_alias(text: &str, place: Place) -> Finding {
    let name = text.get(place.range()).unwrap_or_default();
    let pattern = name.contains(['.', '/', '*', '?']) && name.len() <= 100;
    let help = if pattern
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "*.?/_-".contains(c))
    {
        format!("put the pattern in quotes: \"{name}\"")
    } else {
        "put the value in quotes: \"*…\"; an anchor `&name` must come before its alias `*name`"
            .to_owned()
    };
    Finding::error(
        code::UNKNOWN_ALIAS,
        place,
        "a value that begins with `*` is an alias in YAML, and nothing is anchored under this name",
        "no such anchor",
    )
    .help(help)
}

/// `password: !secret`: in YAML a tag.
pub(super) fn tag(place: Place) -> Finding {
    Finding::error(
        code::TAG,
        place,
        "a value that begins with `!` is a tag in YAML, and manifests have no tags",
        "a tag",
    )
    .help("put the value in quotes: \"!…\"")
}

/// One line of the file, without its break.
struct Line<'a> {
    text: &'a str,
    start: usize,
}

impl Line<'_> {
    fn place(&self, start: usize, end: usize) -> Place {
        Place::new(self.start + start, self.start + end)
    }

    fn full_width_colon(&self) -> Option<Finding> {
        let (at, _) = bare(self.text).find(|&(_, c)| c == '：')?;
        let before = self.text[..at].trim_end();
        let key = before
            .rsplit(|c: char| c.is_whitespace() || "{[,".contains(c))
            .next()
            .unwrap_or_default();
        if key.is_empty() {
            return None;
        }
        let place = self.place(at, at + '：'.len_utf8());
        let message = "a full-width colon `：` does not separate a key from its value";
        Some(
            Finding::error(code::FULL_WIDTH, place, message, "a full-width colon")
                .help("write `: `, an ASCII colon and a space"),
        )
    }

    /// `{into: ${vars.x}}`: the braces of the variable end the plain text.
    fn variable(&self, in_flow: bool) -> Option<Finding> {
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
    fn bracket(&self) -> Option<Finding> {
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

    fn tab(&self) -> Option<Finding> {
        let blank = self.text.len() - self.text.trim_start_matches([' ', '\t']).len();
        let at = self.text[..blank].find('\t')?;
        Some(tab_finding(self.place(at, blank)))
    }
}

fn tab(text: &str, line: std::ops::Range<usize>, at: usize) -> Finding {
    let shown = Line {
        text: &text[line.clone()],
        start: line.start,
    };
    shown.tab().unwrap_or_else(|| {
        let found = text[line.clone()]
            .find('\t')
            .map_or(at, |tab| line.start + tab);
        tab_finding(spot(text, found, &line))
    })
}

fn tab_finding(place: Place) -> Finding {
    Finding::error(
        code::TAB,
        place,
        "YAML is indented with spaces, and this is a tab",
        "a tab",
    )
    .help("replace every tab at the start of a line by two spaces")
}

fn reserved(text: &str, place: Place) -> Finding {
    let sign = text
        .get(place.range())
        .and_then(|rest| rest.chars().next())
        .unwrap_or_default();
    let place = Place::new(
        place.start as usize,
        place.start as usize + sign.len_utf8().min(place.range().len()),
    );
    if "%@`".contains(sign) {
        let message = format!("a value cannot begin with `{sign}` in YAML");
        return Finding::error(code::RESERVED_CHARACTER, place, message, "reserved by YAML")
            .help(format!("put the value in quotes: \"{sign}…\""));
    }
    plain_fault(Fault::Character, place, "this sign cannot stand here")
}

/// `*` or `&` with no name behind it.
fn anchor(text: &str, place: Place) -> Finding {
    let before = text.get(..place.start as usize).unwrap_or_default();
    let star = before.ends_with('*')
        || text
            .get(place.range())
            .is_some_and(|rest| rest.starts_with('*'));
    let at = place.start as usize - usize::from(before.ends_with(['*', '&']));
    let place = Place::new(at, place.end as usize);
    if star {
        return unknown_alias(
            text,
            Place::new(
                at,
                text[at..]
                    .find(char::is_whitespace)
                    .map_or(text.len(), |end| at + end),
            ),
        );
    }
    Finding::error(
        code::EMPTY_ANCHOR,
        place,
        "a value that begins with `&` is an anchor in YAML, and this one has no name",
        "no name",
    )
    .help("put the value in quotes: \"&…\"")
}

fn plain_fault(fault: Fault, place: Place, info: &str) -> Finding {
    let (message, label, help) = match fault {
        Fault::Quote => (
            "a quote is opened and never closed",
            "opened here",
            "close it; a quote inside quotes is written twice ('it''s') or as \\\" in double quotes",
        ),
        Fault::AfterQuote => (
            "text follows the closing quote of a value",
            "behind the quote",
            "put the quotes around the whole value",
        ),
        Fault::Escape => (
            "a backslash in double quotes begins an escape, and this is none",
            "no escape of YAML",
            "use single quotes, in which a backslash is a backslash",
        ),
        Fault::Tag => (
            "a value that begins with `!` is a tag in YAML, and this is none",
            "not a tag",
            "put the value in quotes: \"!…\"",
        ),
        Fault::Bracket => (
            "a `[` or `{` and its closing bracket do not match",
            "does not match",
            "close every `[` with `]` and every `{` with `}`; put text that contains them in quotes",
        ),
        Fault::Separator => (
            "a comma or a closing bracket is missing before this",
            "expected `,` or the end of the list or map",
            "separate items with `, `; put text that contains `[`, `]`, `{`, `}` or `,` in quotes",
        ),
        Fault::Colon => (
            "a key without `: ` behind it",
            "expected `key: value`",
            "write `key: value`, with a space after the colon",
        ),
        Fault::Value => (
            "a `key: value` cannot begin here",
            "not expected here",
            "begin it on its own line, at the indentation of its neighbours; put text that contains `: ` in quotes",
        ),
        Fault::Indentation => (
            "this line does not fit the lines above it",
            "unexpected here",
            "indent it as its neighbours are, and write it as `key: value`, or `- item` in a list",
        ),
        Fault::Tab | Fault::Character | Fault::Anchor | Fault::Other => {
            let message = format!("this is not YAML: {info}");
            return Finding::error(code::SYNTAX, place, message, "here")
                .help("put the value in quotes if it is meant as text, or compare with the lines around it");
        }
    };
    let code = if fault == Fault::Tag {
        code::TAG
    } else {
        code::SYNTAX
    };
    Finding::error(code, place, message, label).help(help)
}

/// What to mark for an error at `at`: the word there; at the end of a line, nothing.
fn spot(text: &str, at: usize, line: &std::ops::Range<usize>) -> Place {
    let at = at.clamp(line.start, line.end);
    let rest = &text[at..line.end];
    let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let width = if word == 0 {
        rest.chars().next().map_or(0, char::len_utf8)
    } else {
        word
    };
    Place::new(at, at + width)
}

/// The line of a byte, without its break.
fn line_around(text: &str, at: usize) -> std::ops::Range<usize> {
    let at = text.floor_char_boundary(at.min(text.len()));
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let end = text[at..]
        .find(['\n', '\r'])
        .map_or(text.len(), |end| at + end);
    start..end
}

/// The nearest line above that is neither blank nor a comment.
fn line_above(text: &str, start: usize) -> Option<std::ops::Range<usize>> {
    let mut start = start;
    while start > 0 {
        let line = line_around(text, start - 1);
        let trimmed = text[line.clone()].trim();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            return Some(line);
        }
        start = line.start;
    }
    None
}

/// Whether a value may begin behind this: a colon or dash and a blank.
fn begins_value(before: &str) -> bool {
    let trimmed = before.trim_end();
    trimmed.len() < before.len() && (trimmed.ends_with(':') || trimmed.ends_with('-'))
}

/// The characters of a line that stand outside quotes and comments.
fn bare(line: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut last = ' ';
    line.char_indices()
        .map_while(move |(at, c)| {
            let opens = last.is_whitespace() || "[{,:-".contains(last);
            let before = std::mem::replace(&mut last, c);
            match quote {
                Some(open) => {
                    if c == open && before != '\\' {
                        quote = None;
                    }
                    Some(None)
                }
                None if opens && (c == '"' || c == '\'') => {
                    quote = Some(c);
                    Some(None)
                }
                None if c == '#' && before.is_whitespace() => None,
                None => Some(Some((at, c))),
            }
        })
        .flatten()
}
