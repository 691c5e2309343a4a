//! Connecting sockets: with one deadline over all addresses, and known to the breaker before they connect.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, SockRef, TcpKeepalive, Type};

use super::breaker::{Breaker, Registration, Why};
use super::error::{Error, ErrorKind, Waiting};
use super::socket::{Patience, Socket};

/// A quiet control connection is probed after this long, so that routers do not forget it (servers close it
/// or NAT drops it during a long transfer).
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Opens a control connection, trying each of the host's addresses in turn until the deadline.
pub(super) fn control(
    addresses: &[SocketAddr],
    deadline: Instant,
    breaker: &Breaker,
) -> Result<(Socket, Registration), Error> {
    let mut last = Error::new(ErrorKind::Connect).detail("no address");
    for (tried, address) in (0_u32..).zip(addresses) {
        // One address that swallows packets (IPv6 without a route) must not use up the time of the others.
        let others = u32::try_from(addresses.len()).map_or(1, |all| all - tried);
        let left = deadline.saturating_duration_since(Instant::now());
        match connect(*address, Instant::now() + left / others, breaker) {
            Ok((socket, known)) => {
                tune(socket.stream());
                return Ok((socket, known));
            }
            Err(error) => {
                last = describe(
                    error,
                    *address,
                    Waiting::Connect,
                    ErrorKind::Connect,
                    breaker,
                );
            }
        }
        if matches!(last.kind, ErrorKind::Interrupted(_)) {
            break;
        }
    }
    Err(last)
}

/// Opens a data connection to the server.
pub(super) fn data(
    address: SocketAddr,
    deadline: Instant,
    breaker: &Breaker,
) -> Result<(Socket, Registration), Error> {
    connect(address, deadline, breaker).map_err(|error| {
        describe(
            error,
            address,
            Waiting::Data,
            ErrorKind::DataConnect,
            breaker,
        )
    })
}

fn connect(
    address: SocketAddr,
    deadline: Instant,
    breaker: &Breaker,
) -> io::Result<(Socket, Registration)> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    let stream = Arc::new(TcpStream::from(socket));
    let known = breaker.register(&stream);
    SockRef::from(&*stream).connect_timeout(&SockAddr::from(address), left)?;
    Ok((Socket::new(stream, Patience::Until(deadline)), known))
}

/// Settings that only make a connection better: a system that refuses them is no reason to fail.
fn tune(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    let _ = SockRef::from(socket).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
}

fn describe(
    error: io::Error,
    address: SocketAddr,
    waiting: Waiting,
    kind: ErrorKind,
    breaker: &Breaker,
) -> Error {
    if breaker.is_shut() {
        return Error::new(ErrorKind::Interrupted(
            breaker.tripped().unwrap_or(Why::Interrupted),
        ));
    }
    let said = error.kind();
    let kind = match (said, waiting) {
        // For a data connection the kind says more than the deadline: another mode may help.
        (io::ErrorKind::TimedOut, Waiting::Connect) => ErrorKind::Timeout(waiting),
        _ => kind,
    };
    let failed = Error::new(kind).detail(format!("{address}: {error}"));
    failed.for_want_of_a_port(said)
}

#[cfg(test)]
mod tests {
    use super::super::error::Class;
    use super::*;

    #[test]
    fn a_machine_without_a_free_port_tries_again_and_says_why() {
        let address = SocketAddr::from(([127, 0, 0, 1], 21));
        for said in [io::ErrorKind::AddrInUse, io::ErrorKind::AddrNotAvailable] {
            for (waiting, kind) in [
                (Waiting::Connect, ErrorKind::Connect),
                (Waiting::Data, ErrorKind::DataConnect),
            ] {
                let error = describe(said.into(), address, waiting, kind, &Breaker::new());
                assert_eq!((error.kind, error.class()), (kind, Class::Transient));
                assert!(error.help().unwrap().contains("fewer `connections`"));
            }
        }
    }
}
