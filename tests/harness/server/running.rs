//! A server that runs, as a test sees it.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::config::Server;
use super::control;
use super::digest::Digest;
use super::faults::Do;
use super::fs::{Kind, Tree};
use super::journal::Entry;
use super::rules::On;
use super::shared::{Presence, Shared};

/// A running server; it stops, and its threads end, when this is dropped.
#[must_use = "the server stops when this is dropped"]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    listening: Option<JoinHandle<()>>,
}

/// A path in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Length and hash of a file; nothing for folders and links.
    pub content: Option<Digest>,
    /// Seconds since 1970, UTC.
    pub modified: i64,
}

impl Running {
    #[track_caller]
    pub(super) fn start(config: Server) -> Self {
        let listener = TcpListener::bind((config.address, 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a listener");
        let shared = Shared::new(config);
        let threads = Arc::new(Mutex::new(Vec::new()));
        let (inner, sessions) = (Arc::clone(&shared), Arc::clone(&threads));
        let listening = thread::spawn(move || accept(&listener, &inner, &sessions));
        Self {
            address,
            shared,
            threads,
            listening: Some(listening),
        }
    }

    /// The port of the control connection.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `127.0.0.1` or `::1`.
    pub fn host(&self) -> String {
        self.address.ip().to_string()
    }

    /// The whole address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The entry of this server for a manifest, in one line: host, port and the first user.
    pub fn yaml(&self) -> String {
        let mut fields = format!("host: \"{}\", port: {}", self.host(), self.port());
        if let Some((user, password)) = self.shared.config.users.first() {
            fields.push_str(&format!(", user: \"{user}\", password: \"{password}\""));
        }
        format!("{{ {fields} }}")
    }

    /// Adds a rule while the server runs.
    pub fn rule(&self, on: On, does: impl Into<Vec<Do>>) {
        self.shared.rules.add(on, does.into());
    }

    /// Changes the files now.
    pub fn mutate<T>(&self, change: impl FnOnce(&mut Tree) -> T) -> T {
        change(&mut self.shared.tree())
    }

    /// Every path, with length, hash and time.
    pub fn tree(&self) -> BTreeMap<Vec<u8>, Stat> {
        let tree = self.shared.tree().clone();
        let stats = tree.iter().map(|(path, node)| {
            let content = match &node.kind {
                Kind::File(content) => Some(content.digest()),
                Kind::Folder | Kind::Link(_) => None,
            };
            (
                path.clone(),
                Stat {
                    content,
                    modified: node.modified,
                },
            )
        });
        stats.collect()
    }

    /// The bytes of a file; nothing when there is none, or when uploads are discarded.
    pub fn read(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.shared.tree().file(path)?.to_vec()
    }

    /// Length and hash of a file.
    pub fn digest(&self, path: impl AsRef<[u8]>) -> Option<Digest> {
        let content = self.shared.tree().file(path)?.clone();
        Some(content.digest())
    }

    /// The time of a file or folder.
    pub fn modified(&self, path: impl AsRef<[u8]>) -> Option<i64> {
        Some(self.shared.tree().get(path)?.modified)
    }

    /// Whether anything stands at the path.
    pub fn exists(&self, path: impl AsRef<[u8]>) -> bool {
        self.shared.tree().get(path).is_some()
    }

    /// The names in a folder, bytes that are not UTF-8 replaced, in the order of their bytes.
    pub fn names(&self, folder: impl AsRef<[u8]>) -> Vec<String> {
        let names = self.names_bytes(folder);
        names
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    }

    /// The names in a folder.
    pub fn names_bytes(&self, folder: impl AsRef<[u8]>) -> Vec<Vec<u8>> {
        let tree = self.shared.tree();
        tree.children(folder.as_ref())
            .map(|(name, _)| name.to_vec())
            .collect()
    }

    /// Every command so far, passwords included: `2: RETR /a/b.txt`, 2 being the session.
    pub fn log(&self) -> Vec<String> {
        self.shared
            .journal
            .facts()
            .entries
            .iter()
            .map(Entry::to_string)
            .collect()
    }

    /// Every command so far, with its bytes.
    pub fn entries(&self) -> Vec<Entry> {
        self.shared.journal.facts().entries.clone()
    }

    /// How often a command came early that is objected to.
    pub fn objections(&self) -> usize {
        let objecting = self.shared.config.objecting.as_ref();
        objecting.map_or(0, |objecting| objecting.count())
    }

    /// What was ordered by [`super::Server::disorder`], for the message of a test that fails.
    pub fn disordered(&self) -> String {
        format!("{:?}", self.shared.config.disorder)
    }

    /// How often a command came.
    pub fn count(&self, verb: &str) -> usize {
        count(&self.shared.journal.facts().entries, verb)
    }

    /// How many files were written, but for the empty ones that tell folders apart and show whether times are kept.
    pub fn stored(&self) -> usize {
        let entries = self.entries();
        let files = entries.iter().filter(|entry| {
            let is_mark = entry
                .argument
                .windows(14)
                .any(|part| part == b"/mark.ftpflow-");
            entry.verb == "STOR" && !is_mark
        });
        files.count()
    }

    /// How many clients have connected.
    pub fn sessions_opened(&self) -> usize {
        self.shared.journal.facts().opened
    }

    /// The most control connections there were at once.
    pub fn max_concurrent_sessions(&self) -> usize {
        self.shared.journal.facts().sessions.most
    }

    /// The most data connections of RETR, STOR and APPE there were at once.
    pub fn max_concurrent_transfers(&self) -> usize {
        self.shared.journal.facts().transfers.most
    }

    /// Bytes that reached this server on the data connections of uploads, those included that it threw away at a cut.
    pub fn received(&self) -> u64 {
        self.shared.journal.facts().received
    }

    /// Waits until the log is so; panics with the log when that takes more than ten seconds.
    #[track_caller]
    pub fn wait_for(&self, done: impl Fn(&[Entry]) -> bool) {
        self.shared
            .journal
            .until("what the test waits for", |facts| done(&facts.entries));
    }

    /// Waits until this command has come so many times.
    #[track_caller]
    pub fn until_command(&self, verb: &str, times: usize) {
        let what = format!("{verb} for the {times}th time");
        self.shared
            .journal
            .until(&what, |facts| count(&facts.entries, verb) >= times);
    }

    /// Waits until no session is left.
    #[track_caller]
    pub fn until_no_sessions(&self) {
        self.shared
            .journal
            .until("the end of all sessions", |facts| facts.sessions.now == 0);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stop();
        // Wakes the listening thread, which sees the flag.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn count(entries: &[Entry], verb: &str) -> usize {
    entries
        .iter()
        .filter(|entry| entry.verb.eq_ignore_ascii_case(verb))
        .count()
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, threads: &Mutex<Vec<JoinHandle<()>>>) {
    loop {
        let accepted = listener.accept();
        if shared.stopped() {
            return;
        }
        let Ok((stream, _)) = accepted else { continue };
        let shared = Arc::clone(shared);
        let (presence, number) = Presence::enter(&shared);
        let session = thread::spawn(move || {
            // An error here is a client that left: its own test will tell.
            let _: io::Result<()> = control::serve(stream, &shared, presence, number);
        });
        let mut threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.push(session);
    }
}
