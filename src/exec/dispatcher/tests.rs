//! The dispatcher with steps that only ask for jobs, and time that passes by itself.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use super::*;
use crate::event::{Failure, FileOutcome, Stamped, StepOutcome, Tally};
use crate::exec::roles::Roles;
use crate::exec::steps::{Ending, JobWork, Output};
use crate::exec::tests::{Folders, Virtual, plan, shared, told};
use crate::files::Side;
use crate::transfer::Role;

const SERVERS: &str = "  a: {host: a.example, user: u, password: p, tls: off, connections: 1}\n  b: {host: b.example, user: u, password: p, tls: off, connections: 1}\n";
const STEPS: &str = "  one: {login: {server: a}}\n  two: {login: {server: b}}\n  three: {list: {server: local, path: x}}\n";
const A: Side = Side::Server(ServerId(0));
const B: Side = Side::Server(ServerId(1));

/// A step of so many jobs, one after the other.
struct Jobs {
    step: StepId,
    roles: Roles,
    left: usize,
    flying: usize,
    fails: bool,
    stopped: Option<String>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Machine for Jobs {
    fn next(&mut self, _: Instant, _: &mut Shared) -> Next {
        if self.flying > 0 {
            return Next::Wait(None);
        }
        if self.left == 0 || self.stopped.is_some() {
            return Next::Done(match self.stopped.take() {
                None => Ending::done(None),
                Some(_) => Ending::failed(None, None),
            });
        }
        Next::Job {
            roles: self.roles.clone(),
            more: self.left,
        }
    }

    fn work(&mut self, _: JobId, _: Instant, _: &mut Shared) -> JobWork {
        self.left -= 1;
        self.flying += 1;
        JobWork::quiet(Box::new(|_| Output::Nothing))
    }

    fn returned(&mut self, _: JobId, _: Output, _: Instant, shared: &mut Shared) {
        self.flying -= 1;
        self.said
            .lock()
            .unwrap()
            .push(format!("{} did one", self.step.0));
        if self.fails {
            let failure = Box::<Failure>::default();
            shared.file(self.step, "x".into(), FileOutcome::Failed { failure }, 0);
        }
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        self.said
            .lock()
            .unwrap()
            .push(format!("{} stopped: {}", self.step.0, stop.reason()));
        self.stopped = Some(stop.reason());
    }
}

/// A run of such steps.
struct Case {
    dispatcher: Dispatcher,
    events: Receiver<Stamped>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Case {
    fn new(takes: Duration, fail_fast: bool) -> Case {
        let plan = plan(SERVERS, STEPS);
        let executor = Virtual::new(takes);
        let (shared, events) = shared(&plan, &Folders::new(), &executor);
        let (done, messages) = channel();
        let workers = Workers::new(executor, done);
        let (dispatcher, _) = Dispatcher::new(shared, workers, messages, 8, fail_fast);
        Case {
            dispatcher,
            events,
            said: Arc::default(),
        }
    }

    fn step(&mut self, step: u32, roles: Roles, jobs: usize, fails: bool) {
        let step = StepId(step);
        let machine = Jobs {
            step,
            roles,
            left: jobs,
            flying: 0,
            fails,
            stopped: None,
            said: Arc::clone(&self.said),
        };
        self.dispatcher.running.push(Running {
            id: step,
            machine: Box::new(machine),
            jobs: 0,
            journals: false,
        });
    }

    fn run(self) -> (Tally, Vec<String>, Vec<Event>) {
        let tally = self.dispatcher.run(Vec::new());
        let said = self.said.lock().unwrap().clone();
        (tally, said, told(&self.events))
    }
}

fn on(side: Side) -> Roles {
    Roles::one(Role::Target, side)
}

#[test]
fn a_step_that_lasts_too_long_is_told_to_stop_at_its_time() {
    let mut case = Case::new(Duration::from_secs(60), false);
    case.step(0, Roles::none(), 3, false);
    let end = case.dispatcher.now() + Duration::from_secs(90);
    case.dispatcher.clock.set(end, Wake::StepTimeout(StepId(0)));
    let (_, said, events) = case.run();
    let expected = [
        "0 did one",
        "0 stopped: the step did not end within `timeout: 0s`",
        "0 did one",
    ];
    assert_eq!(said, expected);
    let last = events
        .iter()
        .rev()
        .find(|event| matches!(event, Event::StepFinished { .. }));
    let failed = |event: &Event| {
        matches!(
            event,
            Event::StepFinished {
                outcome: StepOutcome::Failed { .. },
                ..
            }
        )
    };
    assert!(last.is_some_and(failed));
}

#[test]
fn after_a_failed_file_nothing_new_starts_where_that_was_asked_for() {
    for (fail_fast, done) in [(true, 3), (false, 8)] {
        let mut case = Case::new(Duration::from_secs(1), fail_fast);
        case.step(0, Roles::none(), 4, true);
        case.step(1, Roles::none(), 4, false);
        let (_, said, _) = case.run();
        // One of the other step had begun before.
        let did = said.iter().filter(|text| text.ends_with("did one")).count();
        assert_eq!(did, done, "{said:?}");
    }
}

#[test]
fn what_can_never_start_fails_with_the_reason() {
    let mut case = Case::new(Duration::from_secs(1), false);
    case.step(0, Roles::pair(A, A), 1, false);
    case.step(1, on(B), 2, false);
    let (_, said, _) = case.run();
    let stopped: Vec<&String> = said
        .iter()
        .filter(|text| text.contains("stopped"))
        .collect();
    assert_eq!(stopped.len(), 1, "{said:?}");
    assert!(stopped[0].starts_with("0 stopped: the step could not go on"));
    assert_eq!(said.iter().filter(|text| *text == "1 did one").count(), 2);
}

#[test]
fn a_step_that_needs_two_sessions_gets_them_beside_steps_that_need_one() {
    let mut case = Case::new(Duration::from_secs(1), false);
    case.step(0, on(A), 20, false);
    case.step(1, on(B), 20, false);
    case.step(2, Roles::pair(A, B), 1, false);
    let (_, said, _) = case.run();
    let at = said.iter().position(|text| text == "2 did one").unwrap();
    assert!(at < 12, "it waited for all others: {said:?}");
}
