//! The job that opens a session.

use std::sync::Arc;

use super::fault::Fault;
use super::opened::Opened;
use super::sessions::Opening;
use super::shared::Shared;
use super::steps::Output;
use super::steps::job::Work;

/// The work of opening one session.
pub(super) fn work(opening: Opening, shared: &Shared) -> Work {
    let facts = shared.facts(opening.server).clone();
    let (world, plan) = (Arc::clone(&shared.world), Arc::clone(&shared.plan));
    Box::new(move |_| {
        let server = plan.server(opening.server);
        let opened = match world.connect(server, &facts, opening.breaker) {
            Ok(end) => Opened {
                learned: end.facts().cloned().unwrap_or_default(),
                result: Ok(end),
            },
            Err(refused) => {
                let name = &server.endpoint.name;
                let fault = Fault::of(name, &refused.cause, Vec::new());
                Opened {
                    learned: refused.learned,
                    result: Err((fault, refused.cause)),
                }
            }
        };
        Output::Opened(Box::new(opened))
    })
}
