//! What the ledger tells people, and what they take out of it.

use rusqlite::params;

use super::ask::version_in;
use super::error::LedgerError;
use super::store::{Scope, Store};
use super::version::Version;

/// A file that went somewhere, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The step's name, or its `as`.
    pub step: String,
    /// The entry of `servers` that it came from, or `local`.
    pub server: String,
    /// Absolute path there.
    pub path: Vec<u8>,
    /// Its size and time there.
    pub version: Version,
    /// `transferred`, `found` or `remembered`; `begun` where a run was cut off.
    pub how: String,
    /// The run's id.
    pub run: String,
    /// When it was entered, in Unix seconds, UTC; 0 where it is only begun.
    pub entered: i64,
    /// Where its copy was put; empty where none was.
    pub target: String,
}

impl Store {
    /// Hands over all files of a manifest, by step, server and path, until one is refused; those that a run that was cut off
    /// had begun come last.
    ///
    /// # Errors
    /// Those of the database.
    pub fn history(
        &self,
        manifest: &str,
        mut each: impl FnMut(Past) -> bool,
    ) -> Result<(), LedgerError> {
        self.read(|transaction| {
            let entered = "SELECT name, server, path, size, seconds, nanos, precision, how, run, entered, target \
                FROM step JOIN file ON file.step = step.id WHERE manifest = ?1 \
                ORDER BY name, server, path, entered";
            let begun = "SELECT name, server, path, -1, 0, 0, 4, 'begun', run, 0, '' \
                FROM step JOIN intent ON intent.step = step.id WHERE manifest = ?1 \
                ORDER BY name, server, path";
            for sql in [entered, begun] {
                let mut statement = transaction.prepare(sql)?;
                let mut rows = statement.query([manifest])?;
                while let Some(row) = rows.next()? {
                    let past = Past {
                        step: row.get(0)?,
                        server: row.get(1)?,
                        path: row.get(2)?,
                        version: version_in(row, 3)?,
                        how: row.get(7)?,
                        run: row.get(8)?,
                        entered: row.get(9)?,
                        target: row.get(10)?,
                    };
                    if !each(past) {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }

    /// Forgets files of a scope, every version of them, and what was begun of them; how many entries that were.
    ///
    /// # Errors
    /// Those of the database.
    pub fn forget(
        &self,
        scope: &Scope,
        mut meant: impl FnMut(&[u8]) -> bool,
    ) -> Result<usize, LedgerError> {
        self.write(|transaction| {
            let Some(step) = super::store::find(transaction, scope)? else {
                return Ok(0);
            };
            let sql = "SELECT path FROM file WHERE step = ?1 UNION SELECT path FROM intent WHERE step = ?1";
            let mut paths = transaction.prepare(sql)?;
            let paths = paths.query_map([step], |row| row.get::<_, Vec<u8>>(0))?;
            let mut forgotten = 0;
            let mut gone = Vec::new();
            for path in paths {
                let path = path?;
                if meant(&path) {
                    gone.push(path);
                }
            }
            for path in gone {
                let keys = params![step, path];
                let sql = "DELETE FROM file WHERE step = ?1 AND path = ?2";
                forgotten += transaction.execute(sql, keys)?;
                let sql = "DELETE FROM intent WHERE step = ?1 AND path = ?2";
                forgotten += transaction.execute(sql, params![step, path])?;
            }
            Ok(forgotten)
        })
    }
}
