//! The sums that we compute ourselves.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::ftp::{Algorithm, Checksum};

/// A sum that grows with the bytes that pass.
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
    Sha1(Sha1),
    Md5(Md5),
    Crc32(crc32fast::Hasher),
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Hasher {
        match algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Md5 => Hasher::Md5(Md5::new()),
            Algorithm::Crc32 => Hasher::Crc32(crc32fast::Hasher::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Md5(hasher) => hasher.update(bytes),
            Hasher::Crc32(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Checksum {
        let (algorithm, hex) = match self {
            Hasher::Sha256(hasher) => (Algorithm::Sha256, format!("{:x}", hasher.finalize())),
            Hasher::Sha512(hasher) => (Algorithm::Sha512, format!("{:x}", hasher.finalize())),
            Hasher::Sha1(hasher) => (Algorithm::Sha1, format!("{:x}", hasher.finalize())),
            Hasher::Md5(hasher) => (Algorithm::Md5, format!("{:x}", hasher.finalize())),
            Hasher::Crc32(hasher) => (Algorithm::Crc32, format!("{:08x}", hasher.finalize())),
        };
        Checksum { algorithm, hex }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Algorithm::{Crc32, Md5, Sha1, Sha256};

    #[test]
    fn the_sums_are_those_of_the_standards() {
        let of = |algorithm| {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"12345");
            hasher.update(b"6789");
            hasher.finish().hex
        };
        assert_eq!(of(Crc32), "cbf43926");
        assert_eq!(of(Md5), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(of(Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(
            of(Sha256),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
        );
        assert_eq!(of(Algorithm::Sha512).len(), Algorithm::Sha512.digits());
    }
}
