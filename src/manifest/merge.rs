//! `<<: *defaults`: the entries of other maps, where a map has none of that key itself.

use std::collections::HashSet;

use super::code;
use super::finding::{Finding, Place};
use super::tree::{Entry, Item, Kind, Map, Node, NodeId};

/// One `<<` of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Merge {
    /// Where the `<<` is.
    pub(super) key: Place,
    /// What stands behind it: a map, or a list of maps, of which earlier ones win.
    pub(super) value: Item,
}

/// The map with what is merged into it, and every value that was looked at (to be counted: maps merged into maps multiply).
pub(super) fn merge(
    nodes: &[Node],
    own: Map,
    merges: &[Merge],
) -> (Map, Vec<NodeId>, Vec<Finding>) {
    let mut findings: Vec<_> = merges
        .iter()
        .skip(1)
        .map(|merge| second(merge.key, merges[0].key))
        .collect();
    let mut seen = HashSet::new();
    let mut looked_at = Vec::new();
    let mut merged: Vec<Entry> = Vec::new();
    for merge in merges.iter().take(1) {
        for (map, via) in maps(nodes, merge, &mut findings) {
            for entry in map.entries() {
                looked_at.push(entry.node);
                if own.get(&entry.key).is_none() && seen.insert(entry.key.as_str()) {
                    merged.push(Entry {
                        via: via.or(entry.via),
                        ..entry.clone()
                    });
                }
            }
        }
    }
    let entries = own.entries().iter().cloned().chain(merged).collect();
    (Map::new(entries).0, looked_at, findings)
}

/// The maps behind a `<<`, each with the alias that brings it.
fn maps<'a>(
    nodes: &'a [Node],
    merge: &Merge,
    findings: &mut Vec<Finding>,
) -> Vec<(&'a Map, Option<Place>)> {
    let node = |item: &Item| &nodes[item.node.0 as usize];
    let value = node(&merge.value);
    let items = match &value.kind {
        Kind::Seq(items) => items.as_slice(),
        _ => std::slice::from_ref(&merge.value),
    };
    let mut found = Vec::new();
    for item in items {
        match &node(item).kind {
            Kind::Map(map) => found.push((map, item.via.or(merge.value.via))),
            Kind::Broken => {}
            Kind::Scalar { .. } | Kind::Seq(_) => {
                findings.push(not_a_map(item.via.unwrap_or(node(item).place), merge.key))
            }
        }
    }
    found
}

fn not_a_map(place: Place, key: Place) -> Finding {
    Finding::error(
        code::BAD_MERGE,
        place,
        "only maps can be merged with `<<`",
        "not a map",
    )
    .help("anchor a map, `name: &name {…}`, and merge it with `<<: *name`")
    .also(key, "merged here")
}

fn second(place: Place, first: Place) -> Finding {
    Finding::error(
        code::DUPLICATE_KEY,
        place,
        "the key `<<` is in this map twice",
        "given again here",
    )
    .help("merge several maps with one list: `<<: [*a, *b]`")
    .also(first, "first given here")
}
