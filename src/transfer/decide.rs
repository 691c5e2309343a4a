//! What is to be done with each file of a set. Pure: `run` does what `plan` prints.

use std::hash::{DefaultHasher, Hash, Hasher};

use thiserror::Error;

use super::inventory::{Inventory, Standing, ancestors};
use super::item::temporary;
use super::request::Request;
use crate::files::{FileSet, Kind, NameProblem, Route};
use crate::options::IfExists;

/// What is to be done with one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Copy it whole.
    Transfer {
        /// Whether something stands there that is replaced.
        over: bool,
    },
    /// Continue a partial file.
    Resume {
        /// Bytes that are there.
        at: u64,
        /// Whether something stands under the final name that is replaced.
        over: bool,
    },
    /// It stands there already, the same by size and time; [`Request::same_is_proof`] says whether that is proof, and with
    /// `verify: checksum` [`super::compare`] has to find it the same, too.
    Same,
    /// It is left alone.
    Skip(Skip),
    /// It fails before the first byte; the number leads to [`Decisions::refusal`].
    Refuse(u32),
}

/// Why an entry is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// `if_exists: skip`, and something stands there. The file is part of what the step yields, unproven.
    Exists,
    /// A symbolic link that was not followed.
    Link,
    /// A device, a pipe, a socket, or what the server would not say.
    Special,
    /// A folder: it comes with its files, and is not counted.
    Folder,
}

/// Why a file fails before the first byte.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Its name cannot stand at the destination.
    #[error("{0}")]
    Name(NameProblem),
    /// Source and destination are one file.
    #[error("the destination is the file itself")]
    OwnSource,
    /// Something else than a file has the name.
    #[error("a {0} stands at the destination")]
    InTheWay(&'static str),
    /// Something else than a folder stands where a folder above it must be.
    #[error("a {kind} stands at the destination where the folder `{folder}` must be")]
    NoFolder {
        /// What stands there.
        kind: &'static str,
        /// Its path relative to `into`, as text.
        folder: String,
    },
}

/// Why nothing of a step may be transferred.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecideError {
    /// Two files would land on one name.
    #[error("`{first}` and `{second}` would both become `{target}`")]
    Collision {
        /// One source path, as text.
        first: String,
        /// The other.
        second: String,
        /// The name at the destination, as text.
        target: String,
    },
    /// `if_exists: fail`, and something stands there.
    #[error("{} already there, the first is `{first}`", stand(*.count))]
    Exist {
        /// The first name at the destination, as text.
        first: String,
        /// How many there are.
        count: usize,
    },
}

/// What is to be done with the entries of a set: 24 bytes for each, texts only where something is wrong.
#[derive(Debug, Default)]
pub struct Decisions {
    each: Vec<Decision>,
    refusals: Vec<Refusal>,
    /// Folders to make, relative to `into` (which is the empty path), parents first.
    pub folders: Vec<Vec<u8>>,
    /// Names, relative to `into`, that the listing may not show: ask SIZE and MDTM, give the answers to
    /// [`Inventory::answer`], and decide again. Empty the second time.
    pub unsure: Vec<Vec<u8>>,
    /// Files of which size alone decided, because a time is not known: to be said once.
    pub unknown_times: usize,
    /// Files that are transferred because a size is not known.
    pub unknown_sizes: usize,
    /// How many files are to be moved.
    pub files: u64,
    /// How many bytes, as far as sizes are known.
    pub bytes: u64,
}

struct Deciding<'a> {
    set: &'a FileSet,
    inventory: &'a Inventory,
    request: &'a Request<'a>,
    route: &'a Route,
    out: Decisions,
    standing: Vec<u32>,
    needed: Vec<Vec<u8>>,
    /// The folder of the last file, and what stands in its way.
    last_folder: (Vec<u8>, Option<Refusal>),
}

/// Compares a set with what stands at its destination.
///
/// # Errors
/// What concerns the whole step, before anything moves: two files on one name, `if_exists: fail` with something
/// there.
pub fn decide(
    set: &FileSet,
    route: &Route,
    inventory: &Inventory,
    request: &Request<'_>,
) -> Result<Decisions, DecideError> {
    let mut deciding = Deciding {
        set,
        inventory,
        request,
        route,
        out: Decisions::default(),
        standing: Vec::new(),
        needed: Vec::new(),
        last_folder: (Vec::new(), None),
    };
    deciding.collisions()?;
    deciding.out.each.reserve_exact(set.len());
    for at in set.positions() {
        let decision = deciding.entry(at);
        deciding.out.each.push(decision);
    }
    deciding.finish()
}

impl Decisions {
    /// What is to be done with an entry.
    pub fn of(&self, at: u32) -> Decision {
        self.each[at as usize]
    }

    /// All decisions, in the set's order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Decision)> + '_ {
        (0u32..).zip(self.each.iter().copied())
    }

    /// Why a file was refused.
    pub fn refusal(&self, number: u32) -> &Refusal {
        &self.refusals[number as usize]
    }
}

impl Refusal {
    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Refusal::Name(problem) => problem.help(),
            Refusal::OwnSource => Some("choose another folder in `into`"),
            Refusal::InTheWay(_) => Some("move it away, or choose another folder in `into`"),
            Refusal::NoFolder { .. } => {
                Some("remove or rename it, or choose another folder in `into`")
            }
        }
    }
}

impl DecideError {
    /// The next thing to do.
    pub fn help(&self) -> &'static str {
        match self {
            DecideError::Collision { .. } => {
                "leave one out with a `filter` step, or write `flatten: false`"
            }
            DecideError::Exist { .. } => {
                "write `if_exists: update`, `overwrite` or `skip`, or choose another folder in `into`"
            }
        }
    }
}

impl Deciding<'_> {
    fn files(&self) -> impl Iterator<Item = u32> + use<'_> {
        let set = self.set;
        set.positions().filter(|&at| set.kind(at) == Kind::File)
    }

    /// Finds two files on one name by the hashes of the names, 16 bytes a file; equal hashes are looked at.
    fn collisions(&self) -> Result<(), DecideError> {
        let key = |at| {
            let relative = self.route.relative(self.set, at).ok()?;
            Some(self.inventory.key(&relative))
        };
        let mut hashes: Vec<(u64, u32)> = self
            .files()
            .filter_map(|at| Some((hash(&key(at)?), at)))
            .collect();
        hashes.sort_unstable();
        for group in hashes
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|group| group.len() > 1)
        {
            let mut keys: Vec<_> = group.iter().map(|&(_, at)| (key(at), at)).collect();
            keys.sort();
            if let Some(pair) = keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(DecideError::Collision {
                    first: self.set.text(pair[0].1),
                    second: self.set.text(pair[1].1),
                    target: self.shown(pair[0].0.as_deref().unwrap_or_default()),
                });
            }
        }
        Ok(())
    }

    fn entry(&mut self, at: u32) -> Decision {
        match self.set.kind(at) {
            Kind::File => {}
            Kind::Folder => return Decision::Skip(Skip::Folder),
            Kind::Link => return Decision::Skip(Skip::Link),
            Kind::Other => return Decision::Skip(Skip::Special),
        }
        let relative = match self.route.relative(self.set, at) {
            Ok(relative) => relative,
            Err(problem) => return self.refuse(Refusal::Name(problem)),
        };
        if self.request.own_source
            && self.set.absolute(at) == crate::files::join(&self.route.root, &relative)
        {
            return self.refuse(Refusal::OwnSource);
        }
        if let Some(refusal) = self.blocked(&relative) {
            return self.refuse(refusal);
        }
        let known = self.inventory.look(&relative);
        if known.unsure {
            self.out.unsure.push(relative.clone());
        }
        match known.standing {
            Some(Standing {
                kind: Kind::Folder, ..
            }) => self.refuse(Refusal::InTheWay("folder")),
            Some(Standing {
                kind: Kind::Other, ..
            }) => self.refuse(Refusal::InTheWay("special file")),
            Some(standing) => self.existing(at, relative, standing),
            None => self.transfer(at, relative, false),
        }
    }

    /// Whether something stands in the way of a folder above a file. Files of one folder mostly follow one another.
    fn blocked(&mut self, relative: &[u8]) -> Option<Refusal> {
        let slash = relative.iter().rposition(|&byte| byte == b'/')?;
        let folder = &relative[..slash];
        if self.last_folder.0 != folder {
            self.last_folder = (folder.to_vec(), self.in_the_way_of(folder));
        }
        self.last_folder.1.clone()
    }

    fn in_the_way_of(&self, folder: &[u8]) -> Option<Refusal> {
        if self.inventory.has_folder(folder) {
            return None;
        }
        let above = ancestors(std::iter::once([folder, b"/"].concat()));
        above.into_iter().skip(1).find_map(|folder| {
            let standing = self.inventory.look(&folder).standing?;
            let kind = match standing.kind {
                Kind::File => "file",
                // One that leads to a folder was listed as that folder, where it may be followed.
                Kind::Link if !self.inventory.has_folder(&folder) => "symbolic link",
                Kind::Other if !self.inventory.has_folder(&folder) => "special file",
                Kind::Folder | Kind::Link | Kind::Other => return None,
            };
            let folder = self.shown(&folder);
            Some(Refusal::NoFolder { kind, folder })
        })
    }

    fn existing(&mut self, at: u32, relative: Vec<u8>, standing: Standing) -> Decision {
        match self.request.if_exists(self.set, at) {
            IfExists::Skip => Decision::Skip(Skip::Exists),
            IfExists::Fail => {
                self.standing.push(at);
                self.transfer(at, relative, true)
            }
            IfExists::Overwrite => self.transfer(at, relative, true),
            IfExists::Update => match self.differs(at, standing) {
                true => self.transfer(at, relative, true),
                false => Decision::Same,
            },
        }
    }

    /// The rules of `if_exists: update`.
    fn differs(&mut self, at: u32, standing: Standing) -> bool {
        // What a link leads to is not known, and a rename replaces the link only.
        if standing.kind != Kind::File {
            return true;
        }
        // Converted line ends change sizes, so that times alone tell.
        if !self.request.options.ascii {
            match (self.set.size(at), standing.size) {
                (Some(ours), Some(theirs)) if ours == theirs => {}
                (Some(_), Some(_)) => return true,
                _ => {
                    self.out.unknown_sizes += 1;
                    return true;
                }
            }
        }
        match (self.set.modified(at), standing.modified) {
            (Some(ours), Some(theirs)) if self.request.times_arrive() => ours.differs(theirs),
            (Some(ours), Some(theirs)) => ours.newer(theirs),
            _ => {
                self.out.unknown_times += 1;
                self.request.options.ascii
            }
        }
    }

    fn transfer(&mut self, at: u32, relative: Vec<u8>, over: bool) -> Decision {
        let size = self.set.size(at);
        self.out.files += 1;
        self.out.bytes = self.out.bytes.saturating_add(size.unwrap_or(0));
        let partial = self.partial(at, &relative);
        self.needed.push(relative);
        match (partial, size) {
            (Some(done), Some(size)) if done > 0 && done <= size => {
                self.out.bytes = self.out.bytes.saturating_sub(done);
                Decision::Resume { at: done, over }
            }
            _ => Decision::Transfer { over },
        }
    }

    /// How many bytes of a partial file of this very source are there.
    fn partial(&mut self, at: u32, relative: &[u8]) -> Option<u64> {
        if !self.request.resumable(self.set, at) {
            return None;
        }
        let temporary = temporary(self.set, at, relative, self.request);
        let known = self.inventory.look(&temporary);
        if known.unsure {
            self.out.unsure.push(temporary);
        }
        match known.standing? {
            Standing {
                kind: Kind::File,
                size,
                ..
            } => size,
            _ => None,
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Decision {
        let number = u32::try_from(self.out.refusals.len()).unwrap_or(u32::MAX);
        self.out.refusals.push(refusal);
        Decision::Refuse(number)
    }

    fn finish(mut self) -> Result<Decisions, DecideError> {
        if let Some(&first) = self.standing.first() {
            let relative = self.route.relative(self.set, first).unwrap_or_default();
            return Err(DecideError::Exist {
                first: self.shown(&relative),
                count: self.standing.len(),
            });
        }
        if self.out.files > 0 {
            let needed = ancestors(std::mem::take(&mut self.needed).into_iter());
            let inventory = self.inventory;
            self.out.folders = needed
                .into_iter()
                .filter(|folder| !inventory.has_folder(folder))
                .collect();
        }
        Ok(self.out)
    }

    fn shown(&self, path: &[u8]) -> String {
        self.route.encoding.decode(path).text.into_owned()
    }
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn stand(count: usize) -> String {
    match count {
        1 => "1 file is".into(),
        many => format!("{many} files are"),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
