//! One binary for all integration tests; one file a capability, over one harness.

mod harness;
mod harness_itself;
mod scripted_server;
