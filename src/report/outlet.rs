//! Telling that never holds up the run: what goes to a pipe, a FIFO or a terminal is written by a thread of its own.
//!
//! Whoever reads slowly gets everything later: it waits in memory up to a bound, then in a [`spool`] on disk. Whoever does not
//! read at all is given up at the end of the run. For regular files there is [`super::Sink`].

mod spool;

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use spool::Spool;

/// Bytes that wait in memory.
const MEMORY: usize = 1024 * 1024;

/// Bytes written at once: whoever takes so many is reading.
const PIECE: usize = 4096;

/// After the run's end, whoever takes nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// After the first signal all has ended within 5 s; the run itself takes up to 4 s of them.
const WITHIN: Duration = Duration::from_millis(4500);

/// So long whoever reads has in any case.
const LEAST: Duration = Duration::from_millis(250);

/// A writer whose writes never wait for a reader. Clones write to the same.
#[derive(Clone)]
pub struct Outlet(Arc<Stream>);

/// Says when the run was told to end; clones are told together.
#[derive(Debug, Clone, Default)]
pub struct Hurry(Arc<OnceLock<Instant>>);

/// How what was written in the end came through.
#[derive(Debug)]
pub(super) enum Ended {
    /// All of it.
    Written,
    /// So many bytes were not taken.
    GivenUp(u64),
    /// It could not be written.
    Failed(io::Error),
}

struct Stream {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    memory: Vec<u8>,
    spool: Spool,
    /// Bytes that the thread has in hand.
    in_hand: usize,
    /// When something was last taken, or began to wait.
    moved: Instant,
    failed: Option<(io::ErrorKind, String)>,
}

impl Outlet {
    /// Starts the thread, which opens the writer first.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start<W: Write>(
        open: impl FnOnce() -> io::Result<W> + Send + 'static,
    ) -> io::Result<Outlet> {
        let outlet = Outlet(Arc::new(Stream {
            state: Mutex::new(State {
                memory: Vec::new(),
                spool: Spool::default(),
                in_hand: 0,
                moved: Instant::now(),
                failed: None,
            }),
            changed: Condvar::new(),
        }));
        let own = outlet.clone();
        let thread = Builder::new().name("outlet".to_owned());
        // Never waited for: it may hang in a write for ever, and ends with the process.
        thread.spawn(move || {
            if let Err(error) = open().and_then(|out| own.pass_on(out)) {
                own.fail(&error);
            }
        })?;
        Ok(outlet)
    }

    /// Whether something waits that was not taken yet.
    pub(super) fn is_behind(&self) -> bool {
        self.lock().waiting() > 0
    }

    /// How long nothing was taken of what waits.
    pub(super) fn stuck_for(&self) -> Duration {
        let state = self.lock();
        match state.waiting() {
            0 => Duration::ZERO,
            _ => state.moved.elapsed(),
        }
    }

    /// Waits until all is taken. `patience` is how long nothing may be taken from `since` on: [`Outlet::usual_patience`],
    /// or for ever.
    pub(super) fn end(&self, since: Instant, patience: Option<Duration>, hurry: &Hurry) -> Ended {
        let mut state = self.lock();
        loop {
            if let Some((kind, text)) = &state.failed {
                return Ended::Failed(io::Error::new(*kind, text.clone()));
            }
            let waiting = state.waiting();
            if waiting == 0 {
                return Ended::Written;
            }
            let idle = patience.map(|patience| state.moved.max(since) + patience);
            let limit = idle.into_iter().chain(hurry.limit(since)).min();
            let now = Instant::now();
            if limit.is_some_and(|limit| limit <= now) {
                return Ended::GivenUp(waiting);
            }
            // A signal may come meanwhile.
            let look = Duration::from_millis(50);
            let waited = self.0.changed.wait_timeout(state, look);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The patience with whoever may never read.
    pub(super) fn usual_patience() -> Option<Duration> {
        Some(PATIENCE)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: &io::Error) {
        let words = match error.kind() {
            io::ErrorKind::BrokenPipe => "whoever read it has left".to_owned(),
            _ => error.to_string(),
        };
        self.lock().failed = Some((error.kind(), words));
        self.0.changed.notify_all();
    }

    /// The thread: passes on what waits, for ever.
    fn pass_on(&self, mut out: impl Write) -> io::Result<()> {
        loop {
            let chunk = self.next_chunk()?;
            for piece in chunk.chunks(PIECE) {
                out.write_all(piece)?;
                let mut state = self.lock();
                state.in_hand -= piece.len();
                state.moved = Instant::now();
            }
            out.flush()?;
            self.0.changed.notify_all();
        }
    }

    fn next_chunk(&self) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        loop {
            let chunk = match state.memory.is_empty() {
                false => std::mem::take(&mut state.memory),
                true => state.spool.take(MEMORY as u64)?,
            };
            if !chunk.is_empty() {
                state.in_hand = chunk.len();
                return Ok(chunk);
            }
            let woken = self.0.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if let Some((kind, text)) = &state.failed {
            return Err(io::Error::new(*kind, text.clone()));
        }
        if state.waiting() == 0 {
            state.moved = Instant::now();
        }
        if let Err(error) = state.keep(bytes) {
            state.failed = Some((error.kind(), error.to_string()));
            return Err(error);
        }
        drop(state);
        self.0.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    fn waiting(&self) -> u64 {
        (self.memory.len() + self.in_hand) as u64 + self.spool.len()
    }

    /// What is in memory is older than what is spooled.
    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.spool.len() > 0 || self.memory.len() + bytes.len() > MEMORY {
            return self.spool.push(bytes);
        }
        self.memory.extend_from_slice(bytes);
        Ok(())
    }
}

impl Hurry {
    /// From now on there is no time to lose. The first call counts.
    pub fn begin(&self) {
        let _ = self.0.set(Instant::now());
    }

    /// Until when may be waited, of a wait that began at `since`.
    fn limit(&self, since: Instant) -> Option<Instant> {
        let told = *self.0.get()?;
        Some(match told < since {
            true => (told + WITHIN).max(since + LEAST),
            // The run had ended: only this wait is in the way.
            false => told + LEAST,
        })
    }
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outlet")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A writer that waits for a word before each write.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_reader_gets_all_in_order_and_memory_stays_bounded() {
        let (go, gate) = channel();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let slow = Slow(gate, Arc::clone(&taken));
        let mut outlet = Outlet::start(move || Ok(slow)).unwrap();
        let mut all = Vec::new();
        for at in 0..400_000_u32 {
            let line = format!("{at}\n");
            outlet.write_all(line.as_bytes()).unwrap();
            all.extend_from_slice(line.as_bytes());
        }
        assert!(outlet.lock().memory.len() <= MEMORY && outlet.lock().spool.len() > 0);
        // Each write takes one: there are never more of them than bytes.
        for _ in 0..all.len() {
            go.send(()).unwrap();
        }
        assert!(matches!(
            outlet.end(Instant::now(), None, &Hurry::default()),
            Ended::Written
        ));
        assert!(*taken.lock().unwrap() == all);
        assert_eq!(outlet.lock().waiting(), 0);
    }

    #[test]
    fn who_does_not_read_is_given_up_and_a_signal_waits_for_nobody() {
        let (_go, gate) = channel();
        let slow = Slow(gate, Arc::default());
        let mut outlet = Outlet::start(move || Ok(slow)).unwrap();
        outlet.write_all(b"lines").unwrap();
        let end = |patience, hurry: &Hurry| outlet.end(Instant::now(), patience, hurry);
        let given = end(Some(Duration::ZERO), &Hurry::default());
        assert!(matches!(given, Ended::GivenUp(5)));
        let hurry = Hurry::default();
        hurry.0.set(Instant::now() - WITHIN).unwrap();
        assert!(matches!(end(None, &hurry), Ended::GivenUp(5)));
    }

    #[test]
    fn a_closed_pipe_is_told_at_the_next_write_or_at_the_end() {
        let (go, gate) = channel();
        drop(go);
        let mut outlet = Outlet::start(move || Ok(Slow(gate, Arc::default()))).unwrap();
        outlet.write_all(b"lines").unwrap();
        let ended = outlet.end(Instant::now(), None, &Hurry::default());
        assert!(matches!(ended, Ended::Failed(error) if error.kind() == io::ErrorKind::BrokenPipe));
        assert!(outlet.write_all(b"more").is_err());
    }
}
