//! The jobs of a `delete` step, on a server or on this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::files::{FileSet, Page, Side, join};
use crate::ftp::{Deleted, ErrorKind, Session};
use crate::local::{self, Links, Root};
use crate::transfer::{Fate, still_same};

use super::{FolderOf, Output};
use crate::exec::fault::Fault;
use crate::exec::job::{Desk, Work};
use crate::exec::pages;
use crate::exec::steps;

/// A batch ends after this long.
const SHORT: Duration = Duration::from_millis(100);

/// Where files are deleted.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) side: Side,
    pub(super) set: Option<FileSet>,
}

/// What became of a deletion.
pub(in crate::exec) enum Deletion {
    /// It is gone.
    Deleted,
    /// It was not there.
    WasNotThere,
    /// The reply was lost.
    Unknown(Fault),
}

/// Lists a folder again and compares.
pub(super) fn survey(target: Target, folder: Arc<FolderOf>) -> Work {
    Box::new(move |desk| {
        let surveyed = match &target.set {
            Some(set) => target
                .page(desk, set, &folder.folder)
                .and_then(|page| match page {
                    Some(page) => compare(set, &folder, &page),
                    None => Ok(folder
                        .positions
                        .iter()
                        .map(|at| (*at, Fate::Gone))
                        .collect()),
                }),
            None => Ok(Vec::new()),
        };
        output(Output::Surveyed(surveyed))
    })
}

/// Deletes a batch, as far as it gets in a short time.
pub(super) fn delete(target: Target, positions: Vec<u32>) -> Work {
    Box::new(move |desk| {
        let end = Instant::now() + SHORT;
        let mut done = Vec::with_capacity(positions.len());
        for at in positions {
            let Some(set) = &target.set else { break };
            let result = target.delete(desk, set, at);
            let healthy = desk.sessions.iter().all(Session::healthy);
            done.push((at, result));
            if !healthy || Instant::now() >= end {
                break;
            }
        }
        output(Output::Deleted(done))
    })
}

/// Removes folders that are empty now, the deepest first. One that is not empty stays, without a word.
pub(super) fn remove_folders(target: Target, mut folders: Vec<Vec<u8>>) -> Work {
    Box::new(move |desk| {
        folders
            .sort_by_key(|folder| std::cmp::Reverse(folder.iter().filter(|b| **b == b'/').count()));
        let mut warnings = Vec::new();
        for folder in folders {
            let Some(set) = &target.set else { break };
            if let Err(warning) = target.remove_folder(desk, set, &folder) {
                warnings.push(warning);
                break;
            }
        }
        output(Output::Emptied(warnings))
    })
}

impl Target {
    /// The folder's entries now; none where the folder is gone.
    fn page(&self, desk: &mut Desk, set: &FileSet, folder: &[u8]) -> Result<Option<Page>, Fault> {
        let Some(session) = desk.sessions.first_mut() else {
            let listed = open(set).and_then(|root| root.list(folder));
            return missing_is_none(listed).map_err(|error| Fault::local(&error));
        };
        match pages::page(session, &self.name, &join(set.root(), folder)) {
            Ok(page) => Ok(Some(page)),
            Err(no_page) if no_page.missing => Ok(None),
            Err(no_page) => Err(no_page.fault),
        }
    }

    fn delete(&self, desk: &mut Desk, set: &FileSet, at: u32) -> Result<Deletion, Fault> {
        let Some(session) = desk.sessions.first_mut() else {
            return delete_here(set, at);
        };
        match session.delete(&set.absolute(at)) {
            Ok(Deleted::Gone) => Ok(Deletion::Deleted),
            Ok(Deleted::WasNotThere) => Ok(Deletion::WasNotThere),
            Err(error) => {
                let fault = Fault::ftp(&self.name, &error, Some(session)).about(set.text(at));
                if error.kind == ErrorKind::UnknownOutcome {
                    return Ok(Deletion::Unknown(fault));
                }
                Err(fault)
            }
        }
    }

    fn remove_folder(&self, desk: &mut Desk, set: &FileSet, folder: &[u8]) -> Result<(), String> {
        if self.side == Side::Local {
            // Not empty, or gone already: either way it is not ours to insist.
            let _ = open(set).and_then(|root| root.remove_folder(folder));
            return Ok(());
        }
        let Some(session) = desk.sessions.first_mut() else {
            return Ok(());
        };
        match session.remove_folder(&join(set.root(), folder)) {
            Err(error) if !session.healthy() => Err(format!("empty folders were left: {error}")),
            _ => Ok(()),
        }
    }
}

fn output(output: Output) -> steps::Output {
    steps::Output::Delete(Box::new(output))
}

fn compare(set: &FileSet, folder: &FolderOf, page: &Page) -> Result<Vec<(u32, Fate)>, Fault> {
    if let Some(reason) = page.incomplete_reason() {
        let fault = format!(
            "nothing was deleted, because the folder's new listing may not be whole: {reason}"
        );
        return Err(Fault::permanent(fault).help("run it again, or list smaller folders"));
    }
    let entries: std::collections::HashMap<&[u8], _> =
        page.entries().map(|entry| (entry.name, entry)).collect();
    let fates = folder.positions.iter().map(|at| {
        let relative = set.relative(*at);
        let name = relative
            .rsplit(|byte| *byte == b'/')
            .next()
            .unwrap_or_default();
        let now = entries.get(name).copied();
        (*at, still_same(set.size(*at), set.modified(*at), now))
    });
    Ok(fates.collect())
}

fn open(set: &FileSet) -> Result<Root, local::Error> {
    Root::open_bytes(set.root(), Links::Refuse)
}

fn missing_is_none<T>(result: Result<T, local::Error>) -> Result<Option<T>, local::Error> {
    match result {
        Err(error) if error.is_missing() => Ok(None),
        result => result.map(Some),
    }
}

fn delete_here(set: &FileSet, at: u32) -> Result<Deletion, Fault> {
    let removed = open(set).and_then(|root| root.remove(&set.relative(at)));
    match missing_is_none(removed) {
        Ok(Some(())) => Ok(Deletion::Deleted),
        Ok(None) => Ok(Deletion::WasNotThere),
        Err(error) => Err(Fault::local(&error).about(set.text(at))),
    }
}
