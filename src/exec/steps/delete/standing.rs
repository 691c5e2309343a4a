//! All names that transfers of this run made or left at their destinations, to be found by what a system may take for one.

use std::collections::HashMap;
use std::sync::Arc;

use super::index::Index;
use super::needed::Spot;
use crate::exec::proofs::{Ledger, Proofs, Row, Stand};
use crate::files::{FileSet, Place, join};
use crate::plan::StepId;

/// Every file that stands at a destination because of this run: 16 bytes a file, and twice that where its name is not
/// ASCII.
pub(super) struct Stood {
    ledgers: Vec<(StepId, Arc<Ledger>)>,
    /// By what the name may be known by.
    rows: Index,
    /// By the source's path, where this run has deleted something: what it wrote may have been brought on from there.
    sources: Index,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Standing<'n> {
    pub(super) step: StepId,
    pub(super) ledger: &'n Ledger,
    pub(super) at: u32,
    pub(super) row: Row,
}

impl Standing<'_> {
    /// The folder that it stands in.
    pub(super) fn spot(&self, folder: Vec<u8>) -> Spot {
        let route = &self.ledger.route;
        (route.side, route.root.clone(), folder)
    }
}

impl Stood {
    pub(super) fn new(proofs: &Proofs) -> Stood {
        let ledgers = proofs.ledgers();
        let ledgers: Vec<_> = ledgers.map(|(step, l)| (step, Arc::clone(l))).collect();
        let standing = |(number, (_, ledger)): (u32, &(StepId, Arc<Ledger>))| {
            let ledger = Arc::clone(ledger);
            let positions = ledger.positions();
            positions.filter_map(move |at| {
                let stand = ledger.row(at).stand;
                let stands = !matches!(stand, Stand::Open | Stand::Entered);
                stands.then(|| {
                    ledger
                        .copy_keys(at)
                        .into_iter()
                        .map(move |key| (key, number, at))
                })
            })
        };
        let rows = Index::new((0u32..).zip(&ledgers).flat_map(standing).flatten());
        let sources = match proofs.any_ended() {
            true => by_source(&ledgers),
            false => Index::default(),
        };
        Stood {
            ledgers,
            rows,
            sources,
        }
    }

    /// What a transfer read from a place and wrote elsewhere.
    pub(super) fn brought_on(&self, place: &Place, name: &[u8]) -> Option<(&Ledger, u32)> {
        let path = join(&place.folder, name);
        let mut alike = self.sources.find(&path);
        alike.find_map(|(number, at)| {
            let ledger = &*self.ledgers[number as usize].1;
            let is_it = ledger.from == place.side && ledger.set.absolute(at) == path;
            is_it.then_some((ledger, at))
        })
    }

    /// All whose name may be taken for one that is known by these; of a name in a place, only what was written there last.
    pub(super) fn like(&self, keys: &[String]) -> Vec<Standing<'_>> {
        let standing = self.rows.find_any(keys).into_iter().map(|(number, at)| {
            let (step, ledger) = &self.ledgers[number as usize];
            Standing {
                step: *step,
                ledger,
                at,
                row: ledger.row(at),
            }
        });
        let alike = standing.filter(|standing| {
            let own = standing.ledger.copy_keys(standing.at);
            own.iter().any(|key| keys.contains(key))
        });
        last_written(alike.collect())
    }
}

/// Leaves out what another file was written over.
fn last_written(alike: Vec<Standing<'_>>) -> Vec<Standing<'_>> {
    if alike.len() < 2 {
        return alike;
    }
    let mut written = HashMap::new();
    for standing in alike.iter().filter(|s| s.row.stand == Stand::Copied) {
        let last = written
            .entry(standing.ledger.copy(standing.at))
            .or_default();
        *last = standing.row.order.max(*last);
    }
    let stands = |standing: &Standing<'_>| {
        let last = written.get(&standing.ledger.copy(standing.at));
        last.is_none_or(|last| standing.row.order >= *last)
    };
    alike.into_iter().filter(stands).collect()
}

fn by_source(ledgers: &[(StepId, Arc<Ledger>)]) -> Index {
    let copied = |(number, (_, ledger)): (u32, &(StepId, Arc<Ledger>))| {
        let ledger = Arc::clone(ledger);
        let positions = ledger.positions();
        positions.filter_map(move |at| {
            let copied = matches!(ledger.row(at).stand, Stand::Copied | Stand::Same);
            copied.then(|| (ledger.set.absolute(at), number, at))
        })
    };
    Index::new((0u32..).zip(ledgers).flat_map(copied))
}

/// Positions of a set by their paths: 16 bytes a file.
pub(super) struct Paths(Index);

impl Paths {
    pub(super) fn new(set: &FileSet) -> Paths {
        let paths = set.positions().map(|at| (set.absolute(at), 0, at));
        Paths(Index::new(paths))
    }

    pub(super) fn find(&self, set: &FileSet, path: &[u8]) -> Option<u32> {
        let mut alike = self.0.find(path);
        alike.find_map(|(_, at)| (set.absolute(at) == path).then_some(at))
    }
}
