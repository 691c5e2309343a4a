//! Listing a folder, where a listing that broke halfway is a failure that can be tried again.

use crate::files::Page;
use crate::transfer::{Cause, Class, End};

use super::fault::Fault;

/// Why a folder could not be listed.
pub(super) struct NoPage {
    pub(super) fault: Fault,
    /// The folder is not there.
    pub(super) missing: bool,
    /// The session was closed before the first command.
    pub(super) lost: bool,
}

/// The entries of a folder, given by its absolute path.
///
/// A page that is incomplete on an end that goes on is all that there is to say; it is handed on as it is.
pub(super) fn page(end: &mut dyn End, name: &str, path: &[u8]) -> Result<Page, NoPage> {
    match end.list(path) {
        Ok(page) => match page.incomplete_reason() {
            Some(reason) if !end.healthy() => Err(broken(end, name, path, reason)),
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
) -> Result<Option<Page>, Fault> {
    match page(end, name, path) {
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
    }
}
