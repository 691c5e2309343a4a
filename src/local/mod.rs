//! The only room below the command line that touches the user's disk.
//!
//! Everything is reached through a [`Root`] by a relative path, one component after the other, so that a
//! name that came from a server can never lead out of it. Unix only.

mod error;
mod list;
mod root;
mod write;

pub use error::{Act, Class, Error, Problem};
pub use root::{Found, Links, Reading, Root, bytes, resolved};
pub use write::Writing;
