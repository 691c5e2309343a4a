//! The one fault that plain `std` cannot commit.

use std::net::TcpStream;
use std::time::Duration;

use socket2::SockRef;

use super::server::Do;

/// Resets the data connection (RST, not FIN) after so many bytes.
pub fn reset_at(bytes: u64) -> Do {
    Do::CutWith(bytes, |stream: &TcpStream| {
        let lingering = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        lingering.expect("SO_LINGER on a socket of ours");
    })
}
