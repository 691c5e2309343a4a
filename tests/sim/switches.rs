//! What of the world is simulated: all dangers, or some by name, so that what one of them finds is seen alone.

/// Dangers, each on or off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Switches {
    pub(super) kills: bool,
    /// Rule 1 and 2: a folder under several server entries.
    pub(super) aliases: bool,
    /// Rule 1 and 2: a local folder that is also a server's root.
    pub(super) local_roots: bool,
    /// Rule 1: paths with `..`, `.` and relative ones.
    pub(super) spellings: bool,
    /// Rule 1: a link to a folder.
    pub(super) folder_links: bool,
    /// Rule 4: hard and symbolic links to single files.
    pub(super) file_links: bool,
    /// `follow_links`.
    pub(super) followed_links: bool,
    /// Rule 3: stores that fold case.
    pub(super) folds: bool,
    /// Rule 3: stores that drop dots and spaces at the end.
    pub(super) trims: bool,
    /// Rule 5: listings without seconds, or without times.
    pub(super) coarse_times: bool,
    /// Rule 8: servers without SIZE.
    pub(super) no_size: bool,
    /// Rule 5: servers that cannot set times, and `times: now`.
    pub(super) no_times: bool,
    /// Rule 3: somebody else takes and adds files.
    pub(super) somebody: bool,
    /// Rule 5 and 6: somebody else writes and replaces files.
    pub(super) rewrites: bool,
    /// Rule 2: transfers into the folder that they take from, or one above or below it.
    pub(super) own_folders: bool,
    /// Rule 3: a copy for which the run has deleted the source is not overwritten by another step of that run.
    pub(super) overwritten_copies: bool,
    /// Rule 2: `publish: direct`.
    pub(super) direct: bool,
    /// Rule 7: `copies: true`.
    pub(super) deleted_copies: bool,
    /// Rule 8: servers that refuse to rename over a file.
    pub(super) refused_renames: bool,
    /// Rule 10: destinations where nothing stays.
    pub(super) inboxes: bool,
    /// Rule 6: a power loss.
    pub(super) power_loss: bool,
}

impl Switches {
    /// A plain world, in which runs are killed.
    pub(super) const PLAIN: Switches = Switches {
        kills: true,
        ..Switches::NONE
    };

    /// Nothing but a plain world.
    pub(super) const NONE: Switches = Switches {
        kills: false,
        aliases: false,
        local_roots: false,
        spellings: false,
        folder_links: false,
        file_links: false,
        followed_links: false,
        folds: false,
        trims: false,
        coarse_times: false,
        no_times: false,
        no_size: false,
        somebody: false,
        rewrites: false,
        own_folders: false,
        overwritten_copies: false,
        direct: false,
        deleted_copies: false,
        refused_renames: false,
        inboxes: false,
        power_loss: false,
    };

    /// All of it.
    pub(super) const ALL: Switches = Switches {
        kills: true,
        aliases: true,
        local_roots: true,
        spellings: true,
        folder_links: true,
        file_links: true,
        followed_links: true,
        folds: true,
        trims: true,
        coarse_times: true,
        no_times: true,
        no_size: true,
        somebody: true,
        rewrites: true,
        own_folders: true,
        overwritten_copies: true,
        direct: true,
        deleted_copies: true,
        refused_renames: true,
        inboxes: true,
        power_loss: true,
    };
}

macro_rules! named {
    ($on:ident, $name:ident; $($field:ident)*) => {
        match $name {
            $(stringify!($field) => $on.$field = true,)*
            "all" => $on = Switches::ALL,
            other => panic!("FTPFLOW_SIM_ON: no switch `{other}`"),
        }
    };
}

impl Switches {
    /// A plain world, and some dangers by their names.
    pub(super) fn named(names: &str) -> Switches {
        let mut on = Switches::PLAIN;
        for name in names.split(',').filter(|name| !name.is_empty()) {
            named!(on, name; kills aliases local_roots spellings folder_links file_links followed_links folds trims
                coarse_times no_times no_size somebody rewrites own_folders overwritten_copies direct deleted_copies refused_renames inboxes power_loss);
        }
        on
    }
}
