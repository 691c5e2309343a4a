//! From nodes to a plan: implicit logins, edges, the order, and numbers that follow it.

use super::builder::{Builder, Need, Node};
use super::codes;
use super::context::circle;
use super::graph::{Graph, needed};
use super::kinds::{Action, Said, SetOf, Takes};
use super::model::{Login, Origin, Plan, RunStamp, Step, StepId, Yields};
use super::options::Defaults;
use super::server::ServerEntry;
use super::sides::NodeActions;
use crate::files::{ServerId, Side};
use crate::kind::StepKind;
use crate::manifest::{Finding, Segment};

/// So many edges of a circle are shown; a longer one is drawn in its message alone.
const MOST_LINKS: usize = 30;

impl Builder<'_, '_> {
    /// One login a server that is used; every step on the server depends on it.
    pub(super) fn add_logins(&mut self, yields: &[Option<Yields>]) {
        let known = NodeActions {
            nodes: &self.nodes,
            yields,
        };
        let sides: Vec<Vec<Side>> = (0..self.nodes.len())
            .map(|at| known.said(at).acts_on)
            .collect();
        let mut logins: Vec<Option<usize>> = self
            .logins
            .iter()
            .map(|login| login.map(|(node, _)| node))
            .collect();
        for (at, sides) in sides.iter().enumerate() {
            for server in sides.iter().filter_map(Side::server) {
                let login = *logins[server.at()].get_or_insert_with(|| {
                    self.nodes
                        .push(implicit_login(&self.servers, server, &self.defaults));
                    self.nodes.len() - 1
                });
                if login != at {
                    let path = self.nodes[at].path.clone();
                    self.nodes[at].needs.push(Need { step: login, path });
                }
            }
        }
    }

    /// The plan, as far as nothing is wrong: steps that are, wait for one that is, or wait in a circle are left out.
    pub(super) fn assemble(
        &mut self,
        name: String,
        entries: u64,
        yields: &[Option<Yields>],
    ) -> Assembled {
        let mut shown: Vec<usize> = (0..self.nodes.len()).collect();
        shown.sort_by_key(|&node| self.nodes[node].rank);
        let position = inverse(&shown, self.nodes.len());
        let needs = shown.iter().map(|&node| {
            let needs = self.nodes[node].needs.iter();
            needs.map(|need| position[need.step]).collect()
        });
        let graph = Graph::new(needs.collect());
        let (order, _) = graph.free();
        if order.len() < shown.len() {
            self.report_cycles();
        }
        let kept = self.sound(&graph, &order, &shown);
        let whole = kept.len() == shown.len();
        if whole {
            self.settle_after(&graph, &order, &shown);
        }
        let said = self.said(yields);
        self.note_hidden();
        let ids = inverse(&kept, self.nodes.len());
        let steps = kept.iter();
        let steps = steps.filter_map(|&node| self.step_of(node, &ids, &said[node]));
        let steps = steps.collect();
        let servers = self.servers.iter().map(ServerEntry::planned);
        let inputs = self.context.inputs;
        let plan = Plan {
            name,
            run: RunStamp {
                id: inputs.run_id.clone().unwrap_or_default(),
                started: inputs.started,
            },
            variables: self.context.variable_values(),
            folder: inputs.folder.clone(),
            servers: servers.collect(),
            allowed: self.allowed_codes(),
            entries,
            steps,
        };
        Assembled {
            plan: plan.without_unused_servers(),
            whole,
        }
    }

    /// Servers of which a step wants names with a leading dot. What looks at such a file later has to see it, too.
    fn note_hidden(&mut self) {
        for node in &self.nodes {
            if let Some(Action::List(list)) = &node.action
                && let Some(server) = list.side.server().filter(|_| list.hidden)
            {
                self.servers[server.at()].endpoint.hidden = true;
            }
        }
    }

    /// The nodes of which, and of all that they need, nothing is wrong, in order. What waits for a wrong step is left out with
    /// it: what that one would have waited for is not wholly known.
    fn sound(&self, graph: &Graph, order: &[usize], shown: &[usize]) -> Vec<usize> {
        let mut sound = vec![false; shown.len()];
        for &at in order {
            let node = &self.nodes[shown[at]];
            let own = node.action.is_some() && node.kind.is_some() && !node.waits_unknown;
            sound[shown[at]] = own && graph.needs(at).iter().all(|need| sound[shown[*need]]);
        }
        let kept = order.iter().map(|&at| shown[at]);
        kept.filter(|&node| sound[node] && self.nodes[node].owner.is_none_or(|owner| sound[owner]))
            .collect()
    }

    fn allowed_codes(&self) -> Vec<String> {
        let many = self.context.manifest.allow.get();
        let items = many.into_iter().flat_map(|many| &many.items);
        items.filter_map(|item| item.get().cloned()).collect()
    }

    /// Which transfers come before each step that takes files of a set away. `graph` and `order` number the
    /// nodes as `shown` lists them.
    fn settle_after(&mut self, graph: &Graph, order: &[usize], shown: &[usize]) {
        let (mut takings, mut transfers) = (Vec::new(), Vec::new());
        for (at, &node) in shown.iter().enumerate() {
            let action = self.nodes[node].action.as_ref();
            if let Some(SetOf::Copies(_)) = action.map(Action::set) {
                transfers.push(at);
            }
            if let Some(Takes::Deleted(_) | Takes::Moved(_) | Takes::Extra(_)) =
                action.map(Action::takes)
            {
                takings.push(at);
            }
        }
        let before = needed(graph, order, &takings, &transfers);
        for (at, before) in takings.into_iter().zip(before) {
            // Whatever server entry or path leads to a file, it may be one that such a transfer took.
            let before = before.into_iter().map(|at| shown[at]);
            let here: Vec<StepId> = before.map(super::step_sets::step_id).collect();
            let action = self.nodes[shown[at]].action.as_mut();
            if let Some(taking) = action.and_then(Action::taking_mut)
                && let Some(after) = taking.what.after_mut()
            {
                *after = here;
            }
        }
    }

    /// What every node says of itself.
    fn said(&self, yields: &[Option<Yields>]) -> Vec<Saying> {
        let known = NodeActions {
            nodes: &self.nodes,
            yields,
        };
        let said = (0..self.nodes.len()).map(|at| Saying {
            sides: known.said(at),
            // Logins are added last, and yield nothing.
            yields: yields.get(at).copied().flatten().unwrap_or(Yields::Nothing),
        });
        said.collect()
    }

    /// Takes the action out of its node: nothing looks at nodes any more.
    fn step_of(&mut self, at: usize, ids: &[usize], said: &Saying) -> Option<Step> {
        let id = |node: usize| super::step_sets::step_id(ids[node]);
        let node = &mut self.nodes[at];
        let mut action = node.action.take()?;
        action.each_step(|step| *step = id(step.0 as usize));
        let mut needs: Vec<StepId> = node.needs.iter().map(|need| id(need.step)).collect();
        needs.sort_unstable();
        needs.dedup();
        let waits = node
            .needs
            .iter()
            .filter(|need| !node.implicit && is_written(need));
        let waits = waits.map(|need| id(need.step)).collect();
        Some(Step {
            id: id(at),
            name: std::mem::take(&mut node.name),
            description: node.common.description.take(),
            needs,
            waits,
            kind: node.kind?,
            owner: id(node.owner.unwrap_or(at)),
            acts_on: said.sides.acts_on.clone(),
            takes: action.takes().steps().to_vec(),
            yields: said.yields,
            changes: said.sides.changes.clone(),
            action,
            retry: node.common.retry,
            timeout: node.common.timeout,
            on_error: node.common.on_error(),
            when: node.common.when(),
            origin: Origin(node.path.clone()),
            implicit: node.implicit,
        })
    }

    /// Reports a cycle for each set of steps that wait for each other, in terms of the steps that are written: those that a
    /// `files` stands for wait for what their step waits for.
    fn report_cycles(&mut self) {
        let mut needs = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for need in &node.needs {
                let (mine, other) = (self.written(at), self.written(need.step));
                if mine != other || !self.nodes[need.step].implicit {
                    needs[mine].push(other);
                }
            }
        }
        for cycle in Graph::new(needs).circles() {
            self.report_cycle(&cycle);
        }
    }

    /// The written step that a node was made for; implicit logins are made for none, and stand for themselves.
    fn written(&self, at: usize) -> usize {
        self.nodes[at].owner.unwrap_or(at)
    }

    fn report_cycle(&mut self, cycle: &[usize]) {
        let names: Vec<&str> = cycle
            .iter()
            .map(|&node| self.nodes[node].name.as_str())
            .collect();
        let message = match names.as_slice() {
            [one] => format!("`{one}` waits for itself"),
            names => format!("steps wait for each other in a circle: {}", circle(names)),
        };
        let mut links = Vec::new();
        for (at, &node) in cycle.iter().enumerate() {
            let next = cycle[(at + 1) % cycle.len()];
            let need = self.nodes[node].needs.iter().find(|need| need.step == next);
            let path = need.map_or(&self.nodes[node].path, |need| &need.path);
            let label = format!(
                "`{}` waits for `{}`",
                self.nodes[node].name, self.nodes[next].name
            );
            links.push((self.context.at(path), label));
        }
        let mut links = links.into_iter();
        let Some((place, label)) = links.next() else {
            return;
        };
        let mut finding = Finding::error(codes::STEP_CYCLE, place, message, label)
            .help("take one of these edges out");
        for (place, label) in links.take(MOST_LINKS) {
            finding = finding.also(place, label);
        }
        self.context.report(finding);
    }
}

/// What came of the nodes.
pub(super) struct Assembled {
    pub(super) plan: Plan,
    /// Whether every step is in it.
    pub(super) whole: bool,
}

/// What a node says of itself.
struct Saying {
    sides: Said,
    yields: Yields,
}

/// Whether an edge stands in the step's `needs:` (`steps.NAME.needs…`).
fn is_written(need: &Need) -> bool {
    matches!(need.path.segments().get(2), Some(Segment::Key(key)) if key == "needs")
}

/// A login that nobody wrote is tried as often as `defaults` says, like every step.
fn implicit_login(servers: &[ServerEntry], server: ServerId, defaults: &Defaults) -> Node {
    let entry = &servers[server.at()];
    Node {
        name: format!("{} {}", StepKind::Login, entry.endpoint.name),
        path: entry.path.clone(),
        kind: Some(StepKind::Login),
        action: Some(Action::Login(Login { server })),
        needs: Vec::new(),
        waits_unknown: false,
        common: defaults.of_implicit_login(),
        owner: None,
        implicit: true,
        copies: false,
        rank: (0, server.at()),
    }
}

/// The position of each of `count` numbers in a list of some of them.
fn inverse(list: &[usize], count: usize) -> Vec<usize> {
    let mut inverse = vec![0; count];
    for (at, &number) in list.iter().enumerate() {
        inverse[number] = at;
    }
    inverse
}
