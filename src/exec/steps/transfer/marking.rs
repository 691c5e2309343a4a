//! Empty files that tell folders apart: written down before they are made, and told where they stay.

use std::sync::Arc;
use std::time::Instant;

use super::apart::{Apart, Wanted};
use super::ends::Terms;
use super::phase::{Phase, Work};
use super::piece::{Arrival, Piece};
use super::{Marks, Transfer};
use crate::exec::shared::Shared;
use crate::files::{Fingerprint, folder_of};
use crate::options::Publish;
use crate::transfer::{CopyError, Item, Verdict, mark_path};

impl Transfer {
    /// Folders that may be one are known.
    pub(super) fn tells_apart_next(&mut self, wanted: Option<Arc<Wanted>>, shared: &mut Shared) {
        self.go_on(match wanted {
            Some(wanted) => {
                let marks: Vec<Vec<u8>> = wanted.marks().map(|(_, path)| path.clone()).collect();
                shared.will_mark(self.transfer.to, &marks);
                Work::Apart(wanted)
            }
            None => Work::Move(Vec::new()),
        });
    }

    /// They were told apart, as far as that can be told.
    pub(super) fn told_apart(&mut self, apart: Apart, now: Instant, shared: &mut Shared) {
        let Apart { told, mut left } = apart;
        if let Phase::Work(_, Work::Apart(wanted)) = &self.phase {
            for (at, path) in wanted.marks() {
                shared.marked(self.transfer.to, path, left.remove(at));
            }
        }
        match told {
            Ok(()) => self.go_on(Work::Move(Vec::new())),
            Err(fault) => self.once_failed(fault, now, shared),
        }
    }

    /// Writes down the marks that a batch may make.
    pub(super) fn will_mark(&self, terms: &Terms, pieces: &[Piece], shared: &mut Shared) -> Marks {
        let marks = pieces.iter();
        let marks = marks.filter_map(|piece| Some((piece.file, terms.may_mark(piece.file)?)));
        let marks: Marks = marks.collect();
        if !marks.is_empty() {
            let paths: Vec<Vec<u8>> = marks.values().cloned().collect();
            shared.will_mark(self.transfer.to, &paths);
        }
        marks
    }

    /// What became of them.
    pub(super) fn marked(&self, marks: Marks, shared: &mut Shared) {
        for (file, path) in marks {
            let ends = self.phase.ends();
            let left = ends.and_then(|ends| ends.take_left_mark(file));
            shared.marked(self.transfer.to, &path, left);
        }
    }
}

impl Terms {
    /// The path of the empty file that tells a folder apart, for a folder or file that asks.
    pub(super) fn mark_in(&self, folder: &[u8], asks: &[u8]) -> Vec<u8> {
        let owner = Fingerprint {
            manifest: &self.wishes.manifest,
            step: &self.wishes.step,
            source: &self.wishes.source_id,
            path: asks,
        };
        mark_path(folder, &owner, self.wishes.number)
    }

    /// The same for a file that is written under its final name at once: files of one folder may ask side by side.
    pub(super) fn mark(&self, item: &Item) -> Vec<u8> {
        self.mark_in(folder_of(&item.target), &item.target)
    }

    /// The marks that a file may make before it is written.
    pub(super) fn may_mark(&self, at: u32) -> Option<Vec<u8>> {
        if self.wishes.options.publish != Publish::Direct {
            return None;
        }
        let item = self.item(at).ok()?;
        self.asks_places(&item).then(|| self.mark(&item))
    }

    /// Whether it is to be asked if the source's folder and the destination's are one.
    pub(super) fn asks_places(&self, item: &Item) -> bool {
        match self.ends.verdict(item) {
            Some(Verdict::Different) => false,
            Some(Verdict::Unknown(_)) => item.direct && item.replaces,
            None => self.wishes.relied || (item.direct && item.replaces),
        }
    }

    /// Keeps why the empty file that tells a file's folders apart may stand.
    pub(super) fn learn_left_mark(&self, at: u32, result: &Result<Arrival, CopyError>) {
        let left = match result {
            Ok(Arrival::Copied(copied)) => &copied.left_mark,
            Ok(_) => &None,
            Err(error) => &error.left_mark,
        };
        if let Some(reason) = left {
            self.ends.learn_left_mark(at, reason.to_string());
        }
    }
}
