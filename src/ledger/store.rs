//! The database: opened, its tables made, one transaction at a time.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::error::LedgerError;

/// The name of the ledger in the state's folder.
pub const FILE: &str = "ledger.sqlite";
/// How long another process may hold it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Of the tables.
const VERSION: i64 = 1;
/// Tells the file from any other SQLite database: `ftpf`.
const APPLICATION: i64 = 0x6674_7066;

/// Keys hold no NULL, so what was not told is -1 as a size and 4 as a precision.
const TABLES: &str = "
CREATE TABLE step (
    id INTEGER PRIMARY KEY,
    manifest TEXT NOT NULL,
    name TEXT NOT NULL,
    server TEXT NOT NULL,
    tidied INTEGER NOT NULL DEFAULT 0,
    UNIQUE (manifest, name, server)
);
CREATE TABLE file (
    step INTEGER NOT NULL REFERENCES step,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    nanos INTEGER NOT NULL,
    precision INTEGER NOT NULL,
    how TEXT NOT NULL,
    run TEXT NOT NULL,
    entered INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    target TEXT NOT NULL,
    apart INTEGER NOT NULL,
    PRIMARY KEY (step, path, size, seconds, nanos, precision)
) WITHOUT ROWID;
CREATE INDEX target ON file (target);
CREATE TABLE intent (
    step INTEGER NOT NULL REFERENCES step,
    path BLOB NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (step, path)
) WITHOUT ROWID;
";

/// What a ledger is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To be asked and written; it is made where it is missing.
    Write,
    /// To be asked.
    Read,
}

/// Whose files are meant. A step that is renamed keeps its files by `once: { as: … }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The manifest's name.
    pub manifest: String,
    /// The step's name, or what it says in `as`.
    pub step: String,
    /// The entry of `servers` that the files come from, or `local`.
    pub server: String,
}

/// Masks secrets in a line.
type Masks = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// An open ledger. Several processes may have it open: each transaction waits [`PATIENCE`] for those of others.
///
/// It keeps a rollback journal, no WAL, which needs memory that processes share: state may lie on NFS. A transaction is on the
/// disk when it ends.
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
    redact: Masks,
}

impl Store {
    /// Opens the ledger in a folder, which must be there. None where it is missing and only to be read.
    ///
    /// # Errors
    /// A disk that refuses, a ledger that is damaged, held for too long, or of a newer version.
    pub fn open(
        folder: &Path,
        access: Access,
        redact: Masks,
    ) -> Result<Option<Store>, LedgerError> {
        let path = folder.join(FILE);
        if access == Access::Read && !path.exists() {
            return Ok(None);
        }
        if access == Access::Write {
            make(&path).map_err(|error| LedgerError::Disk(path.clone(), error))?;
        }
        match connect(&path, access) {
            // A run that was cut off has made the file, and nothing in it.
            Ok((_, Stamped { version: 0, .. })) if access == Access::Read => Ok(None),
            Ok((_, Stamped { application, .. })) if application != APPLICATION => {
                Err(LedgerError::Foreign(path))
            }
            Ok((connection, Stamped { version, .. })) if version <= VERSION => Ok(Some(Store {
                path,
                connection: Mutex::new(connection),
                redact,
            })),
            Ok((_, Stamped { version, .. })) => Err(LedgerError::Newer(path, version)),
            Err(error) => Err(LedgerError::new(path, error)),
        }
    }

    /// Reads or writes in one transaction, which is undone where it fails.
    pub(super) fn within<T>(
        &self,
        behaviour: TransactionBehavior,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let mut connection = self.lock();
        let done = connection
            .transaction_with_behavior(behaviour)
            .and_then(|transaction| {
                let done = act(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
        done.map_err(|error| LedgerError::new(self.path.clone(), error))
    }

    /// Reads in one transaction.
    pub(super) fn read<T>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        self.within(TransactionBehavior::Deferred, act)
    }

    /// Writes in one transaction.
    pub(super) fn write<T>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        self.within(TransactionBehavior::Immediate, act)
    }

    /// Whether a secret stands in a name, which is then written nowhere.
    pub fn holds_secret(&self, path: &[u8]) -> bool {
        let text = String::from_utf8_lossy(path);
        (self.redact)(&text) != text
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a scope; none where nothing was ever entered for it.
pub(super) fn find(transaction: &Transaction<'_>, scope: &Scope) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM step WHERE manifest = ?1 AND name = ?2 AND server = ?3";
    let keys = (&scope.manifest, &scope.step, &scope.server);
    transaction
        .query_row(sql, keys, |row| row.get(0))
        .optional()
}

/// The same, made where it is missing.
pub(super) fn number(transaction: &Transaction<'_>, scope: &Scope) -> rusqlite::Result<i64> {
    let sql = "INSERT OR IGNORE INTO step (manifest, name, server) VALUES (?1, ?2, ?3)";
    transaction.execute(sql, (&scope.manifest, &scope.step, &scope.server))?;
    find(transaction, scope)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Makes the file for its owner alone, before SQLite would make it for all.
fn make(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.append(true).create(true).open(path).map(drop)
}

/// Even a reader opens the file to be written where it can: what a killed run left half written is undone by the next to look.
fn connect(path: &Path, access: Access) -> rusqlite::Result<(Connection, Stamped)> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let write = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE);
    let connection = match (write, access) {
        (Err(_), Access::Read) => {
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)?
        }
        (opened, _) => opened?,
    };
    connection.busy_timeout(PATIENCE)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", true)?;
    } else {
        connection.pragma_update(None, "journal_mode", "TRUNCATE")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        begin(&connection)?;
    }
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let stamped = Stamped {
        version: number("user_version")?,
        application: number("application_id")?,
    };
    Ok((connection, stamped))
}

/// What a database says of itself.
struct Stamped {
    version: i64,
    application: i64,
}

/// Makes the tables of a new ledger. Two runs may come at once.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
    };
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if version(connection)? != 0 || application != 0 {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}
