//! What a YAML error means to someone who does not know YAML, and what to write instead.
//!
//! A parser gives up where it can no longer go on, which is often a line below the mistake and never says what was meant. The
//! few mistakes that beginners make are looked for on the line of the error and the one before; none is looked for elsewhere.

use super::code;
use super::finding::{Finding, Place};
use super::line::{Line, tab_finding};

/// Longest line that is searched for more than the error itself: noise comes in lines of megabytes.
const LONGEST: usize = 64 << 10;

/// The sort of a syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trap {
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
pub(super) fn explain(
    text: &str,
    at: usize,
    fault: Trap,
    open: Option<Place>,
    info: &str,
) -> Finding {
    let here = line_around(text, at);
    let above = line_above(text, here.start);
    if fault == Trap::Tab {
        return tab(text, here.clone(), at);
    }
    let lines = [Some(here.clone()), above].into_iter().flatten();
    for line in lines.filter(|line| line.len() <= LONGEST) {
        let shown = Line {
            text: &text[line.clone()],
            start: line.start,
        };
        let trap = shown
            .full_width_colon()
            .or_else(|| shown.variable(open.is_some()))
            .or_else(|| shown.bracket())
            .or_else(|| shown.tab())
            .or_else(|| {
                if fault == Trap::Quote {
                    shown.quote()
                } else {
                    None
                }
            })
            .or_else(|| {
                if matches!(fault, Trap::Value | Trap::Colon | Trap::Indentation) {
                    shown.glued()
                } else {
                    None
                }
            });
        if let Some(finding) = trap {
            return finding;
        }
    }
    let place = spot(text, at, &here);
    match fault {
        Trap::Character => reserved(text, place),
        Trap::Anchor => anchor(text, place),
        Trap::Separator | Trap::Bracket => {
            match open.filter(|open| open.range().end <= here.start) {
                Some(open) => never_closed(text, open, place),
                None => plain_trap(fault, place, info),
            }
        }
        _ => plain_trap(fault, place, info),
    }
}

/// `host：…`, with the place of the sign.
pub(super) fn full_width_colon(place: Place) -> Finding {
    let message = "a full-width colon `：` does not separate a key from its value";
    Finding::error(code::FULL_WIDTH, place, message, "a full-width colon")
        .help("write `: `, an ASCII colon and a space; if the sign is meant as text, put the text in quotes")
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
        let name = if sign == '`' {
            "a backtick".to_owned()
        } else {
            format!("`{sign}`")
        };
        let message = format!("a value cannot begin with {name} in YAML");
        return Finding::error(code::RESERVED_CHARACTER, place, message, "reserved by YAML")
            .help(format!("put the value in quotes: \"{sign}…\""));
    }
    plain_trap(Trap::Character, place, "this sign cannot stand here")
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
        return unknown_alias(text, Place::new(at, end_of_word(text, at)));
    }
    Finding::error(
        code::EMPTY_ANCHOR,
        place,
        "a value that begins with `&` is an anchor in YAML, and this one has no name",
        "no name",
    )
    .help("put the value in quotes: \"&…\"")
}

/// A syntax error of which nothing more is known than its sort.
pub(super) fn plain_trap(fault: Trap, place: Place, info: &str) -> Finding {
    let (message, label, help) = match fault {
        Trap::Quote => (
            "a quote is opened and never closed",
            "opened here",
            "close it; a quote inside quotes is written twice ('it''s') or as \\\" in double quotes",
        ),
        Trap::AfterQuote => (
            "text follows the closing quote of a value",
            "behind the quote",
            "put the quotes around the whole value",
        ),
        Trap::Escape => (
            "a backslash in double quotes begins an escape, and this is none",
            "no escape of YAML",
            "use single quotes, in which a backslash is a backslash",
        ),
        Trap::Tag => (
            "a value that begins with `!` is a tag in YAML, and this is none",
            "not a tag",
            "put the value in quotes: \"!…\"",
        ),
        Trap::Bracket => (
            "a `[` or `{` and its closing bracket do not match",
            "does not match",
            "close every `[` with `]` and every `{` with `}`; put text that contains them in quotes",
        ),
        Trap::Separator => (
            "a comma or a closing bracket is missing before this",
            "expected `,` or the end of the list or map",
            "separate items with `, `; put text that contains `[`, `]`, `{`, `}` or `,` in quotes",
        ),
        Trap::Colon => (
            "a key without `: ` behind it",
            "expected `key: value`",
            "write `key: value`, with a space after the colon",
        ),
        Trap::Value => (
            "a `key: value` cannot begin here",
            "not expected here",
            "begin it on its own line, at the indentation of its neighbours; put text that contains `: ` in quotes",
        ),
        Trap::Indentation => (
            "this line does not fit the lines above it",
            "unexpected here",
            "indent it as its neighbours are, and write it as `key: value`, or `- item` in a list",
        ),
        Trap::Tab | Trap::Character | Trap::Anchor | Trap::Other => {
            let message = format!("this is not YAML: {info}");
            return Finding::error(code::SYNTAX, place, message, "here")
                .help("put the value in quotes if it is meant as text, or compare with the lines around it");
        }
    };
    let code = if fault == Trap::Tag {
        code::TAG
    } else {
        code::SYNTAX
    };
    Finding::error(code, place, message, label).help(help)
}

/// Where a name that begins at `at` ends.
fn end_of_word(text: &str, at: usize) -> usize {
    text[at..]
        .find(|c: char| c.is_whitespace() || ",]}".contains(c))
        .map_or(text.len(), |end| at + end)
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

/// A bracket of an earlier line that nothing closed before a line that cannot be inside it.
fn never_closed(text: &str, open: Place, place: Place) -> Finding {
    let sign = text
        .get(open.range())
        .and_then(|rest| rest.chars().next())
        .unwrap_or('[');
    let close = if sign == '{' { '}' } else { ']' };
    if let Some(comment) = comment_behind(text, open) {
        return Finding::error(
            code::SYNTAX,
            comment,
            format!("a `#` begins a comment, so this `{sign}` is never closed"),
            "all of this is a comment",
        )
        .help("if it is meant as text, put the text in quotes: `\"#…\"`")
        .also(open, "opened here");
    }
    Finding::error(
        code::SYNTAX,
        open,
        format!("a `{sign}` is opened and not closed"),
        "opened here",
    )
    .help(format!(
        "close it with `{close}`; if it is meant as text, put the text in quotes"
    ))
    .also(place, "this cannot stand inside it")
}

/// A comment on the line of a bracket that holds the sign which would close it.
fn comment_behind(text: &str, open: Place) -> Option<Place> {
    let start = open.start as usize;
    let line = text.get(start..)?.lines().next()?;
    let at = line.find(" #").or_else(|| line.find("\t#"))? + 1;
    let closed = line[at..].contains(['}', ']']);
    closed.then(|| Place::new(start + at, start + line.trim_end().len()))
}

#[cfg(test)]
mod tests {
    use crate::manifest::{Manifest, Read};

    /// The one finding of a manifest with `line` in a step, as (code, marked text), and its help.
    #[track_caller]
    fn trap(lines: &str) -> (&'static str, String, String) {
        let read = Manifest::read(
            "m",
            format!("steps:\n  版本:\n{lines}\n  b: {{list: {{}}}}\n").as_bytes(),
        );
        assert_eq!(read.findings.len(), 1, "{:#?}", read.findings);
        assert!(knows_b(&read));
        let finding = &read.findings[0];
        let short = finding.code.strip_prefix("ftpflow::yaml::").unwrap();
        (
            short,
            read.source.slice(finding.place).to_owned(),
            finding.help.clone().unwrap(),
        )
    }

    fn knows_b(read: &Read) -> bool {
        let steps = read
            .manifest
            .as_ref()
            .and_then(|manifest| manifest.steps.get());
        steps.is_some_and(|steps| {
            steps
                .iter()
                .any(|(name, step)| name == "b" && step.get().is_some())
        })
    }

    #[track_caller]
    fn expect(lines: &str, code: &str, marked: &str, cure: &str) {
        let (found, text, help) = trap(lines);
        assert_eq!((found, text.as_str()), (code, marked), "{lines}");
        assert!(help.contains(cure), "{help:?} lacks {cure:?}");
    }

    #[test]
    fn variables_in_flow_style_need_quotes() {
        expect(
            "    list: {path: ${vars.x}, server: b}",
            "unquoted_variable",
            "${vars.x}",
            "\"${vars.x}\"",
        );
        expect(
            "    filter: {include: [\"a\", *-${vars.x}.zip]}",
            "unknown_alias",
            "*-$",
            "\"*…\"",
        );
        expect(
            "    list: [${env.X:-geheim}]",
            "unquoted_variable",
            "${env.X:-geheim}",
            "\"${…}\"",
        );
    }

    #[test]
    fn patterns_need_quotes() {
        expect(
            "    filter: {include: *.zip}",
            "unknown_alias",
            "*.zip",
            "\"*.zip\"",
        );
        expect("    include: *", "unknown_alias", "*", "\"*\"");
        expect("    include: [*]", "unknown_alias", "*", "\"*\"");
        expect(
            "    include: [ab]*.zip",
            "unquoted_bracket",
            "[ab]*.zip",
            "\"[…]",
        );
        expect("    path: {a,b}/c", "unquoted_bracket", "{a,b}/c", "\"{…}");
        expect("    exclude: !x*", "tag", "!x*", "\"!…\"");
        expect("    exclude: [a, !b]", "tag", "!b", "\"!…\"");
    }

    #[test]
    fn full_width_signs_are_named() {
        expect("    list：{ server: b }", "full_width", "：", "ASCII colon");
        expect(
            "    host：1.2.3.4\n    user: x",
            "full_width",
            "：",
            "ASCII colon",
        );
        expect("    host：1.2.3.4", "full_width", "：", "ASCII colon");
        expect(
            "    user: x\n    host：1.2.3.4\n    port: 1",
            "full_width",
            "：",
            "ASCII colon",
        );
        expect(
            "    list: {server： b, path: x}",
            "full_width",
            "：",
            "ASCII colon",
        );
        expect(
            "    list: {server: b， path: x}",
            "full_width",
            "，",
            "ASCII comma",
        );
        expect("    needs: [a， b]", "full_width", "，", "ASCII comma");
    }

    #[test]
    fn full_width_signs_in_text_are_text() {
        let read = Manifest::read(
            "m",
            "description: 注意：别删，谢谢\nsteps: {a: {description: \"x：y，z\"}}\n".as_bytes(),
        );
        assert_eq!(read.findings, []);
    }

    #[test]
    fn tabs_are_shown() {
        expect("\tlist: {}", "tab", "\t", "two spaces");
        expect("    list:\n    \tserver: b", "tab", "\t", "two spaces");
    }

    #[test]
    fn reserved_signs_need_quotes() {
        for sign in ["%", "@", "`"] {
            expect(
                &format!("    into: {sign}Y"),
                "reserved_character",
                sign,
                &format!("\"{sign}…\""),
            );
        }
        expect("    password: &x", "empty_anchor", "password", "\"&…\"");
    }

    #[test]
    fn quotes_brackets_and_colons_are_shown_where_the_mistake_is() {
        expect("    into: 'x\n    from: y", "syntax", "'", "close it");
        expect(
            "    into: \"C:\\data\"",
            "syntax",
            "\"C:\\data\"",
            "single quotes",
        );
        expect("    into: 'a' b", "syntax", "b", "whole value");
        expect("    needs: [a, b\n    from: y", "syntax", "[", "`]`");
        expect("    list: {server: b\n    from: y", "syntax", "{", "`}`");
        expect(
            "    list: {server: b, path: #c }\n    from: y",
            "syntax",
            "#c }",
            "in quotes",
        );
        expect("    from:a\n    into: b", "syntax", ":", "`from: …`");
        expect("    into: a: b", "syntax", ":", "in quotes");
    }
}
