//! What a file holds: bytes, a generated pattern of any length, or only the digest of what came in.

use std::sync::Arc;

/// The length of a pattern's repeated block. A prime, so that blocks swapped or lost at any buffer
/// size of a copying loop change the content.
const PERIOD: usize = 65_521;

/// The content of a file.
#[derive(Clone, Debug)]
pub enum Content {
    /// Held in memory.
    Bytes(Arc<[u8]>),
    /// Generated when read: a file of 2 GiB costs nothing.
    Pattern {
        /// Length in bytes.
        len: u64,
        /// Two seeds give two contents.
        seed: u64,
    },
    /// An upload of which only length and hash were kept; it cannot be downloaded again.
    Discarded(Digest),
}

impl Content {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Pattern { len, .. } => *len,
            Self::Discarded(digest) => digest.len,
        }
    }

    /// Length and hash of the whole content, comparable between all three kinds.
    pub fn digest(&self) -> Digest {
        if let Self::Discarded(digest) = self {
            return digest.clone();
        }
        let mut digest = Digest::default();
        let mut reader = Reader::new(self.clone(), 0);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match reader.read(&mut buffer) {
                0 => return digest,
                read => digest.update(&buffer[..read]),
            }
        }
    }

    /// The bytes themselves; nothing for a discarded upload.
    pub fn to_vec(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.to_vec()),
            Self::Pattern { len, seed } => Some(pattern(*len, *seed)),
            Self::Discarded(_) => None,
        }
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Content {
    fn from(bytes: &T) -> Self {
        Self::Bytes(bytes.as_ref().into())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// The bytes of [`Content::Pattern`].
pub fn pattern(len: u64, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(len).expect("a pattern that fits in memory")];
    let mut reader = Reader::new(Content::Pattern { len, seed }, 0);
    reader.read(&mut bytes);
    bytes
}

/// Reads a content from an offset on.
pub(super) struct Reader {
    content: Content,
    block: Vec<u8>,
    at: u64,
}

impl Reader {
    pub(super) fn new(content: Content, offset: u64) -> Self {
        let block = match &content {
            Content::Pattern { seed, .. } => block(*seed),
            Content::Bytes(_) | Content::Discarded(_) => Vec::new(),
        };
        Self {
            content,
            block,
            at: offset,
        }
    }

    /// Fills the buffer as far as the content goes; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let left = self.content.len().saturating_sub(self.at);
        let wanted = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < wanted {
            let source = match &self.content {
                Content::Bytes(bytes) => &bytes[self.at as usize..],
                Content::Pattern { .. } => &self.block[(self.at % PERIOD as u64) as usize..],
                Content::Discarded(_) => return 0,
            };
            let piece = source.len().min(wanted - done);
            buffer[done..done + piece].copy_from_slice(&source[..piece]);
            done += piece;
            self.at += piece as u64;
        }
        done
    }
}

/// One period of a pattern (splitmix64, a byte of each number).
fn block(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 32) as u8
    };
    (0..PERIOD).map(|_| next()).collect()
}

/// Length and hash of a stream of bytes, the same however the stream is cut into pieces. It finds
/// accidents, not forgeries.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    len: u64,
    state: u64,
    /// The last bytes that do not fill a word yet.
    tail: Vec<u8>,
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digest = Self::default();
        digest.update(bytes);
        digest
    }

    /// Adds bytes at the end.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len() as u64;
        if !self.tail.is_empty() {
            let missing = (8 - self.tail.len()).min(bytes.len());
            self.tail.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.tail.len() < 8 {
                return;
            }
            let word = std::mem::take(&mut self.tail);
            self.state = mix(self.state, &word);
        }
        let words = bytes.chunks_exact(8);
        self.tail.extend_from_slice(words.remainder());
        for word in words {
            self.state = mix(self.state, word);
        }
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The hash of the bytes so far.
    pub fn hash(&self) -> u64 {
        let mut last = self.tail.clone();
        last.resize(8, 0);
        mix(mix(self.state, &last), &self.len.to_le_bytes())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        (self.len, self.hash()) == (other.len, other.hash())
    }
}

impl Eq for Digest {}

/// `word` is eight bytes.
fn mix(state: u64, word: &[u8]) -> u64 {
    let word = word.try_into().map_or(0, u64::from_le_bytes);
    (state.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
