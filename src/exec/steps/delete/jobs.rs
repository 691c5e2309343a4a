//! The jobs of a `delete` step, on a server or on this machine.

use std::sync::Arc;
use std::time::Duration;

use crate::files::{Allowance, FileSet, Limits, Page, join};
use crate::transfer::{Deleted, End, Fate, Links, Role, still_same};

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
    pub(super) set: Option<FileSet>,
    /// What one folder's listing may bring.
    pub(super) limits: Limits,
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
        let end = desk.now() + SHORT;
        let mut done = Vec::with_capacity(positions.len());
        for at in positions {
            let Some(set) = &target.set else { break };
            let result = target.delete(desk, set, at);
            let healthy = desk.healthy();
            done.push((at, result));
            if !healthy || desk.now() >= end {
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
    /// The end, confined to the folder of the set.
    fn end<'d>(&self, desk: &'d mut Desk, set: &FileSet) -> Result<&'d mut dyn End, Fault> {
        let end = desk.end(Role::Source)?;
        end.confine(set.root(), Links::Refuse);
        Ok(end)
    }

    /// The folder's entries now; none where the folder is gone.
    fn page(&self, desk: &mut Desk, set: &FileSet, folder: &[u8]) -> Result<Option<Page>, Fault> {
        let end = self.end(desk, set)?;
        let allowance = Allowance::new(self.limits);
        pages::page_or_none(end, &self.name, &join(set.root(), folder), &allowance)
    }

    fn delete(&self, desk: &mut Desk, set: &FileSet, at: u32) -> Result<Deletion, Fault> {
        let end = self.end(desk, set)?;
        match end.remove(&set.absolute(at)) {
            Ok(Deleted::Gone) => Ok(Deletion::Deleted),
            Ok(Deleted::WasNotThere) => Ok(Deletion::WasNotThere),
            Err(cause) => {
                let fault = Fault::at(&self.name, &cause, end).about(set.text(at));
                match cause.is_unknown() {
                    true => Ok(Deletion::Unknown(fault)),
                    false => Err(fault),
                }
            }
        }
    }

    /// One that is not empty, or gone already, is none of ours to insist on.
    fn remove_folder(&self, desk: &mut Desk, set: &FileSet, folder: &[u8]) -> Result<(), String> {
        let end = self
            .end(desk, set)
            .map_err(|fault| fault.failure.message.clone())?;
        match end.remove_folder(&join(set.root(), folder)) {
            Err(cause) if !end.healthy() => Err(format!("empty folders were left: {cause}")),
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
