//! Proof by checksum: which sums are compared, computing our own while the bytes pass, comparing them.
//!
//! A server is asked for the sum of what it stores; our own is taken over the bytes in the copying loop, so that a relay
//! is proven from end to end without a second reading. Of a continued file, the part that was there is read again where
//! it lies on this machine; between two servers their own sums are compared.

use std::io;

use super::end::{End, Fetch};
use super::error::{Cause, CopyError, Role, SumProblem};
use super::hasher::Hasher;
use super::item::Item;
use crate::ftp::{Algorithm, Checksum};

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

impl Sums {
    /// Chooses what is compared.
    ///
    /// # Errors
    /// [`SumProblem::NoCommand`] where the server that alone could prove the file, the destination's or that of a
    /// download's source, announces none.
    pub(super) fn agree(source: &dyn End, target: &dyn End) -> Result<Sums, CopyError> {
        let (from, to) = (source.sums(), target.sums());
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
        source: &mut dyn End,
        target: &mut dyn End,
        item: &Item,
        buffer: &mut [u8],
    ) -> Result<(), CopyError> {
        let mut own: Vec<Hasher> = self.algorithms().map(Hasher::new).collect();
        let (end, read) = match (start, source.sums(), target.sums()) {
            (0, ..) => (Role::Source, Ok(())),
            (_, None, Some(_)) => {
                let again = read_again(source, &item.source, start, &mut own, target, buffer);
                (Role::Source, again)
            }
            (_, Some(_), None) => {
                let again = read_again(target, item.written(), start, &mut own, source, buffer);
                (Role::Target, again)
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
        source: &mut dyn End,
        target: &mut dyn End,
        item: &Item,
    ) -> Result<Told, CopyError> {
        let mut told = Told::Stored;
        let own = self.own.take().into_iter().flatten();
        let mut known: Vec<Checksum> = own.map(Hasher::finish).collect();
        if let Some(algorithm) = self.source {
            let said = source.sum(&item.source, algorithm);
            let said = said.map_err(|cause| CopyError::new(Role::Source, cause))?;
            match said {
                Some(said) => {
                    meet(&mut known, said, Role::Source)?;
                    told = Told::Same;
                }
                // What a relay took from it was counted, and what passed is compared with the destination.
                None if self.target.is_some() && !known.is_empty() => {}
                None => return Err(refused(Role::Source, algorithm)),
            }
        }
        if let Some(algorithm) = self.target {
            let said = target.sum(item.written(), algorithm);
            let said = said.map_err(|cause| CopyError::new(Role::Target, cause))?;
            match said {
                Some(said) => meet(&mut known, said, Role::Target)?,
                None if item.direct => return Ok(Told::Nothing(unverified(algorithm))),
                None => return Err(refused(Role::Target, algorithm)),
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
pub(super) fn ask_anew(source: &mut dyn End, target: &mut dyn End) {
    source.distrust_sums();
    target.distrust_sums();
}

/// Compares a file that stands at its destination with its source, where that moves no bytes between the two: a
/// server's sum with this machine's, or two servers' with each other.
///
/// # Errors
/// [`CopyError::end`] says on which side.
pub fn compare(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
    buffer: &mut Vec<u8>,
) -> Result<Compared, CopyError> {
    buffer.resize(super::BUFFER, 0);
    let (from, to) = (source.sums(), target.sums());
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
    let here = sum_of(source, &item.source, algorithm, target, buffer)
        .map_err(|cause| CopyError::new(Role::Source, cause))?;
    let there = sum_of(target, &item.target, algorithm, source, buffer)
        .map_err(|cause| CopyError::new(Role::Target, cause))?;
    Ok(match (here, there) {
        (Some(here), Some(there)) if here == there => Compared::Same,
        (Some(_), Some(_)) => Compared::Different,
        _ => Compared::Unknown(unverified(algorithm)),
    })
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
fn deciding(target: &dyn End) -> Role {
    match target.sums() {
        Some(_) => Role::Target,
        None => Role::Source,
    }
}

/// Compares a server's sum with the one of its kind that is known, and keeps it where there is none.
fn meet(known: &mut Vec<Checksum>, said: Checksum, end: Role) -> Result<(), CopyError> {
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

fn refused(end: Role, algorithm: Algorithm) -> CopyError {
    CopyError::new(end, SumProblem::Refused { algorithm })
}

fn unverified(algorithm: Algorithm) -> String {
    format!("the server gives no {algorithm} of it")
}

/// The sum of a file where it lies: what a server says, or what is read and computed here.
fn sum_of(
    end: &mut dyn End,
    path: &[u8],
    algorithm: Algorithm,
    other: &dyn End,
    buffer: &mut [u8],
) -> Result<Option<Checksum>, Cause> {
    if end.sums().is_some() {
        return end.sum(path, algorithm);
    }
    let mut hashers = [Hasher::new(algorithm)];
    read_again(end, path, u64::MAX, &mut hashers, other, buffer)?;
    let [hasher] = hashers;
    Ok(Some(hasher.finish()))
}

/// Reads the first bytes of a file that lies here; ends when the other end is told to.
fn read_again(
    end: &mut dyn End,
    path: &[u8],
    most: u64,
    hashers: &mut [Hasher],
    other: &dyn End,
    buffer: &mut [u8],
) -> Result<(), Cause> {
    let fetch = Fetch {
        offset: 0,
        size_after: false,
        time_before: false,
        time_after: false,
    };
    end.open(path, fetch)?;
    let mut left = most;
    while left > 0 {
        other.check_interrupted()?;
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let length = match end.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(end.read_failed(path, error)),
        };
        left -= length as u64;
        for hasher in hashers.iter_mut() {
            hasher.update(&buffer[..length]);
        }
    }
    end.stop_reading(None, buffer);
    Ok(())
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
}
