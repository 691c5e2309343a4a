//! Moving files between two ends, each a server or this machine: what to do, doing it, and proving it.
//!
//! `download`, `upload` and `relay` only name two ends. [`decide`] is pure: it compares a file set with what stands
//! at the destination and says, for each file, what is to be done. [`copy()`] does it for one file, with one loop for
//! all kinds of ends; [`publish()`] gives a file its final name, [`settle()`] looks what became of one whose reply was
//! lost, [`compare`] and [`confirm`] prove a file that stands there unchanged, and [`still_same`] guards a deletion.

mod ascii;
mod checksum;
mod confirm;
mod copy;
mod data_flow;
mod decide;
mod decision;
mod disk;
mod end;
mod error;
mod flow;
mod hasher;
mod inventory;
mod item;
mod partial;
mod places;
mod prove;
mod publish;
mod remove;
mod request;
mod server;
mod spared;
mod verify;
mod version;

pub use checksum::{Compared, compare};
pub use confirm::{confirm, sees_time_kept};
pub use copy::{BUFFER, Copied, copy};
pub use decide::decide;
pub use decision::{DecideError, Decision, Decisions, Exactness, MOST_OTHERS, Refusal, Skip};
pub use disk::Disk;
pub use end::{Arrived, End, Fetch, Looks, Put, Reading, Refused, Seen};
pub use error::{Cause, CopyError, Doubt, Role, SizeProblem, Stage, SumProblem};
pub use inventory::{Inventory, Manners, Standing, folders};
pub use item::Item;
pub use places::{Unsure, Verdict, ask_others, ask_places, mark_folder, mark_path, marks_in};
pub use publish::{Published, Settled, discard, publish, settle, written};
pub use remove::{Changed, Fate, still_same};
pub use request::{Choice, Request};
pub use server::Server;
pub use spared::Spared;

// What of a session's protocol the rooms above may name.
pub use crate::ftp::{Breaker, Class, Deleted, Facts, Why};
pub use crate::local::Links;
