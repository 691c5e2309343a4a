//! `steps.NAME`: the kinds, and what all have in common.

use super::{Rename, Retry, Transfer};
use crate::kind::{StepKind, each_kind};
use crate::manifest::slot::{OneOrMany, Slot, Text, slots};

/// A step has one slot for each kind of the table.
macro_rules! step {
    ($($docs:literal $kind:ident $word:ident;)*) => {
        slots! {
            /// A step: exactly one of the kinds, and the common keys.
            pub struct Step {
                $(#[doc = $docs] pub $word: Box<$kind>,)*
                ..
                /// What every step may have.
                pub common: Common,
            }
            rules { "oneOf": one_kind() }
        }

        impl Step {
            /// The kinds that are written: one, where the step is right.
            pub fn kinds(&self) -> Vec<StepKind> {
                let mut kinds = Vec::new();
                $(if !self.$word.is_absent() {
                    kinds.push(StepKind::$kind);
                })*
                kinds
            }
        }

        /// The keys that the map of a kind may have.
        pub fn keys_of(kind: StepKind) -> Vec<&'static str> {
            match kind {
                $(StepKind::$kind => <$kind as crate::manifest::Keys>::keys(),)*
            }
        }
    };
}
each_kind!(step);

fn one_kind() -> serde_json::Value {
    StepKind::words()
        .map(|word| serde_json::json!({ "required": [word] }))
        .collect()
}

slots! {
    /// The keys that stand beside the kind.
    pub struct Common {
        /// Steps to wait for, beside those that `from` and `sources_of` imply.
        pub needs: OneOrMany = Shape::Name,
        /// How often, and how fast, one operation is tried again.
        pub retry: Retry,
        /// The longest that the step may take, from release to end; then the files not done fail. Default: none.
        pub timeout: Text = Shape::Duration,
        /// What a failed file means for the steps that depend on this one: `fail` (they are skipped) or `continue` (they go on
        /// with what worked). Default: fail.
        pub on_error: Text = Shape::Words(&["fail", "continue"]),
        /// After what ends of the steps that it needs it runs: `success` (all have succeeded, or have `on_error: continue`),
        /// `failure` (one has failed) or `always` (all have ended). After an interruption nothing runs. Default: success.
        pub when: Text = Shape::Words(&["success", "failure", "always"]),
        /// What this step is for.
        pub description: Text,
    }
}

slots! {
    /// Options for all steps that do not set them themselves.
    pub struct Defaults {
        /// How often, and how fast, one operation is tried again.
        pub retry: Retry,
        /// The longest that a step may take. Default: none.
        pub timeout: Text = Shape::Duration,
        /// What a failed file means for dependent steps: `fail` or `continue`. Default: fail.
        pub on_error: Text = Shape::Words(&["fail", "continue"]),
        ..
        /// Transfer options.
        pub transfer: Transfer,
    }
}

slots! {
    /// `login:` at most one a server; all steps on that server depend on it.
    pub struct Login {
        /// The server. Required.
        pub server: Text,
        /// The folder to change to on each session, right after logging in.
        pub directory: Text,
        /// Raw FTP commands to send on each session, such as `SITE UMASK 022`.
        pub commands: Vec<Slot<Text>>,
    }
    rules { "required": ["server"] }
}

slots! {
    /// `list:` the files of a folder.
    pub struct List {
        /// The server, or `local` for this machine. Required.
        pub server: Text,
        /// The folder. Default: `.`.
        pub path: Text = Shape::Usually("."),
        /// List folders in it, too. Default: false.
        pub recursive: Text = Shape::Boolean,
        /// How many levels of folders to list. Default: all.
        pub max_depth: Text = Shape::Whole(0, 1000),
        /// List names with a leading dot, too. Default: false.
        pub hidden: Text = Shape::Boolean,
        /// Take a link for what it leads to. Default: false.
        pub follow_links: Text = Shape::Boolean,
        /// What a folder that is not there means: `fail` or `empty`. Default: fail.
        pub missing: Text = Shape::Words(&["fail", "empty"]),
        /// What an empty list means: `ok` or `fail`. Default: ok.
        pub empty: Text = Shape::Words(&["ok", "fail"]),
        /// What entries mean that are refused or cannot be read: `fail` or `warn`. Other steps go on with the rest. Default: fail.
        pub unreadable: Text = Shape::Words(&["fail", "warn"]),
        /// List again until the files that are waited for are there, and nothing changes any more.
        pub wait: Wait,
    }
    rules { "required": ["server"] }
}

slots! {
    /// `wait:` of a `list`: what has to be there before the step ends.
    pub struct Wait {
        /// Files to wait for: a pattern. With `/` it matches the whole relative path, without it the last name. Or `ready`.
        pub r#for: Text,
        /// In place of `for`: the name of a file's own marker, beside it, such as `${name}.done`; `${stem}` is the name
        /// without its ending. The step yields the files that have one, and no others.
        pub ready: Text,
        /// So many files at least. Default: 1.
        pub count: Text = Shape::Whole(1, u64::MAX),
        /// How long nothing that the step would yield may have changed, come or gone. Default: 30s.
        pub stable: Text = Shape::Duration,
        /// How long after a look the next one is taken; 100ms at least. Default: 30s.
        pub every: Text = Shape::Duration,
        /// How long to wait at most. Default: 2h.
        pub timeout: Text = Shape::Duration,
        /// What happens then: `fail`, or `empty` (the step yields nothing, and the run goes on). Default: fail.
        pub on_timeout: Text = Shape::Words(&["fail", "empty"]),
    }
    rules { "oneOf": [{ "required": ["for"] }, { "required": ["ready"] }] }
}

slots! {
    /// `filter:` a subset of another step's files.
    pub struct Filter {
        /// The step whose files to filter. Required.
        pub from: Text = Shape::Name,
        /// Patterns of which a file must match one. With `/` they match the whole relative path, without it the last name.
        pub include: OneOrMany,
        /// Patterns of which a file must match none; wins over `include`.
        pub exclude: OneOrMany,
        /// A regular expression that must match somewhere in the relative path.
        pub regex: Text,
        /// `file`, `directory`, `link` or `any`. Default: file.
        pub r#type: Text = Shape::Words(&["file", "directory", "link", "any"]),
        /// Only files larger than this, such as `512KiB`.
        pub larger_than: Text = Shape::Size,
        /// Only files smaller than this, such as `2GB`.
        pub smaller_than: Text = Shape::Size,
        /// Only files newer than this: a duration before the run's start (`7d`) or a date.
        pub newer_than: Text = Shape::Instant,
        /// Only files older than this: a duration before the run's start (`7d`) or a date.
        pub older_than: Text = Shape::Instant,
        /// Match patterns and the expression without regard to case. Default: false.
        pub ignore_case: Text = Shape::Boolean,
        /// Order by `name`, `size` or `modified`. Default: by relative path.
        pub sort: Text = Shape::Words(&["name", "size", "modified"]),
        /// Turn the order around. Default: false.
        pub reverse: Text = Shape::Boolean,
        /// Leave out so many of the first, after sorting: "all but the 5 newest" is `sort: modified`, `reverse: true`, `skip: 5`.
        pub skip: Text = Shape::Whole(1, u64::MAX),
        /// Keep only so many files, after sorting and `skip`.
        pub limit: Text = Shape::Whole(1, u64::MAX),
        /// What an empty result means: `ok` or `fail`. Where it is absent, one is a warning.
        pub empty: Text = Shape::Words(&["ok", "fail"]),
    }
    rules { "required": ["from"] }
}

slots! {
    /// `download:` files from a server to this machine.
    pub struct Download {
        /// The step whose files to download; or `server` and `files`.
        pub from: Text = Shape::Name,
        /// In place of `from`: the server.
        pub server: Text,
        /// In place of `from`: paths or patterns on `server`.
        pub files: OneOrMany,
        /// The local folder; it is created. Required.
        pub into: Text,
        ..
        /// Transfer options.
        pub transfer: Transfer,
    }
    rules { "required": ["into"], "oneOf": [{ "required": ["from"] }, { "required": ["server", "files"] }] }
}

slots! {
    /// `upload:` files from this machine to a server.
    pub struct Upload {
        /// The step whose local files to upload; or `files`.
        pub from: Text = Shape::Name,
        /// In place of `from`: local paths or patterns.
        pub files: OneOrMany,
        /// The server. Required.
        pub to: Text,
        /// The folder there; it is created. Required.
        pub into: Text,
        /// Permissions of the new files, such as `0644`, set with SITE CHMOD.
        pub chmod: Text = Shape::Mode,
        ..
        /// Transfer options.
        pub transfer: Transfer,
    }
    rules { "required": ["to", "into"], "oneOf": [{ "required": ["from"] }, { "required": ["files"] }] }
}

slots! {
    /// `relay:` files from one server to another, through memory.
    pub struct Relay {
        /// The step whose files to relay; or `server` and `files`.
        pub from: Text = Shape::Name,
        /// In place of `from`: the server that has the files.
        pub server: Text,
        /// In place of `from`: paths or patterns on `server`.
        pub files: OneOrMany,
        /// The server that gets them. Required.
        pub to: Text,
        /// The folder there; it is created. Required.
        pub into: Text,
        /// Permissions of the new files, such as `0644`, set with SITE CHMOD.
        pub chmod: Text = Shape::Mode,
        ..
        /// Transfer options.
        pub transfer: Transfer,
    }
    rules { "required": ["to", "into"], "oneOf": [{ "required": ["from"] }, { "required": ["server", "files"] }] }
}

slots! {
    /// `move:` files to another folder on the side where they lie, by renaming them.
    pub struct Move {
        /// Transfers of which to move exactly the source files that were proven at their destination.
        pub sources_of: OneOrMany = Shape::Name,
        /// In place of `sources_of`: a transfer of which to move the source files that failed. `when` is `always` then, where it is
        /// not written.
        pub failed_of: Text = Shape::Name,
        /// In place of `sources_of`: the list, filter or transfer whose files to move.
        pub from: Text = Shape::Name,
        /// The folder, on the side where the files lie; it is created. Required.
        pub into: Text,
        /// Another name for the last part of each path: what `match` matches becomes `to`.
        pub rename: Rename,
        /// What to do where a name is taken in `into`: `fail`, `number` (`a (2).txt`) or `overwrite`. Default: fail.
        pub if_exists: Text = Shape::Words(&["fail", "number", "overwrite"]),
        /// What counts as arrived: `copy` (the file was seen at its destination, in size and time), `reply` (the server took
        /// all of it, for inboxes that show nothing) or `ledger` (an earlier run of a step with `once` has proven it). Default:
        /// copy.
        pub accept: OneOrMany = Shape::Words(&["copy", "reply", "ledger"]),
        /// The most files; of more, none is moved. Default: 100.
        pub max: Text = Shape::Whole(1, u64::MAX),
    }
    rules { "required": ["into"], "oneOf": [{ "required": ["sources_of"] }, { "required": ["failed_of"] }, { "required": ["from"] }] }
}

slots! {
    /// `delete:` files.
    pub struct Delete {
        /// Transfers of which to delete exactly the source files that were proven at their destination.
        pub sources_of: OneOrMany = Shape::Name,
        /// A transfer; what its `into` holds and no source has is deleted, once all that put files there have succeeded.
        pub extras_of: Text = Shape::Name,
        /// With `extras_of`, what an empty source means, or a folder of it that is empty now: `fail` (nothing is deleted) or
        /// `delete`. Default: fail.
        pub if_empty: Text = Shape::Words(&["fail", "delete"]),
        /// The step whose files to delete.
        pub from: Text = Shape::Name,
        /// In place of `from`: the server.
        pub server: Text,
        /// In place of `from`: paths or patterns on `server`.
        pub files: OneOrMany,
        /// Allow `from` to name a transfer: its copies are deleted. Default: false.
        pub copies: Text = Shape::Boolean,
        /// What counts as arrived: `copy` (the file was seen at its destination, in size and time), `reply` (the server took
        /// all of it, for inboxes that show nothing) or `ledger` (an earlier run of a step with `once` has proven it). Default:
        /// copy.
        pub accept: OneOrMany = Shape::Words(&["copy", "reply", "ledger"]),
        /// The most files, with `extras_of` also as a share of what stands there (`10%`); of more, none is deleted. Default: 100.
        pub max: Text = Shape::Count,
        /// What to do with folders: `keep`, or `remove_empty`. Default: keep.
        pub directories: Text = Shape::Words(&["keep", "remove_empty"]),
    }
    rules { "oneOf": [{ "required": ["sources_of"] }, { "required": ["extras_of"] }, { "required": ["from"] }, { "required": ["server", "files"] }] }
}
