//! The sessions of one server: how many there may be, and what a refusal says of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Opening, SlotId};
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::files::ServerId;
use crate::plan::{Retry, StepId};
use crate::transfer::{Breaker, Cause, Class, End};

/// How long it may lie before it is looked at again.
const RESTED: Duration = Duration::from_secs(1);

/// So many sessions are refused alone, one after the other, before the number that are open is taken for the most there may
/// be: servers count for a while those that they have refused.
pub(super) const PROBES: u32 = 2;
pub(super) const PROBE_PAUSE: Duration = Duration::from_millis(50);

/// The sessions of one server.
pub(super) struct Pool {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) retry: Retry,
    pub(super) login: Option<StepId>,
    pub(super) cap: usize,
    pub(super) slots: BTreeMap<SlotId, Breaker>,
    pub(super) idle: Vec<Idle>,
    pub(super) opening: usize,
    pub(super) wanted: usize,
    pub(super) proven: bool,
    pub(super) failed: u32,
    pub(super) not_before: Option<Instant>,
    pub(super) broken: Option<Fault>,
    /// Set once a session too many was refused: others are then opened one at a time, because servers that count
    /// connections refuse a crowd as a whole.
    pub(super) careful: bool,
    /// The session that is being opened alone: its refusal tells how many there may be.
    pub(super) probe: Option<SlotId>,
    /// How often in a row one was refused.
    pub(super) probes_refused: u32,
}

pub(super) struct Idle {
    pub(super) slot: SlotId,
    pub(super) end: Box<dyn End>,
    pub(super) since: Instant,
}

impl Idle {
    pub(super) fn rested(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= RESTED
    }
}

impl Pool {
    /// How many sessions may be opened now: the first alone, because accounts get locked after wrong
    /// passwords; then as many as are wanted, up to the cap.
    pub(super) fn room(&self, now: Instant) -> usize {
        let waits = self.not_before.is_some_and(|at| at > now);
        let alone = self.careful && self.opening > 0;
        if self.broken.is_some() || alone || waits {
            return 0;
        }
        let wanted = self.wanted.saturating_sub(self.idle.len() + self.opening);
        let most = if self.proven { self.cap } else { 1 };
        let room = wanted.min(most.saturating_sub(self.slots.len()));
        if self.careful { room.min(1) } else { room }
    }

    pub(super) fn begin(&mut self, server: ServerId, slot: SlotId) -> Opening {
        let breaker = Breaker::new();
        self.slots.insert(slot, breaker.clone());
        self.opening += 1;
        self.probe = self.careful.then_some(slot);
        Opening {
            server,
            slot,
            breaker,
        }
    }

    pub(super) fn arrived(
        &mut self,
        slot: SlotId,
        end: Box<dyn End>,
        shared: &mut Shared,
        now: Instant,
    ) {
        self.proven = true;
        self.failed = 0;
        self.probes_refused = 0;
        self.not_before = None;
        if !self.slots.contains_key(&slot) {
            return;
        }
        self.idle.push(Idle {
            slot,
            end,
            since: now,
        });
        shared.emit(Event::SessionOpened {
            server: self.endpoint.name.clone(),
            session: Some(slot.0),
            open: u32::try_from(self.slots.len() - self.opening).unwrap_or(u32::MAX),
        });
    }

    pub(super) fn refused(
        &mut self,
        slot: SlotId,
        fault: Fault,
        cause: &Cause,
        shared: &mut Shared,
        now: Instant,
    ) {
        self.slots.remove(&slot);
        // Credentials that worked once are right: a refusal then speaks of the number of sessions.
        let too_many = cause.is_too_many() || (cause.is_login() && self.proven);
        let others = self.slots.len() - self.opening;
        if too_many && !self.slots.is_empty() {
            if self.probe != Some(slot) {
                self.careful = true;
            } else if self.probes_refused + 1 < PROBES {
                self.probes_refused += 1;
                self.not_before = Some(now + PROBE_PAUSE);
            } else {
                self.lower_cap(others, shared);
            }
            return;
        }
        self.failed += 1;
        let again = too_many || fault.class == Class::Transient;
        if again && self.failed < self.retry.attempts {
            return self.wait(&fault, shared, now);
        }
        // What is open goes on; no further one is tried.
        if others > 0 {
            return self.lower_cap(others, shared);
        }
        self.broken = Some(fault);
    }

    pub(super) fn lower_cap(&mut self, open: usize, shared: &mut Shared) {
        if open >= self.cap {
            return;
        }
        self.cap = open;
        shared.warn_server(
            &self.endpoint.name,
            format!(
                "allows {open} session{} now, fewer than `connections: {}`; the run goes on with {open}",
                if open == 1 { "" } else { "s" },
                self.endpoint.connections,
            ),
        );
    }

    pub(super) fn wait(&mut self, fault: &Fault, shared: &mut Shared, now: Instant) {
        let wait = shared.pause(&self.retry, self.failed);
        self.not_before = Some(now + wait);
        if let Some(step) = self.login {
            shared.retrying(step, fault, self.failed, &self.retry, wait);
        }
    }
}
