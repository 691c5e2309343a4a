//! What a run asks its plan for again and again, found out once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::endpoint::ClockOffset;
use crate::files::{ServerId, Side};
use crate::plan::Plan;
use crate::transfer::Reading;

/// How often each set will be read. A deletion may ask once more for what a transfer was to copy.
pub(super) fn readers(plan: &Plan) -> Vec<usize> {
    let deletes = plan.steps.iter().any(|step| step.kind.removes());
    let extras = plan.deletes_extras();
    let mut readers = vec![0; plan.steps.len()];
    for step in &plan.steps {
        let copies = step.kind.changes() && !step.kind.removes();
        let again = usize::from(deletes && copies);
        for from in &step.takes {
            readers[from.0 as usize] += 1 + again;
        }
        // Extras are compared with all that the lists of sources hold.
        if let Some(list) = plan.list_of(step.id).filter(|_| extras && copies) {
            readers[list.0 as usize] += 1;
        }
    }
    readers
}

/// The entry of each server, and the zone that the manifest gives it.
pub(super) fn readings(plan: &Plan) -> Arc<[Reading]> {
    let offsets = plan
        .servers
        .iter()
        .map(|server| server.endpoint.clock_offset);
    let readings = offsets.enumerate().map(|(at, offset)| Reading {
        side: Side::Server(ServerId::new(at)),
        zone: match offset {
            ClockOffset::Fixed(seconds) => seconds,
            ClockOffset::Auto => 0,
        },
    });
    readings.collect()
}

/// For each server the first one of its key.
pub(super) fn firsts(plan: &Plan) -> Vec<ServerId> {
    let mut known = HashMap::new();
    let keys = plan.servers.iter().map(|server| server.endpoint.key());
    let firsts = keys
        .enumerate()
        .map(|(at, key)| *known.entry(key).or_insert(ServerId::new(at)));
    firsts.collect()
}
