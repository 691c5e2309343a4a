//! The sessions of a run: which are open, which are free, and when another may be opened.
//!
//! Sessions move: a job takes them and gives them back. A slot is counted from the moment its session is
//! being opened until it is known to be closed, so that a server never sees more than its cap.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::files::ServerId;
use crate::plan::{Retry, StepId};
use crate::transfer::{Breaker, Cause, Class, End, Facts};

use super::fault::Fault;
use super::job::Roles;
use super::shared::Shared;

/// How long a session may lie idle before it is closed.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// How long it may lie before it is looked at again.
const RESTED: Duration = Duration::from_secs(1);

/// A place for a session, from before it is opened until after it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SlotId(u64);

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

/// What became of it.
pub(super) struct Opened {
    pub(super) result: Result<Box<dyn End>, (Fault, Cause)>,
    pub(super) learned: Facts,
}

/// All servers' sessions.
pub(super) struct Sessions {
    servers: Vec<Pool>,
    next_slot: u64,
    reserved: Option<(StepId, Roles)>,
}

/// So many sessions are refused alone, one after the other, before the number that are open is taken for the most there may
/// be: servers count for a while those that they have refused.
const PROBES: u32 = 2;
const PROBE_PAUSE: Duration = Duration::from_millis(50);

struct Pool {
    endpoint: Arc<Endpoint>,
    retry: Retry,
    login: Option<StepId>,
    cap: usize,
    slots: BTreeMap<SlotId, Breaker>,
    idle: Vec<Idle>,
    opening: usize,
    wanted: usize,
    proven: bool,
    failed: u32,
    not_before: Option<Instant>,
    broken: Option<Fault>,
    /// Set once a session too many was refused: others are then opened one at a time, because servers that count
    /// connections refuse a crowd as a whole.
    careful: bool,
    /// The session that is being opened alone: its refusal tells how many there may be.
    probe: Option<SlotId>,
    /// How often in a row one was refused.
    probes_refused: u32,
}

struct Idle {
    slot: SlotId,
    end: Box<dyn End>,
    since: Instant,
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
            self.pool(server).drop_stale();
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
            pool.slots.remove(&slot);
            return;
        }
        pool.idle.push(Idle {
            slot,
            end,
            since: now,
        });
    }

    /// Closes the place of a session that did not come back.
    pub(super) fn lost(&mut self, server: ServerId, slot: SlotId) {
        self.pool(server).slots.remove(&slot);
    }

    /// The sessions to be opened now, given what is wanted; at most so many.
    pub(super) fn openings(&mut self, now: Instant, most: usize) -> Vec<Opening> {
        let mut openings = Vec::new();
        for at in 0..self.servers.len() {
            let room = self.servers[at].room(now).min(most - openings.len());
            for _ in 0..room {
                self.next_slot += 1;
                let server = ServerId::new(at);
                openings.push(self.servers[at].begin(server, SlotId(self.next_slot)));
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

impl Idle {
    fn rested(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= RESTED
    }
}

impl Pool {
    /// Closes idle sessions that the server has closed already. The look does not wait.
    fn drop_stale(&mut self) {
        while let Some(stale) = self.idle.pop_if(|last| last.end.is_stale()) {
            self.slots.remove(&stale.slot);
        }
    }

    /// How many sessions may be opened now: the first alone, because accounts get locked after wrong
    /// passwords; then as many as are wanted, up to the cap.
    fn room(&self, now: Instant) -> usize {
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

    fn begin(&mut self, server: ServerId, slot: SlotId) -> Opening {
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

    fn arrived(&mut self, slot: SlotId, end: Box<dyn End>, shared: &mut Shared, now: Instant) {
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
            session: None,
            open: u32::try_from(self.slots.len() - self.opening).unwrap_or(u32::MAX),
        });
    }

    fn refused(
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

    fn lower_cap(&mut self, open: usize, shared: &mut Shared) {
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

    fn wait(&mut self, fault: &Fault, shared: &mut Shared, now: Instant) {
        let wait = shared.pause(&self.retry, self.failed);
        self.not_before = Some(now + wait);
        if let Some(step) = self.login {
            shared.retrying(step, fault, self.failed, &self.retry, wait);
        }
    }
}
