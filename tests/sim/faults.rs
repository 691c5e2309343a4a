//! The errors that real ends give for what happens in the world.

use std::io;

use ftpflow::ftp::{Answer, Error, ErrorKind};
use ftpflow::local::{self, Act};
use ftpflow::transfer::Cause;

/// An error of a session.
pub(super) fn ftp(kind: ErrorKind, command: &str) -> Error {
    let mut error = Error::new(kind);
    error.command = Some(command.to_owned());
    error
}

/// A complete reply that refuses.
pub(super) fn refused(kind: ErrorKind, command: &str, code: u16) -> Error {
    let mut error = ftp(kind, command);
    error.reply = Some(Answer {
        code,
        text: "no".into(),
    });
    error
}

/// An error of this machine's disk.
pub(super) fn disk(act: Act, path: &[u8], kind: io::ErrorKind) -> Cause {
    local::Error::system(act, path, &io::Error::from(kind)).into()
}
