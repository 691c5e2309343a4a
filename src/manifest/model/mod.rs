//! The manifest as its user wrote it, every field a slot. One file a part of the language.

mod manifest;
mod options;
mod server;
mod step;

pub use manifest::Manifest;
pub use options::{Once, Rename, Retry, RunLimits, Transfer};
pub use server::{Data, Limits, Server, Timeouts, Tls};
pub use step::*;
