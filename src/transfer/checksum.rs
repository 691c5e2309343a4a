//! Proof by checksum: which sums are compared, computing our own while the bytes pass, comparing them.
//!
//! A server is asked for the sum of what it stores; our own is taken over the bytes in the copying loop, so that a relay
//! is proven from end to end without a second reading. Of a continued file, the part that was there is read again where
//! it lies on this machine; between two servers their own sums are compared.

use std::io::{self, Read};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::error::{Cause, CopyError, End, SumProblem};
use super::item::Item;
use super::source::Source;
use super::target::Target;
use crate::ftp::{Algorithm, Checksum, Session};
use crate::local::{Act, Root};

/// What is known of a file that stands at its destination already, after its checksum was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// It is the source's, byte for byte.
    Same,
    /// It is another one: copy it.
    Different,
    /// The sums are not to be had without moving the file; the reason.
    Unknown(String),
}

/// What the servers' sums proved of a file that has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is the source's, byte for byte.
    Same,
    /// What was read is what stands at the destination. The source was not asked: its size has to tell whether all was
    /// read.
    Stored,
    /// Nothing, and why: a file written under its final name (`publish: direct`), which its receiver may have taken.
    Nothing(String),
}

/// How one file is proven.
pub(super) struct Sums {
    /// Asked of the source server.
    source: Option<Algorithm>,
    /// Asked of the destination server.
    target: Option<Algorithm>,
    /// Whether one side is this machine.
    local: bool,
    /// Our own over the whole file; `None` where a part of it did not pass here.
    own: Option<Vec<Hasher>>,
}

enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
    Sha1(Sha1),
    Md5(Md5),
    Crc32(crc32fast::Hasher),
}

impl Sums {
    /// Chooses what is compared.
    ///
    /// # Errors
    /// [`SumProblem::NoCommand`] where the server that alone could prove the file, the destination's or that of a
    /// download's source, announces none.
    pub(super) fn agree(source: &Source<'_>, target: &Target<'_>) -> Result<Sums, CopyError> {
        let (from, to) = (source.offers(), target.offers());
        let local = from.is_none() || to.is_none();
        let (source, target) = choose(from, to)
            .ok_or_else(|| CopyError::new(deciding(target), SumProblem::NoCommand))?;
        Ok(Sums {
            source,
            target,
            local,
            own: None,
        })
    }

    /// Whether a continued file could be proven whole.
    pub(super) fn may_continue(&self) -> bool {
        self.local || self.source == self.target
    }

    /// Begins a file that has so many bytes at its destination; those that lie on this machine are read again.
    pub(super) fn begin(
        &mut self,
        start: u64,
        source: &Source<'_>,
        target: &Target<'_>,
        item: &Item,
        buffer: &mut [u8],
    ) -> Result<(), CopyError> {
        let mut own: Vec<Hasher> = self.algorithms().map(Hasher::new).collect();
        let (end, read) = match (start, source, target) {
            (0, ..) => (End::Source, Ok(())),
            (_, Source::Local(root), Target::Remote(other)) => {
                let again = read_again(root, &item.source, start, &mut own, other, buffer);
                (End::Source, again)
            }
            (_, Source::Remote(other), Target::Local(root)) => {
                let again = read_again(root, item.written(), start, &mut own, other, buffer);
                (End::Target, again)
            }
            _ => {
                self.own = None;
                return Ok(());
            }
        };
        read.map_err(|cause| CopyError::new(end, cause))?;
        self.own = Some(own);
        Ok(())
    }

    /// Takes in bytes that pass.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        for hasher in self.own.iter_mut().flatten() {
            hasher.update(bytes);
        }
    }

    /// Asks the servers, and compares.
    pub(super) fn compare(
        &mut self,
        source: &mut Source<'_>,
        target: &mut Target<'_>,
        item: &Item,
    ) -> Result<Told, CopyError> {
        let mut told = Told::Stored;
        let own = self.own.take().into_iter().flatten();
        let mut known: Vec<Checksum> = own.map(Hasher::finish).collect();
        if let Some(algorithm) = self.source {
            let said = source.checksum(&item.source, algorithm);
            let said = said.map_err(|cause| CopyError::new(End::Source, cause))?;
            match said {
                Some(said) => {
                    meet(&mut known, said, End::Source)?;
                    told = Told::Same;
                }
                // What a relay took from it was counted, and what passed is compared with the destination.
                None if self.target.is_some() && !known.is_empty() => {}
                None => return Err(refused(End::Source, algorithm)),
            }
        }
        if let Some(algorithm) = self.target {
            let said = target.checksum(item.written(), algorithm);
            let said = said.map_err(|cause| CopyError::new(End::Target, cause))?;
            match said {
                Some(said) => meet(&mut known, said, End::Target)?,
                None if item.direct => return Ok(Told::Nothing(unverified(algorithm))),
                None => return Err(refused(End::Target, algorithm)),
            }
        }
        Ok(told)
    }

    /// The kinds that our own sum is needed of.
    fn algorithms(&self) -> impl Iterator<Item = Algorithm> + use<> {
        let (source, target) = (self.source, self.target);
        source
            .into_iter()
            .chain(target.filter(|_| target != source))
    }
}

/// After sums that differ: the next try asks on new sessions, because a server may remember the sum of a wrong file.
pub(super) fn ask_anew(source: &mut Source<'_>, target: &mut Target<'_>) {
    if let Source::Remote(session) = source {
        session.distrust_checksums();
    }
    if let Target::Remote(session) = target {
        session.distrust_checksums();
    }
}

/// Compares a file that stands at its destination with its source, where that moves no bytes between the two: a
/// server's sum with this machine's, or two servers' with each other.
///
/// # Errors
/// [`CopyError::end`] says on which side.
pub fn compare(
    source: &mut Source<'_>,
    target: &mut Target<'_>,
    item: &Item,
    buffer: &mut Vec<u8>,
) -> Result<Compared, CopyError> {
    buffer.resize(super::BUFFER, 0);
    let (from, to) = (source.offers(), target.offers());
    let relay = from.is_some() && to.is_some();
    let (mine, theirs) = match choose(from, to) {
        None => {
            return Ok(Compared::Unknown(
                "the server offers no checksum command".into(),
            ));
        }
        Some((mine, theirs)) if relay && mine != theirs => {
            return Ok(Compared::Unknown(
                "the two servers offer no checksum command in common".into(),
            ));
        }
        Some((mine, theirs)) => (mine, theirs),
    };
    let Some(algorithm) = mine.or(theirs) else {
        return Ok(Compared::Unknown("no server can be asked".into()));
    };
    let here = sum_of(source, &item.source, algorithm, target.session(), buffer)
        .map_err(|cause| CopyError::new(End::Source, cause))?;
    let there = sum_at(target, &item.target, algorithm, source.session(), buffer)
        .map_err(|cause| CopyError::new(End::Target, cause))?;
    Ok(match (here, there) {
        (Some(here), Some(there)) if here == there => Compared::Same,
        (Some(_), Some(_)) => Compared::Different,
        _ => Compared::Unknown(unverified(algorithm)),
    })
}

impl Source<'_> {
    /// What a server announces; `None` for this machine.
    fn offers(&self) -> Option<Vec<Algorithm>> {
        self.session().map(Session::checksum_algorithms)
    }

    fn checksum(&mut self, path: &[u8], algorithm: Algorithm) -> Result<Option<Checksum>, Cause> {
        match self {
            Source::Remote(session) => Ok(session.checksum(path, algorithm)?),
            Source::Local(_) => Ok(None),
        }
    }

    fn session(&self) -> Option<&Session> {
        match self {
            Source::Remote(session) => Some(session),
            Source::Local(_) => None,
        }
    }
}

impl Target<'_> {
    /// What a server announces; `None` for this machine.
    fn offers(&self) -> Option<Vec<Algorithm>> {
        self.session().map(Session::checksum_algorithms)
    }

    fn checksum(&mut self, path: &[u8], algorithm: Algorithm) -> Result<Option<Checksum>, Cause> {
        match self {
            Target::Remote(session) => Ok(session.checksum(path, algorithm)?),
            Target::Local(_) => Ok(None),
        }
    }

    fn session(&self) -> Option<&Session> {
        match self {
            Target::Remote(session) => Some(session),
            Target::Local(_) => None,
        }
    }
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Hasher {
        match algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Md5 => Hasher::Md5(Md5::new()),
            Algorithm::Crc32 => Hasher::Crc32(crc32fast::Hasher::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Md5(hasher) => hasher.update(bytes),
            Hasher::Crc32(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Checksum {
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

/// What to ask of source and destination, given what each server offers, the best first; `None` stands for this
/// machine, which computes anything. One kind for both where they have one in common, so that one sum proves both ways.
fn choose(
    source: Option<Vec<Algorithm>>,
    target: Option<Vec<Algorithm>>,
) -> Option<(Option<Algorithm>, Option<Algorithm>)> {
    match (source, target) {
        (None, None) => None,
        (None, Some(there)) => Some((None, Some(*there.first()?))),
        (Some(there), None) => Some((Some(*there.first()?), None)),
        (Some(from), Some(to)) => {
            let common = from.iter().find(|algorithm| to.contains(algorithm));
            match common {
                Some(common) => Some((Some(*common), Some(*common))),
                None => Some((from.first().copied(), Some(*to.first()?))),
            }
        }
    }
}

/// The end whose server alone can prove a file.
fn deciding(target: &Target<'_>) -> End {
    match target {
        Target::Remote(_) => End::Target,
        Target::Local(_) => End::Source,
    }
}

/// Compares a server's sum with the one of its kind that is known, and keeps it where there is none.
fn meet(known: &mut Vec<Checksum>, said: Checksum, end: End) -> Result<(), CopyError> {
    let same = known.iter().find(|known| known.algorithm == said.algorithm);
    match same {
        Some(moved) if *moved != said => {
            let problem = SumProblem::Differs {
                algorithm: said.algorithm,
                there: said.hex,
                moved: moved.hex.clone(),
            };
            Err(CopyError::new(end, problem))
        }
        Some(_) => Ok(()),
        // Nothing passed here: a continued relay, whose destination is compared with this sum.
        None => {
            known.push(said);
            Ok(())
        }
    }
}

fn refused(end: End, algorithm: Algorithm) -> CopyError {
    CopyError::new(end, SumProblem::Refused { algorithm })
}

fn unverified(algorithm: Algorithm) -> String {
    format!("the server gives no {algorithm} of it")
}

fn sum_of(
    source: &mut Source<'_>,
    path: &[u8],
    algorithm: Algorithm,
    other: Option<&Session>,
    buffer: &mut [u8],
) -> Result<Option<Checksum>, Cause> {
    match (source, other) {
        (Source::Local(root), Some(other)) => here(root, path, algorithm, other, buffer).map(Some),
        (source, _) => source.checksum(path, algorithm),
    }
}

fn sum_at(
    target: &mut Target<'_>,
    path: &[u8],
    algorithm: Algorithm,
    other: Option<&Session>,
    buffer: &mut [u8],
) -> Result<Option<Checksum>, Cause> {
    match (target, other) {
        (Target::Local(root), Some(other)) => here(root, path, algorithm, other, buffer).map(Some),
        (target, _) => target.checksum(path, algorithm),
    }
}

fn here(
    root: &Root,
    path: &[u8],
    algorithm: Algorithm,
    other: &Session,
    buffer: &mut [u8],
) -> Result<Checksum, Cause> {
    let mut hashers = [Hasher::new(algorithm)];
    read_again(root, path, u64::MAX, &mut hashers, other, buffer)?;
    let [hasher] = hashers;
    Ok(hasher.finish())
}

/// Reads the first bytes of a local file; ends when the other end's session is told to.
fn read_again(
    root: &Root,
    path: &[u8],
    most: u64,
    hashers: &mut [Hasher],
    other: &Session,
    buffer: &mut [u8],
) -> Result<(), Cause> {
    let mut reading = root.read(path, 0)?.take(most);
    loop {
        other.check_interrupted()?;
        let length = match reading.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(root.system(Act::Read, path, &error).into()),
        };
        for hasher in hashers.iter_mut() {
            hasher.update(&buffer[..length]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Algorithm::{Crc32, Md5, Sha1, Sha256};

    #[test]
    fn one_kind_proves_both_ways_where_the_servers_have_one_in_common() {
        let of = |list: &[Algorithm]| Some(list.to_vec());
        for (source, target, expected) in [
            (None, of(&[Sha256, Md5]), Some((None, Some(Sha256)))),
            (of(&[Sha1, Md5]), None, Some((Some(Sha1), None))),
            (
                of(&[Sha256, Md5]),
                of(&[Md5, Crc32]),
                Some((Some(Md5), Some(Md5))),
            ),
            (of(&[Sha256]), of(&[Md5]), Some((Some(Sha256), Some(Md5)))),
            (of(&[]), of(&[Md5]), Some((None, Some(Md5)))),
            (of(&[Md5]), of(&[]), None),
            (None, of(&[]), None),
            (of(&[]), None, None),
        ] {
            assert_eq!(
                choose(source.clone(), target.clone()),
                expected,
                "{source:?} {target:?}"
            );
        }
    }

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
