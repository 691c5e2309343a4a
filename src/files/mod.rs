//! Names, entries, file sets, patterns and filtering. Pure data and rules: nothing here does I/O.

mod encoding;
mod entry;
mod filter;
mod limits;
mod listing;
mod name;
mod page;
mod path;
mod pattern;
mod set;
mod temporary;

pub use encoding::{Decoded, NameEncoding};
pub use entry::{Kind, Precision, ServerId, Side, Time};
pub use filter::{Filter, Filtered, KindTest, Sort, SortKey};
pub use limits::{Allowance, Limit, Limits};
pub use listing::{Folder, Listing};
pub use name::{NameProblem, Reach, check_command, check_component, local_component, translate};
pub use page::{Page, PageEntry, Problems};
pub use path::{below, join, parents, split};
pub use pattern::{Pattern, PatternError, Patterns};
pub use set::{FileSet, Route};
pub use temporary::{Fingerprint, is_temporary, temporary_name};
