//! A connection, control or data, in clear text or under TLS.

use std::io::{self, Read, Write};

use super::socket::{Patience, Socket};
use super::tls::Secure;

/// The stream itself, control or data.
#[derive(Debug)]
pub(super) enum Inner {
    /// Clear text.
    Plain(Socket),
    /// Under TLS.
    Tls(Box<Secure>),
}

impl Inner {
    pub(super) fn socket(&self) -> &Socket {
        match self {
            Inner::Plain(socket) => socket,
            Inner::Tls(secure) => secure.socket(),
        }
    }

    /// Says that nothing more will be sent. With TLS, close_notify goes first.
    pub(super) fn end_sending(&mut self) -> io::Result<()> {
        match self {
            Inner::Plain(socket) => socket.end_sending(),
            Inner::Tls(secure) => secure.end_sending(),
        }
    }

    /// Reads what has come, without waiting: `WouldBlock` where nothing has.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let before = self.wait(Patience::Never);
        let read = self.read(buffer);
        self.wait(before);
        read
    }

    /// How long reads and writes wait from now on; gives how long they did.
    pub(super) fn wait(&mut self, patience: Patience) -> Patience {
        match self {
            Inner::Plain(socket) => socket.wait(patience),
            Inner::Tls(secure) => secure.socket_mut().wait(patience),
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
