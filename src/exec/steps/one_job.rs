//! A step that is one job without sessions: a filter, a local list, a set known from an earlier run.

use std::time::Instant;

use super::{Ending, JobWork, Machine, Next, Output, Stop};
use crate::exec::roles::{JobId, Roles};
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;

/// The job, and what is made of its end.
pub(super) trait Task {
    fn work(&self, shared: &Shared) -> Work;
    /// The ends that it needs.
    fn roles(&self, _: &Shared) -> Roles {
        Roles::none()
    }
    fn judge(&self, output: Output, shared: &mut Shared) -> Ending;
}

/// The machine around it.
pub(super) struct OneJob<T> {
    task: T,
    state: State,
}

enum State {
    Waits,
    Works,
    Ended(Option<Ending>),
}

impl<T: Task> OneJob<T> {
    pub(super) fn new(task: T) -> OneJob<T> {
        OneJob {
            task,
            state: State::Waits,
        }
    }
}

impl<T: Task> Machine for OneJob<T> {
    fn next(&mut self, _: Instant, shared: &mut Shared) -> Next {
        match &mut self.state {
            State::Waits => Next::Job {
                roles: self.task.roles(shared),
                more: 1,
            },
            State::Works => Next::Wait(None),
            State::Ended(ending) => {
                Next::Done(ending.take().unwrap_or_else(|| Ending::failed(None, None)))
            }
        }
    }

    fn work(&mut self, _: JobId, _: Instant, shared: &mut Shared) -> JobWork {
        self.state = State::Works;
        JobWork::quiet(self.task.work(shared))
    }

    fn returned(&mut self, _: JobId, output: Output, _: Instant, shared: &mut Shared) {
        let ending = self.task.judge(output, shared);
        self.state = State::Ended(Some(ending));
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        if matches!(self.state, State::Waits) {
            self.state = State::Ended(Some(Ending::failed(stop.failure(), None)));
        }
    }
}
