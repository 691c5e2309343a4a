//! JSON as all our sinks write it: exact, and plain to look at.
//!
//! What a terminal or a log would obey, and what nobody sees, stands as `\u…` (RFC 8259 §7): readers get the very text, and
//! a name turns no line round. So does the second `#` of `##[`, which GitHub Actions obeys anywhere in a line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::text::harmful;

/// A document over several lines, without a break at its end.
///
/// # Errors
/// Those of the writer.
pub(super) fn pretty(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Plain(PrettyFormatter::new());
    let mut serializer = Serializer::with_formatter(out, formatter);
    Ok(value.serialize(&mut serializer)?)
}

/// One line, with its break.
///
/// # Errors
/// Those of the writer.
pub(super) fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = Vec::with_capacity(256);
    let mut serializer = Serializer::with_formatter(&mut line, Plain(CompactFormatter));
    value.serialize(&mut serializer)?;
    line.push(b'\n');
    out.write_all(&line)
}

/// A formatter whose strings are plain.
struct Plain<F>(F);

impl<F: Formatter> Formatter for Plain<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut from = 0;
        let mut before = ' ';
        for (at, character) in fragment.char_indices() {
            if harmful(character) || (before, character) == ('#', '#') {
                out.write_all(&fragment.as_bytes()[from..at])?;
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
                from = at + character.len_utf8();
            }
            before = character;
        }
        out.write_all(&fragment.as_bytes()[from..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_exactly_and_command_nothing() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{e0041}\u{ffff}版本 \"##[group]\n";
        let mut out = Vec::new();
        line(&mut out, &text).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert_eq!(
            written,
            "\"a\\u007f\\u009b\\u202e\\udb40\\udc41\\uffff版本 \\\"#\\u0023[group]\\n\"\n"
        );
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        let mut out = Vec::new();
        pretty(&mut out, &serde_json::json!({ "a": [text] })).unwrap();
        let back: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(back["a"][0], text);
    }
}
