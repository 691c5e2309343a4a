//! What `check` found, for machines: the findings of several manifests with lines and columns, and their JSON document.

use std::io::{self, Write};

use serde::Serialize;

use super::diagnostics::masked;
use super::json_text;
use super::redact::Redactor;
use crate::manifest::{Finding, Place, Severity, Source};

/// What was found in all files of one call.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// The version of the document.
    version: Version,
    /// The files that were read, named as in the call, in its order.
    files: Vec<String>,
    /// All findings, file by file, each file's in its own order.
    diagnostics: Vec<Diagnostic>,
}

/// Always 1, in every document of ours.
#[derive(Debug, Serialize)]
struct Version(u32);

/// One finding, with nothing in it that has to be looked up.
#[derive(Debug, Serialize)]
pub(super) struct Diagnostic {
    /// The documented code, such as `ftpflow::value::bad`.
    pub(super) code: &'static str,
    /// `error` or `warning`.
    pub(super) severity: &'static str,
    /// What is wrong.
    pub(super) message: String,
    /// What is written under the place.
    pub(super) label: String,
    /// What to do about it.
    pub(super) help: Option<String>,
    /// Where it is.
    #[serde(flatten)]
    pub(super) region: Region,
    /// Other places that belong to it.
    pub(super) related: Vec<Related>,
}

/// A place that belongs to a finding.
#[derive(Debug, Serialize)]
pub(super) struct Related {
    /// What is there.
    pub(super) message: String,
    /// Where it is.
    #[serde(flatten)]
    pub(super) region: Region,
}

/// A place in a file. Lines and columns count from 1, columns in characters; the end is the column behind the last character.
#[derive(Debug, Serialize)]
pub(super) struct Region {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

impl Default for Version {
    fn default() -> Version {
        Version(1)
    }
}

impl Checked {
    /// Takes in what was found in a file.
    pub fn add(&mut self, source: &Source, findings: &[Finding], redactor: &Redactor) {
        self.files
            .push(redactor.wording(source.name()).into_owned());
        let found = findings
            .iter()
            .map(|finding| diagnostic(source, finding, redactor));
        self.diagnostics.extend(found);
    }

    /// Writes the JSON document: `version`, `files`, `diagnostics`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        json_text::pretty(out, self)?;
        writeln!(out)
    }

    /// All findings, in order.
    pub(super) fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The names of the files.
    pub(super) fn files(&self) -> &[String] {
        &self.files
    }
}

fn diagnostic(source: &Source, finding: &Finding, redactor: &Redactor) -> Diagnostic {
    let finding = masked(source, finding, redactor);
    let related = finding.related.into_iter().map(|(place, message)| Related {
        message,
        region: region(source, place, redactor),
    });
    Diagnostic {
        code: finding.code,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: finding.message,
        label: finding.label,
        help: finding.help,
        region: region(source, finding.place, redactor),
        related: related.collect(),
    }
}

fn region(source: &Source, place: Place, redactor: &Redactor) -> Region {
    let (start, end) = source.positions(place);
    Region {
        file: redactor.wording(source.name()).into_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One error with help and a related place in a line of CJK text, one warning without, in a file with an odd name.
    pub(in crate::report) fn checked() -> Checked {
        let text = "steps:\n  构建: {server: bulid}\n  x: s3cret,\n    y\n";
        let at = |needle: &str| {
            let at = text.find(needle).unwrap();
            Place::new(at, at + needle.len())
        };
        let findings = [
            Finding::error(
                "ftpflow::step::unknown_server",
                at("bulid"),
                "there is no server `bulid`",
                "unknown server",
            )
            .help("did you mean `build`?\nit holds 100%, s3cret")
            .also(at("构建"), "in this step"),
            Finding::warning(
                "ftpflow::step::unused",
                at("s3cret,\n    y"),
                "a: b, s3cret",
                "",
            ),
        ];
        let mut checked = Checked::default();
        checked.add(
            &Source::new("流程/a b,c:1.yaml", text),
            &findings,
            &Redactor::new(["s3cret"]),
        );
        checked.add(&Source::new("ok.yaml", ""), &[], &Redactor::new([]));
        checked
    }

    #[test]
    fn json_counts_characters_from_one_and_masks_secrets() {
        let mut out = Vec::new();
        checked().write_json(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
