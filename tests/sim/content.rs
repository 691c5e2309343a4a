//! Contents of files: a number and a length stand for all bytes, and whether bytes are a whole content can be told.

use std::collections::BTreeSet;

use super::rng::mix;

/// What tells contents apart.
pub(super) type Sum = u64;

/// All contents that were ever whole files.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    known: BTreeSet<Sum>,
    next: u64,
}

impl Contents {
    /// The bytes of a new content. None of them ends a line, so that `type: ascii` changes nothing.
    pub(super) fn make(&mut self, length: usize) -> Vec<u8> {
        self.next += 1;
        let number = self.next;
        let byte = |at: u64| match mix(number << 32 | at) as u8 {
            b'\r' | b'\n' => b'-',
            byte => byte,
        };
        // The first bytes are of many contents alike, as those of versions of one file are.
        let shared = (length / 3) as u64;
        let bytes: Vec<u8> = (0..length as u64)
            .map(|at| match at < shared {
                true => b'=',
                false => byte(at),
            })
            .collect();
        self.known.insert(sum(&bytes));
        bytes
    }

    /// Whether a sum is that of a whole content.
    pub(super) fn knows(&self, sum: Sum) -> bool {
        self.known.contains(&sum)
    }

    /// Whether bytes are a whole content; no bytes at all always are.
    pub(super) fn is_whole(&self, bytes: &[u8]) -> bool {
        bytes.is_empty() || self.known.contains(&sum(bytes))
    }
}

/// The sum of bytes (FNV-1a); that of none is 0.
pub(super) fn sum(bytes: &[u8]) -> Sum {
    if bytes.is_empty() {
        return 0;
    }
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash.max(1)
}
