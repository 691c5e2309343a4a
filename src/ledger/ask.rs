//! Which files are new.

use std::collections::HashSet;

use rusqlite::{Row, Statement, Transaction};

use super::error::LedgerError;
use super::store::{Scope, Store, find};
use super::version::Version;
use crate::files::{Precision, Time};

/// What the ledger says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was never transferred, or had another size or time.
    New,
    /// A run that was cut off was about to publish it, and has not entered it.
    Begun,
    /// It is entered, by this very run before it was resumed.
    Own,
    /// It is entered.
    Known {
        /// What was entered, perhaps more exactly than it is listed now.
        version: Version,
        /// Whether it proves that the file stands elsewhere: its copy cannot be the file itself, and nothing was entered since that
        /// came to the copy's name. Found out only where that is asked.
        proves: bool,
    },
}

/// Paths, and what their listings tell.
pub(super) type Files<'f> = &'f mut dyn Iterator<Item = (Vec<u8>, Version)>;

impl Store {
    /// What is known of files, in their order. `run` is the run that asks. `proofs`: whether what proves is to be found out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ask(
        &self,
        scope: &Scope,
        run: &str,
        proofs: bool,
        files: Files<'_>,
    ) -> Result<Vec<Answer>, LedgerError> {
        self.read(|transaction| {
            let Some(step) = find(transaction, scope)? else {
                return Ok(files.map(|_| Answer::New).collect());
            };
            let begun = intents(transaction, step)?;
            let sql = "SELECT size, seconds, nanos, precision, run, apart, target, entered FROM file WHERE step = ?1 AND path = ?2";
            let mut entered = transaction.prepare(sql)?;
            let sql = "SELECT count(*) FROM file WHERE target = ?1 AND entered >= ?2";
            let mut since = transaction.prepare(sql)?;
            let mut is_last = |target: &str, entered: i64| -> rusqlite::Result<bool> {
                // Itself, and no other.
                since.query_row((target, entered), |row| Ok(row.get::<_, i64>(0)? == 1))
            };
            let answers = files.map(|(path, version)| {
                let found = look(&mut entered, (step, &path), version, run, |target, at| {
                    Ok(proofs && is_last(target, at)?)
                })?;
                Ok(match found {
                    Answer::New if begun.contains(&path) => Answer::Begun,
                    found => found,
                })
            });
            answers.collect()
        })
    }
}

/// The files that a run was about to publish and never entered. Those are few: a run that ends by itself leaves none.
fn intents(transaction: &Transaction<'_>, step: i64) -> rusqlite::Result<HashSet<Vec<u8>>> {
    let mut intents = transaction.prepare("SELECT path FROM intent WHERE step = ?1")?;
    let paths = intents.query_map([step], |row| row.get(0))?;
    paths.collect()
}

fn look(
    entered: &mut Statement<'_>,
    key: (i64, &[u8]),
    version: Version,
    run: &str,
    is_last: impl FnOnce(&str, i64) -> rusqlite::Result<bool>,
) -> rusqlite::Result<Answer> {
    let mut rows = entered.query(key)?;
    while let Some(row) = rows.next()? {
        let entered = version_in(row, 0)?;
        if version.is_one_with(entered) {
            return Ok(match row.get_ref(4)?.as_str()? == run {
                true => Answer::Own,
                false => Answer::Known {
                    version: entered,
                    proves: row.get(5)? && is_last(row.get_ref(6)?.as_str()?, row.get(7)?)?,
                },
            });
        }
    }
    Ok(Answer::New)
}

/// The version that stands in four columns, beginning with one.
pub(super) fn version_in(row: &Row<'_>, first: usize) -> rusqlite::Result<Version> {
    let size: i64 = row.get(first)?;
    let precision = match row.get(first + 3)? {
        0 => Some(Precision::Nanosecond),
        1 => Some(Precision::Second),
        2 => Some(Precision::Minute),
        3 => Some(Precision::Day),
        _ => None::<Precision>,
    };
    let (seconds, nanos) = (row.get(first + 1)?, row.get(first + 2)?);
    Ok(Version {
        size: u64::try_from(size).ok(),
        modified: precision.map(|precision| Time {
            seconds,
            nanos,
            precision,
        }),
    })
}

/// A version as its four columns.
pub(super) fn columns(version: Version) -> (i64, i64, u32, u8) {
    let size = version
        .size
        .map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX));
    match version.modified {
        None => (size, 0, 0, 4),
        Some(time) => {
            let precision = match time.precision {
                Precision::Nanosecond => 0,
                Precision::Second => 1,
                Precision::Minute => 2,
                Precision::Day => 3,
            };
            (size, time.seconds, time.nanos, precision)
        }
    }
}
