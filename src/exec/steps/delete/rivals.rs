//! Two folders of copies that hold files of one name, and may be one: an empty file in the first tells, and goes again.

use std::collections::BTreeSet;
use std::time::Instant;

use super::choose::CopyFolder;
use super::jobs::output;
use super::{Delete, Output};
use crate::exec::backlog::Try;
use crate::exec::fault::Fault;
use crate::exec::roles::Roles;
use crate::exec::shared::Shared;
use crate::exec::steps::job::{Desk, Work};
use crate::files::{Fingerprint, Partials, Side, join};
use crate::transfer::{Cause, End, Links, Role, lacks_mark, mark_folder};

const MAY_BE_ONE: &str =
    "its copy cannot be told from that of another file: the folders of both may be one";

/// Two folders, and what leads to them.
pub(super) struct Pair {
    first: CopyFolder,
    second: CopyFolder,
    /// Of their sides.
    names: (String, String),
    /// The name under which the mark stands in the first.
    mark: Vec<u8>,
}

impl Pair {
    /// Whether they are two.
    pub(super) fn work(self) -> Work {
        Box::new(move |desk| {
            let told = self.tell(desk);
            output(Output::Told(told))
        })
    }

    fn tell(&self, desk: &mut Desk) -> Result<bool, Fault> {
        let told = match self.on_first(desk, |end, mark| mark_folder(end, mark)) {
            Ok(true) => self.lacks(desk),
            other => other,
        };
        // What is left of it is an empty file under a temporary name.
        let _ = self.on_first(desk, |end, mark| end.remove(mark));
        told
    }

    fn on_first<T>(
        &self,
        desk: &mut Desk,
        ask: impl Fn(&mut dyn End, &[u8]) -> Result<T, Cause>,
    ) -> Result<T, Fault> {
        let end = desk.end(Role::Source)?;
        end.confine(&self.first.root, Links::Refuse);
        let asked = ask(end, &self.mark);
        asked.map_err(|cause| Fault::at(&self.names.0, &cause, end))
    }

    fn lacks(&self, desk: &mut Desk) -> Result<bool, Fault> {
        let role = match one_server(self.first.side, self.second.side) {
            true => Role::Source,
            false => Role::Target,
        };
        let end = desk.end(role)?;
        end.confine(&self.second.root, Links::Refuse);
        let lacks = lacks_mark(end, &self.second.path, &self.mark);
        lacks.map_err(|cause| Fault::at(&self.names.1, &cause, end))
    }
}

impl Delete {
    /// All copies were looked at: folders that may be one are still to be told apart.
    pub(super) fn find_pairs(&mut self, shared: &mut Shared) {
        let mut pairs = BTreeSet::new();
        for (file, folder, rival) in self.copies.rivals() {
            if folder == rival {
                self.keep_one(file, MAY_BE_ONE, shared);
            } else if self.sure.contains(&file) {
                pairs.insert(ordered(folder, rival));
            }
        }
        pairs.into_iter().for_each(|pair| self.pairs.push(pair));
    }

    pub(super) fn pair(&self, (first, second): (u32, u32), shared: &Shared) -> Pair {
        let [first, second] = [first, second].map(|at| self.copies.folders[at as usize].clone());
        let owner = Fingerprint {
            manifest: &shared.plan.name,
            step: &shared.plan.step(self.id).name,
            source: &shared.identity_text(second.side),
            path: &second.path,
        };
        let mark = Partials::of(&join(&first.path, b"mark"), &owner).of_version(Some(0), None);
        let name = |side| shared.plan.side_name(side).to_owned();
        Pair {
            names: (name(first.side), name(second.side)),
            first,
            second,
            mark,
        }
    }

    pub(super) fn pair_roles(&self, (first, second): (u32, u32)) -> Roles {
        let [first, second] = [first, second].map(|at| self.copies.folders[at as usize].side);
        match one_server(first, second) {
            true => Roles::one(Role::Source, first),
            false => Roles::pair(first, second),
        }
    }

    pub(super) fn take_pair(
        &mut self,
        mut attempt: Try<(u32, u32)>,
        two: Result<bool, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let pair = attempt.item;
        match two {
            Ok(true) => {}
            Ok(false) => self.keep_pair(pair, shared),
            Err(fault) => match self.again(&mut attempt, &fault, shared) {
                Some(wait) => self.pairs.retry(attempt, now + wait),
                None => self.keep_pair(pair, shared),
            },
        }
    }

    fn keep_pair(&mut self, pair: (u32, u32), shared: &mut Shared) {
        for (file, folder, rival) in self.copies.rivals() {
            if ordered(folder, rival) == pair {
                self.keep_one(file, MAY_BE_ONE, shared);
            }
        }
    }
}

/// One order for both, so that a pair is asked about once.
fn ordered(first: u32, second: u32) -> (u32, u32) {
    (first.min(second), first.max(second))
}

/// One session looks at both.
fn one_server(first: Side, second: Side) -> bool {
    first == second && first != Side::Local
}
