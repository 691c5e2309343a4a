//! Empty files that tell folders apart, from before they are made until they are gone: none stays without a word.

use std::collections::BTreeMap;
use std::io;

use crate::files::Side;
use crate::journal::{self, FolderMark};

/// Where one stands: the side of its key, and its absolute path.
pub(super) type Spot = (Side, Vec<u8>);

/// What became of one that an earlier run has left.
pub(super) enum Swept {
    /// It is not there any more.
    Gone,
    /// Something with its name stands there that is not empty, so that it is none.
    NotEmpty,
    /// It has no name that a run gives to such a file: somebody else has written it down.
    NotOurs,
    /// It could not be removed, and why.
    Left(String),
}

/// Those of this run, and of earlier ones.
#[derive(Default)]
pub(super) struct FolderMarks {
    /// What no other run of the manifest has in the names of its own.
    pub(super) number: u64,
    kept: Option<journal::FolderMarks>,
    /// Those of earlier runs that nobody has looked for yet.
    stale: BTreeMap<Side, Vec<Vec<u8>>>,
    /// Those of earlier runs on servers that the plan does not know.
    unknown: Vec<FolderMark>,
    /// Those that this run has made, or could not remove, and why.
    standing: BTreeMap<Spot, Option<String>>,
}

impl FolderMarks {
    /// `at`: the side on which one stands; none where the plan does not know it.
    pub(super) fn new(
        number: u64,
        kept: Option<journal::FolderMarks>,
        at: impl Fn(&FolderMark) -> Option<Side>,
    ) -> FolderMarks {
        let mut stale: BTreeMap<Side, Vec<Vec<u8>>> = BTreeMap::new();
        let mut unknown = Vec::new();
        for mark in kept.iter().flat_map(journal::FolderMarks::standing) {
            match at(mark) {
                Some(side) => stale.entry(side).or_default().push(mark.path()),
                None => unknown.push(mark.clone()),
            }
        }
        FolderMarks {
            number,
            kept,
            stale,
            unknown,
            standing: BTreeMap::new(),
        }
    }

    /// Whether an earlier run may have left some anywhere.
    pub(super) fn has_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Those that an earlier run may have left on a side, which are to be looked for now.
    pub(super) fn take_stale(&mut self, side: Side) -> Vec<Vec<u8>> {
        self.stale.remove(&side).unwrap_or_default()
    }

    /// Some are about to be made. They are told where nothing can be written down.
    pub(super) fn make(&mut self, side: Side, key: &str, paths: &[Vec<u8>]) -> io::Result<()> {
        let spots = paths.iter().map(|path| (side, path.clone()));
        self.standing.extend(spots.map(|spot| (spot, None)));
        let marks = paths.iter().map(|path| FolderMark::new(key, path));
        let marks: Vec<FolderMark> = marks.collect();
        match &mut self.kept {
            Some(kept) if !marks.is_empty() => kept.make(&marks),
            _ => Ok(()),
        }
    }

    /// One is not there any more, or was never made.
    pub(super) fn gone(&mut self, side: Side, key: &str, path: &[u8]) -> io::Result<()> {
        self.standing.remove(&(side, path.to_vec()));
        match &mut self.kept {
            Some(kept) => kept.gone(&FolderMark::new(key, path)),
            None => Ok(()),
        }
    }

    /// One could not be removed. The reason may pass: one that this run has made is tried again, once, by the next job on its
    /// side.
    pub(super) fn left(&mut self, side: Side, path: &[u8], reason: String) {
        let known = self.standing.insert((side, path.to_vec()), Some(reason));
        if known == Some(None) {
            self.stale.entry(side).or_default().push(path.to_vec());
        }
    }

    /// Nothing more is written down.
    pub(super) fn forget_file(&mut self) {
        self.kept = None;
    }

    /// For each side the first that still stands, how many there are, and why, where that is known; those of earlier runs whose
    /// side no job has got to included.
    pub(super) fn left_over(&self) -> BTreeMap<Side, (Vec<u8>, usize, Option<String>)> {
        let mut left: BTreeMap<Side, (Vec<u8>, usize, Option<String>)> = BTreeMap::new();
        let standing = self.standing.iter();
        let standing = standing.map(|((side, path), reason)| (*side, path, reason.as_ref()));
        let stale = self.stale.iter();
        let stale = stale.flat_map(|(side, paths)| paths.iter().map(|path| (*side, path, None)));
        let unseen =
            stale.filter(|(side, path, _)| !self.standing.contains_key(&(*side, (*path).clone())));
        for (side, path, reason) in standing.chain(unseen) {
            let first = || (path.clone(), 0, reason.cloned());
            left.entry(side).or_insert_with(first).1 += 1;
        }
        left
    }

    /// Forgets those that no run of this plan can look for; their paths.
    pub(super) fn forget_unknown(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let unknown = std::mem::take(&mut self.unknown);
        if let Some(kept) = &mut self.kept {
            unknown.iter().try_for_each(|mark| kept.gone(mark))?;
        }
        Ok(unknown.iter().map(FolderMark::path).collect())
    }

    /// Ends the file of a run.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.kept.take().map_or(Ok(()), journal::FolderMarks::close)
    }
}
