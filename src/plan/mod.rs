//! From a manifest to a plan: names resolved, variables bound, edges and hazards found. No I/O.

mod allow;
mod assemble;
mod builder;
mod codes;
mod compile;
mod context;
mod endings;
mod extents;
mod graph;
mod hazards;
mod identity;
mod inputs;
mod kinds;
mod meeting;
mod model;
mod names;
mod only;
mod options;
mod printable;
mod proposals;
mod secrets;
mod server;
mod server_parts;
mod shorthand;
mod sides;
mod step;
mod step_files;
mod step_moves;
mod step_sets;
mod template;
#[cfg(test)]
mod tests;
mod unused;
mod values;
mod variables;

pub use codes::PLAN_CODES;
pub use compile::{Compiled, compile};
pub use extents::homes_wanted;
pub use hazards::{Hazard, hazards, late_hazards};
pub use inputs::{Inputs, Values, local_zone, undeclared_vars, wanted_files};
pub use kinds::{Action, Fact};
pub use model::*;
pub use printable::{Hole, Printable};
pub use secrets::Secrets;
