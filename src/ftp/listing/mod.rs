//! The lines of listings, one file a dialect. All read bytes: names are in any encoding.

pub(super) mod dos;
pub(super) mod lines;
pub(super) mod mlsd;
pub(super) mod nlst;
mod row;
pub(super) mod time;
pub(super) mod unix;

pub(super) use row::{Parsed, list_line};
