//! Listing one folder: change into it, ask without an argument, read line by line.
//!
//! The folder is never an argument: Pure-FTPd takes `[ ]` in it for a pattern, and others take `-a` for a name.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::endpoint::{ClockOffset, ListingMode};
use crate::files::{Kind, Page, PageEntry, Precision, Time};

use super::command::Line;
use super::error::{Error, ErrorKind};
use super::listing::lines::Lines;
use super::listing::time::mdtm_reply;
use super::listing::{Parsed, Reader, mlsd, nlst};
use super::manage::split;
use super::reply::{self, Reply};
use super::session::Session;

/// Entries of one folder beyond which a listing is cut off: a server that never stops.
const MOST_ENTRIES: usize = 10_000_000;
const CHUNK: usize = 64 * 1024;
/// Names asked about in one write after NLST.
const NAMES_A_WRITE: usize = 32;
/// Files whose MDTM is compared with their LIST time, until one tells the zone.
const CALIBRATIONS: usize = 3;
/// Zones differ from UTC by multiples of this.
const QUARTER: i64 = 15 * 60;

/// The command of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Mlsd,
    List,
    ListAll,
    Nlst,
}

impl Session {
    /// Lists a folder, given by its absolute path.
    ///
    /// What the listing leaves out or cannot say is in the page: refused names and unreadable lines as problems,
    /// a broken or cut-off listing as incomplete. After one that broke, the session is not healthy.
    ///
    /// # Errors
    /// `Missing` when there is no such folder, looked for in its parents; `Refused` when it cannot be entered or
    /// listed.
    pub fn list(&mut self, folder: &[u8]) -> Result<Page, Error> {
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
        let form = self.form();
        match self.list_here(form, folder) {
            Err(error) if form == Form::Mlsd && self.falls_back(&error) => {
                self.facts.mlsd_unusable = true;
                self.list_here(Form::List, folder)
            }
            listed => listed,
        }
    }

    /// Whether listings leave out names with a leading dot: LIST and NLST do on many servers (vsftpd), MLSD
    /// and `LIST -a` do not.
    pub fn listing_may_hide(&self) -> bool {
        matches!(self.form(), Form::List | Form::Nlst)
    }

    fn form(&self) -> Form {
        let announced = self.facts.has(|features| features.mlsd) && !self.facts.mlsd_unusable;
        match self.endpoint.listing {
            ListingMode::Auto if announced => Form::Mlsd,
            ListingMode::Auto | ListingMode::List => Form::List,
            ListingMode::Mlsd => Form::Mlsd,
            ListingMode::ListAll => Form::ListAll,
            ListingMode::Nlst => Form::Nlst,
        }
    }

    fn falls_back(&self, error: &Error) -> bool {
        let code = error.reply.as_ref().map(|reply| reply.code);
        self.endpoint.listing == ListingMode::Auto
            && self.healthy()
            && matches!(code, Some(500 | 501 | 502 | 504))
    }

    /// Changes into a folder and asks for a passive port, in one write. Gives the reply of a refusal.
    fn go_to(&mut self, folder: &[u8]) -> Result<Option<Reply>, Error> {
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
        let page = match self.list(parent) {
            Err(error) if error.kind == ErrorKind::Missing => {
                return refused.with_kind(ErrorKind::Missing);
            }
            Err(_) => return refused,
            Ok(page) => page,
        };
        let found = page.entries().find(|entry| entry.name == name);
        match found.map(|entry| entry.kind) {
            Some(Kind::File) => refused.detail("it is a file"),
            Some(_) => refused,
            None if page.incomplete_reason().is_some() => refused,
            None => refused.with_kind(ErrorKind::Missing),
        }
    }

    fn list_here(&mut self, form: Form, folder: &[u8]) -> Result<Page, Error> {
        let command = Line::fixed(match form {
            Form::Mlsd => "MLSD",
            Form::List => "LIST",
            Form::ListAll => "LIST -a",
            Form::Nlst => "NLST",
        });
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(0));
        let offset = i64::from(self.clock_offset().unwrap_or(0));
        let shown = self.control.shown().clone();
        let keep = |parsed: Parsed<'_>, line: &[u8], page: &mut Page| {
            keep(parsed, page, || shown.text(line));
        };
        let mut page = Page::default();
        let mut reader = Reader::default();
        let broken = self.read_page(command, &mut page, |line, page| match form {
            Form::Mlsd => keep(mlsd::row(line), line, page),
            Form::List | Form::ListAll => {
                reader.line(line, now, offset, |line, parsed| keep(parsed, line, page));
            }
            Form::Nlst if matches!(line, b"" | b"." | b"..") => {}
            Form::Nlst => page.push(nlst::name(line, folder), Kind::Other, None, None),
        })?;
        reader.finish(|line, parsed| keep(parsed, line, &mut page));
        if let Some(error) = broken {
            page.incomplete(error.to_string());
            return Ok(page);
        }
        match form {
            Form::Nlst => self.ask_each(&mut page, folder)?,
            Form::List | Form::ListAll => self.calibrate(&mut page, folder)?,
            Form::Mlsd => {}
        }
        Ok(page)
    }

    /// Reads the data of a listing and its final reply. Gives the error of one that broke after it had begun.
    fn read_page(
        &mut self,
        command: Line,
        page: &mut Page,
        mut each: impl FnMut(&[u8], &mut Page),
    ) -> Result<Option<Error>, Error> {
        let mut receiving = self.begin_listing(command)?;
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        let mut take = |line: Option<&[u8]>, page: &mut Page| match line {
            Some(line) => each(line, page),
            None => page.incomplete("a line of the listing is longer than 64 KiB".into()),
        };
        loop {
            let length = match receiving.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => {
                    let error = self.give_up(Error::from(error));
                    return fatal_or_broken(error);
                }
            };
            lines.feed(&chunk[..length], |line| take(line, page));
            if page.len() > MOST_ENTRIES {
                page.incomplete(format!("the folder shows more than {MOST_ENTRIES} entries"));
                break;
            }
        }
        lines.finish(|line| take(line, page));
        let count = receiving.finish();
        if count.ended && !count.clean {
            let reason = "its data ended without TLS's close_notify, so that it may be cut off";
            page.incomplete(reason.into());
        }
        match self.end_listing(count) {
            Ok(last) => {
                if says_truncated(&last) {
                    page.incomplete("the server says that it cut the listing off".into());
                }
                Ok(None)
            }
            Err(error) => fatal_or_broken(error),
        }
    }

    fn clock_offset(&self) -> Option<i32> {
        match self.endpoint.clock_offset {
            ClockOffset::Fixed(seconds) => Some(seconds),
            ClockOffset::Auto => self.facts.clock_offset,
        }
    }

    /// Finds the zone of LIST times by comparing them with MDTM, which is UTC, and corrects the page.
    fn calibrate(&mut self, page: &mut Page, folder: &[u8]) -> Result<(), Error> {
        if self.clock_offset().is_some() || !self.facts.has(|features| features.mdtm) {
            return Ok(());
        }
        let samples: Vec<(Vec<u8>, i64)> = page
            .entries()
            .filter_map(sample)
            .take(CALIBRATIONS)
            .map(|(name, seconds)| (join(folder, name), seconds))
            .collect();
        for (path, listed) in samples {
            let Some(exact) = self.modified(&path)? else {
                continue;
            };
            if let Some(offset) = zone(listed, exact.seconds) {
                self.facts.clock_offset = Some(offset);
                shift(page, i64::from(offset));
                break;
            }
        }
        Ok(())
    }

    /// Asks SIZE and MDTM of each name. What has no size is a folder when it can be entered.
    fn ask_each(&mut self, page: &mut Page, folder: &[u8]) -> Result<(), Error> {
        let paths: Vec<Vec<u8>> = page
            .entries()
            .map(|entry| join(folder, entry.name))
            .collect();
        for (group, paths) in paths.chunks(NAMES_A_WRITE).enumerate() {
            let mut lines = Vec::with_capacity(paths.len() * 2);
            for path in paths {
                lines.push(Line::with("SIZE", path)?);
                lines.push(Line::with("MDTM", path)?);
            }
            let replies = self.control.send(lines)?;
            for (at, pair) in replies.chunks(2).enumerate() {
                let [size, time] = pair else { break };
                let kind = match reply::size(size) {
                    Some(_) => Kind::File,
                    None if self.enter(&paths[at])?.is_done() => Kind::Folder,
                    None => Kind::Other,
                };
                page.amend(
                    group * NAMES_A_WRITE + at,
                    kind,
                    reply::size(size),
                    mdtm_reply(time),
                );
            }
        }
        Ok(())
    }
}

/// A listing that broke is an incomplete page; one that was told to end is an error.
fn fatal_or_broken(error: Error) -> Result<Option<Error>, Error> {
    match error.kind {
        ErrorKind::Interrupted(_) => Err(error),
        _ => Ok(Some(error)),
    }
}

/// Puts what a line says into the page. What cannot be read is told, and the page is incomplete.
pub(super) fn keep(parsed: Parsed<'_>, page: &mut Page, shown: impl FnOnce() -> String) {
    match parsed {
        Parsed::Entry(row) => page.push(row.name, row.kind, row.size, row.modified),
        Parsed::Nothing => {}
        Parsed::Unreadable => {
            // Masked before it is cut: the beginning of a secret is one, too.
            let start: String = shown().chars().take(200).collect();
            page.problem(format!("line `{start}` of the listing cannot be read"));
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

fn sample(entry: PageEntry<'_>) -> Option<(&[u8], i64)> {
    let time = entry
        .modified
        .filter(|time| time.precision == Precision::Minute)?;
    (entry.kind == Kind::File).then_some((entry.name, time.seconds))
}

/// The zone, where the two times differ by one. A file that changed in between tells nothing.
fn zone(listed: i64, exact: i64) -> Option<i32> {
    let difference = listed - (exact - exact.rem_euclid(60));
    let fits = difference % QUARTER == 0 && difference.abs() <= 15 * 3600;
    fits.then(|| i32::try_from(difference).ok()).flatten()
}

/// Corrects times that were read without the zone. Those known to the second (EPLF, a date with its zone) are UTC.
pub(super) fn shift(page: &mut Page, offset: i64) {
    let entries: Vec<_> = page
        .entries()
        .map(|entry| (entry.kind, entry.size, entry.modified))
        .collect();
    for (at, (kind, size, modified)) in entries.into_iter().enumerate() {
        let Some(time) = modified.filter(|time| time.precision != Precision::Second) else {
            continue;
        };
        let seconds = time.seconds - offset;
        page.amend(at, kind, size, Some(Time { seconds, ..time }));
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    [folder, b"/", name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::listing::list_line;

    #[test]
    fn a_zone_is_a_multiple_of_a_quarter_of_an_hour() {
        assert_eq!(zone(1_795_363_680, 1_795_334_889), Some(28_800));
        assert_eq!(zone(1_795_334_880, 1_795_334_889), Some(0));
        assert_eq!(zone(1_795_334_940, 1_795_334_889), None);
        assert_eq!(zone(1_795_334_880 + 86_400, 1_795_334_889), None);
    }

    #[test]
    fn an_unreadable_line_makes_the_page_incomplete() {
        let mut page = Page::default();
        keep(list_line(b"what is this", 0, 0), &mut page, || {
            "what".into()
        });
        assert_eq!(page.problems().count, 1);
        assert!(page.incomplete_reason().is_some());
    }
}
