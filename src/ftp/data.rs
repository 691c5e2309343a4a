//! One data connection: bytes with a deadline for progress, ended the way servers like.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::breaker::Registration;
use super::error::{Error, ErrorKind, Waiting};
use super::inner::Inner;
use super::socket::{Patience, Socket};
use super::tls::{self, Upgrade};
use super::vigil::{Sight, Vigil};

/// The most that is read, and waited for, when an upload ends.
const LINGER_BYTES: usize = 64 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// An open data connection. Dropping it closes at once: nothing is read, nothing is waited for.
#[derive(Debug)]
pub(super) struct Data {
    inner: Inner,
    vigil: Vigil,
    command: String,
    /// Behind `inner`: the breaker's share of the socket must not outlive it.
    _known: Registration,
}

/// What went through a data connection that was brought to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the server's final reply is still owed: give this to `retrieved` or `stored`"]
pub struct Count {
    /// Bytes that went through.
    pub bytes: u64,
    /// Whether the end of the data was seen (a download), or said (an upload).
    pub(super) ended: bool,
    /// Whether that end was a closed connection and, under TLS, a close_notify before it.
    pub(super) clean: bool,
}

impl Count {
    /// The end of a transfer that needed no data.
    pub(super) const NOTHING: Count = Count {
        bytes: 0,
        ended: true,
        clean: true,
    };
}

/// The bytes of a file as they come from the server.
#[derive(Debug)]
pub struct Receiving {
    data: Data,
    bytes: u64,
    ended: bool,
    clean: bool,
}

/// The way of a file's bytes to the server.
#[derive(Debug)]
pub struct Sending {
    data: Data,
    bytes: u64,
}

/// What one read gave.
enum Came {
    /// Bytes; 0 at the end.
    Bytes(usize),
    /// The connection ended without TLS's close_notify, so that somebody may have cut it; or it stays open although the server
    /// says that all was sent.
    Unsaid,
}

impl Data {
    pub(super) fn new(mut socket: Socket, known: Registration, vigil: Vigil) -> Data {
        socket.wait(Patience::Each(vigil.rest()));
        Data {
            inner: Inner::Plain(socket),
            vigil,
            command: String::new(),
            _known: known,
        }
    }

    /// Puts TLS over the connection, until the deadline.
    ///
    /// # Errors
    /// The handshake's, or the reason why the session is told to end.
    pub(super) fn secure(mut self, upgrade: Upgrade) -> Result<Data, Error> {
        let secured = upgrade.over(self.inner.socket().clone());
        let secure = secured.map_err(|error| Error::from(self.failure(error)))?;
        self.inner = Inner::Tls(Box::new(secure));
        // From here on the deadline is for progress.
        self.inner.wait(Patience::Each(self.vigil.rest()));
        Ok(self)
    }

    /// Whether an earlier TLS session was resumed; always so without TLS.
    pub(super) fn is_resumed(&self) -> bool {
        match &self.inner {
            Inner::Plain(_) => true,
            Inner::Tls(secure) => secure.is_resumed(),
        }
    }

    /// Names the command whose data this is, for errors, and tells what was said with it: see [`Vigil::begin`].
    pub(super) fn serves(mut self, command: String, sent_ahead: bool, answered: bool) -> Data {
        self.command = command;
        self.vigil.begin(sent_ahead, answered);
        self
    }

    fn check(&self) -> io::Result<()> {
        match self.vigil.breaker().tripped() {
            Some(why) => Err(self.error(ErrorKind::Interrupted(why)).into()),
            None => Ok(()),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).command(self.command.clone())
    }

    fn failure(&self, error: io::Error) -> io::Error {
        if let Some(why) = self.vigil.breaker().tripped() {
            return self.error(ErrorKind::Interrupted(why)).into();
        }
        if let Some(explained) = tls::explain(&error) {
            return explained.command(self.command.clone()).into();
        }
        if error.kind() == io::ErrorKind::Interrupted {
            return error;
        }
        let mut error = match error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
            true => Error::from(error),
            false if is_quiet(&error) => Error::new(ErrorKind::Timeout(Waiting::Data)),
            false => Error::new(ErrorKind::DataLost).detail(error.to_string()),
        };
        error.command = Some(self.command.clone());
        error.into()
    }

    /// Does something with the connection, again and again, until it is done or there is no reason left to wait.
    fn patiently<T>(&mut self, mut act: impl FnMut(&mut Inner) -> io::Result<T>) -> io::Result<T> {
        loop {
            match act(&mut self.inner) {
                Err(error) if is_quiet(&error) => match self.vigil.looks()? {
                    Sight::Open => {}
                    Sight::LeftOpen => return Err(left_open()),
                },
                done => {
                    self.vigil.moved();
                    return done;
                }
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Came> {
        self.check()?;
        let read = match self.patiently(|inner| inner.read(buffer)) {
            // Servers that close without close_notify are many, and some never close; whether all has come, the size tells.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Came::Unsaid,
            done => Came::Bytes(done.map_err(|error| self.failure(error))?),
        };
        // A socket that the breaker shut down reads as ended.
        if matches!(read, Came::Bytes(0) | Came::Unsaid) {
            self.check()?;
        }
        Ok(read)
    }

    /// Answers the server's close_notify: some take a connection without it for a broken one.
    fn answer_end(&mut self) {
        if let Inner::Tls(_) = &self.inner {
            // The data has come; the final reply tells how the server sees it.
            let _ = self.patiently(Inner::end_sending);
        }
    }

    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.patiently(|inner| inner.write(buffer))
            .map_err(|error| self.failure(error))
    }

    /// Flushes, says the end, and waits briefly until the server has closed, too.
    ///
    /// A close while the server's last bytes (TLS tickets) are unread would reset the connection and lose them.
    fn end_upload(mut self) -> io::Result<()> {
        self.patiently(Inner::flush)
            .and_then(|()| self.patiently(Inner::end_sending))
            .map_err(|error| self.failure(error))?;
        self.linger();
        Ok(())
    }

    fn linger(&mut self) {
        self.inner
            .wait(Patience::Until(Instant::now() + LINGER_TIME));
        let mut buffer = [0; 4096];
        let mut seen = 0;
        while seen < LINGER_BYTES {
            // Whatever ends this, the final reply on the control connection tells how it went.
            match self.inner.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(length) => seen += length,
            }
        }
    }
}

impl Receiving {
    pub(super) fn new(data: Data) -> Receiving {
        Receiving {
            data,
            bytes: 0,
            ended: false,
            clean: false,
        }
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Closes the connection. Before the end of the data this gives the transfer up, and the session with it.
    pub fn finish(mut self) -> Count {
        if self.clean {
            self.data.answer_end();
        }
        Count {
            bytes: self.bytes,
            ended: self.ended,
            clean: self.clean,
        }
    }
}

impl Read for Receiving {
    /// Errors carry an [`Error`] inside: `Error::from` takes it back.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let length = match self.data.read(buffer)? {
            Came::Bytes(length) => length,
            Came::Unsaid => {
                self.ended = true;
                return Ok(0);
            }
        };
        self.bytes += length as u64;
        self.ended = length == 0 && !buffer.is_empty();
        self.clean = self.ended;
        Ok(length)
    }
}

impl Sending {
    pub(super) fn new(data: Data) -> Sending {
        Sending { data, bytes: 0 }
    }

    /// Bytes handed to the system so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Says the end of the data, and waits at most 2 s for the server to see it.
    ///
    /// # Errors
    /// [`ErrorKind::DataLost`] and the like, when the last bytes could not be sent.
    pub fn finish(self) -> Result<Count, Error> {
        let bytes = self.bytes;
        self.data.end_upload()?;
        Ok(Count {
            bytes,
            ended: true,
            clean: true,
        })
    }
}

impl Write for Sending {
    /// Errors carry an [`Error`] inside: `Error::from` takes it back.
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let length = self.data.write(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.data.patiently(Inner::flush)
    }
}

/// An end of which nobody knows whether it is one, as [`io::Read`] says it.
fn left_open() -> io::Error {
    let text = "the server says that the transfer is complete, and leaves its data connection open";
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

fn is_quiet(error: &io::Error) -> bool {
    let kind = error.kind();
    let ours = error.get_ref().is_some();
    !ours && matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
