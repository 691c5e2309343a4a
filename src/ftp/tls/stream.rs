//! One connection under TLS: a socket, its handshake, and an end that is told from a cut.

use std::io::{self, BufReader, Read, Write};
use std::time::Instant;

use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};

use crate::ftp::socket::{Patience, Socket};

/// Bytes read from the socket at once: rustls itself asks for 4 KiB a call.
const READ_AHEAD: usize = 64 * 1024;

/// A connection over which TLS is to be put, until when.
#[derive(Debug)]
pub(in crate::ftp) struct Upgrade {
    pub(in crate::ftp) session: Box<ClientConnection>,
    pub(in crate::ftp) deadline: Instant,
}

/// A connection under TLS.
#[derive(Debug)]
pub(in crate::ftp) struct Secure {
    socket: BufReader<Socket>,
    session: Box<ClientConnection>,
    is_ended: bool,
}

impl Upgrade {
    /// Puts TLS over a connected socket, which waits until the same deadline afterwards.
    ///
    /// # Errors
    /// The socket's, or one that carries a [`rustls::Error`]; [`super::explain`] tells what it means.
    pub(in crate::ftp) fn over(self, mut socket: Socket) -> io::Result<Secure> {
        socket.wait(Patience::Until(self.deadline));
        let mut secure = Secure {
            socket: BufReader::with_capacity(READ_AHEAD, socket),
            session: self.session,
            is_ended: false,
        };
        secure.shake_hands()?;
        Ok(secure)
    }
}

impl Secure {
    pub(in crate::ftp) fn socket(&self) -> &Socket {
        self.socket.get_ref()
    }

    pub(in crate::ftp) fn socket_mut(&mut self) -> &mut Socket {
        self.socket.get_mut()
    }

    /// Whether decrypted bytes lie here that nobody has read.
    pub(in crate::ftp) fn has_unread(&mut self) -> bool {
        self.session
            .process_new_packets()
            .map_or(true, |state| state.plaintext_bytes_to_read() > 0)
    }

    /// Sends close_notify and half-closes. May be called again after an error that may pass.
    pub(in crate::ftp) fn end_sending(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_ended, true) {
            self.session.send_close_notify();
        }
        self.send()?;
        self.socket.get_ref().end_sending()
    }

    /// Whether an earlier session was resumed.
    pub(in crate::ftp) fn is_resumed(&self) -> bool {
        self.session.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Whether TLS 1.3 is spoken, whose tickets serve once.
    pub(in crate::ftp) fn is_tls13(&self) -> bool {
        self.session.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    fn shake_hands(&mut self) -> io::Result<()> {
        while self.session.is_handshaking() {
            self.send()?;
            if self.session.is_handshaking() && self.receive()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.send()
    }

    fn send(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(self.socket.get_mut()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<usize> {
        let length = loop {
            match self.session.read_tls(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => break done?,
            }
        };
        if let Err(error) = self.session.process_new_packets() {
            // The alert that says why; the error is the same whether or not it arrives.
            let _ = self.send();
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(length)
    }
}

impl Read for Secure {
    /// 0 after the server's close_notify; `UnexpectedEof` where the connection ended without it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            // Answers that the protocol itself owes (a key update).
            self.send()?;
            self.receive()?;
        }
    }
}

impl Write for Secure {
    /// Without a deadline, an error that may pass means that nothing of these bytes was taken.
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.send()?;
        let taken = self.session.writer().write(buffer)?;
        match self.send() {
            // What was taken lies here encrypted; it goes out before anything that follows.
            Err(error) if !self.socket.get_ref().has_deadline() && may_pass(&error) => {}
            sent => sent?,
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

fn may_pass(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// The error of clear text that came between AUTH's reply and the handshake.
pub(in crate::ftp) fn injected() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Injected)
}

/// Marks the error of clear text behind AUTH's reply.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("clear text came behind the reply to AUTH")]
pub(super) struct Injected;
