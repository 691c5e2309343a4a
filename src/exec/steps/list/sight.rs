//! What one look at the folders shows of the files that a list waits for. It grows with the set, so that a job finds it out.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::exec::fault::Fault;
use crate::files::{FileSet, Kind, Marker, Pattern, join, split};
use crate::plan::{Awaited, Wait};

use super::super::{FoundSet, Output};

/// So many names are shown of files that are near to what is waited for.
const SHOWN: usize = 3;

/// What a look found, and what of it was waited for.
pub(in crate::exec) struct Looked {
    /// What the step would yield.
    pub(super) found: FoundSet,
    pub(super) sight: Sight,
}

/// What is told of a look when its files are gone.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// How many files were waited for and are there.
    pub(super) counted: usize,
    /// How many files are there.
    pub(super) files: usize,
    /// Of all that the step would yield: path, size and time.
    pub(super) hash: u64,
    /// Names of files that are nearly what is waited for: in other letters, or any.
    pub(super) near: Vec<String>,
}

/// Judges one look.
pub(super) struct Judge(pub(super) Wait);

impl Judge {
    pub(super) fn look(self, found: FoundSet) -> Output {
        match self.sight(&found.set) {
            Ok((set, sight)) => {
                let found = FoundSet { set, ..found };
                Output::Looked(Box::new(Looked { found, sight }))
            }
            Err(fault) => Output::Set(Err(fault)),
        }
    }

    fn sight(&self, all: &FileSet) -> Result<(FileSet, Sight), Fault> {
        let files: Vec<u32> = all
            .positions()
            .filter(|at| all.kind(*at) == Kind::File)
            .collect();
        let (wanted, near) = match &self.0.what {
            Awaited::Matching(pattern) => matching(all, &files, pattern)?,
            Awaited::Marked(marker) => marked(all, &files, marker),
        };
        let set = match &self.0.what {
            Awaited::Matching(_) => all.clone(),
            Awaited::Marked(_) => all.subset(wanted.iter().copied()),
        };
        let sight = Sight {
            counted: wanted.len(),
            files: files.len(),
            hash: hash(&set),
            near: near.iter().map(|at| all.text(*at)).collect(),
        };
        Ok((set, sight))
    }
}

/// The files that a pattern matches, and some that it would match in other letters, or any.
fn matching(all: &FileSet, files: &[u32], pattern: &str) -> Result<(Vec<u32>, Vec<u32>), Fault> {
    let read = |ignore_case| {
        let pattern = Pattern::new(pattern, ignore_case);
        pattern.map_err(|error| Fault::permanent(error.to_string()))
    };
    let (exact, folded) = (read(false)?, read(true)?);
    let (wanted, others): (Vec<u32>, Vec<u32>) =
        files.iter().partition(|at| exact.matches(&all.text(**at)));
    let mut near: Vec<u32> = others.clone();
    near.retain(|at| folded.matches(&all.text(*at)));
    near.extend(others);
    let mut seen = Vec::new();
    for at in near {
        if seen.len() < SHOWN && !seen.contains(&at) {
            seen.push(at);
        }
    }
    Ok((wanted, seen))
}

/// The files that have a marker of their own, and some that have none.
fn marked(all: &FileSet, files: &[u32], marker: &Marker) -> (Vec<u32>, Vec<u32>) {
    let names: std::collections::HashSet<Vec<u8>> =
        files.iter().map(|at| all.relative(*at)).collect();
    let has = |at: &u32| {
        let path = all.relative(*at);
        let (folder, name) = split(&path);
        let Some(marker) = marker.of(name, all.encoding()) else {
            return false;
        };
        // `${stem}.done` is also the name that `a.done` would have for its own.
        marker != name && names.contains(&join(folder, &marker))
    };
    let (wanted, mut others): (Vec<u32>, Vec<u32>) = files.iter().partition(|at| has(at));
    others.truncate(SHOWN);
    (wanted, others)
}

fn hash(set: &FileSet) -> u64 {
    let mut hasher = DefaultHasher::new();
    for at in set.positions() {
        set.relative(at).hash(&mut hasher);
        set.kind(at).hash(&mut hasher);
        set.size(at).hash(&mut hasher);
        let time = set.modified(at);
        time.map(|time| (time.seconds, time.nanos))
            .hash(&mut hasher);
    }
    hasher.finish()
}
