//! `extras_of`: the list of the folder that its transfer fills, all others that put files there, and what would hide a source.

use super::builder::{Builder, Need};
use super::codes;
use super::extents::Sides;
use super::kinds::{Action, SetOf};
use super::model::{FilterStep, List, StepId, Verdict};
use super::step_sets::step_id;
use super::taking::TakeWhat;
use crate::files::Side;
use crate::kind::StepKind;
use crate::manifest::{Finding, Path};

impl Builder<'_, '_> {
    /// Makes the list of each step's folder, now that all steps are read, and lets the step wait for all that put files there.
    pub(super) fn settle_extras(&mut self) {
        for at in 0..self.nodes.len() {
            let Some(transfer) = self.extras_wanted(at) else {
                continue;
            };
            let path = self.nodes[at].path.key(StepKind::Delete.word());
            let path = path.key("extras_of");
            if self.settle_extras_of(at, transfer, &path).is_none() {
                self.nodes[at].action = None;
            }
        }
    }

    fn extras_wanted(&self, at: usize) -> Option<usize> {
        match &self.nodes[at].action.as_ref()?.taking()?.what {
            TakeWhat::ExtrasOf { transfers, .. } => Some(transfers.first()?.0 as usize),
            _ => None,
        }
    }

    fn settle_extras_of(&mut self, at: usize, transfer: usize, path: &Path) -> Option<()> {
        let place = self.destination_of(transfer);
        let Some((side, into, flatten)) = place else {
            // What is wrong with that step has been said, unless it is none that fills a folder.
            if self.nodes[transfer].action.is_some() {
                let message = format!(
                    "`{}` is no transfer, and fills no folder",
                    self.nodes[transfer].name
                );
                let help = "name a `download`, `upload` or `relay`";
                let code = codes::STEP_WRONG_SORT;
                self.context.error(code, path, message, "no transfer", help);
            }
            return None;
        };
        let source = self.source_list(transfer, path)?;
        let others = self.others_into(at, transfer, (side, &into), path);
        for other in &others {
            self.source_list(*other, path)?;
            self.nodes[at].needs.push(Need {
                step: *other,
                path: path.clone(),
            });
        }
        let list = List {
            side,
            path: into,
            recursive: source.recursive && !flatten,
            max_depth: source.max_depth.filter(|_| !flatten),
            descend: Vec::new(),
            follow_links: false,
            missing: Verdict::Fine,
            empty: Verdict::Fine,
            unreadable: Verdict::Fail,
            ..source
        };
        let list = self.add(at, StepKind::List, path, Action::List(list));
        self.nodes[at].needs.push(Need {
            step: list,
            path: path.clone(),
        });
        let action = self.nodes[at].action.as_mut()?;
        if let TakeWhat::ExtrasOf {
            from, transfers, ..
        } = &mut action.taking_mut()?.what
        {
            *from = step_id(list);
            transfers.extend(others.into_iter().map(step_id));
        }
        Some(())
    }

    fn destination_of(&self, node: usize) -> Option<(Side, String, bool)> {
        match self.nodes[node].action.as_ref()?.set() {
            SetOf::Copies(transfer) => {
                Some((transfer.to, transfer.into.clone(), transfer.options.flatten))
            }
            SetOf::Nothing | SetOf::Found(_) | SetOf::Part(_) | SetOf::Moved(_) => None,
        }
    }

    /// The list that the files of a transfer come from; filters on the way choose by name alone.
    fn source_list(&mut self, transfer: usize, path: &Path) -> Option<List> {
        let name = self.nodes[transfer].name.clone();
        if self.takes_once(transfer) {
            self.taken_once(transfer, path);
            return None;
        }
        let mut set = self.taken_by(transfer)?;
        for _ in 0..self.nodes.len() {
            match self.nodes[set].action.as_ref()?.set() {
                SetOf::Found(list) => return Some(list.clone()),
                SetOf::Part(filter) => {
                    if let Some(key) = hides(filter) {
                        self.hidden(set, key, path);
                        return None;
                    }
                    set = filter.from.0 as usize;
                }
                SetOf::Copies(_) | SetOf::Moved(_) | SetOf::Nothing => {
                    let message = format!(
                        "what `{name}` takes is no list, so that nobody knows all that its source has"
                    );
                    let help = "list the folder that its files lie in, and let the transfer take them from that list";
                    let code = codes::STEP_EXTRAS;
                    self.context
                        .error(code, path, message, "extras of what?", help);
                    return None;
                }
            }
        }
        None
    }

    fn taken_by(&self, transfer: usize) -> Option<usize> {
        let action = self.nodes[transfer].action.as_ref()?;
        let taken: &StepId = action.takes().steps().first()?;
        Some(taken.0 as usize)
    }

    fn takes_once(&self, transfer: usize) -> bool {
        let set = self.nodes[transfer].action.as_ref().map(Action::set);
        matches!(set, Some(SetOf::Copies(transfer)) if transfer.options.once.is_some())
    }

    fn taken_once(&mut self, transfer: usize, path: &Path) {
        let node = &self.nodes[transfer];
        let message = format!(
            "`{}` takes each file once, whatever became of its copy: its folder is no mirror",
            node.name
        );
        let verb = node.kind.map_or("", StepKind::word);
        let once = self.context.at(&node.path.key(verb).key("once"));
        let place = self.context.at(path);
        let finding = Finding::error(codes::STEP_EXTRAS, place, message, "of what is no mirror");
        let finding = finding.also(once, "each file once");
        self.context
            .report(finding.help("take `once` out, or leave what stands there alone"));
    }

    fn hidden(&mut self, filter: usize, key: &'static str, path: &Path) {
        let node = &self.nodes[filter];
        let name = node.name.clone();
        let filter = node.path.key(StepKind::Filter.word()).key(key);
        let message = format!(
            "`{name}` hides files of the source by `{key}`, and they would be taken for files that it has no more"
        );
        let place = self.context.at(path);
        let finding = Finding::error(
            codes::STEP_EXTRAS,
            place,
            message,
            "of a part of the source",
        );
        let finding = finding.also(self.context.at(&filter), "hides files");
        let help = format!("choose by name alone before this transfer, or take `{key}` out");
        self.context.report(finding.help(help));
    }

    /// The other transfers that put files into a folder, below it or above it, by their texts; a move that does so is a mistake.
    fn others_into(
        &mut self,
        at: usize,
        transfer: usize,
        (side, into): (Side, &str),
        path: &Path,
    ) -> Vec<usize> {
        let endpoints = self.servers.iter().map(|entry| &entry.endpoint);
        let sides = Sides::of(&self.context.inputs.folder, endpoints, &[]);
        let own = sides.root(side, into);
        let mut others = Vec::new();
        let mut moved = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let root = match node.action.as_ref().map(Action::set) {
                Some(SetOf::Copies(other)) => sides.root(other.to, &other.into),
                // On which side its files lie is found later: that it may be this one is enough.
                Some(SetOf::Moved(moving)) => sides.root(side, &moving.into),
                _ => continue,
            };
            if number == transfer || number == at || !nested(&own, &root) {
                continue;
            }
            match node.action.as_ref().map(Action::set) {
                Some(SetOf::Moved(_)) => moved.push(number),
                _ => others.push(number),
            }
        }
        for number in moved {
            self.moved_there(number, path);
        }
        others
    }

    fn moved_there(&mut self, moving: usize, path: &Path) {
        let node = &self.nodes[moving];
        let message = format!(
            "`{}` moves files into this folder, which no source has: they would be deleted",
            node.name
        );
        let into = node.path.key(StepKind::Move.word()).key("into");
        let place = self.context.at(path);
        let finding = Finding::error(
            codes::STEP_EXTRAS,
            place,
            message,
            "of a folder with other files",
        );
        let finding = finding.also(self.context.at(&into), "moves files there");
        self.context
            .report(finding.help("let the move go to a folder beside it"));
    }
}

/// Whether one of two roots lies in the other.
fn nested(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

/// The key by which a filter hides files of which the names do not tell.
fn hides(filter: &FilterStep) -> Option<&'static str> {
    let rules = &filter.rules;
    let keys = [
        ("larger_than", rules.larger_than.is_some()),
        ("smaller_than", rules.smaller_than.is_some()),
        ("newer_than", rules.newer_than.is_some()),
        ("older_than", rules.older_than.is_some()),
        ("skip", rules.skip.is_some()),
        ("limit", rules.limit.is_some()),
    ];
    let mut hiding = keys.into_iter().filter(|(_, hides)| *hides);
    hiding.next().map(|(key, _)| key)
}
