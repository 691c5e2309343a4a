//! Every call of a simulated session. One trait is one block, so that this file is longer than others.

use super::*;
use std::io;

impl End for ModelSession {
    fn find(&self, text: &str) -> Result<Vec<u8>, Cause> {
        let state = self.world.lock();
        Ok(paths::absolute(&state.views[self.view], self.view, text))
    }

    fn place(&mut self, folder: &[u8]) -> Result<Vec<u8>, Cause> {
        self.ask("CWD", folder)?;
        Ok(self.world.lock().place(self.view, folder))
    }

    fn confine(&mut self, _: &[u8], _: Links) {}

    fn decode(&self, path: &[u8]) -> String {
        String::from_utf8_lossy(path).into_owned()
    }

    fn manners(&mut self) -> Manners {
        Manners {
            hides_dot_names: self.habits.hides_dots,
            folds_case: false,
        }
    }

    fn try_names(&mut self, _: &[u8], _: &FileSet) -> Result<(), Cause> {
        Ok(())
    }

    fn doubts_name(&self, _: &[u8]) -> bool {
        false
    }

    fn list(&mut self, folder: &[u8], _: &Allowance) -> Result<Page, Cause> {
        let verdict = self.enter("LIST", folder)?;
        let mut page = Page::default();
        match verdict {
            Verdict::Go | Verdict::Full => {}
            Verdict::Refuse(code) => {
                return Err(refused(ErrorKind::Refused, "LIST", code).into());
            }
            // It breaks off in its middle.
            Verdict::Cut => {
                self.healthy = false;
                page.broken("the data connection was lost".into());
            }
            _ => return self.lose(ErrorKind::Lost, "LIST"),
        }
        let mut state = self.world.lock();
        let found = state.find(self.view, folder, true);
        let ino = found.and_then(|found| found.ino);
        let Some((ino, entries)) = ino.and_then(|ino| Some((ino, state.tree.folder(ino)?))) else {
            drop(state);
            return self.missing("CWD");
        };
        let shown = match verdict {
            Verdict::Cut => entries.entries().count() / 2,
            _ => usize::MAX,
        };
        for (name, node) in entries.entries().take(shown) {
            if self.habits.hides_dots && name.starts_with(b".") {
                continue;
            }
            match state.tree.node(node) {
                Node::File(file) => page.push(
                    name,
                    Kind::File,
                    self.habits.sizes.then_some(file.bytes.len() as u64),
                    listed(self.habits.times, file.modified),
                ),
                Node::Folder(_) => page.push(name, Kind::Folder, None, None),
                Node::Link(_) => page.push(name, Kind::Link, None, None),
            }
        }
        state.oracle.listed_folder(ino);
        Ok(page)
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn identity(&mut self, _: &[u8]) -> Result<Option<(u64, u64)>, Cause> {
        Ok(None)
    }

    fn look(&mut self, path: &[u8]) -> Result<Seen, Cause> {
        self.ask("SIZE", path)?;
        let mut state = self.world.lock();
        let Some((spot, ino)) = self.spot(&state, path) else {
            return Ok(Seen::Nothing);
        };
        state.oracle.looked_at(&spot);
        let file = ino.and_then(|ino| state.tree.file(ino));
        Ok(match (file, ino) {
            (Some(file), _) if self.habits.size || self.habits.sizes => {
                Seen::Bytes(file.bytes.len() as u64)
            }
            (_, Some(_)) => Seen::Something,
            (_, None) => Seen::Nothing,
        })
    }

    fn looks(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        self.ask("MDTM", path)?;
        let mut state = self.world.lock();
        let found = state.find(self.view, path, true);
        if let Some(spot) = found.as_ref().and_then(|found| found.spot.clone()) {
            state.oracle.looked_at(&spot);
        }
        let file = found.and_then(|found| state.tree.file(found.ino?));
        Ok(file.map_or_else(Looks::default, |file| Looks {
            size: self.habits.size.then_some(file.bytes.len() as u64),
            modified: self
                .habits
                .mdtm
                .then_some(Time::at(file.modified.div_euclid(1000))),
        }))
    }

    fn set_type(&mut self, _: bool) -> Result<(), Cause> {
        self.ask("TYPE", b"")
    }

    fn reads_on(&self) -> bool {
        !self.facts.no_restart_download
    }

    fn never_read_on(&mut self) {
        self.remember(|facts| facts.no_restart_download = true);
    }

    fn open(&mut self, path: &[u8], fetch: Fetch) -> Result<(), Cause> {
        self.told = None;
        self.ask("RETR", path)?;
        let state = self.world.lock();
        let found = state.find(self.view, path, true);
        let ino = found.and_then(|found| found.ino);
        let Some((ino, file)) = ino.and_then(|ino| Some((ino, state.tree.file(ino)?))) else {
            drop(state);
            return Err(refused(ErrorKind::Refused, "RETR", 550).into());
        };
        let at = usize::try_from(fetch.offset).unwrap_or(usize::MAX);
        let time = Time::at(file.modified.div_euclid(1000));
        let told = fetch.time_before && self.habits.mdtm;
        self.told = told.then_some(time);
        self.flow = Flow::Reading {
            ino,
            at,
            after: After {
                size: fetch.size_after,
                time: fetch.time_after,
            },
        };
        Ok(())
    }

    fn told_time(&self) -> Option<Time> {
        self.told
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Flow::Reading { ino, at, after } = self.flow else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let verdict = self.enter("read", b"");
        let verdict = verdict.map_err(io_error)?;
        let state = self.world.lock();
        let bytes = state.tree.file(ino).map_or(&[][..], |file| &file.bytes);
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.len().min(buffer.len()).min(CHUNK);
        match verdict {
            Verdict::Go => {}
            // The data end early, and nobody says so.
            Verdict::Full => return Ok(0),
            _ => return Err(ftp(ErrorKind::DataLost, "RETR").into()),
        }
        buffer[..length].copy_from_slice(&rest[..length]);
        let at = at + length;
        drop(state);
        self.flow = Flow::Reading { ino, at, after };
        Ok(length)
    }

    fn read_failed(&mut self, _: &[u8], error: io::Error) -> Cause {
        self.flow = Flow::None;
        self.healthy = false;
        Error::from(error).into()
    }

    fn stop_reading(&mut self, _: Option<u64>, _: &mut [u8]) {
        if matches!(self.flow, Flow::Reading { .. }) {
            self.flow = Flow::None;
        }
    }

    fn close_read(&mut self) {
        if let Flow::Reading { after, .. } = self.flow {
            self.flow = Flow::Read { after };
        }
    }

    fn finish_read(&mut self, path: &[u8]) -> Result<Looks, Cause> {
        let Flow::Read { after } = std::mem::replace(&mut self.flow, Flow::None) else {
            return Ok(Looks::default());
        };
        match self.enter("226 of RETR", path)? {
            Verdict::Go | Verdict::Full => {}
            Verdict::Refuse(code) => {
                self.healthy = false;
                return Err(refused(ErrorKind::NotWhole, "RETR", code).into());
            }
            _ => {
                let mut state = self.world.lock();
                let found = state.find(self.view, path, true);
                if let Some(spot) = found.and_then(|found| found.spot) {
                    state.oracle.not_asked(&spot);
                }
                drop(state);
                return self.lose(ErrorKind::NoFinalReply, "RETR");
            }
        }
        let state = self.world.lock();
        let found = state.find(self.view, path, true);
        let file = found.and_then(|found| state.tree.file(found.ino?));
        let (size, time) = (
            after.size && self.habits.size,
            after.time && self.habits.mdtm,
        );
        Ok(file.map_or_else(Looks::default, |file| Looks {
            size: size.then_some(file.bytes.len() as u64),
            modified: time.then_some(Time::at(file.modified.div_euclid(1000))),
        }))
    }

    fn writes_on(&self) -> bool {
        !self.facts.no_restart_upload
    }

    fn never_write_on(&mut self) {
        self.remember(|facts| facts.no_restart_upload = true);
    }

    fn create(&mut self, path: &[u8], put: Put) -> Result<(), Cause> {
        let verdict = self.enter("STOR", path)?;
        match verdict {
            Verdict::Refuse(code) => {
                return Err(refused(ErrorKind::Refused, "STOR", code).into());
            }
            Verdict::LostBefore => return self.lose(ErrorKind::Lost, "STOR"),
            _ => {}
        }
        let mut state = self.world.lock();
        let there = state
            .find(self.view, path, true)
            .and_then(|found| found.ino);
        let ino = match (put.at, there) {
            (0, _) | (_, None) => state.create(self.view, path),
            (_, there) => there,
        };
        drop(state);
        let Some(ino) = ino else {
            return Err(refused(ErrorKind::Refused, "STOR", 553).into());
        };
        if verdict == Verdict::LostAfter {
            return self.lose(ErrorKind::Lost, "STOR");
        }
        self.flow = Flow::Writing { ino, whole: true };
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Flow::Writing { ino, whole } = self.flow else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let verdict = self.enter("write", b"").map_err(io_error)?;
        let length = bytes.len().min(CHUNK);
        let taken = match verdict {
            // What was dropped once stays full.
            _ if !whole => 0,
            Verdict::Go => length,
            Verdict::LostBefore => 0,
            // A part of what was sent has arrived, or all of it; we are not told.
            _ => length / 2,
        };
        let mut state = self.world.lock();
        if state.dead.is_none() {
            state.append(self.view, ino, &bytes[..taken]);
        }
        drop(state);
        let whole = whole && verdict == Verdict::Go;
        self.flow = Flow::Writing { ino, whole };
        match verdict {
            Verdict::Go => Ok(length),
            // It goes on, and what does not fit is dropped: the final reply tells.
            Verdict::Full => Ok(length),
            _ => Err(ftp(ErrorKind::DataLost, "STOR").into()),
        }
    }

    fn write_failed(&mut self, _: &[u8], error: io::Error) -> Cause {
        self.flow = Flow::None;
        self.healthy = false;
        Error::from(error).into()
    }

    fn stop_writing(&mut self) {
        if matches!(self.flow, Flow::Writing { .. }) {
            self.flow = Flow::None;
        }
    }

    fn close_write(&mut self) -> Result<(), Cause> {
        if let Flow::Writing { ino, whole } = self.flow {
            self.flow = Flow::Written { ino, whole };
        }
        Ok(())
    }

    fn finish_write(&mut self, path: &[u8], put: Put) -> Result<Arrived, Cause> {
        let Flow::Written { ino, whole } = std::mem::replace(&mut self.flow, Flow::None) else {
            return Ok(Arrived::default());
        };
        let verdict = match self.enter("226 of STOR", path)? {
            Verdict::Go if !whole => Verdict::Full,
            verdict => verdict,
        };
        let mut state = self.world.lock();
        let dead = state.dead.is_some();
        if matches!(verdict, Verdict::LostBefore | Verdict::Cut | Verdict::Full) && !dead {
            // The last bytes were on their way.
            if let Some(file) = state.tree.file_mut(ino) {
                let half = file.bytes.len() / 2;
                file.bytes.truncate(half);
            }
        }
        let file = state.tree.file(ino);
        let modified = file.map(|file| Time::at(file.modified.div_euclid(1000)));
        let times_set = self.habits.mfmt && put.modified.is_some();
        if let (Verdict::Go | Verdict::LostAfter, Some(time), true) =
            (verdict, put.modified, times_set && !dead)
            && let Some(file) = state.tree.file_mut(ino)
        {
            file.modified = time.seconds * 1000;
        }
        let length = state.tree.file(ino).map(|file| file.bytes.len() as u64);
        let taken = put.look_at.filter(|_| self.habits.size).map(|path| {
            let found = self.spot(&state, path);
            if let Some((spot, _)) = &found {
                state.oracle.looked_at(spot);
            }
            found.is_some_and(|(_, ino)| ino.is_some())
        });
        drop(state);
        match verdict {
            Verdict::Go => {}
            Verdict::Refuse(code) => {
                self.healthy = false;
                return Err(refused(ErrorKind::NotWhole, "STOR", code).into());
            }
            Verdict::Full => {
                self.healthy = false;
                return Err(refused(ErrorKind::NotWhole, "STOR", 452).into());
            }
            _ => return self.lose(ErrorKind::NoFinalReply, "STOR"),
        }
        Ok(Arrived {
            size: length.filter(|_| put.size_after && self.habits.size),
            modified: modified.filter(|_| put.time_after && self.habits.mdtm),
            times_set,
            taken,
            rename_ready: put.rename_from,
        })
    }

    fn make_folder(&mut self, path: &[u8]) -> Result<(), Cause> {
        let verdict = self.enter("MKD", path)?;
        match verdict {
            Verdict::Refuse(code) => {
                return Err(refused(ErrorKind::Refused, "MKD", code).into());
            }
            Verdict::LostBefore => return self.lose(ErrorKind::Lost, "MKD"),
            _ => {}
        }
        let made = make_with_parents(&mut self.world.lock(), self.view, path);
        match (made, verdict) {
            (_, Verdict::LostAfter | Verdict::Cut) => self.lose(ErrorKind::Lost, "MKD"),
            (true, _) => Ok(()),
            (false, _) => Err(refused(ErrorKind::Refused, "MKD", 550).into()),
        }
    }

    fn remove_folder(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        let verdict = self.enter("RMD", path)?;
        match verdict {
            Verdict::Refuse(code) => {
                return Err(refused(ErrorKind::Refused, "RMD", code).into());
            }
            Verdict::LostBefore => return self.lose(ErrorKind::UnknownOutcome, "RMD"),
            _ => {}
        }
        let removed = remove_folder(&mut self.world.lock(), self.view, path);
        match (removed, verdict) {
            (_, Verdict::LostAfter | Verdict::Cut) => self.lose(ErrorKind::UnknownOutcome, "RMD"),
            (Some(deleted), _) => Ok(deleted),
            (None, _) => Err(refused(ErrorKind::Refused, "RMD", 550).into()),
        }
    }

    fn rename(&mut self, from: &[u8], to: &[u8], ready: bool, over: bool) -> Result<(), Cause> {
        if !over && !ready && self.look(to)? != Seen::Nothing {
            return Err(Cause::Taken);
        }
        self.tell_renaming(to);
        let verdict = self.enter("RNTO", to)?;
        match verdict {
            Verdict::Refuse(code) => {
                return Err(refused(ErrorKind::Refused, "RNTO", code).into());
            }
            Verdict::LostBefore => return self.lose(ErrorKind::UnknownOutcome, "RNTO"),
            _ => {}
        }
        let mut state = self.world.lock();
        let (Some((old, Some(_))), Some((new, there))) =
            (self.spot(&state, from), self.spot(&state, to))
        else {
            return Err(refused(ErrorKind::Refused, "RNFR", 550).into());
        };
        let folder = there.is_some_and(|ino| state.tree.folder(ino).is_some());
        let refuses = self.habits.no_rename_over && there.is_some();
        if folder || (refuses && !over) {
            return Err(refused(ErrorKind::Refused, "RNTO", 553).into());
        }
        if refuses {
            drop(state);
            return self.exchange(from, to);
        }
        state.rename(self.view, &old, to, &new);
        if self.habits.inbox {
            state.hand_on(&new);
        }
        drop(state);
        match verdict {
            Verdict::LostAfter | Verdict::Cut => self.lose(ErrorKind::UnknownOutcome, "RNTO"),
            _ => Ok(()),
        }
    }

    fn settle_aside(&mut self, path: &[u8]) -> Result<(), Cause> {
        let aside = aside_path(path);
        if self.look(&aside)? == Seen::Nothing {
            return Ok(());
        }
        match self.look(path)? {
            Seen::Nothing => self.one_rename(&aside, path),
            _ => self.remove(&aside).map(drop),
        }
    }

    fn remove(&mut self, path: &[u8]) -> Result<Deleted, Cause> {
        let verdict = self.enter("DELE", path)?;
        match verdict {
            Verdict::Refuse(code) => {
                return Err(refused(ErrorKind::Refused, "DELE", code).into());
            }
            Verdict::LostBefore => return self.lose(ErrorKind::UnknownOutcome, "DELE"),
            _ => {}
        }
        let mut state = self.world.lock();
        let deleted = match self.spot(&state, path) {
            Some((spot, Some(ino))) if state.tree.folder(ino).is_none() => {
                state.remove(self.view, path, &spot);
                Some(Deleted::Gone)
            }
            Some((_, Some(_))) => None,
            _ => Some(Deleted::WasNotThere),
        };
        drop(state);
        match (deleted, verdict) {
            (_, Verdict::LostAfter | Verdict::Cut) => self.lose(ErrorKind::UnknownOutcome, "DELE"),
            (Some(deleted), _) => Ok(deleted),
            (None, _) => Err(refused(ErrorKind::Refused, "DELE", 550).into()),
        }
    }

    fn set_time(&mut self, path: &[u8], modified: Time) -> Result<bool, Cause> {
        if !self.habits.mfmt {
            return Ok(false);
        }
        self.ask("MFMT", path)?;
        let mut state = self.world.lock();
        let found = state.find(self.view, path, true);
        let ino = found.and_then(|found| found.ino);
        let file = ino.and_then(|ino| state.tree.file_mut(ino));
        let set = file.map(|file| file.modified = modified.seconds * 1000);
        Ok(set.is_some())
    }

    fn may_set_times(&mut self) -> Result<bool, Cause> {
        Ok(self.habits.mfmt)
    }

    fn set_mode(&mut self, path: &[u8], _: u32) -> Result<(), Cause> {
        self.ask("SITE CHMOD", path)
    }

    fn flush(&mut self) -> Result<(), Cause> {
        Ok(())
    }

    fn free_space(&mut self, _: &[u8]) -> Result<Option<u64>, Cause> {
        Ok(None)
    }

    fn sums(&self) -> Option<Vec<Algorithm>> {
        Some(Vec::new())
    }

    fn sum(&mut self, _: &[u8], _: Algorithm) -> Result<Option<Checksum>, Cause> {
        Ok(None)
    }

    fn distrust_sums(&mut self) {}

    fn is_remote(&self) -> bool {
        true
    }

    fn healthy(&self) -> bool {
        self.healthy && matches!(self.flow, Flow::None)
    }

    fn is_stale(&self) -> bool {
        false
    }

    fn check_interrupted(&self) -> Result<(), Cause> {
        match self.breaker.tripped() {
            Some(why) => Err(ftp(ErrorKind::Interrupted(why), "").into()),
            None => Ok(()),
        }
    }

    fn transcript(&self) -> Vec<String> {
        Vec::new()
    }

    fn facts(&self) -> Option<&Facts> {
        Some(&self.facts)
    }

    fn learn(&mut self, facts: &Facts) {
        self.facts.merge(facts);
    }

    fn quit(self: Box<Self>) {}
}

fn io_error(cause: Cause) -> io::Error {
    match cause {
        Cause::Ftp(error) => error.into(),
        _ => io::ErrorKind::Other.into(),
    }
}
