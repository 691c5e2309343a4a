//! One binary for all integration tests; one file a capability, over one harness.

mod harness;
mod real_servers;
