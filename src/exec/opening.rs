//! The job that opens a session.

use std::sync::Arc;

use crate::ftp::Session;

use super::fault::Fault;
use super::job::Work;
use super::sessions::{Opened, Opening};
use super::shared::Shared;
use super::steps::Output;

/// The work of opening one session.
pub(super) fn work(opening: Opening, shared: &Shared) -> Work {
    let facts = shared.facts(opening.server).clone();
    let redact = Arc::clone(&shared.redact);
    Box::new(move |_| {
        let Opening {
            endpoint,
            password,
            breaker,
            ..
        } = opening;
        let opened = match Session::open(&endpoint, &password, &facts, breaker, redact) {
            Ok(session) => Opened {
                learned: session.facts().clone(),
                result: Ok(Box::new(session)),
            },
            Err(error) => Opened {
                learned: error.learned.as_deref().cloned().unwrap_or_default(),
                result: Err((Fault::ftp(&endpoint.name, &error, None), error.kind)),
            },
        };
        Output::Opened(Box::new(opened))
    })
}
