//! What the summary and the written reports need of a run: the tally, and failures and warnings up to a bound.

use std::collections::BTreeMap;
use std::time::Duration;

use super::causes::{Cause, Causes};
use super::lines;
use crate::event::{
    Event, Failure, FileOutcome, RunOutcome, Stamped, StepHead, StepOutcome, StepTally, Tally,
};

/// Failures of files kept in memory; the rest is counted.
pub const MAX_FAILURES: usize = 10_000;

/// Bytes of their texts, about, which a server may write at length.
const MAX_FAILURE_BYTES: usize = 32 << 20;

/// Warnings kept in memory; the rest is counted.
pub const MAX_WARNINGS: usize = 1_000;

/// Different notes kept (see [`Note`]).
const MAX_NOTES: usize = 200;

/// A run, folded.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The manifest's name.
    pub name: String,
    /// `${run.id}`
    pub run_id: String,
    /// Start in Unix seconds, UTC.
    pub started: i64,
    /// Milliseconds from the start to the latest event.
    pub elapsed_ms: u64,
    /// The steps, in the plan's order.
    pub heads: Vec<StepHead>,
    /// The counts.
    pub tally: Tally,
    /// The first [`MAX_FAILURES`] files that failed, in the order of events, as far as their texts are not too long.
    pub failures: Vec<FileFailure>,
    /// The first [`MAX_WARNINGS`] warnings.
    pub warnings: Vec<Warning>,
    causes: Causes,
    /// What steps wait for, by position: `*.done (0 of 1, among 3 files)`.
    waiting: BTreeMap<usize, String>,
    /// The cause of the latest failure of a file, where it is kept.
    latest: Option<usize>,
    /// Bytes of the texts of `failures`.
    failure_bytes: usize,
    /// Reasons for which files were left alone or not verified, counted.
    notes: BTreeMap<(usize, Note, String), u64>,
}

/// A file that failed.
#[derive(Debug, Clone)]
pub struct FileFailure {
    /// The step's position.
    pub step: usize,
    /// The file.
    pub file: String,
    /// How.
    pub failure: Failure,
    /// Its position among the causes, where that is kept.
    pub cause: Option<usize>,
}

/// A warning of a run.
#[derive(Debug, Clone)]
pub struct Warning {
    /// The step's position.
    pub step: Option<usize>,
    /// The server's name.
    pub server: Option<String>,
    /// One sentence.
    pub text: String,
}

/// Outcomes of files that are fine, and about which people want to know why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// Arrived, not verified.
    Unverified,
    /// Left alone.
    Skipped,
}

/// A step with its counts.
#[derive(Debug, Clone, Copy)]
pub struct StepRecord<'a> {
    /// Its position.
    pub at: usize,
    /// What was known of it beforehand.
    pub head: &'a StepHead,
    /// Its counts.
    pub tally: &'a StepTally,
}

/// Counts over all steps that are not implicit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Steps that did all they had to.
    pub steps_done: u64,
    /// Steps that failed.
    pub steps_failed: u64,
    /// Steps that did not start.
    pub steps_skipped: u64,
    /// Files transferred or deleted.
    pub files_done: u64,
    /// Files that failed.
    pub files_failed: u64,
    /// Bytes moved.
    pub bytes: u64,
}

impl Record {
    /// Takes an event in.
    pub fn take(&mut self, stamped: &Stamped) {
        self.tally.take(stamped);
        self.elapsed_ms = self.elapsed_ms.max(stamped.at_ms);
        match &stamped.event {
            Event::RunStarted {
                name,
                run_id,
                started,
                steps,
            } => {
                self.name.clone_from(name);
                self.run_id.clone_from(run_id);
                self.started = *started;
                self.heads.clone_from(steps);
            }
            Event::Warning { step, server, text } if self.warnings.len() < MAX_WARNINGS => {
                self.warnings.push(Warning {
                    step: *step,
                    server: server.clone(),
                    text: text.clone(),
                });
            }
            Event::FileFinished {
                step,
                file,
                outcome,
                ..
            } => self.take_file(*step, file, outcome),
            Event::Waiting { step, .. } => {
                let text = lines::waiting(&stamped.event);
                self.waiting.extend(text.map(|text| (*step, text)));
            }
            Event::StepFinished { step, .. } => drop(self.waiting.remove(step)),
            _ => {}
        }
    }

    /// What a step waits for now.
    pub(super) fn waiting_for(&self, step: usize) -> Option<&str> {
        self.waiting.get(&step).map(String::as_str)
    }

    /// The steps, in the plan's order.
    pub fn steps(&self) -> impl Iterator<Item = StepRecord<'_>> {
        self.heads
            .iter()
            .zip(&self.tally.steps)
            .enumerate()
            .map(|(at, (head, tally))| StepRecord { at, head, tally })
    }

    /// The steps that people are shown: those they wrote, and of the implicit ones those that failed, or all.
    pub fn shown(&self, all: bool) -> impl Iterator<Item = StepRecord<'_>> {
        self.steps()
            .filter(move |step| all || !step.head.implicit || step.has_failed())
    }

    /// The kept failures of files of a step.
    pub fn failures_of(&self, step: usize) -> impl Iterator<Item = &FileFailure> {
        self.failures
            .iter()
            .filter(move |failure| failure.step == step)
    }

    /// Failures of files that were not kept.
    pub fn failures_omitted(&self) -> u64 {
        let failed = self.tally.steps.iter().map(|step| step.failed);
        let failed = failed.fold(0, u64::saturating_add);
        failed.saturating_sub(self.failures.len() as u64)
    }

    /// What led files of a step to fail, with its position; that of the most files first.
    pub fn causes_of(&self, step: usize) -> Vec<(usize, &Cause)> {
        self.causes.of(step)
    }

    /// What led the latest file to fail that did, where that is kept, and the how many-th cause of its step it is.
    pub fn latest_cause(&self) -> Option<(usize, &Cause)> {
        self.causes.at(self.latest?)
    }

    /// Files of a step that failed for causes which were not kept.
    pub fn other_causes(&self, step: usize) -> u64 {
        self.causes.others(step)
    }

    /// Reasons of a step, with how many files each concerns.
    pub fn notes(&self, step: usize, note: Note) -> impl Iterator<Item = (&str, u64)> {
        self.notes
            .iter()
            .filter(move |((at, kind, _), _)| (*at, *kind) == (step, note))
            .map(|((_, _, reason), count)| (reason.as_str(), *count))
    }

    /// The name of a step; empty for one that there is not.
    pub fn step_name(&self, step: usize) -> &str {
        self.heads.get(step).map_or("", |head| &head.name)
    }

    /// Counts over the steps.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for step in self.steps() {
            totals.files_failed += step.tally.failed;
            totals.bytes = totals.bytes.saturating_add(step.tally.bytes);
            if step.moves() {
                totals.files_done += step.tally.done;
            }
            match &step.tally.outcome {
                _ if step.head.implicit && !step.has_failed() => {}
                Some(StepOutcome::Done) => totals.steps_done += 1,
                Some(StepOutcome::Failed { .. }) => totals.steps_failed += 1,
                Some(StepOutcome::Skipped { .. }) | None => totals.steps_skipped += 1,
            }
        }
        totals
    }

    /// How the run ended; one without an end was interrupted.
    pub fn outcome(&self) -> RunOutcome {
        self.tally.outcome.unwrap_or(RunOutcome::Interrupted)
    }

    /// From the start to the latest event.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms)
    }

    fn take_file(&mut self, step: usize, file: &str, outcome: &FileOutcome) {
        match outcome {
            FileOutcome::Failed { failure } => self.take_failure(step, file, failure),
            FileOutcome::Unverified { reason, .. } => self.note(step, Note::Unverified, reason),
            FileOutcome::Skipped { reason } => self.note(step, Note::Skipped, reason),
            FileOutcome::WasNotThere => self.note(step, Note::Skipped, "was not there"),
            _ => {}
        }
    }

    fn take_failure(&mut self, step: usize, file: &str, failure: &Failure) {
        let cause = self.causes.take(step, file, failure);
        self.latest = cause;
        let bytes = file.len() + failure.text_bytes();
        let has_room = self.failure_bytes + bytes <= MAX_FAILURE_BYTES;
        if self.failures.len() < MAX_FAILURES && has_room {
            self.failure_bytes += bytes;
            self.failures.push(FileFailure {
                step,
                file: file.to_owned(),
                failure: failure.clone(),
                cause,
            });
        }
    }

    fn note(&mut self, step: usize, note: Note, reason: &str) {
        let key = (step, note, reason.to_owned());
        let room = self.notes.len() < MAX_NOTES;
        match self.notes.get_mut(&key) {
            Some(count) => *count += 1,
            None if room => {
                self.notes.insert(key, 1);
            }
            None => {
                let rest = (step, note, "other reasons".to_owned());
                *self.notes.entry(rest).or_default() += 1;
            }
        }
    }
}

impl<'a> StepRecord<'a> {
    /// Whether it, or a file of it, failed.
    pub fn has_failed(&self) -> bool {
        self.tally.failed > 0 || matches!(self.tally.outcome, Some(StepOutcome::Failed { .. }))
    }

    /// Whether its kind transfers or deletes files; the others only find them.
    pub fn moves(&self) -> bool {
        self.head.kind.changes()
    }

    /// The failure of the step itself.
    pub fn failure(&self) -> Option<&'a Failure> {
        match &self.tally.outcome {
            Some(StepOutcome::Failed { failure }) => failure.as_deref(),
            _ => None,
        }
    }

    /// From its start to its end, where it has both.
    pub fn elapsed(&self) -> Option<Duration> {
        let (started, ended) = (self.tally.started_ms?, self.tally.ended_ms?);
        Some(Duration::from_millis(ended.saturating_sub(started)))
    }

    /// `done`, `failed`, `skipped because keep failed`; what has no outcome did not start or did not end.
    pub fn result(&self) -> (&'static str, String) {
        match (&self.tally.outcome, self.tally.started_ms) {
            (Some(StepOutcome::Done), _) => ("done", String::new()),
            (Some(StepOutcome::Failed { .. }), _) => ("failed", String::new()),
            (
                Some(StepOutcome::Skipped {
                    because: Some(step),
                    ..
                }),
                _,
            ) => ("skipped", format!("because of {step}")),
            (Some(StepOutcome::Skipped { reason, .. }), _) => ("skipped", reason.clone()),
            (None, Some(_)) => ("unfinished", String::new()),
            (None, None) => ("skipped", "not started".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(step: usize) -> Stamped {
        let outcome = FileOutcome::Failed {
            failure: Box::default(),
        };
        let file = "a".into();
        Stamped::new(
            1,
            Event::FileFinished {
                step,
                job: None,
                file,
                outcome,
                bytes: u64::MAX,
            },
        )
    }

    #[test]
    fn failures_beyond_the_bound_are_counted_not_kept() {
        let mut record = Record::default();
        record.tally.steps = vec![StepTally::default()];
        for _ in 0..MAX_FAILURES + 5 {
            record.take(&failed(0));
        }
        assert_eq!(record.failures.len(), MAX_FAILURES);
        assert_eq!(record.failures_omitted(), 5);
        // Sizes that a server may claim do not overflow, either.
        assert_eq!(record.tally.steps[0].bytes, u64::MAX);
    }

    #[test]
    fn failures_with_long_texts_are_kept_as_far_as_there_is_room() {
        let mut record = Record::default();
        record.tally.steps = vec![StepTally::default()];
        let failure = Failure {
            transcript: vec!["x".repeat(1 << 20); 4],
            ..Failure::default()
        };
        let file = "a".to_owned();
        let outcome = FileOutcome::Failed {
            failure: Box::new(failure),
        };
        let failed = Event::FileFinished {
            step: 0,
            job: None,
            file,
            outcome,
            bytes: 0,
        };
        let failed = Stamped::new(1, failed);
        (0..20).for_each(|_| record.take(&failed));
        assert_eq!(record.failures.len(), 7);
        assert_eq!(record.failures_omitted(), 13);
    }

    #[test]
    fn reasons_are_counted_and_do_not_grow_without_bound() {
        let mut record = Record::default();
        for at in 0..MAX_NOTES + 10 {
            record.note(0, Note::Skipped, &format!("reason {at}"));
        }
        let reasons: Vec<_> = record.notes(0, Note::Skipped).collect();
        assert_eq!(reasons.len(), MAX_NOTES + 1);
        assert!(reasons.contains(&("other reasons", 10)));
    }
}
