//! The syntax of `${…}`: a text taken apart into literal pieces, references, and what cannot be read.

use std::ops::Range;

use chrono::format::{Item, StrftimeItems};

use crate::manifest::suggest;

/// A text taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template<'a> {
    /// In order; literal pieces are never empty.
    pub(super) pieces: Vec<Piece<'a>>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Stands for itself.
    Literal(&'a str),
    /// A `${…}` and where it stands in the text, in bytes.
    Reference(Reference<'a>, Range<usize>),
    /// A `${…}` that cannot be read.
    Flaw(Flaw, Range<usize>),
}

/// What a `${…}` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// `${vars.NAME}`
    Var { name: &'a str },
    /// `${env.NAME}`, `${env.NAME:-default}`
    Env {
        name: &'a str,
        default: Option<&'a str>,
    },
    /// `${file.PATH}`
    File { path: &'a str },
    /// `${run.date}`, moved by some seconds, in a chrono format.
    Date { shift: i64, format: &'a str },
    /// `${run.id}`
    RunId,
}

/// What is wrong with a `${…}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: String,
    /// Whether it is a name kept for later versions.
    pub(super) reserved: bool,
}

const SPACES: [&str; 4] = ["vars", "env", "file", "run"];
const RESERVED: [&str; 3] = ["step", "server", "matrix"];
const DATE: &str = "%Y-%m-%d";

impl<'a> Template<'a> {
    /// Takes a text apart. `$${` is a literal `${`; a `$` before anything else stands for itself.
    pub(super) fn parse(text: &'a str) -> Template<'a> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${").map(|offset| at + offset) {
            if found > at && text.as_bytes()[found - 1] == b'$' {
                literal(&mut pieces, &text[at..found - 1]);
                literal(&mut pieces, "${");
                at = found + 2;
                continue;
            }
            literal(&mut pieces, &text[at..found]);
            let (piece, end) = reference(text, found);
            pieces.push(piece);
            at = end;
        }
        literal(&mut pieces, &text[at..]);
        Template { pieces }
    }

    /// All references that could be read.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference<'a>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Reference(reference, _) => Some(reference),
            Piece::Literal(_) | Piece::Flaw(..) => None,
        })
    }
}

fn literal<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text));
    }
}

fn reference(text: &str, start: usize) -> (Piece<'_>, usize) {
    let body_start = start + 2;
    let rest = &text[body_start..];
    let close = rest.find('}');
    if let Some(inner) = rest.find("${")
        && close.is_none_or(|close| inner < close)
    {
        let fault = fault(
            "a `${…}` cannot stand inside another one",
            "give the inner one a name under `vars:` and use that",
        );
        // The text up to the outer end is skipped, so that one mistake is one finding.
        let end = outer_end(rest).map_or(text.len(), |end| body_start + end);
        return (Piece::Flaw(fault, start..end), end);
    }
    let Some(close) = close else {
        let fault = fault(
            "this `${` is never closed",
            "close it with `}`, or write `$${` for a literal `${`",
        );
        return (Piece::Flaw(fault, start..text.len()), text.len());
    };
    let end = body_start + close + 1;
    let piece = match body(&rest[..close]) {
        Ok(reference) => Piece::Reference(reference, start..end),
        Err(fault) => Piece::Flaw(fault, start..end),
    };
    (piece, end)
}

fn outer_end(rest: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

fn body(body: &str) -> Result<Reference<'_>, Flaw> {
    let (space, name) = body.split_once('.').unwrap_or((body, ""));
    match space {
        "vars" if !name.is_empty() => Ok(Reference::Var { name }),
        "env" => env(name),
        "file" if !name.is_empty() => Ok(Reference::File { path: name }),
        "run" => run(name),
        "vars" | "file" => Err(fault(
            format!("`${{{space}.…}}` has no name"),
            format!("write `${{{space}.NAME}}`"),
        )),
        _ if RESERVED.contains(&space) => Err(Flaw {
            message: format!("`${{{space}…}}` is reserved for a later version"),
            help: "use `${vars…}`, `${env…}`, `${file…}` or `${run…}`".into(),
            reserved: true,
        }),
        _ => Err(unknown_space(space, body)),
    }
}

fn env(name: &str) -> Result<Reference<'_>, Flaw> {
    let (name, default) = match name.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (name, None),
    };
    let good = |c: char| c.is_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(good) {
        return Err(fault(
            "the name of an environment variable is letters, digits and `_`",
            "write `${env.NAME}`, or with a default `${env.NAME:-default}`",
        ));
    }
    Ok(Reference::Env { name, default })
}

fn run(name: &str) -> Result<Reference<'_>, Flaw> {
    if name == "id" {
        return Ok(Reference::RunId);
    }
    let Some(rest) = name.strip_prefix("date") else {
        return Err(fault(
            "`run` has only `${run.date}` and `${run.id}`",
            "write `${run.date}`, `${run.date:%Y%m%d}`, `${run.date-1d:%Y%m%d}` or `${run.id}`",
        ));
    };
    let (shift, format) = match rest.split_once(':') {
        Some((shift, format)) => (shift, format),
        None => (rest, DATE),
    };
    Ok(Reference::Date {
        shift: date_shift(shift)?,
        format: date_format(format)?,
    })
}

fn date_shift(text: &str) -> Result<i64, Flaw> {
    if text.is_empty() {
        return Ok(0);
    }
    let wrong = || {
        fault(
            "the date cannot be moved by this",
            "write `${run.date-1d}` or `${run.date+12h}`",
        )
    };
    let sign = match text.as_bytes()[0] {
        b'-' => -1,
        b'+' => 1,
        _ => return Err(wrong()),
    };
    let duration = humantime::parse_duration(&text[1..]).map_err(|_| wrong())?;
    let seconds = i64::try_from(duration.as_secs()).map_err(|_| wrong())?;
    Ok(sign * seconds)
}

/// chrono panics when a format that it does not know is displayed, so it is looked through first.
fn date_format(format: &str) -> Result<&str, Flaw> {
    let known = !StrftimeItems::new(format).any(|item| matches!(item, Item::Error));
    if known && !format.is_empty() {
        return Ok(format);
    }
    Err(fault(
        "this date format cannot be read",
        "use strftime's letters, such as `%Y%m%d` or `%H-%M`",
    ))
}

fn unknown_space(space: &str, body: &str) -> Flaw {
    let help = match suggest(space, SPACES) {
        Some(meant) => format!("did you mean `${{{meant}.…}}`?"),
        None if !body.is_empty() && !body.contains('.') => {
            format!("did you mean `${{vars.{body}}}` or `${{env.{body}}}`?")
        }
        None => "there are `${vars.NAME}`, `${env.NAME}`, `${file.PATH}`, `${run.date}` and `${run.id}`; \
                 `$${` is a literal `${`"
            .into(),
    };
    fault("this `${…}` is of an unknown sort", help)
}

fn fault(message: impl Into<String>, help: impl Into<String>) -> Flaw {
    Flaw {
        message: message.into(),
        help: help.into(),
        reserved: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Piece<'_> {
        let mut pieces = Template::parse(text).pieces;
        assert_eq!(pieces.len(), 1, "{pieces:?}");
        pieces.remove(0)
    }

    #[test]
    fn every_sort_of_reference_is_read() {
        let cases: [(&str, Reference<'_>); 7] = [
            ("${vars.a-b}", Reference::Var { name: "a-b" }),
            (
                "${env.A}",
                Reference::Env {
                    name: "A",
                    default: None,
                },
            ),
            (
                "${env.A:-x y}",
                Reference::Env {
                    name: "A",
                    default: Some("x y"),
                },
            ),
            (
                "${file./run/secrets/p.w}",
                Reference::File {
                    path: "/run/secrets/p.w",
                },
            ),
            (
                "${run.date}",
                Reference::Date {
                    shift: 0,
                    format: DATE,
                },
            ),
            (
                "${run.date-1d:%Y%m%d}",
                Reference::Date {
                    shift: -86_400,
                    format: "%Y%m%d",
                },
            ),
            ("${run.id}", Reference::RunId),
        ];
        for (text, expected) in cases {
            assert_eq!(one(text), Piece::Reference(expected, 0..text.len()));
        }
    }

    #[test]
    fn literals_keep_their_dollars() {
        let pieces = Template::parse("a$b $${vars.x} $").pieces;
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => *text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(text, "a$b ${vars.x} $");
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        let cases = [
            ("${HOME}", "did you mean `${vars.HOME}` or `${env.HOME}`?"),
            ("${var.x}", "did you mean `${vars.…}`?"),
            (
                "${env.A",
                "close it with `}`, or write `$${` for a literal `${`",
            ),
            (
                "${run.date:%Q}",
                "use strftime's letters, such as `%Y%m%d` or `%H-%M`",
            ),
            (
                "${run.date-soon}",
                "write `${run.date-1d}` or `${run.date+12h}`",
            ),
            (
                "${env.A:-${vars.b}}",
                "give the inner one a name under `vars:` and use that",
            ),
        ];
        for (text, help) in cases {
            let Piece::Flaw(fault, range) = one(text) else {
                panic!("{text}");
            };
            assert_eq!(fault.help, help);
            assert_eq!(range, 0..text.len());
        }
        assert!(matches!(
            one("${matrix.a}"),
            Piece::Flaw(Flaw { reserved: true, .. }, _)
        ));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_ranges_are_on_characters(text in "([$]|[{]|[}]|run[.]date|[%:.-]|中|[a-z]){0,12}") {
            for piece in Template::parse(&text).pieces {
                if let Piece::Reference(_, range) | Piece::Flaw(_, range) = piece {
                    prop_assert!(text.get(range).is_some());
                }
            }
        }
    }
}
