//! Whether a folder of which a listing shows nothing is empty, or may be entered and not read.
//!
//! vsftpd and Pure-FTPd say 226 of both and differ in words, ProFTPD does not even do that; others refuse to list an empty
//! folder in the words that stand for a forbidden one elsewhere. `LIST -a` tells: a folder that was read holds `.` and `..`.

use std::time::Instant;

use crate::files::{Allowance, Kind, Page};

use super::error::{Error, ErrorKind};
use super::forms::Form;
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

/// What a second look at a folder shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It was read; whether it holds anything.
    Read { holds: bool },
    /// It was not: other folders show `.`, and this one nothing.
    Unread,
    /// This server shows `.` nowhere, or does not know `-a`; whether it shows anything.
    Unknown { holds: bool },
}

/// The lines of one `LIST -a`.
#[derive(Debug, Clone, Copy, Default)]
struct Lines {
    /// `.` or `..`.
    dots: bool,
    /// Others.
    more: bool,
}

impl Lines {
    fn is_empty(self) -> bool {
        !self.dots && !self.more
    }
}

impl Session {
    /// Looks again at a folder of which LIST or NLST has said, with this reply, that nothing is in it.
    pub(super) fn if_read(&mut self, mut page: Page, folder: &[u8], last: &Reply) -> Page {
        if self.look_again(folder) == Look::Unread {
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
        let empty = match self.look_again(folder) {
            Look::Read { holds } => !holds,
            Look::Unread => false,
            Look::Unknown { holds } => worded && !holds && self.parent_shows(folder),
        };
        match empty {
            true => Ok(Page::default()),
            false => Err(refused),
        }
    }

    /// Looks by `LIST -a`, where that can tell anything.
    fn look_again(&mut self, folder: &[u8]) -> Look {
        let holds = false;
        if self.facts.shows_dots == Some(false) {
            return Look::Unknown { holds };
        }
        let Some(lines) = self.list_all(folder) else {
            return Look::Unknown { holds };
        };
        if lines.dots {
            self.facts.shows_dots = Some(true);
        }
        let (parent, name) = split(folder);
        if lines.is_empty() && self.facts.shows_dots.is_none() && !name.is_empty() {
            let above = self.list_all(parent).filter(|lines| !lines.is_empty());
            self.facts.shows_dots = above.map(|lines| lines.dots);
        }
        match self.facts.shows_dots {
            _ if lines.dots => Look::Read { holds: lines.more },
            Some(true) if lines.is_empty() => Look::Unread,
            _ => Look::Unknown { holds: lines.more },
        }
    }

    /// What `LIST -a` shows of a folder; `None` where it is refused or breaks.
    fn list_all(&mut self, folder: &[u8]) -> Option<Lines> {
        if !self.healthy() || self.go_to(folder).ok()?.is_some() {
            return None;
        }
        let allowance = Allowance::new(self.endpoint.limits);
        let mut bounds = Bounds::new(&allowance, self.endpoint.timeouts.data, Instant::now());
        let (mut page, mut lines) = (Page::default(), Lines::default());
        let command = Form::ListAll.command();
        let received =
            self.receive(
                command,
                &mut page,
                &mut bounds,
                |line, _| match is_folder_itself(line) {
                    true => lines.dots = true,
                    false => lines.more |= !line.is_empty(),
                },
            );
        received.ok().filter(|_| !page.is_broken())?;
        Some(lines)
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
