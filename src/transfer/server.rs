//! A session with a server as one end of a transfer.

use std::io::{self, Read, Write};
use std::sync::Arc;

use secrecy::SecretString;

use super::data_flow::Flow;
use super::end::{Arrived, End, Fetch, Looks, Put, Refused, Seen};
use super::error::Cause;
use super::inventory::Manners;
use crate::endpoint::Endpoint;
use crate::files::{Allowance, FileSet, Limits, Page, Time, folder_of, split};
use crate::ftp::{
    Algorithm, Breaker, Checksum, Deleted, Error, ErrorKind, Facts, Receiving, Redact, Retrieve,
    Sending, Session, Store, TransferType,
};
use crate::local::Links;

/// What is left of a file that nobody wants any more is read to its end up to this many bytes: the session is worth
/// more than they are.
const WORTH_READING: u64 = 64 * 1024;

/// A session, and the file that it has open.
pub struct Server {
    session: Session,
    flow: Flow,
}

impl Server {
    /// An end of a session that is logged in.
    pub fn new(session: Session) -> Server {
        Server {
            session,
            flow: Flow::None,
        }
    }

    /// Opens a session and logs in.
    ///
    /// # Errors
    /// Why not, and what was learned about the server all the same.
    pub fn connect(
        endpoint: &Arc<Endpoint>,
        password: &SecretString,
        facts: &Facts,
        breaker: Breaker,
        redact: Redact,
    ) -> Result<Server, Box<Refused>> {
        let opened = Session::open(endpoint, password, facts, breaker, redact);
        opened.map(Server::new).map_err(|mut error| {
            let learned = error.learned.take();
            let learned = learned.map(|facts| *facts).unwrap_or_default();
            Box::new(Refused {
                cause: error.into(),
                learned,
            })
        })
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    fn remember(&mut self, change: impl FnOnce(&mut Facts)) {
        let mut facts = self.session.facts().clone();
        change(&mut facts);
        self.session.learn(&facts);
    }

    /// Whether something has a name. Without SIZE MDTM tells, which knows what the server takes for one name, or its folder.
    fn is_taken(&mut self, path: &[u8]) -> Result<bool, Cause> {
        match self.session.size(path)? {
            Some(_) => Ok(true),
            None if self.session.facts().no_size => {
                Ok(self.looks(path)?.modified.is_some() || self.look(path)? != Seen::Nothing)
            }
            None => Ok(false),
        }
    }

    /// The usual case, that only the last folder is missing, costs one command.
    fn make_with_parents(&mut self, path: &[u8]) -> Result<(), Error> {
        let first = match self.session.make_folder(path) {
            Err(error) if self.session.healthy() => error,
            done => return done,
        };
        let (parent, _) = split(path);
        if parent.is_empty() || self.make_with_parents(parent).is_err() {
            return Err(first);
        }
        self.session.make_folder(path)
    }
}

impl End for Server {
    fn find(&self, text: &str) -> Result<Vec<u8>, Cause> {
        Ok(self.session.absolute(&self.session.encode(text)?))
    }

    fn place(&mut self, folder: &[u8]) -> Result<Vec<u8>, Cause> {
        Ok(self.session.place(folder)?)
    }

    fn confine(&mut self, _: &[u8], _: Links) {}

    fn decode(&self, path: &[u8]) -> String {
        self.session.decode(path)
    }

    fn manners(&mut self) -> Manners {
        Manners {
            // vsftpd leaves dot names out of LIST; MLSD and `LIST -a` show them.
            hides_dot_names: self.session.listing_may_hide(),
            folds_case: false,
        }
    }

    fn try_names(&mut self, folder: &[u8], set: &FileSet) -> Result<(), Cause> {
        let facts = self.session.facts();
        let foreign = || match facts.announces_utf8() {
            true => self.session.declares_encoding() || has_raw_names(set),
            false => !folder.is_ascii() || has_foreign_names(set),
        };
        if !facts.knows_names() && foreign() {
            self.session.ask_for_bytes()?;
        }
        Ok(())
    }

    fn doubts_name(&self, name: &[u8]) -> bool {
        self.session.doubts_name(name)
    }

    fn list(&mut self, folder: &[u8], allowance: &Allowance) -> Result<Page, Cause> {
        Ok(self.session.list_within(folder, allowance)?)
    }

    fn limits(&self) -> Limits {
        self.session.limits()
    }

    fn identity(&mut self, _: &[u8]) -> Result<Option<(u64, u64)>, Cause> {
        Ok(None)
    }

    /// SIZE, and where that is refused, the folder's listing.
    fn look(&mut self, path: &[u8]) -> Result<Seen, Cause> {
        if let Some(size) = self.session.size(path)? {
            return Ok(Seen::Bytes(size));
        }
        let (folder, name) = (folder_of(path), split(path).1);
        let page = match self.session.list_one(folder, name) {
            Err(error) if error.kind == ErrorKind::Missing => return Ok(Seen::Nothing),
            listed => listed?,
        };
        let entry = page.entries().find(|entry| entry.name == name);
        Ok(match entry.map(|entry| entry.size) {
            Some(Some(size)) => Seen::Bytes(size),
            Some(None) => Seen::Something,
            // What a listing lacks that is not whole may stand there all the same.
            None if page.incomplete_reason().is_some() => Seen::Something,
            None => Seen::Nothing,
        })
    }

    fn looks(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        let (size, modified) = self.session.looks(path)?;
        Ok(Looks { size, modified })
    }

    fn set_type(&mut self, ascii: bool) -> Result<(), Cause> {
        let wanted = match ascii {
            true => TransferType::Ascii,
            false => TransferType::Binary,
        };
        Ok(self.session.set_type(wanted)?)
    }

    fn reads_on(&self) -> bool {
        !self.session.facts().no_restart_download
    }

    fn never_read_on(&mut self) {
        self.remember(|facts| facts.no_restart_download = true);
    }

    fn open(&mut self, path: &[u8], fetch: Fetch) -> Result<(), Cause> {
        let what = Retrieve {
            path,
            offset: fetch.offset,
            size_after: fetch.size_after,
            time_before: fetch.time_before,
            time_after: fetch.time_after,
        };
        self.flow = Flow::In(self.session.retrieve(what)?);
        Ok(())
    }

    fn told_time(&self) -> Option<Time> {
        self.session.told_time()
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.flow {
            Flow::In(receiving) => receiving.read(buffer),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn read_failed(&mut self, _: &[u8], error: io::Error) -> Cause {
        self.flow = Flow::None;
        self.session.give_up(error.into()).into()
    }

    fn stop_reading(&mut self, left: Option<u64>, buffer: &mut [u8]) {
        let Some(mut receiving) = self.flow.take_in() else {
            return;
        };
        if left.is_some_and(|left| left <= WORTH_READING) {
            let most = Receiving::bytes(&receiving) + 2 * WORTH_READING;
            while Receiving::bytes(&receiving) < most
                && receiving.read(buffer).is_ok_and(|length| length > 0)
            {}
        }
        // The other end's error is the one that is reported; `healthy` tells what this one left of the session.
        let _ = self.session.retrieved(receiving.finish());
    }

    fn close_read(&mut self) {
        if let Some(receiving) = self.flow.take_in() {
            self.flow = Flow::Over(receiving.finish());
        }
    }

    fn finish_read(&mut self, _: &[u8]) -> Result<Looks, Cause> {
        let Some(count) = self.flow.take_count() else {
            return Ok(Looks::default());
        };
        let retrieved = self.session.retrieved(count)?;
        Ok(Looks {
            size: retrieved.size,
            modified: retrieved.modified,
        })
    }

    fn writes_on(&self) -> bool {
        !self.session.facts().no_restart_upload
    }

    fn never_write_on(&mut self) {
        self.remember(|facts| facts.no_restart_upload = true);
    }

    fn create(&mut self, path: &[u8], put: Put<'_>) -> Result<(), Cause> {
        let what = Store {
            path,
            append: put.at > 0,
            size_after: put.size_after,
            time_after: put.time_after,
            modified: put.modified,
            look_at: put.look_at,
            rename_from: put.rename_from,
        };
        self.flow = Flow::Out(self.session.store(what)?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.flow {
            Flow::Out(sending) => sending.write(bytes),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn write_failed(&mut self, _: &[u8], error: io::Error) -> Cause {
        self.flow = Flow::None;
        self.session.give_up(error.into()).into()
    }

    fn stop_writing(&mut self) {
        // The other end's error is the one that is reported; `healthy` tells what this one left of the session.
        match self.flow.take_out().map(Sending::finish) {
            None => {}
            Some(Ok(count)) => drop(self.session.stored(count)),
            Some(Err(error)) => drop(self.session.give_up(error)),
        }
    }

    fn close_write(&mut self) -> Result<(), Cause> {
        match self.flow.take_out().map(Sending::finish) {
            None => Ok(()),
            Some(Ok(count)) => {
                self.flow = Flow::Over(count);
                Ok(())
            }
            Some(Err(error)) => Err(self.session.give_up(error).into()),
        }
    }

    fn finish_write(&mut self, _: &[u8], _: Put<'_>) -> Result<Arrived, Cause> {
        let Some(count) = self.flow.take_count() else {
            return Ok(Arrived::default());
        };
        let stored = self.session.stored(count)?;
        Ok(Arrived {
            size: stored.size,
            modified: stored.modified,
            times_set: stored.times_set,
            taken: stored.taken,
            rename_ready: stored.rename_ready,
        })
    }

    fn make_folder(&mut self, path: &[u8]) -> Result<(), Cause> {
        Ok(self.make_with_parents(path)?)
    }

    fn remove_folder(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        Ok(self.session.remove_folder(path)?)
    }

    fn rename(&mut self, from: &[u8], to: &[u8], ready: bool, over: bool) -> Result<(), Cause> {
        if !over && !ready && self.is_taken(to)? {
            return Err(Cause::Taken);
        }
        Ok(self.session.rename_onto(from, to, ready, over)?)
    }

    fn settle_aside(&mut self, path: &[u8]) -> Result<(), Cause> {
        self.session.settle_aside(path)?;
        Ok(())
    }

    fn remove(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        Ok(self.session.delete(path)?)
    }

    fn set_time(&mut self, path: &[u8], modified: Time) -> Result<bool, Cause> {
        Ok(self.session.set_modified(path, modified)?)
    }

    fn may_set_times(&mut self) -> Result<bool, Cause> {
        Ok(self.session.may_set_times()?)
    }

    fn set_mode(&mut self, path: &[u8], mode: u32) -> Result<(), Cause> {
        Ok(self.session.chmod(path, mode)?)
    }

    fn flush(&mut self) -> Result<(), Cause> {
        Ok(())
    }

    fn free_space(&mut self, _: &[u8]) -> Result<Option<u64>, Cause> {
        Ok(None)
    }

    fn sums(&self) -> Option<Vec<Algorithm>> {
        Some(self.session.checksum_algorithms())
    }

    fn sum(&mut self, path: &[u8], algorithm: Algorithm) -> Result<Option<Checksum>, Cause> {
        Ok(self.session.checksum(path, algorithm)?)
    }

    fn distrust_sums(&mut self) {
        self.session.distrust_checksums();
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn healthy(&self) -> bool {
        self.session.healthy()
    }

    fn is_stale(&self) -> bool {
        self.session.is_stale()
    }

    fn check_interrupted(&self) -> Result<(), Cause> {
        Ok(self.session.check_interrupted()?)
    }

    fn transcript(&self) -> Vec<String> {
        self.session.transcript()
    }

    fn facts(&self) -> Option<&Facts> {
        Some(self.session.facts())
    }

    fn learn(&mut self, facts: &Facts) {
        self.session.learn(facts);
    }

    fn quit(self: Box<Self>) {
        self.session.quit();
    }
}

fn has_foreign_names(set: &FileSet) -> bool {
    set.positions().any(|at| !set.relative(at).is_ascii())
}

/// Whether a name is not text in the encoding of its side.
fn has_raw_names(set: &FileSet) -> bool {
    let mut positions = set.positions();
    positions.any(|at| !set.encoding().decode(&set.relative(at)).exact)
}
