//! What is said of a list that was put together: how much was found, and what could not be read.

use crate::event::{Event, Failure};
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::files::{FileSet, Guess, Kind, Listing, NameEncoding, OddNames, Problems, Side};
use crate::plan::{LIST_UNREADABLE, StepId};

use super::super::FoundSet;

/// So many entries are named in a step's failure; the others are warnings.
const NAMED: usize = 3;

/// Why a list has less than its folders hold.
pub(in crate::exec::steps) struct Unread {
    message: String,
    named: usize,
}

impl Unread {
    /// Entries that were refused or could not be read, else why the listing may not show everything.
    pub(super) fn of(found: &FoundSet) -> Option<Unread> {
        let Problems { shown, count } = &found.problems;
        let named = &shown[..shown.len().min(NAMED)];
        let text = named.join("; ");
        let message = match (*count, count.saturating_sub(named.len())) {
            (0, _) => {
                let reason = found.set.incomplete_reason()?;
                format!("the listing is incomplete: {reason}")
            }
            (1, _) => format!("an entry was refused or cannot be read: {text}"),
            (all, 0) => format!("{all} entries were refused or cannot be read: {text}"),
            (all, more) => {
                format!("{all} entries were refused or cannot be read: {text}; and {more} more")
            }
        };
        let named = named.len();
        Some(Unread { message, named })
    }

    pub(super) fn failure(self, set: &FileSet) -> Box<Failure> {
        let rest = match set.is_empty() {
            true => "the list is empty without them",
            false => "other steps go on with the rest",
        };
        let code = LIST_UNREADABLE.trim_start_matches("ftpflow::");
        let help = format!(
            "{rest}; where that is fine, write `unreadable: warn` in the `list`, or `allow: [{code}]`"
        );
        Fault::permanent(self.message).help(help).failure
    }
}

/// What the names of a server are in, where they are not UTF-8 and nothing is declared.
pub(in crate::exec::steps) fn foreign(listing: &Listing) -> Option<Guess> {
    let server = listing.side() != Side::Local;
    if !server || listing.encoding() != NameEncoding::Auto {
        return None;
    }
    let mut odd = OddNames::default();
    listing.names().for_each(|name| odd.see(name));
    odd.alarm()
}

/// Says what was found, and what could not be read, but for the problems and the gap that the step's failure tells of.
pub(in crate::exec::steps) fn report(
    id: StepId,
    found: &FoundSet,
    unread: Option<&Unread>,
    gap: Option<&str>,
    shared: &mut Shared,
) {
    let named = unread.map_or(0, |unread| unread.named);
    warn(id, &found.problems, named, "refused or unreadable", shared);
    warn(id, &found.repeated, 0, "listed more than once", shared);
    let reason = found.set.incomplete_reason();
    // That a line cannot be read is said of that line.
    let of_lines = |reason: &str| found.problems.count == 0 || reason.ends_with("cannot be read");
    let told = |reason: &str| Some(reason) == gap || (unread.is_some() && of_lines(reason));
    if let Some(reason) = reason.filter(|reason| !told(reason)) {
        shared.warn_step(id, format!("the listing is incomplete: {reason}"));
    }
    let set = &found.set;
    if let Some(guess) = &found.foreign {
        let server = shared.plan.side_name(set.side());
        shared.warn_step(id, format!("the names {}", guess.advice(server)));
    }
    let files = set.positions().filter(|at| set.kind(*at) == Kind::File);
    shared.emit(Event::StepSized {
        step: id.0 as usize,
        files: files.count() as u64,
        bytes: 0,
    });
}

fn warn(id: StepId, problems: &Problems, told: usize, what: &str, shared: &mut Shared) {
    for text in problems.shown.iter().skip(told) {
        shared.warn_step(id, text.clone());
    }
    let more = problems.count.saturating_sub(problems.shown.len());
    if more > 0 {
        shared.warn_step(id, format!("{more} further entries {what}"));
    }
}
