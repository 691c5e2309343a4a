//! The one tree that is built of a manifest: an arena, so that an alias is a shared index, no file makes dropping it recurse,
//! and memory is bounded by [`MAX_NODES`].

use super::finding::Place;
use super::path::{Path, Segment};

/// Deepest nesting of lists and maps, aliases followed.
pub const MAX_DEPTH: usize = 64;

/// Most values in one manifest, every alias counted as if it were written out.
pub const MAX_NODES: u64 = 1_000_000;

/// Up to this many entries a map is searched from front to back.
const LINEAR: usize = 8;

/// A value in a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) u32);

/// All values of one manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
}

/// A value and where it is written: the definition, where it is reached through an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it is written. Of a key without a value: the key.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// The three sorts of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A scalar: its own text, escapes resolved, whatever YAML would make of it.
    Scalar {
        /// The text.
        text: String,
        /// How it is written.
        style: Style,
    },
    /// A list.
    Seq(Vec<Item>),
    /// A map, merges resolved.
    Map(Map),
    /// Something that a finding has been made of already; nothing more need be said about it.
    Broken,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, `|` or `>`.
    Block,
}

/// An item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The value.
    pub node: NodeId,
    /// The alias through which it stands here.
    pub via: Option<Place>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key's own text.
    pub key: String,
    /// Where the key is written.
    pub key_place: Place,
    /// The value.
    pub node: NodeId,
    /// The alias, or the alias behind `<<`, through which it stands here.
    pub via: Option<Place>,
}

/// A map in the order of the file; no key is in it twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map {
    entries: Vec<Entry>,
    /// The entries by key; empty for small maps.
    sorted: Vec<u32>,
}

/// What is known of the place of a [`Path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Where the value is written.
    pub value: Place,
    /// Where its key is written; of an item of a list: the value.
    pub key: Place,
    /// The innermost alias on the way to it, where there is one: the value is written elsewhere and used here.
    pub via: Option<Place>,
    /// Whether the whole path exists. Otherwise the places are those of the innermost value that does.
    pub whole: bool,
}

impl Tree {
    /// The value at the top.
    pub fn root(&self) -> &Node {
        self.node(self.root)
    }

    /// A value by its index, which must come from this tree.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// All values, each before what holds it. Some may be out of reach of the top.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// Moves every place onto character boundaries of `text`: the tree was built of a copy in which some characters were
    /// replaced, byte for byte, by spaces.
    pub(super) fn align(&mut self, text: &str) {
        for node in &mut self.nodes {
            node.place = node.place.aligned(text);
            match &mut node.kind {
                Kind::Map(map) => map.entries.iter_mut().for_each(|entry| {
                    entry.key_place = entry.key_place.aligned(text);
                    entry.via = entry.via.map(|via| via.aligned(text));
                }),
                Kind::Seq(items) => items
                    .iter_mut()
                    .for_each(|item| item.via = item.via.map(|via| via.aligned(text))),
                Kind::Scalar { .. } | Kind::Broken => {}
            }
        }
    }

    /// Finds a path. One that does not exist is found as far as it does.
    pub fn locate(&self, path: &Path) -> Location {
        self.walk(path).1
    }

    /// The value at a path, if there is one.
    pub fn find(&self, path: &Path) -> Option<&Node> {
        let (node, location) = self.walk(path);
        location.whole.then_some(node)
    }

    fn walk(&self, path: &Path) -> (&Node, Location) {
        let mut node = self.root();
        let mut at = Location {
            value: node.place,
            key: node.place,
            via: None,
            whole: true,
        };
        for segment in path.segments() {
            let (id, key, via) = match (segment, &node.kind) {
                (Segment::Key(key), Kind::Map(map)) => match map.get(key) {
                    Some(entry) => (entry.node, Some(entry.key_place), entry.via),
                    None => return (node, Location { whole: false, ..at }),
                },
                (Segment::Index(index), Kind::Seq(items)) => match items.get(*index) {
                    Some(item) => (item.node, None, item.via),
                    None => return (node, Location { whole: false, ..at }),
                },
                _ => return (node, Location { whole: false, ..at }),
            };
            node = self.node(id);
            at = Location {
                value: node.place,
                key: key.unwrap_or(node.place),
                via: via.or(at.via),
                whole: true,
            };
        }
        (node, at)
    }
}

impl Node {
    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether it stands for "nothing": an unquoted scalar that is empty, `~` or `null`.
    pub fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar {
                text,
                style: Style::Plain,
            } => matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"),
            _ => false,
        }
    }
}

impl Map {
    /// A map of entries in the order of the file, and the entries whose key was there before, each with the first one's place.
    pub(super) fn new(entries: Vec<Entry>) -> (Self, Vec<(Entry, Place)>) {
        let mut sorted = by_key(&entries);
        let repeated = repeats(&entries, &sorted);
        if repeated.is_empty() {
            if entries.len() <= LINEAR {
                sorted = Vec::new();
            }
            return (Self { entries, sorted }, Vec::new());
        }
        let mut kept = Vec::with_capacity(entries.len() - repeated.len());
        let mut again = Vec::with_capacity(repeated.len());
        let mut next = repeated.into_iter().peekable();
        for (at, entry) in entries.into_iter().enumerate() {
            match next.next_if(|(repeat, _)| *repeat == at) {
                Some((_, first)) => again.push((entry, first)),
                None => kept.push(entry),
            }
        }
        let sorted = if kept.len() <= LINEAR {
            Vec::new()
        } else {
            by_key(&kept)
        };
        (
            Self {
                entries: kept,
                sorted,
            },
            again,
        )
    }

    /// The entries in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        if self.sorted.is_empty() {
            return self.entries.iter().find(|entry| entry.key == key);
        }
        let at = self
            .sorted
            .binary_search_by(|&at| self.entries[at as usize].key.as_str().cmp(key))
            .ok()?;
        self.entries.get(self.sorted[at] as usize)
    }
}

/// The indices of the entries, by key and, of one key, by order.
fn by_key(entries: &[Entry]) -> Vec<u32> {
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut sorted = Vec::from_iter(0..count);
    sorted.sort_by(|&a, &b| entries[a as usize].key.cmp(&entries[b as usize].key));
    sorted
}

/// The entries that repeat a key, in the order of the file, with the place of the first.
fn repeats(entries: &[Entry], sorted: &[u32]) -> Vec<(usize, Place)> {
    let mut found = Vec::new();
    for same in sorted.chunk_by(|&a, &b| entries[a as usize].key == entries[b as usize].key) {
        let first = entries[same[0] as usize].key_place;
        found.extend(same[1..].iter().map(|&at| (at as usize, first)));
    }
    found.sort_by_key(|(at, _)| *at);
    found
}
