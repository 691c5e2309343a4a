//! What both ends ask of a session alike.

use crate::ftp::TransferType;

pub(super) fn transfer_type(ascii: bool) -> TransferType {
    match ascii {
        true => TransferType::Ascii,
        false => TransferType::Binary,
    }
}
