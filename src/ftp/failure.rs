//! What it means when the control connection breaks, or says what does not fit.

use std::io;

use suppaftp::FtpError;

use super::breaker::{Breaker, Why};
use super::error::{self, Error, ErrorKind, Waiting};
use super::reply::Reply;
use super::shown::Shown;
use super::tls;

/// An error between a command that changes something and its reply.
pub(super) fn unknown_outcome(error: Error) -> Error {
    match error.kind {
        ErrorKind::Protocol => error
            .with_kind(ErrorKind::UnknownOutcome)
            .words(&error::OUT_OF_STEP),
        ErrorKind::Lost | ErrorKind::Timeout(_) => error.with_kind(ErrorKind::UnknownOutcome),
        _ => error,
    }
}

/// The error of a greeting that is none.
pub(super) fn greeting_error(error: FtpError, breaker: &Breaker, shown: &Shown) -> Error {
    let FtpError::UnexpectedResponse(response) = error else {
        return failure(error, Waiting::Greeting, breaker);
    };
    let Some(reply) = Reply::parse(&response.body, String::new()) else {
        return Error::new(ErrorKind::Greeting);
    };
    // Both mean that there are too many connections, and some servers say it before USER (530: ProFTPD's MaxClients).
    let kind = match reply.code {
        421 | 530 => ErrorKind::TooMany,
        _ => ErrorKind::Greeting,
    };
    let mut error = Error::new(kind);
    error.reply = Some(shown.answer(&reply));
    error
}

/// What an error of the connection means.
pub(super) fn failure(error: FtpError, waiting: Waiting, breaker: &Breaker) -> Error {
    if breaker.is_shut() {
        return Error::new(ErrorKind::Interrupted(
            breaker.tripped().unwrap_or(Why::Interrupted),
        ));
    }
    if let FtpError::ConnectionError(error) = &error
        && let Some(explained) = tls::explain(error)
    {
        return explained;
    }
    match error {
        FtpError::ConnectionError(error) => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                Error::new(ErrorKind::Timeout(waiting))
            }
            io::ErrorKind::InvalidData => Error::new(ErrorKind::Protocol).detail(error.to_string()),
            kind @ (io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable) => {
                let failed = Error::new(ErrorKind::Connect).detail(error.to_string());
                failed.for_want_of_a_port(kind)
            }
            io::ErrorKind::UnexpectedEof => {
                Error::new(ErrorKind::Lost).detail("closed by the server")
            }
            _ => Error::new(ErrorKind::Lost).detail(error.to_string()),
        },
        FtpError::BadResponse => Error::new(ErrorKind::Protocol),
        other => Error::new(ErrorKind::Protocol).detail(other.to_string()),
    }
}
