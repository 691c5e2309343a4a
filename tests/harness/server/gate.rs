//! What orders a test and its servers without sleeping: a latch and a meeting point.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long anything in the harness waits for what must happen, before it gives up: no measure of speed, so that a loaded
/// machine passes.
pub(super) const BOUND: Duration = Duration::from_secs(30);

/// How often a wait looks whether its server is being stopped.
const GLANCE: Duration = Duration::from_millis(5);

/// A latch: sessions wait at it until the test opens it. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Latch>);

#[derive(Debug, Default)]
struct Latch {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    open: bool,
    arrived: usize,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets through all who wait and all who come.
    pub fn open(&self) {
        self.0.lock().open = true;
        self.0.changed.notify_all();
    }

    /// How many sessions have come to the gate so far.
    pub fn arrived(&self) -> usize {
        self.0.lock().arrived
    }

    /// Waits, in the test, until that many sessions have come to the gate.
    #[track_caller]
    pub fn until_arrived(&self, parties: usize) {
        let met = self
            .0
            .wait(|state| state.arrived >= parties, || false, Some(BOUND));
        assert!(
            met,
            "{} of {parties} sessions came to the gate within {BOUND:?}",
            self.arrived()
        );
    }

    /// Waits, in a session, as long as it takes; ends early when `stopped` says so. Not bounded: a
    /// stall that ends by itself would let a client pass that only waits long enough.
    pub(super) fn pass(&self, stopped: impl Fn() -> bool) {
        self.0.lock().arrived += 1;
        self.0.changed.notify_all();
        self.0.wait(|state| state.open, stopped, None);
    }
}

/// A meeting point: each session that comes waits until all parties are there. What met was under
/// way at the same time, and no stopwatch was needed to see it.
///
/// Every arrival is a party: say `.nth(1)` in the rule where one server may send several.
#[derive(Clone, Debug)]
pub struct Meet {
    parties: usize,
    latch: Arc<Latch>,
}

impl Meet {
    /// A meeting of so many parties.
    pub fn new(parties: usize) -> Self {
        Self {
            parties,
            latch: Arc::default(),
        }
    }

    /// Whether all parties met. One that gave up after the bound makes the meeting fail for good.
    pub fn all_met(&self) -> bool {
        self.latch.lock().open
    }

    /// How many have come so far.
    pub fn arrived(&self) -> usize {
        self.latch.lock().arrived
    }

    pub(super) fn attend(&self, stopped: impl Fn() -> bool) {
        let mut state = self.latch.lock();
        state.arrived += 1;
        state.open |= state.arrived == self.parties;
        drop(state);
        self.latch.changed.notify_all();
        if !self.latch.wait(|state| state.open, stopped, Some(BOUND)) {
            // Whoever comes now comes alone: the number can no longer be reached.
            self.latch.lock().arrived = self.parties + 1;
        }
    }
}

impl Latch {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the condition came true before the bound and the stop.
    fn wait(
        &self,
        done: impl Fn(&Waiting) -> bool,
        stopped: impl Fn() -> bool,
        bound: Option<Duration>,
    ) -> bool {
        let begin = Instant::now();
        let mut state = self.lock();
        while !done(&state) {
            if stopped() || bound.is_some_and(|bound| begin.elapsed() > bound) {
                return false;
            }
            let woken = self.changed.wait_timeout(state, GLANCE);
            state = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        true
    }
}
