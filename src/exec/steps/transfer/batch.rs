//! Files on their way in one job: each copied, settled or given up, until the time of the batch is over.

use std::sync::Arc;
use std::time::Duration;

use crate::event::Current;
use crate::options::{Publish, Verify};
use crate::transfer::{
    self, Cause, Class, Compared, Copied, CopyError, Decision, Doubt, End, Item, Links, Looks,
    MOST_OTHERS, Refusal, Role, Settled, SizeProblem,
};

use super::Output;
use super::ends::Terms;
use super::exact_names;
use super::exhausted::Room;
use super::jobs::{Foldered, refusal};
use super::piece::{Arrival, Attempt, Failed, Moved, NotDone};
use super::youth::{self, Youth};
use crate::exec::fault::Fault;
use crate::exec::steps::job::{Desk, Pair, Work};

/// A batch ends after this long, so that the dispatcher can share the sessions out anew.
const SHORT: Duration = Duration::from_millis(100);

/// Moves files until the time of a batch is over; at least one.
pub(super) fn files(terms: Arc<Terms>, refused: Arc<Foldered>, attempts: Vec<Attempt>) -> Work {
    Box::new(move |desk| {
        let end = desk.now() + SHORT;
        let mut moved = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            let placed = terms.placed(attempt.piece.file, &refused);
            let result = placed.and_then(|()| terms.one(desk, &attempt, moved.is_empty()));
            let result = result.or_else(|failed| terms.may_wait(attempt.piece.file, failed, desk));
            let goes_on = match &result {
                Ok(_) => true,
                // Whether one that was broken off is the first of many is for the step to see.
                Err(failed) => {
                    let ends = matches!(failed.fault.class, Class::StopStep | Class::Interrupted);
                    !ends && !failed.broken_off
                }
            };
            moved.push((attempt.piece, result));
            if !goes_on || desk.now() >= end || !desk.healthy() {
                break;
            }
        }
        let is_visible =
            |arrival: &Arrival| matches!(arrival, Arrival::Copied(copied) if copied.visible);
        exact_names::prove(&terms, desk, &mut moved, is_visible, Failed::at_once);
        Output::Moved(moved).boxed()
    })
}

/// Gives files that have arrived their final names, in the order given, until one fails. `again`: the reply to the
/// first one's rename may have been lost, so it is looked at first.
pub(super) fn publish(terms: Arc<Terms>, files: Vec<u32>, again: bool) -> Work {
    Box::new(move |desk| {
        let mut published = Vec::with_capacity(files.len());
        for at in files {
            let look = again && published.is_empty();
            let result = terms.on_target(desk, at, |target, item| {
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
        exact_names::prove(&terms, desk, &mut published, |_| true, NotDone::from);
        Output::Published(published).boxed()
    })
}

/// Removes what failed files left at the destination.
pub(super) fn clear(terms: Arc<Terms>, files: Vec<u32>) -> Work {
    Box::new(move |desk| {
        let left = files.into_iter().filter_map(|at| {
            let cleared = terms.on_target(desk, at, transfer::discard);
            cleared.err().map(|not_done| (at, not_done.fault))
        });
        Output::Cleared(left.collect()).boxed()
    })
}

impl Terms {
    /// Whether the folder of a file could be made.
    fn placed(&self, at: u32, refused: &Foldered) -> Result<(), Failed> {
        if refused.is_empty() {
            return Ok(());
        }
        let path = self.ends.route.relative(&self.set, at).unwrap_or_default();
        let refusal = refusal(refused, &path);
        refusal.map_or(Ok(()), |fault| Err(Failed::at_once(fault.clone())))
    }

    fn one(&self, desk: &mut Desk, attempt: &Attempt, first: bool) -> Moved {
        let mut item = self.item(attempt.piece.file).map_err(Failed::at_once)?;
        item.partial |= attempt.again && item.resumable;
        item.again = attempt.again;
        item.asks_places = self.asks_places(&item);
        item.mark = self.mark(&item);
        item.relied = self.wishes.relied;
        item.others = self.other_folders(attempt.piece.file, &item);
        item.asks_time = self.asks_time();
        let rested = desk.rested && first;
        let now = desk.unix_now();
        item.now = now;
        let mut pair = self.pair(desk).map_err(Failed::at_once)?;
        let youth = self.youth(&mut pair, &item, attempt, now);
        match youth.map_err(|error| self.failed(error, &pair, &item, rested))? {
            Youth::Wait(wait) => return Ok(Arrival::NotYet { wait, bytes: 0 }),
            youth => item.is_settled = youth == Youth::Old,
        }
        desk.begin(Current {
            file: Arc::clone(&item.text),
            size: item.size,
        });
        let mut pair = self.pair(desk).map_err(Failed::at_once)?;
        let meter = pair.meter;
        let stood = match self.room(pair.target, &item, attempt) {
            Ok(Room::Perhaps(stood)) => Ok(stood),
            Ok(Room::None(fault)) => Err(Failed::of_all(fault)),
            Err(error) => Err(self.failed(error, &pair, &item, rested)),
        };
        let stood = stood.inspect_err(|_| meter.end())?;
        let settled = match &attempt.doubt {
            Some(doubt) => settle(&mut pair, &item, doubt, self.wishes.options.publish),
            None => Ok(None),
        };
        let looked = settled.is_ok();
        let result = settled.and_then(|settled| match settled {
            Some(copied) => Ok(Arrival::Copied(copied)),
            None => self.arrive(&mut pair, &item, attempt),
        });
        self.learn_exact(attempt.piece.file, &result);
        self.learn_left_mark(attempt.piece.file, &result);
        if let Err(CopyError {
            places: Some(verdict),
            ..
        }) = &result
        {
            self.ends.keep_verdict(&item, verdict);
        }
        let result = result.map_err(|error| {
            let mut failed = self.failed(error, &pair, &item, rested);
            failed.stood = stood;
            if !looked && failed.doubt.is_none() {
                failed.doubt.clone_from(&attempt.doubt);
            }
            failed
        });
        meter.end();
        result.map(|arrival| self.witness(arrival, pair.target, &item))
    }

    /// A source that was written while it was read is read again when its time would tell one write more.
    fn may_wait(&self, at: u32, failed: Failed, desk: &Desk) -> Moved {
        match failed.became {
            Some(became) if self.ends.learn_change(at, became) => Ok(Arrival::NotYet {
                wait: youth::after_change(became, desk.unix_now()),
                bytes: failed.bytes,
            }),
            _ => Err(failed),
        }
    }

    /// Keeps the exact time of a source for the next job that this file needs.
    fn learn_exact(&self, at: u32, result: &Result<Arrival, CopyError>) {
        let exact = match result {
            Ok(Arrival::Copied(copied)) if !copied.visible => copied.exact,
            Ok(_) => None,
            Err(error) => error.exact,
        };
        self.ends.learn_exact(at, exact);
    }

    /// Whether the file's time would tell a later write; asked only where a later step relies on that.
    fn youth(
        &self,
        pair: &mut Pair<'_>,
        item: &Item,
        attempt: &Attempt,
        now: i64,
    ) -> Result<Youth, CopyError> {
        if !self.wishes.relied || attempt.doubt.is_some() {
            return Ok(Youth::Old);
        }
        let listed = self.set.modified(attempt.piece.file);
        let once = self.wishes.book.is_some();
        match youth::as_listed(listed.filter(|_| once), now) {
            Some(youth) => Ok(youth),
            None => youth::of(pair.source, item, now),
        }
    }

    /// Whether a later deletion will compare the time that the destination gives a file.
    fn asks_time(&self) -> bool {
        let request = self.wishes.request(self.ends.sets_times);
        self.wishes.relied && !request.times_arrive()
    }

    fn room(
        &self,
        target: &mut dyn End,
        item: &Item,
        attempt: &Attempt,
    ) -> Result<Room, CopyError> {
        match &attempt.broken {
            Some(broken) => broken.look(target, item),
            None => Ok(Room::Perhaps(None)),
        }
    }

    fn arrive(
        &self,
        pair: &mut Pair<'_>,
        item: &Item,
        attempt: &Attempt,
    ) -> Result<Arrival, CopyError> {
        let is_same = matches!(self.decisions.of(attempt.piece.file), Decision::Same(_));
        if is_same && attempt.doubt.is_none() {
            match self.compare(pair, item)? {
                Compared::Same => return Ok(Arrival::Same(Ok(()))),
                Compared::Unknown(reason) => return Ok(Arrival::Same(Err(reason))),
                // What the listings showed agrees, and what was asked does not: it is as good as missing.
                Compared::Different => {}
            }
        }
        let too_many = item.others.len() > MOST_OTHERS || (item.direct && !item.others.is_empty());
        let refusal = match (item.replaces_only_copy, too_many) {
            (true, _) => Some(Refusal::OnlyCopy),
            (false, true) => Some(Refusal::AnotherSource),
            (false, false) if attempt.doubt.is_none() => {
                exact_names::stands_unlisted(pair.target, item)?
            }
            (false, false) => None,
        };
        if let Some(refusal) = refusal {
            return Err(CopyError::new(Role::Target, Cause::Refused(refusal)));
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

    fn compare(&self, pair: &mut Pair<'_>, item: &Item) -> Result<Compared, CopyError> {
        match self.wishes.options.verify {
            Verify::Checksum => transfer::compare(pair.source, pair.target, item, pair.buffer),
            _ => {
                let request = self.wishes.request(self.ends.sets_times);
                transfer::confirm(pair.source, pair.target, item, &request)
            }
        }
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
        pair.source.confine(self.set.root(), self.wishes.links);
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
            became: error.became,
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
        left_mark: None,
        exact: None,
    };
    let settled = transfer::settle(pair.target, item, doubt)?;
    copied.time = match settled {
        Settled::NotArrived => return Ok(None),
        Settled::Published(time) => time,
        Settled::Arrived(time) => {
            if item.asks_places {
                copied.places = Some(transfer::ask_places(pair.source, pair.target, item)?);
            }
            transfer::ask_others(pair.source, pair.target, item)?;
            match publish {
                Publish::Set => copied.visible = false,
                _ => copied.warning = transfer::publish(pair.target, item)?.warning,
            }
            time
        }
    };
    copied.times_kept = copied.time.is_some();
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
    let settled = transfer::settle(target, item, &doubt)?;
    Ok(matches!(settled, Settled::Published(_)))
}
