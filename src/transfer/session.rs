//! What both ends ask of a session alike.

use crate::ftp::{self, Session, TransferType};

pub(super) fn transfer_type(ascii: bool) -> TransferType {
    match ascii {
        true => TransferType::Ascii,
        false => TransferType::Binary,
    }
}

/// Gives a transfer up, and lets the server's own word for it decide how it is met (452 while data was sent).
pub(super) fn broken(session: &mut Session, error: ftp::Error) -> ftp::Error {
    let mut error = session.give_up(error);
    let broke = matches!(
        error.kind,
        ftp::ErrorKind::DataLost | ftp::ErrorKind::Timeout(_)
    );
    if broke && error.reply.is_some() {
        error.kind = ftp::ErrorKind::NotWhole;
    }
    error
}
