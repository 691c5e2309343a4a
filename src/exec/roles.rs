//! The number of a job, and the ends that it needs.

use crate::files::{ServerId, Side};
use crate::transfer::Role;

/// The number of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct JobId(pub(super) u64);

/// What a job needs: an end for each of these roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roles(Vec<(Role, Side)>);

impl Roles {
    /// No end at all.
    pub(super) fn none() -> Roles {
        Roles::default()
    }

    /// One end.
    pub(super) fn one(role: Role, side: Side) -> Roles {
        Roles(vec![(role, side)])
    }

    /// The two ends of a transfer.
    pub(super) fn pair(source: Side, target: Side) -> Roles {
        Roles(vec![(Role::Source, source), (Role::Target, target)])
    }

    /// A source, and several targets.
    pub(super) fn many(source: Side, targets: &[Side]) -> Roles {
        let targets = targets.iter().map(|side| (Role::Target, *side));
        Roles(
            std::iter::once((Role::Source, source))
                .chain(targets)
                .collect(),
        )
    }

    /// Each role and its side.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Role, Side)> + '_ {
        self.0.iter().copied()
    }

    /// The servers of which a session is needed, one for each.
    pub(super) fn servers(&self) -> impl Iterator<Item = ServerId> + '_ {
        self.0.iter().filter_map(|(_, side)| match side {
            Side::Server(server) => Some(*server),
            Side::Local => None,
        })
    }
}
