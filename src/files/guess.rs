//! Which encoding names are in that are not UTF-8: for people to choose, never for a command.
//!
//! Names are short. An encoding is likely where nearly all of what it makes of the bytes is what people write: the common
//! half of its ideographs, or words of one alphabet that begin with their capitals. Where there is enough to tell by,
//! chardetng, which knows how often letters follow one another, has the last word.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, IBM866, KOI8_U, SHIFT_JIS, UTF_8, WINDOWS_874,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255,
    WINDOWS_1256,
};

use super::NameEncoding;

/// What is thought of, in the order in which it is named where nothing tells more.
static ENCODINGS: [&Encoding; 15] = [
    GBK,
    SHIFT_JIS,
    BIG5,
    EUC_KR,
    EUC_JP,
    WINDOWS_1251,
    KOI8_U,
    IBM866,
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1253,
    WINDOWS_1254,
    WINDOWS_1255,
    WINDOWS_1256,
    WINDOWS_874,
];
/// Of a hundred characters, so many are to be likely ones.
const LIKELY: usize = 70;
/// Bytes above ASCII below which nothing is said unasked: `caf\xe9` is no reason to speak.
const SPEAKS: usize = 4;
/// Bytes above ASCII from which on chardetng tells neighbours apart: GBK from EUC-KR, KOI8-U from windows-1251.
const ENOUGH: usize = 8;
/// Names that are kept to tell by.
const SAMPLE: usize = 256;
/// Encodings that are named where several are likely.
const NAMED: usize = 4;

/// Names of one side, as far as they tell its encoding.
#[derive(Debug, Clone, Default)]
pub struct OddNames {
    sample: Vec<Vec<u8>>,
    odd: usize,
    foreign: usize,
}

/// What names are that are not UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guess {
    /// The encodings under which all of them can be read, as `encoding:` takes them, the likeliest first.
    pub labels: Vec<String>,
    /// The first of the names as it reads in each of them.
    pub readings: Vec<String>,
    /// Whether the first is by far the likeliest.
    pub sure: bool,
}

impl OddNames {
    /// Takes a name (no path) in.
    pub fn see(&mut self, name: &[u8]) {
        if name.is_ascii() {
            return;
        }
        if std::str::from_utf8(name).is_ok() {
            self.foreign += 1;
            return;
        }
        self.odd += 1;
        if self.sample.len() < SAMPLE {
            self.sample.push(name.to_vec());
        }
    }

    /// How many of them are not UTF-8.
    pub fn count(&self) -> usize {
        self.odd
    }

    /// In which encodings they can be read; none where there are none, or they are text in no encoding.
    pub fn guess(&self) -> Option<Guess> {
        let first = self.sample.first()?;
        let mut found: Vec<(&'static Encoding, usize)> = ENCODINGS
            .into_iter()
            .filter_map(|encoding| Some((encoding, likelihood(encoding, &self.sample)?)))
            .filter(|(_, likely)| *likely >= LIKELY)
            .collect();
        // Stable: of equals the usual one stays first.
        found.sort_by_key(|(_, likely)| std::cmp::Reverse(*likely));
        let told = self.told();
        let at = found.iter().position(|(one, _)| Some(*one) == told);
        if let Some(at) = at {
            found[..=at].rotate_right(1);
        }
        let read = |encoding: &'static Encoding| NameEncoding::Declared(encoding).decode(first);
        (!found.is_empty()).then(|| Guess {
            labels: found.iter().map(|(one, _)| label(one)).collect(),
            readings: found
                .iter()
                .map(|(one, _)| read(one).text.into_owned())
                .collect(),
            sure: at.is_some(),
        })
    }

    /// The same, where it is worth speaking of unasked: not of a few bytes, nor where more names are UTF-8.
    pub fn alarm(&self) -> Option<Guess> {
        let speaks = self.odd > self.foreign && self.bytes_above_ascii() >= SPEAKS;
        speaks.then(|| self.guess()).flatten()
    }

    /// What chardetng takes them for, where there is enough to tell by.
    fn told(&self) -> Option<&'static Encoding> {
        if self.bytes_above_ascii() < ENOUGH {
            return None;
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        for name in &self.sample {
            detector.feed(name, false);
            detector.feed(b"\n", false);
        }
        detector.feed(b"", true);
        Some(detector.guess(None, Utf8Detection::Deny))
    }

    fn bytes_above_ascii(&self) -> usize {
        let bytes = self.sample.iter().flatten();
        bytes.filter(|byte| !byte.is_ascii()).count()
    }
}

impl Guess {
    /// The same with its readings as they may be shown.
    #[must_use]
    pub fn shown(mut self, show: impl Fn(&str) -> String) -> Guess {
        for reading in &mut self.readings {
            *reading = show(reading);
        }
        self
    }

    /// What the names are, and what to set. Fits behind "the names in FOLDER".
    pub fn advice(&self, server: &str) -> String {
        let read = self.labels.iter().zip(&self.readings);
        let mut read = read.map(|(label, reading)| format!("{label} (`{reading}`)"));
        if let (true, Some(label)) = (self.sure, self.labels.first()) {
            let first = read.next().unwrap_or_default();
            return format!("look like {first}: {}", cure(label, server));
        }
        let read = read.take(NAMED).collect::<Vec<_>>().join(" or ");
        format!(
            "are not UTF-8, and could be {read}: set `encoding:` of server `{server}` to the one that reads right"
        )
    }
}

/// The encoding in which a name that is missing stands in a listing all the same, and what to set.
///
/// Fits behind "NAME".
pub fn stands_in(text: &str, names: &[&[u8]], server: &str) -> Option<String> {
    let found = [UTF_8].into_iter().chain(ENCODINGS).find(|encoding| {
        let bytes = NameEncoding::Declared(encoding).encode(text);
        bytes.is_ok_and(|bytes| names.contains(&&*bytes))
    });
    let label = label(found?);
    Some(format!("stands there in {label}: {}", cure(&label, server)))
}

fn cure(label: &str, server: &str) -> String {
    format!("set `encoding: {label}` of server `{server}`")
}

fn label(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// How many of a hundred characters above ASCII are likely ones; none where a name cannot be
/// read, or holds what nobody writes.
fn likelihood(encoding: &'static Encoding, names: &[Vec<u8>]) -> Option<usize> {
    let (mut likely, mut all) = (0, 0);
    for name in names {
        let text = encoding.decode_without_bom_handling_and_without_replacement(name)?;
        if text.chars().any(char::is_control) {
            return None;
        }
        all += above_ascii(&text);
        likely += match encoding.is_single_byte() {
            true => text.split(|c| !is_letter(c)).map(letters_of_a_word).sum(),
            false => text.chars().filter(|c| is_common(encoding, *c)).count(),
        };
    }
    (likely * 100).checked_div(all)
}

fn above_ascii(text: &str) -> usize {
    text.chars().filter(|c| !c.is_ascii()).count()
}

/// The Thai vowels and tones that stand above and below others are part of a word, too. `ÿ` is byte 255, which is hardly
/// ever meant as that letter.
fn is_letter(c: char) -> bool {
    (c.is_alphabetic() && c != 'ÿ') || ('\u{e31}'..='\u{e4e}').contains(&c)
}

/// The letters above ASCII of a word that somebody may have written: of one alphabet, Latin ones among ASCII, and
/// capitals first or throughout.
fn letters_of_a_word(word: &str) -> usize {
    let (all, foreign) = (word.chars().count(), above_ascii(word));
    let latin = word.chars().filter(|c| *c < '\u{250}').count();
    let alphabet = match latin {
        0 => true,
        _ => latin == all && foreign * 2 <= all + 1,
    };
    let cased =
        word.chars().skip(1).all(|c| !c.is_uppercase()) || word.chars().all(|c| !c.is_lowercase());
    if alphabet && cased { foreign } else { 0 }
}

/// Whether a character is one of the more frequent half, which the double-byte sets put first, or a mark that stands among
/// such: JIS X 0208 and GB 2312 have two levels of ideographs each, Big5 and KS X 1001 the like.
fn is_common(encoding: &'static Encoding, c: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, _) = encoding.encode(c.encode_utf8(&mut buffer));
    let &[lead, trail] = &*bytes else {
        return false;
    };
    let plain = trail >= 0xa1;
    if encoding == GBK {
        plain && matches!(lead, 0xa1 | 0xa3 | 0xb0..=0xd7)
    } else if encoding == BIG5 {
        // Kana stand there, too; who writes them does not write Big5.
        matches!(lead, 0xa1 | 0xa4..=0xc6) && !('\u{3040}'..='\u{30ff}').contains(&c)
    } else if encoding == EUC_KR {
        plain && matches!(lead, 0xa1 | 0xb0..=0xc8)
    } else if encoding == EUC_JP {
        matches!(lead, 0xa1 | 0xa3..=0xa5 | 0xb0..=0xcf)
    } else {
        matches!(lead, 0x81..=0x83 | 0x88..=0x97)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(encoding: &'static Encoding, names: &[&str]) -> OddNames {
        let mut odd = OddNames::default();
        for name in names {
            odd.see(&encoding.encode(name).0);
        }
        odd
    }

    #[test]
    fn enough_names_tell_their_encoding() {
        let cases: [(&'static Encoding, &[&str]); 8] = [
            (GBK, &["构建-1.2.zip", "构建-1.3.zip", "说明.txt"]),
            (BIG5, &["資料", "備份", "新增資料夾"]),
            (SHIFT_JIS, &["見積書_2024.xlsx", "写真"]),
            (EUC_JP, &["ダウンロード", "写真", "新しいフォルダー"]),
            (EUC_KR, &["다운로드", "사진", "보고서.pdf"]),
            (WINDOWS_1251, &["сборка", "Загрузки"]),
            (KOI8_U, &["отчет.pdf", "Новая папка"]),
            (
                WINDOWS_1252,
                &[
                    "Übersicht",
                    "Änderungen",
                    "für",
                    "Größe",
                    "Grüße",
                    "März",
                    "Höhe",
                    "Straße",
                    "Maß",
                ],
            ),
        ];
        for (encoding, written) in cases {
            let guess = names(encoding, written).alarm().unwrap();
            assert_eq!(guess.labels[0], label(encoding), "{written:?} {guess:?}");
            assert_eq!(guess.readings[0], written[0]);
            assert!(guess.sure, "{written:?} {guess:?}");
        }
    }

    #[test]
    fn a_few_letters_may_be_of_several_encodings_and_the_usual_one_is_first() {
        let guess = names(GBK, &["版本"]).alarm().unwrap();
        assert!(!guess.sure);
        assert_eq!(guess.labels[0], "gbk");
        let shown = guess.advice("build");
        assert!(shown.contains("gbk (`版本`) or "), "{shown}");
        assert!(shown.contains("euc-kr (`경굶`)"), "{shown}");
    }

    #[test]
    fn a_few_odd_bytes_and_noise_are_no_reason_to_speak() {
        let noise: [&[&[u8]]; 5] = [
            &[b"caf\xe9.txt"],
            &[b"a\xff", b"b\xff", b"c\xff", b"d\xff"],
            &[b"\x80\x81\x82\xff\xfe\x01\x90\x91\xff\xff"],
            &[
                "构建".as_bytes(),
                "说明.txt".as_bytes(),
                b"\xb0\xe6\xb1\xbe",
            ],
            &[b"plain.txt"],
        ];
        for names in noise {
            let mut odd = OddNames::default();
            names.iter().for_each(|name| odd.see(name));
            assert_eq!(odd.alarm(), None, "{names:?}");
        }
    }

    #[test]
    fn a_name_that_a_listing_shows_in_another_encoding_tells_it() {
        let gbk = GBK.encode("版本").0;
        let listed = [&b"a.txt"[..], &gbk];
        let found = |text| stands_in(text, &listed, "build");
        assert_eq!(
            found("版本").unwrap(),
            "stands there in gbk: set `encoding: gbk` of server `build`"
        );
        assert_eq!(found("构建"), None);
    }
}
