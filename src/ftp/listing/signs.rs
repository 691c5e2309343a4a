//! The signs of East Asian dates (`11月 22日 2020年`, `11월 22일`), in the encodings of their countries.

/// Behind the number of a month: in UTF-8, then in GBK, Shift_JIS, EUC-JP, Big5 and EUC-KR.
pub(super) const MONTH: [&[u8]; 7] = [
    "月".as_bytes(),
    "월".as_bytes(),
    b"\xd4\xc2",
    b"\x8c\x8e",
    b"\xb7\xee",
    b"\xa4\xeb",
    b"\xbf\xf9",
];

/// Behind the number of a day; the dot is that of German and Danish.
pub(super) const DAY: [&[u8]; 8] = [
    b".",
    "日".as_bytes(),
    "일".as_bytes(),
    b"\xc8\xd5",
    b"\x93\xfa",
    b"\xc6\xfc",
    b"\xa4\xe9",
    b"\xc0\xcf",
];

/// Behind a year.
pub(super) const YEAR: [&[u8]; 7] = [
    "年".as_bytes(),
    "년".as_bytes(),
    b"\xc4\xea",
    b"\x94N",
    b"\xc7\xaf",
    b"\xa6~",
    b"\xb3\xe2",
];

const LONGEST_SIGN: usize = 6;

/// A word without the sign behind it; `None` where none of these stands there.
pub(super) fn before<'a>(word: &'a [u8], signs: &[&[u8]]) -> Option<&'a [u8]> {
    signs.iter().find_map(|sign| word.strip_suffix(*sign))
}

/// The digits of a word behind which some sign stands, though its encoding was lost on the way: one letter or two, the first
/// of them beyond ASCII.
pub(super) fn before_any(word: &[u8]) -> Option<&[u8]> {
    let end = word.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, sign) = word.split_at(end);
    let sane = sign
        .iter()
        .all(|byte| !byte.is_ascii_digit() && *byte != b':');
    let known = !digits.is_empty() && !sign[0].is_ascii() && sign.len() <= LONGEST_SIGN && sane;
    known.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_taken_off_in_every_encoding() {
        assert_eq!(before("22日".as_bytes(), &DAY), Some(&b"22"[..]));
        assert_eq!(before(b"22\x93\xfa", &DAY), Some(&b"22"[..]));
        assert_eq!(before(b"2020\x94N", &YEAR), Some(&b"2020"[..]));
        assert_eq!(before(b"22", &DAY), None);
        assert_eq!(before_any(b"4\xed\xef"), Some(&b"4"[..]));
        assert_eq!(before_any("18\u{93}ú".as_bytes()), Some(&b"18"[..]));
        for none in [&b"4"[..], b"4a", b"\xed\xef", b"4\xed5"] {
            assert_eq!(before_any(none), None, "{none:?}");
        }
    }
}
