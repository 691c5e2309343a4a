//! The way to end a session from another thread: a flag, and the sockets to shut down.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socket2::SockRef;

/// Why a session is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The user or the system interrupts the run.
    Interrupted,
    /// The step's `timeout` is over.
    StepTimeout,
}

/// Ends one session from outside. Clones are the same breaker.
///
/// The flag is seen between two buffers of a transfer; [`Breaker::shut`] ends a call that is blocked in the
/// control connection, in a data connection, in `connect` or in `accept`.
#[derive(Debug, Clone, Default)]
pub struct Breaker(Arc<Score>);

#[derive(Debug, Default)]
struct Score {
    why: AtomicU8,
    next: AtomicU64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    shut: bool,
    sockets: Vec<(u64, Arc<dyn Shut>)>,
}

/// Keeps a socket known to its breaker; forgotten when dropped.
///
/// The breaker shares the socket, and a connection is only closed with its last holder, so this must not outlive the others.
#[derive(Debug)]
#[must_use]
pub(super) struct Registration {
    breaker: Breaker,
    id: u64,
}

/// A socket of any kind that can be shut down.
pub(super) trait Shut: std::fmt::Debug + Send + Sync {
    /// Ends it in both directions, and whatever call is blocked in it.
    fn shut(&self);
}

impl<S: std::fmt::Debug + Send + Sync> Shut for S
where
    for<'a> SockRef<'a>: From<&'a S>,
{
    fn shut(&self) {
        // A socket that is already gone is what was wanted.
        let _ = SockRef::from(self).shutdown(std::net::Shutdown::Both);
    }
}

impl Breaker {
    /// A breaker that has not been tripped.
    pub fn new() -> Breaker {
        Breaker::default()
    }

    /// Sets the flag; the first reason stands.
    pub fn trip(&self, why: Why) {
        let code = match why {
            Why::Interrupted => 1,
            Why::StepTimeout => 2,
        };
        let _ = self
            .0
            .why
            .compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Shuts down every socket of the session, in both directions, now and those still to be opened.
    pub fn shut(&self) {
        let mut open = self.open();
        open.shut = true;
        for (_, socket) in &open.sockets {
            socket.shut();
        }
    }

    /// Why the flag was set, if it was.
    pub fn tripped(&self) -> Option<Why> {
        match self.0.why.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Why::Interrupted),
            _ => Some(Why::StepTimeout),
        }
    }

    /// Makes a socket known. One that comes after [`Breaker::shut`] is shut at once.
    pub(super) fn register<S: Shut + 'static>(&self, socket: &Arc<S>) -> Registration {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open();
        if open.shut {
            socket.shut();
        }
        open.sockets.push((id, Arc::clone(socket) as Arc<dyn Shut>));
        drop(open);
        Registration {
            breaker: self.clone(),
            id,
        }
    }

    /// Whether the sockets were shut down.
    pub(super) fn is_shut(&self) -> bool {
        self.open().shut
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.breaker.open().sockets.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_first_reason_stands() {
        let breaker = Breaker::new();
        assert_eq!(breaker.tripped(), None);
        breaker.trip(Why::StepTimeout);
        breaker.trip(Why::Interrupted);
        assert_eq!(breaker.clone().tripped(), Some(Why::StepTimeout));
    }

    #[test]
    fn a_blocked_read_ends_when_shut() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let _server = listener.accept().unwrap();
        let breaker = Breaker::new();
        let _known = breaker.register(&client);
        let other = breaker.clone();
        let thread = std::thread::spawn(move || other.shut());
        assert_eq!((&*client).read(&mut [0; 1]).unwrap(), 0);
        thread.join().unwrap();
    }

    #[test]
    fn a_closed_socket_is_forgotten_and_its_peer_sees_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let (mut server, _) = listener.accept().unwrap();
        let breaker = Breaker::new();
        let known = breaker.register(&client);
        drop(client);
        drop(known);
        assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
        assert!(breaker.open().sockets.is_empty());
    }
}
