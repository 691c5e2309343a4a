//! What a file holds: bytes, a generated pattern of any length, or only the digest of what came in.

use std::sync::Arc;

use super::digest::Digest;

/// The length of a pattern's repeated block. A prime, so that blocks swapped or lost at any buffer
/// size of a copying loop change the content.
pub(super) const PERIOD: usize = 65_521;

/// A pattern begins with this mark and its seed, eight bytes each.
pub(super) const MARK: [u8; 8] = *b"\0pattern";
pub(super) const HEAD: usize = 16;

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
            Self::Discarded(digest) => digest.len(),
        }
    }

    /// Length and hash of the whole content, comparable between all three kinds.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Pattern { len, seed } => Digest::of_pattern(*len, *seed),
            Self::Discarded(digest) => digest.clone(),
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

/// One period of a pattern: a mark and the seed, by which [`Digest`] knows it again, then noise.
pub(super) fn block(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 32) as u8
    };
    let mut block = [MARK, seed.to_le_bytes()].concat();
    block.extend((HEAD..PERIOD).map(|_| next()));
    block
}
