//! On which side the files of each step are, and whether the steps that take them can.

use super::builder::{Builder, Node};
use super::codes;
use super::model::{Action, DeleteWhat, Verb};
use crate::files::Side;
use crate::manifest::{Finding, Path};

/// What a step hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yields {
    /// Files that were found there.
    Found(Side),
    /// Files that this run put there.
    Copies(Side),
    /// Nothing: `login`, `delete`.
    Nothing,
    /// Not known, because something is wrong that has been said already.
    Unknown,
}

impl Yields {
    /// The side of the files, where there are any.
    pub(super) fn side(self) -> Option<Side> {
        match self {
            Yields::Found(side) | Yields::Copies(side) => Some(side),
            Yields::Nothing | Yields::Unknown => None,
        }
    }
}

/// What every node yields. Filters hand on what they are given; one that is given itself yields nothing that is known.
pub(super) fn yields(nodes: &[Node]) -> Vec<Yields> {
    let mut found: Vec<Option<Yields>> = nodes.iter().map(own).collect();
    for start in 0..nodes.len() {
        let mut chain = Vec::new();
        let mut at = start;
        let end = loop {
            if let Some(known) = found[at] {
                break known;
            }
            chain.push(at);
            match &nodes[at].action {
                // A chain longer than there are nodes is a circle.
                Some(Action::Filter(filter)) if chain.len() <= nodes.len() => {
                    at = filter.from.0 as usize;
                }
                _ => break Yields::Unknown,
            }
        };
        for node in chain {
            found[node] = Some(end);
        }
    }
    let known = found.into_iter().map(|one| one.unwrap_or(Yields::Unknown));
    known.collect()
}

fn own(node: &Node) -> Option<Yields> {
    match &node.action {
        None => Some(Yields::Unknown),
        Some(Action::List(list)) => Some(Yields::Found(list.side)),
        Some(Action::Transfer(transfer)) => Some(Yields::Copies(transfer.to)),
        Some(Action::Login(_) | Action::Delete(_)) => Some(Yields::Nothing),
        Some(Action::Filter(_)) => None,
    }
}

impl Builder<'_, '_> {
    /// Puts the side of `from` into every transfer, and judges what every step takes.
    pub(super) fn settle_sides(&mut self, yields: &[Yields]) {
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            match &node.action {
                Some(Action::Filter(filter)) if !node.implicit => {
                    let from = filter.from.0 as usize;
                    let path = node.path.clone();
                    self.no_files(from, yields[from], || path.key("filter").key("from"));
                }
                Some(Action::Transfer(transfer)) => {
                    let ends = (transfer.verb, transfer.from.0 as usize, transfer.to);
                    self.settle_transfer(at, ends, yields);
                }
                Some(Action::Delete(delete)) => match &delete.what {
                    DeleteWhat::SourcesOf(steps) => {
                        let steps: Vec<usize> = steps.iter().map(|step| step.0 as usize).collect();
                        self.settle_sources(at, &steps);
                    }
                    DeleteWhat::Set { from, .. } => {
                        self.settle_deleted(at, from.0 as usize, yields);
                    }
                },
                _ => {}
            }
        }
    }

    fn settle_transfer(
        &mut self,
        at: usize,
        (verb, from, to): (Verb, usize, Side),
        yields: &[Yields],
    ) {
        let node = self.nodes[at].path.clone();
        let path = || node.key(verb.word()).key("from");
        if self.no_files(from, yields[from], path) {
            self.nodes[at].action = None;
            return;
        }
        let Some(side) = yields[from].side() else {
            self.nodes[at].action = None;
            return;
        };
        let wrong = match (verb, side) {
            (Verb::Download, Side::Local) => Some((
                "on this machine already",
                "use `upload` for files of this machine",
            )),
            (Verb::Relay, Side::Local) => Some(("on this machine", "use `upload`")),
            (Verb::Upload, Side::Server(_)) => {
                Some(("on a server", "use `relay`, from server to server"))
            }
            _ => None,
        };
        if let Some((is, help)) = wrong {
            let message = format!("the files of `{}` are {is}", self.nodes[from].name);
            self.context.error(
                codes::STEP_WRONG_SIDE,
                &path(),
                message,
                "on the wrong side",
                help,
            );
        }
        if verb == Verb::Relay && to == side {
            self.relay_connections(at, side);
        }
        if let Some(Action::Transfer(transfer)) = &mut self.nodes[at].action {
            transfer.source = side;
        }
    }

    fn relay_connections(&mut self, at: usize, side: Side) {
        let Side::Server(server) = side else {
            return;
        };
        let entry = &self.servers[usize::from(server.0)];
        if entry.endpoint.connections >= 2 {
            return;
        }
        let limit = self.context.at(&entry.path.key("connections"));
        let place = self.context.at(&self.nodes[at].path.key("relay").key("to"));
        let message = "a relay within one server needs two connections to it";
        let finding = Finding::error(
            codes::STEP_RELAY_CONNECTIONS,
            place,
            message,
            "the server of the source, too",
        )
        .also(limit, "allows one")
        .help("write `connections: 2` or more");
        self.context.report(finding);
    }

    fn settle_sources(&mut self, at: usize, steps: &[usize]) {
        for &step in steps {
            let named = &self.nodes[step];
            if matches!(named.action, None | Some(Action::Transfer(_))) {
                continue;
            }
            let message = format!(
                "`{}` is no transfer, so it has no sources that arrived anywhere",
                named.name
            );
            let help = match named.action {
                Some(Action::List(_) | Action::Filter(_)) => {
                    "did you mean `from`? It deletes the files of a list or filter"
                }
                _ => "name a `download`, `upload` or `relay`",
            };
            let path = self.need_path(at, step);
            self.context
                .error(codes::STEP_WRONG_SORT, &path, message, "no transfer", help);
        }
    }

    /// Where a step is named among the needs of a node.
    fn need_path(&self, at: usize, step: usize) -> Path {
        let node = &self.nodes[at];
        let of_kind = |path: &Path| path.to_string().contains(".sources_of");
        let found = node
            .needs
            .iter()
            .find(|need| need.step == step && of_kind(&need.path));
        found.map_or_else(|| node.path.key("delete"), |need| need.path.clone())
    }

    fn settle_deleted(&mut self, at: usize, from: usize, yields: &[Yields]) {
        let path = self.nodes[at].path.key("delete");
        if self.no_files(from, yields[from], || path.key("from")) {
            return;
        }
        let copies = self.nodes[at].copies;
        match yields[from] {
            Yields::Copies(_) if !copies => {
                let name = &self.nodes[from].name;
                let message = format!("the files of `{name}` are the copies that this run made");
                let help = format!(
                    "did you mean `sources_of: {name}`? To delete the copies, add `copies: true`"
                );
                self.context.error(
                    codes::STEP_WRONG_SORT,
                    &path.key("from"),
                    message,
                    "copies",
                    help,
                );
            }
            Yields::Found(_) if copies => {
                let message = "`copies: true` is for the copies that a transfer made";
                self.context.error(
                    codes::OPTIONS_CONTRADICT,
                    &path.key("copies"),
                    message,
                    "no copies here",
                    "take it out",
                );
            }
            _ => {}
        }
    }

    fn no_files(&mut self, from: usize, yields: Yields, path: impl FnOnce() -> Path) -> bool {
        if yields != Yields::Nothing {
            return false;
        }
        let node = &self.nodes[from];
        let kind = match &node.action {
            Some(Action::Login(_)) => "login",
            _ => "delete",
        };
        let message = format!("`{}` is a {kind}, and yields no files", node.name);
        let help = "name a list, a filter or a transfer; to wait for a step, use `needs`";
        self.context
            .error(codes::STEP_NO_FILES, &path(), message, "no files", help);
        true
    }
}
