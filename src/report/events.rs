//! `--events`: one JSON object a line, as things happen.

use std::io::{self, Write};

use crate::event::Stamped;

/// Writes an event as a line. Lines are passed on at once: whoever reads them may be waiting.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(out: &mut dyn Write, stamped: &Stamped) -> io::Result<()> {
    let mut line = serde_json::to_vec(stamped)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}
