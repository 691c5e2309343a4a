//! Files on their way in one job: each copied, settled or given up, until the time of the batch is over.

use std::sync::Arc;
use std::time::Duration;

use crate::event::Current;
use crate::files::FileSet;
use crate::options::Publish;
use crate::transfer::{
    self, Cause, Class, Compared, Copied, CopyError, Decision, Decisions, Doubt, End, Inventory,
    Item, Links, Looks, Role, Settled, SizeProblem, Verdict,
};

use super::Output;
use super::ends::{Ends, Wishes};
use super::full::{Broken, Room};
use super::jobs::output;
use super::names;
use crate::exec::fault::Fault;
use crate::exec::job::{Desk, Pair, Work};

/// A batch ends after this long, so that the dispatcher can share the sessions out anew.
const SHORT: Duration = Duration::from_millis(100);

/// What a job that moves files looks at.
pub(super) struct Batch {
    pub(super) wishes: Arc<Wishes>,
    pub(super) ends: Arc<Ends>,
    pub(super) set: Option<FileSet>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) decisions: Arc<Decisions>,
}

/// What became of one file.
pub(in crate::exec) type Moved = Result<Arrival, Failed>;

/// What became of a renaming; a warning where all but the name went wrong.
pub(in crate::exec) type Named = Result<Option<String>, NotDone>;

/// A file that stands at its destination.
pub(in crate::exec) enum Arrival {
    Copied(Copied),
    /// It stood there unchanged; whether its checksum proved that, or why not.
    Same(Result<(), String>),
}

/// A file that did not arrive.
pub(in crate::exec) struct Failed {
    pub(super) fault: Fault,
    /// Bytes that moved all the same.
    pub(super) bytes: u64,
    /// Whether the next try can continue them.
    pub(super) continues: bool,
    /// Whether a session was found closed by its first command, after it had lain idle.
    pub(super) lost_at_rest: bool,
    /// What is to be looked at before the next try.
    pub(super) doubt: Option<Doubt>,
    /// Whether the server took bytes and broke off, as one whose disk is full may do.
    pub(super) broken_off: bool,
    /// Bytes that stood there before this try, where that was asked.
    pub(super) stood: Option<u64>,
    /// Whether every other file would end the same: it is then the step that fails, not the file.
    pub(super) concerns_all: bool,
    /// Whether part of a file that nobody wants was left at the destination.
    pub(super) left_behind: bool,
}

/// What was not done at the destination, or perhaps was.
pub(in crate::exec) struct NotDone {
    pub(super) fault: Fault,
    /// Whether no reply to a renaming came, so that it may have been done.
    pub(super) is_unknown: bool,
}

impl From<Fault> for NotDone {
    fn from(fault: Fault) -> NotDone {
        NotDone {
            fault,
            is_unknown: false,
        }
    }
}

/// A file of a batch.
pub(super) struct Piece {
    pub(super) at: u32,
    /// Whether it was tried before.
    pub(super) again: bool,
    /// What the last try left open.
    pub(super) doubt: Option<Doubt>,
    /// Tries in a row that the server broke off.
    pub(super) broken: Option<Broken>,
}

/// Moves files until the time of a batch is over; at least one.
pub(super) fn files(batch: Batch, files: Vec<Piece>) -> Work {
    Box::new(move |desk| {
        let end = desk.now() + SHORT;
        let mut moved = Vec::with_capacity(files.len());
        for piece in files {
            let result = batch.one(desk, &piece, moved.is_empty());
            let goes_on = match &result {
                Ok(_) => true,
                // Whether one that was broken off is the first of many is for the step to see.
                Err(failed) => {
                    let ends = matches!(failed.fault.class, Class::StopStep | Class::Interrupted);
                    !ends && !failed.broken_off
                }
            };
            moved.push((piece.at, result));
            if !goes_on || desk.now() >= end || !desk.healthy() {
                break;
            }
        }
        let is_visible =
            |arrival: &Arrival| matches!(arrival, Arrival::Copied(copied) if copied.visible);
        names::prove(&batch, desk, &mut moved, is_visible, Failed::at_once);
        output(Output::Moved(moved))
    })
}

/// Gives files that have arrived their final names, in the order given, until one fails. `again`: the reply to the
/// first one's rename may have been lost, so it is looked at first.
pub(super) fn publish(batch: Batch, files: Vec<u32>, again: bool) -> Work {
    Box::new(move |desk| {
        let mut published = Vec::with_capacity(files.len());
        for at in files {
            let look = again && published.is_empty();
            let result = batch.on_target(desk, at, |target, item| {
                if look && renamed(target, item)? {
                    return Ok(None);
                }
                transfer::publish(target, item).map(|published| published.warning)
            });
            let failed = result.is_err();
            published.push((at, result));
            if failed {
                break;
            }
        }
        names::prove(&batch, desk, &mut published, |_| true, NotDone::from);
        output(Output::Published(published))
    })
}

/// Removes what failed files left at the destination.
pub(super) fn clear(batch: Batch, files: Vec<u32>) -> Work {
    Box::new(move |desk| {
        let left = files.into_iter().filter_map(|at| {
            let cleared = batch.on_target(desk, at, transfer::discard);
            cleared.err().map(|not_done| (at, not_done.fault))
        });
        output(Output::Cleared(left.collect()))
    })
}

impl Batch {
    /// Where a file goes.
    pub(super) fn path(&self, at: u32) -> Option<Vec<u8>> {
        self.ends.route.absolute(self.set.as_ref()?, at).ok()
    }

    /// How people know a file.
    pub(super) fn text(&self, at: u32) -> String {
        let set = self.set.as_ref();
        set.map(|set| set.text(at)).unwrap_or_default()
    }

    fn item(&self, at: u32) -> Result<Item, Fault> {
        let set = self.set.as_ref();
        let set = set.ok_or_else(|| Fault::permanent("an earlier step gave no files"))?;
        let request = self.wishes.request(self.ends.sets_times);
        let decision = self.decisions.of(at);
        Item::new(
            set,
            at,
            &self.ends.route,
            &self.inventory,
            &request,
            decision,
        )
        .map_err(|problem| Fault::permanent(problem.to_string()))
    }

    fn one(&self, desk: &mut Desk, piece: &Piece, first: bool) -> Moved {
        let mut item = self.item(piece.at).map_err(Failed::at_once)?;
        item.partial |= piece.again && item.resumable;
        let is_known = self.ends.verdict(&item);
        item.asks_places = match is_known {
            Some(Verdict::Different) => false,
            Some(Verdict::Unknown(_)) => item.direct && item.replaces_same_size,
            None => self.wishes.relied || (item.direct && item.replaces_same_size),
        };
        let rested = desk.rested && first;
        let mut pair = self.pair(desk).map_err(Failed::at_once)?;
        let current = Current {
            file: Arc::clone(&item.text),
            size: item.size,
        };
        pair.meter.begin(current, 0);
        let meter = pair.meter;
        let stood = match self.room(pair.target, &item, piece) {
            Ok(Room::Perhaps(stood)) => Ok(stood),
            Ok(Room::None(fault)) => Err(Failed::of_all(fault)),
            Err(error) => Err(self.failed(error, &pair, &item, rested)),
        };
        let stood = stood.inspect_err(|_| meter.end())?;
        let settled = match &piece.doubt {
            Some(doubt) => settle(&mut pair, &item, doubt, self.wishes.options.publish),
            None => Ok(None),
        };
        let looked = settled.is_ok();
        let result = settled.and_then(|settled| match settled {
            Some(copied) => Ok(Arrival::Copied(copied)),
            None => self.arrive(&mut pair, &item, piece),
        });
        let result = result.map_err(|error| {
            let mut failed = self.failed(error, &pair, &item, rested);
            failed.stood = stood;
            if !looked && failed.doubt.is_none() {
                failed.doubt.clone_from(&piece.doubt);
            }
            failed
        });
        meter.end();
        result.map(|arrival| self.witness(arrival, pair.target, &item))
    }

    /// Keeps what a later deletion will compare: what was found out about the folders, and the time that a file got where
    /// it could not be given its source's.
    fn witness(&self, arrival: Arrival, target: &mut dyn End, item: &Item) -> Arrival {
        let Arrival::Copied(mut copied) = arrival else {
            return arrival;
        };
        if let Some(verdict) = &copied.places {
            self.ends.keep_verdict(item, verdict);
        }
        copied.places = copied.places.or_else(|| self.ends.verdict(item));
        if self.wishes.relied && copied.visible && copied.time.is_none() && target.healthy() {
            let looks = target.looks(&item.target);
            copied.time = looks.ok().and_then(|looks| looks.modified);
        }
        Arrival::Copied(copied)
    }

    fn room(&self, target: &mut dyn End, item: &Item, piece: &Piece) -> Result<Room, CopyError> {
        match &piece.broken {
            Some(broken) => broken.look(target, item),
            None => Ok(Room::Perhaps(None)),
        }
    }

    fn arrive(
        &self,
        pair: &mut Pair<'_>,
        item: &Item,
        piece: &Piece,
    ) -> Result<Arrival, CopyError> {
        if self.decisions.of(piece.at) == Decision::Same && piece.doubt.is_none() {
            match transfer::compare(pair.source, pair.target, item, pair.buffer)? {
                Compared::Same => return Ok(Arrival::Same(Ok(()))),
                Compared::Unknown(reason) => return Ok(Arrival::Same(Err(reason))),
                // Size and time agree, and the bytes do not: it is as good as missing.
                Compared::Different => {}
            }
        }
        let copied = transfer::copy(
            pair.source,
            pair.target,
            item,
            &self.wishes.options,
            pair.meter,
            pair.buffer,
        )?;
        Ok(Arrival::Copied(copied))
    }

    /// Does something at the destination alone.
    fn on_target<T>(
        &self,
        desk: &mut Desk,
        at: u32,
        act: impl Fn(&mut dyn End, &Item) -> Result<T, CopyError>,
    ) -> Result<T, NotDone> {
        let item = self.item(at)?;
        let target = desk.end(Role::Target)?;
        target.confine(&self.ends.route.root, Links::Refuse);
        act(target, &item).map_err(|error| NotDone {
            fault: self.fault(&error, target.transcript(), &item),
            is_unknown: error.leaves_name_unknown(),
        })
    }

    /// The ends of a copy, confined to their folders.
    fn pair<'d>(&self, desk: &'d mut Desk) -> Result<Pair<'d>, Fault> {
        let pair = desk.pair()?;
        if let Some(set) = &self.set {
            pair.source.confine(set.root(), self.wishes.links);
        }
        pair.target.confine(&self.ends.route.root, Links::Refuse);
        Ok(pair)
    }

    fn failed(&self, error: CopyError, pair: &Pair<'_>, item: &Item, rested: bool) -> Failed {
        let concerns_all = error.concerns_all();
        let broken_off = error.is_broken_off() && item.resumable;
        let end: &dyn End = match error.end {
            Role::Source => pair.source,
            Role::Target => pair.target,
        };
        let fault = self.fault(&error, end.transcript(), item);
        Failed {
            fault,
            bytes: error.bytes_moved,
            continues: error.continues,
            lost_at_rest: rested && error.cause.is_lost() && error.bytes_moved == 0,
            left_behind: error.left_behind,
            broken_off,
            stood: None,
            concerns_all,
            doubt: match *error.cause {
                Cause::Unknown { doubt, .. } => Some(*doubt),
                _ => None,
            },
        }
    }

    fn fault(&self, error: &CopyError, transcript: Vec<String>, item: &Item) -> Fault {
        let (side, name) = match error.end {
            Role::Source => ("source", &self.wishes.source_name),
            Role::Target => ("destination", &self.wishes.target_name),
        };
        let mut fault = Fault::of(name, &error.cause, transcript);
        fault.failure.message = format!("at the {side}: {}", fault.failure.message);
        if self.wishes.frozen && matches!(*error.cause, Cause::Size(SizeProblem::Changed)) {
            let help = "run without `--resume`, which lists the source anew";
            fault.failure.help = Some(help.into());
        }
        fault.about(item.text.as_ref())
    }
}

impl Failed {
    /// Not the file's own failure.
    fn of_all(fault: Fault) -> Failed {
        Failed {
            concerns_all: true,
            ..Failed::at_once(fault)
        }
    }

    pub(super) fn at_once(fault: Fault) -> Failed {
        Failed {
            fault,
            bytes: 0,
            continues: false,
            lost_at_rest: false,
            doubt: None,
            broken_off: false,
            stood: None,
            concerns_all: false,
            left_behind: false,
        }
    }
}

/// Looks what became of a file whose reply was lost; what has arrived is not copied again. One of a set that has
/// arrived waits for the others, as any.
fn settle(
    pair: &mut Pair<'_>,
    item: &Item,
    doubt: &Doubt,
    publish: Publish,
) -> Result<Option<Copied>, CopyError> {
    let mut copied = Copied {
        bytes_moved: 0,
        proven: doubt.proven.clone(),
        times_kept: false,
        visible: true,
        places: None,
        source: Looks {
            size: item.size,
            modified: item.modified,
        },
        time: None,
        warning: None,
    };
    let settled = transfer::settle(pair.target, item, doubt)?;
    if settled == Settled::Arrived && item.asks_places {
        copied.places = Some(transfer::ask_places(pair.source, pair.target, item)?);
    }
    match settled {
        Settled::NotArrived => return Ok(None),
        Settled::Published => {}
        Settled::Arrived if publish == Publish::Set => copied.visible = false,
        Settled::Arrived => copied.warning = transfer::publish(pair.target, item)?.warning,
    }
    Ok(Some(copied))
}

/// Whether a file has its final name already.
fn renamed(target: &mut dyn End, item: &Item) -> Result<bool, CopyError> {
    let Some(expected) = item.size else {
        return Ok(false);
    };
    let doubt = Doubt {
        stage: transfer::Stage::Renaming,
        expected,
        proven: Ok(()),
    };
    Ok(transfer::settle(target, item, &doubt)? == Settled::Published)
}
