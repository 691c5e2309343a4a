//! What a manifest is compiled with: everything that does not stand in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, Offset, TimeZone, Utc};

use super::template::{Reference, Template};
use crate::manifest::{Kind, Manifest, NodeId, Tree};

/// Values from outside: read, or left unread on purpose.
///
/// `check` and `run --dry-run` read neither environment nor secret files: an unknown value passes the test of its type and
/// prints as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Values<T> {
    /// Nothing was read.
    #[default]
    Unknown,
    /// All there are, by name. What is not in here is an error where it is used.
    Known(BTreeMap<String, T>),
}

/// Everything that a compilation depends on beside the manifest. Reading it is `cli`'s work: compiling does no I/O.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// `--var NAME=VALUE`: taken as they are, without a further look for `${…}`.
    pub vars: BTreeMap<String, String>,
    /// The environment, `--env-file` included.
    pub env: Values<String>,
    /// The content of every file that [`wanted_files`] names, or why it could not be read.
    pub files: Values<Result<String, String>>,
    /// The run's start, in Unix seconds, UTC.
    pub started: i64,
    /// Seconds that local time is ahead of UTC at an instant (Unix seconds). See [`local_zone`].
    pub zone: fn(i64) -> i32,
    /// `${run.id}`; absent where there is no run.
    pub run_id: Option<String>,
    /// The manifest's file name without its ending: the default of `name`.
    pub file_stem: String,
    /// Absolute folder that relative local paths start from.
    pub folder: PathBuf,
}

impl Inputs {
    /// The run's start in local time.
    pub(super) fn now(&self) -> Option<DateTime<FixedOffset>> {
        self.local(self.started)
    }

    /// An instant in local time.
    pub(super) fn local(&self, instant: i64) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt((self.zone)(instant))?;
        offset.timestamp_opt(instant, 0).single()
    }
}

/// The zone of this machine, `TZ` honoured, for [`Inputs::zone`].
pub fn local_zone(instant: i64) -> i32 {
    let Some(utc) = Utc.timestamp_opt(instant, 0).single() else {
        return 0;
    };
    let local = utc.with_timezone(&chrono::Local);
    local.offset().fix().local_minus_utc()
}

/// The paths of all `${file.PATH}` in a manifest, for [`Inputs::files`]: each once, sorted.
///
/// Relative ones start from [`Inputs::folder`]. What stands below `x-…` keys is not looked at.
pub fn wanted_files(manifest: &Manifest) -> Vec<String> {
    let mut wanted = BTreeSet::new();
    if let Some(tree) = manifest.tree() {
        let top = tree.root().as_map();
        let entries = top.map(|map| map.entries()).unwrap_or_default();
        let mut seen = BTreeSet::new();
        for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
            collect(tree, entry.node, &mut seen, &mut wanted);
        }
    }
    wanted.into_iter().collect()
}

/// Those of the `--var` names that the manifest does not declare.
pub fn undeclared_vars<'a>(
    manifest: &Manifest,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let declared: BTreeSet<&str> = manifest
        .vars
        .get()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let missing = names.into_iter().filter(|name| !declared.contains(name));
    missing.collect()
}

/// Recursion is bounded by the tree's depth; `seen` keeps aliases of aliases from multiplying.
fn collect(tree: &Tree, id: NodeId, seen: &mut BTreeSet<usize>, wanted: &mut BTreeSet<String>) {
    let node = tree.node(id);
    if !seen.insert(std::ptr::from_ref(node) as usize) {
        return;
    }
    match &node.kind {
        Kind::Scalar { text, .. } => {
            for reference in Template::parse(text).references() {
                if let Reference::File { path } = reference {
                    wanted.insert((*path).to_owned());
                }
            }
        }
        Kind::Seq(items) => {
            for item in items {
                collect(tree, item.node, seen, wanted);
            }
        }
        Kind::Map(map) => {
            for entry in map.entries() {
                collect(tree, entry.node, seen, wanted);
            }
        }
        Kind::Broken => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_files_are_found_once_and_not_below_extensions() {
        let text = "version: 1\nx-a: ${file.no}\nservers:\n  a: {password: \"${file./run/pw}\", host: h}\n  \
                    b: {password: \"x${file./run/pw}\", host: \"$${file.not}\"}\nsteps: {}\n";
        let manifest = Manifest::read("m", text.as_bytes()).manifest.unwrap();
        assert_eq!(wanted_files(&manifest), ["/run/pw"]);
    }

    #[test]
    fn undeclared_variables_are_named() {
        let manifest = Manifest::read("m", b"vars: {a: 1}").manifest.unwrap();
        assert_eq!(undeclared_vars(&manifest, ["a", "b"]), ["b"]);
    }
}
