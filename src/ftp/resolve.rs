//! Finding a host's addresses within a time of its own: the system's resolver knows no deadline.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::error::{Error, ErrorKind, Waiting};

/// How often the breaker is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// The addresses of a host, one at least.
///
/// # Errors
/// `Connect` where it has none; `Timeout` where the resolver does not answer in this time, in which case its thread ends
/// by itself, later.
pub(super) fn addresses(
    host: &str,
    port: u16,
    time: Duration,
    breaker: &Breaker,
) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let place = (host.to_owned(), port);
    let found = within(host, time, breaker, move || {
        place.to_socket_addrs().map(Iterator::collect)
    })?;
    match found.is_empty() {
        true => Err(unknown(host, "it has no address")),
        false => Ok(found),
    }
}

fn within(
    host: &str,
    time: Duration,
    breaker: &Breaker,
    ask: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> Result<Vec<SocketAddr>, Error> {
    let (sender, answer) = mpsc::channel();
    let asking = thread::Builder::new().name("resolver".into());
    asking
        .spawn(move || {
            // Nobody waits any more where the time is over.
            let _ = sender.send(ask());
        })
        .map_err(|error| unknown(host, &error.to_string()))?;
    let deadline = Instant::now() + time;
    loop {
        if let Some(why) = breaker.tripped() {
            return Err(Error::new(ErrorKind::Interrupted(why)));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match answer.recv_timeout(left.min(LOOK)) {
            Ok(found) => return found.map_err(|error| unknown(host, &error.to_string())),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
            Err(RecvTimeoutError::Timeout) => {
                return Err(Error::new(ErrorKind::Timeout(Waiting::Resolution)).detail(host));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(unknown(host, "no answer")),
        }
    }
}

fn unknown(host: &str, why: &str) -> Error {
    Error::new(ErrorKind::Connect).detail(format!("{host}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::breaker::Why;

    /// A resolver that answers when the test is over.
    fn slow() -> (
        mpsc::Sender<()>,
        impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send,
    ) {
        let (hold, held) = mpsc::channel::<()>();
        let ask = move || {
            let _ = held.recv();
            Ok(Vec::new())
        };
        (hold, ask)
    }

    #[test]
    fn a_resolver_that_does_not_answer_is_named_as_such() {
        let (_hold, ask) = slow();
        let error = within(
            "far.example",
            Duration::from_millis(20),
            &Breaker::new(),
            ask,
        );
        let error = error.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout(Waiting::Resolution));
        let text = error.to_string();
        assert!(
            text.contains("name resolution") && text.contains("far.example"),
            "{text}"
        );
        assert!(error.help().unwrap().contains("resolver"));
    }

    #[test]
    fn a_breaker_ends_the_wait_for_it() {
        let (_hold, ask) = slow();
        let breaker = Breaker::new();
        breaker.trip(Why::StepTimeout);
        let error = within("far.example", Duration::from_secs(600), &breaker, ask).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Interrupted(Why::StepTimeout));
    }

    #[test]
    fn addresses_are_taken_as_they_are_and_names_asked_for() {
        let find = |host: &str| addresses(host, 21, Duration::from_secs(60), &Breaker::new());
        assert_eq!(find("::1").unwrap(), ["[::1]:21".parse().unwrap()]);
        assert!(!find("localhost").unwrap().is_empty());
    }
}
