//! All names that transfers of this run made or left at their destinations, to be found by what a system may take for one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::exec::proofs::{Ledger, Proofs, Row, Stand};
use crate::files::{Place, fold, join};
use crate::plan::StepId;

/// Every file that stands at a destination because of this run: 16 bytes a file.
pub(super) struct Names {
    ledgers: Vec<(StepId, Arc<Ledger>)>,
    /// Hash of the folded name, number of the ledger, position; sorted.
    rows: Vec<(u64, u32, u32)>,
    /// Hash of the source's path, where this run has deleted something: what it wrote may have been brought on from there.
    sources: Vec<(u64, u32, u32)>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Standing<'n> {
    pub(super) step: StepId,
    pub(super) ledger: &'n Ledger,
    pub(super) at: u32,
    pub(super) row: Row,
}

impl Names {
    pub(super) fn new(proofs: &Proofs) -> Names {
        let ledgers = proofs.ledgers();
        let ledgers: Vec<_> = ledgers.map(|(step, l)| (step, Arc::clone(l))).collect();
        let mut rows = Vec::new();
        for (number, (_, ledger)) in (0u32..).zip(&ledgers) {
            let standing = ledger
                .positions()
                .filter(|at| ledger.row(*at).stand != Stand::Open);
            rows.extend(standing.map(|at| (hash(&fold(&ledger.copy_text(at))), number, at)));
        }
        rows.sort_unstable();
        let sources = match proofs.any_ended() {
            true => by_source(&ledgers),
            false => Vec::new(),
        };
        Names {
            ledgers,
            rows,
            sources,
        }
    }

    /// What a transfer read from a place and wrote elsewhere.
    pub(super) fn brought_on(&self, place: &Place, name: &[u8]) -> Option<(&Ledger, u32)> {
        let path = join(&place.folder, name);
        let wanted = hash(&path);
        let first = self.sources.partition_point(|(hash, ..)| *hash < wanted);
        let alike = self.sources[first..].iter();
        let mut alike = alike.take_while(|(hash, ..)| *hash == wanted);
        alike.find_map(|&(_, number, at)| {
            let ledger = &*self.ledgers[number as usize].1;
            let is_it = ledger.from == place.side && ledger.set.absolute(at) == path;
            is_it.then_some((ledger, at))
        })
    }

    /// All whose name may be taken for this one.
    pub(super) fn like<'n>(&'n self, name: &str) -> impl Iterator<Item = Standing<'n>> + use<'n> {
        let folded = fold(name);
        let wanted = hash(&folded);
        let first = self.rows.partition_point(|(hash, ..)| *hash < wanted);
        let alike = self.rows[first..].iter();
        let alike = alike.take_while(move |(hash, ..)| *hash == wanted);
        let alike = alike.map(|&(_, number, at)| {
            let (step, ledger) = &self.ledgers[number as usize];
            Standing {
                step: *step,
                ledger,
                at,
                row: ledger.row(at),
            }
        });
        alike.filter(move |standing| fold(&standing.ledger.copy_text(standing.at)) == folded)
    }
}

fn by_source(ledgers: &[(StepId, Arc<Ledger>)]) -> Vec<(u64, u32, u32)> {
    let mut sources = Vec::new();
    for (number, (_, ledger)) in (0u32..).zip(ledgers) {
        let copied = ledger
            .positions()
            .filter(|at| matches!(ledger.row(*at).stand, Stand::Copied | Stand::Same));
        sources.extend(copied.map(|at| (hash(&ledger.set.absolute(at)), number, at)));
    }
    sources.sort_unstable();
    sources
}

/// Positions of a set by their paths: 16 bytes a file.
pub(super) struct Paths(Vec<(u64, u32)>);

impl Paths {
    pub(super) fn new(ledger: &Ledger) -> Paths {
        let mut rows: Vec<(u64, u32)> = ledger
            .positions()
            .map(|at| (hash(&ledger.set.absolute(at)), at))
            .collect();
        rows.sort_unstable();
        Paths(rows)
    }

    pub(super) fn find(&self, ledger: &Ledger, path: &[u8]) -> Option<u32> {
        let wanted = hash(path);
        let first = self.0.partition_point(|(hash, _)| *hash < wanted);
        let alike = self.0[first..].iter();
        let mut alike = alike.take_while(|(hash, _)| *hash == wanted);
        alike.find_map(|&(_, at)| (ledger.set.absolute(at) == path).then_some(at))
    }
}

fn hash<T: Hash + ?Sized>(key: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
