//! Length and hash of what came in, without keeping it.

use super::content::{Content, HEAD, MARK, PERIOD, Reader, block};

/// Length and hash of a stream of bytes, the same however the stream is cut into pieces. It finds
/// accidents, not forgeries.
///
/// A stream that is a [`Content::Pattern`] from its first byte on is known by its seed, and only
/// compared: hashing 2 GiB takes a debug build ten seconds, comparing them less than one.
#[derive(Clone, Debug)]
pub struct Digest {
    len: u64,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// Too short to tell.
    Start(Vec<u8>),
    Pattern {
        seed: u64,
        block: Vec<u8>,
    },
    Hash(Hash),
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digest = Self::default();
        digest.update(bytes);
        digest
    }

    /// The digest of a pattern, without generating it.
    pub(super) fn of_pattern(len: u64, seed: u64) -> Self {
        let block = block(seed);
        if len < HEAD as u64 {
            return Self::of(&block[..len as usize]);
        }
        Self {
            len,
            form: Form::Pattern { seed, block },
        }
    }

    /// Adds bytes at the end.
    pub fn update(&mut self, bytes: &[u8]) {
        let at = self.len;
        self.len += bytes.len() as u64;
        match &mut self.form {
            Form::Hash(hash) => hash.update(bytes),
            Form::Pattern { block, .. } if continues(block, at, bytes) => {}
            Form::Pattern { seed, .. } => {
                self.form = Form::Hash(Hash::of_pattern(at, *seed).and(bytes))
            }
            Form::Start(start) => {
                start.extend_from_slice(bytes);
                if start.len() >= HEAD {
                    self.form = Form::decide(start);
                }
            }
        }
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// A file of this content: readable again when it is a pattern.
    pub(super) fn content(&self) -> Content {
        match &self.form {
            Form::Start(bytes) => bytes.clone().into(),
            Form::Pattern { seed, .. } => Content::Pattern {
                len: self.len,
                seed: *seed,
            },
            Form::Hash(_) => Content::Discarded(self.clone()),
        }
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            len: 0,
            form: Form::Start(Vec::new()),
        }
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.form, &other.form) {
            (Form::Start(one), Form::Start(other)) => one == other,
            (Form::Pattern { seed: one, .. }, Form::Pattern { seed: other, .. }) => one == other,
            (Form::Hash(one), Form::Hash(other)) => one == other,
            _ => false,
        };
        same && self.len == other.len
    }
}

impl Eq for Digest {}

impl Form {
    /// What a stream is, by its first bytes.
    fn decide(start: &[u8]) -> Self {
        if let Some(seed) = start.strip_prefix(&MARK).and_then(<[u8]>::first_chunk) {
            let seed = u64::from_le_bytes(*seed);
            let block = block(seed);
            if continues(&block, 0, start) {
                return Self::Pattern { seed, block };
            }
        }
        Self::Hash(Hash::default().and(start))
    }
}

/// Whether the bytes are those of the pattern from there on.
fn continues(block: &[u8], at: u64, mut bytes: &[u8]) -> bool {
    let mut from = (at % PERIOD as u64) as usize;
    while !bytes.is_empty() {
        let piece = bytes.len().min(PERIOD - from);
        if bytes[..piece] != block[from..from + piece] {
            return false;
        }
        bytes = &bytes[piece..];
        from = 0;
    }
    true
}

/// A hash over words of eight bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hash {
    state: u64,
    /// The last bytes, which do not fill a word yet.
    tail: Vec<u8>,
}

impl Hash {
    fn of_pattern(len: u64, seed: u64) -> Self {
        let mut reader = Reader::new(Content::Pattern { len, seed }, 0);
        let mut buffer = vec![0; PERIOD];
        let mut hash = Self::default();
        loop {
            match reader.read(&mut buffer) {
                0 => return hash,
                read => hash.update(&buffer[..read]),
            }
        }
    }

    fn and(mut self, bytes: &[u8]) -> Self {
        self.update(bytes);
        self
    }

    fn update(&mut self, mut bytes: &[u8]) {
        if !self.tail.is_empty() {
            let missing = (8 - self.tail.len()).min(bytes.len());
            self.tail.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.tail.len() < 8 {
                return;
            }
            let word = std::mem::take(&mut self.tail);
            self.add(&word);
        }
        let words = bytes.chunks_exact(8);
        self.tail.extend_from_slice(words.remainder());
        for word in words {
            self.add(word);
        }
    }

    /// `word` is eight bytes.
    fn add(&mut self, word: &[u8]) {
        let word = word
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        self.state = (self.state.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
