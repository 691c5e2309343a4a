//! What the builder has to say: one function a finding.

use super::code;
use super::finding::{Finding, Place};
use super::traps;
use super::tree::{MAX_DEPTH, MAX_NODES};

/// A key as it may be shown: without control characters, and cut.
pub(super) fn shown(key: &str) -> String {
    let mut shown = String::from_iter(
        key.chars()
            .take(40)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c }),
    );
    if key.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn duplicate(key: &str, place: Place, first: Place) -> Finding {
    Finding::error(
        code::DUPLICATE_KEY,
        place,
        format!("the key `{}` is in this map twice", shown(key)),
        "given again here",
    )
    .help("keep one of the two, or rename one")
    .also(first, "first given here")
}

pub(super) fn key_not_text(text: &str, place: Place) -> Finding {
    let braces = text
        .get(place.range())
        .is_some_and(|key| key.starts_with('{'));
    let help = if braces {
        "a value that begins with `{` must be in quotes: \"{…}\"; variables are written ${vars.NAME}"
    } else {
        "put it in quotes if it is meant as text: \"[…]\""
    };
    Finding::error(
        code::KEY_NOT_TEXT,
        place,
        "a list or map stands where a key is expected",
        "not a key",
    )
    .help(help)
}

pub(super) fn full_width_colon(text: &str, place: Place) -> Finding {
    traps::full_width_colon(sign(text, place, '：'))
}

pub(super) fn full_width_comma(text: &str, place: Place) -> Finding {
    let message = "a full-width comma `，` does not separate items";
    Finding::error(
        code::FULL_WIDTH,
        sign(text, place, '，'),
        message,
        "a full-width comma",
    )
    .help("write `, `, an ASCII comma; if the sign is meant as text, put the text in quotes")
}

/// The place of a sign inside a scalar.
fn sign(text: &str, place: Place, sign: char) -> Place {
    let found = text.get(place.range()).and_then(|scalar| scalar.find(sign));
    found.map_or(place, |at| {
        let start = place.start as usize + at;
        Place::new(start, start + sign.len_utf8())
    })
}

/// `host：…`: a word as fields have it, and a full-width colon.
pub(super) fn looks_like_a_key(text: &str) -> bool {
    let key = text.split_once('：').map(|(key, _)| key.trim());
    key.is_some_and(|key| {
        !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    })
}

pub(super) fn empty_anchor(place: Place) -> Finding {
    let message = "a value that begins with `&` is an anchor in YAML, and nothing is anchored here";
    Finding::error(code::EMPTY_ANCHOR, place, message, "this has no value")
        .help("put the value in quotes: \"&…\"")
}

pub(super) fn recursive_alias(place: Place) -> Finding {
    let message = "this alias stands inside the very value that it repeats";
    Finding::error(
        code::RECURSIVE_ALIAS,
        place,
        message,
        "would contain itself",
    )
    .help("repeat a value that ends before this line")
}

pub(super) fn too_deep(place: Place) -> Finding {
    let message = format!("lists and maps are nested more than {MAX_DEPTH} deep");
    Finding::error(code::TOO_DEEP, place, message, "one level too many")
        .help("look for a `[` or `{` that is never closed; a manifest needs five levels")
}

pub(super) fn too_many_values(place: Place) -> Finding {
    let message = format!("the manifest holds more than {MAX_NODES} values, aliases written out");
    Finding::error(code::TOO_MANY_VALUES, place, message, "one value too many")
        .help("aliases of aliases multiply; split the manifest, or choose files by a pattern")
}
