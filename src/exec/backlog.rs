//! Work of a step that waits to be started, some of it not before an instant (a retry).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::plan::Retry;

/// Waiting work, first in first out; retries come before it when their time has come.
#[derive(Debug)]
pub(super) struct Backlog<T> {
    ready: VecDeque<T>,
    due: VecDeque<Try<T>>,
    later: Vec<(Instant, Try<T>)>,
}

/// A piece of work and how many tries of it have failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Try<T> {
    pub(super) item: T,
    pub(super) failed: u32,
    /// Whether a try that moved bytes has already set the count back (it may once).
    pub(super) reset: bool,
    /// How often servers had spoken against lines that were sent ahead, when it was last excused.
    pub(super) excused: u8,
}

/// How many tries of a piece of work have failed, without the work.
pub(super) type Tries = Try<()>;

impl<T> Default for Backlog<T> {
    fn default() -> Backlog<T> {
        Backlog::new()
    }
}

impl<T> Backlog<T> {
    pub(super) fn new() -> Backlog<T> {
        Backlog {
            ready: VecDeque::new(),
            due: VecDeque::new(),
            later: Vec::new(),
        }
    }

    /// Makes room for so much new work, so that it never has to move while it is added.
    pub(super) fn reserve(&mut self, count: usize) {
        self.ready.reserve_exact(count);
    }

    /// Adds new work.
    pub(super) fn push(&mut self, item: T) {
        self.ready.push_back(item);
    }

    /// Puts back work that a job did not get to, or that does not count as tried: in front, and in its order.
    pub(super) fn put_back<I>(&mut self, attempts: I)
    where
        I: IntoIterator<Item = Try<T>, IntoIter: DoubleEndedIterator>,
    {
        for attempt in attempts.into_iter().rev() {
            match (attempt.failed, attempt.excused) {
                (0, 0) => self.ready.push_front(attempt.item),
                _ => self.due.push_front(attempt),
            }
        }
    }

    /// Adds a further try, not before an instant.
    pub(super) fn retry(&mut self, attempt: Try<T>, at: Instant) {
        self.later.push((at, attempt));
    }

    /// Takes the next piece that may start.
    pub(super) fn take(&mut self, now: Instant) -> Option<Try<T>> {
        let again = self.take_again(now);
        again.or_else(|| self.ready.pop_front().map(Try::first))
    }

    /// Takes the next piece that was tried before.
    pub(super) fn take_again(&mut self, now: Instant) -> Option<Try<T>> {
        self.settle(now);
        self.due.pop_front()
    }

    /// The next piece that may start.
    pub(super) fn peek(&mut self, now: Instant) -> Option<&T> {
        self.settle(now);
        let due = self.due.front().map(|attempt| &attempt.item);
        due.or_else(|| self.ready.front())
    }

    /// How many pieces may start now.
    pub(super) fn ready(&mut self, now: Instant) -> usize {
        self.ready_again(now) + self.ready.len()
    }

    /// How many pieces that were tried before may start now.
    pub(super) fn ready_again(&mut self, now: Instant) -> usize {
        self.settle(now);
        self.due.len()
    }

    /// Whether nothing waits at all.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.due.is_empty() && self.later.is_empty()
    }

    /// When the first retry may start.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.later.iter().map(|(at, _)| *at).min()
    }

    /// Empties it: what is never to be started.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Try<T>> + '_ {
        let later = self.later.drain(..).map(|(_, attempt)| attempt);
        let ready = self.ready.drain(..).map(Try::first);
        self.due.drain(..).chain(ready).chain(later)
    }

    fn settle(&mut self, now: Instant) {
        let (due, later) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.later = later;
        let due: Vec<(Instant, Try<T>)> = due;
        self.due.extend(due.into_iter().map(|(_, attempt)| attempt));
    }
}

impl Tries {
    /// A further try of this work.
    pub(super) fn of<T>(self, item: T) -> Try<T> {
        Try {
            item,
            failed: self.failed,
            reset: self.reset,
            excused: self.excused,
        }
    }
}

impl<T> Try<T> {
    /// How often it was tried.
    pub(super) fn tries(&self) -> Tries {
        Try {
            item: (),
            failed: self.failed,
            reset: self.reset,
            excused: self.excused,
        }
    }

    /// Work that was not tried yet.
    pub(super) fn first(item: T) -> Try<T> {
        Try {
            item,
            failed: 0,
            reset: false,
            excused: 0,
        }
    }

    /// Whether it was tried before, be it without counting.
    pub(super) fn was_tried(&self) -> bool {
        self.failed > 0 || self.excused > 0
    }

    /// Whether servers have spoken against lines that were sent ahead so often since the last such excuse, so that a failure
    /// may come of that and does not count.
    pub(super) fn is_excused(&mut self, doubts: u32) -> bool {
        let doubts = u8::try_from(doubts).unwrap_or(u8::MAX);
        let excused = doubts > self.excused;
        self.excused = self.excused.max(doubts);
        excused
    }

    /// Counts a failed try. The wait before the next, or none where there is no further try.
    ///
    /// A try that moved bytes which the next can continue sets the count back, once: where it would have been the last,
    /// because before that there is nothing to gain. So a file may fail so up to twice as often, less one.
    pub(super) fn again(
        &mut self,
        retry: &Retry,
        progressed: bool,
        chance: f64,
    ) -> Option<Duration> {
        self.failed += 1;
        if progressed && !self.reset && self.failed >= retry.attempts {
            self.reset = true;
            self.failed = 1;
        }
        (self.failed < retry.attempts).then(|| pause(retry, self.failed, chance))
    }
}

/// The wait after the `failed`th failure: doubled each time up to the bound, less up to a quarter by chance,
/// so that many tries that failed together do not come again together. `chance` is from 0 to 1.
pub(super) fn pause(retry: &Retry, failed: u32, chance: f64) -> Duration {
    let doubled = retry.backoff.saturating_mul(
        1_u32
            .checked_shl(failed.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    let whole = doubled.min(retry.max_backoff);
    whole.mul_f64(1.0 - 0.25 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        attempts: 3,
        backoff: Duration::from_secs(1),
        max_backoff: Duration::from_secs(3),
    };

    #[test]
    fn a_retry_waits_for_its_instant() {
        let now = Instant::now();
        let mut backlog = Backlog::new();
        backlog.push(1);
        let attempt = backlog.take(now).unwrap();
        backlog.retry(attempt, now + Duration::from_secs(1));
        assert!(backlog.take(now).is_none());
        assert!(!backlog.is_empty());
        assert!(backlog.take(now + Duration::from_secs(1)).is_some());
        assert!(backlog.is_empty());
    }

    #[test]
    fn work_that_was_put_back_comes_first_and_in_its_order() {
        let now = Instant::now();
        let mut backlog = Backlog::new();
        (1..=5).for_each(|item| backlog.push(item));
        let batch: Vec<Try<i32>> = (0..3).filter_map(|_| backlog.take(now)).collect();
        backlog.put_back(batch);
        let order: Vec<i32> = backlog.drain().map(|attempt| attempt.item).collect();
        assert_eq!(order, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_was_tried_before_can_be_taken_alone() {
        let now = Instant::now();
        let mut backlog = Backlog::new();
        (1..=3).for_each(|item| backlog.push(item));
        let mut attempt = backlog.take(now).unwrap();
        assert!(attempt.again(&RETRY, false, 0.5).is_some());
        backlog.retry(attempt, now);
        assert_eq!((backlog.ready_again(now), backlog.ready(now)), (1, 3));
        assert_eq!(backlog.take_again(now).map(|attempt| attempt.item), Some(1));
        assert!(backlog.take_again(now).is_none() && !backlog.is_empty());
    }

    #[test]
    fn tries_are_counted_and_progress_sets_the_count_back_once() {
        let tries = |progressed: bool| {
            let mut attempt = Try::first(());
            let more = std::iter::from_fn(|| attempt.again(&RETRY, progressed, 0.5));
            1 + more.count()
        };
        assert_eq!((tries(false), tries(true)), (3, 5));
        let once = Retry {
            attempts: 1,
            ..RETRY
        };
        assert!(Try::first(()).again(&once, true, 0.5).is_none());
    }

    #[test]
    fn progress_long_before_the_last_try_gains_nothing() {
        let mut attempt = Try::first(());
        assert!(attempt.again(&RETRY, true, 0.5).is_some());
        assert!(attempt.again(&RETRY, false, 0.5).is_some());
        assert!(attempt.again(&RETRY, false, 0.5).is_none());
    }

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        for (failed, whole) in [(1, 1.0), (2, 2.0), (3, 3.0), (40, 3.0)] {
            let seconds = |chance| pause(&RETRY, failed, chance).as_secs_f64();
            assert_eq!((seconds(0.0), seconds(1.0)), (whole, whole * 0.75));
        }
    }
}
