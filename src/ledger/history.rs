//! What the ledger tells people, and what they take out of it.

use super::ask::version_in;
use super::error::LedgerError;
use super::store::Store;
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

    /// Forgets files that a step of this name has entered, from whatever server: every version of them, and what was begun of
    /// them. How many entries that were.
    ///
    /// # Errors
    /// Those of the database.
    pub fn forget(
        &self,
        manifest: &str,
        step: &str,
        mut meant: impl FnMut(&[u8]) -> bool,
    ) -> Result<usize, LedgerError> {
        self.write(|transaction| {
            let sql = "SELECT id, path FROM step JOIN file ON file.step = id WHERE manifest = ?1 AND name = ?2 \
                UNION SELECT id, path FROM step JOIN intent ON intent.step = id WHERE manifest = ?1 AND name = ?2";
            let mut known = transaction.prepare(sql)?;
            let known = known.query_map((manifest, step), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
            let mut gone: Vec<(i64, Vec<u8>)> = Vec::new();
            for entry in known {
                let (id, path): (i64, Vec<u8>) = entry?;
                if meant(&path) {
                    gone.push((id, path));
                }
            }
            let mut forgotten = 0;
            for sql in [
                "DELETE FROM file WHERE step = ?1 AND path = ?2",
                "DELETE FROM intent WHERE step = ?1 AND path = ?2",
            ] {
                let mut delete = transaction.prepare(sql)?;
                for key in &gone {
                    forgotten += delete.execute((key.0, &key.1))?;
                }
            }
            Ok(forgotten)
        })
    }
}
