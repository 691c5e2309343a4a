//! TLS of one session: what it trusts, what it resumes, its streams, and what its failures mean.
//!
//! Only this folder names rustls. Each control connection has one [`Client`], because servers want their data
//! connections to resume the session of their own control connection (vsftpd: `require_ssl_reuse`; ProFTPD).

mod client;
mod fault;
mod identity;
mod stream;
mod tickets;
mod trust;

pub(super) use client::Client;
pub use fault::TlsFault;
pub(super) use fault::explain;
pub(super) use stream::{Secure, Upgrade, injected};
