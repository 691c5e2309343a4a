//! The sessions of a run: which are open, which are free, and when another may be opened.
//!
//! Sessions move: a job takes them and gives them back. A slot is counted from the moment its session is
//! being opened until it is known to be closed, so that a server never sees more than its cap.

mod pool;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::files::ServerId;
use crate::plan::{Retry, StepId};
use crate::transfer::{Breaker, End};

use super::fault::Fault;
use super::opened::Opened;
use super::roles::Roles;
use super::shared::Shared;
use pool::{Idle, Pool};

/// How long a session may lie idle before it is closed.
pub(super) const IDLE: Duration = Duration::from_secs(30);

/// A place for a session, from before it is opened until after it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SlotId(pub(super) u64);

/// A leased session and its place.
pub(super) struct Leased {
    pub(super) server: ServerId,
    pub(super) slot: SlotId,
    pub(super) end: Box<dyn End>,
    /// Whether it lay idle for so long that the server may have closed it.
    pub(super) rested: bool,
}

/// A session that is to be opened, by a job of its own.
pub(super) struct Opening {
    pub(super) server: ServerId,
    pub(super) slot: SlotId,
    pub(super) breaker: Breaker,
}

/// All servers' sessions.
pub(super) struct Sessions {
    servers: Vec<Pool>,
    next_slot: u64,
    /// Sessions that have ended, until that is told.
    closed: Vec<(ServerId, SlotId)>,
    reserved: Option<(StepId, Roles)>,
}

impl Sessions {
    /// No session yet, for the servers of a plan.
    pub(super) fn new(shared: &Shared) -> Sessions {
        let servers = shared.plan.servers.iter().enumerate().map(|(at, server)| {
            let login = shared.plan.login_of(ServerId::new(at));
            Pool {
                endpoint: Arc::clone(&server.endpoint),
                retry: login.map_or(Retry::default(), |step| shared.plan.step(step).retry),
                login,
                cap: server.endpoint.connections.max(1) as usize,
                slots: BTreeMap::new(),
                idle: Vec::new(),
                opening: 0,
                wanted: 0,
                proven: false,
                failed: 0,
                not_before: None,
                broken: None,
                careful: false,
                probe: None,
                probes_refused: 0,
            }
        });
        Sessions {
            servers: servers.collect(),
            next_slot: 0,
            closed: Vec::new(),
            reserved: None,
        }
    }

    /// Forgets what was wanted: said anew in each round.
    pub(super) fn begin_round(&mut self) {
        for pool in &mut self.servers {
            pool.wanted = 0;
        }
    }

    /// Says that so many further sessions of each role's server could be used.
    pub(super) fn want(&mut self, roles: &Roles, jobs: usize) {
        for server in roles.servers() {
            let pool = self.pool(server);
            pool.wanted = pool.wanted.saturating_add(jobs);
        }
    }

    /// The reason why one of these servers gives no session any more.
    pub(super) fn broken(&self, roles: &Roles) -> Option<&Fault> {
        roles
            .servers()
            .find_map(|server| self.servers[server.at()].broken.as_ref())
    }

    /// Takes a free session for each role, all or none.
    ///
    /// A step that needs several and finds only some reserves them, one reservation in the run at a time:
    /// others that need only one would otherwise take each that comes free, for ever.
    pub(super) fn take(
        &mut self,
        step: StepId,
        roles: &Roles,
        now: Instant,
    ) -> Option<Vec<Leased>> {
        for server in roles.servers() {
            self.drop_stale(server);
        }
        if !self.enough(step, roles) {
            if roles.servers().count() > 1 && self.reserved.is_none() {
                self.reserved = Some((step, roles.clone()));
            }
            return None;
        }
        if self.reserved.as_ref().is_some_and(|(by, _)| *by == step) {
            self.reserved = None;
        }
        let leased = roles.servers().filter_map(|server| {
            // The last one given back is the one least likely to have been closed meanwhile.
            let idle = self.servers[server.at()].idle.pop()?;
            Some(Leased {
                server,
                slot: idle.slot,
                rested: idle.rested(now),
                end: idle.end,
            })
        });
        Some(leased.collect())
    }

    /// The step that has reserved sessions.
    pub(super) fn reserved_by(&self) -> Option<StepId> {
        self.reserved.as_ref().map(|(step, _)| *step)
    }

    /// Gives up a reservation that its step has no use for any more.
    pub(super) fn unreserve(&mut self, step: StepId) {
        if self.reserved.as_ref().is_some_and(|(by, _)| *by == step) {
            self.reserved = None;
        }
    }

    /// Takes a session back from a job. One that cannot be used again is closed.
    pub(super) fn give_back(
        &mut self,
        server: ServerId,
        slot: SlotId,
        end: Box<dyn End>,
        now: Instant,
    ) {
        let pool = self.pool(server);
        let tripped = pool.slots.get(&slot).is_none_or(|b| b.tripped().is_some());
        if tripped || !end.healthy() {
            return self.lost(server, slot);
        }
        pool.idle.push(Idle {
            slot,
            end,
            since: now,
        });
    }

    /// Closes the place of a session that did not come back.
    pub(super) fn lost(&mut self, server: ServerId, slot: SlotId) {
        if self.pool(server).slots.remove(&slot).is_some() {
            self.closed.push((server, slot));
        }
    }

    /// Closes idle sessions that the server has closed already. The look does not wait.
    fn drop_stale(&mut self, server: ServerId) {
        let is_stale = |last: &mut Idle| last.end.is_stale();
        while let Some(stale) = self.pool(server).idle.pop_if(is_stale) {
            self.lost(server, stale.slot);
        }
    }

    /// The sessions that have ended since this was asked last.
    pub(super) fn take_closed(&mut self) -> Vec<(ServerId, SlotId)> {
        std::mem::take(&mut self.closed)
    }

    /// The sessions to be opened now, given what is wanted; at most so many.
    pub(super) fn openings(&mut self, now: Instant, most: usize) -> Vec<Opening> {
        let mut openings = Vec::new();
        for at in 0..self.servers.len() {
            let room = self.servers[at].room(now).min(most - openings.len());
            for _ in 0..room {
                let slot = SlotId(self.next_slot);
                self.next_slot += 1;
                openings.push(self.servers[at].begin(ServerId::new(at), slot));
            }
        }
        openings
    }

    /// When a server may be tried again, where one waits for that.
    pub(super) fn next_try(&self, now: Instant) -> Option<Instant> {
        let waiting = self.servers.iter().filter(|pool| pool.wanted > 0);
        let instants = waiting.filter_map(|pool| pool.not_before.filter(|at| *at > now));
        instants.min()
    }

    /// Takes in the end of an opening.
    pub(super) fn opened(
        &mut self,
        server: ServerId,
        slot: SlotId,
        opened: Opened,
        shared: &mut Shared,
        now: Instant,
    ) {
        shared.learn(server, &opened.learned);
        let pool = self.pool(server);
        pool.opening = pool.opening.saturating_sub(1);
        match opened.result {
            Ok(end) => pool.arrived(slot, end, shared, now),
            Err((fault, cause)) => pool.refused(slot, fault, &cause, shared, now),
        }
    }

    /// An opening ended without saying how (a panic).
    pub(super) fn opening_lost(&mut self, server: ServerId, slot: SlotId, fault: Fault) {
        let pool = self.pool(server);
        pool.opening = pool.opening.saturating_sub(1);
        pool.slots.remove(&slot);
        pool.broken = Some(fault);
    }

    /// The breaker of a slot.
    pub(super) fn breaker(&self, server: ServerId, slot: SlotId) -> Option<&Breaker> {
        self.servers[server.at()].slots.get(&slot)
    }

    /// Every breaker of the run.
    pub(super) fn breakers(&self) -> impl Iterator<Item = &Breaker> {
        self.servers.iter().flat_map(|pool| pool.slots.values())
    }

    /// Takes out the sessions that have lain idle for too long, or all of them.
    pub(super) fn retire(&mut self, now: Option<Instant>) -> Vec<Leased> {
        let mut retired = Vec::new();
        for (at, pool) in self.servers.iter_mut().enumerate() {
            let server = ServerId::new(at);
            let old = |idle: &Idle| now.is_none_or(|now| now >= idle.since + IDLE);
            let (gone, kept) = std::mem::take(&mut pool.idle).into_iter().partition(old);
            pool.idle = kept;
            let gone: Vec<Idle> = gone;
            retired.extend(gone.into_iter().map(|idle| Leased {
                server,
                slot: idle.slot,
                rested: true,
                end: idle.end,
            }));
        }
        retired
    }

    /// When the first idle session has lain for too long.
    pub(super) fn next_retirement(&self) -> Option<Instant> {
        let idle = self.servers.iter().flat_map(|pool| &pool.idle);
        idle.map(|idle| idle.since + IDLE).min()
    }

    fn pool(&mut self, server: ServerId) -> &mut Pool {
        &mut self.servers[server.at()]
    }

    fn enough(&self, step: StepId, roles: &Roles) -> bool {
        roles.servers().all(|server| {
            let needed = roles.servers().filter(|other| *other == server).count();
            let free = self.servers[server.at()].idle.len();
            free >= needed + self.reserved_by_others(step, server)
        })
    }

    fn reserved_by_others(&self, step: StepId, server: ServerId) -> usize {
        match &self.reserved {
            Some((by, roles)) if *by != step => {
                roles.servers().filter(|role| *role == server).count()
            }
            _ => 0,
        }
    }
}
