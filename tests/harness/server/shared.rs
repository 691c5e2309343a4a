//! What all threads of one server share, and how they are stopped.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::config::Server;
use super::fs::Tree;
use super::journal::Journal;
use super::rules::Rules;

pub(super) struct Shared {
    pub(super) config: Server,
    pub(super) journal: Journal,
    pub(super) rules: Rules,
    tree: Mutex<Tree>,
    stop: AtomicBool,
    next: AtomicU64,
    sockets: Mutex<HashMap<u64, TcpStream>>,
}

impl Shared {
    pub(super) fn new(mut config: Server) -> Arc<Self> {
        let tree = std::mem::replace(&mut config.tree, Tree::new());
        let rules = Rules::new(std::mem::take(&mut config.rules));
        Arc::new(Self {
            config,
            journal: Journal::default(),
            rules,
            tree: Mutex::new(tree),
            stop: AtomicBool::new(false),
            next: AtomicU64::new(0),
            sockets: Mutex::default(),
        })
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends every wait: the flag for those who look, shut sockets for those who read.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for socket in self.sockets().values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Has the socket shut down when the server stops, as long as the guard lives.
    pub(super) fn watch(self: &Arc<Self>, socket: &TcpStream) -> std::io::Result<Watch> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let copy = socket.try_clone()?;
        let mut sockets = self.sockets();
        if self.stopped() {
            let _ = copy.shutdown(Shutdown::Both);
        }
        sockets.insert(id, copy);
        drop(sockets);
        Ok(Watch {
            shared: Arc::clone(self),
            id,
        })
    }

    fn sockets(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a second handle of a socket: drop it before the socket, or closing the socket sends nothing.
pub(super) struct Watch {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.sockets().remove(&self.id);
    }
}

/// Counts a session until it leaves: before its last reply and before its socket closes, so that a
/// client that saw the end and connects again is never one too many.
pub(super) struct Presence(Option<Arc<Shared>>);

impl Presence {
    /// Counts a session, and gives it its number.
    pub(super) fn enter(shared: &Arc<Shared>) -> (Self, usize) {
        let number = shared.journal.change(|facts| {
            facts.opened += 1;
            facts.sessions.up();
            facts.opened
        });
        (Self(Some(Arc::clone(shared))), number)
    }

    pub(super) fn leave(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.journal.change(|facts| facts.sessions.down());
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.leave();
    }
}
