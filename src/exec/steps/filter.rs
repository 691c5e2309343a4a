//! `filter`: one job without sessions.

use crate::event::Event;
use crate::files::Filtered;
use crate::plan::{self, FilterStep, StepId, Verdict};

use super::one_job::Task;
use super::{Ending, Output, panicked};
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;

pub(super) struct Filter {
    id: StepId,
    filter: FilterStep,
}

impl Filter {
    pub(super) fn new(step: &plan::Step, filter: &FilterStep) -> Filter {
        Filter {
            id: step.id,
            filter: filter.clone(),
        }
    }

    fn filtered(&self, filtered: Filtered, shared: &mut Shared) -> Ending {
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
            let fault = self.nothing(shared);
            return Ending::failed(Some(fault.failure), Some(filtered.set));
        }
        Ending::done(Some(filtered.set))
    }

    fn nothing(&self, shared: &Shared) -> Fault {
        // Who wrote `files` has seen neither of the steps that it stands for.
        if shared.plan.step(self.id).implicit {
            return Fault::permanent("no file matches `files`").help(
                "check the path; where no file is fine, write a `list` and a `filter` step in its place",
            );
        }
        let from = &shared.plan.step(self.filter.from).name;
        Fault::permanent(format!("no file of `{from}` matches"))
            .help("check the patterns, or write `empty: ok` where no match is fine")
    }
}

impl Task for Filter {
    fn work(&self, shared: &Shared) -> Work {
        let set = shared.set_of(self.filter.from);
        let rules = self.filter.rules.clone();
        Box::new(move |_| {
            let set = set.ok_or_else(|| Fault::permanent("an earlier step gave no files"));
            Output::Filtered(set.and_then(|set| {
                rules
                    .apply(&set)
                    .map_err(|error| Fault::permanent(error.to_string()))
            }))
        })
    }

    fn judge(&self, output: Output, shared: &mut Shared) -> Ending {
        match output {
            Output::Filtered(Ok(filtered)) => self.filtered(filtered, shared),
            Output::Filtered(Err(fault)) => Ending::failed(Some(fault.failure), None),
            Output::Panicked(words) => Ending::failed(Some(panicked(&words).failure), None),
            _ => Ending::failed(None, None),
        }
    }
}
