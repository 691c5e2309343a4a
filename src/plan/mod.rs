//! From a manifest to a plan: names resolved, variables bound, edges and hazards found. No I/O.

mod model;
mod secrets;

pub use model::*;
pub use secrets::Secrets;
