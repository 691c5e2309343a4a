//! The kinds that take files away from where they lie: `move` and `delete`.

use super::builder::{Builder, Need};
use super::codes;
use super::conditions::When;
use super::kinds::Action;
use super::names::{step_named, steps_named};
use super::renaming::rename;
use super::step::Compile;
use super::step_moves::Origin;
use super::step_sets::step_id;
use super::taking::{Accept, Delete, IfTaken, Max, Move, TakeWhat, Taking};
use super::values;
use crate::files::Side;
use crate::kind::StepKind;
use crate::manifest::{OneOrMany, Path, Slot, model};

/// More files than this are not taken away, where nothing is said.
const USUAL_MAX: Max = Max::Files(100);

/// A number of files, or a share of them.
fn max(text: &str) -> Result<Max, values::BadValue> {
    let Some(percent) = text.strip_suffix('%') else {
        return values::number(text, 1, u64::MAX).map(Max::Files);
    };
    let percent = values::number32(percent, 1, 100);
    let percent = percent.map_err(|_| {
        values::bad(
            "a whole number from 1 up, or a share from `1%` to `100%`",
            "write it like `100` or `10%`",
        )
    })?;
    Ok(Max::Share {
        percent: u8::try_from(percent).unwrap_or(100),
    })
}

impl Compile for model::Delete {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        builder.delete(at, self, path)
    }
}

impl Compile for model::Move {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        builder.moving(at, self, path)
    }
}

impl Builder<'_, '_> {
    /// `delete:`
    fn delete(&mut self, at: usize, map: &model::Delete, path: &Path) -> Option<Action> {
        let keep = [("keep", false), ("remove_empty", true)];
        let max = self.context.value(&map.max, path, "max", max);
        let directories = self
            .context
            .value(&map.directories, path, "directories", |text| {
                values::word(text, &keep)
            });
        let copies = self
            .context
            .value(&map.copies, path, "copies", values::boolean);
        self.nodes[at].copies = copies.unwrap_or(false);
        let accept = self.accept(&map.accept, path);
        let words = [("fail", false), (StepKind::Delete.word(), true)];
        let if_empty = self.context.value(&map.if_empty, path, "if_empty", |text| {
            values::word(text, &words)
        });
        let if_empty = if_empty.unwrap_or(false);
        let what = self.delete_what(at, map, if_empty, path)?;
        self.only_of_extras(&what, max, if_empty, path);
        Some(Action::Delete(Delete {
            taking: Taking {
                what,
                accept,
                max: max.unwrap_or(USUAL_MAX),
            },
            remove_empty: directories.unwrap_or(false),
        }))
    }

    /// `accept:`
    fn accept(&mut self, slot: &Slot<OneOrMany>, parent: &Path) -> Vec<Accept> {
        let words = [
            ("copy", Accept::Copy),
            ("reply", Accept::Reply),
            ("ledger", Accept::Ledger),
        ];
        let read = |text: &str| values::word(text, &words);
        let mut accept = Vec::new();
        for (bound, path) in self.context.texts(slot, parent, "accept") {
            let word = self.context.read(&bound, || path, read);
            accept.extend(word.filter(|word| !accept.contains(word)));
        }
        if accept.is_empty() {
            accept.push(Accept::Copy);
        }
        accept
    }

    fn delete_what(
        &mut self,
        at: usize,
        map: &model::Delete,
        if_empty: bool,
        path: &Path,
    ) -> Option<TakeWhat> {
        let origin = Origin {
            from: &map.from,
            server: Some(&map.server),
            files: &map.files,
            not_local: None,
        };
        let extras = !map.extras_of.is_absent();
        if map.sources_of.is_absent() && !extras {
            if map.from.is_absent() && map.server.is_absent() && map.files.is_absent() {
                let help = "write `sources_of: TRANSFER`, `extras_of: TRANSFER`, `from: LIST`, or `server: NAME` and `files: PATTERN`";
                self.context.required(path, "sources_of", help);
                return None;
            }
            return self.taken_set(at, &origin, path);
        }
        self.one_of(
            path,
            &[
                ("extras_of", !extras),
                ("sources_of", map.sources_of.is_absent()),
                ("from", map.from.is_absent()),
                ("server", map.server.is_absent()),
                ("files", map.files.is_absent()),
            ],
        );
        if extras {
            return self.extras_of(at, map, if_empty, path);
        }
        self.sources_of(at, &map.sources_of, path)
    }

    /// `extras_of:`; the list of its folder is made once all steps are read.
    fn extras_of(
        &mut self,
        at: usize,
        map: &model::Delete,
        if_empty: bool,
        path: &Path,
    ) -> Option<TakeWhat> {
        let named = path.key("extras_of");
        let step = step_named(self.context, &self.steps, &map.extras_of, &named)?;
        self.nodes[at].needs.push(Need { step, path: named });
        Some(TakeWhat::ExtrasOf {
            from: step_id(step),
            transfers: vec![step_id(step)],
            if_empty,
            after: Vec::new(),
        })
    }

    /// Keys that say nothing without `extras_of`.
    fn only_of_extras(&mut self, what: &TakeWhat, max: Option<Max>, if_empty: bool, path: &Path) {
        if matches!(what, TakeWhat::ExtrasOf { .. }) {
            return;
        }
        let share = matches!(max, Some(Max::Share { .. }));
        let keys = [
            (
                "if_empty",
                if_empty,
                "`if_empty` is about the sources of `extras_of`, and there is none here",
                "take it out",
            ),
            (
                "max",
                share,
                "a share is of what stands in the folder of `extras_of`, and there is none here",
                "write a number of files",
            ),
        ];
        for (key, _, message, help) in keys.into_iter().filter(|(_, written, ..)| *written) {
            let (code, label) = (codes::OPTIONS_CONTRADICT, "only with `extras_of`");
            self.context
                .error(code, &path.key(key), message, label, help);
        }
    }

    /// `move:`
    fn moving(&mut self, at: usize, map: &model::Move, path: &Path) -> Option<Action> {
        let max = self.context.value(&map.max, path, "max", |text| {
            values::number(text, 1, u64::MAX).map(Max::Files)
        });
        let if_exists = self
            .context
            .value(&map.if_exists, path, "if_exists", |text| {
                values::word(text, IfTaken::WORDS)
            });
        let accept = self.accept(&map.accept, path);
        let rename = rename(self.context, &map.rename, path);
        if map.into.is_absent() {
            let help = "write `into: FOLDER`, on the side where the files lie; it is created where it is missing";
            self.context.required(path, "into", help);
        }
        let into = self.path_text(&map.into, path, "into", None);
        let what = self.move_what(at, map, path)?;
        Some(Action::Move(Move {
            taking: Taking {
                what,
                accept,
                max: max.unwrap_or(USUAL_MAX),
            },
            // It is found once all steps are read.
            side: Side::Local,
            into: into?,
            rename,
            if_exists: if_exists.unwrap_or_default(),
        }))
    }

    fn move_what(&mut self, at: usize, map: &model::Move, path: &Path) -> Option<TakeWhat> {
        self.one_of(
            path,
            &[
                ("sources_of", map.sources_of.is_absent()),
                ("failed_of", map.failed_of.is_absent()),
                ("from", map.from.is_absent()),
            ],
        );
        if !map.sources_of.is_absent() {
            return self.sources_of(at, &map.sources_of, path);
        }
        if !map.failed_of.is_absent() {
            let named = path.key("failed_of");
            let step = step_named(self.context, &self.steps, &map.failed_of, &named)?;
            let node = &mut self.nodes[at];
            node.needs.push(Need { step, path: named });
            node.common.when.get_or_insert(When::Always);
            return Some(TakeWhat::FailedOf(step_id(step)));
        }
        if map.from.is_absent() {
            let help = "write `sources_of: TRANSFER`, `failed_of: TRANSFER` or `from: LIST`";
            self.context.required(path, "sources_of", help);
            return None;
        }
        let origin = Origin {
            from: &map.from,
            server: None,
            files: &Slot::Absent,
            not_local: None,
        };
        self.taken_set(at, &origin, path)
    }

    fn taken_set(&mut self, at: usize, origin: &Origin<'_>, path: &Path) -> Option<TakeWhat> {
        let from = self.origin(at, origin, path)?;
        Some(TakeWhat::Set {
            from: step_id(from),
            after: Vec::new(),
        })
    }

    /// Of these keys, each with whether it is absent, only one is meant to be there.
    fn one_of(&mut self, path: &Path, keys: &[(&str, bool)]) {
        let mut written = keys.iter().filter(|(_, absent)| !absent);
        if let (Some((first, _)), Some((other, _))) = (written.next(), written.next()) {
            self.several_sources(path, first, other);
        }
    }

    fn sources_of(&mut self, at: usize, slot: &Slot<OneOrMany>, path: &Path) -> Option<TakeWhat> {
        let named = steps_named(self.context, &self.steps, slot, path, "sources_of");
        if slot.get().is_some_and(|many| many.items.is_empty()) {
            self.context.required(
                &path.key("sources_of"),
                "sources_of",
                "name at least one transfer",
            );
        }
        let transfers = named.iter().map(|(step, _)| step_id(*step)).collect();
        let needs = named.into_iter().map(|(step, path)| Need { step, path });
        self.nodes[at].needs.extend(needs);
        Some(TakeWhat::SourcesOf(transfers))
    }
}
