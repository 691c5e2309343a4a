//! What all tests share: a scripted FTP server, and the program run in a folder of its own.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a harness offers more than each stage of the suite uses; an `expect` would turn wrong \
              with the first test that uses the rest"
)]

mod case;
pub mod client;
pub mod process;
pub mod real;
mod redact;
mod reset;
pub mod secure;
pub mod server;
pub mod session;
pub(crate) mod table;
pub mod xml;

pub use case::{Case, REPORTS, an_hour_old};
pub use process::{Outcome, Process};
pub use redact::redact;
pub use reset::reset_at;
