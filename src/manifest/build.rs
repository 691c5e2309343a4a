//! Builds the tree from the events of a parser, refusing what no manifest needs: cycles, bombs, doubled keys.

use std::collections::HashMap;

use super::code;
use super::finding::{Finding, Place};
use super::merge::{self, Merge};
use super::refuse;
use super::tree::{Entry, Item, Kind, MAX_DEPTH, MAX_NODES, Map, Node, NodeId, Style, Tree};

/// Most findings of one reading; the rest is counted. A file of a million doubled keys must not become a million reports.
const MAX_FINDINGS: usize = 1_000;

/// Reading cannot go on; the finding that says why has been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop;

/// The tree under construction.
pub(super) struct Builder<'a> {
    text: &'a str,
    /// Where the keys begin whose values were blanked because of a syntax error.
    blanked: &'a [u32],
    nodes: Vec<Node>,
    /// Beside `nodes`: how large each value is when its aliases are written out.
    weights: Vec<Weight>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    root: Option<NodeId>,
    total: u64,
    findings: Vec<Finding>,
    unsaid: usize,
}

/// A list or map whose end has not come.
struct Open {
    start: Place,
    end: usize,
    flow: bool,
    anchor: usize,
    what: Collection,
}

enum Collection {
    Seq(Vec<Item>),
    Map {
        entries: Vec<Entry>,
        key: Option<Key>,
        merges: Vec<Merge>,
    },
}

/// A key that waits for its value.
struct Key {
    text: String,
    place: Place,
    sort: KeySort,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeySort {
    Text,
    Merge,
    /// A finding was made of it; its value is left out.
    Broken,
}

#[derive(Clone, Copy)]
enum Anchor {
    /// The anchored list or map is still open: an alias to it would contain itself.
    Open,
    Done(NodeId),
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    /// Values in it, itself included.
    nodes: u64,
    /// Levels of lists and maps in it.
    height: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, blanked: &'a [u32]) -> Self {
        Self {
            text,
            blanked,
            nodes: Vec::new(),
            weights: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            total: 0,
            findings: Vec::new(),
            unsaid: 0,
        }
    }

    /// A scalar, with the number of its anchor (0: none).
    pub(super) fn scalar(
        &mut self,
        text: String,
        style: Style,
        place: Place,
        anchor: usize,
    ) -> Result<(), Stop> {
        let empty = style == Style::Plain && text.is_empty();
        let place = if empty {
            self.place_of_nothing(place)
        } else {
            place
        };
        let finding = match empty && anchor != 0 {
            true => Some(refuse::empty_anchor(place)),
            false => self.full_width(&text, style, place),
        };
        if let Some(finding) = finding {
            return self.broken(place, finding, anchor);
        }
        let kind = if empty && self.is_blanked(place) {
            Kind::Broken
        } else {
            Kind::Scalar { text, style }
        };
        self.finished(Node { place, kind }, anchor)
    }

    /// A value of which `finding` says all that there is to say.
    pub(super) fn broken(
        &mut self,
        place: Place,
        finding: Finding,
        anchor: usize,
    ) -> Result<(), Stop> {
        self.report(finding);
        self.finished(
            Node {
                place,
                kind: Kind::Broken,
            },
            anchor,
        )
    }

    pub(super) fn open_seq(&mut self, start: Place, flow: bool, anchor: usize) -> Result<(), Stop> {
        self.open(start, flow, anchor, Collection::Seq(Vec::new()))
    }

    pub(super) fn open_map(&mut self, start: Place, flow: bool, anchor: usize) -> Result<(), Stop> {
        self.open(
            start,
            flow,
            anchor,
            Collection::Map {
                entries: Vec::new(),
                key: None,
                merges: Vec::new(),
            },
        )
    }

    /// The end of the innermost list or map. A block has no end of its own: it ends with its last value.
    pub(super) fn close(&mut self, end: Place) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let end = if open.flow {
            end.end as usize
        } else {
            open.end
        };
        let place = Place::new(open.start.start as usize, end);
        let kind = match open.what {
            Collection::Seq(items) => Kind::Seq(items),
            Collection::Map {
                entries, merges, ..
            } => Kind::Map(self.finish_map(entries, merges)?),
        };
        self.finished(Node { place, kind }, open.anchor)
    }

    /// An alias to an anchor that the parser has seen.
    pub(super) fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Stop> {
        let Some(&Anchor::Done(node)) = self.anchors.get(&anchor) else {
            return self.broken(place, refuse::recursive_alias(place), 0);
        };
        let weight = self.weights[node.0 as usize];
        if self.open.len() + weight.height > MAX_DEPTH {
            return Err(self.too_deep(place));
        }
        self.charge(weight.nodes, place)?;
        self.add(
            Item {
                node,
                via: Some(place),
            },
            place,
        );
        Ok(())
    }

    /// Where the innermost `[` or `{` is that is still open.
    pub(super) fn open_bracket(&self) -> Option<Place> {
        // A pair inside a list, `[a: b]`, is a map without a bracket of its own.
        let mut flow = self
            .open
            .iter()
            .rev()
            .take_while(|open| open.flow)
            .map(|open| open.start.start as usize);
        let bracket = |at: &usize| {
            self.text
                .get(*at..)
                .is_some_and(|rest| rest.starts_with(['[', '{']))
        };
        flow.find(bracket).map(|at| Place::new(at, at + 1))
    }

    /// Whether a finding made before already says what this one would: a full-width sign is met as text first and breaks the
    /// syntax later, on the same line or the next.
    pub(super) fn explained(&self, finding: &Finding) -> bool {
        let near = |before: &Finding| {
            let between =
                before.place.end as usize..finding.place.start.max(before.place.end) as usize;
            before.code == code::FULL_WIDTH
                && self
                    .text
                    .get(between)
                    .is_some_and(|text| text.matches('\n').count() <= 1)
        };
        self.findings
            .last()
            .is_some_and(|before| before.place.touches(finding.place) || near(before))
    }

    /// Refuses a level too many.
    pub(super) fn too_deep(&mut self, place: Place) -> Stop {
        self.report(refuse::too_deep(place));
        Stop
    }

    pub(super) fn report(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.unsaid += 1;
        }
    }

    /// The tree, if a value was read to its end, and all findings in the order in which they were made.
    pub(super) fn finish(mut self) -> (Option<Tree>, Vec<Finding>) {
        if let (Some(last), 1..) = (self.findings.last(), self.unsaid) {
            let message = format!(
                "{} more mistakes in the YAML of this file are not shown",
                self.unsaid
            );
            let more = Finding::error(code::MORE, last.place, message, "the last one shown");
            self.findings
                .push(more.help("mend the ones shown and check again"));
        }
        let nodes = self.nodes;
        (self.root.map(|root| Tree { nodes, root }), self.findings)
    }

    fn open(
        &mut self,
        start: Place,
        flow: bool,
        anchor: usize,
        what: Collection,
    ) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(start));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor::Open);
        }
        self.open.push(Open {
            start,
            end: start.end as usize,
            flow,
            anchor,
            what,
        });
        Ok(())
    }

    /// Puts a finished value into the arena, under its anchor, and into what it stands in.
    fn finished(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        let place = node.place;
        self.charge(1, place)?;
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.weights.push(self.weigh(&node.kind));
        self.nodes.push(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor::Done(id));
        }
        self.add(
            Item {
                node: id,
                via: None,
            },
            place,
        );
        Ok(())
    }

    /// Counts values, written out or repeated by an alias.
    fn charge(&mut self, nodes: u64, place: Place) -> Result<(), Stop> {
        self.total = self.total.saturating_add(nodes);
        if self.total <= MAX_NODES {
            return Ok(());
        }
        self.report(refuse::too_many_values(place));
        Err(Stop)
    }

    /// Hands a finished value to what it stands in.
    fn add(&mut self, item: Item, place: Place) {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(item.node);
            return;
        };
        open.end = open.end.max(place.end as usize);
        let (entries, merges, key) = match &mut open.what {
            Collection::Seq(items) => return items.push(item),
            Collection::Map {
                entries,
                key,
                merges,
            } => (entries, merges, key.take()),
        };
        match key {
            Some(Key {
                text,
                place,
                sort: KeySort::Text,
            }) => {
                entries.push(Entry {
                    key: text,
                    key_place: place,
                    node: item.node,
                    via: item.via,
                });
            }
            Some(Key {
                place,
                sort: KeySort::Merge,
                ..
            }) => merges.push(Merge {
                key: place,
                value: item,
            }),
            Some(Key {
                sort: KeySort::Broken,
                ..
            }) => {}
            None => {
                let key = self.key(item, place);
                self.set_key(key);
            }
        }
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Open {
            what: Collection::Map { key, .. },
            ..
        }) = self.open.last_mut()
        {
            *key = Some(new);
        }
    }

    /// A value in the place of a key. Anything but text is refused, and its value with it.
    fn key(&mut self, item: Item, place: Place) -> Key {
        let broken = Key {
            text: String::new(),
            place,
            sort: KeySort::Broken,
        };
        match &self.nodes[item.node.0 as usize].kind {
            Kind::Broken => broken,
            Kind::Scalar {
                text,
                style: Style::Plain,
            } if text == "<<" => Key {
                text: text.clone(),
                place,
                sort: KeySort::Merge,
            },
            Kind::Scalar {
                text,
                style: Style::Plain,
            } if text.contains('：') => {
                let finding = refuse::full_width_colon(self.text, place);
                self.report(finding);
                broken
            }
            Kind::Scalar { text, .. } => Key {
                text: text.clone(),
                place,
                sort: KeySort::Text,
            },
            Kind::Seq(_) | Kind::Map(_) => {
                let finding = refuse::key_not_text(self.text, place);
                self.report(finding);
                broken
            }
        }
    }

    fn finish_map(&mut self, entries: Vec<Entry>, merges: Vec<Merge>) -> Result<Map, Stop> {
        let (map, repeated) = Map::new(entries);
        for (entry, first) in repeated {
            self.report(refuse::duplicate(&entry.key, entry.key_place, first));
        }
        if merges.is_empty() {
            return Ok(map);
        }
        let (map, looked_at, findings) = merge::merge(&self.nodes, map, &merges);
        for finding in findings {
            self.report(finding);
        }
        let nodes = looked_at
            .iter()
            .map(|id| self.weights[id.0 as usize].nodes)
            .sum();
        self.charge(nodes, merges[0].key)?;
        Ok(map)
    }

    fn weigh(&self, kind: &Kind) -> Weight {
        let one = |sum: Weight, id: NodeId| {
            let weight = self.weights[id.0 as usize];
            Weight {
                nodes: sum.nodes.saturating_add(weight.nodes),
                height: sum.height.max(weight.height + 1),
            }
        };
        let empty = Weight {
            nodes: 1,
            height: 1,
        };
        match kind {
            Kind::Scalar { .. } | Kind::Broken => Weight {
                nodes: 1,
                height: 0,
            },
            Kind::Seq(items) => items.iter().map(|item| item.node).fold(empty, one),
            Kind::Map(map) => map
                .entries()
                .iter()
                .map(|entry| entry.node)
                .fold(empty, one),
        }
    }

    fn is_blanked(&self, key: Place) -> bool {
        self.blanked.contains(&key.start)
    }

    /// A parser puts a value that is not there at the next token, often lines below. People look at the key.
    fn place_of_nothing(&self, place: Place) -> Place {
        match self.open.last().map(|open| &open.what) {
            Some(Collection::Map { key: Some(key), .. }) => key.place,
            _ => {
                let before = self.text.get(..place.start as usize).unwrap_or_default();
                let at = before.trim_end().len();
                Place::new(at, at)
            }
        }
    }

    /// The signs of a Chinese or Japanese keyboard where YAML's own were meant.
    fn full_width(&self, text: &str, style: Style, place: Place) -> Option<Finding> {
        if style != Style::Plain {
            return None;
        }
        let open = self.open.last()?;
        if open.flow && text.contains('，') {
            return Some(refuse::full_width_comma(self.text, place));
        }
        // `build:` and, on the next line, `host：…`: a map was meant. On one line it is a sentence.
        let Collection::Map { key: Some(key), .. } = &open.what else {
            return None;
        };
        let between = self
            .text
            .get(key.place.end as usize..place.start as usize)?;
        (between.contains(['\n', '\r']) && refuse::looks_like_a_key(text))
            .then(|| refuse::full_width_colon(self.text, place))
    }
}
