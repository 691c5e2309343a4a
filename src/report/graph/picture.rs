//! What a graph shows, whatever it is written in: a lane for each side, a box for each step, a line for each edge.
//!
//! A step stands in the lane of the side where it acts: a transfer at its destination, so that files travel where a line goes
//! from lane to lane. Implicit logins are not shown (each lane begins with one), nor are the filters of shorthands: their list
//! stands for both. A line that only says "wait" is left out where other lines say it already.

use std::collections::BTreeMap;

use crate::endpoint::Tls;
use crate::files::Side;
use crate::kind::StepKind;
use crate::plan::{Action, Fact, Plan, Step, StepId, When};
use crate::report::{Redactor, text};

/// Most lanes of which the best order is looked for: 720 orders.
const ARRANGED: usize = 6;

/// A plan, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The plan's name.
    pub name: String,
    /// The sides that steps stand in, from left to right.
    pub lanes: Vec<Lane>,
    /// The steps that are shown, each after all that it waits for.
    pub nodes: Vec<Node>,
    /// What waits for what.
    pub edges: Vec<Edge>,
}

/// A column: a server, or this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The server's name, or `local`.
    pub title: String,
    /// Where it is.
    pub address: String,
}

/// A box: a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The step's number in the plan.
    pub step: StepId,
    /// The number of its lane.
    pub lane: usize,
    /// Its name; of a shorthand's list, what it lists.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// How, in a few words.
    pub detail: String,
    /// Whether the compiler made it.
    pub implicit: bool,
}

/// A line between two boxes, which are positions in [`Picture::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The step that comes first.
    pub from: usize,
    /// The step that waits for it.
    pub to: usize,
    /// What the line means.
    pub line: Line,
    /// After what end of the first the other one runs.
    pub when: When,
}

impl Edge {
    /// The word at the line, where it is not the usual one.
    pub fn word(&self) -> Option<&'static str> {
        (self.when != When::Success).then(|| self.when.word())
    }
}

/// What a line between two steps means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// The files of a set are copied to another side.
    Files,
    /// A set of files is handed on.
    Set,
    /// Nothing but waiting.
    Wait,
}

impl Picture {
    /// The picture of a plan. Texts are made harmless for terminals, and secrets masked, here: what is written later is escaped, and a
    /// secret would not be recognised any more.
    pub fn new(plan: &Plan, redactor: &Redactor) -> Picture {
        let shown = |step: &&Step| !step.implicit || step.kind == StepKind::List;
        let steps: Vec<&Step> = plan.steps.iter().filter(shown).collect();
        let numbers = steps.iter().enumerate().map(|(at, step)| (step.id, at));
        let numbers: BTreeMap<StepId, usize> = numbers.collect();
        let sides: Vec<Side> = steps.iter().map(|step| side(step)).collect();
        let edges = edges(plan, &steps, &numbers);
        let lanes = arrange(&sides, &edges);
        let clean = |text: String| text::escape(&redactor.text(&text)).into_owned();
        let node = |(step, side): (&&Step, &Side)| Node {
            step: step.id,
            lane: lanes.iter().position(|lane| lane == side).unwrap_or(0),
            name: clean(title(plan, step)),
            kind: step.kind,
            detail: clean(detail(plan, step)),
            implicit: step.implicit,
        };
        Picture {
            name: clean(plan.name.clone()),
            nodes: steps.iter().zip(&sides).map(node).collect(),
            edges,
            lanes: lanes
                .iter()
                .map(|side| Lane {
                    title: clean(plan.side_name(*side).to_owned()),
                    address: clean(address(plan, *side)),
                })
                .collect(),
        }
    }
}

/// Where a step stands: where it changes something, else where its files are, else where it acts.
fn side(step: &Step) -> Side {
    let sides = [
        step.changes.first().copied(),
        step.yields.side(),
        step.acts_on.first().copied(),
    ];
    sides.into_iter().flatten().next().unwrap_or(Side::Local)
}

fn edges(plan: &Plan, steps: &[&Step], numbers: &BTreeMap<StepId, usize>) -> Vec<Edge> {
    let shown_needs = shown_needs(plan, numbers);
    let needs: Vec<&Vec<usize>> = steps
        .iter()
        .map(|step| &shown_needs[step.id.0 as usize])
        .collect();
    let mut edges = Vec::new();
    for (to, step) in steps.iter().enumerate() {
        let sets = sets(plan, step, numbers);
        // Files of one side come to another.
        let moves = step.acts_on.len() > 1 && !step.changes.is_empty();
        let implied = implied(&needs, to);
        let judged = plan.judged(step);
        // What a list of its own says before it is not said again.
        let own = |at: &usize| steps[*at].implicit && steps[*at].owner == step.id;
        let begins = needs[to].iter().any(own);
        for &from in needs[to] {
            let when = match judged.contains(&steps[from].id) {
                true => step.when,
                false => When::Success,
            };
            let line = match (sets.contains(&from), moves) {
                (true, true) => Line::Files,
                (true, false) => Line::Set,
                (false, _) => Line::Wait,
            };
            let asks = when != When::Success && !begins;
            if line != Line::Wait || asks || !implied.contains(&from) {
                edges.push(Edge {
                    from,
                    to,
                    line,
                    when,
                });
            }
        }
    }
    edges
}

/// For every step of the plan, the shown steps that it waits for directly or through steps that are not shown.
fn shown_needs(plan: &Plan, numbers: &BTreeMap<StepId, usize>) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let mut shown = Vec::new();
        for need in &step.needs {
            match numbers.get(need) {
                Some(number) => shown.push(*number),
                None => shown.extend_from_slice(&all[need.0 as usize]),
            }
        }
        shown.sort_unstable();
        shown.dedup();
        all.push(shown);
    }
    all
}

/// The shown steps whose sets a step works on.
fn sets(plan: &Plan, step: &Step, numbers: &BTreeMap<StepId, usize>) -> Vec<usize> {
    let shown = |taken: &StepId| match numbers.get(taken) {
        Some(number) => Some(*number),
        // A shorthand's list stands for its filter, too.
        None => plan
            .step(*taken)
            .takes
            .iter()
            .find_map(|list| numbers.get(list).copied()),
    };
    step.takes.iter().filter_map(shown).collect()
}

/// Those needs of a step that another of its needs waits for, directly or not.
fn implied(needs: &[&Vec<usize>], step: usize) -> Vec<usize> {
    let Some(first) = needs[step].first().filter(|_| needs[step].len() > 1) else {
        return Vec::new();
    };
    let mut seen = vec![false; step - first];
    let mut open: Vec<usize> = needs[step].clone();
    while let Some(at) = open.pop() {
        for need in needs[at].iter().filter(|need| *need >= first) {
            if !std::mem::replace(&mut seen[need - first], true) {
                open.push(*need);
            }
        }
    }
    let implied = needs[step].iter().filter(|need| seen[*need - first]);
    implied.copied().collect()
}

/// The sides from left to right, so that lines between them are short: sources first where it is all the same.
fn arrange(sides: &[Side], edges: &[Edge]) -> Vec<Side> {
    let mut lanes: Vec<Side> = Vec::new();
    for side in sides {
        if !lanes.contains(side) {
            lanes.push(*side);
        }
    }
    if lanes.len() > ARRANGED {
        return lanes;
    }
    let number = |side: Side| lanes.iter().position(|lane| *lane == side).unwrap_or(0);
    let mut between: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for edge in edges {
        let ends = (number(sides[edge.from]), number(sides[edge.to]));
        *between.entry(ends).or_default() += 1;
    }
    // A line to the left costs a little more, so that work goes from left to right.
    let cost = |order: &[usize]| -> usize {
        let place = |lane: usize| order.iter().position(|at| *at == lane).unwrap_or(0);
        let one = |((from, to), count): (&(usize, usize), &usize)| {
            let (from, to) = (place(*from), place(*to));
            count * (from.abs_diff(to) * 4 + usize::from(from > to))
        };
        between.iter().map(one).sum()
    };
    let best = orders(lanes.len())
        .into_iter()
        .min_by_key(|order| cost(order));
    best.unwrap_or_default()
        .into_iter()
        .map(|at| lanes[at])
        .collect()
}

/// All orders of `0..count`, the plain one first.
fn orders(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, _| {
        let longer = |order: Vec<usize>| {
            let rest = (0..count)
                .filter(|next| !order.contains(next))
                .collect::<Vec<_>>();
            rest.into_iter()
                .map(move |next| [order.as_slice(), &[next]].concat())
        };
        orders.into_iter().flat_map(longer).collect()
    })
}

fn address(plan: &Plan, side: Side) -> String {
    let Side::Server(server) = side else {
        return "this machine".to_owned();
    };
    let endpoint = &plan.server(server).endpoint;
    let tls = match endpoint.tls {
        Tls::Off => "",
        Tls::Explicit(_) | Tls::Implicit(_) => " · TLS",
    };
    format!("{}{tls}", endpoint.host)
}

fn title(plan: &Plan, step: &Step) -> String {
    let Action::List(list) = &step.action else {
        return step.name.clone();
    };
    if !step.implicit {
        return step.name.clone();
    }
    let of_list =
        |other: &&Step| matches!(&other.action, Action::Filter(filter) if filter.from == step.id);
    // A shorthand's filter stands right behind its list, unless another step's turn came between them.
    let behind = plan.steps.get(step.id.0 as usize + 1..).unwrap_or_default();
    let filter = behind.iter().find(of_list).map(|step| &step.action);
    let Some(Action::Filter(filter)) = filter else {
        return list.path.clone();
    };
    let root = match list.path.as_str() {
        "." => "",
        path => path.trim_end_matches('/'),
    };
    let joined = |pattern: &String| match root {
        "" if list.path == "." => pattern.trim_start_matches('/').to_owned(),
        root => format!("{root}{pattern}"),
    };
    let paths: Vec<String> = filter.rules.include.iter().map(joined).collect();
    paths.join(", ")
}

fn detail(plan: &Plan, step: &Step) -> String {
    let day = |seconds: i64| {
        let time = chrono::DateTime::from_timestamp(seconds, 0);
        time.map(|time| time.format("%Y-%m-%d").to_string())
            .unwrap_or_default()
    };
    let text = |fact| match fact {
        Fact::Text(text) => text,
        Fact::Number(relation, number) => format!("{relation} {number}"),
        Fact::Files(relation, count) => format!("{relation} {}", text::counted(count, "file")),
        Fact::Size(relation, bytes) => format!("{relation} {}", text::bytes(bytes)),
        Fact::Time(relation, seconds) => format!("{relation} {}", day(seconds)),
    };
    let facts = plan.outline(step).into_iter().map(text);
    facts.collect::<Vec<_>>().join(" · ")
}
