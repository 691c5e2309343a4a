//! A connected socket, control or data: one handle, shared with the breaker, and how long it waits.
//!
//! How long a read may take stands on the socket itself, so that it is one system call. It is set again only where it has to
//! be another time: setting it before each read cost more than the reads of a small file (measured).

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, recv};

/// How much longer than to its deadline a read or write may wait, so that what stands need not be set again.
const SLACK: Duration = Duration::from_millis(100);

/// How long a read or write waits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Not at all: `WouldBlock` where nothing is there. For reads; a write waits as it did before.
    Never,
    /// So long, each time; then `WouldBlock`.
    Each(Duration),
    /// Until then; then `TimedOut`.
    Until(Instant),
}

/// A socket, and what stands on it. Clones are the same connection.
#[derive(Debug, Clone)]
pub(super) struct Socket {
    stream: Arc<TcpStream>,
    patience: Patience,
    read_limit: Option<Duration>,
    write_limit: Option<Duration>,
}

impl Socket {
    /// Takes a connected stream, on which no limit stands.
    pub(super) fn new(stream: Arc<TcpStream>, patience: Patience) -> Socket {
        Socket {
            stream,
            patience,
            read_limit: None,
            write_limit: None,
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// How long reads and writes wait from now on; gives how long they did.
    pub(super) fn wait(&mut self, patience: Patience) -> Patience {
        std::mem::replace(&mut self.patience, patience)
    }

    /// Whether it waits for a moment, and not for progress.
    pub(super) fn has_deadline(&self) -> bool {
        matches!(self.patience, Patience::Until(_))
    }

    /// Lets each write, and `connect` on Linux, take so long at most, where that is not what stands.
    pub(super) fn limit_writes(&mut self, limit: Duration) -> io::Result<()> {
        if self.write_limit != Some(limit) {
            self.stream.set_write_timeout(Some(limit))?;
            self.write_limit = Some(limit);
        }
        Ok(())
    }

    /// Says that nothing more will be sent.
    pub(super) fn end_sending(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// What is to stand on the socket, where that is another time than what does.
    fn limit(&self, stands: Option<Duration>) -> io::Result<Option<Duration>> {
        let (wanted, longest) = match self.patience {
            Patience::Never => return Ok(None),
            Patience::Each(time) => (time, time),
            Patience::Until(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                (left, left + SLACK)
            }
        };
        Ok(Some(wanted).filter(|_| stands.is_none_or(|stands| stands > longest)))
    }

    /// Whether an error only means that what stands on the socket was less than what is left.
    fn waits_on(&self, error: &io::Error) -> bool {
        self.has_deadline() && error.kind() == io::ErrorKind::WouldBlock
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Patience::Never = self.patience {
            return Ok(recv(self.stream(), buffer, RecvFlags::DONTWAIT)?.1);
        }
        loop {
            if let Some(limit) = self.limit(self.read_limit)? {
                self.stream.set_read_timeout(Some(limit))?;
                self.read_limit = Some(limit);
            }
            match self.stream().read(buffer) {
                Err(error) if self.waits_on(&error) => self.read_limit = None,
                done => return done,
            }
        }
    }
}

impl Socket {
    fn send(&mut self, send: impl Fn(&mut &TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            if let Some(limit) = self.limit(self.write_limit)? {
                self.limit_writes(limit)?;
            }
            match send(&mut self.stream()) {
                Err(error) if self.waits_on(&error) => self.write_limit = None,
                done => return done,
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.send(|stream| stream.write(buffer))
    }

    /// TLS hands over its records so. A call for each would let a server that refuses the first close on the others, and its
    /// reset take away the alert that says why.
    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send(|stream| stream.write_vectored(buffers))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = Socket::new(Arc::new(client), Patience::Never);
        (socket, listener.accept().unwrap().0)
    }

    #[test]
    fn a_look_does_not_wait() {
        let (mut socket, mut server) = pair();
        let quiet = socket.read(&mut [0; 4]).unwrap_err();
        assert_eq!(quiet.kind(), io::ErrorKind::WouldBlock);
        server.write_all(b"abc").unwrap();
        // It may be under way for a moment.
        socket.wait(Patience::Until(Instant::now() + Duration::from_secs(60)));
        assert_eq!(socket.read(&mut [0; 2]).unwrap(), 2);
        socket.wait(Patience::Never);
        assert_eq!(socket.read(&mut [0; 4]).unwrap(), 1);
        drop(server);
    }

    #[test]
    fn records_go_out_together() {
        let (mut socket, mut server) = pair();
        socket.wait(Patience::Each(Duration::from_secs(60)));
        let records = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        assert_eq!(socket.write_vectored(&records).unwrap(), 4);
        let mut seen = [0; 4];
        server.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"abcd");
    }

    #[test]
    fn a_deadline_holds_whatever_stands_on_the_socket() {
        let (mut socket, _server) = pair();
        for patience in [Duration::from_millis(1), Duration::from_secs(600)] {
            socket.wait(Patience::Each(Duration::from_millis(1)));
            let paused = socket.read(&mut [0; 4]).unwrap_err();
            assert_eq!(paused.kind(), io::ErrorKind::WouldBlock);
            socket.read_limit = Some(patience);
            socket.stream.set_read_timeout(Some(patience)).unwrap();
            socket.wait(Patience::Until(Instant::now() + Duration::from_millis(5)));
            let over = socket.read(&mut [0; 4]).unwrap_err();
            assert_eq!(over.kind(), io::ErrorKind::TimedOut);
        }
    }

    #[test]
    fn what_stands_is_kept_for_the_next_deadline() {
        let (mut socket, mut server) = pair();
        server.write_all(b"abcd").unwrap();
        for _ in 0..2 {
            socket.wait(Patience::Until(Instant::now() + Duration::from_secs(60)));
            assert_eq!(socket.read(&mut [0; 2]).unwrap(), 2);
            // What the system says is what was set first: rounded, and never as much as a minute.
            let stands = socket.stream.read_timeout().unwrap();
            assert!(stands <= Some(Duration::from_secs(60)));
            assert_eq!(socket.limit(socket.read_limit).unwrap(), None);
        }
    }
}
