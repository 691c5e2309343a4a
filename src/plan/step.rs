//! `steps:` judged: names, exactly one kind a step, keys that nobody knows.

use super::builder::{Builder, Need, Node};
use super::codes;
use super::kinds::Action;
use super::names::{check_name, steps_named};
use super::options::{Common, common};
use crate::kind::{StepKind, each_kind};
use crate::manifest::model::{self, keys_of};
use crate::manifest::{Finding, Keys, Path, Slot, suggest};

impl Builder<'_, '_> {
    /// Compiles every step of the manifest, then those that they imply.
    pub(super) fn build(&mut self, written: &[(String, Slot<model::Step>)]) {
        let root = Path::root().key("steps");
        for (at, (name, _)) in written.iter().enumerate() {
            self.nodes.push(Node {
                name: name.clone(),
                path: root.key(name),
                kind: None,
                action: None,
                needs: Vec::new(),
                waits_unknown: false,
                common: Common::default(),
                owner: None,
                implicit: false,
                copies: false,
                rank: (at + 1, 2),
            });
        }
        for (at, (name, slot)) in written.iter().enumerate() {
            let path = self.nodes[at].path.clone();
            check_name(self.context, name, &path);
            if let Some(step) = self.context.slot(
                slot,
                || path.clone(),
                "a map with one kind, such as `list: {…}`",
            ) {
                self.step(at, step, &path);
            }
        }
    }

    fn step(&mut self, at: usize, step: &model::Step, path: &Path) {
        self.unknown_step_keys(step, path);
        self.nodes[at].common = common(self.context, &step.common, path, &self.defaults);
        let slot = &step.common.needs;
        let needs = steps_named(self.context, &self.steps, slot, path, "needs");
        let written = slot.get().map_or(0, |many| many.items.len());
        self.nodes[at].waits_unknown =
            needs.len() < written || matches!(slot, Slot::Bad | Slot::Null);
        let needs = needs.into_iter().map(|(step, path)| Need { step, path });
        self.nodes[at].needs.extend(needs);
        match *step.kinds() {
            [] => self.no_kind(step, path),
            [kind] => {
                self.nodes[at].kind = Some(kind);
                self.idle_retry(step, kind, path);
                let action = self.kind(at, step, kind, path);
                self.nodes[at].action = action;
            }
            ref several => {
                self.several_kinds(several, path);
                // Each is judged all the same: mistakes inside them are no less mistakes.
                for &kind in several {
                    self.kind(at, step, kind, path);
                }
            }
        }
    }

    /// A filter works on what its list has found: there is nothing to try again.
    fn idle_retry(&mut self, step: &model::Step, kind: StepKind, path: &Path) {
        if kind != StepKind::Filter || step.common.retry.is_absent() {
            return;
        }
        let place = self.context.key(&path.key("retry"));
        let message = "a `filter` asks no server, and tries nothing again";
        let finding = Finding::warning(codes::OPTIONS_IDLE, place, message, "of no effect");
        self.context
            .report(finding.help("move it to the `list` or the transfer, or take it out"));
    }

    /// The map of a kind, its unknown keys reported.
    fn map<'s, T: Keys + HasUnknown>(
        &mut self,
        slot: &'s Slot<Box<T>>,
        path: &Path,
    ) -> Option<&'s T> {
        let map = self.context.slot(slot, || path.clone(), "a map")?;
        for key in map.unknown() {
            self.unknown_kind_key::<T>(key, path);
        }
        Some(map)
    }

    fn unknown_kind_key<T: Keys>(&mut self, key: &str, path: &Path) {
        if !model::Common::keys().contains(&key) {
            self.context.unknown_key(key, path, &T::keys());
            return;
        }
        let kind = super::context::name_of(path);
        let place = self.context.key(&path.key(key));
        let message = format!("`{key}` belongs beside {kind}, not inside it");
        let finding = Finding::error(codes::KEY_MISPLACED, place, message, "one level too deep");
        self.context
            .report(finding.help(format!("move `{key}:` to the left, under the step's name")));
    }

    fn unknown_step_keys(&mut self, step: &model::Step, path: &Path) {
        let present = step.kinds();
        for key in &step.unknown {
            let inside = present
                .iter()
                .find(|kind| keys_of(**kind).contains(&key.as_str()));
            if let Some(kind) = inside {
                let place = self.context.key(&path.key(key));
                let message = format!("`{key}` belongs inside `{kind}:`");
                let finding =
                    Finding::error(codes::KEY_MISPLACED, place, message, "one level too high");
                self.context
                    .report(finding.help(format!("move it into the map of `{kind}:`")));
            } else if present.is_empty() && suggest(key, model::Common::keys()).is_none() {
                self.unknown_kind(key, path);
            } else {
                self.context.unknown_key(key, path, &model::Step::keys());
            }
        }
    }

    fn unknown_kind(&mut self, key: &str, path: &Path) {
        let place = self.context.key(&path.key(key));
        let words = StepKind::words();
        let synonym = || StepKind::of_synonym(key).map(StepKind::word);
        let meant = suggest(key, words.clone()).or_else(synonym);
        if meant.is_none() && self.context.foreign_key(key, path, &model::Step::keys()) {
            return;
        }
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the kinds are {}", words.collect::<Vec<_>>().join(", ")),
        };
        let message = format!("there is no kind of step `{key}`");
        let finding = Finding::error(codes::STEP_UNKNOWN_KIND, place, message, "unknown kind");
        self.context.report(finding.help(help));
    }

    fn no_kind(&mut self, step: &model::Step, path: &Path) {
        // A key that was taken for a misspelt kind has been reported; a second finding would be noise.
        let guessed = step
            .unknown
            .iter()
            .any(|key| suggest(key, model::Common::keys()).is_none());
        // So has a kind that could not be read.
        if guessed || self.context.manifest.is_reported(path) {
            return;
        }
        let place = self.context.key(path);
        let finding = Finding::error(
            codes::STEP_NO_KIND,
            place,
            "the step does not say what to do",
            "needs a kind",
        );
        let words: Vec<&str> = StepKind::words().collect();
        let help = format!("add one of {}", super::values::either(&words));
        self.context.report(finding.help(help));
    }

    fn several_kinds(&mut self, kinds: &[StepKind], path: &Path) {
        let place = self.context.key(&path.key(kinds[0].word()));
        let message = format!("a step has one kind, and this one has {}", kinds.len());
        let mut finding = Finding::error(codes::STEP_SEVERAL_KINDS, place, message, "one kind");
        for kind in &kinds[1..] {
            finding = finding.also(self.context.key(&path.key(kind.word())), "another");
        }
        self.context.report(
            finding.help("make a step of its own of each; `from` and `needs` tie them together"),
        );
    }
}

/// A map of a kind, which can be judged.
pub(super) trait Compile {
    /// What node `at` does, as far as nothing is wrong with it.
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action>;
}

/// Access to the keys that decoding did not know.
trait HasUnknown {
    fn unknown(&self) -> &[String];
}

macro_rules! compile {
    ($($docs:literal $kind:ident $word:ident;)*) => {
        $(impl HasUnknown for model::$kind {
            fn unknown(&self) -> &[String] {
                &self.unknown
            }
        })*

        impl Builder<'_, '_> {
            fn kind(
                &mut self,
                at: usize,
                step: &model::Step,
                kind: StepKind,
                path: &Path,
            ) -> Option<Action> {
                let below = path.key(kind.word());
                match kind {
                    $(StepKind::$kind => {
                        self.map(&step.$word, &below)?.compile(self, at, &below)
                    })*
                }
            }
        }
    };
}
each_kind!(compile);
