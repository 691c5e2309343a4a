//! A connection, control or data, in clear text or under TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use super::tls::Secure;

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

    /// Reads what has come, without waiting: `WouldBlock` where nothing has.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Inner::Tls(secure) = self {
            secure.set_deadline(None);
        }
        self.socket().set_nonblocking(true)?;
        let read = self.read(buffer);
        self.socket().set_nonblocking(false)?;
        read
    }

    /// Lets every read and write from now on end at this moment.
    pub(super) fn limit(&mut self, deadline: Instant) -> io::Result<()> {
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

    /// Whether decrypted bytes lie here that nobody has read.
    pub(super) fn has_unread(&mut self) -> bool {
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
