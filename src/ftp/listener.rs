//! Active mode: a port of ours that only the server of this session may connect to.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::{Breaker, Registration, Why};
use super::error::{Error, ErrorKind};
use super::socket::{Patience, Socket};

/// How long one look at the port and the control connection is followed by a rest, at first and at most.
///
/// `accept` has no deadline that works on every system, and the control connection must be watched beside it.
const FIRST_REST: Duration = Duration::from_micros(200);
const LONGEST_REST: Duration = Duration::from_millis(10);

/// A port that waits for the server.
pub(super) struct Listener {
    listener: Arc<TcpListener>,
    peer: IpAddr,
    breaker: Breaker,
    /// Behind `listener`: the breaker's share must not outlive it.
    _known: Registration,
}

impl Listener {
    /// Listens on the control connection's own address, on a free port or one of the range given.
    pub(super) fn bind(
        local: IpAddr,
        ports: Option<(u16, u16)>,
        peer: IpAddr,
        breaker: &Breaker,
    ) -> Result<Listener, Error> {
        let bound = bind(local, ports).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let listener = Arc::new(listener);
            let known = breaker.register(&listener);
            Ok((listener, known))
        });
        let (listener, known) = bound.map_err(|error| {
            let range = ports.map_or(String::new(), |(first, last)| {
                format!(" on ports {first} to {last}")
            });
            let failed = Error::new(ErrorKind::DataConnect);
            let failed = failed.detail(format!("cannot listen{range}: {error}"));
            failed.for_want_of_a_port(error.kind())
        })?;
        Ok(Listener {
            listener,
            peer: peer.to_canonical(),
            breaker: breaker.clone(),
            _known: known,
        })
    }

    /// The port that the server is told.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Waits for the server until the deadline, or until it says something on the control connection.
    ///
    /// A connection from anywhere else is closed at once: whoever reaches the port first could otherwise give
    /// or take the file.
    pub(super) fn accept(
        self,
        deadline: Instant,
        server_speaks: impl Fn() -> bool,
    ) -> Result<(Socket, Registration), Error> {
        let mut rest = FIRST_REST;
        let mut last_look = false;
        loop {
            match self.listener.accept() {
                Ok((stream, from)) if self.allows(from) => return self.take(stream, deadline),
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failure(error.to_string())),
            }
            if last_look || self.breaker.tripped().is_some() || Instant::now() >= deadline {
                return Err(self.failure("the server did not connect".into()));
            }
            // It may have connected between the look at the port and the look at the control connection.
            last_look = server_speaks();
            std::thread::sleep(rest);
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    fn allows(&self, from: SocketAddr) -> bool {
        from.ip().to_canonical() == self.peer
    }

    fn take(&self, stream: TcpStream, deadline: Instant) -> Result<(Socket, Registration), Error> {
        // Some systems let an accepted socket inherit the mode of its listener.
        stream
            .set_nonblocking(false)
            .map_err(|error| self.failure(error.to_string()))?;
        let stream = Arc::new(stream);
        let known = self.breaker.register(&stream);
        Ok((Socket::new(stream, Patience::Until(deadline)), known))
    }

    fn failure(&self, detail: String) -> Error {
        match self.breaker.tripped() {
            Some(why) => Error::new(ErrorKind::Interrupted(why)),
            None if self.breaker.is_shut() => Error::new(ErrorKind::Interrupted(Why::Interrupted)),
            None => Error::new(ErrorKind::DataConnect).detail(detail),
        }
    }
}

fn bind(local: IpAddr, ports: Option<(u16, u16)>) -> io::Result<TcpListener> {
    let Some((first, last)) = ports else {
        return TcpListener::bind((local, 0));
    };
    let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
    for port in first..=last {
        match TcpListener::bind((local, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(peer: &str, ports: Option<(u16, u16)>) -> Result<Listener, Error> {
        let local = "127.0.0.1".parse().unwrap();
        Listener::bind(local, ports, peer.parse().unwrap(), &Breaker::new())
    }

    #[test]
    fn a_stranger_is_not_accepted() {
        let listener = listener("192.0.2.1", None).unwrap();
        let _stranger = TcpStream::connect(("127.0.0.1", listener.port().unwrap())).unwrap();
        let refused = listener.accept(Instant::now() + Duration::from_millis(20), || false);
        assert_eq!(refused.unwrap_err().kind, ErrorKind::DataConnect);
    }

    #[test]
    fn the_server_is_accepted() {
        let listener = listener("127.0.0.1", None).unwrap();
        let _server = TcpStream::connect(("127.0.0.1", listener.port().unwrap())).unwrap();
        let far = Instant::now() + Duration::from_secs(10);
        assert!(listener.accept(far, || false).is_ok());
    }

    #[test]
    fn the_next_port_of_the_range_is_taken_when_one_is_in_use() {
        let held = listener("127.0.0.1", None).unwrap();
        let port = held.port().unwrap();
        assert!(listener("127.0.0.1", Some((port, port))).is_err());
    }

    #[test]
    fn a_word_of_the_server_ends_the_wait() {
        let listener = listener("127.0.0.1", None).unwrap();
        let far = Instant::now() + Duration::from_secs(600);
        assert!(listener.accept(far, || true).is_err());
    }
}
