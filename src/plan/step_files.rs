//! The steps that `files:` stands for: a list of one root, and a filter.

use super::builder::{Builder, Need, Node};
use super::codes;
use super::kinds::Action;
use super::model::{FilterStep, List, Verdict};
use super::shorthand::{Chosen, Trouble, choose};
use super::step_sets::{judge_pattern, step_id};
use super::variables::Bound;
use crate::files::{Filter, Side};
use crate::kind::StepKind;
use crate::manifest::{OneOrMany, Path, Slot};

impl Builder<'_, '_> {
    /// The nodes that `files:` of step `owner` stands for: a list of the root, and a filter. Yields the filter.
    ///
    /// Without a side the entries are judged all the same: a wrong server hides no wrong pattern.
    pub(super) fn files(
        &mut self,
        owner: usize,
        slot: &Slot<OneOrMany>,
        parent: &Path,
        side: Option<Side>,
    ) -> Option<usize> {
        let path = parent.key("files");
        let entries = self.context.texts(slot, parent, "files");
        if entries.is_empty() {
            if slot.get().is_some_and(|many| many.items.is_empty()) {
                let message = "`files` names no file";
                self.context.error(
                    codes::FILES_EMPTY,
                    &path,
                    message,
                    "empty",
                    "write a path or a pattern such as `/in/*.zip`",
                );
            }
            return None;
        }
        for (bound, path) in &entries {
            if self.context.command_safe(bound, || path.clone()) && !bound.unknown {
                self.encodable(&bound.text, || path.clone(), side);
            }
        }
        let chosen = self.choose(&entries)?;
        for (pattern, (bound, path)) in chosen.include.iter().zip(&entries) {
            if !bound.unknown
                && let Err(why) = judge_pattern(pattern, false)
            {
                self.bad_pattern(bound, path, "a pattern", &why);
            }
        }
        self.folders_can_be_read(&chosen, &entries);
        Some(self.add_files(owner, chosen, &path, side?))
    }

    /// A pattern may be right as a whole and its folders not: `[a/b]` is one character.
    fn folders_can_be_read(&mut self, chosen: &Chosen, entries: &[(Bound, Path)]) {
        for folder in &chosen.descend {
            let Err(why) = judge_pattern(folder, false) else {
                continue;
            };
            let of = |pattern: &String| pattern.starts_with(folder.trim_end_matches("/**"));
            let at = chosen.include.iter().position(of).unwrap_or_default();
            let (bound, path) = &entries[at];
            // What is wrong with the whole has been said.
            if !bound.unknown && judge_pattern(&chosen.include[at], false).is_ok() {
                self.bad_pattern(bound, path, "folders to enter", &why);
            }
        }
    }

    fn choose(&mut self, entries: &[(Bound, Path)]) -> Option<Chosen> {
        // The `{` of a hole is no alternation: a text that is not known stands for a folder as a whole.
        if let Some((unknown, _)) = entries.iter().find(|(bound, _)| bound.unknown) {
            return Some(Chosen {
                root: unknown.text.clone(),
                include: Vec::new(),
                recursive: false,
                max_depth: Some(0),
                descend: Vec::new(),
                hidden: false,
            });
        }
        let texts: Vec<&str> = entries
            .iter()
            .map(|(bound, _)| bound.text.as_str())
            .collect();
        match choose(&texts) {
            Ok(chosen) => Some(chosen),
            Err(troubles) => {
                for (at, trouble) in troubles {
                    self.trouble(trouble, &entries[at].1);
                }
                None
            }
        }
    }

    fn trouble(&mut self, trouble: Trouble, path: &Path) {
        let (code, message, label, help) = match trouble {
            Trouble::Empty => (
                codes::FILES_EMPTY,
                "this names no file",
                "empty",
                "write a path or a pattern such as `/in/*.zip`",
            ),
            Trouble::Folder => (
                codes::FILES_FOLDER,
                "this names a folder, and `files` chooses files",
                "a folder",
                "write `…/*` for the files in it, or `…/**` for those below it, too",
            ),
            Trouble::Mixed => (
                codes::FILES_MIXED,
                "absolute and relative paths have no folder in common",
                "unlike the first",
                "write all with a leading `/`, or none; or make two steps",
            ),
        };
        self.context.error(code, path, message, label, help);
    }

    fn add_files(&mut self, owner: usize, chosen: Chosen, path: &Path, side: Side) -> usize {
        let list = List {
            side,
            path: chosen.root,
            recursive: chosen.recursive,
            max_depth: if chosen.recursive {
                chosen.max_depth
            } else {
                None
            },
            descend: chosen.descend,
            hidden: chosen.hidden,
            follow_links: false,
            missing: Verdict::Fail,
            empty: Verdict::Fine,
            unreadable: Verdict::Fail,
            wait: None,
        };
        let list = self.add(owner, StepKind::List, path, Action::List(list));
        let rules = Filter {
            include: chosen.include,
            ..Filter::default()
        };
        let filter = FilterStep {
            from: step_id(list),
            rules,
            empty: Verdict::Fail,
            may_be_empty: false,
        };
        let filter = self.add(owner, StepKind::Filter, path, Action::Filter(filter));
        self.nodes[filter].needs.push(Need {
            step: list,
            path: path.clone(),
        });
        filter
    }

    /// An implicit node inherits what the step that it serves waits for, and how it fails.
    pub(super) fn add(&mut self, at: usize, kind: StepKind, path: &Path, action: Action) -> usize {
        let owner = &self.nodes[at];
        let mut common = owner.common.clone();
        common.description = None;
        common.timeout = None;
        self.nodes.push(Node {
            name: format!("{}: {kind}", owner.name),
            path: path.clone(),
            kind: Some(kind),
            action: Some(action),
            needs: owner.needs.clone(),
            waits_unknown: owner.waits_unknown,
            common,
            owner: Some(at),
            implicit: true,
            copies: false,
            rank: (owner.rank.0, usize::from(kind != StepKind::List)),
        });
        self.nodes.len() - 1
    }
}
