//! A job: a short run of work on the ends it holds.
//!
//! A job starts with its ends and a thread in hand, and ends with exactly one [`Done`], on panic too. It is `'static`
//! over shared data and uses no rayon primitive: a `join` inside a transfer would let it steal another transfer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use crate::event::{Current, Meter};
use crate::files::{ServerId, Side};
use crate::transfer::{End, Role};

use super::dispatcher::Message;
use super::fault::Fault;
use super::steps::Output;
use super::world::Executor;

/// The number of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct JobId(pub(super) u64);

/// What a job needs: an end for each of these roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roles(Vec<(Role, Side)>);

/// What a job does with what it holds.
pub(super) type Work = Box<dyn FnOnce(&mut Desk) -> Output + Send>;

/// An end that a job holds.
pub(super) struct Seat {
    pub(super) role: Role,
    pub(super) end: Box<dyn End>,
    /// Whether it is a session, which goes back to its pool.
    pub(super) is_session: bool,
}

/// What a job holds.
pub(super) struct Desk {
    pub(super) seats: Vec<Seat>,
    /// Where the progress display reads.
    pub(super) meter: Arc<Meter>,
    /// Whether a session lay idle for so long that the server may have closed it: a loss at the first command
    /// is then not counted as a try.
    pub(super) rested: bool,
    executor: Arc<dyn Executor>,
    job: JobId,
    told: Sender<Message>,
    buffer: Vec<u8>,
}

/// Both ends of a transfer, and what copying needs beside them.
pub(super) struct Pair<'d> {
    pub(super) source: &'d mut dyn End,
    pub(super) target: &'d mut dyn End,
    pub(super) meter: &'d Meter,
    pub(super) buffer: &'d mut Vec<u8>,
}

/// The end of a job. The sessions are lost where it panicked.
pub(super) struct Done {
    pub(super) job: JobId,
    pub(super) sessions: Vec<Box<dyn End>>,
    pub(super) output: Output,
}

/// Who does the jobs of a run, and where their ends are told.
pub(super) struct Workers {
    pub(super) executor: Arc<dyn Executor>,
    pub(super) done: Sender<Message>,
}

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

impl Desk {
    /// What a job holds that begins now.
    pub(super) fn new(
        job: JobId,
        seats: Vec<Seat>,
        meter: Arc<Meter>,
        rested: bool,
        workers: &Workers,
    ) -> Desk {
        Desk {
            seats,
            meter,
            rested,
            executor: Arc::clone(&workers.executor),
            job,
            told: workers.done.clone(),
            buffer: Vec::new(),
        }
    }

    /// Shows that the job works on a file from here on, and tells it.
    pub(super) fn begin(&self, file: Current) {
        let began = Message::Began(self.job, file.clone());
        // Nobody listens any more when the run has ended without this job.
        let _ = self.told.send(began);
        self.meter.begin(file, 0);
    }

    /// The end of a role.
    ///
    /// # Errors
    /// A fault of ours: the dispatcher starts no job without what it asked for.
    pub(super) fn end(&mut self, role: Role) -> Result<&mut dyn End, Fault> {
        let seat = self.seats.iter_mut().find(|seat| seat.role == role);
        match seat {
            Some(seat) => Ok(&mut *seat.end),
            None => Err(no_end()),
        }
    }

    /// One of several targets.
    ///
    /// # Errors
    /// As [`Desk::end`].
    pub(super) fn target(&mut self, number: usize) -> Result<&mut dyn End, Fault> {
        let targets = self.seats.iter_mut();
        let mut targets = targets.filter(|seat| seat.role == Role::Target);
        match targets.nth(number) {
            Some(seat) => Ok(&mut *seat.end),
            None => Err(no_end()),
        }
    }

    /// Both ends of a transfer.
    ///
    /// # Errors
    /// As [`Desk::end`].
    pub(super) fn pair(&mut self) -> Result<Pair<'_>, Fault> {
        let (mut source, mut target) = (None, None);
        for seat in &mut self.seats {
            match seat.role {
                Role::Source => source = Some(&mut *seat.end),
                Role::Target => target = Some(&mut *seat.end),
            }
        }
        Ok(Pair {
            source: source.ok_or_else(no_end)?,
            target: target.ok_or_else(no_end)?,
            meter: &self.meter,
            buffer: &mut self.buffer,
        })
    }

    /// Whether all its ends can be used further.
    pub(super) fn healthy(&self) -> bool {
        self.seats.iter().all(|seat| seat.end.healthy())
    }

    /// What time it is.
    pub(super) fn now(&self) -> Instant {
        self.executor.now()
    }

    fn give_back(self) -> Vec<Box<dyn End>> {
        let sessions = self.seats.into_iter().filter(|seat| seat.is_session);
        sessions.map(|seat| seat.end).collect()
    }
}

impl Workers {
    /// Starts a job.
    pub(super) fn spawn(&self, mut desk: Desk, work: Work) {
        let job = desk.job;
        let done = self.done.clone();
        self.executor.spawn(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let output = work(&mut desk);
                (desk.give_back(), output)
            }));
            let (sessions, output) = result.unwrap_or_else(|panic| {
                let words = words_of(panic.as_ref());
                (Vec::new(), Output::Panicked(words))
            });
            // Nobody listens any more when the run has ended without this job.
            let _ = done.send(Message::Done(Box::new(Done {
                job,
                sessions,
                output,
            })));
        }));
    }
}

fn no_end() -> Fault {
    Fault::permanent("a job began without its ends; please report it")
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
