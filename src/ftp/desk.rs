//! What lies under the wire, where the session gets at it: suppaftp owns the wire, so this is the way to the bytes.
//!
//! One thread at a time works on a session. The lock is for the data connection, which glances at the control connection
//! while it waits, and never waits for the lock itself.

use std::io::{self, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::framing::{Framed, Framing};
use super::inner::Inner;
use super::reply;
use super::socket::{Patience, Socket};
use super::tls::{self, Upgrade};

/// The most bytes of one reply, all its lines together.
const REPLY_BYTES: usize = 64 * 1024;
/// The most lines of one reply.
const REPLY_LINES: usize = 1000;
const CHUNK: usize = 8 * 1024;
/// How long the rest of a reply may be late behind a line that looks like its end and has another code.
const REST_TIME: Duration = Duration::from_millis(500);

/// What session, wire and data connection share.
#[derive(Debug)]
pub(super) struct Desk(Mutex<Papers>);

/// What one look at the control connection found, without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glance {
    /// Nothing.
    Quiet,
    /// Bytes that no reply has used yet.
    Spoken,
    /// The server has closed it, and said nothing more.
    Closed,
}

#[derive(Debug)]
struct Papers {
    inner: Inner,
    inbox: Vec<u8>,
    greeting: Greeting,
    outbox: Vec<u8>,
    deadline: Instant,
    reply: Progress,
    framing: Framing,
    upgrade: Option<Upgrade>,
    is_secure: bool,
    is_tls13: bool,
}

/// How much of the reply being read was handed over.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    bytes: usize,
    lines: usize,
}

/// How far the greeting is. 220 may be preceded by 120, "service ready in nnn minutes" (RFC 959 §5.4), of which suppaftp
/// knows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeting {
    /// No line has come.
    Expected,
    /// A 120 of several lines has begun.
    Delayed,
    /// Its lines, and all later replies, are handed over.
    Begun,
}

impl Desk {
    pub(super) fn new(socket: Socket, deadline: Instant) -> Desk {
        Desk(Mutex::new(Papers {
            inner: Inner::Plain(socket),
            inbox: Vec::new(),
            greeting: Greeting::Expected,
            outbox: Vec::new(),
            deadline,
            reply: Progress::default(),
            framing: Framing::default(),
            upgrade: None,
            is_secure: false,
            is_tls13: false,
        }))
    }

    /// Adds to what the next write sends.
    pub(super) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.papers().outbox);
    }

    /// Until when the next reply must be complete.
    pub(super) fn set_deadline(&self, deadline: Instant) {
        self.papers().deadline = deadline;
    }

    /// Lets TLS be put over the connection before the next write.
    pub(super) fn upgrade(&self, upgrade: Upgrade) {
        self.papers().upgrade = Some(upgrade);
    }

    /// Puts TLS over the connection now.
    pub(super) fn secure(&self, upgrade: Upgrade) -> io::Result<()> {
        self.papers().secure(upgrade)
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.papers().is_secure
    }

    /// Whether the connection speaks TLS 1.3.
    pub(super) fn is_tls13(&self) -> bool {
        self.papers().is_tls13
    }

    /// Whether bytes were received that no reply has used yet; the system is not asked.
    pub(super) fn has_unread(&self) -> bool {
        self.papers().has_unread()
    }

    /// Whether what was received and not used yet begins with this.
    pub(super) fn begins_with(&self, bytes: &[u8]) -> bool {
        self.papers().inbox.starts_with(bytes)
    }

    /// Looks whether the server has said something, without waiting.
    pub(super) fn glance(&self) -> Glance {
        self.papers().glance()
    }

    /// Whether a reply lies here with a code that is looked for. Does not wait, not even for whoever reads a reply now.
    pub(super) fn has_line(&self, wanted: impl Fn(u16) -> bool) -> bool {
        let Ok(mut papers) = self.0.try_lock() else {
            return false;
        };
        papers.glance();
        let lines = papers.inbox.split_inclusive(|byte| *byte == b'\n');
        lines
            .filter(|line| line.ends_with(b"\n"))
            .filter_map(reply::last_line_code)
            .any(wanted)
    }

    /// Sends what was put here.
    pub(super) fn send(&self) -> io::Result<()> {
        self.papers().send()
    }

    /// Gives at most one line, so that nothing behind a reply is ever in suppaftp's own buffer.
    pub(super) fn read_line(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.papers().read_line(buffer)
    }

    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Papers {
    fn send(&mut self) -> io::Result<()> {
        self.reply = Progress::default();
        self.framing = Framing::default();
        if let Some(upgrade) = self.upgrade.take() {
            self.secure(upgrade)?;
        }
        let outbox = std::mem::take(&mut self.outbox);
        if outbox.is_empty() {
            return Ok(());
        }
        self.inner.wait(Patience::Until(self.deadline));
        self.inner.write_all(&outbox)
    }

    /// Puts TLS over the connection. Clear text that lies here would be taken for the server's next reply, though it
    /// was not encrypted: suppaftp got one line at a time, so whatever came behind AUTH's reply is in the inbox.
    fn secure(&mut self, upgrade: Upgrade) -> io::Result<()> {
        if !self.inbox.is_empty() {
            return Err(tls::injected());
        }
        let secure = upgrade.over(self.inner.socket().clone())?;
        self.is_secure = true;
        self.is_tls13 = secure.is_tls13();
        self.inner = Inner::Tls(Box::new(secure));
        Ok(())
    }

    fn has_unread(&mut self) -> bool {
        !self.inbox.is_empty() || self.inner.has_unread()
    }

    fn glance(&mut self) -> Glance {
        // What nobody reads does not grow: a server that never stops is found out by the next reply.
        let seen = match self.inbox.len() < REPLY_BYTES {
            true => self.receive_now(),
            false => Ok(self.inbox.len()),
        };
        match seen {
            _ if !self.inbox.is_empty() => Glance::Spoken,
            Ok(0) => Glance::Closed,
            Err(error) if is_quiet(&error) => Glance::Quiet,
            Ok(_) | Err(_) => Glance::Closed,
        }
    }

    fn receive_now(&mut self) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let read = self.inner.read_now(&mut chunk)?;
        self.inbox.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    fn read_line(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.drop_delay()?;
            if self.inbox.contains(&b'\n') {
                self.frame()?;
            }
            if let Some(length) = self.ready(buffer.len()) {
                return self.hand_over(buffer, length);
            }
            if self.receive()? == 0 {
                let rest = self.inbox.len();
                return self.hand_over(buffer, rest);
            }
        }
    }

    /// Makes the line that lies first one that suppaftp understands. Where what follows decides, that is waited for a while.
    fn frame(&mut self) -> io::Result<()> {
        let until = self.deadline.min(Instant::now() + REST_TIME);
        while self.framing.frame(&mut self.inbox) == Framed::Doubtful {
            match self.receive_until(until) {
                Ok(length) if length > 0 && self.inbox.len() <= REPLY_BYTES => {}
                Err(error) if !is_quiet(&error) => return Err(error),
                _ => {
                    self.framing.settle(&mut self.inbox);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Drops the lines of a 120 before the greeting. What comes then has to come before the same deadline, and counts as
    /// part of the same reply.
    fn drop_delay(&mut self) -> io::Result<()> {
        while self.greeting != Greeting::Begun {
            let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') else {
                return Ok(());
            };
            let line = &self.inbox[..end];
            self.greeting = match self.greeting {
                _ if reply::last_line_code(line) == Some(120) => Greeting::Expected,
                Greeting::Delayed => Greeting::Delayed,
                _ if line.starts_with(b"120-") => Greeting::Delayed,
                _ => Greeting::Begun,
            };
            if self.greeting != Greeting::Begun {
                self.count(end + 1)?;
                self.inbox.drain(..=end);
            }
        }
        Ok(())
    }

    /// How many bytes can be given now: a line, or a part of one that is longer than the buffer.
    fn ready(&self, room: usize) -> Option<usize> {
        match self.inbox.iter().position(|byte| *byte == b'\n') {
            Some(end) => Some((end + 1).min(room)),
            None => (self.inbox.len() >= room).then_some(room),
        }
    }

    fn hand_over(&mut self, buffer: &mut [u8], length: usize) -> io::Result<usize> {
        self.count(length)?;
        buffer[..length].copy_from_slice(&self.inbox[..length]);
        self.framing.handed(&buffer[..length]);
        self.inbox.drain(..length);
        Ok(length)
    }

    fn count(&mut self, length: usize) -> io::Result<()> {
        self.reply.bytes += length;
        self.reply.lines += usize::from(self.inbox[..length].ends_with(b"\n"));
        if self.reply.bytes > REPLY_BYTES || self.reply.lines > REPLY_LINES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server's reply is longer than 64 KiB or 1000 lines",
            ));
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<usize> {
        self.receive_until(self.deadline)
    }

    fn receive_until(&mut self, deadline: Instant) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        self.inner.wait(Patience::Until(deadline));
        loop {
            match self.inner.read(&mut chunk) {
                Ok(length) => {
                    self.inbox.extend_from_slice(&chunk[..length]);
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_quiet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
