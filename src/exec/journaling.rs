//! What of a run is journaled, and what a resumed run reads there.

use std::collections::HashMap;
use std::io;

use crate::files::{FileSet, Kind, Side};
use crate::journal::{Entry, Journal, Mark, PathText, Record, StepRecord};
use crate::plan::{Step, StepId, When, Yields};

use super::shared::Shared;

/// Bytes of paths after which a record ends: a path may have tens of kilobytes, and no line may have too many to be read back.
const RECORD_BYTES: usize = 256 * 1024;

/// Entries after which a record ends: what is written in one turn of the dispatcher.
const RECORD_ENTRIES: usize = 1000;

/// How far the journal of a set has come.
#[derive(Debug, Default)]
pub(super) struct SetWritten {
    /// How many entries are written.
    pub(super) entries: usize,
    /// The numbers of the folders that are, by those that the set has for them.
    folders: HashMap<u32, u32>,
}

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
        let mut pairs = paths
            .zip(to.map(Some).chain(std::iter::repeat(None)))
            .peekable();
        while pairs.peek().is_some() {
            let some = some(&mut pairs, |(path, to)| {
                let bytes = path.len() + to.as_ref().map_or(0, Vec::len);
                (
                    bytes,
                    (PathText::new(&path), to.map(|to| PathText::new(&to))),
                )
            });
            let (paths, to): (_, Vec<_>) = some.into_iter().unzip();
            let step = self.plan.step(step).name.clone();
            let to = to.into_iter().flatten().collect();
            self.record(&Record::Intent { step, paths, to });
        }
        self.with_journal(Journal::sync);
    }

    /// Whether a resumed run goes on with this set of a step. One that may lack files is none to go on with: it lists anew.
    pub(super) fn wants_journaled(&self, step: StepId, set: &FileSet) -> bool {
        let step = self.plan.step(step);
        let chooses = step.yields != Yields::Nothing && step.changes.is_empty();
        let known = self.kept(step.id).is_some_and(|kept| kept.set.is_some());
        chooses && set.incomplete_reason().is_none() && !known && self.keeps_journal()
    }

    /// Journals the next entries of a set, and each folder before the first of its files.
    pub(super) fn journal_entries(
        &mut self,
        step: StepId,
        set: &FileSet,
        written: &mut SetWritten,
    ) {
        let mut folders = Vec::new();
        let mut left = set.positions().skip(written.entries);
        let entries = some(&mut left, |at| {
            let (mut bytes, next) = (0, written.folders.len());
            let folder = *written
                .folders
                .entry(set.folder_number(at))
                .or_insert_with(|| {
                    let folder = set.folder(at);
                    bytes = folder.len();
                    folders.push(PathText::new(&folder));
                    u32::try_from(next).unwrap_or(u32::MAX)
                });
            let name = set.name(at);
            (bytes + name.len(), entry(set, at, folder, &name))
        });
        written.entries += entries.len();
        self.record(&Record::Entries {
            step: self.plan.step(step).name.clone(),
            folders,
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

    /// What this run has seen of markers is what the next one does not wait for again.
    pub(super) fn keep_seen(&mut self) {
        let kept = self.seen.as_ref().map(|seen| seen.keep(self.began()));
        if let Some(Err(error)) = kept {
            self.warn_run(format!(
                "what was seen of markers cannot be kept, so that the next run takes them for new ones: {error}"
            ));
        }
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

/// As many as one record takes, each with the bytes of its paths.
fn some<I, T>(from: &mut impl Iterator<Item = I>, make: impl FnMut(I) -> (usize, T)) -> Vec<T> {
    let (mut made, mut bytes) = (Vec::new(), 0);
    for (more, one) in from.map(make) {
        made.push(one);
        bytes += more;
        if made.len() >= RECORD_ENTRIES || bytes >= RECORD_BYTES {
            break;
        }
    }
    made
}

fn entry(set: &FileSet, at: u32, folder: u32, name: &[u8]) -> Entry {
    Entry {
        folder,
        name: PathText::new(name),
        kind: set.kind(at),
        size: set.size(at).filter(|_| set.kind(at) != Kind::Folder),
        modified: set.modified(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ends_after_so_many_entries_or_bytes_and_loses_none() {
        for (bytes, most) in [
            (1, RECORD_ENTRIES),
            (RECORD_BYTES / 2, 2),
            (RECORD_BYTES, 1),
        ] {
            let mut numbers = 0..2_500;
            let mut all = Vec::new();
            while all.len() < 2_500 {
                let record = some(&mut numbers, |number| (bytes, number));
                assert!((1..=most).contains(&record.len()), "{bytes}");
                all.extend(record);
            }
            assert!(all.into_iter().eq(0..2_500));
        }
    }
}
