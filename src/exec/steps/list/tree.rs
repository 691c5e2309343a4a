//! The tree of folders that a list goes down.

use std::sync::Arc;

/// A folder to be listed.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) relative: Vec<u8>,
    pub(super) depth: u32,
    /// Whether a link led here: it may be broken, or lead in a circle.
    pub(super) through_link: bool,
    /// What the folders above show, where links are followed: one below a link that shows the same is one of them.
    pub(super) above: Option<Arc<Level>>,
}

/// What the folders from the root down to one show, hashed.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) hash: u64,
    pub(super) above: Option<Arc<Level>>,
}

impl Level {
    pub(super) fn shows(mut level: Option<&Level>, hash: u64) -> bool {
        while let Some(one) = level {
            if one.hash == hash {
                return true;
            }
            level = one.above.as_deref();
        }
        false
    }
}

impl Target {
    /// The folder in which a list begins.
    pub(super) fn root() -> Target {
        Target {
            relative: Vec::new(),
            depth: 0,
            through_link: false,
            above: None,
        }
    }
}
