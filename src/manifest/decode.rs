//! From the tree to the model: one `serde_yaml::Value` a server or step, decoded with serde into slots.

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use super::model::Manifest;
use super::slot::{OneOrMany, Slot, Text};
use super::tree::{Entry, Kind, Map, NodeId, Tree};

/// The parts of a manifest whose tree has a map at the top.
pub(super) fn manifest(tree: &Tree, top: &Map) -> Manifest {
    let mut manifest = Manifest::default();
    for Entry { key, node, .. } in top.entries() {
        match key.as_str() {
            "version" => manifest.version = slot(tree, *node),
            "name" => manifest.name = slot(tree, *node),
            "description" => manifest.description = slot(tree, *node),
            "vars" => manifest.vars = named(tree, *node),
            "defaults" => manifest.defaults = slot(tree, *node),
            "servers" => manifest.servers = named(tree, *node),
            "steps" => manifest.steps = named(tree, *node),
            "limits" => manifest.limits = slot(tree, *node),
            "allow" => manifest.allow = slot::<OneOrMany>(tree, *node),
            extension if extension.starts_with("x-") => {}
            _ => manifest.unknown.push(key.clone()),
        }
    }
    manifest
}

/// A map whose keys are names, in the order of the file.
fn named<T: DeserializeOwned>(tree: &Tree, id: NodeId) -> Slot<Vec<(Text, Slot<T>)>> {
    let node = tree.node(id);
    match &node.kind {
        Kind::Map(map) => Slot::Is(
            map.entries()
                .iter()
                .map(|entry| (entry.key.clone(), slot(tree, entry.node)))
                .collect(),
        ),
        _ if node.is_null() => Slot::Null,
        _ => Slot::Bad,
    }
}

fn slot<T: DeserializeOwned>(tree: &Tree, id: NodeId) -> Slot<T> {
    serde_yaml::from_value(value(tree, id)).unwrap_or(Slot::Bad)
}

/// A value with all its scalars as text. What is broken becomes a boolean, which nothing else does. Recursion is bounded by
/// the tree's depth, and the sum of all values by the tree's count of nodes with aliases written out.
fn value(tree: &Tree, id: NodeId) -> Value {
    let node = tree.node(id);
    match &node.kind {
        _ if node.is_null() => Value::Null,
        Kind::Broken => Value::Bool(false),
        Kind::Scalar { text, .. } => Value::String(text.clone()),
        Kind::Seq(items) => {
            Value::Sequence(items.iter().map(|item| value(tree, item.node)).collect())
        }
        Kind::Map(map) => {
            let entries = map.entries().iter();
            let pair = |entry: &Entry| (Value::String(entry.key.clone()), value(tree, entry.node));
            Value::Mapping(Mapping::from_iter(entries.map(pair)))
        }
    }
}
