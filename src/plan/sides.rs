//! On which side the files of each step are, and whether the steps that take them can.

use super::builder::{Builder, Node};
use super::codes;
use super::kinds::{Action, Actions, Said, SetOf, Takes};
use super::model::{StepId, Verb, Yields};
use super::taking::TakeWhat;
use crate::endpoint::ServerKey;
use crate::files::Side;
use crate::kind::StepKind;
use crate::manifest::{Finding, Path};
use crate::options::Verify;

/// What every node yields; absent where something is wrong that has been said already. Filters hand on what they are given, and
/// moves give it another place; one that is given itself yields nothing that is known.
pub(super) fn yields(nodes: &[Node]) -> Vec<Option<Yields>> {
    let mut found: Vec<Option<Option<Yields>>> = vec![None; nodes.len()];
    for start in 0..nodes.len() {
        let mut chain = Vec::new();
        let mut at = start;
        let end = loop {
            if let Some(known) = found[at] {
                break known;
            }
            chain.push(at);
            match nodes[at].action.as_ref().map(Action::set) {
                None => break None,
                Some(SetOf::Nothing) => break Some(Yields::Nothing),
                Some(SetOf::Found(list)) => break Some(Yields::Found(list.side)),
                Some(SetOf::Copies(transfer)) => break Some(Yields::Copies(transfer.to)),
                // A chain longer than there are nodes is a circle.
                Some(SetOf::Part(_) | SetOf::Moved(_)) if chain.len() > nodes.len() => break None,
                Some(SetOf::Part(filter)) => at = filter.from.0 as usize,
                // What is moved stays on its side.
                Some(SetOf::Moved(moving)) => match taken_from(nodes, &moving.taking.what) {
                    Some(set) => at = set.0 as usize,
                    None => break None,
                },
            }
        };
        let mut end = end;
        for node in chain.into_iter().rev() {
            let set = nodes[node].action.as_ref().map(Action::set);
            if let Some(SetOf::Moved(_)) = set {
                end = end.and_then(Yields::side).map(Yields::Moved);
            }
            found[node] = Some(end);
        }
    }
    found.into_iter().map(Option::flatten).collect()
}

/// The set of which a step takes files away.
fn taken_from(nodes: &[Node], what: &TakeWhat) -> Option<StepId> {
    let first = *what.named().first()?;
    match what {
        TakeWhat::Set { .. } | TakeWhat::ExtrasOf { .. } => Some(first),
        TakeWhat::SourcesOf(_) | TakeWhat::FailedOf(_) => {
            let action = nodes[first.0 as usize].action.as_ref()?;
            action.takes().steps().first().copied()
        }
    }
}

/// Nodes and what they yield, to be asked by what one of them does.
pub(super) struct NodeActions<'n> {
    pub(super) nodes: &'n [Node],
    pub(super) yields: &'n [Option<Yields>],
}

impl Actions for NodeActions<'_> {
    fn action(&self, step: StepId) -> Option<&Action> {
        self.nodes[step.0 as usize].action.as_ref()
    }

    fn side(&self, step: StepId) -> Option<Side> {
        self.yields.get(step.0 as usize).copied().flatten()?.side()
    }
}

impl NodeActions<'_> {
    /// What a node says of itself.
    pub(super) fn said(&self, at: usize) -> Said {
        let action = self.nodes[at].action.as_ref();
        action.map_or_else(Said::default, |action| action.said(self))
    }
}

impl Builder<'_, '_> {
    /// Puts the side of `from` into every transfer, and judges what every step takes.
    pub(super) fn settle_sides(&mut self, yields: &[Option<Yields>]) {
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            let (Some(kind), Some(action)) = (node.kind, &node.action) else {
                continue;
            };
            let path = node.path.key(kind.word());
            match action.takes() {
                Takes::Nothing => {}
                // What the compiler made takes what it made.
                Takes::Any(_) if node.implicit => {}
                Takes::Any(&from) => {
                    self.no_files(from, yields, || path.key("from"));
                }
                Takes::Copied { from, verb, to } => {
                    let (from, verb, to) = (*from, verb, to);
                    self.settle_transfer(at, (verb, from, to), &path, yields);
                }
                Takes::Proven { steps, by_reply } => {
                    let steps = steps.to_vec();
                    self.settle_sources(at, &steps, yields);
                    self.one_side(at, &steps, &path, yields);
                    if !by_reply {
                        self.provable(at, &steps);
                    }
                }
                Takes::Failed(&step) => self.settle_sources(at, &[step], yields),
                // The compiler made its list.
                Takes::Extra(_) => {}
                Takes::Deleted(&from) => self.settle_deleted(at, from, &path, yields),
                Takes::Moved(&from) => self.no_files(from, yields, || path.key("from")),
            }
            self.settle_move(at, &path, yields);
        }
    }

    /// Puts the side of its files into a move.
    fn settle_move(&mut self, at: usize, path: &Path, yields: &[Option<Yields>]) {
        let Some(Action::Move(moving)) = &mut self.nodes[at].action else {
            return;
        };
        let Some(Yields::Moved(side)) = yields[at] else {
            self.nodes[at].action = None;
            return;
        };
        moving.side = side;
        let into = moving.into.clone();
        self.encodable(&into, || path.key("into"), Some(side));
    }

    fn settle_transfer(
        &mut self,
        at: usize,
        (verb, from, to): (Verb, StepId, Side),
        path: &Path,
        yields: &[Option<Yields>],
    ) {
        self.no_files(from, yields, || path.key("from"));
        let from = from.0 as usize;
        let Some(side) = yields[from].and_then(Yields::side) else {
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
            (Verb::Download | Verb::Relay, Side::Server(_)) | (Verb::Upload, Side::Local) => None,
        };
        if let Some((is, help)) = wrong {
            let message = format!("the files of `{}` are {is}", self.nodes[from].name);
            self.context.error(
                codes::STEP_WRONG_SIDE,
                &path.key("from"),
                message,
                "on the wrong side",
                help,
            );
        }
        if verb == Verb::Relay && to == side {
            self.relay_connections(path, side);
        }
        if let Some(Action::Transfer(transfer)) = &mut self.nodes[at].action {
            transfer.source = side;
        }
    }

    fn relay_connections(&mut self, path: &Path, side: Side) {
        let Side::Server(server) = side else {
            return;
        };
        let entry = &self.servers[server.at()];
        if entry.endpoint.connections >= 2 {
            return;
        }
        let limit = self.context.at(&entry.path.key("connections"));
        let place = self.context.at(&path.key("to"));
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

    fn settle_sources(&mut self, at: usize, steps: &[StepId], yields: &[Option<Yields>]) {
        for step in steps.iter().map(|step| step.0 as usize) {
            let named = &self.nodes[step];
            let set = named.action.as_ref().map(Action::set);
            if matches!(set, None | Some(SetOf::Copies(_))) {
                continue;
            }
            let kind = self.nodes[at].kind.map_or("", StepKind::word);
            let message = format!(
                "`{}` is no transfer, so it has no sources that arrived anywhere",
                named.name
            );
            let help = match yields[step] {
                Some(Yields::Found(_) | Yields::Copies(_) | Yields::Moved(_)) => {
                    format!("did you mean `from`? It {kind}s the files of a list or filter")
                }
                Some(Yields::Nothing) | None => "name a `download`, `upload` or `relay`".into(),
            };
            let path = self.need_path(at, step);
            self.context
                .error(codes::STEP_WRONG_SORT, &path, message, "no transfer", help);
        }
    }

    /// A source file is deleted when all of the transfers proved it; none of them has files of two sides.
    fn one_side(&mut self, at: usize, steps: &[StepId], path: &Path, yields: &[Option<Yields>]) {
        let mut sides: Vec<(Option<ServerKey>, String, usize)> = Vec::new();
        for step in steps.iter().map(|step| step.0 as usize) {
            let action = self.nodes[step].action.as_ref();
            let taken = action.and_then(|action| action.takes().steps().first());
            let Some(side) = taken.and_then(|taken| yields[taken.0 as usize]?.side()) else {
                continue;
            };
            let endpoint = side.server().map(|at| &self.servers[at.at()].endpoint);
            let key = endpoint.map(|endpoint| endpoint.key());
            if sides.iter().all(|(known, ..)| *known != key) {
                let name = endpoint.map_or("this machine", |endpoint| &endpoint.name);
                sides.push((key, name.to_owned(), step));
            }
        }
        let [(_, one, first), (_, other, second), ..] = sides.as_slice() else {
            return;
        };
        let (first, second) = (&self.nodes[*first].name, &self.nodes[*second].name);
        let kind = self.nodes[at].kind.map_or("", StepKind::word);
        let message = format!(
            "`{}` can never {kind} a file: those of `{first}` are on {one}, those of `{second}` on {other}, and none arrived by both",
            self.nodes[at].name
        );
        let help = format!(
            "write a step for each side: `{kind}: {{ sources_of: {first} }}` and `{kind}: {{ sources_of: {second} }}`"
        );
        let path = path.key("sources_of");
        let code = codes::STEP_SEVERAL_SIDES;
        self.context
            .error(code, &path, message, "of several sides", help);
    }

    /// What is not verified is never proven.
    fn provable(&mut self, at: usize, steps: &[StepId]) {
        for step in steps.iter().map(|step| step.0 as usize) {
            let named = &self.nodes[step];
            let Some(SetOf::Copies(transfer)) = named.action.as_ref().map(Action::set) else {
                continue;
            };
            if transfer.options.verify != Verify::None {
                continue;
            }
            let kind = self.nodes[at].kind.map_or("", StepKind::word);
            let (why, cure) = match transfer.options.ascii {
                true => ("`type: ascii`", "`type: binary`"),
                false => ("`verify: none`", "`verify: size`"),
            };
            let message = format!(
                "`{}` can never {kind} a file: with {why}, `{}` proves none",
                self.nodes[at].name, named.name
            );
            let help = format!(
                "write {cure} in `{}`, or `accept: reply` in the {kind} where the server's word is enough",
                named.name
            );
            let place = self.context.at(&self.need_path(at, step));
            let finding = Finding::warning(codes::STEP_UNPROVEN, place, message, "never proven");
            self.context.report(finding.help(help));
        }
    }

    /// Where a step is named among the needs of a node.
    fn need_path(&self, at: usize, step: usize) -> Path {
        let node = &self.nodes[at];
        let of_kind = |path: &Path| {
            let text = path.to_string();
            text.contains(".sources_of") || text.ends_with(".failed_of")
        };
        let found = node
            .needs
            .iter()
            .find(|need| need.step == step && of_kind(&need.path));
        found.map_or_else(|| node.path.clone(), |need| need.path.clone())
    }

    fn settle_deleted(&mut self, at: usize, from: StepId, path: &Path, yields: &[Option<Yields>]) {
        self.no_files(from, yields, || path.key("from"));
        let copies = self.nodes[at].copies;
        match yields[from.0 as usize] {
            Some(Yields::Copies(_)) if !copies => {
                let name = &self.nodes[from.0 as usize].name;
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
            Some(Yields::Found(_)) if copies => {
                let message = "`copies: true` is for the copies that a transfer made";
                self.context.error(
                    codes::OPTIONS_CONTRADICT,
                    &path.key("copies"),
                    message,
                    "no copies here",
                    "take it out",
                );
            }
            Some(Yields::Moved(_)) => {
                let name = &self.nodes[from.0 as usize].name;
                let message = format!(
                    "the files of `{name}` stand where this run moves them, and perhaps nowhere else"
                );
                let help = "delete in place of moving, or in a run of its own, from a `list` of that folder";
                self.context.error(
                    codes::STEP_WRONG_SORT,
                    &path.key("from"),
                    message,
                    "moved files",
                    help,
                );
            }
            Some(Yields::Copies(_) | Yields::Found(_) | Yields::Nothing) | None => {}
        }
    }

    fn no_files(&mut self, from: StepId, yields: &[Option<Yields>], path: impl FnOnce() -> Path) {
        if yields[from.0 as usize] != Some(Yields::Nothing) {
            return;
        }
        let node = &self.nodes[from.0 as usize];
        let kind = node.kind.map_or("step", StepKind::word);
        let message = format!("`{}` is a {kind}, and yields no files", node.name);
        let help = "name a list, a filter or a transfer; to wait for a step, use `needs`";
        self.context
            .error(codes::STEP_NO_FILES, &path(), message, "no files", help);
    }
}
