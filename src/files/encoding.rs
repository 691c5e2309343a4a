//! How the bytes of a name become text and back.

use std::borrow::Cow;
use std::fmt::Write as _;

use encoding_rs::{Encoding, UTF_8};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The encoding of a side's file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameEncoding {
    /// UTF-8 where the bytes are UTF-8; otherwise every byte is kept as it is.
    #[default]
    Auto,
    /// A WHATWG encoding, declared in the manifest.
    Declared(&'static Encoding),
}

impl Serialize for NameEncoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

impl<'de> Deserialize<'de> for NameEncoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NameEncoding, D::Error> {
        let label = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("`{label}` is no encoding of names"));
        NameEncoding::for_label(&label).ok_or_else(unknown)
    }
}

/// The text of a name, and whether it says all that the bytes said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Text for people, patterns and translation; a byte that is no text stands as `%XX`.
    pub text: Cow<'a, str>,
    /// Whether every byte was text in this encoding.
    pub exact: bool,
}

impl NameEncoding {
    /// Reads `auto` or a WHATWG label (`gbk`, `shift_jis`, …).
    ///
    /// Labels whose bytes are not a superset of ASCII (`utf-16`, `iso-2022-jp`, `replacement`) are unknown
    /// here: a path in them cannot be taken apart at `/`.
    pub fn for_label(label: &str) -> Option<NameEncoding> {
        if label.eq_ignore_ascii_case("auto") {
            return Some(NameEncoding::Auto);
        }
        let encoding = Encoding::for_label(label.as_bytes())?;
        encoding
            .is_ascii_compatible()
            .then_some(NameEncoding::Declared(encoding))
    }

    /// The name shown to people: `auto`, or the canonical WHATWG name.
    pub fn label(self) -> &'static str {
        match self {
            NameEncoding::Auto => "auto",
            NameEncoding::Declared(encoding) => encoding.name(),
        }
    }

    /// The text of the bytes of a name.
    pub fn decode(self, bytes: &[u8]) -> Decoded<'_> {
        let encoding = match self {
            NameEncoding::Auto => UTF_8,
            NameEncoding::Declared(encoding) => encoding,
        };
        match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => Decoded { text, exact: true },
            None => Decoded {
                text: Cow::Owned(escape_bad_bytes(encoding, bytes)),
                exact: false,
            },
        }
    }

    /// The bytes of a text; the first character that the encoding has no bytes for is the error.
    ///
    /// encoding_rs would write `&#20013;` in its place and go on, so its flag is looked at.
    pub fn encode(self, text: &str) -> Result<Cow<'_, [u8]>, char> {
        let NameEncoding::Declared(encoding) = self else {
            return Ok(Cow::Borrowed(text.as_bytes()));
        };
        let (bytes, _, unmappable) = encoding.encode(text);
        if unmappable {
            return Err(first_unmappable(encoding, text));
        }
        Ok(Cow::Owned(bytes.into_owned()))
    }
}

fn first_unmappable(encoding: &'static Encoding, text: &str) -> char {
    let mut buffer = [0; 4];
    text.chars()
        .find(|c| encoding.encode(c.encode_utf8(&mut buffer)).2)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Decodes what can be decoded and writes each other byte as `%XX`.
fn escape_bad_bytes(encoding: &'static Encoding, bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    let mut at = 0;
    while at < bytes.len() {
        match next_character(encoding, &bytes[at..]) {
            Some((text, length)) => {
                out.push_str(&text);
                at += length;
            }
            None => {
                let _ = write!(out, "%{:02X}", bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// The shortest run of at most four bytes that is text by itself.
fn next_character(encoding: &'static Encoding, bytes: &[u8]) -> Option<(String, usize)> {
    (1..=bytes.len().min(4)).find_map(|length| {
        let text =
            encoding.decode_without_bom_handling_and_without_replacement(&bytes[..length])?;
        Some((text.into_owned(), length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_names_become_text_and_back() {
        let gbk = NameEncoding::for_label("GBK").unwrap();
        let bytes = gbk.encode("版本").unwrap().into_owned();
        assert_eq!(bytes, [0xb0, 0xe6, 0xb1, 0xbe]);
        assert_eq!(gbk.decode(&bytes).text, "版本");
    }

    #[test]
    fn bad_bytes_are_shown_as_percent_and_marked() {
        let decoded = NameEncoding::Auto.decode(b"a\xff\xe4\xb8\xad.txt");
        assert_eq!(decoded.text, "a%FF中.txt");
        assert!(!decoded.exact);
    }

    #[test]
    fn a_character_without_bytes_is_an_error() {
        let latin = NameEncoding::for_label("windows-1252").unwrap();
        assert_eq!(latin.encode("a中b"), Err('中'));
    }

    #[test]
    fn encodings_that_are_no_superset_of_ascii_are_unknown() {
        assert_eq!(NameEncoding::for_label("utf-16"), None);
        assert_eq!(NameEncoding::for_label("iso-2022-jp"), None);
        assert_eq!(NameEncoding::for_label("nonsense"), None);
    }
}
