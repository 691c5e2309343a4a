//! The commands that arrange the next data connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use super::control::Session;
use super::data::DataPort;
use super::faults::{Orders, line};

/// A port where nobody listens: `discard`, which needs root to be served.
const DEAD_PORT: u16 = 9;

/// EPSV (RFC 2428 §3).
pub(super) fn extended_passive(
    session: &mut Session,
    argument: &[u8],
    orders: &Orders,
) -> io::Result<Vec<u8>> {
    if argument.eq_ignore_ascii_case(b"ALL") {
        session.passive_only = true;
        return Ok(line("200 EPSV ALL it is"));
    }
    let (_, port) = listen(session, orders)?;
    Ok(line(&format!(
        "229 Entering Extended Passive Mode (|||{port}|)"
    )))
}

/// PASV.
pub(super) fn passive(session: &mut Session, orders: &Orders) -> io::Result<Vec<u8>> {
    if session.passive_only || session.control.local_addr()?.is_ipv6() {
        return Ok(line("501 only EPSV here"));
    }
    let (ip, port) = listen(session, orders)?;
    let [a, b, c, d] = match (orders.pasv_address, ip) {
        (Some(lie), _) => lie,
        (None, IpAddr::V4(ip)) => ip.octets(),
        (None, IpAddr::V6(_)) => [127, 0, 0, 1],
    };
    Ok(line(&format!(
        "227 Entering Passive Mode ({a},{b},{c},{d},{},{}).",
        port >> 8,
        port & 255
    )))
}

/// Opens the next data port where the client reached the control port.
fn listen(session: &mut Session, orders: &Orders) -> io::Result<(IpAddr, u16)> {
    let ip = session.control.local_addr()?.ip();
    let listener = TcpListener::bind((ip, 0))?;
    if let Some(tune) = session.shared.config.tune_data {
        tune(&listener);
    }
    let port = if orders.dead_port {
        DEAD_PORT
    } else {
        listener.local_addr()?.port()
    };
    session.data = (!orders.dead_port).then_some(DataPort::Passive(listener));
    Ok((ip, port))
}

/// EPRT and PORT, their argument read.
pub(super) fn active(session: &mut Session, address: Option<SocketAddr>) -> Vec<u8> {
    let Some(address) = address else {
        return line("501 address not understood");
    };
    session.data = Some(DataPort::Active(address));
    line("200 data port noted")
}

/// `|1|127.0.0.1|40000|` (RFC 2428 §2).
pub(super) fn eprt(argument: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(argument).ok()?;
    let mut parts = text.split(text.chars().next()?).skip(2);
    let ip: IpAddr = parts.next()?.parse().ok()?;
    Some(SocketAddr::new(ip, parts.next()?.parse().ok()?))
}

/// `127,0,0,1,156,64`.
pub(super) fn port(argument: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(argument).ok()?;
    let bytes: Vec<u8> = text
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect::<Option<_>>()?;
    let [a, b, c, d, high, low] = bytes.try_into().ok()?;
    Some(SocketAddr::from((
        [a, b, c, d],
        u16::from_be_bytes([high, low]),
    )))
}
