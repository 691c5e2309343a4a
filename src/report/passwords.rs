//! Where passwords stand in a manifest, as far as its text tells: also one that could not be read is not shown.

use super::redact::Redactor;
use crate::manifest::{Place, Source, suggest};

/// The bytes of a line that must not be shown: values of `password:` keys that are written there, and known secrets.
///
/// A manifest that is broken has no tree, so this looks at the text; better too much is masked than too little.
pub(super) fn on_line(source: &Source, number: usize, redactor: &Redactor) -> Vec<(usize, usize)> {
    let place = source.line(number);
    let line = source.slice(place);
    let start = place.start as usize;
    let mut found: Vec<(usize, usize)> = values(line)
        .chain(in_address(line))
        .chain(continued(source, number))
        .chain(redactor.words(line.as_bytes()))
        .map(|(from, to)| (start + from, start + to))
        .collect();
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

/// Values behind `password`, or what was meant to be that, and a colon.
fn values(line: &str) -> impl Iterator<Item = (usize, usize)> {
    let colons = line.match_indices([':', '：']);
    colons.filter_map(move |(at, colon)| {
        let key = line[..at].trim_end_matches(['"', '\'', ' ', '\t']);
        let begin = key.rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        let begin = begin.map_or(0, |at| {
            at + key[at..].chars().next().map_or(1, char::len_utf8)
        });
        if !is_password(&key[begin..]) {
            return None;
        }
        let value = line[at + colon.len()..].trim_start_matches([' ', '\t']);
        let from = line.len() - value.len();
        let flow = line[..at].matches('{').count() > line[..at].matches('}').count();
        let to = from + value_length(value, flow);
        (from < to && !is_reference(&line[from..to])).then_some((from, to))
    })
}

/// Whether a key is `password`, a misspelling or another word for it.
fn is_password(key: &str) -> bool {
    matches!(key, "pwd" | "passphrase" | "secret") || suggest(key, ["password"]).is_some()
}

/// The password of an address, `ftp://user:password@host`.
fn in_address(line: &str) -> Option<(usize, usize)> {
    let begin = line.find("://")? + 3;
    let rest = &line[begin..];
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '/')
        .unwrap_or(rest.len());
    let user = rest[..end].rfind('@')?;
    let colon = rest[..user].find(':')? + 1;
    (colon < user).then_some((begin + colon, begin + user))
}

/// So many bytes on either side of a place are searched: a manifest may be one line of megabytes, with a mistake in each step.
const NEAR: usize = 512;

/// What stands for a password on the line where a place begins, near it: it must not be repeated in words about it either.
pub(super) fn near(source: &Source, place: Place) -> Vec<String> {
    let text = source.text();
    let (start, end) = (place.start as usize, place.end as usize);
    let from = text.floor_char_boundary(start.saturating_sub(NEAR));
    let to = text.ceil_char_boundary(end.saturating_add(NEAR).min(text.len()));
    let before = text[from..start]
        .rfind(['\n', '\r'])
        .map_or(from, |at| from + at + 1);
    let line = text[before..to].lines().next().unwrap_or_default();
    let found = values(line).chain(in_address(line));
    let values = found.flat_map(|(from, to)| {
        let value = line[from..to].trim_matches(['"', '\'']);
        std::iter::once(value).chain(value.split(','))
    });
    values
        .filter(|value| value.len() > 3)
        .map(str::to_owned)
        .collect()
}

/// The bytes of a value: to its closing quote, to the end of its entry in a flow map, else to the end of the line.
fn value_length(value: &str, flow: bool) -> usize {
    let quote = value
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let close = value[1..].find(quote);
        // A doubled or escaped quote goes on: then all of the line is masked.
        return match close.map(|at| at + 2) {
            Some(end) if !value[..end - 1].ends_with('\\') && !value[end..].starts_with(quote) => {
                end
            }
            _ => value.len(),
        };
    }
    let reference = value.find('}').map(|at| at + 1);
    match reference.filter(|&end| value.starts_with("${") && is_reference(&value[..end])) {
        Some(end) => end,
        None if flow => entry_length(value),
        None => value.trim_end().len(),
    }
}

/// A comma ends an entry, but one inside a word was meant as a part of it.
fn entry_length(value: &str) -> usize {
    let end = value.find('}').unwrap_or(value.len());
    let comma = value[..end].find(", ");
    value[..comma.unwrap_or(end)].trim_end().len()
}

/// Whether a value only names where the password is found, as `${env.NAME}`, or is the beginning of a block.
fn is_reference(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let block = value.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'));
    if matches!(block, "|" | ">") {
        return true;
    }
    let Some(inner) = value.strip_prefix("${") else {
        return false;
    };
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let named = inner
        .strip_prefix("env.")
        .or_else(|| inner.strip_prefix("vars."));
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    named.is_some_and(|name| !name.is_empty() && !name.contains(":-") && name.chars().all(plain))
        || inner
            .strip_prefix("file.")
            .is_some_and(|path| !path.contains("${"))
}

/// All of a line that goes on with the value of a `password:` above it: a block, or a scalar of several lines.
fn continued(source: &Source, number: usize) -> Option<(usize, usize)> {
    let line = source.slice(source.line(number));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mine = indent(line);
    if line.trim().is_empty() {
        return None;
    }
    for above in (1..number).rev().take(64) {
        let other = source.slice(source.line(above));
        if other.trim().is_empty() || indent(other) >= mine {
            continue;
        }
        let key = other.trim_start().trim_start_matches(['-', ' ', '"', '\'']);
        let word = key.split([':', '：']).next().unwrap_or_default();
        let word = word.trim_end_matches(['"', '\'', ' ']);
        let hidden = key.starts_with("password") || is_password(word);
        return hidden.then_some((mine, line.len()));
    }
    None
}
