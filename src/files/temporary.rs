//! The name a file has while it is not yet whole: `NAME.ftpflow-HHHHHHHHHHHHHHHH`.
//!
//! Its sixteen digits say three things: whose it is (manifest, step and source path), which version of the source it is a
//! part of (size and exact time), and that it is ours at all: the last six are a sum of the others. A name that somebody
//! else gave to a file of theirs has no such sum, and is treated as any other.

use sha2::{Digest, Sha256};

use super::Time;
use super::path::{join, split};

const MARK: &[u8] = b".ftpflow-";
/// Digits for whose it is.
const OWNER: usize = 5;
/// Digits for the version of the source.
const VERSION: usize = 5;
/// Digits of the sum over both.
const SUM: usize = 6;
const DIGITS: usize = OWNER + VERSION + SUM;
const LONGEST: usize = 255;
/// How many bytes at the end of a temporary name no other file's name ends in; they are ASCII.
pub const TEMPORARY_TAIL: usize = MARK.len() + DIGITS;

/// What partial files belong to.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint<'a> {
    /// The manifest's name.
    pub manifest: &'a str,
    /// The step's name.
    pub step: &'a str,
    /// `host:port:user` of the source server; empty for this machine.
    pub source: &'a str,
    /// Absolute source path, as bytes of the source.
    pub path: &'a [u8],
}

/// The temporary paths of one file: one for each version of its source, so that a partial file needs no journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partials {
    /// What all of them begin with.
    prefix: Vec<u8>,
}

impl Partials {
    /// Those beside a path, at most 255 bytes a name.
    ///
    /// A name that must be shortened is cut before a UTF-8 character, never inside one; in other encodings the
    /// cut may split a character, which no server minds in a name that soon goes.
    pub fn of(path: &[u8], owner: &Fingerprint<'_>) -> Partials {
        let (folder, name) = split(path);
        let mut keep = name.len().min(LONGEST - MARK.len() - DIGITS);
        while keep > 0 && keep < name.len() && name[keep] & 0xc0 == 0x80 {
            keep -= 1;
        }
        let owner = [
            owner.manifest.as_bytes(),
            owner.step.as_bytes(),
            owner.source.as_bytes(),
            owner.path,
        ];
        let name = [&name[..keep], MARK, digits::<OWNER>(&owner).as_bytes()].concat();
        let at_root = path.starts_with(b"/") && folder.is_empty();
        Partials {
            prefix: join(if at_root { b"/" } else { folder }, &name),
        }
    }

    /// What all these paths begin with.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// The one for a version of the source.
    pub fn of_version(&self, size: Option<u64>, modified: Option<Time>) -> Vec<u8> {
        let nanos = modified.map_or(0, |time| time.nanos);
        let version = digits::<VERSION>(&[
            &size.unwrap_or(u64::MAX).to_be_bytes(),
            &modified.map_or(i64::MIN, |time| time.seconds).to_be_bytes(),
            &nanos.to_be_bytes(),
        ]);
        let mut path = [&self.prefix[..], version.as_bytes()].concat();
        let said = path.len() - OWNER - VERSION;
        let sum = digits::<SUM>(&[&path[said..]]);
        path.extend_from_slice(sum.as_bytes());
        path
    }

    /// Whether a path is one of them.
    pub fn hold(&self, path: &[u8]) -> bool {
        path.len() == self.prefix.len() + VERSION + SUM
            && path.starts_with(&self.prefix)
            && is_temporary(path)
    }
}

/// Whether a name is a temporary name of ftpflow's.
pub fn is_temporary(name: &[u8]) -> bool {
    let Some(at) = name.len().checked_sub(MARK.len() + DIGITS) else {
        return false;
    };
    let (mark, said) = name[at..].split_at(MARK.len());
    let (said, sum) = said.split_at(OWNER + VERSION);
    mark == MARK && digits::<SUM>(&[said]).as_bytes() == sum
}

/// The first `N` hex digits of the hash of some parts.
fn digits<const N: usize>(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut digits: String = hash
        .finalize()
        .iter()
        .take(N.div_ceil(2))
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.truncate(N);
    digits
}

const AWAY: &[u8] = b".ftpflow-away-";

/// The name that a file has while it is looked whether its copy stands without it, before it is deleted; none for a name
/// that is too long to be found again by it.
pub fn away_name(name: &[u8]) -> Option<Vec<u8>> {
    let fits = name.len() <= LONGEST - AWAY.len() - DIGITS;
    fits.then(|| [name, AWAY, away_digits(name).as_bytes()].concat())
}

/// The name that a file had before it was put away, which its name proves.
pub fn name_before(name: &[u8]) -> Option<&[u8]> {
    let at = name.len().checked_sub(AWAY.len() + DIGITS)?;
    let (before, rest) = name.split_at(at);
    let digits = rest.strip_prefix(AWAY)?;
    (digits == away_digits(before).as_bytes()).then_some(before)
}

fn away_digits(name: &[u8]) -> String {
    let digest = Sha256::digest(name);
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    digits.take(DIGITS / 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Fingerprint<'_> = Fingerprint {
        manifest: "m",
        step: "s",
        source: "h:21:u",
        path: b"/a",
    };

    fn name(path: &[u8], size: u64) -> Vec<u8> {
        Partials::of(path, &OWN).of_version(Some(size), None)
    }

    #[test]
    fn a_name_that_was_put_away_proves_what_it_was() {
        let name = "版本.zip".as_bytes();
        let away = away_name(name).unwrap();
        assert_eq!(name_before(&away), Some(name));
        assert!(!is_temporary(&away));
        assert_eq!(name_before(b"a.ftpflow-away-0123456789"), None);
        assert_eq!(away_name(&[b'a'; 240]), None);
    }

    #[test]
    fn a_temporary_name_is_recognised_and_others_are_not() {
        let ours = name("版本.zip".as_bytes(), 1);
        assert!(is_temporary(&ours));
        assert!(ours.starts_with("版本.zip.ftpflow-".as_bytes()));
        for theirs in [
            &b"a.ftpflow-0123456789"[..],
            b"a.ftpflow-0123456789abcdef",
            b"a.ftpflow-xyz0000000000000",
            b"ftpflow-1",
        ] {
            assert!(!is_temporary(theirs), "{theirs:?}");
        }
    }

    #[test]
    fn each_version_of_a_source_has_a_name_of_its_own() {
        let partials = Partials::of(b"d/a", &OWN);
        let versions = [
            partials.of_version(Some(1), None),
            partials.of_version(Some(2), None),
            partials.of_version(Some(1), Some(Time::at(5))),
            partials.of_version(Some(1), Some(Time::fine(5, 1))),
        ];
        for (at, version) in versions.iter().enumerate() {
            assert!(partials.hold(version));
            assert!(!versions[..at].contains(version));
        }
        let same = partials.of_version(Some(1), Some(Time::fine(5, 0)));
        assert_eq!(versions[2], same, "a time is one time, however it was told");
    }

    #[test]
    fn a_file_owns_its_own_partials_only() {
        let mine = Partials::of(b"d/a", &OWN);
        let others = Fingerprint { step: "t", ..OWN };
        for path in [&b"d/a"[..], b"d/aa", b"e/a"] {
            let theirs = Partials::of(path, &others).of_version(Some(1), None);
            assert!(!mine.hold(&theirs), "{theirs:?}");
        }
        assert!(!mine.hold(&[mine.prefix(), b"0123456789a"].concat()));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let path = ["d/".as_bytes(), "中".repeat(85).as_bytes()].concat();
        let name = name(&path, 1);
        assert!(name.len() <= 255 + 2);
        assert!(std::str::from_utf8(&name).is_ok());
    }

    #[test]
    fn a_file_at_the_root_stays_there() {
        assert!(name(b"/a", 1).starts_with(b"/a.ftpflow-"));
        assert!(name(b"a", 1).starts_with(b"a.ftpflow-"));
    }
}
