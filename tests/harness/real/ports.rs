//! Ports for servers of tests that run side by side, in this process and in others.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use super::HOST;

/// Below the ports that Linux gives to clients (from 32768), so that no outgoing connection sits on
/// one of them.
const FIRST: u16 = 10_000;
/// Ports in a block: enough for 64 sessions, each with a port or two in `TIME_WAIT`.
const BLOCK: u16 = 300;
const BLOCKS: u16 = 70;

/// A block of ports. Its first is kept bound as long as the value lives: that is the claim, which
/// holds against every other test process of this machine and cannot outlive this one.
pub(super) struct Ports {
    first: u16,
    _claim: TcpListener,
}

impl Ports {
    /// A block that nobody else claims and whose control port is free; another one at every call, so
    /// that a server that did not come up gets another chance elsewhere.
    pub(super) fn claim() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let process = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap();
        for _ in 0..BLOCKS {
            let block = (process + NEXT.fetch_add(1, Ordering::Relaxed) % BLOCKS) % BLOCKS;
            let first = FIRST + block * BLOCK;
            if let Ok(claim) = TcpListener::bind((HOST, first))
                && TcpListener::bind((HOST, first + 1)).is_ok()
            {
                return Self {
                    first,
                    _claim: claim,
                };
            }
        }
        panic!("no free block of ports from {FIRST} on");
    }

    pub(super) fn control(&self) -> u16 {
        self.first + 1
    }

    pub(super) fn passive_first(&self) -> u16 {
        self.first + 2
    }

    pub(super) fn passive_last(&self) -> u16 {
        self.first + BLOCK - 1
    }
}
