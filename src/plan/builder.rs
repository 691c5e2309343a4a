//! The steps under construction: written ones first, in the order of the file, then those that the compiler adds.

use super::codes;
use super::context::Context;
use super::kinds::Action;
use super::names::Names;
use super::options::{Common, Defaults};
use super::server::ServerEntry;
use super::template::{Reference, Template};
use crate::files::{NameEncoding, ServerId, Side};
use crate::kind::StepKind;
use crate::manifest::{Finding, Path, Place, Slot};

/// A step under construction. Until the order is found, a [`super::StepId`] in its action is a position among the nodes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// `steps.NAME`, and of an implicit one the path of what it was made for.
    pub(super) path: Path,
    /// Absent where the step has none, or several.
    pub(super) kind: Option<StepKind>,
    /// Absent where the step is wrong.
    pub(super) action: Option<Action>,
    pub(super) needs: Vec<Need>,
    /// Whether its `needs:` names something that is not known.
    pub(super) waits_unknown: bool,
    pub(super) common: Common,
    /// The written node that it was made for; absent where it is written, and where it serves many.
    pub(super) owner: Option<usize>,
    pub(super) implicit: bool,
    /// Whether `copies: true` is written.
    pub(super) copies: bool,
    /// The place in the order of display.
    pub(super) rank: (usize, usize),
}

/// An edge, and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) step: usize,
    pub(super) path: Path,
}

/// Everything that steps are compiled with.
pub(super) struct Builder<'c, 'a> {
    pub(super) context: &'c mut Context<'a>,
    pub(super) servers: Vec<ServerEntry>,
    pub(super) server_names: Names,
    pub(super) steps: Names,
    pub(super) defaults: Defaults,
    pub(super) nodes: Vec<Node>,
    /// The written login step of each server, and where its `server:` stands.
    pub(super) logins: Vec<Option<(usize, Place)>>,
    /// Whether a step names the server.
    pub(super) used: Vec<bool>,
}

impl Builder<'_, '_> {
    /// The side that a `server:` or `to:` names.
    pub(super) fn side(&mut self, slot: &Slot<String>, parent: &Path, key: &str) -> Option<Side> {
        let path = || parent.key(key);
        let text = self.context.slot(slot, path, "a server's name")?;
        let others = Template::parse(text)
            .references()
            .any(|reference| !matches!(reference, Reference::Var { .. }));
        let bound = self.context.bind(text, path);
        if others || bound.late {
            let place = self.context.at(&path());
            let message =
                format!("in `{key}` only variables whose values stand in the manifest can be used");
            let help = "use `${vars.NAME}` (`--var NAME=…` can set it): which server it is must be known before anything runs";
            let finding = Finding::error(codes::VARIABLE_NOT_HERE, place, message, "not here");
            self.context.report(finding.help(help));
            return None;
        }
        if bound.unknown {
            return None;
        }
        if bound.text == "local" {
            return Some(Side::Local);
        }
        let unknown = codes::STEP_UNKNOWN_SERVER;
        let found = self
            .server_names
            .find(self.context, unknown, &bound.text, path)?;
        if let Some(used) = self.used.get_mut(found) {
            *used = true;
        }
        Some(Side::Server(ServerId::new(found)))
    }

    /// A folder or path on a side, judged as far as it is known.
    pub(super) fn path_text(
        &mut self,
        slot: &Slot<String>,
        parent: &Path,
        key: &str,
        side: Option<Side>,
    ) -> Option<String> {
        let bound = self.context.text(slot, parent, key)?;
        let path = || parent.key(key);
        if bound.text.is_empty() {
            let message = format!("`{key}` is empty");
            self.context.error(
                codes::PATH_EMPTY,
                &path(),
                message,
                "empty",
                "write `.` for the folder where relative paths start",
            );
            return None;
        }
        if self.context.command_safe(&bound, path) && !bound.unknown {
            self.encodable(&bound.text, path, side);
        }
        Some(bound.text)
    }

    /// Whether the server's encoding has bytes for every character of a path.
    pub(super) fn encodable(
        &mut self,
        text: &str,
        path: impl FnOnce() -> Path,
        side: Option<Side>,
    ) {
        let Some(Side::Server(server)) = side else {
            return;
        };
        let Some(entry) = self.servers.get(server.at()) else {
            return;
        };
        let encoding: NameEncoding = entry.endpoint.encoding;
        if let Err(character) = encoding.encode(text) {
            let message = format!("`{character}` cannot be written in {}", encoding.label());
            let help = format!(
                "`encoding:` of server `{}` must have every character of its paths",
                entry.endpoint.name
            );
            self.context.error(
                codes::PATH_UNMAPPABLE,
                &path(),
                message,
                "not in the server's encoding",
                help,
            );
        }
    }
}
