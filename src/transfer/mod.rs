//! Moving files between two ends, each a server or this machine: what to do, doing it, and proving it.
//!
//! `download`, `upload` and `relay` only name two ends. [`decide`] is pure: it compares a file set with what stands
//! at the destination and says, for each file, what is to be done.

mod decide;
mod inventory;
mod item;
mod remove;
mod request;

pub use decide::{DecideError, Decision, Decisions, Refusal, Skip, decide};
pub use inventory::{Inventory, Manners, Standing, folders};
pub use item::Item;
pub use remove::{Fate, still_same};
pub use request::Request;
