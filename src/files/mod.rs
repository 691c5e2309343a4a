//! Names, entries, file sets, patterns and filtering. Pure data and rules: nothing here does I/O.

mod aside;
mod budget;
mod by_text;
mod encoding;
mod entry;
mod filter;
mod fold;
mod guess;
mod limits;
mod listing;
mod marker;
mod name;
mod page;
mod path;
mod pattern;
mod place;
mod renaming;
mod set;
mod temporary;
pub mod written;

pub use aside::{aside_path, is_aside, put_aside_from};
pub use budget::Budget;
pub use encoding::{Decoded, NameEncoding};
pub use entry::{
    BETWEEN_ZONES, Kind, LONGEST_YOUTH, Precision, ServerId, Side, Time, is_young, racy,
    racy_in_some_zone,
};
pub use filter::{Filter, Filtered, KindTest, Sort, SortKey};
pub use fold::{fold, folded, name_keys, same_form};
pub use guess::{Guess, OddNames, stands_in};
pub use limits::{Allowance, Limit, Limits};
pub use listing::{Folder, Listing};
pub use marker::{Marker, MarkerPart};
pub use name::{NameProblem, Reach, check_command, check_component, local_component, translate};
pub use page::{Page, PageEntry, Problems};
pub use path::{below, folder_of, join, parents, split};
pub use pattern::{Pattern, PatternError, Patterns};
pub use place::Place;
pub use renaming::{Rename, Renaming};
pub use set::{FileSet, Route};
pub use temporary::{Fingerprint, Partials, TEMPORARY_TAIL, away_name, is_temporary, name_before};
