//! `--env-file`: lines of `KEY=VALUE`, as Docker Compose and direnv read them.

use std::collections::BTreeMap;

use thiserror::Error;

/// What is wrong with a line. The line itself is not quoted: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub(super) struct EnvFileError {
    /// From 1.
    line: usize,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum Problem {
    #[error("there is no `=`")]
    NoValue,
    #[error("the name before `=` is not letters, digits and `_`")]
    Name,
    #[error("the quote is not closed on its line")]
    Quote,
    #[error("something stands behind the closing quote")]
    AfterQuote,
}

/// Reads a file's text. Empty lines and lines that begin with `#` are left out; `export ` may stand before a name; the last
/// of two equal names wins. In double quotes `\n`, `\t`, `\r`, `\\`, `\"` and `\$` are escapes, in single quotes nothing is;
/// without quotes the value ends before a ` #`.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, EnvFileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut values = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = entry(line).map_err(|problem| EnvFileError {
            line: at + 1,
            problem,
        })?;
        values.insert(name, value);
    }
    Ok(values)
}

fn entry(line: &str) -> Result<(String, String), Problem> {
    let exported = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']));
    let (name, value) = exported
        .unwrap_or(line)
        .split_once('=')
        .ok_or(Problem::NoValue)?;
    let name = name.trim();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(part) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(Problem::Name);
    }
    Ok((name.to_owned(), unquoted(value.trim_start())?))
}

fn unquoted(value: &str) -> Result<String, Problem> {
    let (text, rest) = match value.chars().next() {
        Some('\'') => value[1..]
            .split_once('\'')
            .map(|(text, rest)| (text.to_owned(), rest))
            .ok_or(Problem::Quote)?,
        Some('"') => double_quoted(&value[1..])?,
        _ => return Ok(plain(value).to_owned()),
    };
    let rest = rest.trim_start();
    match rest.is_empty() || rest.starts_with('#') {
        true => Ok(text),
        false => Err(Problem::AfterQuote),
    }
}

/// A value without quotes: up to a `#` that stands behind a blank, or first.
fn plain(value: &str) -> &str {
    let comment = value
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|&at| value[..at].is_empty() || value[..at].ends_with([' ', '\t']));
    comment.map_or(value, |at| &value[..at]).trim_end()
}

fn double_quoted(value: &str) -> Result<(String, &str), Problem> {
    let mut text = String::new();
    let mut characters = value.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((text, &value[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, escaped @ ('\\' | '"' | '$'))) => text.push(escaped),
                Some((_, other)) => text.extend(['\\', other]),
                None => return Err(Problem::Quote),
            },
            _ => text.push(character),
        }
    }
    Err(Problem::Quote)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_comments_and_export_are_understood() {
        let text = "\u{feff}# first\nA=1\n export B = two words # note\nC='a # \"b'\nD=\"x\\n\\\"\\$ # y\" # z\nE=\nF=a#b\r\nA=2\nG=#x\n";
        let values = parse(text).unwrap();
        let expected = [
            ("A", "2"),
            ("B", "two words"),
            ("C", "a # \"b"),
            ("D", "x\n\"$ # y"),
            ("E", ""),
            ("F", "a#b"),
            ("G", ""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(values, BTreeMap::from(expected));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line_and_never_quoted() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(error("A=1\nhunter2"), "line 2: there is no `=`");
        assert_eq!(
            error("A B=1"),
            "line 1: the name before `=` is not letters, digits and `_`"
        );
        assert_eq!(
            error("A=\"x"),
            "line 1: the quote is not closed on its line"
        );
        assert_eq!(
            error("A='x' y"),
            "line 1: something stands behind the closing quote"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn single_quotes_keep_everything(value in "[^'\r\n]*") {
            let values = parse(&format!("A='{value}'")).unwrap();
            prop_assert_eq!(&values["A"], &value);
        }
    }
}
