//! The answer of `ftpflow plan`: a line for each file that a run would transfer or delete now.

use std::io::{self, Write};

use super::record::Record;
use super::redact::Redactor;
use super::text;
use crate::event::{Event, FileOutcome, Stamped};

/// Writes the line of an event that `record` has taken in, where it has one.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    stamped: &Stamped,
    redactor: &Redactor,
) -> io::Result<()> {
    let Event::FileFinished {
        step,
        file,
        outcome,
        bytes,
        ..
    } = &stamped.event
    else {
        return Ok(());
    };
    let Some(head) = record.heads.get(*step) else {
        return Ok(());
    };
    let size = match bytes {
        0 => String::new(),
        bytes => format!(" ({})", text::bytes(*bytes)),
    };
    let (word, detail) = match outcome {
        FileOutcome::Transferred | FileOutcome::Unverified { .. } => (head.kind.word(), size),
        FileOutcome::Deleted => (head.kind.word(), String::new()),
        FileOutcome::Moved { to } => (head.kind.word(), format!(" → {to}")),
        FileOutcome::Skipped { reason } => ("skip", format!(" ({reason})")),
        FileOutcome::Unchanged | FileOutcome::WasNotThere | FileOutcome::Failed { .. } => {
            return Ok(());
        }
    };
    let line = format!("{}: {word} {file}{detail}", head.name);
    writeln!(out, "{}", redactor.line(&text::escape(&line)))
}
