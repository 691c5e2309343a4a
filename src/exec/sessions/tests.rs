//! How many sessions are opened, leased and given up.

use super::pool::{PROBE_PAUSE, PROBES};
use super::*;
use crate::exec::tests::{Folders, Virtual, plan, shared};
use crate::files::Side;
use crate::ftp::{Error, ErrorKind};
use crate::transfer::{Cause, Disk, Facts, Role};

const SERVERS: &str = "  a: {host: a.example, user: u, password: p, tls: off, connections: 4}\n  b: {host: b.example, user: u, password: p, tls: off, connections: 4}\n";
const STEPS: &str =
    "  one: {login: {server: a}, retry: {attempts: 2, backoff: 1s}}\n  two: {login: {server: b}}\n";
const A: ServerId = ServerId(0);
const B: ServerId = ServerId(1);
const ONE: StepId = StepId(0);
const TWO: StepId = StepId(1);

struct Case {
    sessions: Sessions,
    shared: Shared,
    now: Instant,
}

impl Case {
    fn new() -> Case {
        let plan = plan(SERVERS, STEPS);
        let executor = Virtual::new(Duration::ZERO);
        let (shared, _) = shared(&plan, &Folders::new(), &executor);
        Case {
            sessions: Sessions::new(&shared),
            shared,
            now: Instant::now(),
        }
    }

    /// What would be opened if so many jobs wanted a session of a server.
    fn openings(&mut self, server: ServerId, jobs: usize) -> Vec<Opening> {
        self.sessions.begin_round();
        self.sessions.want(&on(server), jobs);
        self.sessions.openings(self.now, 16)
    }

    fn opened(&mut self, opening: &Opening, result: Result<(), ErrorKind>) {
        let opened = Opened {
            result: match result {
                Ok(()) => Ok(Box::new(Disk::new("/".into()))),
                Err(kind) => {
                    let cause = Cause::Ftp(Error::new(kind));
                    Err((Fault::of("a", &cause, Vec::new()), cause))
                }
            },
            learned: Facts::default(),
        };
        let (server, slot) = (opening.server, opening.slot);
        self.sessions
            .opened(server, slot, opened, &mut self.shared, self.now);
    }

    /// So many free sessions of a server.
    fn with(mut self, server: ServerId, count: usize) -> Case {
        while self.sessions.pool(server).idle.len() < count {
            for opening in self.openings(server, count) {
                self.opened(&opening, Ok(()));
            }
        }
        self
    }
}

fn on(server: ServerId) -> Roles {
    Roles::one(Role::Target, Side::Server(server))
}

fn both() -> Roles {
    Roles::pair(Side::Server(A), Side::Server(B))
}

#[test]
fn the_first_logs_in_alone_and_others_up_to_the_cap() {
    let mut case = Case::new();
    let first = case.openings(A, 9);
    assert_eq!(first.len(), 1);
    assert_eq!(case.openings(A, 9).len(), 0, "while it is being opened");
    case.opened(&first[0], Ok(()));
    assert_eq!(case.openings(A, 9).len(), 3);
}

#[test]
fn one_too_many_lowers_the_cap_only_when_it_was_refused_alone() {
    let mut case = Case::new().with(A, 1);
    let crowd = case.openings(A, 9);
    case.opened(&crowd[0], Ok(()));
    case.opened(&crowd[1], Err(ErrorKind::TooMany));
    case.opened(&crowd[2], Err(ErrorKind::TooMany));
    assert_eq!(case.sessions.pool(A).cap, 4, "a crowd tells nothing");
    for _ in 0..PROBES {
        case.now += PROBE_PAUSE;
        let probe = case.openings(A, 9);
        assert_eq!(probe.len(), 1, "one at a time");
        case.opened(&probe[0], Err(ErrorKind::TooMany));
    }
    assert_eq!(case.sessions.pool(A).cap, 2);
    case.now += IDLE;
    assert_eq!(case.openings(A, 9).len(), 0);
}

#[test]
fn the_first_is_tried_again_after_a_wait_and_then_the_server_is_given_up() {
    let mut case = Case::new();
    let first = case.openings(A, 1);
    case.opened(&first[0], Err(ErrorKind::Lost));
    assert_eq!(case.openings(A, 1).len(), 0, "not before its time");
    assert!(case.sessions.next_try(case.now).is_some());
    case.now += Duration::from_secs(1);
    let second = case.openings(A, 1);
    case.opened(&second[0], Err(ErrorKind::Lost));
    assert!(case.sessions.broken(&on(A)).is_some() && case.sessions.broken(&on(B)).is_none());
}

#[test]
fn who_needs_two_holds_back_the_one_that_is_free() {
    let mut case = Case::new().with(A, 1);
    assert!(case.sessions.take(ONE, &both(), case.now).is_none());
    assert_eq!(case.sessions.reserved_by(), Some(ONE));
    assert!(
        case.sessions.take(TWO, &on(A), case.now).is_none(),
        "it is held back"
    );
    let mut case = case.with(B, 1);
    let leased = case.sessions.take(ONE, &both(), case.now).unwrap();
    assert_eq!((leased.len(), case.sessions.reserved_by()), (2, None));
}

#[test]
fn a_reservation_is_one_in_the_run_and_can_be_given_up() {
    let mut case = Case::new().with(A, 1);
    assert!(case.sessions.take(ONE, &both(), case.now).is_none());
    assert!(case.sessions.take(TWO, &both(), case.now).is_none());
    assert_eq!(case.sessions.reserved_by(), Some(ONE));
    case.sessions.unreserve(TWO);
    assert_eq!(case.sessions.reserved_by(), Some(ONE));
    case.sessions.unreserve(ONE);
    assert!(case.sessions.take(TWO, &on(A), case.now).is_some());
}

#[test]
fn a_session_that_was_told_to_end_is_not_used_again() {
    let mut case = Case::new().with(A, 1);
    let leased = case.sessions.take(ONE, &on(A), case.now).unwrap().remove(0);
    let breaker = case.sessions.breaker(A, leased.slot).unwrap();
    breaker.trip(crate::transfer::Why::Interrupted);
    case.sessions
        .give_back(A, leased.slot, leased.end, case.now);
    assert!(case.sessions.take(ONE, &on(A), case.now).is_none());
    assert!(
        case.sessions.breaker(A, leased.slot).is_none(),
        "its place is free"
    );
}

#[test]
fn what_lies_idle_is_retired_at_its_time() {
    let mut case = Case::new().with(A, 2);
    let end = case.now + IDLE;
    assert_eq!(case.sessions.next_retirement(), Some(end));
    assert_eq!(case.sessions.retire(Some(case.now)).len(), 0);
    let retired = case.sessions.retire(Some(end));
    assert!(retired.len() == 2 && retired.iter().all(|leased| leased.rested));
}

#[test]
fn a_session_that_did_not_come_back_leaves_room_for_another() {
    let mut case = Case::new().with(A, 4);
    let leased = case.sessions.take(ONE, &on(A), case.now).unwrap().remove(0);
    assert_eq!(case.openings(A, 9).len(), 0);
    case.sessions.lost(A, leased.slot);
    assert_eq!(case.openings(A, 9).len(), 1);
}
