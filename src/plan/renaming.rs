//! `rename:` as it is written: an expression, and a text in which groups and variables stand.

use super::codes;
use super::context::Context;
use super::variables::Bound;
use crate::files::{Rename, Renaming};
use crate::manifest::{Path, Slot, model};

/// What stands for `$`, `{` and `}` of a group while variables are put in: signs of one byte, so that places stay right, and
/// that no manifest can hold.
const MASKS: [(char, char); 3] = [('$', '\u{1}'), ('{', '\u{2}'), ('}', '\u{3}')];

/// Reads a `rename:`; none where something is wrong with it.
pub(super) fn rename(
    context: &mut Context<'_>,
    slot: &Slot<model::Rename>,
    parent: &Path,
) -> Option<Rename> {
    let at = parent.key("rename");
    let map = context.slot(slot, || at.clone(), "a map with `match` and `to`")?;
    context.unknown_keys::<model::Rename>(&map.unknown, &at);
    for (key, absent, help) in [
        (
            "match",
            map.r#match.is_absent(),
            "write `match: REGEX`, such as `'\\.tmp$'`",
        ),
        (
            "to",
            map.to.is_absent(),
            "write `to: TEXT`, in which `$1` is the first group of `match`",
        ),
    ] {
        if absent {
            context.required(&at, key, help);
        }
    }
    let pattern = context.text(&map.r#match, &at, "match");
    let to = replacement(context, &map.to, &at);
    let (pattern, (to, groups)) = (pattern?, to?);
    let rename = Rename {
        pattern: pattern.text.clone(),
        to,
    };
    if !pattern.unknown {
        let ready = ready(context, &rename, &pattern, &at)?;
        known_groups(context, &ready, &groups, &at)?;
    }
    Some(rename)
}

fn ready(
    context: &mut Context<'_>,
    rename: &Rename,
    pattern: &Bound,
    at: &Path,
) -> Option<Renaming> {
    let error = match rename.ready() {
        Ok(ready) => return Some(ready),
        Err(error) => error.to_string(),
    };
    let why = error.lines().last().unwrap_or_default();
    let message = match pattern.outside {
        true => "this cannot be read as a regular expression".to_owned(),
        false => format!("this cannot be read as a regular expression: {why}"),
    };
    let help = "put `\\` before `. + * ? ( ) [ ] { } | ^ $` where it is part of a name, and single quotes around the whole";
    let path = at.key("match");
    context.error(codes::VALUE_PATTERN, &path, message, "cannot be read", help);
    None
}

/// The text of `to` as the regex crate takes it, and the groups in it.
fn replacement(
    context: &mut Context<'_>,
    slot: &Slot<String>,
    at: &Path,
) -> Option<(String, Vec<String>)> {
    let path = at.key("to");
    let written = context.slot(slot, || path.clone(), "text")?;
    let (masked, groups) = masked(written);
    let bound = context.bind(&masked, || path.clone());
    if bound.text.contains('/') && !bound.unknown {
        let message = "`to` is a name, and this holds a `/`";
        let help = "`rename` changes the last part of a path; folders are chosen by `into`";
        context.error(codes::VALUE_BAD, &path, message, "not a name", help);
        return None;
    }
    Some((unmasked(&bound.text), groups))
}

/// Takes groups (`$1`, `${1}`, `${name}`) out of the way of variables.
fn masked(text: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(text.len());
    let mut groups = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("$${") {
            out.push_str("$${");
            rest = &rest[3..];
            continue;
        }
        match group(rest) {
            Some((name, length)) => {
                let written = &rest[..length];
                let hidden = |c: char| {
                    MASKS
                        .iter()
                        .find(|(sign, _)| *sign == c)
                        .map_or(c, |(_, mask)| *mask)
                };
                out.extend(written.chars().map(hidden));
                groups.push(name.to_owned());
                rest = &rest[length..];
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    (out, groups)
}

/// The group at the beginning of a text, and how long it is written.
fn group(text: &str) -> Option<(&str, usize)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inside) = text.strip_prefix("${") {
        let end = inside.find('}')?;
        let name = &inside[..end];
        return (!name.is_empty() && name.chars().all(is_word)).then_some((name, end + 3));
    }
    let digits = &text[1..];
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    (end > 0).then(|| (&digits[..end], end + 1))
}

/// `$` is a sign like others, but where a group stands: `${1}` also for `$1`, behind which a letter may follow.
fn unmasked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '$' => out.push_str("$$"),
            '\u{1}' if chars.peek() == Some(&'\u{2}') => out.push('$'),
            '\u{1}' => {
                out.push_str("${");
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    out.push(digit);
                }
                out.push('}');
            }
            '\u{2}' => out.push('{'),
            '\u{3}' => out.push('}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether `match` has all groups that `to` names.
fn known_groups(
    context: &mut Context<'_>,
    ready: &Renaming,
    groups: &[String],
    at: &Path,
) -> Option<()> {
    let (last, names) = ready.groups();
    let known = |group: &&String| match group.parse::<usize>() {
        Ok(number) => number <= last,
        Err(_) => names.contains(&group.as_str()),
    };
    let Some(missing) = groups.iter().find(|group| !known(group)) else {
        return Some(());
    };
    let message = format!("`match` has no group `{missing}`");
    let help = match (last, names.is_empty()) {
        (0, _) => "put what is to be kept in brackets in `match`: `(…)` is `$1`, `(?<name>…)` is `${name}`".to_owned(),
        (last, true) => format!("its groups are `$1` to `${last}`; `$0` is all that matched"),
        (last, false) => format!("its groups are `$1` to `${last}`, and by name {}", names.join(", ")),
    };
    let path = at.key("to");
    context.error(codes::VALUE_PATTERN, &path, message, "no such group", help);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_beside_variables_and_other_signs() {
        let (text, groups) = masked("a$1b-${name}-${vars.x}-$$${y}-$ ${2}$");
        assert_eq!(groups, ["1", "name", "2"]);
        assert!(
            text.contains("${vars.x}") && text.contains("$${y}"),
            "{text:?}"
        );
        assert_eq!(text.len(), "a$1b-${name}-${vars.x}-$$${y}-$ ${2}$".len());
        assert_eq!(
            unmasked(&text.replace("${vars.x}", "5$").replace("$${y}", "${y}")),
            "a${1}b-${name}-5$$-$$$${y}-$$ ${2}$$"
        );
    }
}
