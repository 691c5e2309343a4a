//! Text → tree with places → [`Manifest`].
//!
//! What a user wrote is read here and nothing of it is judged beyond YAML itself: presence, types, ranges, names and unknown
//! keys are `plan::compile`'s, which collects every mistake in one go. Reading cannot fail half way: each field is a
//! [`Slot`], each value keeps its place in the file, and a broken step hides no other.
//!
//! Deliberately absent: I/O, and any parsing of the file's text by serde_yaml (it keeps no places, makes `2.1` of `2.10` and
//! takes the last of two equal keys in silence). Only `parse` names the YAML parser.

mod build;
mod code;
mod decode;
mod finding;
mod line;
mod merge;
pub mod model;
mod parse;
mod path;
mod quotes;
mod read;
mod refuse;
mod repair;
mod schema;
mod shape;
mod slot;
mod source;
mod suggest;
mod traps;
mod tree;

pub use code::{YAML_CODES, whole_code};
pub use finding::{Finding, Place, Severity};
pub use model::Manifest;
pub use path::{Path, Segment};
pub use read::{MAX_BYTES, Read};
pub use schema::{SCHEMA_ID, json_schema};
pub use shape::ENCODINGS;
pub use slot::{Keys, OneOrMany, Slot, Text, WordOr};
pub use source::{Position, Source};
pub use suggest::suggest;
pub use tree::{Entry, Item, Kind, Location, MAX_DEPTH, MAX_NODES, Map, Node, NodeId, Style, Tree};

#[cfg(test)]
mod tests;
