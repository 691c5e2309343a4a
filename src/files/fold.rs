//! Names that a server or a disk may take for one.

use std::hash::{DefaultHasher, Hash, Hasher};

use icu_normalizer::ComposingNormalizerBorrowed;

use super::NameEncoding;

/// A name without what some systems do not tell apart: composed and decomposed characters (HFS+), upper and lower case
/// (Windows, macOS), dots and spaces at the end (Win32), quotes (ftp-srv).
///
/// Two names that are equal here may be one file; two that differ are two.
pub fn fold(name: &str) -> String {
    let upper = name.to_uppercase().to_lowercase();
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&upper);
    let unquoted = composed.replace('"', "");
    unquoted.trim_end_matches(['.', ' ']).to_owned()
}

/// A name without what some systems do not tell apart, as a hash; bytes that are no UTF-8 are taken as they are, but for
/// ASCII letters.
pub fn folded(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    match std::str::from_utf8(name) {
        Ok(text) if !name.is_ascii() => fold(text).as_bytes().hash(&mut hasher),
        _ => {
            let mut kept = name.to_ascii_lowercase();
            kept.retain(|byte| *byte != b'"');
            let end = kept.iter().rposition(|byte| !matches!(byte, b'.' | b' '));
            kept[..end.map_or(0, |end| end + 1)].hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether two names are the same text in the same bytes or in another Unicode form, which servers and disks choose themselves.
pub fn same_form(a: &[u8], b: &[u8]) -> bool {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    match (std::str::from_utf8(a), std::str::from_utf8(b)) {
        (Ok(one), Ok(other)) => one == other || nfc.normalize(one) == nfc.normalize(other),
        _ => a == b,
    }
}

/// What a name may be known by: two names that share none are two, whatever encodings they are read in. Their text is one,
/// and the bytes of one that is not ASCII: another entry for the same server may read these as other text.
pub fn name_keys(encoding: NameEncoding, name: &[u8]) -> Vec<String> {
    let mut keys = vec![fold(&encoding.decode(name).text)];
    if !name.is_ascii() {
        let bytes: String = name.iter().copied().map(char::from).collect();
        keys.push(format!("\0{}", fold(&bytes)));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_systems_take_for_one_name_is_one_here() {
        assert_eq!(fold("README"), fold("readme"));
        assert_eq!(fold("e\u{301}"), fold("\u{c9}"));
        assert_eq!(fold("stra\u{df}e"), fold("STRASSE"));
        assert_eq!(fold("a. ."), fold("A"));
        assert_eq!(fold("\"a\""), fold("a"));
        assert_ne!(fold("a"), fold("b"));
        assert_ne!(fold(".a"), fold("a"));
    }

    #[test]
    fn a_hash_is_of_what_the_name_folds_to_whatever_letters_it_has() {
        let hash = |text: &str| folded(text.as_bytes());
        for (one, other) in [
            ("stra\u{df}e", "STRASSE"),
            ("\u{212a}.txt", "k.txt"),
            ("a. .", "A"),
            ("\"a.\"", "a"),
            ("e\u{301}", "\u{c9}"),
        ] {
            assert_eq!(fold(one), fold(other));
            assert_eq!(hash(one), hash(other), "{one} {other}");
        }
        assert_ne!(hash("a"), hash("b"));
        assert_eq!(folded(b"\xffA"), folded(b"\xffa."));
    }

    #[test]
    fn another_unicode_form_is_the_same_name_and_another_case_is_not() {
        let same = |a: &str, b: &str| same_form(a.as_bytes(), b.as_bytes());
        assert!(same("e\u{301}.txt", "\u{e9}.txt") && same("a", "a"));
        assert!(!same("README", "readme") && !same("a.", "a"));
        assert!(same_form(b"\xff", b"\xff") && !same_form(b"\xff", b"\xfe"));
    }

    #[test]
    fn a_name_is_known_by_its_bytes_where_two_encodings_read_it_otherwise() {
        let gbk = NameEncoding::Declared(encoding_rs::GBK);
        let share = |a: &[String], b: &[String]| a.iter().any(|key| b.contains(key));
        let name = gbk.encode("\u{7248}.TXT").unwrap();
        let (one, other) = (name_keys(gbk, &name), name_keys(NameEncoding::Auto, &name));
        assert!(share(&one, &other) && one != other);
        let utf8 = name_keys(NameEncoding::Auto, "\u{7248}.txt".as_bytes());
        assert!(share(&one, &utf8));
        assert!(!share(&one, &name_keys(gbk, b"a.txt")));
    }
}
