//! A scripted FTP server on loopback, in plain `std`: real enough to run pipelines against, and
//! able to misbehave on command at any point.
//!
//! It depends on nothing outside this folder, so that an example can embed it with
//! `#[path = "../tests/harness/server/mod.rs"] mod server;`.
//!
//! - [`Server`] says what the server holds and how it behaves; [`Server::start`] makes it [`Running`].
//! - [`On`] says when a rule applies, [`Do`] what happens then; [`Gate`] and [`Meet`] order things
//!   between a test and its servers, so that no test needs to sleep.
//! - Names are bytes everywhere: the server never decodes one.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each program that includes the server uses a part of it; `expect` would be wrong as \
              soon as one of them used the rest"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken test server must stop the test loudly; Clippy sees helpers outside #[test] as production code"
)]

mod ascii;
mod commands;
mod config;
mod content;
mod control;
mod data;
mod digest;
mod disorder;
mod faults;
mod fs;
mod gate;
mod journal;
mod listing;
mod objecting;
mod ports;
mod rules;
mod running;
mod shared;
mod time;
mod transfer;

pub use config::{AsciiSize, Cap, Checksum, Features, OntoExisting, Server};
pub use content::{Content, pattern};
pub use digest::Digest;
pub use faults::{Do, Ending, Mutation};
pub use fs::{Kind, Node, Tree};
pub use gate::{Gate, Meet};
pub use journal::Entry;
pub use listing::ListStyle;
pub use objecting::Objection;
pub use rules::On;
pub use running::{Running, Stat};
