//! Listing a folder on a server, where a listing that broke halfway is a failure that can be tried again.

use crate::files::Page;
use crate::ftp::{Class, Error, ErrorKind, Session};

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
/// A page that is incomplete on a session that goes on is all that the server has to say; it is handed on as it is.
pub(super) fn page(session: &mut Session, server: &str, path: &[u8]) -> Result<Page, NoPage> {
    match session.list(path) {
        Ok(page) => match page.incomplete_reason() {
            Some(reason) if !session.healthy() => Err(broken(session, server, path, reason)),
            _ => Ok(page),
        },
        Err(error) => Err(no_page(session, server, path, &error)),
    }
}

/// An error about a folder.
pub(super) fn no_page(session: &Session, server: &str, path: &[u8], error: &Error) -> NoPage {
    NoPage {
        fault: Fault::ftp(server, error, Some(session)).about(session.decode(path)),
        missing: error.kind == ErrorKind::Missing,
        lost: Fault::lost(error),
    }
}

fn broken(session: &Session, server: &str, path: &[u8], reason: &str) -> NoPage {
    let mut fault = Fault::permanent(format!("the listing broke off: {reason}"));
    fault.class = Class::Transient;
    fault.failure.server = Some(server.to_owned());
    fault.failure.transcript = session.transcript();
    NoPage {
        fault: fault.about(session.decode(path)),
        missing: false,
        lost: false,
    }
}
