//! One simulated case as plain data: a world, a plan, and what happens to them. Shrinking takes parts of it away.

use super::switches::Switches;

/// The side of this machine; others are servers, by their position and 1.
pub(super) const LOCAL: usize = 0;

/// A case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) on: Switches,
    /// The seed of the order in which jobs run and of how long each call takes.
    pub(super) order: u64,
    pub(super) stores: Vec<Store>,
    /// This machine first, then each server entry of the manifest.
    pub(super) views: Vec<View>,
    pub(super) files: Vec<FileSpec>,
    pub(super) links: Vec<LinkSpec>,
    pub(super) steps: Vec<Step>,
    pub(super) faults: Vec<Planned>,
    pub(super) jobs: Option<usize>,
    /// What follows after a kill: that run continued, or the manifest run anew.
    pub(super) resumes: bool,
}

/// A tree of folders that one or several views show.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Store {
    pub(super) folds: bool,
    pub(super) trims: bool,
    /// Seconds that its clock is ahead.
    pub(super) offset: i64,
}

/// This machine, or a server entry.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) store: usize,
    /// The folder of the store that it begins in.
    pub(super) root: &'static str,
    /// The folder after login.
    pub(super) home: &'static str,
    pub(super) host: String,
    pub(super) connections: usize,
    /// The most sessions that the server takes.
    pub(super) cap: usize,
    pub(super) habits: Habits,
}

/// What a server does and does not do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Times in listings.
    pub(super) times: Times,
    /// Sizes in listings.
    pub(super) sizes: bool,
    /// SIZE
    pub(super) size: bool,
    /// MDTM
    pub(super) mdtm: bool,
    /// MFMT
    pub(super) mfmt: bool,
    /// REST and APPE
    pub(super) restart: bool,
    /// Names with a leading dot are not listed.
    pub(super) hides_dots: bool,
    /// RNTO onto a name that stands there is refused.
    pub(super) no_rename_over: bool,
    /// Nothing that arrives stays visible.
    pub(super) inbox: bool,
}

impl Habits {
    /// Of a server that does all, and exactly.
    pub(super) const GOOD: Habits = Habits {
        times: Times::Second,
        sizes: true,
        size: true,
        mdtm: true,
        mfmt: true,
        restart: true,
        hides_dots: false,
        no_rename_over: false,
        inbox: false,
    };
}

/// How exactly a listing tells times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Second,
    /// As LIST does: the minute of recent files, the day of old ones.
    Minute,
    None,
}

/// A file that stands there at the beginning.
#[derive(Debug, Clone)]
pub(super) struct FileSpec {
    pub(super) store: usize,
    pub(super) folder: &'static str,
    pub(super) name: &'static str,
    /// Files of one number have one content.
    pub(super) content: usize,
    pub(super) length: usize,
    /// Seconds before the beginning.
    pub(super) age: i64,
}

/// A link that stands there at the beginning.
#[derive(Debug, Clone)]
pub(super) struct LinkSpec {
    pub(super) store: usize,
    pub(super) folder: &'static str,
    pub(super) name: &'static str,
    /// For a hard link, the path of a file in the store; else the path of a folder or file.
    pub(super) to: &'static str,
    pub(super) hard: bool,
}

/// A step of the manifest.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) needs: Vec<String>,
    pub(super) what: What,
    pub(super) attempts: u32,
    pub(super) goes_on: bool,
    /// `when`, where it is written.
    pub(super) when: Option<&'static str>,
    /// Seconds.
    pub(super) timeout: Option<u32>,
}

/// Its kind.
#[derive(Debug, Clone)]
pub(super) enum What {
    List {
        side: usize,
        path: String,
        recursive: bool,
        follow: bool,
        hidden: bool,
    },
    Filter {
        from: String,
        include: &'static str,
    },
    Transfer {
        from: String,
        source: usize,
        to: usize,
        into: String,
        options: Vec<(&'static str, &'static str)>,
    },
    SourcesOf {
        steps: Vec<String>,
        remove_empty: bool,
        max: usize,
    },
    DeleteFrom {
        from: String,
        copies: bool,
        remove_empty: bool,
        max: usize,
    },
}

/// Something that happens at a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    /// The number of the call, counted through all runs of the case.
    pub(super) at: u32,
    pub(super) what: Fault,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The session is lost before the call was done.
    LostBefore,
    /// It was done, and no reply came.
    LostAfter,
    /// The data connection breaks in the middle.
    Cut,
    /// A complete reply that refuses.
    Refuse(u16),
    /// The disk or quota is full: data does not arrive whole.
    Full,
    /// It takes so many milliseconds.
    Delay(u32),
    /// Another job runs meanwhile.
    Beside,
    /// The run is killed; with the machine, where `power` goes.
    Kill { power: bool },
    /// Ctrl-C.
    Interrupt,
    /// Somebody else does something to a file; which one follows from the number.
    Somebody(Deed, u32),
}

/// What somebody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Writes other bytes of the same size, in place.
    Rewrites,
    /// Puts another file of the same size in its place.
    Replaces,
    /// Puts another file of another size in its place.
    Changes,
    /// Takes it away.
    Takes,
    /// Gives it another name.
    Renames,
    /// Puts a new file beside it.
    Adds,
    /// Puts a new file under the name for which another file is on its way.
    Comes,
}
