//! What a `delete` step makes of the ends of its jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::choose::Chosen;
use super::copies::Wrong;
use super::folders::{FolderOf, by_folder};
use super::place::{Deletion, Place};
use super::unproven::{TIMES_NOW, Unproven};
use super::{Delete, Flying, Output, Phase};
use crate::event::{Event, FileOutcome};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::files::{self, Side, parents, split};
use crate::journal::Mark;
use crate::kind::StepKind;
use crate::plan::{Max, TakeWhat};
use crate::transfer::{Changed, Fate};

const NOT_ITS_TIME: &str = "its time is not the one that it had or was given when it arrived: it was written since, or its server did not keep that";

const LISTING: &str = "where its server tells more by LIST than by MLSD, write `listing: list` for it; otherwise delete it in a run of its own, from a `list` of its folder";

impl Delete {
    /// Takes in the end of a job.
    pub(super) fn take(
        &mut self,
        flying: Flying,
        output: Output,
        now: Instant,
        shared: &mut Shared,
    ) {
        match (flying, output) {
            (Flying::Choice, Output::Chosen(chosen)) => self.take_choice(*chosen, shared),
            (Flying::Folder(attempt), Output::Surveyed(surveyed)) => {
                self.take_survey(attempt, surveyed, now, shared);
            }
            (Flying::Look(attempt), Output::Looked(number, wrong)) => {
                self.take_look(attempt, number, wrong, now, shared);
            }
            (Flying::Asked(attempt), Output::Told(told)) => {
                self.take_told(attempt, told, now, shared);
            }
            (Flying::Into(attempt), Output::Shown(shown)) => {
                self.take_shown(attempt, shown, now, shared);
            }
            (Flying::Files(attempts), Output::Deleted(done)) => {
                let left = self.take_deletions(attempts, done, None, now, shared);
                self.files.put_back(left);
            }
            (Flying::Aways(sides, attempts), Output::Deleted(done)) => {
                let went_well = done.iter().all(|(_, done)| done.is_ok());
                self.away_share = self.away_share.after(went_well);
                let left = self.take_deletions(attempts, done, Some(&sides), now, shared);
                self.away_backlog(&sides).put_back(left);
                self.aways.retain(|_, files| !files.is_empty());
            }
            (Flying::Empty, Output::Gathered(set)) => self.gathered = Some(set),
            (Flying::Empty, Output::Emptied(warnings)) => {
                for text in warnings {
                    shared.warn_step(self.id, text);
                }
            }
            _ => {}
        }
    }

    fn take_choice(&mut self, chosen: Result<Chosen, Fault>, shared: &mut Shared) {
        let mut chosen = match chosen {
            Ok(chosen) => chosen,
            Err(fault) => return self.refuse(fault),
        };
        for (file, reason) in std::mem::take(&mut chosen.left_out) {
            shared.file(self.id, file, FileOutcome::Skipped { reason }, 0);
        }
        for file in std::mem::take(&mut chosen.changed) {
            self.failures += 1;
            let fault = changed("it changed after it was read", shared).about(file.as_str());
            let failure = fault.failure;
            shared.file(self.id, file, FileOutcome::Failed { failure }, 0);
        }
        if let Some(folders) = chosen.only_folders {
            shared.warn_step(self.id, only_folders(folders, self.kind()));
        }
        let count = (chosen.set.len() + chosen.deleted.len() + chosen.moved.len()) as u64;
        shared.emit(Event::StepSized {
            step: self.id.0 as usize,
            files: count,
            bytes: 0,
        });
        if count > self.taking.max.of(chosen.there) {
            return self.refuse(too_many(count, self.taking.max, self.kind()));
        }
        self.side = chosen.set.side();
        // It may have been killed before it removed their folders.
        for relative in &chosen.deleted {
            self.note_emptied(relative);
        }
        // A deletion that an interrupted run had begun is looked at: gone means that it was done.
        if let Some(kept) = shared.kept(self.id) {
            let begun = chosen.set.positions();
            let begun = begun.filter(|at| kept.begun.contains(&chosen.set.absolute(*at)));
            self.unsure.extend(begun.map(|at| (at, Try::first(at))));
        }
        self.take_names(&mut chosen, shared);
        for folder in by_folder(&chosen.set) {
            self.folders.push(Arc::new(folder));
        }
        for number in chosen.copies.looked_at() {
            self.looks.push(number);
        }
        self.doubts = std::mem::take(&mut chosen.copies.doubts);
        self.copies = Arc::new(chosen.copies);
        self.place = Some(Place {
            name: shared.plan.side_name(self.side).to_owned(),
            set: chosen.set,
            sources: Arc::new(chosen.sources),
            placing: self.into.as_ref().map(|into| Arc::clone(into.placing())),
        });
        self.phase = match shared.preview {
            true => Phase::Survey,
            false => Phase::Turn,
        };
    }

    fn take_survey(
        &mut self,
        mut attempt: Try<Arc<FolderOf>>,
        surveyed: Result<Vec<(u32, Fate)>, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        match surveyed {
            Ok(fates) => {
                for (at, fate) in fates {
                    self.take_fate(at, fate, shared);
                }
            }
            Err(fault) => match self.again(&mut attempt, &fault, shared) {
                Some(wait) => self.folders.retry(attempt, now + wait),
                None => self.refuse(fault),
            },
        }
    }

    fn take_fate(&mut self, at: u32, fate: Fate, shared: &mut Shared) {
        let unsure = self.unsure.get(&at).copied();
        match fate {
            Fate::Delete if self.phase == Phase::Survey => {
                self.sure.insert(at);
            }
            Fate::Delete => {
                let attempt = self.unsure.remove(&at).unwrap_or_else(|| Try::first(at));
                self.queue(attempt);
            }
            Fate::Gone if unsure.is_some_and(|attempt| self.settles(attempt)) => {
                self.unsure.remove(&at);
            }
            Fate::Gone if unsure.is_some() => self.deleted(at, FileOutcome::Deleted, shared),
            Fate::Gone => self.deleted(at, FileOutcome::WasNotThere, shared),
            Fate::Keep(how) => {
                let fault = self.not_the_same(how, shared).about(self.text(at));
                self.fail_file(at, fault, shared);
            }
        }
    }

    /// Why a file stays that its folder's new listing does not show as it was.
    fn not_the_same(&self, how: Changed, shared: &Shared) -> Fault {
        let (is_copy, kept) = (self.deletes_copies(shared), |how: &str| {
            Fault::permanent(format!("it was kept: {how}"))
        });
        match how {
            Changed::SizeUntold | Changed::TimeUntold => kept(&how.to_string()).help(LISTING),
            Changed::Time if is_copy => kept(NOT_ITS_TIME).help(TIMES_NOW),
            _ if is_copy => kept(&how.to_string()).help("look at it, then run the manifest again"),
            _ => changed(&how.to_string(), shared),
        }
    }

    /// Whether its files are the copies that a transfer has made.
    fn deletes_copies(&self, shared: &Shared) -> bool {
        match &self.taking.what {
            TakeWhat::Set { from, .. } => !shared.plan.step(*from).changes.is_empty(),
            TakeWhat::SourcesOf(_) | TakeWhat::FailedOf(_) | TakeWhat::ExtrasOf { .. } => false,
        }
    }

    fn take_look(
        &mut self,
        mut attempt: Try<u32>,
        number: u32,
        wrong: Result<Wrong, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        match wrong {
            Ok(wrong) => {
                for (file, why) in wrong {
                    self.keep_one(file, why, shared);
                }
            }
            Err(fault) => match self.again(&mut attempt, &fault, shared) {
                Some(wait) => self.looks.retry(attempt, now + wait),
                None => self.keep_all(number, &fault, shared),
            },
        }
    }

    /// Files whose copies lie in a folder that cannot be looked at stay.
    fn keep_all(&mut self, number: u32, fault: &Fault, shared: &mut Shared) {
        let files: BTreeSet<u32> = self
            .copies
            .of_folder(number)
            .map(|copy| copy.file)
            .collect();
        for file in files {
            if self.sure.remove(&file) {
                self.fail_file(file, fault.clone().about(self.text(file)), shared);
            }
        }
    }

    pub(super) fn keep_one(&mut self, file: u32, why: impl Into<Unproven>, shared: &mut Shared) {
        if !self.sure.remove(&file) {
            return;
        }
        let fault = why.into().kept().about(self.text(file));
        self.fail_file(file, fault, shared);
    }

    /// Folders were told apart and all copies looked at: what is left may go.
    pub(super) fn trust(&mut self) {
        for at in std::mem::take(&mut self.sure) {
            let attempt = self.unsure.remove(&at).unwrap_or_else(|| Try::first(at));
            self.queue(attempt);
        }
        if let Some(into) = &mut self.into {
            self.files.put_back(into.take_settling());
        }
    }

    /// Queues a file that may go, by what it takes to delete it.
    fn queue(&mut self, attempt: Try<u32>) {
        let copies = self.copies.of_file(attempt.item);
        let was_there: Vec<Side> = copies
            .iter()
            .map(|copy| self.copies.folders[copy.folder as usize].side)
            .collect();
        if !copies.iter().any(|copy| copy.was_there) {
            return self.files.put_back([attempt]);
        }
        // The source's own session looks at what lies on its server.
        let own = self.side;
        let others = was_there.into_iter();
        let others = others.filter(|side| *side == Side::Local || *side != own);
        let sides: BTreeSet<Side> = others.collect();
        let sides: Vec<Side> = sides.into_iter().collect();
        self.away_backlog(&sides).put_back([attempt]);
    }

    fn away_backlog(&mut self, sides: &[Side]) -> &mut Backlog<u32> {
        let backlog = self.aways.entry(sides.to_vec());
        backlog.or_default()
    }

    fn deleted(&mut self, at: u32, outcome: FileOutcome, shared: &mut Shared) {
        let text = self.text(at);
        self.unsure.remove(&at);
        if matches!(outcome, FileOutcome::WasNotThere) {
            shared.warn_step(self.id, format!("`{text}` was not there"));
        }
        if let Some(place) = &self.place {
            let (relative, path) = (place.set.relative(at), place.set.absolute(at));
            self.note_emptied(&relative);
            if shared.keeps_journal() {
                shared.mark(self.id, &path, Mark::Deleted);
            }
            let side = shared.identity(self.side);
            if let Some(proofs) = shared.proofs() {
                proofs.end(side, &path);
            }
            if matches!(outcome, FileOutcome::Deleted) {
                self.spare_copies(at, shared);
            }
        }
        shared.file(self.id, text, outcome, 0);
    }

    /// The copies of a deleted file are all that is left of it.
    fn spare_copies(&self, at: u32, shared: &Shared) {
        for copy in self.copies.of_file(at) {
            let folder = &self.copies.folders[copy.folder as usize];
            let (encoding, by) = (shared.encoding(folder.side), shared.reading(folder.side));
            let place = files::Place {
                side: shared.identity(folder.side),
                folder: folder.path.clone(),
            };
            let name = self.copies.name(copy);
            let spared = shared.proofs.spared();
            spared.spare(encoding, &place, name, copy.looks, by);
        }
    }

    /// The folders above a deleted file may be empty now.
    fn note_emptied(&mut self, relative: &[u8]) {
        self.emptied.extend(parents(relative).map(<[u8]>::to_vec));
    }

    /// Takes in what became of a batch; gives what it did not get to.
    fn take_deletions(
        &mut self,
        attempts: Vec<Try<u32>>,
        done: Vec<(u32, Result<Deletion, Fault>)>,
        aways: Option<&[Side]>,
        now: Instant,
        shared: &mut Shared,
    ) -> Vec<Try<u32>> {
        let mut done: BTreeMap<u32, _> = done.into_iter().collect();
        let mut left = Vec::new();
        for mut attempt in attempts {
            let at = attempt.item;
            match done.remove(&at) {
                None => left.push(attempt),
                Some(Ok(Deletion::Deleted)) => self.deleted(at, FileOutcome::Deleted, shared),
                Some(Ok(Deletion::Moved)) => self.moved(at, shared),
                Some(Ok(Deletion::Taken)) => self.take_taken(attempt, shared),
                Some(Ok(Deletion::WasNotThere)) => {
                    self.deleted(at, FileOutcome::WasNotThere, shared)
                }
                Some(Ok(Deletion::Kept(fault))) => self.fail_file(at, fault, shared),
                Some(Ok(Deletion::Unknown(fault))) => {
                    self.note_begun(at);
                    match (self.again(&mut attempt, &fault, shared), aways) {
                        // It looks at both names itself.
                        (Some(wait), None) if self.into.is_some() => {
                            self.files.retry(attempt, now + wait);
                        }
                        (Some(wait), None) => self.look_again(attempt, now + wait),
                        // The job itself looks under which name it stands.
                        (Some(wait), Some(sides)) => {
                            self.away_backlog(sides).retry(attempt, now + wait);
                        }
                        (None, _) => self.fail_file(at, fault, shared),
                    }
                }
                Some(Err(fault)) => match (self.again(&mut attempt, &fault, shared), aways) {
                    (Some(wait), None) => self.files.retry(attempt, now + wait),
                    (Some(wait), Some(sides)) => {
                        self.away_backlog(sides).retry(attempt, now + wait);
                    }
                    (None, _) => self.fail_file(at, fault, shared),
                },
            }
        }
        left
    }

    /// The reply to a deletion was lost: it is looked for, never deleted again blindly.
    fn look_again(&mut self, attempt: Try<u32>, at: Instant) {
        let Some(place) = &self.place else { return };
        let relative = place.set.relative(attempt.item);
        let folder = split(&relative).0.to_vec();
        self.unsure.insert(attempt.item, attempt);
        let folder = Arc::new(FolderOf {
            folder,
            positions: vec![attempt.item],
        });
        self.folders.retry(attempt.tries().of(folder), at);
    }

    pub(super) fn fail_file(&mut self, at: u32, fault: Fault, shared: &mut Shared) {
        self.failures += 1;
        let outcome = FileOutcome::Failed {
            failure: fault.failure,
        };
        shared.file(self.id, self.text(at), outcome, 0);
    }
}

fn changed(how: &str, shared: &Shared) -> Fault {
    Fault::permanent(format!("it was kept: {how}")).help(match shared.resumed.is_some() {
        true => "run without `--resume`, which lists the source anew and transfers what changed",
        false => "run the manifest again to transfer what changed",
    })
}

fn only_folders(folders: usize, kind: StepKind) -> String {
    let done = kind.done();
    match folders {
        1 => format!("nothing to {kind}: what was chosen is 1 folder, and only files are {done}"),
        _ => format!(
            "nothing to {kind}: what was chosen is {folders} folders, and only files are {done}"
        ),
    }
}

fn too_many(count: u64, max: Max, kind: StepKind) -> Fault {
    let done = kind.done();
    Fault::permanent(format!(
        "{count} files would be {done}, more than `max: {max}`; nothing was {done}"
    ))
    .help(format!(
        "look at what would be {done}, then write `max: {count}` or choose fewer files"
    ))
}
