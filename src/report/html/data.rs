//! What the page's script reads: JSON in an element that no browser runs, and that no name in it can end.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::report::chronicle::Chronicle;
use crate::report::json_text;
use crate::report::origins::Origins;
use crate::report::record::{Record, StepRecord};
use crate::report::redact::Redactor;

#[derive(Serialize)]
struct Step<'a> {
    name: &'a str,
    kind: &'a str,
    implicit: bool,
    origin: String,
    result: &'static str,
    started_ms: Option<u64>,
    ended_ms: Option<u64>,
}

/// A writer for JSON inside of `<script>`: what begins a tag or a comment stands as `\u…`, which only strings hold (HTML,
/// §4.12.1.3).
struct Inert<'a>(&'a mut dyn Write);

impl Write for Inert<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.chunk_by(|_, &next| !ends(next)) {
            match part.split_first() {
                Some((&first, rest)) if ends(first) => {
                    write!(self.0, "\\u{first:04x}")?;
                    self.0.write_all(rest)?;
                }
                _ => self.0.write_all(part)?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether a byte may begin or end something in HTML.
fn ends(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'&')
}

/// Writes the element.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
    chronicle: &Chronicle,
) -> io::Result<()> {
    writeln!(out, "<script id=\"data\" type=\"application/json\">")?;
    let inert = &mut Inert(out);
    let (elapsed, omitted) = (record.elapsed_ms, chronicle.omitted());
    write!(
        inert,
        "{{\"elapsed_ms\":{elapsed},\"omitted\":{omitted},\"steps\":"
    )?;
    let steps = record.steps().map(|step| as_json(step, origins, redactor));
    json_text::line(inert, &steps.collect::<Vec<_>>())?;
    write!(inert, ",\"sessions\":")?;
    chronicle.write_sessions(inert)?;
    write!(inert, ",\"files\":[")?;
    chronicle.write_rows(inert)?;
    writeln!(inert, "]}}")?;
    writeln!(out, "</script>")
}

fn as_json<'a>(step: StepRecord<'a>, origins: &Origins, redactor: &Redactor) -> Step<'a> {
    Step {
        name: &step.head.name,
        kind: step.head.kind.word(),
        implicit: step.head.implicit,
        origin: redactor
            .line(&origins.position(&step.head.origin))
            .into_owned(),
        result: step.result().0,
        started_ms: step.tally.started_ms,
        ended_ms: step.tally.ended_ms,
    }
}

/// What a policy of contents (CSP 3, §2.3.1) knows the one script by that may run: `sha256-…`
pub(super) fn hash(script: &str) -> String {
    let sum = Sha256::digest(script.as_bytes());
    format!("sha256-{}", base64(&sum))
}

/// RFC 4648, §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) as usize & 63;
            text.push(if place <= three.len() {
                char::from(LETTERS[six])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_what_is_no_multiple_of_three() {
        let sums = ["", "f", "fo", "foo", "foob", "fooba"].map(|text| base64(text.as_bytes()));
        assert_eq!(sums, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE="]);
    }

    #[test]
    fn no_name_ends_the_element_and_the_text_stays_the_same() {
        let name = "</script><script>alert(1)</script><!-- & -->";
        let mut text = Vec::new();
        json_text::line(&mut Inert(&mut text), &name).unwrap();
        assert!(!text.iter().any(|byte| ends(*byte)));
        assert_eq!(serde_json::from_slice::<String>(&text).unwrap(), name);
    }
}
