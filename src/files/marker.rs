//! The marker of a file: another file, whose name follows from its own, that says it is whole.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::encoding::NameEncoding;

/// How a file's own marker is called. Plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker(Vec<MarkerPart>);

/// A part of such a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerPart {
    /// This text.
    Text(String),
    /// The file's name.
    Name,
    /// The same without its ending: what stands before the last dot, unless that is its first character.
    Stem,
}

impl Marker {
    /// A marker of these parts, in their order.
    pub fn new(parts: Vec<MarkerPart>) -> Marker {
        Marker(parts)
    }

    /// Its parts.
    pub fn parts(&self) -> &[MarkerPart] {
        &self.0
    }

    /// The name of the marker of a file, beside it, in bytes of its side; none where its side has no bytes for a text.
    pub fn of(&self, name: &[u8], encoding: NameEncoding) -> Option<Vec<u8>> {
        let mut marker = Vec::with_capacity(name.len() + 8);
        for part in &self.0 {
            match part {
                MarkerPart::Text(text) => marker.extend_from_slice(&encoding.encode(text).ok()?),
                MarkerPart::Name => marker.extend_from_slice(name),
                MarkerPart::Stem => marker.extend_from_slice(stem(name)),
            }
        }
        Some(marker)
    }
}

fn stem(name: &[u8]) -> &[u8] {
    let dot = name.iter().rposition(|byte| *byte == b'.');
    &name[..dot.filter(|at| *at > 0).unwrap_or(name.len())]
}

impl fmt::Display for Marker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            MarkerPart::Text(text) => out.write_str(text),
            MarkerPart::Name => out.write_str("${name}"),
            MarkerPart::Stem => out.write_str("${stem}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> MarkerPart {
        MarkerPart::Text(text.into())
    }

    #[test]
    fn a_marker_is_called_after_its_file() {
        let auto = NameEncoding::Auto;
        let done = Marker::new(vec![MarkerPart::Name, text(".done")]);
        assert_eq!(done.of(b"a\xff.csv", auto).unwrap(), b"a\xff.csv.done");
        assert_eq!(done.to_string(), "${name}.done");
        let ok = Marker::new(vec![text("."), MarkerPart::Stem, text(".ok")]);
        assert_eq!(ok.of(b"a.tar.gz", auto).unwrap(), b".a.tar.ok");
        assert_eq!(ok.of(b".hidden", auto).unwrap(), b"..hidden.ok");
        assert_eq!(ok.of(b"README", auto).unwrap(), b".README.ok");
    }

    #[test]
    fn a_text_that_the_side_cannot_write_is_the_name_of_no_marker() {
        let latin = NameEncoding::for_label("windows-1252").unwrap();
        let marker = Marker::new(vec![MarkerPart::Name, text("完")]);
        assert_eq!(marker.of(b"a", latin), None);
        let gbk = NameEncoding::for_label("gbk").unwrap();
        assert_eq!(marker.of(b"a", gbk).unwrap(), b"a\xcd\xea");
    }
}
