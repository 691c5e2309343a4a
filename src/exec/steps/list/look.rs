//! The jobs of `list`: folders, as many as a short time allows.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::files::{Allowance, Kind, Page, join};
use crate::plan::{List, Verdict};
use crate::transfer::{Cause, End, Links, Role};

use super::{Output, Target};
use crate::exec::fault::Fault;
use crate::exec::pages::{self, NoPage, no_page};
use crate::exec::steps::job::{Desk, Work};

/// A job ends after this long.
const SHORT: Duration = Duration::from_millis(100);

/// What a job found in one folder.
pub(in crate::exec) struct Listed {
    pub(super) root: Vec<u8>,
    pub(super) result: Result<Shown, NoPage>,
    pub(super) lost_at_rest: bool,
}

/// What a folder shows.
pub(super) struct Shown {
    pub(super) page: Page,
    pub(super) below: Vec<Below>,
    /// Of what it shows, where links are followed.
    pub(super) hash: u64,
    pub(super) identity: Option<(u64, u64)>,
}

/// What a job needs to know to list folders.
pub(super) struct Look {
    pub(super) name: String,
    pub(super) list: List,
    pub(super) targets: Vec<Target>,
    pub(super) allowance: Allowance,
    /// Where the list begins, once that was found.
    pub(super) root: Option<Vec<u8>>,
    /// Whether a step of the plan asks what a path leads to.
    pub(super) finds_places: bool,
    /// Whether files that were put away get their names again: a preview changes nothing.
    pub(super) restores: bool,
}

pub(super) struct Below {
    pub(super) name: Vec<u8>,
    pub(super) link: bool,
}

impl Look {
    /// Lists folders until the time of a job is over; at least one.
    pub(super) fn work(self) -> Work {
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
        let root = self.root(end)?;
        let links = match self.list.follow_links {
            true => Links::Follow,
            false => Links::Refuse,
        };
        end.confine(&root, links);
        let result = self.shown(end, &join(&root, &target.relative));
        if let (Err(no_page), Verdict::Fine) = (&result, self.list.missing) {
            no_page.let_know(end);
        }
        let lost_at_rest = rested && result.as_ref().is_err_and(|no_page| no_page.lost);
        Ok(Listed {
            root,
            result,
            lost_at_rest,
        })
    }

    /// Where the list begins. What a later step deletes or relies on is known by the place that was found there.
    fn root(&self, end: &mut dyn End) -> Result<Vec<u8>, Fault> {
        if let Some(root) = &self.root {
            return Ok(root.clone());
        }
        let found = end.find(&self.list.path);
        let found = found.and_then(|root| match self.finds_places {
            true => end.place(&root),
            false => Ok(root),
        });
        found.map_err(|cause| Fault::at(&self.name, &cause, end))
    }

    /// The entries of a folder. Files that an interrupted deletion has put away get their names again first.
    fn page(&self, end: &mut dyn End, folder: &[u8]) -> Result<Page, NoPage> {
        let page = pages::page(end, &self.name, folder, &self.allowance)?;
        let restored = match self.restores {
            true => pages::restore(end, &self.name, folder, &page),
            false => Ok(false),
        };
        match restored {
            Ok(false) => Ok(page),
            Ok(true) => pages::page(end, &self.name, folder, &self.allowance),
            Err(fault) => Err(NoPage::of(fault)),
        }
    }

    fn shown(&self, end: &mut dyn End, folder: &[u8]) -> Result<Shown, NoPage> {
        let follow = self.list.follow_links;
        let mut page = self.page(end, folder)?;
        let mut identity = None;
        if follow {
            let resolved =
                resolve_links(end, folder, &mut page).and_then(|()| end.identity(folder));
            identity = resolved.map_err(|cause| no_page(end, &self.name, folder, &cause))?;
        }
        Ok(Shown {
            below: folders_in(&page, self.list.hidden, follow),
            hash: if follow { hash(&page) } else { 0 },
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

/// The folders to go on with. A name that is listed twice is one of them.
fn folders_in(page: &Page, hidden: bool, follow: bool) -> Vec<Below> {
    let mut seen = HashSet::new();
    let entries = page.entries().filter(|entry| {
        let kind = entry.kind == Kind::Folder || (follow && entry.kind == Kind::Link);
        kind && (hidden || !entry.name.starts_with(b".")) && seen.insert(entry.name)
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
