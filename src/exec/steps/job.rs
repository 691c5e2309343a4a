//! A job: a short run of work on the ends it holds.
//!
//! A job starts with its ends and a thread in hand, and ends with exactly one [`Done`], on panic too. It is `'static`
//! over shared data and uses no rayon primitive: a `join` inside a transfer would let it steal another transfer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::event::{Current, Meter};
use crate::transfer::{End, Role};

use super::Output;
use crate::exec::fault::Fault;
use crate::exec::roles::JobId;
use crate::exec::world::Executor;

/// What a job does with what it holds.
pub(in crate::exec) type Work = Box<dyn FnOnce(&mut Desk) -> Output + Send>;

/// An end that a job holds.
pub(in crate::exec) struct Seat {
    pub(in crate::exec) role: Role,
    pub(in crate::exec) end: Box<dyn End>,
    /// Whether it is a session, which goes back to its pool.
    pub(in crate::exec) is_session: bool,
}

/// What a job holds.
pub(in crate::exec) struct Desk {
    pub(in crate::exec) seats: Vec<Seat>,
    /// Where the progress display reads.
    pub(in crate::exec) meter: Arc<Meter>,
    /// Whether a session lay idle for so long that the server may have closed it: a loss at the first command
    /// is then not counted as a try.
    pub(in crate::exec) rested: bool,
    executor: Arc<dyn Executor>,
    job: JobId,
    begun: Begun,
    buffer: Vec<u8>,
}

/// Both ends of a transfer, and what copying needs beside them.
pub(in crate::exec) struct Pair<'d> {
    pub(in crate::exec) source: &'d mut dyn End,
    pub(in crate::exec) target: &'d mut dyn End,
    pub(in crate::exec) meter: &'d Meter,
    pub(in crate::exec) buffer: &'d mut Vec<u8>,
}

/// The end of a job. The sessions are lost where it panicked.
pub(in crate::exec) struct Done {
    pub(in crate::exec) job: JobId,
    pub(in crate::exec) sessions: Vec<Box<dyn End>>,
    pub(in crate::exec) output: Output,
}

/// A job began with a file.
pub(in crate::exec) struct Began {
    pub(in crate::exec) job: JobId,
    pub(in crate::exec) file: Current,
    pub(in crate::exec) at: Instant,
}

/// What jobs tell without waking anybody: two threads that wake for each small file cost more than the file's own calls.
type Begun = Arc<Mutex<Vec<Began>>>;

/// What reaches the dispatcher, and wakes it.
pub(in crate::exec) enum Message {
    /// A job ended.
    Done(Box<Done>),
    /// The run is to end.
    Interrupt,
}

/// Who does the jobs of a run, and where their ends are told.
pub(in crate::exec) struct Workers {
    pub(in crate::exec) executor: Arc<dyn Executor>,
    pub(in crate::exec) done: Sender<Message>,
    begun: Begun,
}

impl Desk {
    /// What a job holds that begins now.
    pub(in crate::exec) fn new(
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
            begun: Arc::clone(&workers.begun),
            buffer: Vec::new(),
        }
    }

    /// Shows that the job works on a file from here on, and tells it; the dispatcher looks for that when it wakes, or soon.
    pub(in crate::exec) fn begin(&self, file: Current) {
        let began = Began {
            job: self.job,
            file: file.clone(),
            at: self.now(),
        };
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.push(began);
        drop(begun);
        self.meter.begin(file, 0);
    }

    /// The end of a role.
    ///
    /// # Errors
    /// A fault of ours: the dispatcher starts no job without what it asked for.
    pub(in crate::exec) fn end(&mut self, role: Role) -> Result<&mut dyn End, Fault> {
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
    pub(in crate::exec) fn target(&mut self, number: usize) -> Result<&mut dyn End, Fault> {
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
    pub(in crate::exec) fn pair(&mut self) -> Result<Pair<'_>, Fault> {
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
    pub(in crate::exec) fn healthy(&self) -> bool {
        self.seats.iter().all(|seat| seat.end.healthy())
    }

    /// What time it is.
    pub(in crate::exec) fn now(&self) -> Instant {
        self.executor.now()
    }

    /// What time it is, in Unix seconds.
    pub(super) fn unix_now(&self) -> i64 {
        self.executor.unix_now()
    }

    fn give_back(self) -> Vec<Box<dyn End>> {
        let sessions = self.seats.into_iter().filter(|seat| seat.is_session);
        sessions.map(|seat| seat.end).collect()
    }
}

impl Workers {
    /// Who works, and who is told.
    pub(in crate::exec) fn new(executor: Arc<dyn Executor>, done: Sender<Message>) -> Workers {
        Workers {
            executor,
            done,
            begun: Begun::default(),
        }
    }

    /// What jobs have begun with since this was last asked.
    pub(in crate::exec) fn take_begun(&self) -> Vec<Began> {
        std::mem::take(&mut *self.begun.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts a job.
    pub(in crate::exec) fn spawn(&self, mut desk: Desk, work: Work) {
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
