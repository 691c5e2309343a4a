//! stdout and stderr, so that a closed pipe is never a panic.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};

use super::exit::Exit;
use crate::report::{self, Outlet, Paint, Redactor, Sink, Tone, text};

/// Columns for output that goes to no terminal: a CI system's log.
const WIDE: usize = 120;

/// Writes what was asked for to stdout. Whoever closes the pipe has seen enough: that is no error.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(error) => {
            // What is still buffered would be written, and fail, once more.
            let _ = out.into_parts();
            unwritten(&error)
        }
    }
}

/// How the program ends whose output could not be written.
pub(super) fn unwritten(error: &io::Error) -> Exit {
    if error.kind() == ErrorKind::BrokenPipe {
        return Exit::Done;
    }
    complain(format!("failed to write the output: {error}"), None);
    Exit::Unwritten
}

/// stdout, for what a run writes there. Whoever does not read it does not hold up the run.
///
/// # Errors
/// Those of the system: it has no thread or no descriptor left.
pub(super) fn stdout_sink() -> io::Result<Sink> {
    Sink::of(own(io::stdout())?)
}

/// stderr, for what a run says.
///
/// # Errors
/// As of [`stdout_sink`].
pub(super) fn stderr_outlet() -> io::Result<Outlet> {
    let own = own(io::stderr())?;
    Outlet::start(move || Ok(own))
}

/// A descriptor of our own: a thread that hangs in a write would keep the lock of the library's.
#[cfg(unix)]
fn own(stream: impl std::os::fd::AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn own(stream: impl std::os::windows::io::AsHandle) -> io::Result<File> {
    stream.as_handle().try_clone_to_owned().map(File::from)
}

/// Says on stderr what is wrong, and what to do about it, before there is a secret: then it is [`Voice`] that speaks.
pub(super) fn complain(message: impl Display, help: Option<&str>) {
    Voice(&Redactor::new([])).complain(message, help);
}

/// What is said on stderr once secrets are known: none of four characters or more stands there, in our own words neither.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice<'a>(pub(super) &'a Redactor);

impl Voice<'_> {
    /// Says what is wrong, and what to do about it.
    pub(super) fn complain(self, message: impl Display, help: Option<&str>) {
        self.say(Tone::Bad, "error:", message);
        if let Some(help) = help {
            self.say(Tone::Cool, " help:", help);
        }
    }

    /// Says what is worth knowing.
    pub(super) fn note(self, message: impl Display) {
        self.say(Tone::Cool, " note:", message);
    }

    /// Says what may not be as wanted.
    pub(super) fn warn(self, message: impl Display) {
        self.say(Tone::Doubtful, "warning:", message);
    }

    fn say(self, tone: Tone, word: &str, message: impl Display) {
        let word = stderr_paint().tone(tone, word).to_string();
        let line = format!("{word} {}\n", text::escape(&message.to_string()));
        let line = self.0.line(&line);
        // Nobody reads a stderr that is closed.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// Colours of stderr.
pub(super) fn stderr_paint() -> Paint {
    Paint::for_terminal(io::stderr().is_terminal())
}

/// Colours of stdout.
pub(super) fn stdout_paint() -> Paint {
    Paint::for_terminal(io::stdout().is_terminal())
}

/// Columns of the terminal, or of a log.
pub(super) fn columns() -> usize {
    report::columns().unwrap_or(WIDE)
}
