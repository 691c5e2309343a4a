//! A plan for people: the same shape as a [`Plan`], with holes where values are not known.

use std::sync::Arc;

use super::model::Plan;

/// What `run --dry-run` and `graph` print. There is one for every manifest without errors, known values or not.
#[derive(Debug, Clone)]
pub struct Printable {
    /// Texts with unknown values stand as they are written (`dist/${env.X}`); numbers, booleans and words that are not
    /// known have their defaults, and a hole that says so.
    pub plan: Arc<Plan>,
    /// The fields whose values are not known, in the order in which they were met.
    pub holes: Vec<Hole>,
}

/// A field whose value is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Its symbolic path: `steps.keep.retry.attempts`.
    pub path: String,
    /// Its text as written.
    pub written: String,
}

impl Printable {
    /// The text as written of a field that is not known: print it in place of the plan's value.
    pub fn written(&self, path: &str) -> Option<&str> {
        let hole = self.holes.iter().find(|hole| hole.path == path);
        hole.map(|hole| hole.written.as_str())
    }
}
