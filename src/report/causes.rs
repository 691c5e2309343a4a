//! Failures of files, grouped by what led to them: thirty files that one full disk refused are one thing to mend.

use std::collections::{BTreeMap, HashMap};

use super::shape::shapes;
use crate::event::Failure;

/// Different causes kept of a run; files of further ones are counted.
const MAX_CAUSES: usize = 200;

/// Names kept with a cause.
const NAMES: usize = 3;

/// What led several files of a step to fail.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The step's position.
    pub step: usize,
    /// How many files it concerns.
    pub files: u64,
    /// The first of them.
    pub names: Vec<String>,
    /// How the first one failed.
    pub failure: Failure,
}

/// The causes of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Causes {
    list: Vec<Cause>,
    known: HashMap<(usize, String), usize>,
    others: BTreeMap<usize, u64>,
}

impl Cause {
    /// Whether it concerns files whose names it does not hold.
    pub(super) fn has_more(&self) -> bool {
        self.unnamed() > 0
    }

    /// How many files it concerns whose names it does not hold.
    pub(super) fn unnamed(&self) -> u64 {
        self.files.saturating_sub(self.names.len() as u64)
    }
}

impl Causes {
    /// Takes a failed file in; the position of its cause, where that is kept.
    pub(super) fn take(&mut self, step: usize, file: &str, failure: &Failure) -> Option<usize> {
        let mut shapes = shapes(file, failure).into_iter().map(|shape| (step, shape));
        let known = shapes.clone().find_map(|shape| self.known.get(&shape));
        let at = match known {
            Some(at) => *at,
            None if self.list.len() >= MAX_CAUSES => {
                *self.others.entry(step).or_default() += 1;
                return None;
            }
            None => {
                let new = shapes.by_ref().map(|shape| (shape, self.list.len()));
                self.known.extend(new);
                self.list.push(Cause {
                    step,
                    files: 0,
                    names: Vec::new(),
                    failure: failure.clone(),
                });
                self.list.len() - 1
            }
        };
        let cause = self.list.get_mut(at)?;
        cause.files += 1;
        if cause.names.len() < NAMES {
            cause.names.push(file.to_owned());
        }
        Some(at)
    }

    /// The cause at a position, and the how many-th of its step it is.
    pub(super) fn at(&self, at: usize) -> Option<(usize, &Cause)> {
        let cause = self.list.get(at)?;
        let before = self.list[..at].iter();
        let before = before.filter(|other| other.step == cause.step).count();
        Some((before + 1, cause))
    }

    /// The causes of a step with their positions, those of the most files first.
    pub(super) fn of(&self, step: usize) -> Vec<(usize, &Cause)> {
        let own = self.list.iter().enumerate();
        let mut own: Vec<_> = own.filter(|(_, cause)| cause.step == step).collect();
        own.sort_by_key(|(_, cause)| std::cmp::Reverse(cause.files));
        own
    }

    /// Files of a step that failed for causes which were not kept.
    pub(super) fn others(&self, step: usize) -> u64 {
        self.others.get(&step).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(message: &str, code: u16, reply: &str) -> Failure {
        Failure {
            message: message.into(),
            code: Some(code),
            reply: Some(reply.into()),
            ..Failure::default()
        }
    }

    #[test]
    fn names_and_numbers_make_no_causes_of_their_own() {
        let mut causes = Causes::default();
        for at in 0..30 {
            let reply = format!("in/f{at}.zip: closed after {} bytes", at * 1000);
            causes.take(0, &format!("in/f{at}.zip"), &failure("cut", 426, &reply));
        }
        causes.take(0, "x", &failure("cut", 550, "no"));
        causes.take(1, "x", &failure("cut", 550, "no"));
        let of: Vec<_> = causes.of(0).iter().map(|(_, cause)| cause.files).collect();
        assert_eq!(of, [30, 1]);
        assert_eq!(
            causes.of(0)[0].1.names,
            ["in/f0.zip", "in/f1.zip", "in/f2.zip"]
        );
    }

    #[test]
    fn causes_beyond_the_bound_are_counted() {
        let mut causes = Causes::default();
        for at in 0..MAX_CAUSES + 7 {
            let word: String = at.to_string().bytes().map(|b| char::from(b + 50)).collect();
            causes.take(3, "x", &failure(&word, 550, "no"));
        }
        assert_eq!(causes.of(3).len(), MAX_CAUSES);
        assert_eq!(causes.others(3), 7);
    }
}
