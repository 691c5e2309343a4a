//! Empty files that tell folders apart: written down before they are made, and told where they stay.

use std::sync::Arc;
use std::time::Instant;

use super::apart::{Apart, Wanted};
use super::ends::Terms;
use super::phase::{Phase, Work};
use super::piece::Piece;
use super::{Marks, Transfer};
use crate::exec::shared::Shared;

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
