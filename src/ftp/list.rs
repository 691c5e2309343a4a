//! Listing one folder: change into it, ask without an argument, read line by line.
//!
//! The folder is never an argument: Pure-FTPd takes `[ ]` in it for a pattern, and others take `-a` for a name.

use std::io::Read;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike};

use crate::files::{Allowance, Kind, Limit, Page};

use super::command::Line;
use super::data::{Count, Receiving};
use super::error::{A_FILE, Error, ErrorKind};
use super::forms::Form;
use super::listing::bounds::Bounds;
use super::listing::lines::Lines;
use super::listing::{Parsed, Reader, mlsd, nlst};
use super::manage::split;
use super::reply::Reply;
use super::session::Session;

const CHUNK: usize = 64 * 1024;

/// What one listing has brought.
struct Listed {
    page: Page,
    /// Where entries stand in the page of which it does not say what they are.
    untold: Vec<usize>,
    /// The final reply, where nothing is wrong with the listing.
    last: Option<Reply>,
}

/// Whether a name is UTF-8 and not ASCII. What stands for characters that could not be stored is no such name.
fn shows_utf8(page: &Page) -> bool {
    let text = |name| std::str::from_utf8(name).is_ok_and(|text| !text.contains('\u{fffd}'));
    let mut names = page.entries().map(|entry| entry.name);
    names.any(|name| !name.is_ascii() && text(name))
}

/// A listing, and its final reply where not one byte came with it.
type Brought = (Page, Option<Reply>);

impl Session {
    /// Lists a folder, given by its absolute path, within the server's limits.
    ///
    /// # Errors
    /// As [`Session::list_within`].
    pub fn list(&mut self, folder: &[u8]) -> Result<Page, Error> {
        let allowance = Allowance::new(self.endpoint.limits);
        self.list_within(folder, &allowance)
    }

    /// Lists a folder for one of its names.
    ///
    /// # Errors
    /// As [`Session::list_within`].
    pub fn list_one(&mut self, folder: &[u8], name: &[u8]) -> Result<Page, Error> {
        let name = name.to_vec();
        let allowance = Allowance::new(self.endpoint.limits).only(move |other| other == name);
        self.list_within(folder, &allowance)
    }

    /// Lists a folder, given by its absolute path, as far as a step is allowed to take from listings.
    ///
    /// What the listing leaves out or cannot say is in the page: refused names and unreadable lines as problems, one
    /// that the server or a line cut off as incomplete, one that is worth another try as broken.
    ///
    /// # Errors
    /// `Missing` when there is no such folder, looked for in its parents; `Refused` when it cannot be entered or
    /// listed; `Limit` when there is no end to it.
    pub fn list_within(&mut self, folder: &[u8], allowance: &Allowance) -> Result<Page, Error> {
        self.ready()?;
        self.stay_resumable()?;
        if let Some(reply) = self.go_to(folder)? {
            let error = self.why_not_entered(folder, reply);
            // Another session may have made it since: what is there, and no file, is tried once more.
            let there = error.kind == ErrorKind::Refused && error.detail.is_none();
            if !there || !self.healthy() || self.go_to(folder)?.is_some() {
                return Err(error);
            }
        }
        let mut form = self.form();
        let listed = loop {
            match self.list_here(form, folder, allowance) {
                Err(error) if self.falls_back(&error) => match self.next_form(form) {
                    Some(next) => form = next,
                    None => break Err(error),
                },
                listed => break listed,
            }
        };
        let listed = match form {
            Form::ListAll if self.is_our_wish() => self.list_all_or(listed, folder, allowance),
            _ => listed,
        };
        if let Ok((page, _)) = &listed
            && !self.facts.shows_utf8
        {
            self.facts.shows_utf8 = self.facts.announces_utf8() && shows_utf8(page);
        }
        match listed {
            Ok((page, None)) => Ok(page),
            Ok((page, Some(last))) => Ok(self.if_read(page, folder, &last)),
            Err(error) => self.unless_empty(error, folder),
        }
    }

    /// What `LIST -a` gave, if it gave anything: some refuse it, and some take `-a` for the name of a folder.
    fn list_all_or(
        &mut self,
        listed: Result<Brought, Error>,
        folder: &[u8],
        allowance: &Allowance,
    ) -> Result<Brought, Error> {
        match &listed {
            Ok((page, _)) if !page.is_empty() || page.is_broken() => return listed,
            Err(error) if error.kind != ErrorKind::Refused => return listed,
            _ if !self.healthy() => return listed,
            _ => {}
        }
        let plain = self.list_here(Form::List, folder, allowance);
        let refused = listed.is_err() && plain.is_ok();
        let shown = plain.as_ref().is_ok_and(|(page, _)| !page.is_empty());
        self.facts.list_all_unusable |= refused || shown;
        plain
    }

    /// Changes into a folder and asks for a passive port, in one write. Gives the reply of a refusal.
    pub(super) fn go_to(&mut self, folder: &[u8]) -> Result<Option<Reply>, Error> {
        let mut lines = Vec::new();
        let moves = self.folder.as_deref() != Some(folder);
        if moves {
            lines.push(Line::with("CWD", folder)?);
            self.folder = None;
        }
        if self.wants_passive() {
            lines.push(self.passive_line());
        }
        let mut replies = self.control.send(lines)?.into_iter();
        let entered = if moves { replies.next() } else { None };
        if let Some(reply) = replies.next() {
            self.keep_passive(&reply);
        }
        match entered {
            Some(reply) if !reply.is_done() => Ok(Some(reply)),
            _ => {
                self.folder = Some(folder.to_vec());
                Ok(None)
            }
        }
    }

    /// An error for a folder that could not be entered: absent, or there and not for us.
    fn why_not_entered(&mut self, folder: &[u8], reply: Reply) -> Error {
        let refused = self.control.refused(ErrorKind::Refused, reply);
        let (parent, name) = split(folder);
        if refused.kind != ErrorKind::Refused || !self.control.usable() || name.is_empty() {
            return refused;
        }
        let page = match self.list_near(parent, name) {
            Err(error) if error.kind == ErrorKind::Missing => {
                return self.missing(refused, folder, error.hint);
            }
            Err(_) => return refused,
            Ok(page) => page,
        };
        let found = page.entries().find(|entry| entry.name == name);
        match found.map(|entry| entry.kind) {
            Some(Kind::File) => refused.detail("it is a file").words(&A_FILE),
            Some(_) => refused,
            None if page.incomplete_reason().is_some() => refused,
            None => {
                let hint = self.why_missing(parent, name, &page);
                self.missing(refused, folder, hint.map(Box::new))
            }
        }
    }

    /// Lists the folder that the server is in. Also gives the final reply where LIST or NLST brought not one byte.
    fn list_here(
        &mut self,
        form: Form,
        folder: &[u8],
        allowance: &Allowance,
    ) -> Result<Brought, Error> {
        let mut bounds = Bounds::new(allowance, self.endpoint.timeouts.data, Instant::now());
        let listed = self.read_page(form, folder, &mut bounds);
        if listed
            .as_ref()
            .map_or(true, |listed| listed.page.is_broken())
        {
            bounds.give_back();
        }
        let Listed {
            mut page,
            untold,
            last,
        } = listed?;
        let last = last.filter(|_| bounds.nothing_came() && form != Form::Mlsd);
        if !page.is_broken() {
            match form {
                Form::Mlsd | Form::Nlst => self.ask_untold(&mut page, folder, &untold)?,
                Form::List | Form::ListAll => self.correct_times(&mut page, folder)?,
            }
        }
        page.shrink();
        Ok((page, last))
    }

    /// Reads a listing, line by line, and its final reply.
    fn read_page(
        &mut self,
        form: Form,
        folder: &[u8],
        bounds: &mut Bounds<'_>,
    ) -> Result<Listed, Error> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(0));
        let shown = self.control.shown().clone();
        let allowance = bounds.allowance();
        let keep = |parsed: Parsed<'_>, line: &[u8], page: &mut Page| match parsed {
            Parsed::Entry(row) if !allowance.wants(row.name) => {}
            parsed => keep(parsed, page, || shown.text(line)),
        };
        let mut page = Page::default();
        let mut reader = Reader::default();
        let mut untold = Vec::new();
        let last = self.receive(form.command(), &mut page, bounds, |line, page| match form {
            Form::Mlsd => {
                let known = page.len();
                keep(mlsd::row(line), line, page);
                if page.len() > known && !mlsd::tells_type(line) {
                    untold.push(known);
                }
            }
            // Times are corrected when all are read.
            Form::List | Form::ListAll => {
                reader.line(line, now, 0, |line, parsed| keep(parsed, line, page));
            }
            Form::Nlst if matches!(line, b"" | b"." | b"..") => {}
            Form::Nlst => {
                let name = nlst::name(line, folder);
                let known = page.len();
                if allowance.wants(name) {
                    page.push(name, Kind::Other, None, None);
                }
                untold.extend((page.len() > known).then_some(known));
            }
        })?;
        if reader.has_day_first() {
            forget_doubtful_days(&mut page);
        }
        reader.finish(|line, parsed| keep(parsed, line, &mut page));
        Ok(Listed { page, untold, last })
    }

    /// Reads the data of a listing and its final reply, which it gives. One that broke after it had begun makes the page a
    /// broken one.
    pub(super) fn receive(
        &mut self,
        command: Line,
        page: &mut Page,
        bounds: &mut Bounds<'_>,
        mut each: impl FnMut(&[u8], &mut Page),
    ) -> Result<Option<Reply>, Error> {
        let mut receiving = match self.begin_listing(command) {
            Err(error) if self.may_end_without_data(&error) => {
                return self.end_page(Count::NOTHING, false, page);
            }
            begun => begun?,
        };
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = match receiving.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => {
                    let error = Error::from(error);
                    if Receiving::bytes(&receiving) == 0 && self.may_end_without_data(&error) {
                        break;
                    }
                    let error = self.give_up(error);
                    return break_off(page, error).map(|()| None);
                }
            };
            self.listed_bytes = self.listed_bytes.saturating_add(length as u64);
            let mut count = 0;
            lines.feed(&chunk[..length], |line| {
                count += 1;
                match line {
                    Some(line) => each(line, page),
                    None => page.incomplete("a line of the listing is longer than 64 KiB".into()),
                }
            });
            if let Err(limit) = bounds.came(length, count, page, Instant::now()) {
                drop(receiving);
                return Err(self.stop_listing(limit));
            }
        }
        // What was begun may be the half of a name.
        let cut = lines.has_begun();
        let count = match Receiving::bytes(&receiving) == 0 && self.was_answered_at_once() {
            true => Count::NOTHING,
            false => receiving.finish(),
        };
        self.end_page(count, cut, page)
    }

    /// Reads the final reply of a listing, and judges whether all of it came.
    fn end_page(
        &mut self,
        count: Count,
        cut: bool,
        page: &mut Page,
    ) -> Result<Option<Reply>, Error> {
        let unclean = count.ended && !count.clean;
        let last = match self.end_listing(count) {
            Err(error) => return break_off(page, error).map(|()| None),
            Ok(last) => last,
        };
        if says_truncated(&last) {
            page.incomplete("the server says that it cut the listing off".into());
        }
        if unclean {
            page.broken("its data has no end (a closed connection, and TLS's close_notify before it), so that it may be cut".into());
        } else if cut {
            page.broken("its data ended in the middle of a line".into());
        }
        Ok(page.incomplete_reason().is_none().then_some(last))
    }

    /// Ends a listing that is too large: the rest of it is never read.
    fn stop_listing(&mut self, limit: Limit) -> Error {
        let command = self.in_flight.take().map(|flight| flight.command);
        self.control.condemn();
        let mut error = Error::new(ErrorKind::Limit(limit)).detail(limit.to_string());
        error.command = command;
        error
    }
}

/// A listing that broke is a page that says so; one that was told to end is an error.
fn break_off(page: &mut Page, error: Error) -> Result<(), Error> {
    match error.kind {
        ErrorKind::Interrupted(_) => Err(error),
        _ => {
            page.broken(error.to_string());
            Ok(())
        }
    }
}

/// Where some dates have the day first, those that could be read with the month first were: their times are unknown.
fn forget_doubtful_days(page: &mut Page) {
    page.forget_times(|time| {
        let date = DateTime::from_timestamp(time.seconds, 0);
        date.is_some_and(|date| date.day() <= 12 && date.day() != date.month())
    });
}

/// Puts what a line says into the page. What cannot be read is told, and the page is incomplete.
pub(super) fn keep(parsed: Parsed<'_>, page: &mut Page, shown: impl FnOnce() -> String) {
    match parsed {
        Parsed::Entry(row) => page.push(row.name, row.kind, row.size, row.modified),
        Parsed::Nothing => {}
        Parsed::Unreadable => {
            page.problem(|| {
                // Masked before it is cut: the beginning of a secret is one, too.
                let start: String = shown().chars().take(200).collect();
                format!("line `{start}` of the listing cannot be read")
            });
            page.incomplete("a line of the listing cannot be read".into());
        }
    }
}

/// Pure-FTPd's `-L` limit: `226 Output truncated to 10000 matches`. Only its words tell.
fn says_truncated(reply: &Reply) -> bool {
    reply.lines.iter().any(|line| {
        String::from_utf8_lossy(line)
            .to_ascii_lowercase()
            .contains("truncated")
    })
}

pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    [folder, b"/", name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::listing::list_line;

    #[test]
    fn an_unreadable_line_makes_the_page_incomplete() {
        let mut page = Page::default();
        keep(list_line(b"what is this", 0, 0).0, &mut page, || {
            "what".into()
        });
        assert_eq!(page.problems().count, 1);
        assert!(page.incomplete_reason().is_some());
    }
}
