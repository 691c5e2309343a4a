//! Listing a folder, where a listing that broke halfway is a failure that can be tried again.

use crate::files::{Allowance, Kind, Page, join, name_before};
use crate::transfer::{Cause, Class, End, Facts};

use super::fault::Fault;

/// Why a folder could not be listed.
pub(super) struct NoPage {
    pub(super) fault: Fault,
    /// The folder is not there.
    pub(super) missing: bool,
    /// The session was closed before the first command.
    pub(super) lost: bool,
    /// There is more than a step may take.
    pub(super) limit: bool,
    /// What to set, where it is missing because its name stands there in another encoding.
    misread: Option<String>,
}

impl NoPage {
    /// A folder that cannot be used as it is.
    pub(super) fn of(fault: Fault) -> NoPage {
        NoPage {
            fault,
            missing: false,
            lost: false,
            limit: false,
            misread: None,
        }
    }

    /// Notes why the folder is missing where that is no error: it is told as a warning then.
    pub(super) fn let_know(&self, end: &mut dyn End) {
        if self.misread.is_some() {
            end.learn(&Facts {
                misread: self.misread.clone(),
                ..Facts::default()
            });
        }
    }
}

/// The entries of a folder, given by its absolute path.
///
/// A page that is incomplete and did not break off is all that there is to say; it is handed on as it is.
pub(super) fn page(
    end: &mut dyn End,
    name: &str,
    path: &[u8],
    allowance: &Allowance,
) -> Result<Page, NoPage> {
    match end.list(path, allowance) {
        Ok(page) => match page.incomplete_reason() {
            Some(reason) if page.is_broken() => Err(broken(end, name, path, reason)),
            _ => Ok(page),
        },
        Err(cause) => Err(no_page(end, name, path, &cause)),
    }
}

/// The entries of a folder; none where it is not there.
pub(super) fn page_or_none(
    end: &mut dyn End,
    name: &str,
    path: &[u8],
    allowance: &Allowance,
) -> Result<Option<Page>, Fault> {
    match page(end, name, path, allowance) {
        Ok(page) => Ok(Some(page)),
        Err(no_page) if no_page.missing => {
            no_page.let_know(end);
            Ok(None)
        }
        Err(no_page) => Err(no_page.fault),
    }
}

/// The same for one folder by itself, which counts towards no step's limits.
pub(super) fn alone(end: &mut dyn End, name: &str, path: &[u8]) -> Result<Option<Page>, Fault> {
    let allowance = Allowance::new(end.limits());
    page_or_none(end, name, path, &allowance)
}

/// The same for some of its names: a folder of a million others takes no memory then.
pub(super) fn some(
    end: &mut dyn End,
    name: &str,
    path: &[u8],
    wanted: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> Result<Option<Page>, Fault> {
    let allowance = Allowance::new(end.limits()).only(wanted);
    page_or_none(end, name, path, &allowance)
}

/// Lists a folder, and gives files their names again that an interrupted deletion has put away there.
pub(super) fn restore_in(end: &mut dyn End, name: &str, folder: &[u8]) -> Result<(), Fault> {
    match alone(end, name, folder)? {
        Some(page) => restore(end, name, folder, &page).map(drop),
        None => Ok(()),
    }
}

/// Gives files their names again that an interrupted deletion has put away; whether there were any. A file of which both
/// names stand stays as it is: somebody made the other one meanwhile.
pub(super) fn restore(
    end: &mut dyn End,
    name: &str,
    folder: &[u8],
    page: &Page,
) -> Result<bool, Fault> {
    // What a listing lacks that is not whole may stand there all the same.
    if page.incomplete_reason().is_some() {
        return Ok(false);
    }
    let mut any = false;
    for (away, before) in put_away(page) {
        if page.entries().any(|entry| entry.name == before) {
            continue;
        }
        let (from, to) = (join(folder, away), join(folder, before));
        let renamed = end.rename(&from, &to, false, false);
        renamed.map_err(|cause| Fault::at(name, &cause, end).about(end.decode(&from)))?;
        any = true;
    }
    Ok(any)
}

/// The files of a page that were put away, and what they were called before.
pub(super) fn put_away(page: &Page) -> impl Iterator<Item = (&[u8], &[u8])> {
    let files = page.entries().filter(|entry| entry.kind == Kind::File);
    files.filter_map(|entry| Some((entry.name, name_before(entry.name)?)))
}

/// An error about a folder.
pub(super) fn no_page(end: &dyn End, name: &str, path: &[u8], cause: &Cause) -> NoPage {
    NoPage {
        fault: Fault::at(name, cause, end).about(end.decode(path)),
        missing: cause.is_missing(),
        lost: cause.is_lost(),
        limit: cause.is_limit(),
        misread: cause.misread().map(String::from),
    }
}

fn broken(end: &dyn End, name: &str, path: &[u8], reason: &str) -> NoPage {
    let mut fault = Fault::permanent(format!("the listing broke off: {reason}"));
    fault.class = Class::Transient;
    fault.failure.server = Some(name.to_owned());
    fault.failure.transcript = end.transcript();
    NoPage {
        fault: fault.about(end.decode(path)),
        missing: false,
        lost: false,
        limit: false,
        misread: None,
    }
}
