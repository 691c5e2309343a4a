//! What one look at the folders shows of the files that a list waits for. It grows with the set, so that a job finds it out.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::exec::fault::Fault;
use crate::exec::steps::job::Work;
use crate::files::{FileSet, Kind, Marker, Pattern, join, split};
use crate::journal::{SeenMarkers, SeenWriter};
use crate::plan::{Awaited, Wait};

use super::super::{FoundSet, Output};

/// So many names are shown of files that are near to what is waited for.
const SHOWN: usize = 3;

/// What a look found, and what of it was waited for.
pub(in crate::exec) struct Looked {
    /// What the step would yield.
    pub(super) found: FoundSet,
    /// All markers that were there, those of earlier runs, too.
    pub(super) markers: FileSet,
    pub(super) sight: Sight,
}

/// What is told of a look when its files are gone.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// How many files were waited for and are there.
    pub(super) counted: usize,
    /// How many more were there in an earlier run that ended well, just as they are now.
    pub(super) old: usize,
    /// How many files are there.
    pub(super) files: usize,
    /// Of all that the step would yield: path, size and time.
    pub(super) hash: u64,
    /// Names of files that are nearly what is waited for: in other letters, or any.
    pub(super) near: Vec<String>,
}

/// Judges one look.
pub(super) struct Judge {
    pub(super) rules: Wait,
    /// The markers that earlier runs have seen.
    pub(super) seen: Arc<SeenMarkers>,
}

/// What of a look was waited for, by position.
struct Found {
    /// What was waited for.
    wanted: Vec<u32>,
    /// What was, too, but was there in an earlier run.
    old: usize,
    /// All markers.
    markers: Vec<u32>,
    /// Other files.
    others: Vec<u32>,
}

impl Judge {
    pub(super) fn look(self, found: FoundSet) -> Output {
        match self.looked(found) {
            Ok(looked) => Output::Looked(Box::new(looked)),
            Err(fault) => Output::Set(Err(fault)),
        }
    }

    fn looked(&self, found: FoundSet) -> Result<Looked, Fault> {
        let all = found.set.clone();
        let files = all.positions().filter(|at| all.kind(*at) == Kind::File);
        let files: Vec<u32> = files.collect();
        let (chosen, set) = match &self.rules.what {
            Awaited::Matching(pattern) => (self.matching(&all, &files, pattern)?, all.clone()),
            Awaited::Marked(marker) => {
                let chosen = self.marked(&all, &files, marker);
                let set = all.subset(chosen.wanted.iter().copied());
                (chosen, set)
            }
        };
        let near = chosen.others.iter().take(SHOWN);
        let sight = Sight {
            counted: chosen.wanted.len(),
            old: chosen.old,
            files: files.len(),
            hash: hash(&set),
            near: near.map(|at| all.text(*at)).collect(),
        };
        Ok(Looked {
            found: FoundSet { set, ..found },
            markers: all.subset(chosen.markers),
            sight,
        })
    }

    /// Whether an earlier run has seen a marker as it is now.
    fn is_old(&self, all: &FileSet, at: u32) -> bool {
        self.seen
            .has(&all.absolute(at), all.size(at), all.modified(at))
    }

    /// The files that a pattern matches; of others those first that it would match in other letters.
    fn matching(&self, all: &FileSet, files: &[u32], pattern: &str) -> Result<Found, Fault> {
        let read = |ignore_case| {
            let pattern = Pattern::new(pattern, ignore_case);
            pattern.map_err(|error| Fault::permanent(error.to_string()))
        };
        let (exact, folded) = (read(false)?, read(true)?);
        let (markers, others): (Vec<u32>, Vec<u32>) =
            files.iter().partition(|at| exact.matches(&all.text(**at)));
        let (mut near, far): (Vec<u32>, Vec<u32>) = others
            .into_iter()
            .partition(|at| folded.matches(&all.text(*at)));
        near.extend(far);
        let mut wanted = markers.clone();
        wanted.retain(|at| !self.is_old(all, *at));
        Ok(Found {
            old: markers.len() - wanted.len(),
            wanted,
            markers,
            others: near,
        })
    }

    /// The files that have a marker of their own.
    fn marked(&self, all: &FileSet, files: &[u32], marker: &Marker) -> Found {
        let paths = files.iter().map(|at| (all.relative(*at), *at));
        let places: HashMap<Vec<u8>, u32> = paths.collect();
        let own = |at: u32| {
            let path = all.relative(at);
            let (folder, name) = split(&path);
            let marker = marker.of(name, all.encoding())?;
            let marker = *places.get(&join(folder, &marker))?;
            // `${stem}.done` is also the name that `a.done` would have for its own.
            (marker != at).then_some(marker)
        };
        let mut found = Found {
            wanted: Vec::new(),
            old: 0,
            markers: Vec::new(),
            others: Vec::new(),
        };
        for at in files {
            // What stands there still is known to the next run, too, though its file is gone: another may come to its name.
            if self.is_old(all, *at) {
                found.markers.push(*at);
            }
            match own(*at) {
                None => found.others.push(*at),
                Some(marker) => {
                    found.markers.push(marker);
                    match self.is_old(all, marker) {
                        true => found.old += 1,
                        false => found.wanted.push(*at),
                    }
                }
            }
        }
        found.markers.sort_unstable();
        found.markers.dedup();
        found
    }
}

/// The markers of a look that was enough, to be written down.
pub(super) struct Noting {
    pub(super) writer: SeenWriter,
    pub(super) markers: FileSet,
}

impl Noting {
    pub(super) fn work(self) -> Work {
        let Noting { writer, markers } = self;
        Box::new(move |desk| {
            let rows = markers.positions();
            let rows = rows.map(|at| {
                let (size, time) = (markers.size(at), markers.modified(at));
                (markers.absolute(at), size, time)
            });
            let told = match writer.write(desk.unix_now(), rows) {
                Ok(0) => Ok(None),
                Ok(left_out) => Ok(Some(format!(
                    "{left_out} markers have a secret in their names, and are not written down: the next run takes them for new ones"
                ))),
                // The next run would take a file of the same name while it is written.
                Err(error) => Err(Fault::permanent(format!(
                    "the markers cannot be written down, so that the next run would take them for new ones: {error}"
                ))
                .help("make room on the disk of the state's folder, and look who may write there")),
            };
            Output::Noted(told)
        })
    }
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
