//! The first line of `ls -l`, which counts blocks: `total 12` in the language of the server.

/// The word in several languages, lower case where it has cases: in UTF-8, then in GBK, Shift_JIS, EUC-JP, Big5
/// and EUC-KR.
const WORDS: [&[u8]; 24] = [
    b"total",
    b"insgesamt",
    b"gesamt",
    b"totaal",
    b"totale",
    b"totalt",
    b"razem",
    b"celkem",
    b"toplam",
    "итого".as_bytes(),
    "总用量".as_bytes(),
    "总计".as_bytes(),
    "總計".as_bytes(),
    "合計".as_bytes(),
    "합계".as_bytes(),
    b"\xd7\xdc\xd3\xc3\xc1\xbf",
    b"\xd7\xdc\xbc\xc6",
    b"\x8d\x87\x8cv",
    b"\xb9\xe7\xb7\xd7",
    b"\xc1`\xadp",
    b"\xa6X\xadp",
    b"\xc7\xd5\xb0\xe8",
    b"\xf9\xea\xcd\xaa",
    b"i alt",
];

/// Whether a line is nothing but the word and a number, with or without its unit (`total 12`, `insgesamt 1,2M`), or a sign
/// where a server's count has run over (`total -9`).
pub(super) fn is_total(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let Some(space) = line.iter().rposition(|byte| *byte == b' ') else {
        return false;
    };
    let (word, number) = (line[..space].trim_ascii(), &line[space + 1..]);
    let known = WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
    known && is_amount(number.strip_prefix(b"-").unwrap_or(number))
}

fn is_amount(word: &[u8]) -> bool {
    let digits = match word.split_last() {
        Some((b'K' | b'M' | b'G' | b'T' | b'k', digits)) => digits,
        _ => word,
    };
    let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    digits.first().is_some_and(u8::is_ascii_digit) && digits.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_the_word_and_a_number_and_nothing_else() {
        for line in [
            &b"total 12"[..],
            b"total 0 ",
            b"insgesamt 1,2M",
            b"Gesamt 4352",
            b"total -9",
            "总用量 4".as_bytes(),
            b"\xd7\xdc\xd3\xc3\xc1\xbf 4",
            b"i alt 7",
        ] {
            assert!(is_total(line), "{line:?}");
        }
        for line in [
            &b"total"[..],
            b"total of it",
            b"12",
            b"total 12 a",
            b"total .",
            b"total -",
        ] {
            assert!(!is_total(line), "{line:?}");
        }
    }
}
