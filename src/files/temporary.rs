//! The name a file has while it is not yet whole: `NAME.ftpflow-HHHHHHHHHH`.

use sha2::{Digest, Sha256};

use super::Time;

const MARK: &[u8] = b".ftpflow-";
const DIGITS: usize = 10;
const LONGEST: usize = 255;

/// What a partial file belongs to. A changed source gives another name, so a partial needs no journal.
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
    /// Source size in bytes, where known.
    pub size: Option<u64>,
    /// Source time, where known.
    pub modified: Option<Time>,
}

impl Fingerprint<'_> {
    fn digits(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.manifest.as_bytes(),
            self.step.as_bytes(),
            self.source.as_bytes(),
            self.path,
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(self.size.unwrap_or(u64::MAX).to_be_bytes());
        hash.update(self.modified.map_or(i64::MIN, |t| t.seconds).to_be_bytes());
        let digest = hash.finalize();
        let digits = digest.iter().map(|byte| format!("{byte:02x}"));
        digits.take(DIGITS / 2).collect()
    }
}

/// The temporary name beside `name` (one name, no path), at most 255 bytes.
///
/// A name that must be shortened is cut before a UTF-8 character, never inside one; in other encodings the
/// cut may split a character, which no server minds in a name that soon goes.
pub fn temporary_name(name: &[u8], fingerprint: &Fingerprint<'_>) -> Vec<u8> {
    let mut keep = name.len().min(LONGEST - MARK.len() - DIGITS);
    while keep > 0 && keep < name.len() && name[keep] & 0xc0 == 0x80 {
        keep -= 1;
    }
    let mut temporary = name[..keep].to_vec();
    temporary.extend_from_slice(MARK);
    temporary.extend_from_slice(fingerprint.digits().as_bytes());
    temporary
}

/// Whether a name (no path) is a temporary name of ftpflow's.
pub fn is_temporary(name: &[u8]) -> bool {
    let Some(at) = name.len().checked_sub(MARK.len() + DIGITS) else {
        return false;
    };
    let (mark, digits) = name[at..].split_at(MARK.len());
    mark == MARK
        && digits
            .iter()
            .all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f'))
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

    const PRINT: Fingerprint<'_> = Fingerprint {
        manifest: "m",
        step: "s",
        source: "h:21:u",
        path: b"/a",
        size: Some(1),
        modified: None,
    };

    #[test]
    fn a_temporary_name_is_recognised() {
        let name = temporary_name("版本.zip".as_bytes(), &PRINT);
        assert!(is_temporary(&name));
        assert!(name.starts_with("版本.zip.ftpflow-".as_bytes()));
        assert!(!is_temporary(b"a.ftpflow-xyz0000000"));
        assert!(!is_temporary(b"ftpflow-1"));
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
    fn a_changed_source_has_another_name() {
        let changed = Fingerprint {
            size: Some(2),
            ..PRINT
        };
        assert_ne!(temporary_name(b"a", &PRINT), temporary_name(b"a", &changed));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = temporary_name("中".repeat(85).as_bytes(), &PRINT);
        assert!(name.len() <= 255);
        assert!(std::str::from_utf8(&name).is_ok());
    }
}
