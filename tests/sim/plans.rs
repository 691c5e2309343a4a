//! Plans of all kinds of steps, as a user might write them who thinks little of danger.

use super::case::{LOCAL, LinkSpec, Step, View, What};
use super::rng::Rng;
use super::switches::Switches;
use super::worlds::{FOLDERS, spelled};

/// Where transfers go.
const TARGETS: [&str; 6] = ["b", "b", "in", "in", "a", "a/sub"];

struct Planner<'p> {
    rng: &'p mut Rng,
    views: &'p [View],
    links: &'p [LinkSpec],
    on: &'p Switches,
    steps: Vec<Step>,
    sets: Vec<Set>,
}

/// What can be taken from a step.
#[derive(Clone)]
struct Set {
    step: String,
    side: usize,
    transfer: bool,
    folder: &'static str,
}

/// The steps of a case.
pub(super) fn steps(rng: &mut Rng, views: &[View], links: &[LinkSpec], on: &Switches) -> Vec<Step> {
    let mut planner = Planner {
        rng,
        views,
        links,
        on,
        steps: Vec::new(),
        sets: Vec::new(),
    };
    planner.list();
    for _ in 0..3 + planner.rng.below(6) {
        planner.next();
    }
    planner.steps
}

impl Planner<'_> {
    fn next(&mut self) {
        match self.rng.below(20) {
            0..=2 => self.list(),
            3 => self.filter(),
            4..=11 => self.transfer(),
            12..=16 => self.sources_of(),
            _ => self.delete(),
        }
    }

    fn add(&mut self, what: What) {
        let name = format!("s{}", self.steps.len());
        let named: Vec<String> = match &what {
            What::SourcesOf { steps, .. } => steps.clone(),
            _ => Vec::new(),
        };
        let last = self.steps.last().map(|step| step.name.clone());
        // Most steps wait for the one before: what nothing orders is mostly refused.
        let needs = last.filter(|last| !named.contains(last) && self.rng.percent(97));
        let is_set = matches!(&what, What::Transfer { options, .. }
            if options.contains(&("publish", "set")));
        // What needs nothing is after nothing.
        let conditional = (needs.is_some() || !named.is_empty()) && self.rng.percent(18);
        let when = conditional.then(|| self.rng.pick(&["always", "always", "failure"]));
        self.steps.push(Step {
            name,
            needs: needs.into_iter().collect(),
            when,
            what,
            attempts: self.rng.pick(&[4, 4, 4, 1, 2]),
            // A set is published whole or not at all.
            goes_on: !is_set && self.rng.percent(35),
            timeout: self.rng.percent(4).then_some(30),
        });
    }

    fn one_folder(&mut self, side: usize, folders: &[&'static str]) -> &'static str {
        match self.views[side].root {
            "a" => self.rng.pick(&["a", "a/sub"]),
            _ => self.rng.pick(folders),
        }
    }

    fn spelled(&mut self, side: usize, folder: &str) -> String {
        spelled(self.rng, self.views, self.links, side, folder, self.on)
    }

    fn list(&mut self) {
        let side = match self.rng.percent(30) {
            true => LOCAL,
            false => 1 + self.rng.below(self.views.len() - 1),
        };
        let folder = self.one_folder(side, &FOLDERS);
        let path = self.spelled(side, folder);
        let what = What::List {
            side,
            path,
            recursive: self.rng.percent(40),
            follow: self.on.followed_links && self.rng.percent(15),
            hidden: self.rng.percent(30),
        };
        self.add(what);
        self.yields(side, folder, false);
    }

    /// What the last step yields can be taken.
    fn yields(&mut self, side: usize, folder: &'static str, transfer: bool) {
        let step = self.steps.last().map(|step| step.name.clone());
        self.sets.extend(step.map(|step| Set {
            step,
            side,
            transfer,
            folder,
        }));
    }

    fn one_set(&mut self) -> Set {
        self.sets[self.rng.below(self.sets.len())].clone()
    }

    fn filter(&mut self) {
        let from = self.one_set();
        if from.transfer && self.rng.percent(50) {
            return self.list();
        }
        let include = self.rng.pick(&["*.txt", "x*", "*"]);
        self.add(What::Filter {
            from: from.step,
            include,
        });
        self.yields(from.side, from.folder, from.transfer);
    }

    fn transfer(&mut self) {
        let from = self.one_set();
        let to = match from.side {
            LOCAL => 1 + self.rng.below(self.views.len() - 1),
            _ => self.rng.below(self.views.len()),
        };
        let (folder, into) = match self.known_place(to) {
            Some(place) => place,
            None => {
                let folder = self.one_folder(to, &TARGETS);
                (folder, self.spelled(to, folder))
            }
        };
        let same = self.views[to].store == self.views[from.side].store;
        if same && !self.on.own_folders && overlap(folder, from.folder) {
            return self.list();
        }
        let options = self.options();
        self.add(What::Transfer {
            from: from.step,
            source: from.side,
            to,
            into: into.clone(),
            options,
        });
        self.yields(to, folder, true);
    }

    /// Where an earlier step goes: several towards one place.
    fn known_place(&mut self, to: usize) -> Option<(&'static str, String)> {
        if !self.rng.percent(35) {
            return None;
        }
        let known = self.steps.iter().rev().find_map(|step| match &step.what {
            What::Transfer {
                to: other, into, ..
            } if *other == to => Some((step.name.clone(), into.clone())),
            _ => None,
        });
        let (step, into) = known?;
        let set = self.sets.iter().find(|set| set.step == step)?;
        Some((set.folder, into))
    }

    fn options(&mut self) -> Vec<(&'static str, &'static str)> {
        let mut options = Vec::new();
        let exists = ["overwrite", "skip", "fail"];
        if self.rng.percent(35) {
            options.push(("if_exists", self.rng.pick(&exists)));
        }
        match self.rng.below(8) {
            0 | 1 if self.on.direct => {
                options.retain(|option| *option != ("if_exists", "skip"));
                options.push(("publish", "direct"));
            }
            2 => options.push(("publish", "set")),
            _ => {}
        }
        if self.rng.percent(10) {
            options.push(("verify", "none"));
        }
        if self.on.no_times && self.rng.percent(12) {
            options.push(("times", "now"));
        }
        if self.rng.percent(12) {
            options.push(("flatten", "true"));
        }
        if self.rng.percent(12) {
            options.push(("resume", "false"));
        }
        if self.rng.percent(10) {
            options.push(("parallel", "1"));
        }
        options
    }

    fn sources_of(&mut self) {
        let transfers: Vec<(String, String)> = self
            .steps
            .iter()
            .filter_map(|step| match &step.what {
                What::Transfer { from, .. } => Some((step.name.clone(), from.clone())),
                _ => None,
            })
            .collect();
        if transfers.is_empty() {
            return self.transfer();
        }
        let (first, from) = transfers[self.rng.below(transfers.len())].clone();
        let mut steps = vec![first.clone()];
        // Further ones must be of the same files.
        let same = transfers
            .iter()
            .filter(|(step, set)| *set == from && *step != first);
        if self.rng.percent(60) {
            steps.extend(same.map(|(step, _)| step.clone()));
        }
        let what = What::SourcesOf {
            steps,
            remove_empty: self.rng.percent(20),
            max: self.rng.pick(&[100, 100, 100, 1]),
        };
        self.add(what);
    }

    fn delete(&mut self) {
        let from = self.one_set();
        if from.transfer && !self.on.deleted_copies {
            return self.sources_of();
        }
        let what = What::DeleteFrom {
            from: from.step,
            copies: from.transfer,
            remove_empty: self.rng.percent(20),
            max: self.rng.pick(&[100, 100, 100, 1]),
        };
        self.add(what);
    }
}

/// Whether one folder is the other, or lies below it.
fn overlap(one: &str, other: &str) -> bool {
    let below = |path: &str, folder: &str| {
        let rest = path.strip_prefix(folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(one, other) || below(other, one)
}
