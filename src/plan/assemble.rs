//! From nodes to a plan: implicit logins, edges, the order, and numbers that follow it.

use super::builder::{Builder, Need, Node};
use super::codes;
use super::context::circle;
use super::graph::{Graph, needed};
use super::model::{Action, Delete, DeleteWhat, Login, Origin, Plan, RunStamp, Step, StepId};
use super::options::Defaults;
use super::server::ServerEntry;
use super::sides::Yields;
use crate::files::{ServerId, Side};
use crate::manifest::{Finding, Segment};

/// So many edges of a circle are shown; a longer one is drawn in its message alone.
const MOST_LINKS: usize = 30;

impl Builder<'_, '_> {
    /// One login a server that is used; every step on the server depends on it.
    pub(super) fn add_logins(&mut self, yields: &[Yields]) {
        let written = self.nodes.len();
        let sides: Vec<Vec<usize>> = (0..written).map(|at| self.servers_of(at, yields)).collect();
        let mut logins: Vec<Option<usize>> = self
            .logins
            .iter()
            .map(|login| login.map(|(node, _)| node))
            .collect();
        for (at, servers) in sides.iter().enumerate() {
            for &server in servers {
                let login = *logins[server].get_or_insert_with(|| {
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

    fn servers_of(&self, at: usize, yields: &[Yields]) -> Vec<usize> {
        let sides: Vec<Side> = match &self.nodes[at].action {
            None | Some(Action::Filter(_)) => Vec::new(),
            Some(Action::Login(login)) => vec![Side::Server(login.server)],
            Some(Action::List(list)) => vec![list.side],
            Some(Action::Transfer(transfer)) => vec![transfer.source, transfer.to],
            Some(Action::Delete(delete)) => match &delete.what {
                DeleteWhat::Set { from, .. } => {
                    yields[from.0 as usize].side().into_iter().collect()
                }
                DeleteWhat::SourcesOf(steps) => steps
                    .iter()
                    .filter_map(|step| self.source_of(*step))
                    .collect(),
            },
        };
        let servers = sides.iter().filter_map(|side| match side {
            Side::Local => None,
            Side::Server(id) => Some(usize::from(id.0)),
        });
        let mut servers: Vec<usize> = servers.collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }

    fn source_of(&self, step: StepId) -> Option<Side> {
        match &self.nodes[step.0 as usize].action {
            Some(Action::Transfer(transfer)) => Some(transfer.source),
            _ => None,
        }
    }

    /// The plan, unless steps wait for each other in a circle or one of them is wrong.
    pub(super) fn assemble(&mut self, name: String, yields: &[Yields]) -> Option<Plan> {
        let mut shown: Vec<usize> = (0..self.nodes.len()).collect();
        shown.sort_by_key(|&node| self.nodes[node].rank);
        let position = inverse(&shown);
        let needs = shown.iter().map(|&node| {
            let needs = self.nodes[node].needs.iter();
            needs.map(|need| position[need.step]).collect()
        });
        let graph = Graph::new(needs.collect());
        let Ok(order) = graph.order() else {
            self.report_cycles();
            return None;
        };
        self.settle_after(&graph, &order, &shown, yields);
        let order: Vec<usize> = order.into_iter().map(|at| shown[at]).collect();
        let ids = inverse(&order);
        let mut steps = Vec::with_capacity(order.len());
        for &node in &order {
            steps.push(self.step_of(node, &ids)?);
        }
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
            steps,
        };
        Some(plan.without_unused_servers())
    }

    fn allowed_codes(&self) -> Vec<String> {
        let many = self.context.manifest.allow.get();
        let items = many.into_iter().flat_map(|many| &many.items);
        items.filter_map(|item| item.get().cloned()).collect()
    }

    /// Which transfers come before each `delete` of a set, on the side that it deletes on. `graph` and `order` number the
    /// nodes as `shown` lists them.
    fn settle_after(&mut self, graph: &Graph, order: &[usize], shown: &[usize], yields: &[Yields]) {
        let (mut deletes, mut transfers) = (Vec::new(), Vec::new());
        for (at, &node) in shown.iter().enumerate() {
            match &self.nodes[node].action {
                Some(Action::Transfer(_)) => transfers.push(at),
                Some(Action::Delete(Delete {
                    what: DeleteWhat::Set { from, .. },
                    ..
                })) => {
                    deletes.push((at, yields[from.0 as usize].side()));
                }
                _ => {}
            }
        }
        let asked: Vec<usize> = deletes.iter().map(|(at, _)| *at).collect();
        let before = needed(graph, order, &asked, &transfers);
        for ((at, side), before) in deletes.into_iter().zip(before) {
            let before = before.into_iter().map(|at| shown[at]);
            let here = before.filter(|&node| match &self.nodes[node].action {
                Some(Action::Transfer(transfer)) => Some(transfer.source) == side,
                _ => false,
            });
            let here: Vec<StepId> = here.map(super::step_sets::step_id).collect();
            if let Some(Action::Delete(delete)) = &mut self.nodes[shown[at]].action
                && let DeleteWhat::Set { after, .. } = &mut delete.what
            {
                *after = here;
            }
        }
    }

    /// Takes the action out of its node: nothing looks at nodes any more.
    fn step_of(&mut self, at: usize, ids: &[usize]) -> Option<Step> {
        let id = |node: usize| super::step_sets::step_id(ids[node]);
        let node = &mut self.nodes[at];
        let mut action = node.action.take()?;
        action.renumber(|step| id(step.0 as usize));
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
            retry: node.common.retry,
            timeout: node.common.timeout,
            on_error: node.common.on_error(),
            origin: Origin(node.path.clone()),
            implicit: node.implicit,
            action,
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
        match &self.nodes[at] {
            Node {
                implicit: true,
                rank: (owner, _),
                ..
            } if *owner > 0 => owner - 1,
            _ => at,
        }
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

impl Action {
    /// Puts other numbers in the place of those of steps.
    pub(super) fn renumber(&mut self, id: impl Fn(StepId) -> StepId) {
        match self {
            Action::Login(_) | Action::List(_) => {}
            Action::Filter(filter) => filter.from = id(filter.from),
            Action::Transfer(transfer) => transfer.from = id(transfer.from),
            Action::Delete(delete) => match &mut delete.what {
                DeleteWhat::SourcesOf(steps) => {
                    for step in steps {
                        *step = id(*step);
                    }
                }
                DeleteWhat::Set { from, after } => {
                    *from = id(*from);
                    for step in after {
                        *step = id(*step);
                    }
                }
            },
        }
    }
}

/// Whether an edge stands in the step's `needs:` (`steps.NAME.needs…`).
fn is_written(need: &Need) -> bool {
    matches!(need.path.segments().get(2), Some(Segment::Key(key)) if key == "needs")
}

/// A login that nobody wrote is tried as often as `defaults` says, like every step.
fn implicit_login(
    servers: &[super::server::ServerEntry],
    server: usize,
    defaults: &Defaults,
) -> Node {
    let entry = &servers[server];
    let id = ServerId(u16::try_from(server).unwrap_or(u16::MAX));
    Node {
        name: format!("login {}", entry.endpoint.name),
        path: entry.path.clone(),
        action: Some(Action::Login(Login { server: id })),
        needs: Vec::new(),
        common: defaults.of_implicit_login(),
        implicit: true,
        copies: false,
        rank: (0, server),
    }
}

/// The position of every number in a permutation.
fn inverse(permutation: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; permutation.len()];
    for (at, &number) in permutation.iter().enumerate() {
        inverse[number] = at;
    }
    inverse
}
