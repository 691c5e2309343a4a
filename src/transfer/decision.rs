//! What may be decided about a file, and how people are told.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::files::NameProblem;

/// Other sources that a file is told apart from, at most.
pub const MOST_OTHERS: usize = 256;

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
    /// It stands there already, the same by size and time, as exactly as these are known; [`super::Request::same_is_proof`] says
    /// whether that is proof, and with `verify: checksum` [`super::compare`] has to find it the same, too.
    Same(Exactness),
    /// It is left alone.
    Skip(Skip),
    /// It fails before the first byte; the number leads to [`Decisions::refusal`].
    Refuse(u32),
}

/// How exactly a file that stands at its destination is known to be its source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// Its size and time are the source's, as exactly as both sides can tell and to the second at least.
    Exact,
    /// Its time is the source's as far as it is known, which is to the minute or the day.
    Coarse,
    /// A time is not known.
    Unknown,
    /// Its time is the source's to the second, and the destination does not keep times, as far as is known: it may have been
    /// written in the second in which the source was written once more.
    ByChance,
    /// Its time is the source's, to the second, and a size is not known.
    NoSize,
    /// Its time is not the source's: the destination does not keep times, as far as is known. It is not older.
    NotOlder,
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
    /// `once`, and an earlier run has transferred it.
    Known,
    /// `max_files`, and older ones are new, too.
    Later,
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
    /// It would replace another source of this step, which is still to be copied.
    #[error("it would replace another file that this step is to copy")]
    AnotherSource,
    /// The destination takes it for another file of this step.
    #[error("the destination takes its name for that of another file of this step")]
    Namesake,
    /// What stands there is listed under another name.
    #[error(
        "the destination takes its name for that of `{0}`, which stands there and may be another file"
    )]
    OtherName(String),
    /// Something answers to its name that no listing showed.
    #[error("something stands there that answers to its name and is listed under another")]
    Unlisted,
    /// It would replace a copy whose source this run has deleted.
    #[error("what stands there is the only copy left of a file whose source this run deleted")]
    OnlyCopy,
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
    pub(super) each: Vec<Decision>,
    pub(super) refusals: Vec<Refusal>,
    /// Folders to make, relative to `into` (which is the empty path), parents first.
    pub folders: Vec<Vec<u8>>,
    /// Names, relative to `into`, that the listing may not show: ask SIZE and MDTM, give the answers to
    /// [`super::Inventory::answer`], and decide again. Empty the second time.
    pub unsure: Vec<Vec<u8>>,
    /// Files of which what stands at the destination may be another source of the step, and which.
    pub(super) others: BTreeMap<u32, Vec<u32>>,
    /// Files of which another goes to a name that some systems take for the same.
    pub(super) namesakes: BTreeSet<u32>,
    /// Files of which size alone decided, because a time is not known: to be said once.
    pub unknown_times: usize,
    /// Files that are transferred because a size is not known.
    pub unknown_sizes: usize,
    /// How many files are to be moved.
    pub files: u64,
    /// How many bytes, as far as sizes are known.
    pub bytes: u64,
}

impl Decisions {
    /// What is to be done with an entry.
    pub fn of(&self, at: u32) -> Decision {
        self.each[at as usize]
    }

    /// The sources of this step that what stands under a file's name may be: in one folder with it, it is one of them.
    pub fn others(&self, at: u32) -> &[u32] {
        self.others.get(&at).map_or(&[], Vec::as_slice)
    }

    /// Whether any file may replace another source of the step.
    pub fn has_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// The files that may, and which sources.
    pub fn all_others(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.others
            .iter()
            .map(|(at, others)| (*at, others.as_slice()))
    }

    /// Whether another file goes to a name that some systems take for that of this one.
    pub fn has_namesake(&self, at: u32) -> bool {
        self.namesakes.contains(&at)
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

impl Exactness {
    /// Whether it proves that the file is the source's.
    ///
    /// # Errors
    /// The reason why not.
    pub fn proves(self) -> Result<(), &'static str> {
        match self {
            Exactness::Exact => Ok(()),
            Exactness::Coarse => Err("its time is known to the minute or the day only"),
            Exactness::Unknown => Err("its time is not known"),
            Exactness::ByChance => {
                Err("its time is the source's by chance only, because times are not kept there")
            }
            Exactness::NoSize => Err("its size is not known"),
            Exactness::NotOlder => {
                Err("its time is not the source's, because times are not kept there")
            }
        }
    }
}

impl Refusal {
    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Refusal::Name(problem) => problem.help(),
            Refusal::AnotherSource => {
                Some("choose another folder in `into`, outside the listed one")
            }
            Refusal::OtherName(_) | Refusal::Unlisted => {
                Some("rename or remove what stands there, or choose another folder in `into`")
            }
            Refusal::OnlyCopy | Refusal::Namesake => {
                Some("give the two files different names or folders")
            }
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
                "leave one out with a `filter` step, write `flatten: false`, or let `rename` keep them apart"
            }
            DecideError::Exist { .. } => {
                "write `if_exists: update`, `overwrite` or `skip`, or choose another folder in `into`"
            }
        }
    }
}

fn stand(count: usize) -> String {
    match count {
        1 => "1 file is".into(),
        many => format!("{many} files are"),
    }
}
