//! The disk of this machine as one end of a transfer.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::end::{Arrived, End, Fetch, Looks, Put, Seen};
use super::error::{Cause, SizeProblem};
use super::inventory::Manners;
use crate::files::{Allowance, FileSet, Kind, Limits, NameEncoding, Page, Time, below};
use crate::ftp::{Algorithm, Checksum, Deleted, Facts};
use crate::local::{self, Act, Error, Found, Links, Reading, Root, Writing};

/// A folder of this machine, opened at its first use, and the file that is open below it.
pub struct Disk {
    /// What relative paths of the manifest begin in.
    base: PathBuf,
    folder: Vec<u8>,
    links: Links,
    root: Option<Root>,
    reading: Option<Reading>,
    /// Which file was read last.
    identity_read: Option<(u64, u64)>,
    writing: Option<Writing>,
    /// The file that is written, where it is made safe against a crash.
    safely: Option<Vec<u8>>,
}

impl Disk {
    /// The disk, with the folder that relative paths of the manifest begin in.
    pub fn new(base: PathBuf) -> Disk {
        Disk {
            folder: local::bytes(&base).to_vec(),
            base,
            links: Links::Refuse,
            root: None,
            reading: None,
            identity_read: None,
            writing: None,
            safely: None,
        }
    }

    fn root(&mut self) -> Result<&Root, Error> {
        let root = match self.root.take() {
            Some(root) => root,
            None => Root::open_bytes(&self.folder, self.links)?,
        };
        Ok(self.root.insert(root))
    }

    /// The open folder, and a path relative to it.
    fn at<'p>(&mut self, path: &'p [u8]) -> Result<(&Root, &'p [u8]), Error> {
        let Some(relative) = below(path, &self.folder) else {
            return Err(Error::outside(path));
        };
        Ok((self.root()?, relative))
    }

    fn stat(&mut self, path: &[u8]) -> Result<Option<Found>, Error> {
        match self.at(path) {
            Ok((root, relative)) => root.stat(relative),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn system(&mut self, act: Act, path: &[u8], error: &io::Error) -> Cause {
        match self.at(path) {
            Ok((root, relative)) => root.system(act, relative, error).into(),
            Err(error) => error.into(),
        }
    }
}

impl End for Disk {
    fn find(&self, text: &str) -> Result<Vec<u8>, Cause> {
        Ok(local::bytes(&self.base.join(text)).to_vec())
    }

    fn place(&mut self, folder: &[u8]) -> Result<Vec<u8>, Cause> {
        Ok(local::resolved(folder))
    }

    fn confine(&mut self, root: &[u8], links: Links) {
        if self.folder != root || self.links != links {
            root.clone_into(&mut self.folder);
            self.links = links;
            self.root = None;
        }
    }

    fn decode(&self, path: &[u8]) -> String {
        NameEncoding::Auto.decode(path).text.into_owned()
    }

    fn manners(&mut self) -> Manners {
        let folds = self.root().and_then(Root::folds_case);
        Manners {
            hides_dot_names: false,
            folds_case: folds.is_ok_and(|folds| folds == Some(true)),
        }
    }

    fn try_names(&mut self, _: &[u8], _: &FileSet) -> Result<(), Cause> {
        Ok(())
    }

    fn doubts_name(&self, _: &[u8]) -> bool {
        false
    }

    fn list(&mut self, folder: &[u8], _: &Allowance) -> Result<Page, Cause> {
        let (root, relative) = self.at(folder)?;
        Ok(root.list(relative)?)
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    fn identity(&mut self, folder: &[u8]) -> Result<Option<(u64, u64)>, Cause> {
        Ok(self.stat(folder)?.map(|found| found.identity))
    }

    fn look(&mut self, path: &[u8]) -> Result<Seen, Cause> {
        Ok(match self.stat(path)? {
            Some(found) if found.kind == Kind::File => Seen::Bytes(found.size),
            Some(_) => Seen::Something,
            None => Seen::Nothing,
        })
    }

    fn looks(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        let found = self.stat(path)?;
        Ok(Looks {
            size: found.map(|found| found.size),
            modified: found.map(|found| found.modified),
        })
    }

    fn set_type(&mut self, _: bool) -> Result<(), Cause> {
        Ok(())
    }

    fn reads_on(&self) -> bool {
        true
    }

    fn never_read_on(&mut self) {}

    fn open(&mut self, path: &[u8], fetch: Fetch) -> Result<(), Cause> {
        let (root, relative) = self.at(path)?;
        self.reading = Some(root.read(relative, fetch.offset)?);
        Ok(())
    }

    fn told_time(&self) -> Option<Time> {
        self.reading.as_ref().map(|reading| reading.found.modified)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.reading {
            Some(reading) => reading.read(buffer),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn read_failed(&mut self, path: &[u8], error: io::Error) -> Cause {
        self.reading = None;
        self.system(Act::Read, path, &error)
    }

    fn stop_reading(&mut self, _: Option<u64>, _: &mut [u8]) {
        self.reading = None;
    }

    fn close_read(&mut self) {
        self.identity_read = self.reading.take().map(|reading| reading.found.identity);
    }

    /// Another file under this name has other bytes than were read, whatever its size and time.
    fn finish_read(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        let read = self.identity_read.take();
        let found = self.stat(path)?;
        if read.is_some() && read != found.map(|found| found.identity) {
            return Err(SizeProblem::Changed.into());
        }
        Ok(Looks {
            size: found.map(|found| found.size),
            modified: found.map(|found| found.modified),
        })
    }

    fn writes_on(&self) -> bool {
        true
    }

    fn never_write_on(&mut self) {}

    fn create(&mut self, path: &[u8], put: Put<'_>) -> Result<(), Cause> {
        self.safely = put.safely.then(|| path.to_vec());
        let (root, relative) = self.at(path)?;
        self.writing = Some(match put.at {
            0 => root.create_file(relative)?,
            at => root.append(relative, at)?,
        });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writing {
            Some(writing) => writing.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn write_failed(&mut self, path: &[u8], error: io::Error) -> Cause {
        self.writing = None;
        self.system(Act::Write, path, &error)
    }

    fn stop_writing(&mut self) {
        if let Some(writing) = self.writing.take() {
            // Where this fails, the part's last bytes are found to be others before it is continued.
            let _ = writing.keep();
        }
    }

    fn close_write(&mut self) -> Result<(), Cause> {
        match (self.writing.take(), self.safely.take()) {
            (Some(writing), Some(path)) => writing
                .keep()
                .map_err(|error| self.system(Act::Write, &path, &error)),
            _ => Ok(()),
        }
    }

    fn finish_write(&mut self, path: &[u8], put: Put<'_>) -> Result<Arrived, Cause> {
        let (root, relative) = self.at(path)?;
        let found = root.stat(relative)?;
        if let Some(time) = put.modified {
            root.set_time(relative, time)?;
        }
        let modified = found.map(|found| found.modified);
        Ok(Arrived {
            size: found.map(|found| found.size),
            modified: modified.filter(|_| put.time_after),
            times_set: put.modified.is_some(),
            // `rename` itself tells, in one instant.
            taken: None,
            rename_ready: false,
        })
    }

    fn make_folder(&mut self, path: &[u8]) -> Result<(), Cause> {
        if self.root.is_none() {
            self.root = Some(Root::create_bytes(&self.folder)?);
        }
        let (root, relative) = self.at(path)?;
        Ok(root.make_folders(relative)?)
    }

    fn remove_folder(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        let (root, relative) = self.at(path)?;
        gone(root.remove_folder(relative))
    }

    fn rename(&mut self, from: &[u8], to: &[u8], _: bool, over: bool) -> Result<(), Cause> {
        let to = self.at(to)?.1;
        let (root, from) = self.at(from)?;
        match over {
            true => Ok(root.rename(from, to)?),
            false => root
                .rename_new(from, to)
                .map_err(|error| match error.is_existing() {
                    true => Cause::Taken,
                    false => error.into(),
                }),
        }
    }

    /// The disk replaces a file in one instant.
    fn settle_aside(&mut self, _: &[u8]) -> Result<(), Cause> {
        Ok(())
    }

    fn remove(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        let (root, relative) = self.at(path)?;
        gone(root.remove(relative))
    }

    fn set_time(&mut self, path: &[u8], modified: Time) -> Result<bool, Cause> {
        let (root, relative) = self.at(path)?;
        root.set_time(relative, modified)?;
        Ok(true)
    }

    /// Modes of downloaded files are the umask's business.
    fn may_set_times(&mut self) -> Result<bool, Cause> {
        Ok(true)
    }

    fn set_mode(&mut self, _: &[u8], _: u32) -> Result<(), Cause> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Cause> {
        Ok(self.root()?.flush()?)
    }

    fn free_space(&mut self, folder: &[u8]) -> Result<Option<u64>, Cause> {
        let (root, _) = self.at(folder)?;
        Ok(Some(root.free_space()?))
    }

    fn sums(&self) -> Option<Vec<Algorithm>> {
        None
    }

    fn sum(&mut self, _: &[u8], _: Algorithm) -> Result<Option<Checksum>, Cause> {
        Ok(None)
    }

    fn distrust_sums(&mut self) {}

    fn is_remote(&self) -> bool {
        false
    }

    fn healthy(&self) -> bool {
        true
    }

    fn is_stale(&self) -> bool {
        false
    }

    fn check_interrupted(&self) -> Result<(), Cause> {
        Ok(())
    }

    fn transcript(&self) -> Vec<String> {
        Vec::new()
    }

    fn facts(&self) -> Option<&Facts> {
        None
    }

    fn learn(&mut self, _: &Facts) {}

    fn quit(self: Box<Self>) {}
}

fn gone(removed: Result<(), Error>) -> Result<Deleted, Cause> {
    match removed {
        Ok(()) => Ok(Deleted::Gone),
        Err(error) if error.is_missing() => Ok(Deleted::WasNotThere),
        Err(error) => Err(error.into()),
    }
}
