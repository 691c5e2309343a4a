//! Moving files: what a batch takes, and what is made of its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::event::FileOutcome;
use crate::options::Publish;
use crate::transfer::{Class, Copied};

use super::ends::Terms;
use super::jobs::Foldered;
use super::phase::{Phase, Work};
use super::piece::{Arrival, Attempt, Failed, Moved, Piece};
use super::state::Happened;
use super::{BATCH, Flight, Transfer};
use super::{batch, entering};
use crate::exec::fault::Fault;
use crate::exec::proofs::Stand;
use crate::exec::shared::Shared;
use crate::exec::steps::Stop;
use crate::exec::steps::job;

impl Transfer {
    /// Makes a batch. Files are dealt out so that every session that could work gets some.
    pub(super) fn batch(
        &mut self,
        terms: Arc<Terms>,
        now: Instant,
        shared: &mut Shared,
    ) -> (Flight, job::Work) {
        let waiting = self.files.ready(now);
        let sides = [self.transfer.source, self.transfer.to];
        let sessions = sides.map(|side| shared.sessions_of(side));
        let sessions = sessions.into_iter().max().unwrap_or(1);
        let share = waiting.div_ceil(sessions).clamp(1, BATCH);
        let mut attempts = Vec::with_capacity(share);
        while attempts.len() < share {
            let taken = self.files.take(now);
            match self.legal(taken).flatten() {
                Some(piece) => attempts.push(self.attempt(piece)),
                None => break,
            }
        }
        let pieces: Vec<Piece> = attempts.iter().map(|attempt| attempt.piece).collect();
        let paths = pieces.iter().map(|piece| terms.set.absolute(piece.file));
        shared.intend(self.id, paths);
        let marks = self.will_mark(&terms, &pieces, shared);
        let refused = Arc::clone(&self.refused);
        let work = batch::files(Arc::clone(&terms), refused, attempts);
        let work = entering::moves(terms, pieces.clone(), self.files.none_waits(), work);
        (Flight::Files(pieces, marks), work)
    }

    /// A doubt stays until its file was looked at: the batch may end before.
    fn attempt(&self, piece: Piece) -> Attempt {
        let note = self.files.note(piece.file);
        Attempt {
            piece,
            again: self.files.tries(piece).failed > 0,
            doubt: note.and_then(|note| note.doubt.clone()),
            broken: note.and_then(|note| note.broken.clone()),
        }
    }

    /// Takes in the end of a batch.
    pub(super) fn moved(
        &mut self,
        pieces: Vec<Piece>,
        moved: Vec<(Piece, Moved)>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let mut moved: HashMap<Piece, Moved> = moved.into_iter().collect();
        let mut left = Vec::new();
        for piece in pieces {
            let result = moved.remove(&piece);
            if result.is_some() {
                self.files.no_doubt(piece.file);
            }
            match result {
                None => left.push(piece),
                Some(Ok(Arrival::Copied(copied))) => self.copied(piece.file, copied, shared),
                Some(Ok(Arrival::NotYet { wait, bytes })) => {
                    self.files.note_mut(piece.file).spent += bytes;
                    let tries = self.files.tries(piece);
                    let later = self.files.retry(piece, tries, now + wait);
                    self.legal(later);
                }
                Some(Ok(Arrival::Same(proven))) => self.same(piece.file, proven, shared),
                Some(Err(failed)) if failed.lost_at_rest => {
                    self.files.note_mut(piece.file).doubt = failed.doubt;
                    left.push(piece);
                }
                Some(Err(failed)) => self.failed(piece, failed, now, shared),
            }
        }
        let put_back = self.files.put_back(&left);
        self.legal(put_back);
    }

    /// A try failed: another follows, or the file is given up.
    fn failed(&mut self, piece: Piece, failed: Failed, now: Instant, shared: &mut Shared) {
        let at = piece.file;
        self.files.note_mut(at).spent += failed.bytes;
        if failed.broken_off && !failed.concerns_all {
            let failure = failed.fault.failure.clone();
            self.files.broke_off(at, failed.stood, failure);
        } else if !failed.concerns_all {
            self.files.not_broken_off(at);
        }
        let progressed = failed.bytes > 0 && failed.continues;
        let mut tries = self.files.tries(piece);
        match self.again(&mut tries, &failed.fault, progressed, shared) {
            Some(wait) => {
                self.files.note_mut(at).doubt = failed.doubt;
                let retried = self.files.retry(piece, tries, now + wait);
                self.legal(retried);
            }
            None => self.gave_up(piece, failed, shared),
        }
    }

    fn gave_up(&mut self, piece: Piece, failed: Failed, shared: &mut Shared) {
        if failed.doubt.is_some() {
            self.files.note_mut(piece.file).may_stand = true;
        }
        if failed.left_behind {
            self.files.note_mut(piece.file).left_behind = true;
        }
        // A full disk is full for every file of this step, and one error says so: what else was on its way is counted with
        // what was not begun. ProFTPD says 452 of one file and 451 of the next.
        let is_stopped = matches!(self.stopped, Some(Stop::Fault(_)));
        if is_stopped && (failed.broken_off || failed.fault.class == Class::StopStep) {
            self.files.give_up_broken();
            return self.put_back(piece);
        }
        if failed.concerns_all {
            return self.cannot_go_on(piece, failed.fault);
        }
        if failed.fault.class == Class::StopStep {
            let fault = Fault::permanent("nothing more can be written at the destination")
                .help("mend what the first file failed for, then run again");
            self.stopped.get_or_insert(Stop::Fault(fault));
            self.files.give_up_broken();
        }
        self.fail_file(piece.file, failed.fault, 0, shared);
    }

    /// Stops the step for a reason that is no file's own: one error says it, and all files count as not begun.
    fn cannot_go_on(&mut self, piece: Piece, mut fault: Fault) {
        self.put_back(piece);
        fault.failure.file = None;
        self.fault.get_or_insert(fault);
        let stop = Stop::Fault(Fault::permanent("the step could not go on"));
        self.stopped.get_or_insert(stop);
        self.files.give_up_broken();
    }

    fn put_back(&mut self, piece: Piece) {
        let put_back = self.files.put_back(&[piece]);
        self.legal(put_back);
    }

    /// A file stood there unchanged, and its checksum or exact time was asked.
    fn same(&mut self, at: u32, proven: Result<(), String>, shared: &mut Shared) {
        self.stood_there(at);
        let (outcome, stand) = match proven {
            Ok(()) => (FileOutcome::Unchanged, Stand::Same),
            // Nothing was written, so that no reply speaks for it either.
            Err(reason) => {
                let reason = format!("it stood there already, and {reason}");
                (
                    FileOutcome::Unverified {
                        reason,
                        stood_there: true,
                    },
                    Stand::Left,
                )
            }
        };
        self.finish_as(at, outcome, stand, 0, shared);
    }

    fn copied(&mut self, at: u32, copied: Copied, shared: &mut Shared) {
        self.files.not_broken_off(at);
        self.see(at, &copied, shared);
        self.timeless += u64::from(self.is_timeless(&copied));
        if self.transfer.options.publish != Publish::Set {
            return self.stood(
                at,
                copied.proven,
                copied.warning,
                copied.bytes_moved,
                shared,
            );
        }
        if !self.happened(at, Happened::Arrived(copied.bytes_moved)) {
            return;
        }
        if copied.proven.is_err() || copied.warning.is_some() {
            let note = self.files.note_mut(at);
            (note.unproven, note.warning) = (copied.proven.err(), copied.warning);
        }
        if let Phase::Work(_, Work::Move(arrived)) = &mut self.phase {
            arrived.push(at);
        }
    }

    /// Whether a file that was written should have its source's time, and has not. One whose reply was lost brings no bytes,
    /// unless it has none.
    fn is_timeless(&self, copied: &Copied) -> bool {
        let arrive = self.phase.ends().is_some_and(|ends| ends.route.keeps_times);
        let written = copied.bytes_moved > 0 || copied.source.size == Some(0);
        arrive && !copied.times_kept && written && copied.source.modified.is_some()
    }

    /// A file has its final name.
    pub(super) fn stood(
        &mut self,
        at: u32,
        proven: Result<(), String>,
        warning: Option<String>,
        bytes: u64,
        shared: &mut Shared,
    ) {
        if let Some(text) = warning {
            shared.warn_step(self.id, format!("`{}`: {text}", self.text(at)));
        }
        let outcome = match proven {
            Ok(()) => FileOutcome::Transferred,
            Err(reason) => FileOutcome::Unverified {
                reason,
                stood_there: false,
            },
        };
        self.finish_file(at, outcome, bytes, shared);
    }

    /// Takes in which folders cannot be made: each file that must lie below one fails in its turn.
    pub(super) fn foldered(
        &mut self,
        made: Result<Foldered, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        match made {
            Ok(refused) => {
                self.refused = Arc::new(refused);
                let doubts = self.phase.terms();
                let doubts = doubts.is_some_and(|terms| terms.decisions.has_others());
                self.go_on(match doubts {
                    true => Work::ToTellApart,
                    false => Work::Move(Vec::new()),
                });
            }
            Err(fault) => self.once_failed(fault, now, shared),
        }
    }
}
