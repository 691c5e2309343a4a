//! The table of step kinds: all that is a word or a yes-or-no of a kind stands here, once.
//!
//! Manifest, plan, run, reports, schema and help read it. Another kind is a row here, its fields in `manifest::model`, what it
//! says of itself and its compilation in `plan::kinds`, and its machine in `exec::steps`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a kind does to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It looks, or chooses.
    Nothing,
    /// It makes or replaces files.
    Adds,
    /// It takes files away, which must be proven elsewhere.
    Removes,
}

/// A row of the table.
struct Row {
    /// Words that users of other tools bring along.
    synonyms: &'static [&'static str],
    /// What a step of this kind is about while it runs.
    doing: &'static str,
    /// What its files are when it has ended: `3 files copied`.
    done: &'static str,
    effect: Effect,
    /// Its colour on white, on which white text can be read, and on black.
    colours: (&'static str, &'static str),
}

/// Declares the kinds. `each_kind` hands documentation, type and word of all of them to another macro.
macro_rules! table {
    ($d:tt $($docs:literal $kind:ident $word:ident $row:expr;)*) => {
        /// A kind of step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum StepKind {
            $(#[doc = $docs] $kind,)*
        }

        impl StepKind {
            /// All kinds, in the order of the documentation.
            pub const ALL: &'static [StepKind] = &[$(StepKind::$kind),*];

            /// The word in the manifest.
            pub fn word(self) -> &'static str {
                let word = match self {
                    $(StepKind::$kind => stringify!($word),)*
                };
                word.strip_prefix("r#").unwrap_or(word)
            }

            fn row(self) -> &'static Row {
                match self {
                    $(StepKind::$kind => {
                        const ROW: Row = $row;
                        &ROW
                    })*
                }
            }
        }

        macro_rules! each_kind {
            ($d callback:ident) => {
                $d callback! { $($docs $kind $word;)* }
            };
        }
        pub(crate) use each_kind;
    };
}

table! { $
    "Log in to a server explicitly, to choose a folder or send commands first."
    Login login Row {
        synonyms: &["connect", "open", "auth"],
        doing: "Logging in",
        done: "",
        effect: Effect::Nothing,
        colours: ("#57606a", "#8b949e"),
    };
    "List the files of a folder."
    List list Row {
        synonyms: &["ls", "dir", "find", "glob"],
        doing: "Listing",
        done: "found",
        effect: Effect::Nothing,
        colours: ("#0969da", "#58a6ff"),
    };
    "Choose some files of a set."
    Filter filter Row {
        synonyms: &["select", "match", "grep", "pick"],
        doing: "Filtering",
        done: "chosen",
        effect: Effect::Nothing,
        colours: ("#8250df", "#bc8cff"),
    };
    "Transfer files from a server to this machine."
    Download download Row {
        synonyms: &["get", "fetch", "pull", "mget"],
        doing: "Downloading",
        done: "copied",
        effect: Effect::Adds,
        colours: ("#1a7f37", "#3fb950"),
    };
    "Transfer files from this machine to a server."
    Upload upload Row {
        synonyms: &["put", "push", "send", "mput"],
        doing: "Uploading",
        done: "copied",
        effect: Effect::Adds,
        colours: ("#9a6700", "#d29922"),
    };
    "Transfer files from one server to another through memory."
    Relay relay Row {
        synonyms: &["copy", "mirror", "sync", "transfer", "fxp"],
        doing: "Relaying",
        done: "copied",
        effect: Effect::Adds,
        colours: ("#0f7680", "#39c5cf"),
    };
    "Move files to another folder where they lie, by renaming them."
    Move r#move Row {
        synonyms: &["mv", "rename", "archive"],
        doing: "Moving",
        done: "moved",
        effect: Effect::Removes,
        colours: ("#bf3989", "#f778ba"),
    };
    "Delete files."
    Delete delete Row {
        synonyms: &["rm", "remove", "unlink", "clean", "cleanup"],
        doing: "Deleting",
        done: "deleted",
        effect: Effect::Removes,
        colours: ("#cf222e", "#ff7b72"),
    };
}

impl StepKind {
    /// The kind of a word.
    pub fn of(word: &str) -> Option<StepKind> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.word() == word)
    }

    /// The kind that users of other tools call so.
    pub fn of_synonym(word: &str) -> Option<StepKind> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.row().synonyms.contains(&word))
    }

    /// The words of all kinds.
    pub fn words() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|kind| kind.word())
    }

    /// What a step of this kind is about while it runs: `Downloading`.
    pub fn doing(self) -> &'static str {
        self.row().doing
    }

    /// What its files are when it has ended: `copied`.
    pub fn done(self) -> &'static str {
        self.row().done
    }

    /// Whether it makes, replaces or deletes files; the others only find them.
    pub fn changes(self) -> bool {
        self.row().effect != Effect::Nothing
    }

    /// Whether it takes files away, for which it asks what is proven elsewhere.
    pub fn removes(self) -> bool {
        self.row().effect == Effect::Removes
    }

    /// Its colour on white; white text on it can be read.
    pub fn light(self) -> &'static str {
        self.row().colours.0
    }

    /// Its colour on black.
    pub fn dark(self) -> &'static str {
        self.row().colours.1
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for StepKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for StepKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StepKind, D::Error> {
        let word = String::deserialize(deserializer)?;
        StepKind::of(&word)
            .ok_or_else(|| serde::de::Error::custom(format!("there is no kind of step `{word}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_every_synonym_means_one_kind() {
        let mut words: Vec<&str> = StepKind::words().collect();
        for kind in StepKind::ALL {
            assert_eq!(StepKind::of(kind.word()), Some(*kind));
            words.extend(kind.row().synonyms);
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
