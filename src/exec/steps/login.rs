//! `login`: done when the first session to the server is open.
//!
//! The session itself is opened by the server's pool; its refusal comes here as [`Stop::Fault`].

use std::time::Instant;

use crate::files::{ServerId, Side};
use crate::plan;
use crate::transfer::Role;

use super::{Ending, JobWork, Machine, Next, Output, Stop};
use crate::exec::roles::{JobId, Roles};
use crate::exec::shared::Shared;

pub(super) struct Login {
    server: ServerId,
    state: State,
}

enum State {
    Waits,
    Holds,
    Done,
    Stopped(Stop),
}

impl Login {
    pub(super) fn new(login: &plan::Login) -> Login {
        Login {
            server: login.server,
            state: State::Waits,
        }
    }
}

impl Machine for Login {
    fn next(&mut self, _: Instant, _: &mut Shared) -> Next {
        match &self.state {
            State::Waits => Next::Job {
                roles: Roles::one(Role::Source, Side::Server(self.server)),
                more: 1,
            },
            State::Holds => Next::Wait(None),
            State::Done => Next::Done(Ending::done(None)),
            State::Stopped(stop) => Next::Done(Ending::failed(stop.failure(), None)),
        }
    }

    fn work(&mut self, _: JobId, _: Instant, _: &mut Shared) -> JobWork {
        self.state = State::Holds;
        JobWork::quiet(Box::new(|_| Output::Nothing))
    }

    fn returned(&mut self, _: JobId, _: Output, _: Instant, _: &mut Shared) {
        self.state = State::Done;
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        if matches!(self.state, State::Waits) {
            self.state = State::Stopped(stop.clone());
        }
    }
}
