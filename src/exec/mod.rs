//! Runs a plan: the dispatcher, its ready queue, its sessions, and one file for each kind of step.

mod backlog;
mod clock;
mod dispatcher;
mod earlier;
mod fault;
mod folder_marks;
mod gate;
mod heads;
mod journaling;
mod learning;
mod marking;
mod opened;
mod opening;
mod pages;
mod plan_facts;
mod proofs;
mod ready;
mod request;
mod roles;
mod sessions;
mod shared;
mod steps;
#[cfg(test)]
mod tests;
mod world;

pub use request::{Interrupt, Request, StartError, run, run_in};
pub use world::{Chore, Executor, Redact, World};
