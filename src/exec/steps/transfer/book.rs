//! What a step with `once` asks of the ledger of earlier runs, and enters for later ones.
//!
//! The machine asks once, before it looks at the destination. Each job that may give files their final names writes intents
//! before, and enters what is proven after; what surely got no name is taken back. An intent that is left is of a job that
//! was cut off, or of a reply that never came: the next run looks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Output;
use super::pending::Pending;
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::files::{FileSet, Kind};
use crate::ledger::{Answer, Entry, How, LedgerError, Scope, Stamp, Store, Version};
use crate::options::Once;
use crate::plan;
use crate::transfer::{Choice, Looks};

/// The ledger, as one step sees it.
pub(in crate::exec) struct Book {
    /// None where a preview finds none.
    pub(super) store: Option<Arc<Store>>,
    pub(super) scope: Scope,
    run: String,
    /// Seconds after which files are forgotten that the source does not show.
    keep: Option<i64>,
    most: Option<usize>,
    /// Whether nothing may be written.
    preview: bool,
    /// Whether a step takes sources away because the ledger knows them.
    proves: bool,
    /// Whether the files that the source shows are entered, and nothing else is done.
    pub(super) remembers: bool,
    chosen: OnceLock<Chosen>,
    /// Files that wait for the names of their set, as they will be entered; none where they cannot be.
    arrived: Mutex<BTreeMap<u32, Option<Entry>>>,
    pub(super) pending: Mutex<Pending>,
    /// What is to be said at the end.
    remarks: Mutex<Remarks>,
}

/// What is made of the files of a set, by their positions.
#[derive(Default)]
struct Chosen {
    each: Vec<Choice>,
    /// What was entered of the known files that a deletion may rely on.
    entered: BTreeMap<u32, Version>,
}

/// How many files are to be spoken of.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::exec) struct Found {
    /// New ones that wait for a later run.
    later: usize,
    /// Those of which no time is told.
    timeless: usize,
    /// Those whose names were refused because a secret stands in them.
    secret: usize,
}

#[derive(Default)]
struct Remarks {
    /// Files that have arrived and are not entered.
    unentered: u64,
    failed: Option<String>,
}

impl Book {
    /// The book of a step; none where it is not `once`.
    pub(super) fn of(
        step: &plan::Step,
        transfer: &plan::Transfer,
        shared: &Shared,
    ) -> Option<Arc<Book>> {
        let once: &Once = transfer.options.once.as_ref()?;
        let plan = &shared.plan;
        let most = transfer.options.max_files;
        Some(Arc::new(Book {
            store: shared.earlier.store.clone(),
            scope: Scope {
                manifest: plan.name.clone(),
                step: once.name.as_ref().unwrap_or(&step.name).clone(),
                server: plan.side_name(transfer.source).to_owned(),
            },
            run: plan.run.id.clone(),
            keep: once
                .keep
                .map(|keep| i64::try_from(keep.as_secs()).unwrap_or(i64::MAX)),
            most: most.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            preview: shared.preview,
            proves: plan.relies_on_ledger(step.id),
            remembers: shared.earlier.remembers.as_ref() == Some(&step.name),
            chosen: OnceLock::new(),
            arrived: Mutex::default(),
            pending: Mutex::default(),
            remarks: Mutex::default(),
        }))
    }

    /// What earlier runs make of each file, once that is asked.
    pub(super) fn choices(&self) -> Option<&[Choice]> {
        self.chosen.get().map(|chosen| chosen.each.as_slice())
    }

    pub(super) fn choice(&self, at: u32) -> Choice {
        let chosen = self.choices().and_then(|each| each.get(at as usize));
        chosen.copied().unwrap_or_default()
    }

    /// What an earlier run has proven of a file, exactly and in another folder than the file's own.
    pub(super) fn proven(&self, at: u32) -> Option<Looks> {
        let version = self.chosen.get()?.entered.get(&at)?;
        Some(Looks {
            size: version.size,
            modified: version.modified,
        })
    }

    /// Asks which files are new.
    pub(super) fn choose(self: Arc<Book>, set: FileSet) -> Work {
        Box::new(move |desk| {
            let found = self.ask(&set, desk.unix_now());
            Output::Chosen(found.map_err(|error| unusable(&error))).boxed()
        })
    }

    fn ask(&self, set: &FileSet, now: i64) -> Result<Found, LedgerError> {
        let mut found = Found::default();
        let mut chosen = Chosen::default();
        if let Some(store) = &self.store {
            let mut files = set
                .positions()
                .map(|at| (set.absolute(at), listed(set, at)));
            let answers = store.ask(&self.scope, &self.run, self.proves, &mut files)?;
            chosen.take(answers);
            if self.remembers {
                found.secret = self.remember(store, set, &chosen, now)?;
            }
            if let Some(keep) = self.keep.filter(|_| !self.preview) {
                self.see(store, set, &chosen, now, keep)?;
            }
        }
        chosen.each.resize(set.len(), Choice::New);
        let is_file = |at: &u32| set.kind(*at) == Kind::File;
        let timeless = set.positions().filter(is_file);
        found.timeless = timeless.filter(|at| set.modified(*at).is_none()).count();
        found.later = self.leave_later(set, &mut chosen.each);
        // One job asks, once.
        let _ = self.chosen.set(chosen);
        Ok(found)
    }

    /// Enters all files that are not known; how many cannot be.
    fn remember(
        &self,
        store: &Store,
        set: &FileSet,
        chosen: &Chosen,
        now: i64,
    ) -> Result<usize, LedgerError> {
        let mut secret = 0;
        let mut entries = Vec::new();
        for (at, choice) in set.positions().zip(&chosen.each) {
            if set.kind(at) != Kind::File || *choice == Choice::Known {
                continue;
            }
            let path = set.absolute(at);
            if store.holds_secret(&path) {
                secret += 1;
                continue;
            }
            entries.push(Entry {
                path,
                version: listed(set, at),
                how: How::Remembered,
                target: String::new(),
                apart: false,
            });
        }
        store.settle(&self.scope, &self.stamp(now), &entries, &[], &[])?;
        Ok(secret)
    }

    /// Takes in that the source shows what is known, and forgets what it has not shown for long.
    fn see(
        &self,
        store: &Store,
        set: &FileSet,
        chosen: &Chosen,
        now: i64,
        keep: i64,
    ) -> Result<(), LedgerError> {
        let known = set.positions().zip(&chosen.each);
        let known = known.filter(|(_, choice)| matches!(choice, Choice::Known | Choice::Own));
        let mut files = known.map(|(at, _)| (set.absolute(at), listed(set, at)));
        store.see(&self.scope, now, keep, &mut files)?;
        Ok(())
    }

    /// Leaves all but the oldest of the new files for later runs; how many those are.
    fn leave_later(&self, set: &FileSet, each: &mut [Choice]) -> usize {
        let Some(most) = self.most else {
            return 0;
        };
        let of = |wanted: Choice| {
            let all = set.positions().zip(each.iter());
            let files =
                all.filter(|(at, choice)| set.kind(*at) == Kind::File && **choice == wanted);
            files.map(|(at, _)| at).collect::<Vec<u32>>()
        };
        // What a run has begun comes first.
        let room = most.saturating_sub(of(Choice::Begun).len());
        let mut new = of(Choice::New);
        new.sort_by_cached_key(|at| {
            let time = set.modified(*at);
            (
                time.map(|time| (time.seconds, time.nanos)),
                set.absolute(*at),
            )
        });
        let later = new.into_iter().skip(room);
        later.map(|at| each[at as usize] = Choice::Later).count()
    }

    pub(super) fn stamp(&self, at: i64) -> Stamp {
        Stamp {
            run: self.run.clone(),
            at,
        }
    }

    /// Why files could not be entered that have arrived.
    pub(super) fn broke(&self, files: u64, error: &LedgerError) {
        let mut remarks = self.remarks();
        remarks.unentered += files;
        remarks.failed.get_or_insert_with(|| error.to_string());
    }

    /// Files that have arrived and cannot be entered.
    pub(super) fn leaves_out(&self, files: u64) {
        self.remarks().unentered += files;
    }

    /// Whether a secret stands in a path, which is then not entered.
    pub(super) fn holds_secret(&self, path: &[u8]) -> bool {
        self.store
            .as_ref()
            .is_some_and(|store| store.holds_secret(path))
    }

    /// What is to be said at the end of the step.
    pub(super) fn last_words(&self) -> Option<String> {
        let remarks = self.remarks();
        let why = remarks.failed.as_deref().unwrap_or(
            "they are not verified, were written a moment ago, or have a secret in their names",
        );
        (remarks.unentered > 0).then(|| {
            let files = counted(
                remarks.unentered,
                "file that arrived is",
                "files that arrived are",
            );
            format!(
                "{files} not entered in the ledger, so that the next run takes them again: {why}"
            )
        })
    }

    pub(super) fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Option<Entry>>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remarks(&self) -> std::sync::MutexGuard<'_, Remarks> {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chosen {
    fn take(&mut self, answers: Vec<Answer>) {
        for (at, answer) in (0u32..).zip(&answers) {
            if let Answer::Known {
                version,
                proves: true,
            } = answer
                && version.modified.is_some_and(|time| time.is_exact())
            {
                self.entered.insert(at, *version);
            }
        }
        let choices = answers.into_iter().map(|answer| match answer {
            Answer::New => Choice::New,
            Answer::Begun => Choice::Begun,
            Answer::Own => Choice::Own,
            Answer::Known { .. } => Choice::Known,
        });
        self.each = choices.collect();
    }
}

impl Found {
    /// What is to be said of them.
    pub(super) fn words(self, source: &str, most: Option<u64>) -> Vec<String> {
        let mut words = Vec::new();
        if self.later > 0 {
            let files = counted(self.later as u64, "new file is", "new files are");
            let most = most.unwrap_or_default();
            words.push(format!(
                "{files} left for the next runs: `max_files` is {most}"
            ));
        }
        if self.timeless > 0 {
            let files = counted(self.timeless as u64, "file is", "files are");
            words.push(format!(
                "{files} known by path and size alone, because `{source}` tells no time: another version of the same size would not be taken"
            ));
        }
        if self.secret > 0 {
            let files = counted(self.secret as u64, "file is", "files are");
            words.push(format!(
                "{files} not remembered, because a secret stands in the name"
            ));
        }
        words
    }
}

/// What the listing of its source tells of a file.
pub(super) fn listed(set: &FileSet, at: u32) -> Version {
    version(Looks::listed(set, at))
}

/// What a file looks like, as the ledger keeps it.
pub(super) fn version(Looks { size, modified }: Looks) -> Version {
    Version { size, modified }
}

pub(super) fn unusable(error: &LedgerError) -> Fault {
    Fault::permanent(format!(
        "the ledger of earlier runs cannot be used: {error}"
    ))
    .help(error.help())
}

fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
