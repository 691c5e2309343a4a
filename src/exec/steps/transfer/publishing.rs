//! `publish: set`: all files get their final names together, and what is visible is said where that breaks.

use std::sync::Arc;
use std::time::Instant;

use super::ends::Terms;
use super::phase::{Phase, Publishing, Work};
use super::piece::{Named, NotDone};
use super::state::{Happened, State};
use super::{Flight, Transfer, batch, entering};
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::exec::steps::job;

/// Files that one job renames at most: what its end changes is taken in at once.
const NAMED_AT_ONCE: usize = 500;
/// Names in one warning.
const MOST_NAMES: usize = 10;

impl Publishing {
    /// The names of a set, in the order in which they are given.
    pub(super) fn new(order: Vec<u32>) -> Publishing {
        Publishing {
            order,
            next: 0,
            again: false,
        }
    }

    /// The files that are next.
    pub(super) fn slice(&self) -> Vec<u32> {
        let left = self.order.iter().skip(self.next);
        left.take(NAMED_AT_ONCE).copied().collect()
    }

    fn is_done(&self) -> bool {
        self.next >= self.order.len()
    }

    /// Whether some of the set are visible, and others not.
    pub(super) fn is_torn(&self) -> bool {
        self.next > 0 && !self.is_done()
    }
}

impl Transfer {
    /// The job that names some of the set.
    pub(super) fn name_some(&mut self, shared: &mut Shared) -> Option<(Flight, job::Work)> {
        let Phase::Work(terms, Work::Publish(publishing)) = &mut self.phase else {
            return None;
        };
        let (slice, again) = (publishing.slice(), std::mem::take(&mut publishing.again));
        let terms = Arc::clone(terms);
        for at in &slice {
            self.happened(*at, Happened::NamingBegan);
        }
        shared.intend(self.id, slice.iter().map(|at| terms.set.absolute(*at)));
        let work = batch::publish(Arc::clone(&terms), slice.clone(), again);
        Some((Flight::Whole, entering::names(terms, slice, work)))
    }

    /// Takes in renames, in the order in which they were asked for; the last one may have failed.
    pub(super) fn published(
        &mut self,
        published: Vec<(u32, Named)>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let Some(asked) = self.publishing().map(|publishing| publishing.slice()) else {
            return;
        };
        for (at, result) in published {
            match result {
                Ok(warning) => self.named(at, warning, shared),
                Err(not_done) => self.not_named(at, not_done, now, shared),
            }
        }
        for at in asked {
            if matches!(self.files.state(at), State::Naming(_)) {
                self.happened(at, Happened::NotNamed);
            }
        }
        if self
            .publishing()
            .is_some_and(|publishing| publishing.is_done())
        {
            self.phase.close();
        }
    }

    fn publishing(&mut self) -> Option<&mut Publishing> {
        match &mut self.phase {
            Phase::Work(_, Work::Publish(publishing)) => Some(publishing),
            _ => None,
        }
    }

    fn named(&mut self, at: u32, warning: Option<String>, shared: &mut Shared) {
        if let Some(publishing) = self.publishing() {
            publishing.next += 1;
        }
        let (proven, earlier) = match self.files.note(at) {
            Some(note) => (
                note.unproven.clone().map_or(Ok(()), Err),
                note.warning.clone(),
            ),
            None => (Ok(()), None),
        };
        let bytes = self.bytes_of(at);
        self.stood(at, proven, earlier.or(warning), bytes, shared);
    }

    fn not_named(&mut self, at: u32, not_done: NotDone, now: Instant, shared: &mut Shared) {
        let NotDone { fault, is_unknown } = not_done;
        let mut tries = self.once.tries;
        let again = self.again(&mut tries, &fault, false, shared);
        self.once.tries = tries;
        if let Some(wait) = again {
            self.once.not_before = Some(now + wait);
            if let Some(publishing) = self.publishing() {
                publishing.again = true;
            }
            return;
        }
        self.tell_part_of_set(Some((at, is_unknown)), shared);
        let bytes = self.bytes_of(at);
        self.files.note_mut(at).may_stand |= is_unknown;
        self.fail_file(at, fault, bytes, shared);
        self.phase.close();
    }

    fn bytes_of(&self, at: u32) -> u64 {
        match self.files.state(at) {
            State::Arrived(bytes) | State::Naming(bytes) => bytes,
            _ => 0,
        }
    }

    /// A set of which something may be visible is left as it is.
    pub(super) fn leave_set(&mut self, shared: &mut Shared) {
        if self
            .publishing()
            .is_some_and(|publishing| publishing.is_torn())
        {
            self.tell_part_of_set(None, shared);
        }
    }

    /// Renaming is not atomic: which files are visible is said when it breaks. `broken`: the one it broke at, and whether
    /// its reply is missing.
    fn tell_part_of_set(&mut self, broken: Option<(u32, bool)>, shared: &mut Shared) {
        let Phase::Work(terms, Work::Publish(publishing)) = &self.phase else {
            return;
        };
        let (named, all) = (publishing.next, publishing.order.len());
        let mut text = match named {
            0 => {
                format!("the set is not published: none of its {all} files is known to be visible")
            }
            1 => format!("the set is published in part: 1 of its {all} files is visible"),
            _ => format!("the set is published in part: {named} of its {all} files are visible"),
        };
        if named > 0 {
            let visible = names(terms, &publishing.order[..named]);
            text.push_str(&format!(" ({visible})"));
        }
        if let Some((at, true)) = broken {
            let name = names(terms, &[at]);
            text.push_str(&format!(
                "; whether {name} is, is not known, because no reply to its renaming came"
            ));
        }
        text.push_str("; run again to complete it");
        shared.warn_step(self.id, text);
    }

    /// One that has arrived fails, because another file of its set did.
    pub(super) fn withhold(&mut self, at: u32, shared: &mut Shared) {
        let fault = Fault::permanent("arrived, and not published, because another file was not")
            .help("run again: what arrived is continued, not transferred again");
        let bytes = self.bytes_of(at);
        self.fail_file(at, fault, bytes, shared);
    }
}

/// The names of files at the destination, the first few of many.
fn names(terms: &Terms, files: &[u32]) -> String {
    let shown = files.iter().take(MOST_NAMES);
    let shown: Vec<String> = shown.map(|at| format!("`{}`", name(terms, *at))).collect();
    match files.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn name(terms: &Terms, at: u32) -> String {
    let route = &terms.ends.route;
    match route.relative(&terms.set, at) {
        Ok(relative) => route.encoding.decode(&relative).text.into_owned(),
        Err(_) => terms.set.text(at),
    }
}
