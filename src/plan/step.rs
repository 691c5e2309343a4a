//! `steps:` judged: names, exactly one kind a step, keys that nobody knows.

use super::builder::{Builder, Need, Node};
use super::codes;
use super::model::Action;
use super::names::{check_name, steps_named};
use super::options::{Common, common};
use crate::manifest::model::{self, STEP_KINDS};
use crate::manifest::{Finding, Keys, Path, Slot, suggest};

impl Builder<'_, '_> {
    /// Compiles every step of the manifest, then those that they imply.
    pub(super) fn build(&mut self, written: &[(String, Slot<model::Step>)]) {
        let root = Path::root().key("steps");
        for (at, (name, _)) in written.iter().enumerate() {
            self.nodes.push(Node {
                name: name.clone(),
                path: root.key(name),
                action: None,
                needs: Vec::new(),
                common: Common::default(),
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
        let needs = steps_named(self.context, &self.steps, &step.common.needs, path, "needs");
        let needs = needs.into_iter().map(|(step, path)| Need { step, path });
        self.nodes[at].needs.extend(needs);
        let present = kinds(step);
        match present.as_slice() {
            [] => self.no_kind(step, path),
            [kind] => {
                let kind = *kind;
                let action = self.kind(at, step, kind, path);
                self.nodes[at].action = action;
            }
            several => {
                let several = several.to_vec();
                self.several_kinds(&several, path);
                // Each is judged all the same: mistakes inside them are no less mistakes.
                for kind in several {
                    self.kind(at, step, kind, path);
                }
            }
        }
    }

    fn kind(
        &mut self,
        at: usize,
        step: &model::Step,
        kind: &'static str,
        path: &Path,
    ) -> Option<Action> {
        let below = path.key(kind);
        match kind {
            "login" => {
                let map = self.map(&step.login, &below)?;
                self.login(at, map, &below)
            }
            "list" => {
                let map = self.map(&step.list, &below)?;
                self.list(map, &below)
            }
            "filter" => {
                let map = self.map(&step.filter, &below)?;
                self.filter(at, map, &below)
            }
            "download" => {
                let map = self.map(&step.download, &below)?;
                self.download(at, map, &below)
            }
            "upload" => {
                let map = self.map(&step.upload, &below)?;
                self.upload(at, map, &below)
            }
            "relay" => {
                let map = self.map(&step.relay, &below)?;
                self.relay(at, map, &below)
            }
            _ => {
                let map = self.map(&step.delete, &below)?;
                self.delete(at, map, &below)
            }
        }
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
        let present = kinds(step);
        for key in &step.unknown {
            let inside = present
                .iter()
                .find(|kind| kind_keys(kind).contains(&key.as_str()));
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
        let help = match suggest(key, STEP_KINDS).or_else(|| synonym(key)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the kinds are {}", STEP_KINDS.join(", ")),
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
        let help = format!("add one of {}", super::values::either(&STEP_KINDS));
        self.context.report(finding.help(help));
    }

    fn several_kinds(&mut self, kinds: &[&str], path: &Path) {
        let place = self.context.key(&path.key(kinds[0]));
        let message = format!("a step has one kind, and this one has {}", kinds.len());
        let mut finding = Finding::error(codes::STEP_SEVERAL_KINDS, place, message, "one kind");
        for kind in &kinds[1..] {
            finding = finding.also(self.context.key(&path.key(*kind)), "another");
        }
        self.context.report(
            finding.help("make a step of its own of each; `from` and `needs` tie them together"),
        );
    }
}

/// Access to the keys that decoding did not know.
trait HasUnknown {
    fn unknown(&self) -> &[String];
}

macro_rules! has_unknown {
    ($($kind:ident),*) => {
        $(impl HasUnknown for model::$kind {
            fn unknown(&self) -> &[String] {
                &self.unknown
            }
        })*
    };
}

has_unknown!(Login, List, Filter, Download, Upload, Relay, Delete);

fn kinds(step: &model::Step) -> Vec<&'static str> {
    let present = [
        !step.login.is_absent(),
        !step.list.is_absent(),
        !step.filter.is_absent(),
        !step.download.is_absent(),
        !step.upload.is_absent(),
        !step.relay.is_absent(),
        !step.delete.is_absent(),
    ];
    let kinds = STEP_KINDS.iter().zip(present);
    kinds
        .filter(|(_, present)| *present)
        .map(|(kind, _)| *kind)
        .collect()
}

fn kind_keys(kind: &str) -> Vec<&'static str> {
    match kind {
        "login" => model::Login::keys(),
        "list" => model::List::keys(),
        "filter" => model::Filter::keys(),
        "download" => model::Download::keys(),
        "upload" => model::Upload::keys(),
        "relay" => model::Relay::keys(),
        _ => model::Delete::keys(),
    }
}

/// Words that users of other tools bring along.
fn synonym(key: &str) -> Option<&'static str> {
    Some(match key {
        "get" | "fetch" | "pull" | "mget" => "download",
        "put" | "push" | "send" | "mput" => "upload",
        "copy" | "mirror" | "sync" | "transfer" | "fxp" => "relay",
        "ls" | "dir" | "find" | "glob" => "list",
        "rm" | "remove" | "unlink" | "clean" | "cleanup" => "delete",
        "select" | "match" | "grep" | "pick" => "filter",
        "connect" | "open" | "auth" => "login",
        _ => return None,
    })
}
