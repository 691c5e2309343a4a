//! The kinds that bring files somewhere: `download`, `upload`, `relay`.

use super::builder::{Builder, Need};
use super::codes;
use super::kinds::Action;
use super::model::{Transfer, Verb};
use super::names::step_named;
use super::options::transfer_options;
use super::step::Compile;
use super::step_sets::step_id;
use super::values;
use crate::files::Side;
use crate::kind::StepKind;
use crate::manifest::{Finding, OneOrMany, Path, Slot, model};

/// The slots in which a step says where its files come from.
pub(super) struct Origin<'s> {
    pub(super) from: &'s Slot<String>,
    /// Absent for `upload`, whose files are always local.
    pub(super) server: Option<&'s Slot<String>>,
    pub(super) files: &'s Slot<OneOrMany>,
    /// The side that `server: local` would make another kind's, and that kind.
    pub(super) not_local: Option<StepKind>,
}

/// The slots of a transfer that the three kinds share.
struct Moves<'s> {
    verb: Verb,
    origin: Origin<'s>,
    to: Option<&'s Slot<String>>,
    into: &'s Slot<String>,
    chmod: Option<&'s Slot<String>>,
    options: &'s model::Transfer,
}

impl Compile for model::Download {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        let origin = Origin {
            from: &self.from,
            server: Some(&self.server),
            files: &self.files,
            not_local: Some(StepKind::Upload),
        };
        let moves = Moves {
            verb: Verb::Download,
            origin,
            to: None,
            into: &self.into,
            chmod: None,
            options: &self.transfer,
        };
        builder.transfer(at, &moves, path)
    }
}

impl Compile for model::Upload {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        let origin = Origin {
            from: &self.from,
            server: None,
            files: &self.files,
            not_local: None,
        };
        let moves = Moves {
            verb: Verb::Upload,
            origin,
            to: Some(&self.to),
            into: &self.into,
            chmod: Some(&self.chmod),
            options: &self.transfer,
        };
        builder.transfer(at, &moves, path)
    }
}

impl Compile for model::Relay {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        let origin = Origin {
            from: &self.from,
            server: Some(&self.server),
            files: &self.files,
            not_local: Some(StepKind::Upload),
        };
        let moves = Moves {
            verb: Verb::Relay,
            origin,
            to: Some(&self.to),
            into: &self.into,
            chmod: Some(&self.chmod),
            options: &self.transfer,
        };
        builder.transfer(at, &moves, path)
    }
}

impl Builder<'_, '_> {
    fn transfer(&mut self, at: usize, moves: &Moves<'_>, path: &Path) -> Option<Action> {
        let from = self.origin(at, &moves.origin, path);
        let to = self.destination(moves, path);
        if moves.into.is_absent() {
            self.context.required(
                path,
                "into",
                "write `into: FOLDER`; it is created where it is missing",
            );
        }
        let into = self.path_text(moves.into, path, "into", to);
        let common = self.nodes[at].common.clone();
        let options = transfer_options(self.context, moves.options, path, &common, &self.defaults);
        let chmod = moves
            .chmod
            .and_then(|slot| self.context.value(slot, path, "chmod", values::mode));
        Some(Action::Transfer(Transfer {
            verb: moves.verb,
            from: step_id(from?),
            // The side of `from` is found once all steps are read.
            source: Side::Local,
            to: to?,
            into: into?,
            options,
            chmod,
        }))
    }

    fn destination(&mut self, moves: &Moves<'_>, path: &Path) -> Option<Side> {
        let Some(slot) = moves.to else {
            return Some(Side::Local);
        };
        if slot.is_absent() {
            self.context.required(path, "to", "write `to: SERVER`");
        }
        let side = self.side(slot, path, "to")?;
        if side == Side::Local {
            let (message, help) = match moves.verb {
                Verb::Relay => (
                    "`relay` goes from server to server",
                    "use `download` for files that come to this machine",
                ),
                Verb::Upload | Verb::Download => (
                    "`upload` goes to a server",
                    "name a server; files that stay on this machine need no transfer",
                ),
            };
            self.context.error(
                codes::STEP_WRONG_SIDE,
                &path.key("to"),
                message,
                "this machine",
                help,
            );
            return None;
        }
        Some(side)
    }

    /// The node whose files a step takes: the one that `from` names, or those that `server` and `files` stand for.
    pub(super) fn origin(&mut self, at: usize, origin: &Origin<'_>, path: &Path) -> Option<usize> {
        let server_written = origin.server.is_some_and(|slot| !slot.is_absent());
        let short = server_written || !origin.files.is_absent();
        if !origin.from.is_absent() && short {
            let other = if origin.files.is_absent() {
                "server"
            } else {
                "files"
            };
            self.several_sources(path, "from", other);
        }
        if !origin.from.is_absent() {
            let from_path = path.key("from");
            let from = step_named(self.context, &self.steps, origin.from, &from_path)?;
            self.nodes[at].needs.push(Need {
                step: from,
                path: from_path,
            });
            return Some(from);
        }
        if !short {
            let help = match origin.server {
                Some(_) => "write `from: STEP`, or `server: NAME` and `files: PATTERN`",
                None => "write `from: STEP`, or `files: PATTERN` for files of this machine",
            };
            self.context.required(path, "from", help);
            return None;
        }
        let side = self.short_side(origin, path);
        if origin.files.is_absent() {
            self.context
                .required(path, "files", "write `files: PATTERN`, such as `/in/*.zip`");
            return None;
        }
        let filter = self.files(at, origin.files, path, side)?;
        self.nodes[at].needs.push(Need {
            step: filter,
            path: path.key("files"),
        });
        Some(filter)
    }

    fn short_side(&mut self, origin: &Origin<'_>, path: &Path) -> Option<Side> {
        let Some(slot) = origin.server else {
            return Some(Side::Local);
        };
        if slot.is_absent() {
            self.missing_side(path);
        }
        let side = self.side(slot, path, "server")?;
        match origin.not_local {
            Some(kind) if side == Side::Local => {
                let message = "these files are on this machine already";
                let help = format!("use `{kind}` for files of this machine");
                self.context.error(
                    codes::STEP_WRONG_SIDE,
                    &path.key("server"),
                    message,
                    "this machine",
                    help,
                );
                None
            }
            _ => Some(side),
        }
    }

    pub(super) fn several_sources(&mut self, path: &Path, first: &str, other: &str) {
        let place = self.context.key(&path.key(other));
        let message = format!("`{first}` and `{other}` both say which files are meant");
        let finding = Finding::error(
            codes::STEP_SEVERAL_SOURCES,
            place,
            message,
            "one of the two",
        )
        .also(self.context.key(&path.key(first)), "the other")
        .help("keep one of them");
        self.context.report(finding);
    }
}
