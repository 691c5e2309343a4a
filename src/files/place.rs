//! A folder as somebody found it.

use serde::{Deserialize, Serialize};

use super::entry::Side;
use super::path::folder_of;

/// A folder on a side, by the path under which it was found there: what a server answered, or what the disk resolved.
///
/// Equal places are one folder. Different ones may be one, too, through a link, another name of a host, a second account
/// or shared storage: whether they are is asked, never concluded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// This machine, or the first server entry of its key.
    pub side: Side,
    /// Absolute path, as bytes of that side.
    pub folder: Vec<u8>,
}

impl Place {
    /// The folder that an absolute path lies in.
    pub fn above(side: Side, path: &[u8]) -> Place {
        Place {
            side,
            folder: folder_of(path).to_vec(),
        }
    }
}
