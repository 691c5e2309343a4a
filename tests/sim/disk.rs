//! The simulated disk of this machine. One trait is one block, so that this file is longer than others.

use std::io;

use ftpflow::files::{Allowance, FileSet, Kind, Limits, Page, Time, below, join};
use ftpflow::ftp::{Algorithm, Checksum, Deleted, Facts};
use ftpflow::local::{Act, Error, Links, Problem};
use ftpflow::transfer::{Arrived, Cause, End, Fetch, Looks, Manners, Put, Seen};

use super::case::LOCAL;
use super::faults::disk;
use super::paths;
use super::session::{make_with_parents, remove_folder};
use super::tree::{Found, Ino, Node};
use super::world::{State, Verdict, World};

const CHUNK: usize = 40;

pub(super) struct ModelDisk {
    world: World,
    folder: Vec<u8>,
    links: Links,
    reading: Option<(Ino, usize)>,
    writing: Option<Ino>,
    told: Option<Time>,
}

impl ModelDisk {
    pub(super) fn new(world: &World) -> ModelDisk {
        ModelDisk {
            world: world.clone(),
            folder: b"/w".to_vec(),
            links: Links::Refuse,
            reading: None,
            writing: None,
            told: None,
        }
    }

    fn enter(&self, act: Act, path: &[u8]) -> Result<(), Cause> {
        if below(path, &self.folder).is_none() {
            return Err(Error::outside(path).into());
        }
        match self.world.enter(LOCAL, &format!("{act:?}"), path) {
            Verdict::Go | Verdict::LostAfter | Verdict::Cut => Ok(()),
            Verdict::Full if act == Act::Write => Err(disk(act, path, io::ErrorKind::StorageFull)),
            Verdict::Refuse(_) => Err(disk(act, path, io::ErrorKind::PermissionDenied)),
            Verdict::Full => Ok(()),
            // Nothing else of this machine's disk is ever lost: the run was killed.
            Verdict::LostBefore => match self.world.lock().dead {
                Some(_) => Err(disk(act, path, io::ErrorKind::Other)),
                None => Ok(()),
            },
        }
    }

    /// Where a path leads; links below the folder are followed only where that is asked for.
    fn find(
        &self,
        state: &State,
        act: Act,
        path: &[u8],
        last: bool,
    ) -> Result<Option<Found>, Cause> {
        let root = state.find(LOCAL, &self.folder, true);
        let root = root.and_then(|found| found.ino);
        let Some(root) = root.filter(|ino| state.tree.folder(*ino).is_some()) else {
            return Ok(None);
        };
        let relative = below(path, &self.folder).unwrap_or_default();
        if self.links == Links::Refuse && state.tree.passes_link(root, relative) {
            let path = self.decode(path);
            let problem = Problem::Link(path.clone());
            return Err(Error { act, path, problem }.into());
        }
        // The folder itself is opened by whatever path leads to it.
        let path = join(&state.place(LOCAL, &self.folder), relative);
        let whole = state.find(LOCAL, &path, last && self.links == Links::Follow);
        Ok(whole)
    }

    fn file(&self, state: &State, act: Act, path: &[u8]) -> Result<Option<Ino>, Cause> {
        let found = self.find(state, act, path, true)?;
        let ino = found.and_then(|found| found.ino);
        Ok(ino.filter(|ino| state.tree.file(*ino).is_some()))
    }
}

fn missing(act: Act, path: &[u8]) -> Cause {
    disk(act, path, io::ErrorKind::NotFound)
}

fn told(modified: i64) -> Time {
    let parts = modified.rem_euclid(1000) * 1_000_000;
    Time::fine(modified.div_euclid(1000), u32::try_from(parts).unwrap_or(0))
}

fn kept(time: Time) -> i64 {
    time.seconds * 1000 + i64::from(time.nanos / 1_000_000)
}

impl End for ModelDisk {
    fn find(&self, text: &str) -> Result<Vec<u8>, Cause> {
        let state = self.world.lock();
        Ok(paths::absolute(&state.views[LOCAL], LOCAL, text))
    }

    fn place(&mut self, folder: &[u8]) -> Result<Vec<u8>, Cause> {
        Ok(self.world.lock().place(LOCAL, folder))
    }

    fn confine(&mut self, root: &[u8], links: Links) {
        root.clone_into(&mut self.folder);
        self.links = links;
    }

    fn decode(&self, path: &[u8]) -> String {
        String::from_utf8_lossy(path).into_owned()
    }

    fn manners(&mut self) -> Manners {
        let state = self.world.lock();
        let store = state.stores[state.views[LOCAL].store];
        let folds = state.tree.folder(store).is_some_and(|f| f.habits.folds);
        Manners {
            hides_dot_names: false,
            folds_case: folds,
        }
    }

    fn try_names(&mut self, _: &[u8], _: &FileSet) -> Result<(), Cause> {
        Ok(())
    }

    fn doubts_name(&self, _: &[u8]) -> bool {
        false
    }

    fn list(&mut self, folder: &[u8], _: &Allowance) -> Result<Page, Cause> {
        self.enter(Act::List, folder)?;
        let mut state = self.world.lock();
        let found = self.find(&state, Act::List, folder, true)?;
        let ino = found.and_then(|found| found.ino);
        let mut page = Page::default();
        let Some((ino, entries)) = ino.and_then(|ino| Some((ino, state.tree.folder(ino)?))) else {
            return Err(missing(Act::List, folder));
        };
        for (name, node) in entries.entries() {
            match state.tree.node(node) {
                Node::File(file) => page.push(
                    name,
                    Kind::File,
                    Some(file.bytes.len() as u64),
                    Some(told(file.modified)),
                ),
                Node::Folder(_) => page.push(name, Kind::Folder, None, None),
                Node::Link(_) if self.links == Links::Follow => {
                    push_followed(&state, &mut page, folder, name);
                }
                Node::Link(_) => page.push(name, Kind::Link, None, None),
            }
        }
        state.oracle.listed_folder(ino);
        Ok(page)
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn identity(&mut self, folder: &[u8]) -> Result<Option<(u64, u64)>, Cause> {
        self.enter(Act::Look, folder)?;
        let state = self.world.lock();
        let found = self.find(&state, Act::Look, folder, true)?;
        let ino = found.and_then(|found| found.ino);
        Ok(ino.map(|ino| (0, ino as u64)))
    }

    fn look(&mut self, path: &[u8]) -> Result<Seen, Cause> {
        self.enter(Act::Look, path)?;
        let mut state = self.world.lock();
        let Some(found) = self.find(&state, Act::Look, path, true)? else {
            return Ok(Seen::Nothing);
        };
        if let Some(spot) = &found.spot {
            state.oracle.looked_at(spot);
        }
        Ok(match found.ino.map(|ino| state.tree.file(ino)) {
            Some(Some(file)) => Seen::Bytes(file.bytes.len() as u64),
            Some(None) => Seen::Something,
            None => Seen::Nothing,
        })
    }

    fn looks(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        self.enter(Act::Look, path)?;
        let mut state = self.world.lock();
        let found = self.find(&state, Act::Look, path, true)?;
        if let Some(spot) = found.as_ref().and_then(|found| found.spot.clone()) {
            state.oracle.looked_at(&spot);
        }
        let file = found.and_then(|found| state.tree.file(found.ino?));
        Ok(file.map_or_else(Looks::default, |file| Looks {
            size: Some(file.bytes.len() as u64),
            modified: Some(told(file.modified)),
        }))
    }

    fn set_type(&mut self, _: bool) -> Result<(), Cause> {
        Ok(())
    }

    fn reads_on(&self) -> bool {
        true
    }

    fn never_read_on(&mut self) {}

    fn open(&mut self, path: &[u8], fetch: Fetch) -> Result<(), Cause> {
        self.enter(Act::Read, path)?;
        let state = self.world.lock();
        let Some(ino) = self.file(&state, Act::Read, path)? else {
            return Err(missing(Act::Read, path));
        };
        let modified = state.tree.file(ino).map_or(0, |file| file.modified);
        self.told = Some(told(modified));
        let at = usize::try_from(fetch.offset).unwrap_or(usize::MAX);
        self.reading = Some((ino, at));
        Ok(())
    }

    fn told_time(&self) -> Option<Time> {
        self.told.filter(|_| self.reading.is_some())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((ino, at)) = self.reading else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        if let Verdict::Refuse(_) = self.world.enter(LOCAL, "read", b"") {
            return Err(io::ErrorKind::Other.into());
        }
        let state = self.world.lock();
        let bytes = state.tree.file(ino).map_or(&[][..], |file| &file.bytes);
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.len().min(buffer.len()).min(CHUNK);
        buffer[..length].copy_from_slice(&rest[..length]);
        self.reading = Some((ino, at + length));
        Ok(length)
    }

    fn read_failed(&mut self, path: &[u8], error: io::Error) -> Cause {
        self.reading = None;
        Error::system(Act::Read, path, &error).into()
    }

    fn stop_reading(&mut self, _: Option<u64>, _: &mut [u8]) {
        self.reading = None;
    }

    fn close_read(&mut self) {
        self.reading = None;
    }

    fn finish_read(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        self.looks(path)
    }

    fn writes_on(&self) -> bool {
        true
    }

    fn never_write_on(&mut self) {}

    fn create(&mut self, path: &[u8], put: Put) -> Result<(), Cause> {
        self.enter(Act::Create, path)?;
        let mut state = self.world.lock();
        let there = self.find(&state, Act::Create, path, false)?;
        let there = there.and_then(|found| found.ino);
        let file = there.and_then(|ino| state.tree.file(ino));
        let length = file.map(|file| file.bytes.len() as u64);
        let ino = match (put.at, there, length) {
            (_, Some(_), None) => return Err(disk(Act::Create, path, io::ErrorKind::IsADirectory)),
            (0, _, _) => state.create(LOCAL, path),
            (at, Some(ino), Some(found)) if at == found => Some(ino),
            (expected, _, found) => {
                let found = found.unwrap_or(0);
                let problem = Problem::WrongSize { expected, found };
                return Err(Error {
                    act: Act::Write,
                    path: self.decode(path),
                    problem,
                }
                .into());
            }
        };
        self.writing = Some(ino.ok_or_else(|| missing(Act::Create, path))?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(ino) = self.writing else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let verdict = self.world.enter(LOCAL, "write", b"");
        let mut state = self.world.lock();
        if state.dead.is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        let length = bytes.len().min(CHUNK);
        match verdict {
            Verdict::Full => {
                state.append(LOCAL, ino, &bytes[..length / 2]);
                Err(io::ErrorKind::StorageFull.into())
            }
            Verdict::Refuse(_) => Err(io::ErrorKind::Other.into()),
            _ => {
                state.append(LOCAL, ino, &bytes[..length]);
                Ok(length)
            }
        }
    }

    fn write_failed(&mut self, path: &[u8], error: io::Error) -> Cause {
        self.writing = None;
        Error::system(Act::Write, path, &error).into()
    }

    fn stop_writing(&mut self) {
        self.writing = None;
    }

    fn close_write(&mut self) -> Result<(), Cause> {
        self.writing = None;
        Ok(())
    }

    fn finish_write(&mut self, path: &[u8], put: Put) -> Result<Arrived, Cause> {
        self.enter(Act::SetTime, path)?;
        let mut state = self.world.lock();
        let ino = self.file(&state, Act::SetTime, path)?;
        let file = ino.and_then(|ino| state.tree.file_mut(ino));
        let Some(file) = file else {
            return Ok(Arrived::default());
        };
        let modified = told(file.modified);
        file.flushed |= put.safely;
        if let Some(time) = put.modified {
            file.modified = kept(time);
        }
        Ok(Arrived {
            size: Some(file.bytes.len() as u64),
            modified: put.time_after.then_some(modified),
            times_set: put.modified.is_some(),
            taken: None,
            rename_ready: false,
        })
    }

    fn make_folder(&mut self, path: &[u8]) -> Result<(), Cause> {
        self.enter(Act::MakeFolder, path)?;
        let mut state = self.world.lock();
        self.find(&state, Act::MakeFolder, path, true)?;
        match make_with_parents(&mut state, LOCAL, path) {
            true => Ok(()),
            false => Err(disk(Act::MakeFolder, path, io::ErrorKind::NotADirectory)),
        }
    }

    fn remove_folder(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        self.enter(Act::Remove, path)?;
        let mut state = self.world.lock();
        self.find(&state, Act::Remove, path, false)?;
        let removed = remove_folder(&mut state, LOCAL, path);
        removed.ok_or_else(|| disk(Act::Remove, path, io::ErrorKind::DirectoryNotEmpty))
    }

    fn rename(&mut self, from: &[u8], to: &[u8], _: bool, over: bool) -> Result<(), Cause> {
        self.enter(Act::Rename, from)?;
        let mut state = self.world.lock();
        let old = self.find(&state, Act::Rename, from, false)?;
        let new = self.find(&state, Act::Rename, to, false)?;
        let old = old
            .filter(|found| found.ino.is_some())
            .and_then(|found| found.spot);
        let there = new.as_ref().and_then(|found| found.ino);
        let new = new.and_then(|found| found.spot);
        let (Some(old), Some(new)) = (old, new) else {
            return Err(missing(Act::Rename, from));
        };
        let folder = there.is_some_and(|ino| state.tree.folder(ino).is_some());
        if there.is_some() && !over {
            return Err(Cause::Taken);
        }
        if folder {
            return Err(disk(Act::Rename, to, io::ErrorKind::AlreadyExists));
        }
        state.rename(LOCAL, &old, to, &new);
        Ok(())
    }

    fn settle_aside(&mut self, _: &[u8]) -> Result<(), Cause> {
        Ok(())
    }

    fn remove(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        self.enter(Act::Remove, path)?;
        let mut state = self.world.lock();
        let found = self.find(&state, Act::Remove, path, false)?;
        let Some(found) = found.filter(|found| found.ino.is_some()) else {
            return Ok(Deleted::WasNotThere);
        };
        let folder = found
            .ino
            .is_some_and(|ino| state.tree.folder(ino).is_some());
        match found.spot.filter(|_| !folder) {
            Some(spot) => {
                state.remove(LOCAL, path, &spot);
                Ok(Deleted::Gone)
            }
            None => Err(disk(Act::Remove, path, io::ErrorKind::IsADirectory)),
        }
    }

    fn set_time(&mut self, path: &[u8], modified: Time) -> Result<bool, Cause> {
        self.enter(Act::SetTime, path)?;
        let mut state = self.world.lock();
        let ino = self.file(&state, Act::SetTime, path)?;
        match ino.and_then(|ino| state.tree.file_mut(ino)) {
            Some(file) => {
                file.modified = kept(modified);
                Ok(true)
            }
            None => Err(missing(Act::SetTime, path)),
        }
    }

    fn may_set_times(&mut self) -> Result<bool, Cause> {
        Ok(true)
    }

    fn set_mode(&mut self, _: &[u8], _: u32) -> Result<(), Cause> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Cause> {
        self.enter(Act::Flush, &self.folder)?;
        let mut state = self.world.lock();
        let store = state.stores[state.views[LOCAL].store];
        let mut files = Vec::new();
        state.tree.walk(store, &mut |_, ino| files.push(ino));
        for ino in files {
            if let Some(file) = state.tree.file_mut(ino) {
                file.flushed = true;
            }
        }
        Ok(())
    }

    fn free_space(&mut self, _: &[u8]) -> Result<Option<u64>, Cause> {
        Ok(Some(1 << 30))
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

/// A link as what it leads to.
fn push_followed(state: &State, page: &mut Page, folder: &[u8], name: &[u8]) {
    let path = join(folder, name);
    let found = state.find(LOCAL, &path, true);
    match found
        .and_then(|found| found.ino)
        .map(|ino| state.tree.node(ino))
    {
        Some(Node::File(file)) => page.push(
            name,
            Kind::File,
            Some(file.bytes.len() as u64),
            Some(told(file.modified)),
        ),
        Some(Node::Folder(_)) => page.push(name, Kind::Folder, None, None),
        _ => page.push(name, Kind::Link, None, None),
    }
}
