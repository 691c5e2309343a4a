//! The machine, driven by hand: what it asks for, and what it makes of the ends of its jobs. No job that needs an end is
//! done here.

use std::sync::mpsc::Receiver;

use super::jobs::Foldered;
use super::piece::{Arrival, Failed, NotDone};
use super::state::State;
use super::*;
use crate::event::{Event, FileOutcome, Meter, Stamped, StepOutcome};
use crate::exec::steps;
use crate::exec::steps::job::Desk;
use crate::exec::tests::{Folders, Virtual, plan, set, shared, told};
use crate::files::Page;
use crate::plan::Action;
use crate::transfer::{Class, Copied, Looks, Manners};

const SERVERS: &str = "  a: {host: a.example, user: u, password: p, tls: off, connections: 2}\n";

/// A step that uploads some files, and what it stands on.
struct Case {
    machine: Transfer,
    shared: Shared,
    events: Receiver<Stamped>,
    executor: Arc<Virtual>,
    now: Instant,
    jobs: u64,
}

/// A job of it.
struct Job {
    id: JobId,
    work: job::Work,
}

impl Case {
    fn new(options: &str, count: usize) -> Case {
        let steps = format!(
            "  put: {{upload: {{files: in/*, to: a, into: /out{options}}}, retry: {{attempts: 2, backoff: 1s}}}}\n"
        );
        let plan = plan(SERVERS, &steps);
        let executor = Virtual::new(Duration::ZERO);
        let (mut shared, events) = shared(&plan, &Folders::new(), &executor);
        let transfer = |step: &&plan::Step| matches!(step.action, Action::Transfer(_));
        let step = plan.steps.iter().find(transfer).unwrap();
        let Action::Transfer(transfer) = &step.action else {
            unreachable!()
        };
        shared.sets[transfer.from.0 as usize] = Some(set(count));
        Case {
            machine: Transfer::new(step, transfer, &shared),
            now: crate::exec::world::Executor::now(&*executor),
            shared,
            events,
            executor,
            jobs: 0,
        }
    }

    /// The job that it wants, if it wants one now. What it does by itself is done before.
    fn job(&mut self) -> Option<Job> {
        loop {
            match self.machine.next(self.now, &mut self.shared) {
                Next::Wait(Some(at)) if at == self.now => {}
                Next::Wait(_) | Next::Done(_) => return None,
                Next::Job { .. } if matches!(self.machine.phase, Phase::Close(..)) => return None,
                Next::Job { .. } => break,
            }
        }
        Some(self.work())
    }

    fn work(&mut self) -> Job {
        self.jobs += 1;
        let id = JobId(self.jobs);
        let work = self.machine.work(id, self.now, &mut self.shared).work;
        Job { id, work }
    }

    fn end(&mut self, job: &Job, output: Output) {
        let output = output.boxed();
        self.machine
            .returned(job.id, output, self.now, &mut self.shared);
    }

    /// Does a job that needs no end.
    fn run(&mut self, job: Job) {
        let id = job.id;
        let output = self.answer(job);
        self.machine
            .returned(id, output, self.now, &mut self.shared);
    }

    /// Up to the first batch: the destination is empty.
    fn begin(&mut self) {
        let root = self.job().unwrap();
        let rooted = Rooted {
            root: b"/out".to_vec(),
            shown: Shown::of(Some(Page::default())),
            manners: Manners::default(),
            follows_links: false,
        };
        self.end(&root, Output::Rooted(Ok(rooted)));
        for _ in ["route", "decide"] {
            let job = self.job().unwrap();
            self.run(job);
        }
        let folders = self.job().unwrap();
        self.end(&folders, Output::Foldered(Ok(Foldered::new())));
    }

    fn pieces(&self, job: &Job) -> Vec<Piece> {
        match &self.machine.flights[&job.id] {
            Flight::Files(pieces, _) => pieces.clone(),
            _ => Vec::new(),
        }
    }

    /// Ends a batch: each piece as told.
    fn end_batch(&mut self, job: &Job, what: impl Fn(u32) -> Option<Moved>) {
        let pieces = self.pieces(job).into_iter();
        let moved = pieces.filter_map(|piece| Some((piece, what(piece.file)?)));
        let moved = moved.collect();
        self.end(job, Output::Moved(moved));
    }

    fn states(&self) -> Vec<State> {
        let files = &self.machine.files;
        (0..files.len()).map(|at| files.state(at)).collect()
    }

    /// What it says at its end.
    fn ending(&mut self) -> (StepOutcome, Option<usize>) {
        loop {
            match self.machine.next(self.now, &mut self.shared) {
                Next::Wait(Some(at)) if at == self.now => {}
                Next::Done(ending) => return (ending.outcome, ending.set.map(|set| set.len())),
                Next::Wait(_) => panic!("it has not ended"),
                Next::Job { .. } => {
                    let job = self.work();
                    assert!(
                        matches!(self.machine.phase, Phase::Close(..)),
                        "it has not ended"
                    );
                    self.run(job);
                }
            }
        }
    }

    fn outcomes(&self) -> Vec<(String, FileOutcome)> {
        let files = told(&self.events)
            .into_iter()
            .filter_map(|event| match event {
                Event::FileFinished { file, outcome, .. } => Some((file, outcome)),
                _ => None,
            });
        files.collect()
    }
}

fn copied(visible: bool) -> Moved {
    Ok(Arrival::Copied(Copied {
        bytes_moved: 1,
        proven: Ok(()),
        times_kept: true,
        visible,
        places: None,
        source: Looks::default(),
        time: None,
        warning: None,
        left_mark: None,
        exact: None,
    }))
}

fn failed(class: Class) -> Failed {
    let mut fault = Fault::permanent("broken");
    fault.class = class;
    Failed::at_once(fault)
}

#[test]
fn every_file_arrives_and_the_step_yields_them() {
    let mut case = Case::new("", 40);
    case.begin();
    while let Some(job) = case.job() {
        case.end_batch(&job, |_| Some(copied(true)));
    }
    let (outcome, yielded) = case.ending();
    assert!(matches!(outcome, StepOutcome::Done));
    assert_eq!(yielded, Some(40));
    let all = |(_, outcome): &(String, FileOutcome)| matches!(outcome, FileOutcome::Transferred);
    assert_eq!(case.outcomes().iter().filter(|file| all(file)).count(), 40);
}

#[test]
fn files_are_dealt_out_to_the_sessions_that_there_may_be() {
    let mut case = Case::new("", 40);
    case.begin();
    let jobs: Vec<Job> = (0..2).map(|_| case.job().unwrap()).collect();
    let dealt: Vec<usize> = jobs.iter().map(|job| case.pieces(job).len()).collect();
    assert_eq!(dealt, [20, 10]);
}

#[test]
fn what_a_batch_did_not_get_to_goes_on_and_what_failed_waits() {
    let mut case = Case::new(", parallel: 1", 3);
    case.begin();
    let job = case.job().unwrap();
    assert_eq!(case.pieces(&job).len(), 2);
    case.end_batch(&job, |file| match file {
        0 => Some(Err(failed(Class::Transient))),
        _ => None,
    });
    assert_eq!(case.states(), [State::Waiting; 3]);
    let job = case.job().unwrap();
    let order: Vec<u32> = case.pieces(&job).iter().map(|piece| piece.file).collect();
    assert_eq!(order, [1], "the one that failed is not due yet");
    case.end_batch(&job, |_| Some(copied(true)));
    case.now += Duration::from_secs(2);
    let job = case.job().unwrap();
    let piece = case.pieces(&job)[0];
    assert_eq!((piece.file, case.machine.files.tries(piece).failed), (0, 1));
    // The last of two tries.
    case.end_batch(&job, |_| Some(Err(failed(Class::Transient))));
    assert_eq!(case.states()[0], State::Failed);
}

#[test]
fn an_illegal_happening_fails_the_step_and_says_whose_fault_it_is() {
    let mut case = Case::new("", 2);
    case.begin();
    let job = case.job().unwrap();
    let piece = case.pieces(&job)[0];
    case.end_batch(&job, |_| Some(copied(true)));
    // The same job's file once more, as by a job that ends twice.
    case.machine
        .flights
        .insert(job.id, Flight::Files(vec![piece], Marks::new()));
    case.end(&job, Output::Moved(vec![(piece, copied(true))]));
    let other = case.job();
    assert!(other.is_none(), "nothing more begins");
    let (outcome, _) = case.ending();
    let StepOutcome::Failed {
        failure: Some(failure),
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(
        failure.message.contains("a fault in ftpflow itself"),
        "{}",
        failure.message
    );
    assert!(failure.help.unwrap().contains("please report it"));
    assert_eq!(case.outcomes().len(), 1, "the file is told once");
}

#[test]
fn a_file_that_a_job_never_gave_back_is_an_error_of_ours() {
    let mut case = Case::new("", 1);
    case.begin();
    let job = case.job().unwrap();
    case.end(&job, Output::Cleared(Vec::new()));
    case.machine.stop(&Stop::FailFast, &mut case.shared);
    let (outcome, _) = case.ending();
    let StepOutcome::Failed {
        failure: Some(failure),
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(failure.message.contains("Flying"), "{}", failure.message);
}

#[test]
fn a_panic_fails_the_files_of_its_job_and_no_others() {
    let mut case = Case::new("", 3);
    case.begin();
    let job = case.job().unwrap();
    let panicked = steps::Output::Panicked("oh".into());
    case.machine
        .returned(job.id, panicked, case.now, &mut case.shared);
    while let Some(job) = case.job() {
        case.end_batch(&job, |_| Some(copied(true)));
    }
    let (outcome, yielded) = case.ending();
    assert!(matches!(outcome, StepOutcome::Failed { failure: None }));
    assert_eq!(yielded, Some(1));
}

/// Brings all files of a set to their temporary names.
fn arrived(count: usize) -> Case {
    let mut case = Case::new(", publish: set", count);
    case.begin();
    loop {
        let job = case.job().unwrap();
        if case.pieces(&job).is_empty() {
            case.run(job);
            return case;
        }
        case.end_batch(&job, |_| Some(copied(false)));
    }
}

#[test]
fn a_set_is_named_in_the_order_of_its_names_some_at_a_time() {
    let mut case = arrived(600);
    let first = case.job().unwrap();
    assert_eq!(case.states()[499], State::Naming(1));
    assert_eq!(case.states()[500], State::Arrived(1));
    case.end(
        &first,
        Output::Published((0..500).map(|at| (at, Ok(None))).collect()),
    );
    let second = case.job().unwrap();
    case.end(
        &second,
        Output::Published((500..600).map(|at| (at, Ok(None))).collect()),
    );
    let (outcome, yielded) = case.ending();
    assert!(matches!(outcome, StepOutcome::Done));
    assert_eq!(yielded, Some(600));
}

#[test]
fn a_renaming_that_fails_is_tried_again_from_there() {
    let mut case = arrived(3);
    let job = case.job().unwrap();
    let mut fault = Fault::permanent("no");
    fault.class = Class::Transient;
    let not_done = NotDone::from(fault);
    case.end(
        &job,
        Output::Published(vec![(0, Ok(None)), (1, Err(not_done))]),
    );
    let expected = [State::Stands, State::Arrived(1), State::Arrived(1)];
    assert_eq!(case.states(), expected);
    assert!(case.job().is_none(), "it waits");
    case.now += Duration::from_secs(2);
    let job = case.job().unwrap();
    case.end(
        &job,
        Output::Published((1..3).map(|at| (at, Ok(None))).collect()),
    );
    assert!(matches!(case.ending().0, StepOutcome::Done));
}

#[test]
fn a_set_that_broke_says_what_of_it_is_visible() {
    let mut case = arrived(3);
    let job = case.job().unwrap();
    let not_done = NotDone::from(Fault::permanent("no"));
    case.end(
        &job,
        Output::Published(vec![(0, Ok(None)), (1, Err(not_done))]),
    );
    let (_, yielded) = case.ending();
    assert_eq!(yielded, Some(1));
    let warned = told(&case.events).into_iter().any(|event| {
        matches!(event, Event::Warning { text, .. } if text.contains("1 of its 3 files is visible (`0000000`)"))
    });
    assert!(warned);
}

#[test]
fn fail_fast_does_not_tear_a_set_that_is_being_named() {
    let mut case = arrived(600);
    let job = case.job().unwrap();
    case.machine.stop(&Stop::FailFast, &mut case.shared);
    case.end(
        &job,
        Output::Published((0..500).map(|at| (at, Ok(None))).collect()),
    );
    let job = case.job().unwrap();
    case.end(
        &job,
        Output::Published((500..600).map(|at| (at, Ok(None))).collect()),
    );
    assert_eq!(case.ending().1, Some(600));
}

#[test]
fn a_set_of_which_one_failed_is_not_named() {
    let mut case = Case::new(", publish: set", 3);
    case.begin();
    while let Some(job) = case.job() {
        case.end_batch(&job, |file| match file {
            1 => Some(Err(failed(Class::Permanent))),
            _ => Some(copied(false)),
        });
    }
    assert_eq!(case.ending().1, Some(0));
    assert_eq!(case.states(), [State::Failed; 3]);
}

#[test]
fn a_stop_leaves_what_waits_and_says_so_once() {
    let mut case = Case::new("", 5);
    case.begin();
    case.machine.stop(&Stop::Interrupted, &mut case.shared);
    assert!(case.job().is_none());
    case.ending();
    assert_eq!(case.states(), [State::Undone; 5]);
    let warnings = told(&case.events).into_iter().filter(|event| {
        matches!(event, Event::Warning { text, .. } if text.starts_with("5 files were not transferred"))
    });
    assert_eq!(warnings.count(), 1);
}

/// Prints how long the dispatcher was held up at most, by what. No bound is asserted: machines differ.
#[test]
#[ignore = "takes a minute without optimization"]
fn a_million_files_as_the_dispatcher_sees_them() {
    let mut case = Case::new(", publish: set", 1_000_000);
    let mut longest: Vec<(Duration, String)> = Vec::new();
    loop {
        let begin = Instant::now();
        let next = case.machine.next(case.now, &mut case.shared);
        let asked = begin.elapsed();
        longest.push((asked, format!("next {}", case.jobs)));
        match next {
            Next::Wait(Some(at)) if at == case.now => continue,
            Next::Wait(_) => panic!("it waits"),
            Next::Done(_) => break,
            Next::Job { .. } => {}
        }
        case.jobs += 1;
        let id = JobId(case.jobs);
        let begin = Instant::now();
        let work = case.machine.work(id, case.now, &mut case.shared).work;
        let pieces = case
            .pieces(&Job {
                id,
                work: Box::new(|_| steps::Output::Nothing),
            })
            .len();
        longest.push((
            begin.elapsed(),
            format!("work {} of {pieces} files", case.jobs),
        ));
        let output = case.answer(Job { id, work });
        let begin = Instant::now();
        case.machine
            .returned(id, output, case.now, &mut case.shared);
        longest.push((begin.elapsed(), format!("returned {}", case.jobs)));
        told(&case.events);
    }
    longest.sort_unstable_by_key(|(took, _)| std::cmp::Reverse(*took));
    for (took, what) in &longest[..12] {
        println!("{took:>12.1?} {what}");
    }
}

impl Case {
    /// What a job gives back where the destination is empty and takes all.
    fn answer(&mut self, job: Job) -> steps::Output {
        let pieces = self.pieces(&job);
        if !pieces.is_empty() {
            let moved = pieces.into_iter().map(|piece| (piece, copied(false)));
            return Output::Moved(moved.collect()).boxed();
        }
        match &self.machine.phase {
            Phase::Root => Output::Rooted(Ok(Rooted {
                root: b"/out".to_vec(),
                shown: Shown::of(Some(Page::default())),
                manners: Manners::default(),
                follows_links: false,
            }))
            .boxed(),
            Phase::Work(_, Work::Folders) => Output::Foldered(Ok(Foldered::new())).boxed(),
            Phase::Work(_, Work::Publish(publishing)) => {
                let slice = publishing.slice().into_iter().map(|at| (at, Ok(None)));
                Output::Published(slice.collect()).boxed()
            }
            _ => {
                let executor = Arc::clone(&self.executor) as Arc<dyn crate::exec::world::Executor>;
                let (done, _) = std::sync::mpsc::channel();
                let workers = crate::exec::steps::job::Workers::new(executor, done);
                let meter = Arc::new(Meter::default());
                (job.work)(&mut Desk::new(job.id, Vec::new(), meter, false, &workers))
            }
        }
    }
}
