//! `list`: folders in short jobs, side by side; then one job that puts the pages together.

mod ends;
mod look;
mod sight;
mod told;
mod tree;
mod wait;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::files::{Allowance, FileSet, Folder, Listing, Patterns, join};
use crate::plan::{self, List, StepId, Verdict};
use crate::transfer::{Class, Role};

pub(in crate::exec) use look::Listed;

use super::{Ending, FoundSet, JobWork, Machine, Next, Output, Stop, panicked};
use crate::exec::backlog::{Backlog, Try};
use crate::exec::fault::Fault;
use crate::exec::pages::NoPage;
use crate::exec::roles::{JobId, Roles};
use crate::exec::shared::Shared;
use look::{Look, Shown};
pub(in crate::exec) use sight::Looked;
use sight::Noting;
use told::Unread;
pub(super) use told::report;
use tree::{Level, Target};
use wait::Waiting;

/// Levels beyond which a folder is not entered: no real tree is as deep, an endless one is.
const DEEPEST: u32 = 256;
/// Folders that one job lists at most.
const BATCH: usize = 32;

pub(super) struct Lister {
    id: StepId,
    list: List,
    descend: Patterns,
    allowance: Allowance,
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
    /// Entries for which the step fails although the others are good.
    unread: Option<Unread>,
    /// Whether no further folder is to be listed.
    over: bool,
    /// What it waits for, where it does.
    wait: Option<Waiting>,
}

enum State {
    Lists,
    Assembles,
    Assembled(Option<FileSet>),
    /// What the step yields is there, and the markers for it are being written down.
    Notes(Option<FoundSet>, Option<Box<Noting>>),
    /// Too little is there, or it still changes: the next look is taken then.
    Sleeps(Instant),
    Stopped(Stop),
}

impl Lister {
    pub(super) fn new(step: &plan::Step, list: &List, shared: &Shared) -> Lister {
        let mut backlog = Backlog::new();
        backlog.push(Target::root());
        let (descend, fault, state) = match Patterns::new(&list.descend, false) {
            Ok(descend) => (descend, None, State::Lists),
            Err(error) => {
                let fault = Fault::permanent(error.to_string());
                (Patterns::default(), Some(fault), State::Assembled(None))
            }
        };
        Lister {
            id: step.id,
            list: list.clone(),
            descend,
            allowance: shared.allowance(list.side),
            state,
            backlog,
            flying: BTreeMap::new(),
            root: Vec::new(),
            seen: HashSet::new(),
            pages: Vec::new(),
            fault,
            gap: None,
            unread: None,
            over: false,
            wait: list.wait.as_ref().map(|wait| {
                let side = shared.plan.side_name(list.side);
                let seen = shared.seen.as_ref().map(|seen| seen.of(&step.name, side));
                Waiting::new(wait, seen.unwrap_or_default())
            }),
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
        if is_again || (target.through_link && Level::shows(target.above.as_deref(), hash)) {
            return;
        }
        let above = self.list.follow_links.then(|| {
            let above = target.above.clone();
            Arc::new(Level { hash, above })
        });
        for below in below {
            let next = Target {
                relative: join(&target.relative, &below.name),
                depth: target.depth + 1,
                through_link: below.link || target.through_link,
                above: above.clone(),
            };
            if self.enters(&next, shared)
                && let Err(fault) = self.enter(next, shared)
            {
                self.end_lists(fault);
                break;
            }
        }
        self.pages.push(Folder {
            relative: target.relative.clone(),
            page,
        });
    }

    fn enters(&self, target: &Target, shared: &Shared) -> bool {
        let encoding = shared.encoding(self.list.side);
        let wanted = || self.descend.any(&encoding.decode(&target.relative).text);
        self.list.recursive
            && self.list.max_depth.is_none_or(|max| target.depth <= max)
            && (self.descend.is_empty() || wanted())
    }

    /// Takes a folder on, unless there are too many, or they lie too deep: a tree need not have an end.
    fn enter(&mut self, target: Target, shared: &Shared) -> Result<(), Fault> {
        let server = shared.plan.side_name(self.list.side);
        let path = join(&self.root, &target.relative);
        let about = |fault: Fault| {
            let shown = shared.encoding(self.list.side).decode(&path).text;
            fault.at_folder(server, shown)
        };
        if target.depth > DEEPEST {
            // Links that lead in a circle end so.
            if target.through_link {
                return Ok(());
            }
            let message = format!("folders lie more than {DEEPEST} levels deep");
            let help = "set `max_depth` of the `list`, or list a folder further down";
            return Err(about(Fault::permanent(message).help(help)));
        }
        if let Err(limit) = self.allowance.enter(target.relative.len() as u64) {
            let message = format!("the tree goes beyond {} ({limit})", limit.whose());
            return Err(about(Fault::permanent(message).help(limit.help())));
        }
        self.backlog.push(target);
        Ok(())
    }

    /// What is still to be listed is not: the step fails.
    fn end_lists(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.over = true;
    }

    fn failed(
        &mut self,
        mut attempt: Try<Target>,
        no_page: NoPage,
        now: Instant,
        shared: &mut Shared,
    ) {
        let NoPage {
            fault,
            missing,
            limit,
            ..
        } = no_page;
        if limit {
            return self.end_lists(fault);
        }
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
}

impl Machine for Lister {
    fn next(&mut self, now: Instant, _: &mut Shared) -> Next {
        self.wake(now);
        match &mut self.state {
            State::Stopped(stop) if self.flying.is_empty() => {
                Next::Done(Ending::failed(stop.failure(), None))
            }
            State::Stopped(_) | State::Assembles => Next::Wait(None),
            State::Sleeps(until) => Next::Wait(Some(*until)),
            State::Notes(_, Some(_)) => Next::Job {
                roles: Roles::none(),
                more: 1,
            },
            State::Notes(_, None) => Next::Wait(None),
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
        if let State::Notes(_, noting) = &mut self.state
            && let Some(noting) = noting.take()
        {
            return JobWork::quiet(noting.work());
        }
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
            allowance: self.allowance.clone(),
            root: (!self.root.is_empty()).then(|| self.root.clone()),
            finds_places: shared.finds_places(),
            restores: !shared.preview,
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
            Output::Listed(_) if self.over => {}
            Output::Listed(listed) => {
                let mut attempts = attempts.into_iter();
                for (listed, attempt) in listed.into_iter().zip(attempts.by_ref()) {
                    self.listed(attempt, listed, now, shared);
                }
                // What a job did not get to.
                self.backlog.put_back(attempts.collect::<Vec<_>>());
                if self.over {
                    self.backlog.drain().for_each(drop);
                }
            }
            Output::Set(Ok(found)) => self.found(found, shared),
            Output::Noted(told) => self.noted(told, shared),
            Output::Looked(looked) => self.looked(*looked, now, shared),
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
        if matches!(self.state, State::Lists | State::Sleeps(_)) {
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
        let held = self.allowance.clone();
        let judge = self.wait.as_ref().map(Waiting::judge);
        JobWork::quiet(Box::new(move |_| {
            let listing = Listing::assemble(side, root, encoding, hidden, pages).held_by(held);
            let (problems, repeated) = (listing.problems().clone(), listing.repeated().clone());
            let found = FoundSet {
                problems,
                repeated,
                foreign: told::foreign(&listing),
                set: FileSet::all(Arc::new(listing)),
            };
            match judge {
                Some(judge) => judge.look(found),
                None => Output::Set(Ok(found)),
            }
        }))
    }
}
