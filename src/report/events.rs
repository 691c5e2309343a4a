//! `--events`: one JSON object a line, as things happen.

use std::io::{self, Write};

use super::redact::Redactor;
use super::{json_text, masked};
use crate::event::{Event, Stamped};

/// Writes an event without secrets as a line. Lines are passed on at once: whoever reads them may be waiting.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(out: &mut dyn Write, stamped: &Stamped, redactor: &Redactor) -> io::Result<()> {
    let Event::RunStarted { .. } = &stamped.event else {
        json_text::line(out, stamped)?;
        return out.flush();
    };
    let mut first = stamped.clone();
    if let Event::RunStarted { steps, .. } = &mut first.event {
        masked::heads(steps, redactor);
    }
    json_text::line(out, &first)?;
    out.flush()
}
