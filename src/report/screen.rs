//! Where text goes: shared writers, and a terminal that indicatif can draw on through one of ours.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;

/// A writer that several have.
#[derive(Clone)]
pub(super) struct SharedWriter(Arc<Mutex<Box<dyn Write + Send>>>);

/// A terminal behind a writer. indicatif's own hides everything where stderr is none, `println` included.
#[derive(Debug)]
pub(super) struct Screen {
    out: SharedWriter,
    columns: usize,
}

impl SharedWriter {
    pub(super) fn new(writer: Box<dyn Write + Send>) -> SharedWriter {
        SharedWriter(Arc::new(Mutex::new(writer)))
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for SharedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}

impl fmt::Debug for SharedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedWriter")
    }
}

impl Screen {
    /// `columns`: the width that is drawn at where the terminal's own is not known.
    pub(super) fn new(out: SharedWriter, columns: usize) -> Screen {
        Screen { out, columns }
    }

    fn put(&self, text: fmt::Arguments<'_>) -> io::Result<()> {
        let mut buffer = String::new();
        let _ = buffer.write_fmt(text);
        self.out.lock().write_all(buffer.as_bytes())
    }

    /// Moves by one of the ANSI sequences (ECMA-48 §8.3.19 to 22).
    fn step(&self, count: usize, direction: char) -> io::Result<()> {
        match count {
            0 => Ok(()),
            _ => self.put(format_args!("\u{1b}[{count}{direction}")),
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        let columns = columns().unwrap_or(self.columns);
        u16::try_from(columns).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.step(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.step(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.step(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.step(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(format_args!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(format_args!("{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put(format_args!("\r\u{1b}[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        self.out.lock().flush()
    }
}

/// The columns of the terminal behind stderr, if there is one.
pub fn columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stderr())?;
    Some(usize::from(width.0).max(20))
}

/// The rows of the terminal behind stderr, if there is one.
pub(super) fn rows() -> Option<usize> {
    let (_, height) = terminal_size::terminal_size_of(std::io::stderr())?;
    Some(usize::from(height.0))
}
