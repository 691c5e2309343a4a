//! Options that several parts of a manifest share.

use crate::manifest::slot::{Text, WordOr, slots};

slots! {
    /// How often, and how fast, one operation is tried again.
    pub struct Retry {
        /// Tries in all of one operation: a login, a folder's listing, a file, a deletion. Default: 4.
        pub attempts: Text = Shape::Whole(1, 1000),
        /// The wait before the second try; it doubles with each further one. Default: 1s.
        pub backoff: Text = Shape::Duration,
        /// The longest wait between two tries. Default: 30s.
        pub max_backoff: Text = Shape::Duration,
    }
}

slots! {
    /// Another name on the way.
    pub struct Rename {
        /// A regular expression; the first place in a file's name that it matches is replaced. Other names stay. Required.
        pub r#match: Text,
        /// What comes in its place: `$1` is the first group of the expression, `${name}` one with a name. Required.
        pub to: Text,
    }
    rules { "required": ["match", "to"] }
}

slots! {
    /// How files are transferred.
    pub struct Transfer {
        /// What to do with a file that is there already: `update` (transfer what is missing, differs in size or is older),
        /// `overwrite`, `skip` or `fail`. Default: update.
        pub if_exists: Text = Shape::Words(&["update", "overwrite", "skip", "fail"]),
        /// When a file becomes visible: `file` (temporary name, then rename), `set` (all at once when every file has arrived)
        /// or `direct` (under its final name at once, for servers without rename). Default: file.
        pub publish: Text = Shape::Words(&["file", "set", "direct"]),
        /// How a transfer is proven: `size`, `checksum` or `none`. Default: size.
        pub verify: Text = Shape::Words(&["size", "checksum", "none"]),
        /// Continue a partial file. Default: true.
        pub resume: Text = Shape::Boolean,
        /// The time that a file gets: `keep` that of its source, or `now`. Default: keep.
        pub times: Text = Shape::Words(&["keep", "now"]),
        /// `binary`, or `ascii`: line ends are converted. Default: binary.
        pub r#type: Text = Shape::Words(&["binary", "ascii"]),
        /// Keep only the last part of each path. Default: false.
        pub flatten: Text = Shape::Boolean,
        /// Another name for the last part of each path: what `match` matches becomes `to`.
        pub rename: Rename,
        /// Most files of this step in flight at once. Default: as many as the server's `connections`.
        pub parallel: Text = Shape::Whole(1, 1000),
        /// Transfer each source file once, in all runs, also when its copy has been moved away since: `true`, or for how long a
        /// file is remembered that the source does not show any more (`90d`), or a map. Default: false.
        pub once: WordOr<Once> = Shape::BooleanOrDuration,
        /// With `once`: the most files that one run takes, the oldest of those that are new. Default: all.
        pub max_files: Text = Shape::Whole(1, u64::MAX),
    }
}

slots! {
    /// `once:` as a map.
    pub struct Once {
        /// The name that files are known by, so that the step can be renamed. Default: the step's.
        pub r#as: Text = Shape::Name,
        /// How long a file is remembered that the source does not show any more. Default: for ever.
        pub r#for: Text = Shape::Duration,
    }
}

slots! {
    /// How much all lists of servers hold at once before one fails.
    pub struct RunLimits {
        /// Entries of all sets that are still needed. Default: 1000000, or the most that a server's own `limits` allow.
        pub entries: Text = Shape::Whole(1, 50_000_000),
    }
}
