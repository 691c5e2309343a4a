//! Names of months, as `ls -l` writes them where the server speaks its country's language.

use encoding_rs::{
    Encoding, IBM866, ISO_8859_5, KOI8_R, UTF_8, WINDOWS_1251, WINDOWS_1253, X_MAC_CYRILLIC,
};

use super::month_names::{BEGINNINGS, DOUBTFUL, LATIN};
use super::signs;
use super::time::two_digits_or_more;

/// No name of a month is longer in any encoding.
const LONGEST: usize = 24;
/// Where the letters of Cyrillic and Greek stand.
const ENCODINGS: [&Encoding; 7] = [
    UTF_8,
    WINDOWS_1251,
    KOI8_R,
    IBM866,
    ISO_8859_5,
    X_MAC_CYRILLIC,
    WINDOWS_1253,
];

/// A month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Month {
    /// Its number, from 1.
    Is(u32),
    /// Its name means another month in a related language (Polish and Croatian `lip`).
    Doubtful,
}

impl Month {
    fn of(number: u32) -> Month {
        match number {
            DOUBTFUL => Month::Doubtful,
            number => Month::Is(number),
        }
    }
}

/// The month that a word names.
pub(super) fn named(word: &[u8]) -> Option<Month> {
    let word = word.strip_suffix(b",").unwrap_or(word);
    let word = word.strip_suffix(b".").unwrap_or(word);
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    if word.len() > LONGEST || word.is_empty() || !word.iter().all(letters) {
        return None;
    }
    let plain = plain(word);
    let latin = LATIN.iter().find(|(name, _)| *name == plain);
    let month = latin.map(|(_, month)| *month).or_else(|| beginning(word))?;
    Some(Month::of(month))
}

/// The month that a number with an East Asian sign behind it stands for: `11月`.
pub(super) fn signed(word: &[u8]) -> Option<Month> {
    let digits = signs::before(word, &signs::MONTH).or_else(|| signs::before_any(word))?;
    let month = two_digits_or_more(digits)?;
    (1..=12).contains(&month).then_some(Month::Is(month))
}

/// Lower case, with one `?` for what is no ASCII.
fn plain(word: &[u8]) -> String {
    let mut plain = String::with_capacity(word.len());
    for byte in word {
        match byte {
            byte if byte.is_ascii() => plain.push(char::from(byte.to_ascii_lowercase())),
            _ if plain.ends_with('?') => {}
            _ => plain.push('?'),
        }
    }
    plain
}

/// A word of Cyrillic or Greek, in any of their encodings.
fn beginning(word: &[u8]) -> Option<u32> {
    if word[0].is_ascii() {
        return None;
    }
    ENCODINGS.iter().find_map(|encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(word)?;
        let lower = text.to_lowercase();
        let found = BEGINNINGS.iter().find(|(name, _)| lower.starts_with(name));
        found.map(|(_, month)| *month)
    })
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
            ("Juli,".as_bytes(), 7),
            ("Jan.,".as_bytes(), 1),
            ("wrz".as_bytes(), 9),
            ("úno".as_bytes(), 2),
            ("říj".as_bytes(), 10),
            ("ноя".as_bytes(), 11),
            ("нояб.".as_bytes(), 11),
            (b"\xed\xee\xff", 11),
            (b"\xce\xcf\xd1", 11),
            ("Ιουλ".as_bytes(), 7),
        ] {
            assert_eq!(named(word), Some(Month::Is(month)), "{word:?}");
        }
        for (word, month) in [
            ("11月".as_bytes(), 11),
            (b"2\xd4\xc2", 2),
            (b"4\x8c\x8e", 4),
            (b"3\xed\xef", 3),
        ] {
            assert_eq!(signed(word), Some(Month::Is(month)), "{word:?}");
        }
        assert_eq!(named(b"lip"), Some(Month::Doubtful));
        for bad in [
            &b"13\xd4\xc2"[..],
            b"x",
            b"",
            b"?",
            b"\xe4",
            b"11",
            b"juliana",
        ] {
            assert_eq!(named(bad).or(signed(bad)), None, "{bad:?}");
        }
    }

    /// The same bytes must not be another month in another encoding.
    #[test]
    fn no_encoding_makes_one_month_of_another() {
        for (name, month) in BEGINNINGS {
            for encoding in ENCODINGS {
                let (bytes, _, unmappable) = encoding.encode(name);
                if !unmappable {
                    assert_eq!(
                        beginning(&bytes),
                        Some(*month),
                        "{name} {}",
                        encoding.name()
                    );
                }
            }
        }
    }
}
