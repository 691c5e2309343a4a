//! Whether a folder of which a listing shows nothing is empty, or may be entered and not read.
//!
//! vsftpd and Pure-FTPd say 226 of both and differ in words, ProFTPD does not even do that; others refuse to list an empty
//! folder in the words that stand for a forbidden one elsewhere. `LIST -a` tells: a folder that was read holds `.` and `..`.

use std::time::Instant;

use crate::files::{Allowance, Kind, Page};

use super::error::{Error, ErrorKind};
use super::list::Form;
use super::listing::bounds::Bounds;
use super::listing::is_folder_itself;
use super::manage::split;
use super::reply::Reply;
use super::session::Session;

/// What servers say of a folder that holds nothing (IBM's of data sets and members). It counts only where the folder was
/// entered and its parent shows it.
const WORDS_FOR_EMPTY: [&str; 7] = [
    "no file",
    "no such file",
    "not found",
    "no entries",
    "no members",
    "no data set",
    "empty",
];

impl Session {
    /// Looks again at a folder of which LIST or NLST has said, with this reply, that nothing is in it.
    pub(super) fn if_read(&mut self, mut page: Page, folder: &[u8], last: &Reply) -> Page {
        if self.reads(folder) == Some(false) {
            let said = self.control.shown().answer(last);
            page.incomplete(format!(
                "`{}` can be entered and not read: the server shows not even `.` in it, and says `{} {}`",
                self.decode(folder),
                said.code,
                said.text
            ));
        }
        page
    }

    /// Judges the refusal to list a folder that was entered: some servers say so of an empty one.
    ///
    /// # Errors
    /// The refusal, where nothing shows that the folder is empty.
    pub(super) fn unless_empty(&mut self, refused: Error, folder: &[u8]) -> Result<Page, Error> {
        let Some(answer) = refused.reply.as_ref() else {
            return Err(refused);
        };
        if !self.healthy()
            || refused.kind != ErrorKind::Refused
            || !matches!(answer.code, 450 | 550)
        {
            return Err(refused);
        }
        let text = answer.text.to_lowercase();
        let worded = WORDS_FOR_EMPTY.iter().any(|words| text.contains(words));
        let empty = match self.reads(folder) {
            Some(reads) => reads,
            None => worded && self.parent_shows(folder),
        };
        match empty {
            true => Ok(Page::default()),
            false => Err(refused),
        }
    }

    /// Whether a folder was read, where `LIST -a` can tell: it shows `.` in the folder, or shows it in its parent only.
    fn reads(&mut self, folder: &[u8]) -> Option<bool> {
        if self.facts.shows_dots == Some(false) {
            return None;
        }
        let dots = self.shows_dots(folder);
        let (parent, name) = split(folder);
        match dots {
            Some(true) => self.facts.shows_dots = Some(true),
            Some(false) => return None,
            None if self.facts.shows_dots.is_none() && !name.is_empty() => {
                self.facts.shows_dots = self.shows_dots(parent);
            }
            None => {}
        }
        dots.or_else(|| self.facts.shows_dots.filter(|dots| *dots).map(|_| false))
    }

    /// Whether `LIST -a` shows the folder itself, or its parent, in a folder; `None` where it shows nothing at all.
    fn shows_dots(&mut self, folder: &[u8]) -> Option<bool> {
        if !self.healthy() || self.go_to(folder).ok()?.is_some() {
            return None;
        }
        let allowance = Allowance::new(self.endpoint.limits);
        let mut bounds = Bounds::new(&allowance, self.endpoint.timeouts.data, Instant::now());
        let (mut page, mut lines, mut dots) = (Page::default(), false, false);
        let command = Form::ListAll.command();
        self.receive(command, &mut page, &mut bounds, |line, _| {
            lines |= !line.is_empty();
            dots |= is_folder_itself(line);
        })
        .ok()?;
        lines.then_some(dots)
    }

    fn parent_shows(&mut self, folder: &[u8]) -> bool {
        let (parent, name) = split(folder);
        if name.is_empty() {
            return true;
        }
        let page = self.list_one(parent, name);
        let found = page.is_ok_and(|page| page.entries().any(|entry| entry.kind != Kind::File));
        found && self.healthy()
    }
}
