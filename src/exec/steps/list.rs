//! `list`: folders in short jobs, side by side; then one job that puts the pages together.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::files::{FileSet, Folder, Kind, Listing, NameEncoding, Page, Patterns, join};
use crate::plan::{self, List, StepId, Verdict};
use crate::transfer::{Cause, Class, End, Links, Role};

use super::{Ending, Found, JobWork, Machine, Next, Output, Stop, panicked};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::job::{Desk, JobId, Roles, Work};
use crate::exec::pages::{self, NoPage, no_page};
use crate::exec::shared::Shared;

/// Levels beyond which a folder is not entered: no real tree is as deep, an endless one is.
const DEEPEST: u32 = 256;
/// Folders that one job lists at most.
const BATCH: usize = 32;
/// A job ends after this long.
const SHORT: Duration = Duration::from_millis(100);

pub(super) struct Lister {
    id: StepId,
    list: List,
    state: State,
    backlog: Backlog<Target>,
    flying: BTreeMap<JobId, Vec<Try<Target>>>,
    root: Vec<u8>,
    /// What tells the folders apart that were entered, where that is known and links are followed.
    seen: HashSet<(u64, u64)>,
    pages: Vec<Folder>,
    fault: Option<Fault>,
    /// Why the listing is not whole, where a fault says so already.
    gap: Option<String>,
}

enum State {
    Lists,
    Assembles,
    Assembled(Option<FileSet>),
    Stopped(Stop),
}

/// A folder to be listed.
#[derive(Debug, Clone)]
struct Target {
    relative: Vec<u8>,
    depth: u32,
    /// Whether a link led here: it may be broken, or lead in a circle.
    through_link: bool,
    /// What the folders above show, hashed; a folder below a link that shows the same is one of them.
    above: Arc<Vec<u64>>,
}

/// What a job found in one folder.
pub(in crate::exec) struct Listed {
    root: Vec<u8>,
    result: Result<Shown, NoPage>,
    lost_at_rest: bool,
}

/// What a folder shows.
struct Shown {
    page: Page,
    below: Vec<Below>,
    hash: u64,
    identity: Option<(u64, u64)>,
}

/// What a job needs to know to list folders.
struct Look {
    name: String,
    list: List,
    targets: Vec<Target>,
}

struct Below {
    name: Vec<u8>,
    link: bool,
}

impl Lister {
    pub(super) fn new(step: &plan::Step, list: &List) -> Lister {
        let mut backlog = Backlog::new();
        backlog.push(Target {
            relative: Vec::new(),
            depth: 0,
            through_link: false,
            above: Arc::default(),
        });
        Lister {
            id: step.id,
            list: list.clone(),
            state: State::Lists,
            backlog,
            flying: BTreeMap::new(),
            root: Vec::new(),
            seen: HashSet::new(),
            pages: Vec::new(),
            fault: None,
            gap: None,
        }
    }

    fn take_page(&mut self, target: &Target, shown: Shown, shared: &Shared) {
        let Shown {
            page,
            below,
            hash,
            identity,
        } = shown;
        let is_again = identity.is_some_and(|identity| !self.seen.insert(identity));
        if is_again || (target.through_link && target.above.contains(&hash)) {
            return;
        }
        let encoding = shared.encoding(self.list.side);
        let descend = Patterns::new(&self.list.descend, false).unwrap_or_default();
        let above = Arc::new([target.above.as_slice(), &[hash]].concat());
        let depth = target.depth + 1;
        for below in below {
            let relative = join(&target.relative, &below.name);
            if self.enters(&relative, depth, &descend, encoding) {
                self.backlog.push(Target {
                    relative,
                    depth,
                    through_link: below.link || target.through_link,
                    above: Arc::clone(&above),
                });
            }
        }
        self.pages.push(Folder {
            relative: target.relative.clone(),
            page,
        });
    }

    fn enters(
        &self,
        relative: &[u8],
        depth: u32,
        descend: &Patterns,
        encoding: NameEncoding,
    ) -> bool {
        let deepest = self.list.max_depth.unwrap_or(DEEPEST).min(DEEPEST);
        self.list.recursive
            && depth <= deepest
            && (descend.is_empty() || descend.any(&encoding.decode(relative).text))
    }

    fn failed(
        &mut self,
        mut attempt: Try<Target>,
        no_page: NoPage,
        now: Instant,
        shared: &mut Shared,
    ) {
        let NoPage { fault, missing, .. } = no_page;
        let root = attempt.item.relative.is_empty();
        if missing && root && self.list.missing == Verdict::Fine {
            return;
        }
        // A link that leads nowhere, or where we may not go, is a link all the same.
        if attempt.item.through_link && fault.class == Class::Permanent {
            return;
        }
        // A folder that went while its parent was being listed holds nothing any more.
        if missing && !root {
            return;
        }
        if let Some(wait) = shared.try_again(self.id, &mut attempt, &fault, false) {
            return self.backlog.retry(attempt, now + wait);
        }
        self.fault.get_or_insert(fault);
    }

    /// What stands for the whole step once all folders are in.
    fn ending(&mut self, set: FileSet) -> Ending {
        if let Some(fault) = self.fault.take() {
            return Ending::failed(Some(fault.failure), Some(set));
        }
        if set.is_empty() && self.list.empty == Verdict::Fail {
            let fault = Fault::permanent(format!("no file in `{}`", self.list.path))
                .help("check the path, or write `empty: ok` where an empty folder is fine");
            return Ending::failed(Some(fault.failure), Some(set));
        }
        Ending::done(Some(set))
    }

    /// A listing that lacks a folder must never look whole.
    fn note_gaps(&mut self) {
        if let Some(fault) = &self.fault {
            let reason = format!("a folder could not be listed: {}", fault.failure.message);
            let mut page = Page::default();
            page.incomplete(reason.clone());
            self.gap = Some(reason);
            self.pages.push(Folder {
                relative: Vec::new(),
                page,
            });
        }
    }
}

impl Machine for Lister {
    fn next(&mut self, now: Instant, _: &mut Shared) -> Next {
        match &mut self.state {
            State::Stopped(stop) if self.flying.is_empty() => {
                Next::Done(Ending::failed(stop.failure(), None))
            }
            State::Stopped(_) | State::Assembles => Next::Wait(None),
            State::Assembled(_) if !self.flying.is_empty() => Next::Wait(None),
            State::Assembled(set) => match set.take() {
                Some(set) => Next::Done(self.ending(set)),
                None => Next::Done(Ending::failed(self.fault.take().map(|f| f.failure), None)),
            },
            State::Lists => match self.backlog.ready(now) {
                0 if !self.flying.is_empty() => Next::Wait(self.backlog.next_retry()),
                0 if self.backlog.is_empty() => Next::Job {
                    roles: Roles::none(),
                    more: 1,
                },
                0 => Next::Wait(self.backlog.next_retry()),
                more => Next::Job {
                    roles: Roles::one(Role::Source, self.list.side),
                    more,
                },
            },
        }
    }

    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork {
        let share = self
            .backlog
            .ready(now)
            .div_ceil(shared.sessions_of(self.list.side));
        let attempts = std::iter::from_fn(|| self.backlog.take(now));
        let attempts: Vec<Try<Target>> = attempts.take(share.clamp(1, BATCH)).collect();
        if attempts.is_empty() {
            self.state = State::Assembles;
            self.note_gaps();
            return self.assemble(shared);
        }
        let look = Look {
            name: shared.plan.side_name(self.list.side).to_owned(),
            list: self.list.clone(),
            targets: attempts
                .iter()
                .map(|attempt| attempt.item.clone())
                .collect(),
        };
        self.flying.insert(job, attempts);
        JobWork::quiet(look.work())
    }

    fn returned(&mut self, job: JobId, output: Output, now: Instant, shared: &mut Shared) {
        let attempts = self.flying.remove(&job).unwrap_or_default();
        match output {
            Output::Listed(listed) => {
                let mut attempts = attempts.into_iter();
                for (listed, attempt) in listed.into_iter().zip(attempts.by_ref()) {
                    self.listed(attempt, listed, now, shared);
                }
                // What a job did not get to.
                self.backlog.put_back(attempts.collect::<Vec<_>>());
            }
            Output::Set(Ok(found)) => {
                report(self.id, &found, self.gap.as_deref(), shared);
                self.state = State::Assembled(Some(found.set));
            }
            Output::Set(Err(fault)) => {
                self.fault = Some(fault);
                self.state = State::Assembled(None);
            }
            Output::Panicked(words) => {
                self.fault = Some(panicked(&words));
                self.state = State::Assembled(None);
            }
            _ => {}
        }
    }

    fn stop(&mut self, stop: &Stop, _: &mut Shared) {
        if matches!(self.state, State::Lists) {
            self.state = State::Stopped(stop.clone());
        }
    }
}

impl Lister {
    fn listed(&mut self, attempt: Try<Target>, listed: Listed, now: Instant, shared: &mut Shared) {
        if attempt.item.relative.is_empty() {
            self.root = listed.root;
        }
        match listed.result {
            Ok(shown) => self.take_page(&attempt.item, shown, shared),
            Err(_) if listed.lost_at_rest => self.backlog.put_back([attempt]),
            Err(no_page) => self.failed(attempt, no_page, now, shared),
        }
    }

    fn assemble(&mut self, shared: &Shared) -> JobWork {
        let pages = std::mem::take(&mut self.pages);
        let root = std::mem::take(&mut self.root);
        let (side, hidden) = (self.list.side, self.list.hidden);
        let encoding = shared.encoding(side);
        JobWork::quiet(Box::new(move |_| {
            let listing = Listing::assemble(side, root, encoding, hidden, pages);
            let problems = listing.problems().clone();
            Output::Set(Ok(Found {
                set: FileSet::all(Arc::new(listing)),
                problems,
            }))
        }))
    }
}

/// Says what was found, and what could not be read, but for the gap that the step's failure tells of.
pub(super) fn report(id: StepId, found: &Found, gap: Option<&str>, shared: &mut Shared) {
    for text in &found.problems.shown {
        shared.warn_step(id, text.clone());
    }
    let more = found
        .problems
        .count
        .saturating_sub(found.problems.shown.len());
    if more > 0 {
        shared.warn_step(id, format!("{more} further entries refused or unreadable"));
    }
    let reason = found.set.incomplete_reason();
    if let Some(reason) = reason.filter(|reason| Some(*reason) != gap) {
        shared.warn_step(id, format!("the listing is incomplete: {reason}"));
    }
    let set = &found.set;
    let files = set.positions().filter(|at| set.kind(*at) == Kind::File);
    shared.emit(Event::StepSized {
        step: id.0 as usize,
        files: files.count() as u64,
        bytes: 0,
    });
}

impl Look {
    /// Lists folders until the time of a job is over; at least one.
    fn work(self) -> Work {
        Box::new(move |desk| {
            let end = desk.now() + SHORT;
            let mut listed = Vec::with_capacity(self.targets.len());
            for target in &self.targets {
                let first = listed.is_empty();
                match self.one(desk, target, first) {
                    Ok(one) => listed.push(one),
                    Err(fault) => return Output::Set(Err(fault)),
                }
                if !desk.healthy() || desk.now() >= end {
                    break;
                }
            }
            Output::Listed(listed)
        })
    }

    fn one(&self, desk: &mut Desk, target: &Target, first: bool) -> Result<Listed, Fault> {
        let rested = desk.rested && first;
        let end = desk.end(Role::Source)?;
        let root = match end.find(&self.list.path) {
            Ok(root) => root,
            Err(cause) => return Err(Fault::at(&self.name, &cause, end)),
        };
        let links = match self.list.follow_links {
            true => Links::Follow,
            false => Links::Refuse,
        };
        end.confine(&root, links);
        let result = self.shown(end, &join(&root, &target.relative));
        let lost_at_rest = rested && result.as_ref().is_err_and(|no_page| no_page.lost);
        Ok(Listed {
            root,
            result,
            lost_at_rest,
        })
    }

    fn shown(&self, end: &mut dyn End, folder: &[u8]) -> Result<Shown, NoPage> {
        let follow = self.list.follow_links;
        let mut page = pages::page(end, &self.name, folder)?;
        let mut identity = None;
        if follow {
            let resolved =
                resolve_links(end, folder, &mut page).and_then(|()| end.identity(folder));
            identity = resolved.map_err(|cause| no_page(end, &self.name, folder, &cause))?;
        }
        Ok(Shown {
            below: folders_in(&page, self.list.hidden, follow),
            hash: hash(&page),
            identity,
            page,
        })
    }
}

/// A link with a size is a file; another may be a folder, which its own listing will tell.
fn resolve_links(end: &mut dyn End, folder: &[u8], page: &mut Page) -> Result<(), Cause> {
    let links = page.entries().enumerate();
    let links = links.filter(|(_, entry)| entry.kind == Kind::Link);
    let links: Vec<(usize, Vec<u8>)> = links.map(|(at, e)| (at, join(folder, e.name))).collect();
    for (at, path) in links {
        let looks = end.looks(&path)?;
        if looks.size.is_some() {
            page.amend(at, Kind::File, looks.size, looks.modified);
        }
    }
    Ok(())
}

fn folders_in(page: &Page, hidden: bool, follow: bool) -> Vec<Below> {
    let entries = page.entries().filter(|entry| {
        let kind = entry.kind == Kind::Folder || (follow && entry.kind == Kind::Link);
        kind && (hidden || !entry.name.starts_with(b"."))
    });
    let below = entries.map(|entry| Below {
        name: entry.name.to_vec(),
        link: entry.kind == Kind::Link,
    });
    below.collect()
}

fn hash(page: &Page) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in page.entries() {
        entry.name.hash(&mut hasher);
        entry.size.hash(&mut hasher);
        entry.modified.map(|time| time.seconds).hash(&mut hasher);
    }
    hasher.finish()
}
