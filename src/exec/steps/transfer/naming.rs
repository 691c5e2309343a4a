//! `publish: set`: all files get their final names together, and what is visible is said where that breaks.

use std::time::Instant;

use crate::transfer::Copied;

use super::batch::{Named, NotDone};
use super::{Phase, Transfer};
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;

/// Names in one warning.
const MOST_NAMES: usize = 10;

impl Transfer {
    /// Takes in the renames of a whole set, in path order; the last one may have failed.
    pub(super) fn published(
        &mut self,
        published: Vec<(u32, Named)>,
        now: Instant,
        shared: &mut Shared,
    ) {
        for (at, result) in published {
            // The renames come in the order in which they were asked for.
            let Some((_, mut copied)) = self.next_arrived(at) else {
                continue;
            };
            match result {
                Ok(warning) => {
                    copied.warning = copied.warning.or(warning);
                    self.named.push(at);
                    self.arrive(at, copied, shared);
                }
                Err(NotDone { fault, is_unknown }) => {
                    let mut attempt = self.whole;
                    let again = self.again(&mut attempt, &fault, false, shared);
                    self.whole = attempt;
                    match again {
                        Some(wait) => {
                            self.not_before = Some(now + wait);
                            self.arrived.push_front((at, copied));
                        }
                        None => {
                            self.tell_part_of_set(at, is_unknown, shared);
                            self.fail_file(at, fault, copied.bytes_moved, shared);
                            self.publish_none(shared);
                        }
                    }
                }
            }
        }
        if self.arrived.is_empty() {
            self.phase = Phase::End;
        }
    }

    fn next_arrived(&mut self, at: u32) -> Option<(u32, Copied)> {
        let first = self.arrived.front().is_some_and(|(first, _)| *first == at);
        first.then(|| self.arrived.pop_front()).flatten()
    }

    /// Renaming is not atomic: which files are visible is said when it breaks.
    fn tell_part_of_set(&self, broken: u32, is_unknown: bool, shared: &mut Shared) {
        let (named, all) = (self.named.len(), self.named.len() + self.arrived.len() + 1);
        let mut text = match named {
            0 => {
                format!("the set is not published: none of its {all} files is known to be visible")
            }
            1 => format!("the set is published in part: 1 of its {all} files is visible"),
            _ => format!("the set is published in part: {named} of its {all} files are visible"),
        };
        if named > 0 {
            text.push_str(&format!(" ({})", self.names(&self.named)));
        }
        if is_unknown {
            let name = self.names(&[broken]);
            text.push_str(&format!(
                "; whether {name} is, is not known, because no reply to its renaming came"
            ));
        }
        text.push_str("; run again to complete it");
        shared.warn_step(self.id, text);
    }

    /// The names of files at the destination, the first few of many.
    fn names(&self, files: &[u32]) -> String {
        let shown = files.iter().take(MOST_NAMES);
        let shown: Vec<String> = shown.map(|at| format!("`{}`", self.name(*at))).collect();
        match files.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    fn name(&self, at: u32) -> String {
        let (Some(set), Some(ends)) = (&self.set, &self.ends) else {
            return self.text(at);
        };
        match ends.route.relative(set, at) {
            Ok(relative) => ends.route.encoding.decode(&relative).text.into_owned(),
            Err(_) => self.text(at),
        }
    }

    /// One file of the set failed: those that have arrived are not published, and stay for the next run.
    pub(super) fn publish_none(&mut self, shared: &mut Shared) {
        for (at, copied) in std::mem::take(&mut self.arrived) {
            let fault =
                Fault::permanent("arrived, and not published, because another file was not")
                    .help("run again: what arrived is continued, not transferred again");
            self.fail_file(at, fault, copied.bytes_moved, shared);
        }
        self.phase = Phase::End;
    }
}
