//! The lines of listings, one file a dialect. All read bytes: names are in any encoding.

pub(super) mod bounds;
mod date;
mod date_numbers;
mod dos;
mod eplf;
mod ibm_i;
pub(super) mod lines;
pub(super) mod mlsd;
mod mode;
mod month;
mod month_names;
mod mvs;
mod name_first;
pub(super) mod nlst;
mod os2;
mod reader;
mod row;
mod signs;
mod size_first;
pub(super) mod time;
mod total;
mod unix;
mod vm;
mod vms;
pub(super) mod zone;

pub(super) use reader::Reader;
#[cfg(test)]
pub(super) use row::list_line;
pub(super) use row::{Parsed, is_folder_itself};
