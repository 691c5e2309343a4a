//! The whole of a manifest, and where everything in it is written.

use super::{Defaults, RunLimits, Server, Step};
use crate::manifest::finding::Place;
use crate::manifest::path::Path;
use crate::manifest::slot::{OneOrMany, Slot, Text};
use crate::manifest::tree::{Kind, Location, Tree};

/// A manifest, decoded and not yet judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// The version of the language; this ftpflow reads `1`.
    pub version: Slot<Text>,
    /// What to call this pipeline in reports. Default: the file's name without its ending.
    pub name: Slot<Text>,
    /// What this pipeline is for.
    pub description: Slot<Text>,
    /// Variables, used as `${vars.NAME}`; `--var NAME=VALUE` overrides them.
    pub vars: Slot<Vec<(Text, Slot<Text>)>>,
    /// Options for all steps that do not set them themselves.
    pub defaults: Slot<Defaults>,
    /// The servers, by name.
    pub servers: Slot<Vec<(Text, Slot<Server>)>>,
    /// The steps, by name. The order is only that of display: what depends on what decides when a step runs.
    pub steps: Slot<Vec<(Text, Slot<Step>)>>,
    /// How much all lists of servers hold at once before one fails.
    pub limits: Slot<RunLimits>,
    /// Codes of warnings that are not shown.
    pub allow: Slot<OneOrMany>,
    /// Keys at the top that nothing knows, `x-…` left out.
    pub unknown: Vec<String>,
    pub(in crate::manifest) tree: Option<Tree>,
    pub(in crate::manifest) nameless: bool,
    /// Places of which reading has said what is wrong.
    pub(in crate::manifest) reported: Vec<Place>,
}

impl Manifest {
    /// The keys at the top of a manifest; `x-…` keys are left alone.
    pub const KEYS: &'static [&'static str] = &[
        "version",
        "name",
        "description",
        "vars",
        "defaults",
        "servers",
        "steps",
        "limits",
        "allow",
    ];

    /// Where the value at a path is written; of a path that does not exist, the innermost value on the way that does.
    pub fn place(&self, path: &Path) -> Place {
        self.locate(path).value
    }

    /// Where the key of the value at a path is written. Best for "something is missing in here" and "this key is unknown".
    pub fn key_place(&self, path: &Path) -> Place {
        self.locate(path).key
    }

    /// All that is known about the place of a path, the alias on the way to it included.
    pub fn locate(&self, path: &Path) -> Location {
        let nowhere = Location {
            value: Place::default(),
            key: Place::default(),
            via: None,
            whole: false,
        };
        self.tree.as_ref().map_or(nowhere, |tree| tree.locate(path))
    }

    /// Whether reading has already made a finding of the value at a path, or inside it: then its [`Slot::Bad`] needs no second
    /// one, and what it lacks was probably written, and could not be read.
    pub fn is_reported(&self, path: &Path) -> bool {
        let Some(node) = self.tree.as_ref().and_then(|tree| tree.find(path)) else {
            return false;
        };
        matches!(node.kind, Kind::Broken)
            || self
                .reported
                .iter()
                .any(|reported| reported.touches(node.place))
    }

    /// Whether reading found anything that it had to leave out.
    pub fn is_damaged(&self) -> bool {
        !self.reported.is_empty() || self.lacks_names()
    }

    /// Whether a syntax error took a step, server or variable away, name and all: then "there is no step of this name" would
    /// probably be noise.
    pub fn lacks_names(&self) -> bool {
        self.nameless
    }

    /// The tree behind the slots.
    pub fn tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }
}
