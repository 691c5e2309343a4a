//! What lies under suppaftp's control connection: our own socket, our deadlines, our bytes.
//!
//! suppaftp frames and bounds replies, but connects, logs and times out in ways of its own. Its entry for
//! implicit TLS takes any connector and does nothing of TLS itself, so ours hands back a stream that is already
//! connected, and `ImplFtpStream<Wire>` is the only session type there is, plain or encrypted.
//!
//! A command is put on the [`Desk`]; suppaftp is asked to send a placeholder, in whose stead the wire writes what
//! lies on the desk. So several commands go out in one write, and `PASS` is never seen by suppaftp's log. Replies
//! are: whoever installs a logger leaves out the target `suppaftp`, because servers echo what they were sent.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use suppaftp::{FtpError, FtpResult, ImplFtpStream, TlsConnector, TlsStream};

use super::tls::{self, Secure, Upgrade};

/// The most bytes of one reply, all its lines together.
const REPLY_BYTES: usize = 64 * 1024;
/// The most lines of one reply.
const REPLY_LINES: usize = 1000;
const CHUNK: usize = 8 * 1024;

/// The stream itself, control or data.
#[derive(Debug)]
pub(super) enum Inner {
    /// Clear text.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<Secure>),
}

impl Inner {
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Inner::Plain(socket) => socket,
            Inner::Tls(secure) => secure.socket(),
        }
    }

    /// Says that nothing more will be sent. With TLS, close_notify goes first.
    pub(super) fn end_sending(&mut self) -> io::Result<()> {
        match self {
            Inner::Plain(socket) => socket.shutdown(Shutdown::Write),
            Inner::Tls(secure) => secure.end_sending(),
        }
    }

    /// Lets every read and write from now on end at this moment.
    fn limit(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match self {
            Inner::Plain(socket) => {
                socket.set_read_timeout(Some(left))?;
                socket.set_write_timeout(Some(left))
            }
            Inner::Tls(secure) => {
                secure.set_deadline(Some(deadline));
                Ok(())
            }
        }
    }

    fn has_unread(&mut self) -> bool {
        match self {
            Inner::Plain(_) => false,
            Inner::Tls(secure) => secure.has_unread(),
        }
    }
}

impl Read for Inner {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Inner::Plain(socket) => socket.read(buffer),
            Inner::Tls(secure) => secure.read(buffer),
        }
    }
}

impl Write for Inner {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Inner::Plain(socket) => socket.write(buffer),
            Inner::Tls(secure) => secure.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Inner::Plain(socket) => socket.flush(),
            Inner::Tls(secure) => secure.flush(),
        }
    }
}

/// What session and wire share: suppaftp owns the wire, so this is the way to it.
#[derive(Debug)]
pub(super) struct Desk(Mutex<Papers>);

#[derive(Debug)]
struct Papers {
    outbox: Vec<u8>,
    deadline: Instant,
    reply: Progress,
    unread: bool,
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

impl Desk {
    fn new(deadline: Instant) -> Desk {
        Desk(Mutex::new(Papers {
            outbox: Vec::new(),
            deadline,
            reply: Progress::default(),
            unread: false,
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

    /// Whether bytes were received that no reply has used yet.
    pub(super) fn has_unread(&self) -> bool {
        self.papers().unread
    }

    /// Lets TLS be put over the connection before the next write.
    pub(super) fn upgrade(&self, upgrade: Upgrade) {
        self.papers().upgrade = Some(upgrade);
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.papers().is_secure
    }

    /// Whether the connection speaks TLS 1.3.
    pub(super) fn is_tls13(&self) -> bool {
        self.papers().is_tls13
    }

    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The control connection as suppaftp sees it.
#[derive(Debug)]
pub(super) struct Wire {
    inner: Inner,
    inbox: Vec<u8>,
    greeting: Greeting,
    desk: Arc<Desk>,
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

/// Wraps a connected socket, puts TLS over it at once where it is implicit, and reads the greeting, until the deadline.
///
/// # Errors
/// suppaftp's, among them `UnexpectedResponse` for a greeting other than 220; those of a handshake as
/// `ConnectionError`.
pub(super) fn open(
    socket: TcpStream,
    implicit: Option<Upgrade>,
    deadline: Instant,
) -> FtpResult<(ImplFtpStream<Wire>, Arc<Desk>)> {
    let desk = Arc::new(Desk::new(deadline));
    let mut wire = Wire {
        inner: Inner::Plain(socket),
        inbox: Vec::new(),
        greeting: Greeting::Expected,
        desk: Arc::clone(&desk),
    };
    if let Some(upgrade) = implicit {
        wire.secure(upgrade).map_err(FtpError::ConnectionError)?;
    }
    let decoy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(FtpError::ConnectionError)?;
    let address = decoy.local_addr().map_err(FtpError::ConnectionError)?;
    let connector = Connector(Mutex::new(Some((wire, decoy))));
    let stream = ImplFtpStream::connect_secure_implicit(address, connector, "")?;
    Ok((stream, desk))
}

/// Hands suppaftp the wire in place of the connection it insists on making.
///
/// That connection goes to a loopback listener of this one session, closed here, before the greeting is read: a
/// listener shared by all sessions fills its backlog and hangs (seen at connection 130).
#[derive(Debug)]
struct Connector(Mutex<Option<(Wire, TcpListener)>>);

impl TlsConnector for Connector {
    type Stream = Wire;

    fn connect(&self, _domain: &str, decoy: TcpStream) -> FtpResult<Wire> {
        drop(decoy);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.take() {
            Some((wire, _listener)) => Ok(wire),
            None => Err(FtpError::SecureError("the wire is already in use".into())),
        }
    }
}

impl TlsStream for Wire {
    type InnerStream = Wire;

    fn tcp_stream(self) -> FtpResult<TcpStream> {
        match self.inner {
            Inner::Plain(socket) => Ok(socket),
            Inner::Tls(_) => Err(FtpError::SecureError("TLS stays where it is".into())),
        }
    }

    fn get_ref(&self) -> &TcpStream {
        self.inner.socket()
    }

    fn mut_ref(&mut self) -> &mut Wire {
        self
    }
}

impl Write for Wire {
    /// Sends what lies on the desk; the placeholder that suppaftp gives is dropped.
    fn write(&mut self, placeholder: &[u8]) -> io::Result<usize> {
        let (outbox, upgrade, deadline) = {
            let mut papers = self.desk.papers();
            papers.reply = Progress::default();
            let outbox = std::mem::take(&mut papers.outbox);
            (outbox, papers.upgrade.take(), papers.deadline)
        };
        if let Some(upgrade) = upgrade {
            self.secure(upgrade)?;
        }
        if !outbox.is_empty() {
            self.inner.limit(deadline)?;
            self.inner.write_all(&outbox)?;
        }
        Ok(placeholder.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Read for Wire {
    /// Gives at most one line, so that nothing behind a reply is ever in suppaftp's own buffer.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.drop_delay()?;
            if let Some(length) = self.ready(buffer.len()) {
                return self.hand_over(buffer, length);
            }
            if self.receive()? == 0 {
                let rest = self.inbox.len();
                return self.hand_over(buffer, rest);
            }
        }
    }
}

impl Wire {
    /// Puts TLS over the connection. Clear text that lies here would be taken for the server's next reply, though it
    /// was not encrypted: suppaftp got one line at a time, so whatever came behind AUTH's reply is in the inbox.
    fn secure(&mut self, upgrade: Upgrade) -> io::Result<()> {
        if !self.inbox.is_empty() {
            return Err(tls::injected());
        }
        let secure = upgrade.over(self.inner.socket().try_clone()?)?;
        let mut papers = self.desk.papers();
        papers.is_secure = true;
        papers.is_tls13 = secure.is_tls13();
        drop(papers);
        self.inner = Inner::Tls(Box::new(secure));
        Ok(())
    }

    /// Drops the lines of a 120 before the greeting. What comes then has to come before the same deadline, and counts as
    /// part of the same reply.
    fn drop_delay(&mut self) -> io::Result<()> {
        while self.greeting != Greeting::Begun {
            let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') else {
                return Ok(());
            };
            let begins = |with: &[u8]| self.inbox.starts_with(with);
            self.greeting = match self.greeting {
                _ if begins(b"120 ") => Greeting::Expected,
                Greeting::Delayed => Greeting::Delayed,
                _ if begins(b"120-") => Greeting::Delayed,
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
        self.inbox.drain(..length);
        self.desk.papers().unread = !self.inbox.is_empty() || self.inner.has_unread();
        Ok(length)
    }

    fn count(&self, length: usize) -> io::Result<()> {
        let mut papers = self.desk.papers();
        papers.reply.bytes += length;
        papers.reply.lines += usize::from(self.inbox[..length].ends_with(b"\n"));
        if papers.reply.bytes > REPLY_BYTES || papers.reply.lines > REPLY_LINES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server's reply is longer than 64 KiB or 1000 lines",
            ));
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let deadline = self.desk.papers().deadline;
        self.inner.limit(deadline)?;
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
