//! A server that bears one command, or every one, only alone: what it does where that comes before the reply to another.

use std::net::TcpStream;
use std::sync::Mutex;

/// What it does with a command that comes early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// Answers this in its stead, at its turn.
    Refuses(&'static str),
    /// Drops it.
    Loses,
    /// Gives its reply before the one to the command before it.
    Reorders,
    /// Answers this before the end of the command before it, which it does in its stead.
    AnswersEarly(&'static str),
    /// Answers it twice.
    AnswersTwice,
    /// Closes the control connection.
    Closes,
}

/// Which command is objected to, and how.
#[derive(Debug)]
pub(super) struct Objecting {
    verb: &'static str,
    pub(super) how: Objection,
    count: Mutex<usize>,
}

/// What a session keeps of it.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// Whether the next command has come before the last reply went out.
    pub(super) next: bool,
    /// Whether its answer has gone out.
    pub(super) answered: bool,
    /// A reply that goes out behind the next one.
    pub(super) held: Vec<u8>,
    /// Whether the command under way came early, and is objected to.
    pub(super) now: bool,
}

impl Objecting {
    pub(super) fn new(verb: &'static str, how: Objection) -> Self {
        Self {
            verb,
            how,
            count: Mutex::new(0),
        }
    }

    /// Whether a command that is objected to waits here already.
    pub(super) fn waits(&self, control: &TcpStream) -> bool {
        let mut seen = [0; 4096];
        control.set_nonblocking(true).unwrap();
        let peeked = control.peek(&mut seen).unwrap_or(0);
        control.set_nonblocking(false).unwrap();
        let line = seen[..peeked].trim_ascii_start();
        let end = line.iter().position(u8::is_ascii_whitespace);
        let verb = &line[..end.unwrap_or(line.len())];
        !verb.is_empty() && (self.verb == "*" || verb == self.verb.as_bytes())
    }

    pub(super) fn note(&self) {
        *self.count.lock().unwrap() += 1;
    }

    /// How often it was objected.
    pub(super) fn count(&self) -> usize {
        *self.count.lock().unwrap()
    }
}
