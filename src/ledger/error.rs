//! What can go wrong with a ledger.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why a ledger cannot be used. Fragments that fit after "failed to use the ledger: ", each with a next thing to do.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// Another process holds it.
    #[error("another run has held `{path}` for {seconds} s", path = .0.display(), seconds = super::store::PATIENCE.as_secs())]
    Busy(PathBuf),
    /// It has tables that this version does not know.
    #[error("`{path}` was written by a newer ftpflow (its tables have version {version})", path = .0.display(), version = .1)]
    Newer(PathBuf, i64),
    /// It is another program's database.
    #[error("`{path}` is no ledger of ftpflow", path = .0.display())]
    Foreign(PathBuf),
    /// It is no database, or a broken one.
    #[error("`{path}` is damaged: {cause}", path = .0.display(), cause = .1)]
    Damaged(PathBuf, rusqlite::Error),
    /// The disk refuses.
    #[error("`{path}` cannot be opened: {cause}", path = .0.display(), cause = .1)]
    Disk(PathBuf, io::Error),
    /// Anything else that the database says.
    #[error("`{path}` cannot be read or written: {cause}", path = .0.display(), cause = .1)]
    Database(PathBuf, rusqlite::Error),
}

impl LedgerError {
    pub(super) fn new(path: PathBuf, error: rusqlite::Error) -> LedgerError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy(path),
            // Without a code of its own: a table is missing, or is another one.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
                LedgerError::Damaged(path, error)
            }
            _ => LedgerError::Database(path, error),
        }
    }

    /// The next thing to do.
    pub fn help(&self) -> &'static str {
        match self {
            LedgerError::Busy(_) => "wait until the other run has ended, and run again",
            LedgerError::Newer(..) => {
                "use that version of ftpflow, or another folder with `--state`"
            }
            LedgerError::Foreign(_) | LedgerError::Damaged(..) => {
                "restore it from a backup, or move it away: every file is then new, until `ftpflow remember` enters what stands at the source"
            }
            LedgerError::Disk(..) | LedgerError::Database(..) => {
                "make room and see that the folder can be written, or name another one with `--state`"
            }
        }
    }
}
