//! The folder `.ftpflow/KEY/`: its lock, its journal, and what is set aside.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use thiserror::Error;

use super::fold::{Damage, Folded, Resumed, fold};
use super::folder_marks::FolderMarks;
use super::record::{Record, VERSION};
use super::seen::Seen;
use super::tidy::tidy;
use super::write::Journal;

/// The journal that `--resume` reads; behind a dot, why one was set aside.
pub(super) const JOURNAL: &str = "journal";
pub(super) const LOCK: &str = "lock";
const MARKS: &str = "marks";

/// The state of one manifest with one set of variables. Held by one run at a time.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    /// Locked as long as this lives; the system unlocks it when the process ends, however it ends.
    _lock: File,
}

/// Why there is no state.
#[derive(Debug, Error)]
pub enum StateError {
    /// Another run has it.
    #[error("another run of this manifest is under way (it holds `{0}`)")]
    Held(PathBuf),
    /// The folder cannot be made or written.
    #[error("`{0}` cannot be written: {1}")]
    Unwritable(PathBuf, io::Error),
}

/// What the last run left.
#[derive(Debug)]
pub enum Leftover {
    /// Nothing to resume.
    Nothing,
    /// A run that did not end with everything done.
    Unfinished(Box<Resumed>),
    /// A journal that cannot be trusted.
    Damaged(Damage),
}

impl State {
    /// Makes the folder where it is missing, and locks it.
    ///
    /// # Errors
    /// Another run holds it, or the disk refuses.
    pub fn open(base: &Path, key: &str) -> Result<State, StateError> {
        let folder = base.join(key);
        let unwritable = |error| StateError::Unwritable(folder.clone(), error);
        private_folders(&folder).map_err(unwritable)?;
        make_folder(base).map_err(unwritable)?;
        let path = folder.join(LOCK);
        let lock = private()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => Ok(State {
                folder,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StateError::Held(path)),
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }

    /// What the last run left.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn last(&self) -> io::Result<Leftover> {
        Ok(match self.fold()? {
            Folded::Nothing => Leftover::Nothing,
            Folded::Unfinished(resumed, _) => Leftover::Unfinished(resumed),
            Folded::Damaged(damage) => Leftover::Damaged(damage),
        })
    }

    /// Whether there is a journal to resume from; one that could not be written to its end is not.
    pub fn has_journal(&self) -> bool {
        self.folder.join(JOURNAL).exists()
    }

    /// Sets the journal aside, under a name that says when its run was; where to.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn set_aside(&self, suffix: &str) -> io::Result<PathBuf> {
        let aside = self.folder.join(format!("{JOURNAL}.{suffix}"));
        fs::rename(self.folder.join(JOURNAL), &aside)?;
        Ok(aside)
    }

    /// Removes journals of runs that are long over, here and for the manifests beside this one, as far as that is possible.
    pub fn tidy(&self) {
        tidy(&self.folder, SystemTime::now());
    }

    /// Begins a journal; what a finished run left goes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn begin(
        &self,
        fingerprint: &str,
        run_id: &str,
        started: i64,
        redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    ) -> io::Result<Journal> {
        let path = self.folder.join(JOURNAL);
        let file = private()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        let mut journal = Journal::new(path, file, redact);
        let begun = journal.append(&Record::Begin {
            version: VERSION,
            fingerprint: fingerprint.to_owned(),
            run_id: run_id.to_owned(),
            started,
        });
        match begun.and_then(|()| journal.sync()) {
            Ok(()) => Ok(journal),
            Err(error) => {
                let _ = journal.set_aside();
                Err(error)
            }
        }
    }

    /// Continues the journal of an unfinished run, behind its last whole record.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn go_on(&self, redact: Arc<dyn Fn(&str) -> String + Send + Sync>) -> io::Result<Journal> {
        let Folded::Unfinished(_, good) = self.fold()? else {
            return Err(io::Error::other("there is nothing to resume"));
        };
        let path = self.folder.join(JOURNAL);
        let mut file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(good)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Journal::new(path, file, redact))
    }

    /// The empty files that earlier runs may have left to tell folders apart.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn folder_marks(
        &self,
        redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    ) -> io::Result<FolderMarks> {
        FolderMarks::open(self.folder.join(MARKS), redact)
    }

    /// The markers that successful runs of the manifest of this name have seen, and where this run writes its own.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn seen(
        &self,
        name: &str,
        resumes: bool,
        redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    ) -> io::Result<Seen> {
        let base = self.folder.parent().unwrap_or(Path::new(""));
        Seen::open(base, Some(&self.folder), resumes, name, redact)
    }

    /// The same for a run that leaves nothing behind.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn seen_before(base: &Path, name: &str) -> io::Result<Seen> {
        Seen::open(base, None, false, name, Arc::new(str::to_owned))
    }

    fn fold(&self) -> io::Result<Folded> {
        match File::open(self.folder.join(JOURNAL)) {
            Ok(file) => fold(&mut BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Folded::Nothing),
            Err(error) => Err(error),
        }
    }
}

/// Makes the folder for the state of all manifests, where it is missing.
///
/// # Errors
/// Those of the disk.
pub fn make_folder(base: &Path) -> io::Result<()> {
    private_folders(base)?;
    keep_out_of_git(base)
}

/// State is never checked in.
fn keep_out_of_git(base: &Path) -> io::Result<()> {
    let path = base.join(".gitignore");
    if path.exists() {
        return Ok(());
    }
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(b"*\n")
}

/// For files of their owner alone; one that is there keeps its mode.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes folders for their owner alone, with those above; one that is there keeps its mode.
fn private_folders(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

#[cfg(test)]
mod tests {
    use super::super::record::PathText;
    use super::*;

    fn redact() -> Arc<dyn Fn(&str) -> String + Send + Sync> {
        Arc::new(str::to_owned)
    }

    #[test]
    fn a_second_run_is_refused_while_the_first_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::open(folder.path(), "k").unwrap();
        assert!(matches!(
            State::open(folder.path(), "k"),
            Err(StateError::Held(_))
        ));
        assert!(State::open(folder.path(), "other").is_ok());
        drop(first);
        assert!(State::open(folder.path(), "k").is_ok());
    }

    #[test]
    fn a_torn_end_is_cut_off_before_going_on() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path(), "k").unwrap();
        drop(state.begin("f", "r", 1, redact()).unwrap());
        let path = folder.path().join("k").join(JOURNAL);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"0123 {torn"].concat()).unwrap();
        assert!(matches!(state.last().unwrap(), Leftover::Unfinished(_)));
        let mut journal = state.go_on(redact()).unwrap();
        journal.append(&Record::Done).unwrap();
        journal.sync().unwrap();
        assert!(matches!(state.last().unwrap(), Leftover::Nothing));
    }

    #[test]
    fn a_journal_that_was_given_up_is_found_by_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path(), "k").unwrap();
        let mut journal = state.begin("f", "r", 1, redact()).unwrap();
        journal.append(&Record::Done).unwrap();
        assert!(state.has_journal());
        journal.set_aside().unwrap();
        assert!(!state.has_journal());
        assert!(matches!(state.last().unwrap(), Leftover::Nothing));
        assert!(folder.path().join("k/journal.incomplete").exists());
    }

    #[test]
    fn a_record_that_could_not_be_read_back_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path(), "k").unwrap();
        let mut journal = state.begin("f", "r", 1, redact()).unwrap();
        let record = |length: usize| Record::Intent {
            step: "s".into(),
            paths: vec![PathText::new(&vec![b'd'; length])],
            to: Vec::new(),
        };
        journal.append(&record(15 << 20)).unwrap();
        assert!(journal.append(&record(16 << 20)).is_err());
        journal.push().unwrap();
        let Leftover::Unfinished(resumed) = state.last().unwrap() else {
            panic!("not unfinished");
        };
        assert_eq!(resumed.step("s").unwrap().begun.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn state_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("new");
        let state = State::open(&base, "k").unwrap();
        drop(state.begin("f", "r", 1, redact()).unwrap());
        for path in ["", ".gitignore", "k", "k/lock", "k/journal"] {
            let data = fs::metadata(base.join(path)).unwrap();
            let others = data.permissions().mode() & 0o077;
            assert_eq!(others, 0, "{path}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = State::open(&folder.path().join("file"), "k").unwrap_err();
        assert!(matches!(error, StateError::Unwritable(..)));
    }
}
