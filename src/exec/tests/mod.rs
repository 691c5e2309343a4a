//! What the tests of this room stand on: a plan, time that passes when nothing works, and sessions that are the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::world::{Chore, Executor, World};
use crate::event::{Event, Stamped};
use crate::files::{FileSet, Folder, Kind, Listing, NameEncoding, Page, Side, Time};
use crate::manifest::Manifest;
use crate::plan::{Inputs, Plan, PlanServer, Values, compile};
use crate::transfer::{Breaker, Disk, End, Facts, Refused};

/// The plan of a manifest that has servers `a` and `b` beside these steps.
pub(in crate::exec) fn plan(servers: &str, steps: &str) -> Arc<Plan> {
    let text = format!("version: 1\nservers:\n{servers}steps:\n{steps}");
    let read = Manifest::read("test.yaml", text.as_bytes());
    assert!(read.findings.is_empty(), "{:?}", read.findings);
    let inputs = Inputs {
        vars: BTreeMap::new(),
        env: Values::Known(BTreeMap::new()),
        files: Values::Known(BTreeMap::new()),
        started: 1_795_341_600,
        zone: |_| 0,
        run_id: Some("1".into()),
        file_stem: "test".into(),
        folder: PathBuf::from("/"),
    };
    let compiled = compile(&read.manifest.unwrap(), &inputs);
    compiled
        .plan
        .unwrap_or_else(|| panic!("{:?}", compiled.findings))
}

/// Chores run one after the other, each after a while; nothing else makes time pass.
pub(in crate::exec) struct Virtual {
    now: Mutex<Instant>,
    chores: Mutex<Vec<(Instant, Chore)>>,
    takes: Duration,
    turns: AtomicUsize,
}

impl Virtual {
    pub(in crate::exec) fn new(takes: Duration) -> Arc<Virtual> {
        Arc::new(Virtual {
            now: Mutex::new(Instant::now()),
            chores: Mutex::default(),
            takes,
            turns: AtomicUsize::new(0),
        })
    }
}

impl Executor for Virtual {
    fn unix_now(&self) -> i64 {
        1_790_000_000
    }

    fn chance(&self) -> f64 {
        0.5
    }

    fn spawn(&self, chore: Chore) {
        let at = self.now() + self.takes;
        self.chores.lock().unwrap().push((at, chore));
    }

    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    fn lend(&self, wait: Option<Duration>) -> bool {
        let turns = self.turns.fetch_add(1, Ordering::Relaxed);
        assert!(turns < 100_000, "the run does not end");
        let end = wait.map(|wait| self.now() + wait);
        let mut chores = self.chores.lock().unwrap();
        let is_due = |at: Instant| end.is_none_or(|end| at <= end);
        let first = chores.iter().enumerate().min_by_key(|(_, (at, _))| *at);
        let first = first
            .filter(|(_, (at, _))| is_due(*at))
            .map(|(index, _)| index);
        let next = first.map(|index| chores.remove(index));
        drop(chores);
        let mut now = self.now.lock().unwrap();
        *now = match (&next, end) {
            (Some((at, _)), _) => (*now).max(*at),
            (None, Some(end)) => end,
            (None, None) => *now,
        };
        drop(now);
        if let Some((_, chore)) = next {
            chore();
        }
        true
    }
}

/// Why a session is refused, by its number from 0 on; `None`: it is opened.
pub(in crate::exec) type Refuse = Box<dyn Fn(usize) -> Option<Refused> + Send + Sync>;

/// Every session is the disk.
pub(in crate::exec) struct Folders {
    pub(in crate::exec) refuse: Refuse,
    pub(in crate::exec) opened: AtomicUsize,
}

impl Folders {
    pub(in crate::exec) fn new() -> Arc<Folders> {
        Folders::refusing(Box::new(|_| None))
    }

    pub(in crate::exec) fn refusing(refuse: Refuse) -> Arc<Folders> {
        Arc::new(Folders {
            refuse,
            opened: AtomicUsize::new(0),
        })
    }
}

impl World for Folders {
    fn connect(&self, _: &PlanServer, _: &Facts, _: Breaker) -> Result<Box<dyn End>, Box<Refused>> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        match (self.refuse)(number) {
            None => Ok(self.disk()),
            Some(refused) => Err(Box::new(refused)),
        }
    }

    fn disk(&self) -> Box<dyn End> {
        Box::new(Disk::new(PathBuf::from("/")))
    }
}

/// The state of a run, and what it tells.
pub(in crate::exec) fn shared(
    plan: &Arc<Plan>,
    world: &Arc<Folders>,
    executor: &Arc<Virtual>,
) -> (Shared, Receiver<Stamped>) {
    let (events, told) = sync_channel(100_000);
    let world = Arc::clone(world) as Arc<dyn World>;
    let executor = Arc::clone(executor) as Arc<dyn Executor>;
    let shared = Shared::new(Arc::clone(plan), world, executor, false, events);
    (shared, told)
}

/// What was told.
pub(in crate::exec) fn told(events: &Receiver<Stamped>) -> Vec<Event> {
    events.try_iter().map(|stamped| stamped.event).collect()
}

/// A set of so many files `0000000`, `0000001`… of this machine, all in one folder.
pub(in crate::exec) fn set(count: usize) -> FileSet {
    let mut page = Page::default();
    for at in 0..count {
        let name = format!("{at:07}");
        page.push(name.as_bytes(), Kind::File, Some(1), Some(Time::at(9)));
    }
    let folder = Folder {
        relative: Vec::new(),
        page,
    };
    let root = b"/from".to_vec();
    let listing = Listing::assemble(Side::Local, root, NameEncoding::Auto, false, vec![folder]);
    FileSet::all(Arc::new(listing))
}
