//! The table of a transfer's files: where each one is on its way, the queue of those that wait, and beside it the little
//! that is known of few.

use std::collections::HashMap;
use std::time::Instant;

use crate::event::Failure;
use crate::transfer::{Doubt, Looks};

use super::exhausted::Broken;
use super::piece::Piece;
use super::state::{Happened, Illegal, State};
use crate::exec::backlog::{Backlog, Tries};

/// Where each file of a set is, by its position there.
pub(super) struct Files {
    /// Those that something happened to; behind them all are [`State::Untold`]. So no moment pays for a million.
    states: Vec<State>,
    count: usize,
    notes: HashMap<u32, Note>,
    waiting: Backlog<Piece>,
    /// How many have failed.
    failed: u64,
    /// How many were broken off by the server in their last try.
    broken: usize,
}

/// What is known of a file that has more than its state to it.
#[derive(Default)]
pub(super) struct Note {
    /// What is to be looked at before it is tried again.
    pub(super) doubt: Option<Doubt>,
    /// Whether it may have got its name although it failed.
    pub(super) may_stand: bool,
    /// What the server broke off.
    pub(super) broken: Option<Broken>,
    /// Bytes that failed tries have moved, until it is told what became of it.
    pub(super) spent: u64,
    /// What was seen of it when it arrived: at its destination, and at its source.
    pub(super) seen: Option<Box<(Looks, Looks)>>,
    /// Why its arrival is not proven.
    pub(super) unproven: Option<String>,
    /// What did not work although it arrived.
    pub(super) warning: Option<String>,
    /// Whether something of it stands at the destination that nobody wants.
    pub(super) left_behind: bool,
}

impl Files {
    /// So many files, of which nothing was told yet.
    pub(super) fn new(count: usize) -> Files {
        let mut waiting = Backlog::new();
        waiting.reserve(count);
        Files {
            states: Vec::with_capacity(count),
            count,
            notes: HashMap::new(),
            waiting,
            failed: 0,
            broken: 0,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.count).unwrap_or(u32::MAX)
    }

    /// Where a file is.
    pub(super) fn state(&self, at: u32) -> State {
        let state = self.states.get(at as usize);
        state.copied().unwrap_or_default()
    }

    /// How many have failed.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// Something happened to a file. The only way in which its state changes.
    ///
    /// # Errors
    /// What cannot happen to it where it is; it stays there.
    pub(super) fn happened(&mut self, at: u32, happened: Happened) -> Result<(), Illegal> {
        let state = self.state(at).after(happened)?;
        if self.states.len() <= at as usize {
            self.states.resize(at as usize + 1, State::Untold);
        }
        self.states[at as usize] = state;
        self.failed += u64::from(state == State::Failed);
        Ok(())
    }

    /// A file waits for a job.
    pub(super) fn queue(&mut self, at: u32) -> Result<(), Illegal> {
        self.happened(at, Happened::Queued)?;
        self.waiting.push(Piece::whole(at));
        Ok(())
    }

    /// The next piece that may be moved now.
    ///
    /// Once several were broken off, no further one begins until it is known whether these grow: on a full disk each would
    /// leave a part of itself.
    pub(super) fn take(&mut self, now: Instant) -> Result<Option<Piece>, Illegal> {
        let next = match self.broken {
            0 | 1 => self.waiting.take(now),
            _ => self.waiting.take_again(now),
        };
        let Some(attempt) = next else {
            return Ok(None);
        };
        let began = Happened::Began(attempt.tries());
        self.happened(attempt.item.file, began)?;
        Ok(Some(attempt.item))
    }

    /// How many pieces [`take`](Files::take) would give.
    pub(super) fn ready(&mut self, now: Instant) -> usize {
        match self.broken {
            0 | 1 => self.waiting.ready(now),
            _ => self.waiting.ready_again(now),
        }
    }

    /// Whether none waits.
    pub(super) fn none_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When the first of those that wait to be tried again may be.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.waiting.next_retry()
    }

    /// How often a piece that a job has was tried before.
    pub(super) fn tries(&self, piece: Piece) -> Tries {
        match self.state(piece.file) {
            State::Flying(tries) => tries,
            _ => Tries::default(),
        }
    }

    /// Takes back what a job did not get to, or what does not count as tried: in front, and in its order.
    pub(super) fn put_back(&mut self, pieces: &[Piece]) -> Result<(), Illegal> {
        for piece in pieces.iter().rev() {
            let attempt = self.tries(*piece).of(*piece);
            self.happened(piece.file, Happened::PutBack)?;
            self.waiting.put_back([attempt]);
        }
        Ok(())
    }

    /// A piece is to be tried again, not before an instant.
    pub(super) fn retry(&mut self, piece: Piece, tries: Tries, at: Instant) -> Result<(), Illegal> {
        self.happened(piece.file, Happened::PutBack)?;
        self.waiting.retry(tries.of(piece), at);
        Ok(())
    }

    /// What is known of a file beside its state.
    pub(super) fn note(&self, at: u32) -> Option<&Note> {
        self.notes.get(&at)
    }

    /// The same, to be written.
    pub(super) fn note_mut(&mut self, at: u32) -> &mut Note {
        self.notes.entry(at).or_default()
    }

    /// What was seen of a file when it arrived, until it is told.
    pub(super) fn seen(&mut self, at: u32) -> Option<Box<(Looks, Looks)>> {
        self.notes.get_mut(&at)?.seen.take()
    }

    /// What was to be looked at was looked at.
    pub(super) fn no_doubt(&mut self, at: u32) {
        if let Some(note) = self.notes.get_mut(&at) {
            note.doubt = None;
        }
    }

    /// Counts tries in a row that the server broke off; `stood`: bytes that stood there before this one.
    pub(super) fn broke_off(&mut self, at: u32, stood: Option<u64>, failure: Box<Failure>) {
        let broken = &mut self.notes.entry(at).or_default().broken;
        self.broken += usize::from(broken.is_none());
        broken.get_or_insert_default().again(stood, failure);
    }

    /// The last try of a file was not broken off.
    pub(super) fn not_broken_off(&mut self, at: u32) {
        let broken = self.notes.get_mut(&at).and_then(|note| note.broken.take());
        self.broken -= usize::from(broken.is_some());
    }

    /// What broken-off tries have left takes room that others need.
    pub(super) fn give_up_broken(&mut self) {
        for note in self.notes.values_mut() {
            note.left_behind |= note.broken.take().is_some();
        }
        self.broken = 0;
    }

    /// Forgets what is known of a file that has ended, but for what it has left at the destination.
    pub(super) fn forget(&mut self, at: u32) -> Note {
        self.not_broken_off(at);
        let note = self.notes.remove(&at).unwrap_or_default();
        if note.left_behind {
            self.note_mut(at).left_behind = true;
        }
        note
    }

    /// Whether something is to be cleared up at the destination.
    pub(super) fn has_left_behind(&self) -> bool {
        self.notes.values().any(|note| note.left_behind)
    }

    /// The files of which something is to be cleared up; it counts as done.
    pub(super) fn take_left_behind(&mut self) -> Vec<u32> {
        let notes = self.notes.iter_mut();
        let left =
            notes.filter_map(|(at, note)| std::mem::take(&mut note.left_behind).then_some(*at));
        let mut left: Vec<u32> = left.collect();
        left.sort_unstable();
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn queued(count: u32) -> Files {
        let mut files = Files::new(count as usize);
        (0..count).for_each(|at| files.queue(at).unwrap());
        files
    }

    fn take(files: &mut Files, now: Instant) -> Option<u32> {
        files.take(now).unwrap().map(|piece| piece.file)
    }

    #[test]
    fn what_a_job_did_not_get_to_comes_next_and_in_its_order() {
        let now = Instant::now();
        let mut files = queued(4);
        let batch: Vec<Piece> = (0..3).filter_map(|_| files.take(now).unwrap()).collect();
        files.put_back(&batch[1..]).unwrap();
        assert_eq!(files.state(0), State::Flying(Tries::default()));
        assert_eq!(files.state(1), State::Waiting);
        let order: Vec<u32> = std::iter::from_fn(|| take(&mut files, now)).collect();
        assert_eq!(order, [1, 2, 3]);
    }

    #[test]
    fn a_file_cannot_be_queued_or_put_back_twice() {
        let mut files = queued(1);
        assert!(files.queue(0).is_err());
        assert!(files.put_back(&[Piece::whole(0)]).is_err());
        assert_eq!(files.state(0), State::Waiting);
    }

    #[test]
    fn tries_are_remembered_while_it_waits_and_while_it_flies() {
        let now = Instant::now();
        let mut files = queued(1);
        let piece = files.take(now).unwrap().unwrap();
        let mut tries = files.tries(piece);
        tries.failed = 2;
        let later = now + Duration::from_secs(1);
        files.retry(piece, tries, later).unwrap();
        assert_eq!((files.ready(now), files.next_retry()), (0, Some(later)));
        assert_eq!(files.take(later).unwrap(), Some(piece));
        assert_eq!(files.tries(piece).failed, 2);
    }

    #[test]
    fn after_two_were_broken_off_only_these_go_on() {
        let now = Instant::now();
        let mut files = queued(3);
        let taken: Vec<Piece> = (0..2).filter_map(|_| files.take(now).unwrap()).collect();
        for piece in taken {
            files.broke_off(piece.file, Some(0), Box::default());
            let tries = Tries {
                failed: 1,
                ..Tries::default()
            };
            files.retry(piece, tries, now).unwrap();
        }
        assert_eq!(files.ready(now), 2);
        assert_eq!(take(&mut files, now), Some(0));
        files.not_broken_off(0);
        assert_eq!(files.ready(now), 2, "another begins");
        files.give_up_broken();
        assert_eq!(files.take_left_behind(), [1]);
        assert!(!files.has_left_behind());
    }

    #[test]
    fn what_stays_of_a_failed_file_is_not_forgotten_with_it() {
        let mut files = queued(1);
        files.note_mut(0).spent = 5;
        files.note_mut(0).left_behind = true;
        files.happened(0, Happened::Failed).unwrap();
        assert_eq!((files.forget(0).spent, files.failed()), (5, 1));
        assert_eq!(files.note(0).map(|note| note.spent), Some(0));
        assert_eq!(files.take_left_behind(), [0]);
    }
}
