//! Connecting sockets: with one deadline over all addresses, and known to the breaker before they connect.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, SockRef, TcpKeepalive, Type};

use super::breaker::{Breaker, Registration, Why};
use super::error::{Error, ErrorKind, Waiting};
use super::socket::{Patience, Socket};
#[cfg(target_os = "linux")]
use super::vigil;

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
    let mut socket = Socket::new(stream, Patience::Until(deadline));
    reach(&mut socket, &SockAddr::from(address), deadline, breaker)?;
    Ok((socket, known))
}

/// Connects, in calls that a breaker can end.
///
/// On Linux the limit for writing holds for `connect`, too, and is wanted afterwards anyway: two calls, where a socket that is
/// made non-blocking and blocking again takes six. A call after one that waited in vain waits on.
#[cfg(target_os = "linux")]
fn reach(
    socket: &mut Socket,
    address: &SockAddr,
    deadline: Instant,
    breaker: &Breaker,
) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.limit_writes(vigil::LOOK.min(left))?;
        let reached = SockRef::from(socket.stream()).connect(address);
        // Shut down before it was under way, it would stay open.
        if breaker.is_shut() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let Err(error) = reached else {
            return Ok(());
        };
        match Errno::from_io_error(&error) {
            Some(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR) => {}
            // An interrupted call may have been the last that it took.
            Some(Errno::ISCONN) => return Ok(()),
            _ => return Err(error),
        }
    }
}

/// Connects, in a call that a breaker can end.
#[cfg(not(target_os = "linux"))]
fn reach(
    socket: &mut Socket,
    address: &SockAddr,
    deadline: Instant,
    _: &Breaker,
) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    SockRef::from(socket.stream()).connect_timeout(address, left)
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

    /// An address whose connections nobody takes: what the system takes for its program is full.
    fn full() -> (socket2::Socket, Vec<TcpStream>, SocketAddr) {
        let listener = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let soon = Duration::from_millis(100);
        let taken = std::iter::from_fn(|| TcpStream::connect_timeout(&address, soon).ok());
        let taken = taken.collect();
        (listener, taken, address)
    }

    #[test]
    fn a_connection_that_nobody_takes_ends_at_the_deadline() {
        let (_listener, _taken, address) = full();
        // Longer than one call waits.
        let deadline = Instant::now() + Duration::from_millis(300);
        let error = connect(address, deadline, &Breaker::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_shut_breaker_ends_a_connection_that_nobody_takes() {
        let (_listener, _taken, address) = full();
        let breaker = Breaker::new();
        let other = breaker.clone();
        let thread = std::thread::spawn(move || {
            let far = Instant::now() + Duration::from_secs(600);
            data(address, far, &other).unwrap_err().kind
        });
        breaker.trip(Why::StepTimeout);
        breaker.shut();
        let kind = thread.join().unwrap();
        assert_eq!(kind, ErrorKind::Interrupted(Why::StepTimeout));
    }

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
