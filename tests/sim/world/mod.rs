//! The state of a simulated world: what stands where, what time it is, what happens next, and who watches.
//!
//! Everything that a run does to the world passes through here, so that the oracle sees every change, and so that what
//! happens at a call depends on nothing but the case.

mod changes;
mod deeds;
mod walks;

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ftpflow::event::Stamped;
use ftpflow::exec::{Chore, Interrupt};

use crate::sim::case::{Case, Deed, Fault, LOCAL, Planned, View};
use crate::sim::content::{Contents, sum};
use crate::sim::manifest::BEGINNING;
use crate::sim::oracle::Oracle;
use crate::sim::rng::Rng;
use crate::sim::tree::{self, File, Found, Ino, Node, Spot, Tree};

/// Jobs that run within each other at most.
const DEEPEST: u32 = 3;

/// A world that ends, the executor and the one who runs the case share.
#[derive(Clone)]
pub(super) struct World(Arc<Mutex<State>>);

pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) contents: Contents,
    pub(super) views: Vec<View>,
    /// The folder that each view begins in.
    pub(super) roots: Vec<Ino>,
    pub(super) stores: Vec<Ino>,
    offsets: Vec<i64>,
    /// Milliseconds since the beginning.
    pub(super) clock: u64,
    pub(super) calls: u32,
    faults: VecDeque<Planned>,
    pub(super) rng: Rng,
    pub(super) queue: VecDeque<Chore>,
    depth: u32,
    /// Set once the run is killed: nothing has an effect from then on.
    pub(super) dead: Option<Death>,
    /// Open sessions of each view.
    pub(super) open: Vec<usize>,
    pub(super) oracle: Oracle,
    pub(super) events: Option<Receiver<Stamped>>,
    pub(super) interrupt: Option<Interrupt>,
    pub(super) lends: u32,
    pub(super) log: Vec<String>,
    pub(super) traces: bool,
    /// The journal of the run, whose length at a kill is all that is left of it.
    pub(super) journal: Option<std::path::PathBuf>,
}

/// How a run was killed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    pub(super) power: bool,
    /// Bytes of the journal that the system had by then.
    pub(super) journaled: u64,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    LostBefore,
    LostAfter,
    Cut,
    Refuse(u16),
    Full,
}

impl World {
    /// The world of a case at its beginning.
    pub(super) fn new(case: &Case, oracle: Oracle, traces: bool) -> World {
        let mut state = State {
            tree: Tree::default(),
            contents: Contents::default(),
            views: case.views.clone(),
            roots: Vec::new(),
            stores: Vec::new(),
            offsets: case.stores.iter().map(|store| store.offset).collect(),
            clock: 0,
            calls: 0,
            faults: case.faults.iter().copied().collect(),
            rng: Rng::new(case.order),
            queue: VecDeque::new(),
            depth: 0,
            dead: None,
            open: vec![0; case.views.len()],
            oracle,
            events: None,
            interrupt: None,
            lends: 0,
            log: Vec::new(),
            traces,
            journal: None,
        };
        state.build(case);
        World(Arc::new(Mutex::new(state)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of an end: time passes, what is planned for it happens, and what becomes of it is told.
    pub(super) fn enter(&self, view: usize, call: &str, path: &[u8]) -> Verdict {
        let (mut verdict, beside) = {
            let mut state = self.lock();
            if state.dead.is_some() {
                return Verdict::LostBefore;
            }
            state.calls += 1;
            state.clock += state.rng.next() % 5;
            let (verdict, beside) = state.happen();
            if state.traces {
                let text = String::from_utf8_lossy(path).into_owned();
                let line = format!("{:>4} v{view} {call} {text} {verdict:?}", state.calls);
                state.log.push(line);
            }
            (verdict, beside)
        };
        if let Some(chore) = beside {
            chore();
            self.lock().depth -= 1;
        }
        if self.lock().dead.is_some() {
            verdict = Verdict::LostBefore;
        }
        verdict
    }
}

impl State {
    fn build(&mut self, case: &Case) {
        for store in &case.stores {
            let mut folder = tree::Folder::default();
            folder.habits.folds = store.folds;
            folder.habits.trims = store.trims;
            let ino = self.tree.add(Node::Folder(folder));
            self.stores.push(ino);
        }
        for view in &case.views {
            let root = self.tree.make_folders(self.stores[view.store], view.root);
            self.roots.push(root);
        }
        let mut made: Vec<(usize, Vec<u8>)> = Vec::new();
        for spec in &case.files {
            let known = made.iter().find(|(number, _)| *number == spec.content);
            let bytes = match known {
                Some((_, bytes)) => bytes.clone(),
                None => {
                    let bytes = self.contents.make(spec.length);
                    made.push((spec.content, bytes.clone()));
                    bytes
                }
            };
            let folder = self.tree.make_folders(self.stores[spec.store], spec.folder);
            let modified = (BEGINNING + self.offsets[spec.store] - spec.age) * 1000;
            let file = File {
                bytes,
                modified,
                flushed: true,
                aside: None,
            };
            let ino = self.tree.add(Node::File(file));
            self.tree.put(folder, spec.name.as_bytes(), ino);
        }
        for link in &case.links {
            let store = self.stores[link.store];
            let folder = self.tree.make_folders(store, link.folder);
            let ino = match link.hard {
                true => {
                    let found = self.tree.find(store, link.to.as_bytes(), false);
                    found.and_then(|found| found.ino)
                }
                false => Some(self.tree.add(Node::Link(link.to.as_bytes().to_vec()))),
            };
            if let Some(ino) = ino {
                self.tree.put(folder, link.name.as_bytes(), ino);
            }
        }
    }

    /// The time by the clock of a view's server, in Unix milliseconds.
    pub(super) fn time(&self, view: usize) -> i64 {
        let offset = self.offsets[self.views[view].store];
        (BEGINNING + offset) * 1000 + i64::try_from(self.clock).unwrap_or(i64::MAX)
    }

    /// Where a path of a view leads.
    pub(super) fn find(&self, view: usize, path: &[u8], last: bool) -> Option<Found> {
        self.tree.find(self.roots[view], path, last)
    }

    /// The path of a folder without links and `..`; the same path where nothing is there.
    pub(super) fn place(&self, view: usize, path: &[u8]) -> Vec<u8> {
        let found = self.find(view, path, true);
        let ino = found.and_then(|found| found.ino);
        let place = ino.and_then(|ino| self.tree.path_of(self.roots[view], ino, b""));
        match place {
            Some(place) if place.is_empty() => b"/".to_vec(),
            Some(place) => place,
            None => path.to_vec(),
        }
    }

    fn happen(&mut self) -> (Verdict, Option<Chore>) {
        let mut verdict = Verdict::Go;
        let mut beside = None;
        while self.faults.front().is_some_and(|f| f.at <= self.calls) {
            let Some(planned) = self.faults.pop_front() else {
                break;
            };
            if self.traces {
                self.log.push(format!("     ! {:?}", planned.what));
            }
            match planned.what {
                Fault::LostBefore => verdict = Verdict::LostBefore,
                Fault::LostAfter => verdict = Verdict::LostAfter,
                Fault::Cut => verdict = Verdict::Cut,
                Fault::Refuse(code) => verdict = Verdict::Refuse(code),
                Fault::Full => verdict = Verdict::Full,
                Fault::Delay(ms) => self.clock += u64::from(ms),
                Fault::Beside => beside = beside.or_else(|| self.next_chore()),
                Fault::Kill { power } => self.die(power),
                Fault::Interrupt => {
                    if let Some(interrupt) = &self.interrupt {
                        interrupt.first();
                    }
                }
                Fault::Somebody(deed, number) => self.somebody(deed, number),
            }
        }
        (verdict, beside)
    }

    fn next_chore(&mut self) -> Option<Chore> {
        if self.depth >= DEEPEST {
            return None;
        }
        let at = self.rng.below(self.queue.len());
        let chore = self.queue.remove(at)?;
        self.depth += 1;
        Some(chore)
    }

    fn die(&mut self, power: bool) {
        let length = |path: &std::path::PathBuf| std::fs::metadata(path).ok().map(|m| m.len());
        let journaled = self.journal.as_ref().and_then(length).unwrap_or(0);
        self.dead = Some(Death { power, journaled });
    }
}

/// What the oracle looks at.
#[derive(Clone, Copy)]
pub(super) struct Seen<'s> {
    pub(super) tree: &'s Tree,
    pub(super) contents: &'s Contents,
    pub(super) stores: &'s [Ino],
    pub(super) roots: &'s [Ino],
    pub(super) views: &'s [View],
    /// Seconds that the clock of each store is ahead.
    pub(super) offsets: &'s [i64],
}

/// An event in one line.
struct Brief<'e>(&'e ftpflow::event::Event);

impl std::fmt::Debug for Brief<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:?}", self.0);
        let end = text
            .char_indices()
            .nth(260)
            .map_or(text.len(), |(at, _)| at);
        f.write_str(&text[..end])
    }
}

/// Whether a name is one of those that files have until they are whole.
pub(super) fn is_temporary(name: &[u8]) -> bool {
    name.windows(9).any(|part| part == b".ftpflow-")
}

/// The folder and the last name of a path.
pub(super) fn tree_split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}
