//! Data connections: how they come to be, and how many bytes may pass.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::faults::{Ending, Orders};
use super::gate::{BOUND, Gate};
use super::shared::{Shared, Watch};

/// How long a look for the client's connection takes, at most.
const LOOK: Duration = Duration::from_millis(1);

/// More than the system keeps of a connection that nobody reads (`net.ipv4.tcp_rmem`).
const UNREAD: usize = 64 * 1024 * 1024;

/// Where the next data connection comes from.
pub(super) enum DataPort {
    /// The client connects here.
    Passive(TcpListener),
    /// The client listens there.
    Active(SocketAddr),
}

impl DataPort {
    /// The connection, or why there is none: nobody came, the client left, the server stops.
    pub(super) fn open(self, shared: &Arc<Shared>, control: &TcpStream) -> io::Result<Data> {
        let stream = match self {
            Self::Passive(listener) => accept(&listener, shared, control)?,
            Self::Active(address) => TcpStream::connect_timeout(&address, BOUND)?,
        };
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        Ok(Data {
            watch: shared.watch(&stream)?,
            stream,
        })
    }
}

/// An open data connection.
pub(super) struct Data {
    // Dropped first: it holds a second handle.
    watch: Watch,
    pub(super) stream: TcpStream,
}

impl Data {
    /// Bytes that have come and were not read. Looked at and left there: reading them would let more come.
    pub(super) fn unread(&self) -> u64 {
        let mut buffer = vec![0; UNREAD];
        let peeked = match self.stream.set_nonblocking(true) {
            Ok(()) => self.stream.peek(&mut buffer).unwrap_or(0),
            Err(_) => 0,
        };
        peeked as u64
    }

    /// Ends it, as a server does after the last byte.
    pub(super) fn close(self) {
        drop(self.watch);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Ends it in the way that was ordered; `None` is as [`Data::close`].
    pub(super) fn cut(self, how: Option<Ending>) {
        match how {
            None => self.close(),
            Some(how) => {
                drop(self.watch);
                how(&self.stream);
            }
        }
    }
}

/// Counts the bytes of a transfer and stops it where a rule says so.
pub(super) struct Meter {
    passed: u64,
    cut: Option<u64>,
    stall: Option<(u64, Gate)>,
}

impl Meter {
    pub(super) fn new(orders: &Orders) -> Self {
        Self {
            passed: 0,
            cut: orders.cut.map(|(at, _)| at),
            stall: orders.stall.clone(),
        }
    }

    /// How many of the wanted bytes may pass now; 0 means that a cut or a stall is due.
    pub(super) fn admits(&self, wanted: usize) -> usize {
        let marks = self
            .cut
            .into_iter()
            .chain(self.stall.as_ref().map(|(at, _)| *at));
        let left = marks
            .map(|at| at.saturating_sub(self.passed))
            .min()
            .unwrap_or(u64::MAX);
        wanted.min(usize::try_from(left).unwrap_or(usize::MAX))
    }

    pub(super) fn pass(&mut self, bytes: usize) {
        self.passed += bytes as u64;
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some_and(|at| at <= self.passed)
    }

    /// Waits where a stall is due; at the end of the data every stall is.
    pub(super) fn stall(&mut self, at_end: bool, shared: &Shared) {
        let due = |(at, _): &mut (u64, Gate)| *at <= self.passed || at_end;
        if let Some((_, gate)) = self.stall.take_if(due) {
            gate.pass(|| shared.stopped());
        }
    }
}

/// A listener can neither time out nor be shut down in `std`: it is asked again and again.
fn accept(listener: &TcpListener, shared: &Shared, control: &TcpStream) -> io::Result<TcpStream> {
    let until = Instant::now() + BOUND;
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(stream),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if shared.stopped() || Instant::now() > until || has_left(control) => {
                return Err(ErrorKind::TimedOut.into());
            }
            Err(_) => thread::sleep(LOOK),
        }
    }
}

/// Whether the client closed its control connection and sent nothing more before.
fn has_left(control: &TcpStream) -> bool {
    let blocking = control.set_nonblocking(true);
    let seen = control.peek(&mut [0]);
    blocking.is_err() || control.set_nonblocking(false).is_err() || matches!(seen, Ok(0))
}
