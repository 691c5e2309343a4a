//! What is written: intents, entries, and what is forgotten by itself.

use rusqlite::{Transaction, params};

use super::ask::{Files, columns};
use super::error::LedgerError;
use super::store::{Scope, Store, find, number};
use super::version::Version;

/// A file that is to be known from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path at the source.
    pub path: Vec<u8>,
    /// Its size and time there.
    pub version: Version,
    /// Why it is known.
    pub how: How,
    /// Where its copy was put, for people: `mirror:/pub/a.zip`. Empty where none was.
    pub target: String,
    /// Whether its folder and that of its copy were seen to be two.
    pub apart: bool,
}

/// Why a file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was transferred, and proven at its destination.
    Transferred,
    /// It stood at its destination, and was proven to be the source's.
    Found,
    /// `ftpflow remember`
    Remembered,
}

/// Who enters, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The run's id.
    pub run: String,
    /// Unix seconds, UTC.
    pub at: i64,
}

impl How {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            How::Transferred => "transferred",
            How::Found => "found",
            How::Remembered => "remembered",
        }
    }
}

impl Store {
    /// In one transaction: enters files, whose intents are done with, takes back intents of files that did not get their names,
    /// and writes that others are about to get theirs. On the disk when it returns.
    ///
    /// # Errors
    /// Those of the database: nothing may be published then, and what is not entered the next run looks for.
    pub fn settle(
        &self,
        scope: &Scope,
        stamp: &Stamp,
        entries: &[Entry],
        taken_back: &[Vec<u8>],
        intents: &[Vec<u8>],
    ) -> Result<(), LedgerError> {
        self.write(|transaction| {
            let step = number(transaction, scope)?;
            enter(transaction, step, stamp, entries)?;
            let sql = "DELETE FROM intent WHERE step = ?1 AND path = ?2";
            let mut delete = transaction.prepare(sql)?;
            let entered = entries.iter().map(|entry| &entry.path);
            for path in entered.chain(taken_back) {
                delete.execute((step, path))?;
            }
            let sql = "INSERT OR REPLACE INTO intent (step, path, run) VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare(sql)?;
            for path in intents {
                insert.execute((step, path, &stamp.run))?;
            }
            Ok(())
        })
    }

    /// Takes in that the source shows files, and forgets those that it has not shown since `before`; how many these were.
    /// Forgetting looks at every file of the step, so that it is done again only after a tenth of `keep` (seconds), or a day.
    ///
    /// # Errors
    /// Those of the database.
    pub fn see(
        &self,
        scope: &Scope,
        now: i64,
        keep: i64,
        files: Files<'_>,
    ) -> Result<usize, LedgerError> {
        self.write(|transaction| {
            let Some(step) = find(transaction, scope)? else {
                return Ok(0);
            };
            let sql = "UPDATE file SET seen = ?3 WHERE step = ?1 AND path = ?2 AND size = ?4";
            let mut update = transaction.prepare(sql)?;
            for (path, version) in files {
                update.execute((step, path, now, columns(version).0))?;
            }
            forget_unseen(transaction, step, now, keep)
        })
    }
}

fn enter(
    transaction: &Transaction<'_>,
    step: i64,
    stamp: &Stamp,
    entries: &[Entry],
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO file \
        (step, path, size, seconds, nanos, precision, how, run, entered, seen, target, apart) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)";
    let mut insert = transaction.prepare(sql)?;
    for entry in entries {
        let (size, seconds, nanos, precision) = columns(entry.version);
        insert.execute(params![
            step,
            entry.path,
            size,
            seconds,
            nanos,
            precision,
            entry.how.word(),
            stamp.run,
            stamp.at,
            entry.target,
            entry.apart,
        ])?;
    }
    Ok(())
}

fn forget_unseen(
    transaction: &Transaction<'_>,
    step: i64,
    now: i64,
    keep: i64,
) -> rusqlite::Result<usize> {
    const DAY: i64 = 86_400;
    let sql = "SELECT tidied FROM step WHERE id = ?1";
    let tidied: i64 = transaction.query_row(sql, [step], |row| row.get(0))?;
    if now.saturating_sub(tidied) < (keep / 10).min(DAY) {
        return Ok(0);
    }
    transaction.execute("UPDATE step SET tidied = ?2 WHERE id = ?1", (step, now))?;
    let sql = "DELETE FROM file WHERE step = ?1 AND seen < ?2";
    transaction.execute(sql, (step, now.saturating_sub(keep)))
}
