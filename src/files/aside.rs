//! The name of a file that was put aside for its successor: `NAME.ftpflow-old-HHHHHHHHHH`.
//!
//! Some servers do not rename onto an existing file. The old one then has this name for a moment, until the new one has
//! the final name. It holds a hash of the path, so that nothing else is taken for it.

use sha2::{Digest, Sha256};

const MARK: &[u8] = b".ftpflow-old-";
const DIGITS: usize = 10;
const LONGEST: usize = 255;

/// Where the file at this absolute path is put aside, in the same folder. The name has at most 255 bytes.
pub fn aside_path(path: &[u8]) -> Vec<u8> {
    let (folder, name) = split(path);
    let mut keep = name.len().min(LONGEST - MARK.len() - DIGITS);
    while keep > 0 && keep < name.len() && name[keep] & 0xc0 == 0x80 {
        keep -= 1;
    }
    [folder, &name[..keep], MARK, digits(path).as_bytes()].concat()
}

/// Whether a name (no path) is that of a file that ftpflow put aside.
pub fn is_aside(name: &[u8]) -> bool {
    let Some(at) = name.len().checked_sub(MARK.len() + DIGITS) else {
        return false;
    };
    let (mark, digits) = name[at..].split_at(MARK.len());
    mark == MARK
        && digits
            .iter()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// The path of the file that was put aside at this one. `None` where it is no such path, and for a name that was too
/// long to be kept whole: whoever knows the final path compares its [`aside_path`].
pub fn put_aside_from(aside: &[u8]) -> Option<Vec<u8>> {
    let end = aside.len().checked_sub(MARK.len() + DIGITS)?;
    let path = &aside[..end];
    (aside_path(path) == aside).then(|| path.to_vec())
}

/// The folder with its separator, and the name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let at = path.iter().rposition(|byte| *byte == b'/');
    path.split_at(at.map_or(0, |at| at + 1))
}

fn digits(path: &[u8]) -> String {
    let digest = Sha256::digest(path);
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    digits.take(DIGITS / 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::is_temporary;

    #[test]
    fn a_path_is_found_again_from_where_it_was_put() {
        let aside = aside_path("/out/版本.zip".as_bytes());
        assert!(aside.starts_with("/out/版本.zip.ftpflow-old-".as_bytes()));
        assert_eq!(
            put_aside_from(&aside).as_deref(),
            Some("/out/版本.zip".as_bytes())
        );
        assert!(is_aside(&aside) && !is_temporary(&aside));
    }

    #[test]
    fn a_name_that_only_looks_like_one_belongs_to_no_path() {
        let aside = aside_path(b"/out/a");
        let moved = [b"/other/", &aside[5..]].concat();
        assert!(is_aside(&moved));
        assert_eq!(put_aside_from(&moved), None);
        assert!(!is_aside(b"a.ftpflow-old-012345678"));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let path = ["/x/".to_owned(), "中".repeat(85)].concat();
        let aside = aside_path(path.as_bytes());
        assert!(aside.len() <= 3 + 255);
        assert!(std::str::from_utf8(&aside).is_ok());
        assert_eq!(put_aside_from(&aside), None);
    }
}
