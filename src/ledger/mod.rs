//! What earlier runs have transferred: a database that outlives them, in the state's folder.
//!
//! A step with `once` asks it which of its source files are new, writes an intent before a file can get its final name, and
//! enters the file once it is proven. An intent without an entry is of a run that was cut off: the next one looks.
//!
//! Files are known by manifest, step and entry of `servers`, by path, size and time; never by variables. `docs/ledger.md`
//! describes the tables, which any SQLite opens.

mod ask;
mod enter;
mod error;
mod history;
mod store;
#[cfg(test)]
mod tests;
mod version;

pub use ask::Answer;
pub use enter::{Entry, How, Stamp};
pub use error::LedgerError;
pub use history::Past;
pub use store::{Access, FILE, Scope, Store};
pub use version::Version;
