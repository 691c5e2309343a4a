//! Workflow commands of GitHub Actions: one annotation a finding of `check` or a failed step of a run, at its line in the
//! pull request, and groups of lines that fold away.

use std::io::{self, Write};

use super::check_json::{Checked, Diagnostic};
use super::failure::{Detail, block_beside, cause_block};
use super::lines::failed_files;
use super::origins::Origins;
use super::paint::Paint;
use super::record::{Record, StepRecord};
use super::redact::Redactor;
use super::text;

/// Errors that GitHub shows of one step of a workflow; further ones it drops without a word.
const MAX_ERRORS: usize = 10;

/// Causes of a step's failures that its annotation tells.
const MAX_CAUSES: usize = 3;

/// Ends a [`group`].
pub(super) const END_OF_GROUP: &str = "::endgroup::";

/// The line before lines that fold away.
pub(super) fn group(title: &str) -> String {
    format!("::group::{}", data(title))
}

/// A line for each step that failed, as many as GitHub shows; `file` is the manifest's path from the repository's root.
pub(super) fn failed_steps(
    file: &str,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
) -> Vec<String> {
    let failed: Vec<StepRecord<'_>> = record.steps().filter(StepRecord::has_failed).collect();
    let told = match failed.len() {
        0..=MAX_ERRORS => failed.len(),
        _ => MAX_ERRORS - 1,
    };
    let each = failed.iter().take(told);
    let mut lines: Vec<String> = each
        .map(|step| {
            let at = origins.at(&step.head.origin);
            let title = format!("{} failed", redactor.line(&text::escape(&step.head.name)));
            let place = format!("file={},line={},col={}", property(file), at.line, at.column);
            let told = told_of(record, *step, origins);
            let told = data(redactor.line(&told).trim_end());
            format!("::error {place},title={}::{told}", property(&title))
        })
        .collect();
    if failed.len() > told {
        let more = text::counted((failed.len() - told) as u64, "further step");
        lines.push(format!(
            "::error file={}::{more} failed, which the log names",
            property(file)
        ));
    }
    lines
}

/// What is known of a step's failure: an annotation shows nothing else.
fn told_of(record: &Record, step: StepRecord<'_>, origins: &Origins) -> String {
    let mut text = format!("{}\n", text::escape(&step.head.subject));
    if let Some(failure) = step.failure() {
        let beside = origins.beside(record, failure);
        text += &block_beside("", failure, beside, Detail::Facts, Paint::PLAIN);
    }
    if step.tally.failed > 0 {
        text += &format!("{}\n", failed_files(step));
    }
    let causes = record.causes_of(step.at);
    for (_, cause) in causes.iter().take(MAX_CAUSES) {
        text += &cause_block(cause, Detail::Facts, Paint::PLAIN);
    }
    let others = causes.iter().skip(MAX_CAUSES).map(|(_, cause)| cause.files);
    let more = others.fold(record.other_causes(step.at), u64::saturating_add);
    if more > 0 {
        text += &format!(
            "  … and {} for other reasons\n",
            text::counted(more, "file")
        );
    }
    text
}

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
    use super::super::scenario;
    use super::*;

    #[test]
    fn failed_steps_are_told_at_their_lines_and_hold_no_secret() {
        let (record, origins) = (scenario::record(), scenario::origins());
        let lines = failed_steps("ci/a,b:1.yaml", &record, &origins, &scenario::redactor());
        insta::assert_snapshot!(lines.join("\n"), @r"
        ::error file=ci/a%2Cb%3A1.yaml,line=5,col=3,title=login mirror failed::mirror%0A  the login was refused%0A    server   mirror%0A    command  PASS ***%0A    reply    530 Login incorrect.%0A    help     check `user` and `password` of server `mirror`
        ::error file=ci/a%2Cb%3A1.yaml,line=9,col=3,title=keep failed::build:/file/版本 → local:dist%0A2 of 5 files failed%0A  2 files: the server refused the file%0A    files    版本/a|b <1>.zip%0A             bad\u{1b}[2J\u{1}name%0A    server   build%0A    command  RETR 版本/a|b <1>.zip%0A    reply    550 Permission denied, *** & co.%0A    help     ask the server's owner for read access to this file
        ");
    }

    #[test]
    fn more_errors_than_github_shows_are_counted() {
        let mut record = scenario::record();
        let (head, tally) = (record.heads[3].clone(), record.tally.steps[3].clone());
        for _ in 0..MAX_ERRORS {
            record.heads.push(head.clone());
            record.tally.steps.push(tally.clone());
        }
        let (origins, redactor) = (scenario::origins(), scenario::redactor());
        let lines = failed_steps("a.yaml", &record, &origins, &redactor);
        assert_eq!(lines.len(), MAX_ERRORS);
        let last = "::error file=a.yaml::3 further steps failed, which the log names";
        assert_eq!(lines[MAX_ERRORS - 1], last);
    }

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
