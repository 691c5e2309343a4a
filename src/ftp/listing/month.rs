//! Names of months, as `ls -l` writes them where the server speaks its country's language.

use super::signs;
use super::time::two_digits_or_more;

/// Months in several languages; `?` stands for letters beyond ASCII, whatever their encoding.
const NAMES: [(&str, u32); 43] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    // German, Dutch and the Scandinavian languages.
    ("m?r", 3),
    ("mrz", 3),
    ("mrt", 3),
    ("mars", 3),
    ("mai", 5),
    ("mei", 5),
    ("maj", 5),
    ("okt", 10),
    ("dez", 12),
    ("des", 12),
    // French.
    ("janv", 1),
    ("f?v", 2),
    ("f?vr", 2),
    ("avr", 4),
    ("juin", 6),
    ("juil", 7),
    ("ao?", 8),
    ("ao?t", 8),
    ("sept", 9),
    ("d?c", 12),
    // Spanish, Portuguese and Italian.
    ("ene", 1),
    ("gen", 1),
    ("fev", 2),
    ("abr", 4),
    ("mag", 5),
    ("giu", 6),
    ("lug", 7),
    ("ago", 8),
    ("set", 9),
    ("ott", 10),
    ("dic", 12),
];

/// The number of a month, from 1.
pub(super) fn number(word: &[u8]) -> Option<u32> {
    numbered(word).or_else(|| named(word))
}

fn numbered(word: &[u8]) -> Option<u32> {
    let digits = signs::before(word, &signs::MONTH)?;
    two_digits_or_more(digits).filter(|month| (1..=12).contains(month))
}

fn named(word: &[u8]) -> Option<u32> {
    if word.len() > 8 {
        return None;
    }
    let mut plain = String::with_capacity(word.len());
    for byte in word.strip_suffix(b".").unwrap_or(word) {
        match byte {
            byte if byte.is_ascii() => plain.push(char::from(byte.to_ascii_lowercase())),
            _ if plain.ends_with('?') => {}
            _ => plain.push('?'),
        }
    }
    let found = NAMES.iter().find(|(name, _)| *name == plain)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_known_in_several_languages_and_encodings() {
        for (word, month) in [
            (&b"NOV"[..], 11),
            (b"M\xe4r", 3),
            ("Mär".as_bytes(), 3),
            ("févr.".as_bytes(), 2),
            ("août".as_bytes(), 8),
            ("11月".as_bytes(), 11),
            (b"2\xd4\xc2", 2),
        ] {
            assert_eq!(number(word), Some(month), "{word:?}");
        }
        for bad in [&b"13\xd4\xc2"[..], b"x", b"", b"?", b"\xe4"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
