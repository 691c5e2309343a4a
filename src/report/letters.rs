//! A text without the case of its letters, with the way back: where a secret stands in it in other letters, the text's own
//! bytes are what is masked.

/// A text whose letters are all small, each of its bytes with the bytes of the text that it stands for.
pub(super) struct Letters {
    bytes: Vec<u8>,
    spans: Vec<(usize, usize)>,
}

impl Letters {
    /// Letters beyond ASCII are read as they stand, percent-encoded (`%C3%96`) or escaped (`\u{d6}`, `\u00d6`).
    pub(super) fn of(text: &str) -> Letters {
        let (mut bytes, mut spans) = (Vec::with_capacity(text.len()), Vec::new());
        let mut at = 0;
        while let Some((letter, length)) = first(&text[at..]) {
            for small in small(letter) {
                let mut encoded = [0; 4];
                bytes.extend_from_slice(small.encode_utf8(&mut encoded).as_bytes());
            }
            spans.resize(bytes.len(), (at, at + length));
            at += length;
        }
        Letters { bytes, spans }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What bytes of the text a stretch of these stands for.
    pub(super) fn span(&self, (start, end): (usize, usize)) -> (usize, usize) {
        (self.spans[start].0, self.spans[end - 1].1)
    }
}

/// Whether [`Letters`] tell more of a text than its bytes do without the case of ASCII's.
pub(super) fn says_more(text: &str) -> bool {
    !text.is_ascii() || text.contains(['%', '\\'])
}

/// A letter as it is compared: small, by way of the capital, so that `ß` and `ẞ` are `ss`, and the sigma at the end of a word
/// is like the others.
fn small(letter: char) -> impl Iterator<Item = char> {
    let capital = letter.to_lowercase().flat_map(char::to_uppercase);
    capital.flat_map(char::to_lowercase)
}

/// The first letter of a text, and how many bytes it takes.
fn first(text: &str) -> Option<(char, usize)> {
    let letter = text.chars().next()?;
    let written = match letter {
        '%' => percent(text),
        '\\' => escaped(text),
        _ => None,
    };
    Some(written.unwrap_or((letter, letter.len_utf8())))
}

/// A letter beyond ASCII as `%XX` of each of its bytes.
fn percent(text: &str) -> Option<(char, usize)> {
    let mut bytes = [0; 4];
    for at in 0..bytes.len() {
        let digits = text.get(3 * at..)?.strip_prefix('%')?.get(..2)?;
        bytes[at] = u8::from_str_radix(digits, 16).ok()?;
        if let Ok(letter) = std::str::from_utf8(&bytes[..=at]) {
            return beyond_ascii(letter.chars().next()?, 3 * (at + 1));
        }
    }
    None
}

/// A letter beyond ASCII as Rust or JSON escapes it.
fn escaped(text: &str) -> Option<(char, usize)> {
    let code = text.strip_prefix("\\u")?;
    let (digits, length) = match code.strip_prefix('{') {
        Some(code) => {
            let digits = &code[..code.find('}').filter(|end| *end <= 6)?];
            (digits, digits.len() + 4)
        }
        None => (code.get(..4)?, 6),
    };
    let letter = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    beyond_ascii(letter, length)
}

fn beyond_ascii(letter: char, length: usize) -> Option<(char, usize)> {
    (!letter.is_ascii()).then_some((letter, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_small_however_they_are_written_and_lead_back() {
        let text = "aÖ%c3%96\\u{d6}\\u00D6ẞ%zz%41\\u{x}\\";
        let letters = Letters::of(text);
        let small = String::from_utf8(letters.bytes().to_vec()).unwrap();
        assert_eq!(small, "aööööss%zz%41\\u{x}\\");
        let back = |part: &str| {
            let start = small.find(part).unwrap();
            let (from, to) = letters.span((start, start + part.len()));
            &text[from..to]
        };
        assert_eq!(back("aö"), "aÖ");
        assert_eq!(back("öss"), "\\u00D6ẞ");
        assert_eq!(back("s%zz"), "ẞ%zz");
    }
}
