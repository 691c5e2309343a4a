//! `filter`: one job without sessions.

use std::time::Instant;

use crate::event::Event;
use crate::plan::{self, FilterStep, StepId, Verdict};

use super::{Ending, JobWork, Machine, Next, Output, Stop, panicked};
use crate::exec::fault::Fault;
use crate::exec::job::JobId;
use crate::exec::shared::Shared;

pub(super) struct Filter {
    id: StepId,
    filter: FilterStep,
    state: State,
}

enum State {
    Waits,
    Works,
    Ended(Option<Ending>),
}

impl Filter {
    pub(super) fn new(step: &plan::Step, filter: &FilterStep) -> Filter {
        Filter {
            id: step.id,
            filter: filter.clone(),
            state: State::Waits,
        }
    }

    fn judge(&self, output: Output, shared: &mut Shared) -> Ending {
        let filtered = match output {
            Output::Filtered(Ok(filtered)) => filtered,
            Output::Filtered(Err(fault)) => return Ending::failed(Some(fault.failure), None),
            Output::Panicked(words) => return Ending::failed(Some(panicked(&words).failure), None),
            _ => return Ending::failed(None, None),
        };
        let unknown = [
            (filtered.unknown_size, "size is not known"),
            (
                filtered.unknown_time,
                "time is not known, or not exactly enough",
            ),
        ];
        for (count, what) in unknown.into_iter().filter(|(count, _)| *count > 0) {
            let text = format!("{count} left out by a size or time test, because their {what}");
            shared.warn_step(self.id, text);
        }
        shared.emit(Event::StepSized {
            step: self.id.0 as usize,
            files: filtered.set.len() as u64,
            bytes: 0,
        });
        if filtered.set.is_empty() && self.filter.empty == Verdict::Fail {
            let from = &shared.plan.step(self.filter.from).name;
            let fault = Fault::permanent(format!("no file of `{from}` matches"))
                .help("check the patterns, or write `empty: ok` where no match is fine");
            return Ending::failed(Some(fault.failure), Some(filtered.set));
        }
        Ending::done(Some(filtered.set))
    }
}

impl Machine for Filter {
    fn next(&mut self, _: Instant, _: &mut Shared) -> Next {
        match &mut self.state {
            State::Waits => Next::Job {
                roles: Vec::new(),
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
        let set = shared.set_of(self.filter.from);
        let rules = self.filter.rules.clone();
        JobWork::quiet(Box::new(move |_| {
            let set = set.ok_or_else(|| Fault::permanent("an earlier step gave no files"));
            Output::Filtered(set.and_then(|set| {
                rules
                    .apply(&set)
                    .map_err(|error| Fault::permanent(error.to_string()))
            }))
        }))
    }

    fn returned(&mut self, _: JobId, output: Output, _: Instant, shared: &mut Shared) {
        let ending = self.judge(output, shared);
        self.state = State::Ended(Some(ending));
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        if matches!(self.state, State::Waits) {
            self.state = State::Ended(Some(Ending::failed(stop.failure(), None)));
        }
    }
}
