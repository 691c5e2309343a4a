//! Commands on single paths: asking, deleting, making folders, setting modes and times.
//!
//! What a refusal means is found by looking at the state, never in the words of a reply: servers word them
//! differently, and in different languages.

use crate::files::{Kind, Time};

use super::command::Line;
use super::error::{Error, ErrorKind};
use super::failure::unknown_outcome;
use super::listing::time::mdtm_reply;
use super::reply::{Reply, path_in};
use super::session::Session;

/// A folder that is nowhere, in bytes that are text in no encoding.
const NOWHERE: &[u8] = b"/ftpflow-\x80\xb0\xe6\xff-asks";

/// Listings that are read to find out what refusals meant, in bytes; after that a refusal is taken at its word. Where SIZE
/// tells that a file stands, none is read.
const LOOKED_THROUGH: u64 = 64 << 20;

/// MDTM of a file that is nowhere, and the same in the form that sets times.
const MDTM_OF_NOTHING: &str = "MDTM /ftpflow-asks/nothing";
const MDTM_FORM_OF_NOTHING: &str = "MDTM 20200102030405 /ftpflow-asks/nothing";

/// What came of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// It was not there.
    WasNotThere,
}

impl Session {
    /// The size of a file (SIZE); `None` where the server refuses to say.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn size(&mut self, path: &[u8]) -> Result<Option<u64>, Error> {
        self.ready()?;
        let line = Line::with("SIZE", path)?;
        if self.facts.no_size {
            return Ok(None);
        }
        let reply = self.control.ask(line)?;
        let size = self.size_in(&reply);
        self.tolerate(reply).map(|()| size)
    }

    /// When a file was modified (MDTM, UTC); `None` where the server refuses to say.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn modified(&mut self, path: &[u8]) -> Result<Option<Time>, Error> {
        self.ready()?;
        let reply = self.control.ask(Line::with("MDTM", path)?)?;
        let time = mdtm_reply(&reply);
        self.tolerate(reply).map(|()| time)
    }

    /// Size and time of a file, asked in one write; what the server refuses to say is absent.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn looks(&mut self, path: &[u8]) -> Result<(Option<u64>, Option<Time>), Error> {
        self.ready()?;
        let mut lines = vec![Line::with("MDTM", path)?];
        if !self.facts.no_size {
            lines.push(Line::with("SIZE", path)?);
        }
        let mut replies = self.control.send(lines)?.into_iter();
        let (mut time, mut size) = (None, None);
        if let Some(reply) = replies.next() {
            time = mdtm_reply(&reply);
            self.tolerate(reply)?;
        }
        if let Some(reply) = replies.next() {
            size = self.size_in(&reply);
            self.tolerate(reply)?;
        }
        Ok((size, time))
    }

    /// Deletes a file. A refusal is looked into: what is not there counts as [`Deleted::WasNotThere`].
    ///
    /// # Errors
    /// `Refused` when it still stands; `UnknownOutcome` when the reply did not come, or others than were owed.
    pub fn delete(&mut self, path: &[u8]) -> Result<Deleted, Error> {
        self.ready()?;
        let reply = self.control.change(Line::with("DELE", path)?)?;
        if reply.is_done() {
            return Ok(Deleted::Gone);
        }
        let refused = self.control.refused(ErrorKind::Refused, reply);
        self.unless_absent(path, refused)
    }

    /// Removes an empty folder; as [`Session::delete`].
    ///
    /// # Errors
    /// As [`Session::delete`].
    pub fn remove_folder(&mut self, path: &[u8]) -> Result<Deleted, Error> {
        self.ready()?;
        let reply = self.control.change(Line::with("RMD", path)?)?;
        self.folder = None;
        if reply.is_done() {
            return Ok(Deleted::Gone);
        }
        let refused = self.control.refused(ErrorKind::Refused, reply);
        if self.control.usable() && self.enter(path).map_err(unknown_outcome)?.is_done() {
            return Err(refused);
        }
        self.unless_absent(path, refused)
    }

    /// Makes a folder; one that is already there is success. Its parent must exist.
    ///
    /// # Errors
    /// `Refused` with the reply to MKD when there is no such folder afterwards.
    pub fn make_folder(&mut self, path: &[u8]) -> Result<(), Error> {
        self.ready()?;
        let reply = self.control.change(Line::with("MKD", path)?)?;
        if reply.is_done() {
            return Ok(());
        }
        // 550 and 521 are said of existing folders and of refused ones alike.
        let refused = self.control.refused(ErrorKind::Refused, reply);
        if self.control.usable() && self.enter(path).map_err(unknown_outcome)?.is_done() {
            return Ok(());
        }
        Err(refused)
    }

    /// Sets a file's mode bits, written in octal (`SITE CHMOD`).
    ///
    /// # Errors
    /// `Refused` where the server does not do it.
    pub fn chmod(&mut self, path: &[u8], mode: u32) -> Result<(), Error> {
        self.ready()?;
        let argument = [format!("{mode:o} ").as_bytes(), path].concat();
        let reply = self.control.change(Line::with("SITE CHMOD", &argument)?)?;
        match reply.is_done() {
            true => Ok(()),
            false => Err(self.control.refused(ErrorKind::Refused, reply)),
        }
    }

    /// Sets a file's time (MFMT, else vsftpd's form of MDTM). `false` where the server cannot.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn set_modified(&mut self, path: &[u8], time: Time) -> Result<bool, Error> {
        self.ready()?;
        let Some(line) = self.times_line(path, time)? else {
            return Ok(false);
        };
        let reply = self.control.ask(line)?;
        let set = self.times_in(&reply);
        self.tolerate(reply).map(|()| set)
    }

    /// Whether the server sets times, as far as that can be found without setting one: MFMT is announced, or MDTM with a time in
    /// its argument is refused otherwise than MDTM of the same missing file (vsftpd, which does not announce it).
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn may_set_times(&mut self) -> Result<bool, Error> {
        if self.facts.sets_times() {
            return Ok(true);
        }
        if self.facts.no_times || !self.facts.has(|features| features.mdtm) {
            return Ok(false);
        }
        if let Some(known) = self.facts.knows_mdtm_form {
            return Ok(known);
        }
        self.ready()?;
        let plain = self.control.ask(Line::fixed(MDTM_OF_NOTHING))?;
        let form = self.control.ask(Line::fixed(MDTM_FORM_OF_NOTHING))?;
        let stamp = &MDTM_FORM_OF_NOTHING.as_bytes()[5..19];
        let echoes = |line: &Vec<u8>| line.windows(stamp.len()).any(|part| part == stamp);
        let known =
            form.is_refusal() && form.lines != plain.lines && !form.lines.iter().any(echoes);
        self.facts.knows_mdtm_form = Some(known);
        self.tolerate(plain)?;
        self.tolerate(form).map(|()| known)
    }

    /// Finds out whether a server keeps the bytes of names as they are, where it is not known yet: for one that announces
    /// UTF8, bytes that are none.
    ///
    /// ProFTPD and Pure-FTPd do; pyftpdlib stores U+FFFD in their place and answers 226. Nothing is written to tell
    /// them apart: the first two repeat the name of a missing folder in their refusal, byte by byte. A server that
    /// does not is not trusted.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn ask_for_bytes(&mut self) -> Result<(), Error> {
        if self.facts.knows_names() {
            return Ok(());
        }
        self.ready()?;
        let reply = self.enter(NOWHERE).inspect_err(|error| {
            // A server that ends the session for such bytes (aioftp) keeps none; no other session asks it again.
            if matches!(error.kind, ErrorKind::Lost | ErrorKind::Timeout(_)) {
                self.facts.keeps_bytes = Some(false);
                self.facts.pace.excuse();
            }
        })?;
        let repeats = |line: &Vec<u8>| line.windows(NOWHERE.len()).any(|part| part == NOWHERE);
        let kept = reply.is_refusal() && reply.lines.iter().any(repeats);
        self.facts.keeps_bytes = Some(kept);
        self.facts.exact_names = kept;
        self.tolerate(reply)
    }

    /// Whether a name, or one in a path, may stand under other bytes than it was sent in: where the server decodes it, takes
    /// quotes off it (ftp-srv), cuts dots and spaces from its end, or refuses or replaces what no Win32 name may have.
    pub fn doubts_name(&self, name: &[u8]) -> bool {
        let is_text = self.facts.shows_utf8 && std::str::from_utf8(name).is_ok();
        let mut parts = name.split(|byte| *byte == b'/');
        !self.facts.exact_names
            && (parts.any(is_altered_somewhere) || !(name.is_ascii() || is_text))
    }

    /// The path under which the server knows a folder: what PWD says once it is in it, if that leads there again. The same
    /// path where the folder cannot be entered, or the server says something else than a path.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn place(&mut self, folder: &[u8]) -> Result<Vec<u8>, Error> {
        self.ready()?;
        let entered = self.enter(folder)?;
        if !entered.is_done() {
            self.tolerate(entered)?;
            return Ok(folder.to_vec());
        }
        let reply = self.control.ask(Line::fixed("PWD"))?;
        let found = path_in(&reply).filter(|path| path.starts_with(b"/"));
        self.tolerate(reply)?;
        let Some(found) = found.filter(|found| found != folder) else {
            return Ok(folder.to_vec());
        };
        let there = Line::with("CWD", &found).is_ok() && self.enter(&found)?.is_done();
        Ok(match there {
            true => found,
            false => folder.to_vec(),
        })
    }

    /// Goes into a folder; a refusal is a reply, not an error.
    pub(super) fn enter(&mut self, path: &[u8]) -> Result<Reply, Error> {
        let reply = self.control.ask(Line::with("CWD", path)?)?;
        if reply.is_done() {
            self.folder = Some(path.to_vec());
        }
        Ok(reply)
    }

    /// Takes any complete reply but one that ends the session.
    pub(super) fn tolerate(&mut self, reply: Reply) -> Result<(), Error> {
        if reply.code == 421 || !(reply.is_done() || reply.is_refusal()) {
            return Err(self.control.refused(ErrorKind::Refused, reply));
        }
        Ok(())
    }

    /// Turns a refusal into success when the path is not there, by SIZE and by its parent's listing, as far as these looks
    /// do not cost too much: each refusal of a server may have it list a million names.
    fn unless_absent(&mut self, path: &[u8], refused: Error) -> Result<Deleted, Error> {
        let is_too_much = self.facts.looked_through > LOOKED_THROUGH;
        if is_too_much || !self.control.usable() || refused.kind != ErrorKind::Refused {
            return Err(refused);
        }
        let before = self.listed_bytes;
        let seen = self.look(path);
        self.facts.looked_through += self.listed_bytes - before;
        match seen {
            Ok(None) => Ok(Deleted::WasNotThere),
            // What was taken for a refusal was none, or not of this.
            Err(error) if error.kind == ErrorKind::Protocol && !self.control.usable() => {
                Err(unknown_outcome(error))
            }
            _ => Err(refused),
        }
    }

    /// What stands at a path: SIZE for what a listing may hide (vsftpd and dot names), then the parent's listing.
    ///
    /// # Errors
    /// When the parent cannot be listed whole, so that nothing is certain.
    pub(super) fn look(&mut self, path: &[u8]) -> Result<Option<Kind>, Error> {
        if self.size(path)?.is_some() {
            return Ok(Some(Kind::File));
        }
        let (parent, name) = split(path);
        if name.is_empty() {
            return Ok(Some(Kind::Folder));
        }
        let page = match self.list_one(parent, name) {
            Err(error) if error.kind == ErrorKind::Missing => return Ok(None),
            listed => listed?,
        };
        let found = page.entries().find(|entry| entry.name == name);
        match (found, page.incomplete_reason()) {
            (Some(entry), _) => Ok(Some(entry.kind)),
            (None, None) => Ok(None),
            (None, Some(reason)) => Err(Error::new(ErrorKind::Protocol).detail(reason)),
        }
    }
}

/// The folder and the last name of an absolute path.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) => (b"/", &path[1..]),
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"/", path),
    }
}

/// Whether a server somewhere stores such a part of a path otherwise, as it is known of Win32 and ftp-srv.
fn is_altered_somewhere(part: &[u8]) -> bool {
    const NOT_WIN32: &[u8] = b"\"'*:<>?|\\";
    let ends = [part.first(), part.last()];
    part.iter().any(|byte| NOT_WIN32.contains(byte))
        || ends.contains(&Some(&b' '))
        || part.ends_with(b".")
}
