//! Entries of which a listing does not say what they are: names of NLST, and lines of MLSD without a type.

use crate::files::{Kind, Page, Time};

use super::command::Line;
use super::error::Error;
use super::list::join;
use super::listing::time::mdtm_reply;
use super::session::Session;

/// Entries that are asked about in one write.
const ENTRIES_A_WRITE: usize = 32;

/// What SIZE and MDTM say.
type Told = (Option<u64>, Option<Time>);

impl Session {
    /// Asks SIZE and MDTM of entries, given by their places in the page, which keeps what it knows of them where the server
    /// refuses to say. What has no size is a folder when it can be entered.
    ///
    /// # Errors
    /// Only when the session broke.
    pub(super) fn ask_untold(
        &mut self,
        page: &mut Page,
        folder: &[u8],
        untold: &[usize],
    ) -> Result<(), Error> {
        for group in untold.chunks(ENTRIES_A_WRITE) {
            let entries = group.iter().filter_map(|at| Some((*at, page.entry(*at)?)));
            let asked: Vec<(usize, Vec<u8>)> = entries
                .map(|(at, entry)| (at, join(folder, entry.name)))
                .collect();
            for ((at, path), (size, time)) in asked.iter().zip(self.ask_about(&asked)?) {
                let kind = self.kind_of(path, (size, time))?;
                let told = page.entry(*at).map(|entry| (entry.size, entry.modified));
                let (told_size, told_time) = told.unwrap_or_default();
                if kind == Kind::Other {
                    page.problem(|| {
                        let shown = self.decode(path);
                        format!("the server does not say what `{shown}` is: it refuses SIZE, MDTM and CWD")
                    });
                    page.incomplete("the server does not say what an entry is".into());
                }
                let size = size.or(told_size).filter(|_| kind == Kind::File);
                page.amend(*at, kind, size, time.or(told_time));
            }
        }
        Ok(())
    }

    /// SIZE and MDTM of paths, asked in one write.
    fn ask_about(&mut self, asked: &[(usize, Vec<u8>)]) -> Result<Vec<Told>, Error> {
        let mut lines = Vec::with_capacity(asked.len() * 2);
        for (_, path) in asked {
            lines.push(Line::with("SIZE", path)?);
            lines.push(Line::with("MDTM", path)?);
        }
        let replies = self.control.send(lines)?;
        let pairs = replies.chunks_exact(2);
        Ok(pairs
            .map(|pair| (self.size_in(&pair[0]), mdtm_reply(&pair[1])))
            .collect())
    }

    /// What cannot be entered is a file where the server tells its time, or knows no SIZE that could tell: reading it shows.
    fn kind_of(&mut self, path: &[u8], (size, time): Told) -> Result<Kind, Error> {
        if size.is_some() {
            return Ok(Kind::File);
        }
        if self.enter(path)?.is_done() {
            return Ok(Kind::Folder);
        }
        Ok(match time.is_some() || self.facts.no_size {
            true => Kind::File,
            false => Kind::Other,
        })
    }
}
