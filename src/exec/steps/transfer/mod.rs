//! `download`, `upload` and `relay`: survey the destination, decide, make folders, move, publish.
//!
//! One machine for all three: they only name two ends. The phases before [`phase::Work`] change nothing anywhere; `plan`
//! runs no further. Where each file is stands in one table, [`files::Files`]; whatever happens to one goes through
//! [`state::State::after`].

mod apart;
mod batch;
mod book;
mod choosing;
mod closing;
mod deciding;
mod distinct;
mod ends;
mod entering;
mod exact_names;
mod exhausted;
mod files;
mod jobs;
mod looking;
mod marking;
mod moving;
mod pending;
mod phase;
mod piece;
mod publishing;
mod recall;
mod state;
mod survey;
mod telling;
#[cfg(test)]
mod tests;
mod witness;
mod writing;
mod youth;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::files::{FileSet, Listing};
use crate::plan::{self, StepId};
use crate::transfer::Role;

use super::{JobWork, Machine, Next, Stop, panicked};
use crate::exec::backlog::{Tries, Try};
use crate::exec::fault::Fault;
use crate::exec::roles::{JobId, Roles};
use crate::exec::shared::Shared;
use crate::exec::steps::job;
use ends::{Terms, Wishes};
use files::Files;
use phase::{Look, Phase, Publishing, Work};
use piece::{Moved, Named, Piece};
use state::{Happened, Illegal};
use survey::{Answers, Rooted, Shown};

/// Files that one job moves at most.
const BATCH: usize = 32;
/// Files told in one go: the dispatcher must not be kept from other steps.
const TOLD_AT_ONCE: u32 = 250;
/// Files looked at in one go.
const LOOKED_AT_ONCE: u32 = 50_000;

pub(super) struct Transfer {
    id: StepId,
    transfer: plan::Transfer,
    wishes: Arc<Wishes>,
    set: FileSet,
    phase: Phase,
    files: Files,
    flights: HashMap<JobId, Flight>,
    once: Once,
    /// Folders that cannot be made.
    refused: Arc<jobs::Foldered>,
    /// What the step reports: it cannot go on.
    fault: Option<Fault>,
    /// Why nothing more begins.
    stopped: Option<Stop>,
    /// Files that arrived at a server which announces that it keeps times, and did not keep theirs.
    timeless: u64,
    /// Whether it was said what the names at the destination are in.
    told_foreign: bool,
    /// With `once`: files that stood at the destination, and are none that the step yields.
    not_new: HashSet<u32>,
    /// With `once`: files that may be transferred for the second time.
    maybe_twice: u64,
}

/// Tries of the one job that a phase consists of, and when the next may start.
#[derive(Default)]
struct Once {
    tries: Tries,
    not_before: Option<Instant>,
}

/// What a job in flight is about.
enum Flight {
    /// The one of its phase.
    Whole,
    Folder(Try<Vec<u8>>),
    /// Files, and the marks that some of them may make.
    Files(Vec<Piece>, Marks),
}

/// The paths of marks, by the files that make them.
type Marks = HashMap<u32, Vec<u8>>;

/// What a job of a transfer step gives back.
pub(in crate::exec) enum Output {
    Chosen(Result<book::Found, Fault>),
    Rooted(Result<Rooted, Fault>),
    Routed(Vec<Vec<u8>>),
    Surveyed(Result<Shown, Fault>),
    Decided(Result<Box<Terms>, Fault>),
    Asked(Result<Answers, Fault>),
    Foldered(Result<jobs::Foldered, Fault>),
    ToTellApart(Option<Arc<apart::Wanted>>),
    Apart(apart::Apart),
    Moved(Vec<(Piece, Moved)>),
    Ordered(Vec<u32>),
    Published(Vec<(u32, Named)>),
    Cleared(Vec<(u32, Fault)>),
    Yielded(phase::Yielded),
}

impl Output {
    fn boxed(self) -> super::Output {
        super::Output::Transfer(Box::new(self))
    }
}

impl Transfer {
    pub(super) fn new(step: &plan::Step, transfer: &plan::Transfer, shared: &Shared) -> Transfer {
        let (set, fault) = match shared.set_of(transfer.from) {
            Some(set) => (set, None),
            None => {
                let fault = Fault::permanent("an earlier step gave no files");
                (no_files(transfer, shared), Some(fault))
            }
        };
        let wishes = Wishes::new(step, transfer, shared);
        let phase = match wishes.book {
            Some(_) => Phase::Choose,
            None => Phase::Root,
        };
        let mut made = Transfer {
            id: step.id,
            transfer: transfer.clone(),
            wishes: Arc::new(wishes),
            files: Files::new(set.len()),
            set,
            phase,
            flights: HashMap::new(),
            once: Once::default(),
            refused: Arc::default(),
            fault: None,
            stopped: None,
            timeless: 0,
            told_foreign: false,
            not_new: HashSet::new(),
            maybe_twice: 0,
        };
        if let Some(fault) = fault {
            made.refuse(fault);
        }
        made
    }

    fn target_roles(&self) -> Roles {
        Roles::one(Role::Target, self.transfer.to)
    }

    fn both_roles(&self) -> Roles {
        Roles::pair(self.transfer.source, self.transfer.to)
    }

    /// Further jobs that may move files beside those in flight.
    fn room(&self, waiting: usize) -> usize {
        let most = self.transfer.options.parallel;
        let most = most.map_or(usize::MAX, |most| most.max(1) as usize);
        waiting.min(most.saturating_sub(self.flights.len()))
    }

    fn text(&self, at: u32) -> String {
        self.set.text(at)
    }

    /// The step as a whole cannot go on.
    fn refuse(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.phase.close();
    }

    /// Something happened to a file; whether it could.
    fn happened(&mut self, at: u32, happened: Happened) -> bool {
        let result = self.files.happened(at, happened);
        self.legal(result).is_some()
    }

    /// What cannot happen to a file is an error of ours: it ends the step, and is told.
    fn legal<T>(&mut self, result: Result<T, Illegal>) -> Option<T> {
        let illegal = match result {
            Ok(value) => return Some(value),
            Err(illegal) => illegal,
        };
        let fault = panicked(&illegal.to_string());
        self.fault.get_or_insert(fault.clone());
        self.stopped.get_or_insert(Stop::Fault(fault));
        None
    }

    fn again<T>(
        &self,
        attempt: &mut Try<T>,
        fault: &Fault,
        progressed: bool,
        shared: &mut Shared,
    ) -> Option<Duration> {
        if self.stopped.is_some() {
            return None;
        }
        shared.try_again(self.id, attempt, fault, progressed)
    }

    /// The one job of a phase failed: it is tried again where that can help.
    fn once_failed(&mut self, fault: Fault, now: Instant, shared: &mut Shared) {
        let mut tries = self.once.tries;
        match self.again(&mut tries, &fault, false, shared) {
            Some(wait) => self.once.not_before = Some(now + wait),
            None => self.refuse(fault),
        }
        self.once.tries = tries;
    }

    /// The one job of a phase is done.
    fn go_on(&mut self, next: Work) {
        self.once = Once::default();
        self.phase.go_on(next);
    }

    /// The job of the phase that the step is in.
    fn make(&mut self, now: Instant, shared: &mut Shared) -> Option<(Flight, job::Work)> {
        let (wishes, set) = (Arc::clone(&self.wishes), self.set.clone());
        let work = match &mut self.phase {
            Phase::Choose => wishes.book.clone()?.choose(set),
            Phase::Root => survey::root(wishes, set),
            Phase::Look(ends, look) => {
                return look.make(wishes, Arc::clone(ends), set, now);
            }
            Phase::Work(terms, work) => {
                let terms = Arc::clone(terms);
                match work {
                    Work::Folders => jobs::folders(terms),
                    Work::ToTellApart => apart::find(terms),
                    Work::Apart(wanted) => apart::work(terms, Arc::clone(wanted)),
                    Work::Move(_) => return Some(self.batch(terms, now, shared)),
                    Work::Order(arrived) => jobs::order(terms, std::mem::take(arrived)),
                    Work::Publish(_) => return self.name_some(shared),
                    Work::Clear => batch::clear(terms, self.files.take_left_behind()),
                    Work::Tell(_) => return None,
                }
            }
            Phase::Close(..) => self.yield_set(shared)?,
        };
        Some((Flight::Whole, work))
    }

    /// Takes in the end of a job.
    fn take(&mut self, flight: Flight, output: Output, now: Instant, shared: &mut Shared) {
        match (flight, output) {
            (_, Output::Chosen(found)) => self.chosen(found, shared),
            (_, Output::Rooted(rooted)) => self.rooted(rooted, now, shared),
            (_, Output::Routed(folders)) => self.looked(|look| look.routed(folders)),
            (Flight::Folder(attempt), Output::Surveyed(shown)) => {
                self.surveyed(attempt, shown, now, shared);
            }
            (_, Output::Decided(decided)) => self.decided(decided, shared),
            (_, Output::Asked(Ok(answers))) => {
                self.once = Once::default();
                self.looked(|look| look.asked(answers));
            }
            (_, Output::Asked(Err(fault))) => self.once_failed(fault, now, shared),
            (_, Output::Foldered(made)) => self.foldered(made, now, shared),
            (_, Output::ToTellApart(wanted)) => self.tells_apart_next(wanted, shared),
            (_, Output::Apart(apart)) => self.told_apart(apart, now, shared),
            (Flight::Files(pieces, marks), Output::Moved(moved)) => {
                self.marked(marks, shared);
                self.moved(pieces, moved, now, shared);
            }
            (_, Output::Ordered(order)) => {
                self.go_on(Work::Publish(Publishing::new(order)));
            }
            (_, Output::Published(published)) => self.published(published, now, shared),
            (_, Output::Cleared(left)) => self.cleared(left, shared),
            (_, Output::Yielded(yielded)) => self.yielded(yielded),
            _ => {}
        }
    }

    fn looked(&mut self, take_in: impl FnOnce(&mut Look)) {
        if let Phase::Look(_, look) = &mut self.phase {
            take_in(look);
        }
    }

    /// A job panicked: its files fail, and no others.
    fn lost(&mut self, flight: Flight, words: &str, shared: &mut Shared) {
        match flight {
            Flight::Files(pieces, _) => {
                for piece in pieces {
                    self.files.note_mut(piece.file).may_stand = true;
                    self.fail_file(piece.file, panicked(words), 0, shared);
                }
            }
            Flight::Whole | Flight::Folder(_) => {
                self.leave_set(shared);
                self.refuse(panicked(words));
            }
        }
    }
}

impl Machine for Transfer {
    fn next(&mut self, now: Instant, shared: &mut Shared) -> Next {
        self.settle(shared);
        let idle = self.flights.is_empty();
        let (roles, more) = match &mut self.phase {
            Phase::Close(..) if !idle => return Next::Wait(None),
            Phase::Close(_, closing) if closing.yielded.is_some() => {
                return Next::Done(self.ending(shared));
            }
            Phase::Close(..) => match self.close_some(shared) {
                true => {
                    return Next::Job {
                        roles: Roles::none(),
                        more: 1,
                    };
                }
                false => return Next::Wait(Some(now)),
            },
            Phase::Work(_, Work::Clear | Work::Publish(_)) if idle => (self.target_roles(), 1),
            _ if self.stopped.is_some() => return Next::Wait(None),
            Phase::Work(_, Work::Tell(_)) => {
                self.tell(shared);
                return Next::Wait(Some(now));
            }
            Phase::Look(_, Look::Survey(survey)) => {
                let ready = survey.ready(now);
                if ready == 0 {
                    return Next::Wait(survey.next_retry());
                }
                (self.target_roles(), ready)
            }
            Phase::Work(_, Work::Move(_)) => {
                let waiting = self.files.ready(now);
                let more = self.room(waiting);
                if more == 0 {
                    return Next::Wait(self.files.next_retry());
                }
                (self.both_roles(), more)
            }
            _ if !idle => return Next::Wait(None),
            Phase::Work(_, Work::Apart(_)) => (self.both_roles(), 1),
            Phase::Choose
            | Phase::Look(_, Look::Route(_) | Look::Decide(_) | Look::Settle(..))
            | Phase::Work(_, Work::Order(_) | Work::ToTellApart) => (Roles::none(), 1),
            _ => (self.target_roles(), 1),
        };
        match self.once.not_before.filter(|at| *at > now) {
            Some(later) => Next::Wait(Some(later)),
            None => Next::Job { roles, more },
        }
    }

    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork {
        let Some((flight, work)) = self.make(now, shared) else {
            self.flights.insert(job, Flight::Whole);
            return JobWork::quiet(Box::new(|_| super::Output::Nothing));
        };
        let moves_bytes = matches!(flight, Flight::Files(..));
        self.flights.insert(job, flight);
        JobWork { work, moves_bytes }
    }

    fn returned(&mut self, job: JobId, output: super::Output, now: Instant, shared: &mut Shared) {
        let Some(flight) = self.flights.remove(&job) else {
            return;
        };
        match output {
            super::Output::Transfer(output) => self.take(flight, *output, now, shared),
            super::Output::Panicked(words) => self.lost(flight, &words, shared),
            _ => {}
        }
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        // All work is done then: only its end is still to be told.
        if matches!(self.phase, Phase::Close(..)) {
            return;
        }
        // What cannot be cleared up without a session stays.
        self.files.take_left_behind();
        self.stopped.get_or_insert_with(|| stop.clone());
    }
}

/// For a step whose files never came.
fn no_files(transfer: &plan::Transfer, shared: &Shared) -> FileSet {
    let encoding = shared.encoding(transfer.source);
    FileSet::all(Arc::new(Listing::empty(
        transfer.source,
        Vec::new(),
        encoding,
    )))
}
