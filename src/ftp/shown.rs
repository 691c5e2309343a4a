//! How people are shown what went over the control connection: decoded, and without secrets.
//!
//! A server may repeat a password in any reply, in the bytes in which it was sent or in others, and break it over lines.
//! Bytes are masked before they are decoded: afterwards the same password reads differently.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::files::NameEncoding;

use super::error::Answer;
use super::reply::Reply;

/// The last lines of one reply that are kept: a FEAT or a banner would push out what led to a failure.
pub(super) const KEPT_OF_A_REPLY: usize = 3;
/// The most characters that are shown of one text: a server may say 64 KiB of nothing.
const LONGEST: usize = 1000;
/// What stands in place of a secret.
const MASK: &str = "***";

/// Masks secrets in a line that is kept for people.
pub type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// How lines are shown: without the password, decoded, without any other secret.
#[derive(Clone)]
pub(super) struct Shown {
    encoding: NameEncoding,
    redact: Redact,
    /// The bytes in which a server may repeat the session's password, the longest first.
    hidden: Vec<Vec<u8>>,
    /// Whether it is hidden in other letters, too.
    in_either_case: bool,
}

impl Shown {
    pub(super) fn new(encoding: NameEncoding, password: &SecretString, redact: Redact) -> Shown {
        let secret = password.expose_secret();
        // The password of an anonymous login is no secret.
        let hidden = match redact(secret) == secret {
            true => Vec::new(),
            false => forms(secret, encoding),
        };
        // As the redactor does, which knows the ones that are too short for it.
        let other_case = other_case(secret);
        Shown {
            encoding,
            hidden,
            in_either_case: redact(&other_case) != other_case,
            redact,
        }
    }

    pub(super) fn redact(&self) -> Redact {
        Arc::clone(&self.redact)
    }

    /// A line, without what surrounds its words.
    pub(super) fn text(&self, bytes: &[u8]) -> String {
        self.masked(bytes).trim().to_owned()
    }

    /// Lines that belong together; one mask where a secret is broken over them.
    pub(super) fn lines(&self, lines: &[&[u8]]) -> Vec<String> {
        match self.breaks_a_secret(lines) {
            true => vec![MASK.to_owned()],
            false => lines.iter().map(|line| self.text(line)).collect(),
        }
    }

    /// A line of the conversation, shortened.
    pub(super) fn line(&self, bytes: &[u8]) -> String {
        shortened(self.text(bytes))
    }

    /// The text of a reply's last line, shortened.
    pub(super) fn last_text(&self, reply: &Reply) -> String {
        match self.breaks_a_secret(&reply.lines) {
            true => MASK.to_owned(),
            false => self.line(&reply.last_text()),
        }
    }

    /// A reply for an error.
    pub(super) fn answer(&self, reply: &Reply) -> Answer {
        // A banner of a hundred lines would bury the message; the last lines say what is meant.
        let lines = reply.lines.iter().map(|line| words(line));
        let mut words = self.lines(&lines.collect::<Vec<_>>());
        words.retain(|line| !line.is_empty());
        let first = words.len().saturating_sub(KEPT_OF_A_REPLY);
        Answer {
            code: reply.code,
            text: shortened(words.split_off(first).join(" ")),
        }
    }

    /// What of a reply is kept for the transcript.
    pub(super) fn kept(&self, reply: &Reply) -> Vec<Vec<u8>> {
        if self.breaks_a_secret(&reply.lines) {
            return vec![format!("{} {MASK}", reply.code).into_bytes()];
        }
        reply.lines[reply.lines.len().saturating_sub(KEPT_OF_A_REPLY)..].to_vec()
    }

    /// What is kept of bytes that are no reply.
    pub(super) fn noise(&self, bytes: &[u8]) -> Vec<u8> {
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        match self.breaks_a_secret(&lines) {
            true => MASK.into(),
            false => bytes.to_vec(),
        }
    }

    fn breaks_a_secret(&self, lines: &[impl AsRef<[u8]>]) -> bool {
        if lines.len() < 2 {
            return false;
        }
        let lines = lines.iter().map(|line| words(line.as_ref()).trim_ascii());
        let lines: Vec<&[u8]> = lines.collect();
        [&b""[..], b" "].into_iter().any(|gap| {
            let apart: Vec<String> = lines.iter().map(|line| self.masked(line)).collect();
            self.masked(&lines.join(gap)) != apart.join(&*String::from_utf8_lossy(gap))
        })
    }

    /// The bytes without those that are hidden.
    fn hide(&self, bytes: &[u8]) -> Vec<u8> {
        let begins = |rest: &[u8], form: &[u8]| match rest.get(..form.len()) {
            Some(begin) if self.in_either_case => begin.eq_ignore_ascii_case(form),
            begin => begin == Some(form),
        };
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            match self.hidden.iter().find(|form| begins(rest, form)) {
                Some(form) => {
                    out.extend_from_slice(MASK.as_bytes());
                    rest = &rest[form.len()..];
                }
                None => {
                    out.push(*first);
                    rest = after;
                }
            }
        }
        out
    }

    fn masked(&self, bytes: &[u8]) -> String {
        let hidden = self.hide(bytes);
        let text = (self.redact)(&self.encoding.decode(&hidden).text);
        // Control characters of a server must not reach a terminal. They go last: a secret may hold one.
        text.replace(|c: char| c.is_control(), " ")
    }
}

/// The beginning of a text that is masked already, and how long all of it is.
pub(super) fn shortened(text: String) -> String {
    let Some((end, _)) = text.char_indices().nth(LONGEST) else {
        return text;
    };
    let all = text.chars().count();
    format!("{}… ({all} characters)", &text[..end])
}

/// A reply's line without its code.
fn words(line: &[u8]) -> &[u8] {
    let coded = line.get(3).is_some_and(|mark| b" -".contains(mark))
        && line[..3].iter().all(u8::is_ascii_digit);
    if coded { &line[4..] } else { line }
}

/// The same with capital letters for small ones, and small ones for capitals.
fn other_case(text: &str) -> String {
    let each = text.chars().map(|letter| match letter {
        'a'..='z' => letter.to_ascii_uppercase(),
        _ => letter.to_ascii_lowercase(),
    });
    each.collect()
}

/// The bytes that a password may come back in: as UTF-8 and in the server's encoding, each as it is, read as UTF-8 by
/// whoever could not, with quotes doubled (RFC 959 appendix II), with telnet's bytes 255 doubled, and as in a URL.
fn forms(secret: &str, encoding: NameEncoding) -> Vec<Vec<u8>> {
    let utf8 = secret.as_bytes().to_vec();
    let own = encoding.encode(secret).map(|bytes| bytes.into_owned());
    let mut forms: Vec<Vec<u8>> = [Some(utf8), own.ok()]
        .into_iter()
        .flatten()
        .flat_map(|bytes| {
            [
                String::from_utf8_lossy(&bytes).into_owned().into_bytes(),
                doubled(&bytes, b'"'),
                doubled(&bytes, 0xff),
                percent(&bytes, "0123456789ABCDEF"),
                percent(&bytes, "0123456789abcdef"),
                bytes,
            ]
        })
        .filter(|form| !form.is_empty())
        .collect();
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    forms.dedup();
    forms
}

fn doubled(bytes: &[u8], which: u8) -> Vec<u8> {
    let each = bytes.iter().flat_map(|&byte| {
        let times = if byte == which { 2 } else { 1 };
        std::iter::repeat_n(byte, times)
    });
    each.collect()
}

fn percent(bytes: &[u8], digits: &str) -> Vec<u8> {
    let digit = |number: u8| digits.as_bytes()[usize::from(number)];
    let each = bytes.iter().flat_map(|&byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![byte],
        _ => vec![b'%', digit(byte >> 4), digit(byte & 15)],
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(encoding: &str, secret: &'static str) -> Shown {
        let encoding = NameEncoding::for_label(encoding).unwrap();
        let redact: Redact = Arc::new(move |text| text.replace(secret, MASK));
        Shown::new(encoding, &SecretString::from(secret), redact)
    }

    fn reply(text: &str) -> Reply {
        Reply::parse(text.as_bytes(), String::new()).unwrap()
    }

    #[test]
    fn a_password_is_masked_in_whatever_bytes_it_comes() {
        let gbk = shown("gbk", "密码x");
        for bytes in [
            "密码x".as_bytes(),
            b"\xc3\xdc\xc2\xebx",
            b"%C3%DC%C2%EBx",
            b"%e5%af%86%e7%a0%81x",
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}x".as_bytes(),
        ] {
            let line = [b"no ", bytes, b"!"].concat();
            assert_eq!(gbk.text(&line), "no ***!");
        }
        assert_eq!(shown("auto", "a\"\tb").text(b"a\"\"\tb"), MASK);
        assert_eq!(shown("windows-1252", "ÿ").text(b"\xff\xff"), MASK);
    }

    #[test]
    fn a_secret_that_is_broken_over_lines_hides_them_all() {
        let shown = shown("auto", "hush now");
        for text in ["530-no hu\r\n530 sh now", "530-ask hush\r\n530 now!"] {
            let reply = reply(text);
            assert_eq!(shown.answer(&reply).text, MASK);
            assert_eq!(shown.kept(&reply), [b"530 ***"]);
            assert_eq!(shown.last_text(&reply), MASK);
        }
        let whole = reply("530-no hush now\r\n530 never");
        assert_eq!(shown.answer(&whole).text, "no *** never");
        assert_eq!(shown.kept(&whole).len(), 2);
        assert_eq!(shown.noise(b"hu\r\nsh now"), MASK.as_bytes());
    }

    #[test]
    fn a_long_text_is_cut_behind_its_masks_and_says_how_long_it_is() {
        let shown = shown("auto", "hush");
        let long = format!("550 {}hush{}", "版".repeat(LONGEST - 2), "x".repeat(60_000));
        let text = shown.answer(&reply(&long)).text;
        let begin = format!("{}**… (", "版".repeat(LONGEST - 2));
        assert_eq!(text.strip_prefix(&begin), Some("61001 characters)"));
        assert_eq!(shown.line(long.as_bytes()).chars().count(), LONGEST + 20);
        let longest = "x".repeat(LONGEST);
        assert_eq!(shown.line(longest.as_bytes()), longest);
    }

    #[test]
    fn a_password_that_is_no_secret_is_shown() {
        let redact: Redact = Arc::new(str::to_owned);
        let password = SecretString::from("anonymous");
        let shown = Shown::new(NameEncoding::Auto, &password, redact);
        assert_eq!(shown.text(b"hello anonymous"), "hello anonymous");
    }
}
