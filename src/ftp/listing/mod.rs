//! The lines of listings, one file a dialect. All read bytes: names are in any encoding.

mod dos;
mod eplf;
pub(super) mod lines;
pub(super) mod mlsd;
mod month;
pub(super) mod nlst;
mod reader;
mod row;
pub(super) mod time;
mod unix;
mod vms;

pub(super) use reader::Reader;
pub(super) use row::Parsed;
#[cfg(test)]
pub(super) use row::list_line;
