//! The transfers that a `delete` relies on, and what they prove of a file.

use std::sync::Arc;

use super::needed::{Apart, CopyOf, Spot, Why};
use super::standing::{Paths, Standing, Stood};
use crate::exec::proofs::{Ledger, Proofs, Row, Stand};
use crate::exec::shared::Shared;
use crate::files::{FileSet, Kind, Place, Side, folder_of, join, name_keys, split};
use crate::plan::{self, StepId};
use crate::transfer::{Looks, Reading};

/// So often the way of a copy is followed that steps move on and on: they may move it in a circle.
const MOST_MOVES: usize = 16;

/// A transfer before a `delete`.
pub(super) struct Relied {
    step: StepId,
    pub(super) name: String,
    /// What it did; a transfer that never came to know its two ends has a ledger in which nothing is told.
    pub(super) ledger: Arc<Ledger>,
    /// Whether a final reply after all bytes suffices.
    accepts_reply: bool,
    /// Whether it suffices that an earlier run has proven it.
    accepts_ledger: bool,
}

/// What is known beside the ledgers.
#[derive(Clone, Copy)]
pub(super) struct Facts<'f> {
    pub(super) proofs: &'f Proofs,
    pub(super) readings: &'f [Reading],
    /// When the run began, in Unix seconds.
    pub(super) began: i64,
    pub(super) names: &'f Stood,
    pub(super) preview: bool,
}

impl Facts<'_> {
    /// Who reads a side's times.
    pub(super) fn reading(&self, side: Side) -> Reading {
        Reading::of(side, self.readings)
    }
}

/// What a transfer has to give for a file.
pub(super) struct Given {
    pub(super) source: Looks,
    /// The entry that has read these.
    by: Side,
    pub(super) order: u32,
    /// Where its copy lies.
    lies: Option<(Place, Vec<u8>)>,
    /// What is to be looked at; nothing where the reply or the ledger suffices.
    pub(super) copy: Option<CopyOf>,
    /// Whether it is the reply that suffices.
    pub(super) by_reply: bool,
}

impl Relied {
    pub(super) fn new(step: StepId, taking: &plan::Taking, shared: &Shared) -> Option<Relied> {
        let ledger = match shared.proofs.of(step) {
            Some(ledger) => Arc::clone(ledger),
            None => Arc::new(shared.untold(step)?),
        };
        Some(Relied {
            step,
            name: shared.plan.step(step).name.clone(),
            ledger,
            accepts_reply: taking.accepts_reply(),
            accepts_ledger: taking.accepts_ledger(),
        })
    }

    /// Whether it was given all files that it was to bring; the reason why that is not known. One that it was not given has gone
    /// nowhere, and a later list may see it.
    pub(super) fn knew_all(&self) -> Result<(), String> {
        match self.ledger.set.incomplete_reason() {
            None => Ok(()),
            Some(reason) => Err(format!(
                "`{}` may never have been given it, because its list may not be whole: {reason}",
                self.name
            )),
        }
    }

    pub(super) fn paths(&self) -> Paths {
        Paths::new(&self.ledger.set)
    }

    /// The position of a file among the sources of this transfer.
    pub(super) fn find(&self, side: Side, paths: &Paths, path: &[u8]) -> Option<u32> {
        let found = paths.find(&self.ledger.set, path);
        found.filter(|_| self.ledger.from == side)
    }

    /// What this transfer proves of a file; the reason why nothing.
    pub(super) fn prove(&self, at: u32, facts: Facts<'_>) -> Result<Option<Given>, String> {
        let row = self.ledger.row(at);
        let lies = self.ledger.copy(at);
        let given = |copy| Given {
            source: row.source,
            by: self.ledger.set.side(),
            order: row.order,
            lies: lies.clone(),
            copy,
            by_reply: matches!(row.stand, Stand::Replied | Stand::Copied),
        };
        match row.stand {
            Stand::Entered if self.accepts_ledger => {
                self.is_not_written_over(at, facts)?;
                Ok(Some(given(None)))
            }
            Stand::Open | Stand::Left | Stand::Entered => Err(self.unproven()),
            _ if facts.preview => Ok(Some(given(None))),
            // A reply outlives what the receiver takes away, and not what this run has deleted.
            Stand::Replied | Stand::Copied if self.accepts_reply => {
                if self.brought_on(at, row, facts)?.is_none() {
                    self.is_last(at, row, facts)?;
                }
                Ok(Some(given(None)))
            }
            Stand::Replied => Err(self.unproven()),
            Stand::Copied | Stand::Same if row.source.modified.is_none() => Err(format!(
                "`{}` copied it, and no time of its source can prove that it was not rewritten since",
                self.name
            )),
            Stand::Copied | Stand::Same => {
                let copy = match self.brought_on(at, row, facts)? {
                    Some(onward) => onward,
                    None => self.copy(at, row, facts)?,
                };
                Ok(Some(given(Some(copy))))
            }
        }
    }

    /// Where its copy was brought on to, if this run has deleted the copy; the reason why nothing proves it any more.
    fn brought_on(&self, at: u32, row: Row, facts: Facts<'_>) -> Result<Option<CopyOf>, String> {
        match self.ledger.copy(at) {
            Some((place, name)) if facts.proofs.has_ended(&place, &name, row.order) => {
                let moved = self.moved(row, (&place, &name), facts);
                let onward = moved.or_else(|| onward(&place, &name, facts));
                onward.map(Some).ok_or_else(|| self.ended())
            }
            _ => Ok(None),
        }
    }

    /// Its copy, where this run has given that another place. Whether the folder is the source's nobody has asked, so it counts as
    /// one that this run did not write.
    fn moved(&self, row: Row, (place, name): (&Place, &[u8]), facts: Facts<'_>) -> Option<CopyOf> {
        let mut moves = 0..MOST_MOVES;
        let mut stands = facts.proofs.moved_to(place, name)?;
        while facts.proofs.has_ended(&stands.0, &stands.1, row.order) {
            moves.next()?;
            stands = facts.proofs.moved_to(&stands.0, &stands.1)?;
        }
        let (place, name) = stands.clone();
        Some(CopyOf {
            side: self.ledger.route.side,
            root: place.folder.clone(),
            place,
            name,
            looks: row.copy,
            was_there: true,
            exactly: true,
            by_time: row.stand == Stand::Same && !self.ledger.by_sum && !self.ledger.is_local(),
            beside: Vec::new(),
            rivals: Vec::new(),
        })
    }

    /// Whether a file looks like one of this transfer's.
    pub(super) fn may_have_handled(&self, at: u32, found: Candidate<'_>, facts: Facts<'_>) -> bool {
        let ledger = &self.ledger;
        let may_be = |looks: Looks| {
            let (own, by) = (ledger.set.side(), found.set.side());
            let (own, by) = (facts.reading(own), facts.reading(by));
            looks.may_be_read_as(own, found.looks(), by)
        };
        let is_file = ledger.set.kind(at) == Kind::File;
        is_file && (may_be(Looks::listed(&ledger.set, at)) || may_be(ledger.row(at).source))
    }

    /// The folders of a file and of one of this transfer's that has its name: if they are one, it is that file, and `why` it
    /// stays.
    pub(super) fn apart(&self, at: u32, found: Candidate<'_>, why: Why) -> Option<Apart> {
        let set = &self.ledger.set;
        let folder = |set: &FileSet, at| folder_of(&set.absolute(at)).to_vec();
        let spot = |set: &FileSet, at| (set.side(), set.root().to_vec(), folder(set, at));
        let (marked, looked) = (spot(found.set, found.at), spot(set, at));
        let is_other = set.kind(at) == Kind::File && marked != looked;
        is_other.then_some(Apart {
            marked,
            looked,
            why,
        })
    }

    fn unproven(&self) -> String {
        format!("`{}` did not prove it at its destination", self.name)
    }

    fn ended(&self) -> String {
        format!("the copy that `{}` made was deleted by this run", self.name)
    }

    fn copy(&self, at: u32, row: Row, facts: Facts<'_>) -> Result<CopyOf, String> {
        let ledger = &self.ledger;
        let mut copy = self.copy_of(at, row, facts)?;
        let (source, _) = ledger.source(at);
        if row.stand == Stand::Copied {
            let two = facts.proofs.are_two(&source, &copy.place);
            two.map_err(|why| {
                let name = &self.name;
                format!(
                    "whether `{name}` brought it to another folder than its own is not known: {why}"
                )
            })?;
        }
        self.compare_with_others(at, row, &mut copy, facts)?;
        Ok(copy)
    }

    fn copy_of(&self, at: u32, row: Row, facts: Facts<'_>) -> Result<CopyOf, String> {
        let ledger = &self.ledger;
        let (place, name) = ledger.copy(at).ok_or_else(|| self.unproven())?;
        Ok(CopyOf {
            side: ledger.route.side,
            root: ledger.route.root.clone(),
            place,
            name,
            looks: row.copy,
            was_there: row.stand == Stand::Same,
            by_time: ledger.is_by_time(at),
            exactly: !row.keeps_time() || is_of_late(row.copy, facts.began),
            beside: Vec::new(),
            rivals: Vec::new(),
        })
    }

    /// A name belongs to the last file that arrived under it, and another that may be taken for it must stand beside it.
    fn compare_with_others(
        &self,
        at: u32,
        row: Row,
        copy: &mut CopyOf,
        facts: Facts<'_>,
    ) -> Result<(), String> {
        let source = self.ledger.source(at);
        let own = (copy.place.clone(), join(&copy.place.folder, &copy.name));
        for other in facts.names.like(&self.ledger.copy_keys(at)) {
            let Some((place, name)) = other.ledger.copy(other.at) else {
                continue;
            };
            let from = other.ledger.source(other.at);
            let is_itself = other.step == self.step && other.at == at;
            // The same file, or what was read from this very copy.
            if is_itself || from == source {
                continue;
            }
            // What was found there may be what another transfer wrote, or another file found to be the same: both cannot be.
            let was_written = copy.was_there && other.row.stand == Stand::Copied;
            let is_claimed =
                copy.was_there && other.step != self.step && self.is_like(at, &other, facts);
            let came_after = was_written || is_claimed || other.row.order > row.order;
            if place == copy.place && name == copy.name {
                if came_after {
                    return Err(self.not_its_own(is_claimed && !was_written, &other));
                }
            } else if place == copy.place {
                copy.beside.push(name);
            } else if came_after && from != own && self.may_be_one(row, &other, facts) {
                copy.rivals.push(other.spot(place.folder));
            }
        }
        Ok(())
    }

    fn not_its_own(&self, is_claimed: bool, other: &Standing<'_>) -> String {
        let name = &self.name;
        if !is_claimed {
            return format!("`{name}` is not the last file that came to its name");
        }
        let set = &other.ledger.set;
        format!(
            "`{name}` found a copy there, and it may be that of `{}`, which has the same name, size and time",
            set.encoding().decode(&set.absolute(other.at)).text
        )
    }

    /// Whether another source looks as this one does, so that what is found at a destination may be the copy of either.
    fn is_like(&self, at: u32, other: &Standing<'_>, facts: Facts<'_>) -> bool {
        let (own, theirs) = (&self.ledger.set, &other.ledger.set);
        let (by, others) = (facts.reading(own.side()), facts.reading(theirs.side()));
        Looks::listed(own, at).may_be_read_as(by, Looks::listed(theirs, other.at), others)
    }

    /// Whether two copies in different places may be one: where nothing is looked at, two of one name always may.
    fn may_be_one(&self, row: Row, other: &Standing<'_>, facts: Facts<'_>) -> bool {
        let own = facts.reading(self.ledger.route.side);
        let by = facts.reading(other.ledger.route.side);
        self.accepts_reply || row.copy.may_be_read_as(own, other.row.copy, by)
    }

    /// Whether nothing of this run has come to the name of a copy that an earlier run has proven: whatever overwrites ends the
    /// proof.
    fn is_not_written_over(&self, at: u32, facts: Facts<'_>) -> Result<(), String> {
        let mut others = facts.names.like(&self.ledger.copy_keys(at)).into_iter();
        let is_written = |other: &Standing<'_>| other.row.stand != Stand::Entered;
        let name = &self.name;
        others.find(is_written).map_or(Ok(()), |_| {
            Err(format!(
                "another file of this run has come to the name that its copy had in `{name}`"
            ))
        })
    }

    /// Where a reply suffices nothing is looked at, so that the name must be beyond doubt.
    fn is_last(&self, at: u32, row: Row, facts: Facts<'_>) -> Result<(), String> {
        let mut copy = self.copy_of(at, row, facts)?;
        self.compare_with_others(at, row, &mut copy, facts)?;
        match copy.beside.is_empty() && copy.rivals.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "another file of this run may have come to its name after `{}`, and with `accept: reply` nothing is looked at",
                self.name
            )),
        }
    }
}

/// Whether a copy's time is so near that a listing in minutes would show the same after a write of this moment.
fn is_of_late(copy: Looks, began: i64) -> bool {
    const NEAR: i64 = 3 * 60;
    let time = copy.modified.map(|time| time.seconds);
    time.is_none_or(|time| time > began - NEAR)
}

/// The copy of a copy that this run deleted because it had been brought on. Whether its folder is that of the first source
/// nobody has asked, so it counts as one that this run did not write.
fn onward(place: &Place, name: &[u8], facts: Facts<'_>) -> Option<CopyOf> {
    let (mut place, mut name) = (place.clone(), name.to_vec());
    // A circle of deletions ends: each copy lies in the set of another transfer.
    for _ in facts.proofs.ledgers() {
        let (ledger, at) = facts.names.brought_on(&place, &name)?;
        (place, name) = ledger.copy(at)?;
        let order = ledger.row(at).order;
        if !facts.proofs.has_ended(&place, &name, order) {
            return Some(CopyOf {
                side: ledger.route.side,
                root: ledger.route.root.clone(),
                place,
                name,
                looks: ledger.row(at).copy,
                was_there: true,
                by_time: ledger.is_by_time(at),
                exactly: true,
                beside: Vec::new(),
                rivals: Vec::new(),
            });
        }
    }
    None
}

impl CopyOf {
    /// The folder that it stands in.
    pub(super) fn spot(&self) -> Spot {
        (self.side, self.root.clone(), self.place.folder.clone())
    }

    /// The source of a copy that is to be deleted.
    pub(super) fn origin(copy: &Standing<'_>, place: Place, name: Vec<u8>) -> CopyOf {
        let set = &copy.ledger.set;
        CopyOf {
            side: set.side(),
            root: set.root().to_vec(),
            place,
            name,
            looks: copy.row.source,
            was_there: true,
            by_time: false,
            exactly: true,
            beside: Vec::new(),
            rivals: Vec::new(),
        }
    }

    /// What stands at a destination, to be looked at while a file is put away that may be it.
    pub(super) fn standing(standing: &Standing<'_>, place: Place, name: Vec<u8>) -> CopyOf {
        let route = &standing.ledger.route;
        CopyOf {
            side: route.side,
            root: route.root.clone(),
            place,
            name,
            looks: standing.row.copy,
            was_there: true,
            by_time: false,
            exactly: true,
            beside: Vec::new(),
            rivals: Vec::new(),
        }
    }
}

impl Given {
    /// Whether what a later listing found is no longer what the transfer read.
    pub(super) fn is_another(&self, found: Candidate<'_>, facts: Facts<'_>) -> bool {
        let (own, by) = (facts.reading(self.by), facts.reading(found.set.side()));
        !self.source.may_be_read_as(own, found.looks(), by)
    }

    /// Whether the copy is what another transfer read from.
    pub(super) fn is_source_of(&self, other: &Standing<'_>) -> bool {
        let (place, path) = other.ledger.source(other.at);
        let lies = self.lies.as_ref();
        lies.is_some_and(|(lies, name)| *lies == place && split(&path).1 == name)
    }
}

/// A file of a set that is to be deleted.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'s> {
    pub(super) set: &'s FileSet,
    pub(super) at: u32,
}

impl Candidate<'_> {
    pub(super) fn looks(self) -> Looks {
        Looks::listed(self.set, self.at)
    }

    /// What its name may be known by.
    pub(super) fn keys(self) -> Vec<String> {
        let relative = self.set.relative(self.at);
        name_keys(self.set.encoding(), split(&relative).1)
    }
}
