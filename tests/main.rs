//! One binary for all integration tests; one file a capability, over one harness.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "Clippy takes helpers outside #[test] for production code; here a panic is the failing of a test"
)]

mod checksums;
mod checksums_real;
mod copying;
mod copying_real;
mod cuts;
mod ftp_session;
mod harness;
mod harness_itself;
mod house;
mod killed;
mod pipelines;
mod real_servers;
mod scripted_faults;
mod scripted_server;
