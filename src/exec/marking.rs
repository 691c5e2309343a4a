//! What of the empty files that tell folders apart is written down, looked for and told.

use std::io;

use super::folder_marks::{FolderMarks, Spot, Swept};
use super::roles::Roles;
use super::shared::Shared;
use super::steps::Output;
use super::steps::job::Work;
use crate::files::{NameEncoding, ServerId, Side, folder_of, is_temporary, split};
use crate::journal::{self, FolderMark};
use crate::transfer::{End, Links, Seen};

impl Shared {
    /// Takes in what earlier runs have written down. `number`: one that no other run of the manifest has.
    pub(super) fn keep_marks(&mut self, number: u64, kept: Option<journal::FolderMarks>) {
        let sides = self.plan.servers.iter().enumerate();
        let sides = sides.map(|(at, _)| Side::Server(ServerId::new(at)));
        let sides: Vec<Side> = sides.chain([Side::Local]).collect();
        let side_of = |mark: &FolderMark| {
            let mut sides = sides.iter().map(|side| self.identity(*side));
            sides.find(|side| mark.is_at(&self.identity_text(*side)))
        };
        self.folder_marks = FolderMarks::new(number, kept, side_of);
    }

    /// Writes down the empty files that are about to be made, so that they are found when this run is killed.
    pub(super) fn will_mark(&mut self, side: Side, paths: &[Vec<u8>]) {
        let (side, key) = (self.identity(side), self.identity_text(side));
        let made = self.folder_marks.make(side, &key, paths);
        self.marks_written(made);
    }

    /// One of them is not there any more, or could not be removed, and why.
    pub(super) fn marked(&mut self, side: Side, path: &[u8], left: Option<String>) {
        let (side, key) = (self.identity(side), self.identity_text(side));
        match left {
            Some(reason) => self.folder_marks.left(side, path, reason),
            None => {
                let gone = self.folder_marks.gone(side, &key, path);
                self.marks_written(gone);
            }
        }
    }

    fn marks_written(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.folder_marks.forget_file();
            self.warn_run(format!(
                "empty files that tell folders apart cannot be written down, so that one stays if this run is killed: {error}"
            ));
        }
    }

    /// The work of removing what earlier runs have left where a job is about to begin; none where nothing is known of any.
    pub(super) fn sweep(&mut self, roles: &Roles) -> Option<Work> {
        if !self.folder_marks.has_stale() {
            return None;
        }
        let sides: Vec<Side> = roles.iter().map(|(_, side)| self.identity(side)).collect();
        let stale = sides.into_iter();
        let stale = stale.map(|side| (side, self.folder_marks.take_stale(side)));
        let stale: Vec<(Side, Vec<Vec<u8>>)> = stale.collect();
        if stale.iter().all(|(_, paths)| paths.is_empty()) {
            return None;
        }
        Some(Box::new(move |desk| {
            let ends = desk.seats.iter_mut().map(|seat| &mut *seat.end);
            let swept = ends.zip(stale);
            let swept = swept.flat_map(|(end, (side, paths))| {
                let swept = paths.into_iter().map(|path| {
                    let swept = remove(end, &path);
                    ((side, path), swept)
                });
                swept.collect::<Vec<(Spot, Swept)>>()
            });
            Output::Swept(swept.collect())
        }))
    }

    /// Takes in what became of what earlier runs have left.
    pub(super) fn swept(&mut self, swept: Vec<(Spot, Swept)>) {
        for ((side, path), swept) in swept {
            match swept {
                Swept::Gone => self.marked(side, &path, None),
                Swept::Left(reason) => self.marked(side, &path, Some(reason)),
                Swept::NotEmpty => self.leave(
                    side,
                    &path,
                    "has the name of an empty file that an interrupted run has left to tell folders apart, and is not empty",
                ),
                Swept::NotOurs => self.leave(
                    side,
                    &path,
                    "stands in the file `marks` of the state's folder, and has no name of those that runs write down there",
                ),
            }
        }
    }

    fn leave(&mut self, side: Side, path: &[u8], why: &str) {
        self.marked(side, path, None);
        let shown = self.shown(side, path);
        self.warn_side(side, format!("`{shown}` {why}: it is left alone"));
    }

    /// Tells once a side of those that still stand, and closes their file.
    pub(super) fn end_marks(&mut self) {
        for (side, (path, count, reason)) in self.folder_marks.left_over() {
            let shown = self.shown(side, &path);
            let files = match count {
                1 => format!("the empty file `{shown}`"),
                _ => format!("{count} empty files, the first of them `{shown}`"),
            };
            let reason = reason.unwrap_or_else(|| "the run ended before that".into());
            self.warn_side(side, format!(
                "{files}, made to tell folders apart, could not be removed: {reason}; the next run tries again, or delete what is there by hand"
            ));
        }
        let unknown = self.folder_marks.forget_unknown();
        for path in unknown.as_deref().unwrap_or_default() {
            let shown = NameEncoding::Auto.decode(path).text.into_owned();
            self.warn_run(format!(
                "an interrupted run may have left the empty file `{shown}` on a server that the manifest no longer names: delete it there"
            ));
        }
        let closed = unknown.and_then(|_| self.folder_marks.close());
        self.marks_written(closed);
    }

    fn shown(&self, side: Side, path: &[u8]) -> String {
        self.encoding(side).decode(path).text.into_owned()
    }

    fn warn_side(&mut self, side: Side, text: String) {
        match side {
            Side::Local => self.warn_run(text),
            Side::Server(_) => {
                let name = self.plan.side_name(side).to_owned();
                self.warn_server(&name, text);
            }
        }
    }
}

/// Removes a file that an earlier run has left, if it is empty.
fn remove(end: &mut dyn End, path: &[u8]) -> Swept {
    if !is_temporary(split(path).1) {
        return Swept::NotOurs;
    }
    end.confine(folder_of(path), Links::Refuse);
    let removed = match end.look(path) {
        Ok(Seen::Nothing) => return Swept::Gone,
        Ok(Seen::Bytes(0)) => end.remove(path),
        Ok(Seen::Bytes(_)) => return Swept::NotEmpty,
        Ok(Seen::Something) => return Swept::Left("whether it is empty is not told there".into()),
        Err(cause) => Err(cause),
    };
    match removed {
        Ok(_) => Swept::Gone,
        Err(cause) => Swept::Left(cause.to_string()),
    }
}
