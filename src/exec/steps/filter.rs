//! `filter`: one job without sessions.

use crate::event::Event;
use crate::files::{Filter as Rules, Filtered, KindTest};
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
            let fault = self.nothing(&filtered, shared);
            return Ending::failed(Some(fault.failure), Some(filtered.set));
        }
        // Of nothing there is nothing to choose.
        let chose = filtered.of + filtered.others > 0 && !self.filter.may_be_empty;
        if filtered.set.is_empty() && chose {
            let none = self.none(&filtered, shared);
            shared.warn_step(self.id, format!("{none} (`empty: ok` expects that)"));
        }
        Ending::done(Some(filtered.set))
    }

    fn nothing(&self, filtered: &Filtered, shared: &Shared) -> Fault {
        // Who wrote `files` has seen neither of the steps that it stands for.
        if shared.plan.step(self.id).implicit {
            let message = format!(
                "no file matches `files`: {}",
                told(filtered, &self.filter.rules)
            );
            return Fault::permanent(message).help(
                "check the path; where no file is fine, write a `list` and a `filter` step in its place",
            );
        }
        Fault::permanent(self.none(filtered, shared))
            .help("check the patterns, or write `empty: ok` where no match is fine")
    }

    fn none(&self, filtered: &Filtered, shared: &Shared) -> String {
        let from = &shared.plan.step(self.filter.from).name;
        let told = told(filtered, &self.filter.rules);
        format!("no file of `{from}` matches: {told}")
    }
}

/// How many there were, and what was asked of them.
fn told(filtered: &Filtered, rules: &Rules) -> String {
    let there = match (filtered.of, filtered.others) {
        (0, others) if others > 0 => format!("none there, {others} of another `type`"),
        (of, _) => format!("{of} there"),
    };
    let patterns = |key: &str, patterns: &[String]| {
        let quoted: Vec<String> = patterns.iter().map(|text| format!("`{text}`")).collect();
        (!quoted.is_empty()).then(|| format!("{key} {}", quoted.join(", ")))
    };
    let tests = [
        ("larger_than", rules.larger_than.is_some()),
        ("smaller_than", rules.smaller_than.is_some()),
        ("newer_than", rules.newer_than.is_some()),
        ("older_than", rules.older_than.is_some()),
        ("skip", rules.skip.is_some()),
        ("type", rules.kind != KindTest::File),
    ];
    let tests = tests.into_iter().filter(|(_, asked)| *asked);
    let asked = [
        Some(there),
        patterns("include", &rules.include),
        patterns("exclude", &rules.exclude),
        rules.regex.as_ref().map(|regex| format!("regex `{regex}`")),
    ];
    let asked = asked.into_iter().flatten();
    let asked = asked.chain(tests.map(|(key, _)| format!("`{key}`")));
    asked.collect::<Vec<_>>().join(", ")
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
