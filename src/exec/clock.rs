//! The one clock of a run: a heap of instants and what is to happen at each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// What an instant is for. It takes the time as a parameter, so that tests need no sleep.
#[derive(Debug)]
pub(super) struct Clock<W> {
    heap: BinaryHeap<Reverse<Entry<W>>>,
    sequence: u64,
}

#[derive(Debug)]
struct Entry<W> {
    at: Instant,
    sequence: u64,
    wake: W,
}

impl<W> Clock<W> {
    /// A clock with nothing to do.
    pub(super) fn new() -> Clock<W> {
        Clock {
            heap: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// Sets a wake.
    pub(super) fn set(&mut self, at: Instant, wake: W) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry {
            at,
            sequence: self.sequence,
            wake,
        }));
    }

    /// The first wake that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<W> {
        if self.heap.peek()?.0.at > now {
            return None;
        }
        self.heap.pop().map(|entry| entry.0.wake)
    }

    /// How long to wait for the next one; none where nothing is set.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let first = self.heap.peek()?;
        Some(first.0.at.saturating_duration_since(now))
    }
}

impl<W> PartialEq for Entry<W> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.sequence) == (other.at, other.sequence)
    }
}

impl<W> Eq for Entry<W> {}

impl<W> PartialOrd for Entry<W> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<W> Ord for Entry<W> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_come_in_order_of_time_and_then_of_setting() {
        let start = Instant::now();
        let mut clock = Clock::new();
        clock.set(start + Duration::from_secs(2), "late");
        clock.set(start + Duration::from_secs(1), "first");
        clock.set(start + Duration::from_secs(1), "second");
        assert_eq!(clock.wait(start), Some(Duration::from_secs(1)));
        assert_eq!(clock.due(start), None);
        let later = start + Duration::from_secs(3);
        let order: Vec<_> = std::iter::from_fn(|| clock.due(later)).collect();
        assert_eq!(order, ["first", "second", "late"]);
        assert_eq!(clock.wait(later), None);
    }
}
