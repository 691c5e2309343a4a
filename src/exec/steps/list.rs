//! `list` on a server: one job a folder, side by side; then one that puts the pages together.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use crate::event::Event;
use crate::files::{
    FileSet, Folder, Kind, Listing, NameEncoding, Page, Patterns, ServerId, Side, join,
};
use crate::ftp::{Class, Session};
use crate::plan::{self, List, StepId, Verdict};

use super::{Ending, Found, JobWork, Machine, Next, Output, Stop, panicked};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::job::JobId;
use crate::exec::pages::{self, NoPage, no_page};
use crate::exec::shared::Shared;

/// Levels beyond which a folder is not entered: no real tree is as deep, an endless one is.
const DEEPEST: u32 = 256;

pub(super) struct RemoteList {
    id: StepId,
    list: List,
    server: ServerId,
    state: State,
    backlog: Backlog<Target>,
    flying: HashMap<JobId, Try<Target>>,
    root: Vec<u8>,
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
    result: Result<(Page, Vec<Below>, u64), NoPage>,
    lost_at_rest: bool,
}

struct Below {
    name: Vec<u8>,
    link: bool,
}

impl RemoteList {
    pub(super) fn new(step: &plan::Step, list: &List) -> RemoteList {
        let mut backlog = Backlog::new();
        backlog.push(Target {
            relative: Vec::new(),
            depth: 0,
            through_link: false,
            above: Arc::default(),
        });
        let server = match list.side {
            Side::Server(server) => server,
            Side::Local => ServerId(0),
        };
        RemoteList {
            id: step.id,
            list: list.clone(),
            server,
            state: State::Lists,
            backlog,
            flying: HashMap::new(),
            root: Vec::new(),
            pages: Vec::new(),
            fault: None,
            gap: None,
        }
    }

    fn take_page(
        &mut self,
        target: &Target,
        page: Page,
        below: Vec<Below>,
        hash: u64,
        shared: &Shared,
    ) {
        if target.through_link && target.above.contains(&hash) {
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

impl Machine for RemoteList {
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
                    roles: Vec::new(),
                    more: 1,
                },
                0 => Next::Wait(self.backlog.next_retry()),
                more => Next::Job {
                    roles: vec![self.server],
                    more,
                },
            },
        }
    }

    fn work(&mut self, job: JobId, now: Instant, shared: &mut Shared) -> JobWork {
        let Some(attempt) = self.backlog.take(now) else {
            self.state = State::Assembles;
            self.note_gaps();
            return self.assemble(shared);
        };
        let target = attempt.item.clone();
        self.flying.insert(job, attempt);
        let path = self.list.path.clone();
        let name = shared.plan.side_name(self.list.side).to_owned();
        let (hidden, follow) = (self.list.hidden, self.list.follow_links);
        JobWork::quiet(Box::new(move |desk| {
            let rested = desk.rested;
            let Some(session) = desk.sessions.first_mut() else {
                return Output::Nothing;
            };
            Output::Listed(Box::new(look(
                session, &name, &path, &target, hidden, follow, rested,
            )))
        }))
    }

    fn returned(&mut self, job: JobId, output: Output, now: Instant, shared: &mut Shared) {
        let attempt = self.flying.remove(&job);
        match (output, attempt) {
            (Output::Listed(listed), Some(attempt)) => {
                let Listed {
                    root,
                    result,
                    lost_at_rest,
                } = *listed;
                if attempt.item.relative.is_empty() {
                    self.root = root;
                }
                match result {
                    Ok((page, below, hash)) => {
                        self.take_page(&attempt.item, page, below, hash, shared)
                    }
                    Err(_) if lost_at_rest => self.backlog.put_back([attempt]),
                    Err(no_page) => self.failed(attempt, no_page, now, shared),
                }
            }
            (Output::Set(Ok(found)), _) => {
                report(self.id, &found, self.gap.as_deref(), shared);
                self.state = State::Assembled(Some(found.set));
            }
            (Output::Set(Err(fault)), _) => {
                self.fault = Some(fault);
                self.state = State::Assembled(None);
            }
            (Output::Panicked(words), _) => {
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

impl RemoteList {
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

fn look(
    session: &mut Session,
    server: &str,
    path: &str,
    target: &Target,
    hidden: bool,
    follow: bool,
    rested: bool,
) -> Listed {
    let mut root = Vec::new();
    let result = match session.encode(path) {
        Ok(bytes) => {
            root = session.absolute(&bytes);
            folder_page(session, server, &join(&root, &target.relative), follow)
        }
        Err(error) => Err(no_page(session, server, path.as_bytes(), &error)),
    };
    let lost_at_rest = rested && result.as_ref().is_err_and(|no_page| no_page.lost);
    let result = result.map(|page| {
        let below = folders_in(&page, hidden, follow);
        let hash = hash(&page);
        (page, below, hash)
    });
    Listed {
        root,
        result,
        lost_at_rest,
    }
}

fn folder_page(
    session: &mut Session,
    server: &str,
    folder: &[u8],
    follow: bool,
) -> Result<Page, NoPage> {
    let mut page = pages::page(session, server, folder)?;
    if follow {
        resolve_links(session, folder, &mut page)
            .map_err(|error| no_page(session, server, folder, &error))?;
    }
    Ok(page)
}

/// A link with a size is a file; another may be a folder, which its own listing will tell.
fn resolve_links(
    session: &mut Session,
    folder: &[u8],
    page: &mut Page,
) -> Result<(), crate::ftp::Error> {
    let links = page.entries().enumerate();
    let links = links.filter(|(_, entry)| entry.kind == Kind::Link);
    let links: Vec<(usize, Vec<u8>)> = links.map(|(at, e)| (at, join(folder, e.name))).collect();
    for (at, path) in links {
        if let Some(size) = session.size(&path)? {
            let modified = session.modified(&path)?;
            page.amend(at, Kind::File, Some(size), modified);
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
