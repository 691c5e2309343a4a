//! Listing a folder, where a listing that broke halfway is a failure that can be tried again.

use crate::files::{Allowance, Page};
use crate::transfer::{Cause, Class, End};

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
        Err(no_page) if no_page.missing => Ok(None),
        Err(no_page) => Err(no_page.fault),
    }
}

/// An error about a folder.
pub(super) fn no_page(end: &dyn End, name: &str, path: &[u8], cause: &Cause) -> NoPage {
    NoPage {
        fault: Fault::at(name, cause, end).about(end.decode(path)),
        missing: cause.is_missing(),
        lost: cause.is_lost(),
        limit: cause.is_limit(),
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
    }
}
