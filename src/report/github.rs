//! What `check` found, as workflow commands of GitHub Actions: one annotation a finding, at its line in the pull request.

use std::io::{self, Write};

use super::check_json::{Checked, Diagnostic};

impl Checked {
    /// Writes one `::error …::…` or `::warning …::…` line a finding.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_github(&self, out: &mut dyn Write) -> io::Result<()> {
        for diagnostic in self.diagnostics() {
            writeln!(out, "{}", annotation(diagnostic))?;
        }
        Ok(())
    }
}

fn annotation(diagnostic: &Diagnostic) -> String {
    let region = &diagnostic.region;
    let mut properties = vec![
        format!("file={}", property(&region.file)),
        format!("line={}", region.line),
        format!("endLine={}", region.end_line),
    ];
    // The Checks API takes columns only where an annotation begins and ends on one line.
    if region.line == region.end_line {
        properties.push(format!("col={}", region.column));
        properties.push(format!("endColumn={}", region.end_column));
    }
    properties.push(format!("title={}", property(diagnostic.code)));
    let severity = diagnostic.severity;
    let text = data(&told(diagnostic));
    format!("::{severity} {}::{text}", properties.join(","))
}

/// The message with everything that belongs to it, a line each: an annotation shows nothing else.
pub(super) fn told(diagnostic: &Diagnostic) -> String {
    let mut lines = vec![diagnostic.message.clone()];
    for related in &diagnostic.related {
        let place = &related.region;
        lines.push(format!(
            "{}:{}: {}",
            place.line, place.column, related.message
        ));
    }
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.join("\n")
}

/// Text behind the second `::` (actions/toolkit, `command.ts`, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value (`escapeProperty`): moreover `:` and `,`, which would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::check_json::tests::checked;

    #[test]
    fn annotations_are_escaped_and_many_lines_have_no_columns() {
        let mut out = Vec::new();
        checked().write_github(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        ::error file=流程/a b%2Cc%3A1.yaml,line=2,endLine=2,col=16,endColumn=21,title=ftpflow%3A%3Astep%3A%3Aunknown_server::there is no server `bulid`%0A2:3: in this step%0Ahelp: did you mean `build`?%0Ait holds 100%25, ***
        ::warning file=流程/a b%2Cc%3A1.yaml,line=3,endLine=4,title=ftpflow%3A%3Astep%3A%3Aunused::a: b, ***
        ");
    }
}
