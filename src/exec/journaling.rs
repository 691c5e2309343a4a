//! What of a run is journaled, and what a resumed run reads there.

use std::io;

use crate::files::{FileSet, Kind, Side};
use crate::journal::{Entry, Journal, Mark, PathText, Record, StepRecord};
use crate::plan::{Step, StepId, When, Yields};

use super::shared::Shared;

impl Shared {
    /// What an interrupted run has journaled of a step.
    pub(super) fn kept(&self, step: StepId) -> Option<&StepRecord> {
        self.resumed.as_ref()?.step(&self.plan.step(step).name)
    }

    /// Whether a step of an interrupted run has deleted a file, moved it away, or found it gone.
    pub(super) fn has_deleted(&self, side: Side, path: &[u8]) -> bool {
        let side = self.identity(side);
        let there = |step: &Step| step.changes.iter().any(|at| self.identity(*at) == side);
        let mut deletes = self.kept_deletes().filter(|(step, _)| there(step));
        deletes.any(|(_, record)| record.marks.get(path).is_some_and(Mark::is_gone))
    }

    /// Whether an interrupted run has deleted anything or moved it away.
    pub(super) fn has_deleted_any(&self) -> bool {
        let mut marks = self
            .kept_deletes()
            .flat_map(|(_, record)| record.marks.values());
        marks.any(Mark::is_gone)
    }

    /// What an interrupted run has journaled of its steps that take files away.
    fn kept_deletes(&self) -> impl Iterator<Item = (&Step, &StepRecord)> {
        let deletes = self.plan.steps.iter().filter(|step| step.kind.removes());
        deletes.filter_map(|step| Some((step, self.kept(step.id)?)))
    }

    /// Whether an interrupted run has done a step that only a failure asks for: what it does is not done twice. One whose
    /// files others take is done again, for it finds them standing.
    pub(super) fn has_run_before(&self, id: StepId) -> bool {
        let step = self.plan.step(id);
        let ended = || self.kept(id).is_some_and(|kept| kept.ended);
        let taken = || {
            self.plan
                .steps
                .iter()
                .any(|other| other.takes.contains(&id))
        };
        step.when == When::Failure && !step.changes.is_empty() && ended() && !taken()
    }

    /// Journals that a step has ended, where a resumed run asks for that.
    pub(super) fn journal_end(&mut self, id: StepId) {
        let step = self.plan.step(id);
        if step.when == When::Failure && !step.changes.is_empty() {
            let step = step.name.clone();
            self.record(&Record::Ended { step });
        }
    }

    /// Journals that a file is dealt with.
    pub(super) fn mark(&mut self, step: StepId, path: &[u8], mark: Mark) {
        let record = Record::File {
            step: self.plan.step(step).name.clone(),
            path: PathText::new(path),
            mark,
        };
        self.record(&record);
    }

    /// Journals that files are about to be published or deleted, and brings that to the disk before they are.
    pub(super) fn intend(&mut self, step: StepId, paths: impl Iterator<Item = Vec<u8>>) {
        self.intend_to(step, paths, std::iter::empty());
    }

    /// The same of files that are about to be moved, and where to.
    pub(super) fn intend_to(
        &mut self,
        step: StepId,
        paths: impl Iterator<Item = Vec<u8>>,
        to: impl Iterator<Item = Vec<u8>>,
    ) {
        if !self.keeps_journal() {
            return;
        }
        let record = Record::Intent {
            step: self.plan.step(step).name.clone(),
            paths: paths.map(|path| PathText::new(&path)).collect(),
            to: to.map(|path| PathText::new(&path)).collect(),
        };
        self.record(&record);
        self.with_journal(Journal::sync);
    }

    /// Whether a resumed run goes on with this set of a step. One that may lack files is none to go on with: it lists anew.
    pub(super) fn wants_journaled(&self, step: StepId, set: &FileSet) -> bool {
        let step = self.plan.step(step);
        let chooses = step.yields != Yields::Nothing && step.changes.is_empty();
        let known = self.kept(step.id).is_some_and(|kept| kept.set.is_some());
        chooses && set.incomplete_reason().is_none() && !known && self.keeps_journal()
    }

    /// Journals some entries of a set.
    pub(super) fn journal_entries(&mut self, step: StepId, set: &FileSet, positions: &[u32]) {
        let entries = positions.iter().map(|at| entry(set, *at)).collect();
        self.record(&Record::Entries {
            step: self.plan.step(step).name.clone(),
            entries,
        });
    }

    /// Journals that these were all entries of a set.
    pub(super) fn journal_set(&mut self, step: StepId, set: &FileSet) {
        self.record(&Record::Set {
            step: self.plan.step(step).name.clone(),
            root: PathText::new(set.root()),
            count: set.len() as u64,
            incomplete: None,
        });
    }

    /// Hands what was journaled to the system, so that a kill loses none of it.
    pub(super) fn push_journal(&mut self) {
        self.with_journal(Journal::push);
    }

    pub(super) fn record(&mut self, record: &Record) {
        self.with_journal(|journal| journal.append(record));
    }

    /// What it holds so far would be taken for all that was done.
    fn give_up_journal(&mut self, error: &io::Error) {
        self.warn_run(format!(
            "the journal cannot be written any more, so this run cannot be resumed: {error}"
        ));
        if let Some(Err(error)) = self.take_journal().map(Journal::set_aside) {
            self.warn_run(format!(
                "the journal could not be set aside: never use `--resume` for this run: {error}"
            ));
        }
    }

    /// A journal that cannot be written is given up, with a warning: the run itself goes on.
    pub(super) fn with_journal(&mut self, act: impl FnOnce(&mut Journal) -> io::Result<()>) {
        let Some(journal) = self.journal_mut() else {
            return;
        };
        if let Err(error) = act(journal) {
            self.give_up_journal(&error);
        }
    }
}

fn entry(set: &FileSet, at: u32) -> Entry {
    Entry {
        path: PathText::new(&set.relative(at)),
        kind: set.kind(at),
        size: set.size(at).filter(|_| set.kind(at) != Kind::Folder),
        modified: set.modified(at),
    }
}
