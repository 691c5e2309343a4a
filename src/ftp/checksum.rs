//! Checksums that a server computes: which of its commands there are, asking, and reading what it answers.
//!
//! None of the commands became a standard. HASH is draft-bryan-ftp-hash, with `OPTS HASH` to choose the algorithm; MD5
//! and MMD5 are draft-twine-ftpmd5; XCRC, XMD5, XSHA1 and their like are an old habit of servers (ProFTPD's mod_digest,
//! Serv-U, Cerberus, Wing), and a few have them below SITE. Only what FEAT announces is used: which sum is computed on
//! our side must be known before the first byte passes, when there is nothing at the destination to try a command on.

use std::fmt;

use super::command::Line;
use super::error::{Error, ErrorKind, Waiting};
use super::facts::Features;
use super::reply::Reply;
use super::session::{Session, TransferType};

/// A kind of checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// MD5 (RFC 1321).
    Md5,
    /// CRC-32, as in Ethernet and zip (ISO 3309). It finds accidents only.
    Crc32,
}

/// The checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// Its kind.
    pub algorithm: Algorithm,
    /// Its value, in lower-case hexadecimal digits.
    pub hex: String,
}

/// Commands that take a path and answer with one kind of sum, in the order in which they are tried.
const COMMANDS: [(&str, Algorithm); 13] = [
    ("XSHA256", Algorithm::Sha256),
    ("XSHA512", Algorithm::Sha512),
    ("XSHA1", Algorithm::Sha1),
    ("XSHA", Algorithm::Sha1),
    ("XMD5", Algorithm::Md5),
    ("MD5", Algorithm::Md5),
    ("MMD5", Algorithm::Md5),
    ("XCRC", Algorithm::Crc32),
    ("SITE SHA256", Algorithm::Sha256),
    ("SITE SHA512", Algorithm::Sha512),
    ("SITE SHA1", Algorithm::Sha1),
    ("SITE MD5", Algorithm::Md5),
    ("SITE CRC32", Algorithm::Crc32),
];

/// How a server is asked for a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// HASH, after `OPTS HASH` with the algorithm's name in the server's own spelling.
    Hash(String),
    Command(&'static str),
}

impl Algorithm {
    /// All, the best first. SHA-256 stands before SHA-512 because processors compute it by themselves; no accident
    /// passes either.
    pub const ALL: [Algorithm; 5] = [
        Algorithm::Sha256,
        Algorithm::Sha512,
        Algorithm::Sha1,
        Algorithm::Md5,
        Algorithm::Crc32,
    ];

    /// The number of hexadecimal digits of a sum.
    pub fn digits(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
            Algorithm::Sha1 => 40,
            Algorithm::Md5 => 32,
            Algorithm::Crc32 => 8,
        }
    }

    /// By its name in FEAT: `SHA-256`, `sha256`, `CRC32`.
    fn named(name: &str) -> Option<Algorithm> {
        let plain = |name: &str| name.replace('-', "").to_ascii_uppercase();
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| plain(&algorithm.to_string()) == plain(name))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512 => "SHA-512",
            Algorithm::Sha1 => "SHA-1",
            Algorithm::Md5 => "MD5",
            Algorithm::Crc32 => "CRC-32",
        })
    }
}

impl Session {
    /// The kinds of checksums that the server announces, the best first.
    pub fn checksum_algorithms(&self) -> Vec<Algorithm> {
        let ways = self.checksum_ways();
        let offered = |algorithm: &Algorithm| ways.iter().any(|(other, _)| other == algorithm);
        Algorithm::ALL.into_iter().filter(offered).collect()
    }

    /// The checksum of a file, computed by the server over the bytes as they are stored; `None` where it refuses, or
    /// answers with something else. It may take as long as `timeouts.final_reply`.
    ///
    /// # Errors
    /// Only when the session broke.
    pub fn checksum(
        &mut self,
        path: &[u8],
        algorithm: Algorithm,
    ) -> Result<Option<Checksum>, Error> {
        self.ready()?;
        self.set_type(TransferType::Binary)?;
        for (_, way) in self
            .checksum_ways()
            .into_iter()
            .filter(|(other, _)| *other == algorithm)
        {
            for argument in arguments(&way, path) {
                if let Some(hex) = self.ask_checksum(&way, &argument, path, algorithm)? {
                    return Ok(Some(Checksum { algorithm, hex }));
                }
            }
        }
        Ok(None)
    }

    /// Makes this session the last one that is asked for these sums: it is not healthy afterwards.
    ///
    /// ProFTPD's mod_digest keeps sums for the length of a session, by path, size and time, and answers with the old
    /// one when a wrong file was replaced by the right one.
    pub fn distrust_checksums(&mut self) {
        self.control.condemn();
    }

    /// Whether the session is told to end; for its holder, who does other long work meanwhile.
    ///
    /// # Errors
    /// `Interrupted`, if so.
    pub fn check_interrupted(&self) -> Result<(), Error> {
        match self.breaker.tripped() {
            Some(why) => Err(Error::new(ErrorKind::Interrupted(why))),
            None => Ok(()),
        }
    }

    fn checksum_ways(&self) -> Vec<(Algorithm, Way)> {
        self.facts.features.as_ref().map(ways).unwrap_or_default()
    }

    fn ask_checksum(
        &mut self,
        way: &Way,
        argument: &[u8],
        path: &[u8],
        algorithm: Algorithm,
    ) -> Result<Option<String>, Error> {
        let line = match way {
            Way::Command(command) => Line::with(command, argument)?,
            Way::Hash(name) => {
                // Sent each time: two steps may want two algorithms of one session.
                let choice = Line::with("OPTS HASH", name.as_bytes())?;
                let reply = self.control.ask(choice)?;
                let chosen = reply.is_done();
                self.tolerate(reply)?;
                if !chosen {
                    return Ok(None);
                }
                Line::with("HASH", argument)?
            }
        };
        let reply = self.computed(line)?;
        let hex = sum_in(&reply, path, algorithm);
        self.tolerate(reply).map(|()| hex)
    }

    /// Sends a line and waits as long as for the end of a transfer: a server reads the whole file first.
    fn computed(&mut self, line: Line) -> Result<Reply, Error> {
        let time = self.endpoint.timeouts.final_reply;
        self.control.post(line);
        let reply = self.control.reply_within(time, Waiting::FinalReply)?;
        match reply.is_preliminary() {
            true => self
                .control
                .another(reply.command, time, Waiting::FinalReply),
            false => Ok(reply),
        }
    }
}

/// What a reply to FEAT announces, in the order in which it is to be tried.
fn ways(features: &Features) -> Vec<(Algorithm, Way)> {
    let lines: Vec<Vec<&str>> = features
        .lines
        .iter()
        .map(|line| line.split([' ', '\t', ';', ',']).collect())
        .collect();
    let hash = lines.iter().filter(|words| is(words, "HASH"));
    let hash = hash.flat_map(|words| &words[1..]).filter_map(|word| {
        // The asterisk marks the server's own choice.
        let name = word.trim_end_matches('*');
        Some((Algorithm::named(name)?, Way::Hash(name.to_owned())))
    });
    let announced = |command: &str| {
        lines.iter().any(|words| match command.split_once(' ') {
            None => is(words, command),
            Some((site, verb)) => {
                is(words, site) && words.iter().any(|word| word.eq_ignore_ascii_case(verb))
            }
        })
    };
    let commands = COMMANDS
        .into_iter()
        .filter(|(command, _)| announced(command))
        .map(|(command, algorithm)| (algorithm, Way::Command(command)));
    hash.chain(commands).collect()
}

fn is(words: &[&str], verb: &str) -> bool {
    words
        .first()
        .is_some_and(|word| word.eq_ignore_ascii_case(verb))
}

/// The forms of a path that a command is tried with. Most servers let a range follow the path of an X command, and take
/// a path with spaces only in quotes; others take quotes for a part of the name.
fn arguments(way: &Way, path: &[u8]) -> Vec<Vec<u8>> {
    let plain = path.to_vec();
    if matches!(way, Way::Hash(_)) || !path.contains(&b' ') || path.contains(&b'"') {
        return vec![plain];
    }
    vec![[b"\"", path, b"\""].concat(), plain]
}

/// The sum in a reply: the one word that has the right number of digits, the path left aside.
///
/// `250 HEX`, `250 SHA256 HEX`, `213 sha-256 0-99 HEX path`, `251 path HEX`, `250 "HEX"`, `250 0xHEX` and several lines
/// are all seen in the field. Two different words that fit are no answer.
pub(super) fn sum_in(reply: &Reply, path: &[u8], algorithm: Algorithm) -> Option<String> {
    if !reply.is_done() {
        return None;
    }
    let text = reply
        .lines
        .iter()
        .map(|line| text_of(line))
        .collect::<Vec<_>>()
        .join(&b'\n');
    let found = sums(&without_path(&text, path), algorithm);
    // A file may be called like its own sum, and only the sum be said.
    let found = match found.is_empty() {
        true => sums(&text, algorithm),
        false => found,
    };
    match found.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => Some(first.clone()),
        [] if algorithm == Algorithm::Crc32 => short_crc(&reply.last_text()),
        _ => None,
    }
}

/// A line of a reply without its code.
fn text_of(line: &[u8]) -> &[u8] {
    let coded = line.len() >= 4
        && line[..3].iter().all(u8::is_ascii_digit)
        && matches!(line[3], b' ' | b'-');
    if coded { &line[4..] } else { line }
}

fn without_path(text: &[u8], path: &[u8]) -> Vec<u8> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    for part in [path, name].into_iter().filter(|part| !part.is_empty()) {
        if let Some(at) = text.windows(part.len()).position(|window| window == part) {
            return [&text[..at], b" ", &text[at + part.len()..]].concat();
        }
    }
    text.to_vec()
}

fn sums(text: &[u8], algorithm: Algorithm) -> Vec<String> {
    text.split(|byte| !byte.is_ascii_alphanumeric())
        .map(|word| {
            word.strip_prefix(b"0x")
                .or(word.strip_prefix(b"0X"))
                .unwrap_or(word)
        })
        .filter(|word| word.len() == algorithm.digits() && word.iter().all(u8::is_ascii_hexdigit))
        .map(lower)
        .collect()
}

/// A CRC whose leading zeros were left out, where nothing else is said.
fn short_crc(text: &[u8]) -> Option<String> {
    let word = text.trim_ascii();
    let fits = (1..8).contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit);
    fits.then(|| format!("{:0>8}", lower(word)))
}

fn lower(word: &[u8]) -> String {
    String::from_utf8_lossy(word).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHA: &str = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08";
    const MD5: &str = "098f6bcd4621d373cade4e832627b4f6";

    fn reply(text: &str) -> Reply {
        Reply::parse(format!("{text}\r\n").as_bytes(), "HASH".into()).unwrap()
    }

    fn sum(text: &str, algorithm: Algorithm) -> Option<String> {
        sum_in(&reply(text), b"/a b/c.txt", algorithm)
    }

    fn offered(lines: &str) -> Vec<(Algorithm, Way)> {
        let text = format!("211-Features:\r\n{lines}\r\n211 End\r\n");
        ways(&Features::from_reply(
            &Reply::parse(text.as_bytes(), "FEAT".into()).unwrap(),
        ))
    }

    #[test]
    fn the_forms_of_real_servers_are_read() {
        for form in [
            "250 {}",
            "250 SHA256 {}",
            "213 sha-256 0-99 {} /a b/c.txt",
            "213 SHA-256 0-99 {} c.txt",
            "251 /a b/c.txt {}",
            "251 \"/a b/c.txt\" {}",
            "250 \"{}\"",
            "250 XSHA256:{}",
            "250-Computing SHA256 digest\r\n250 {}",
            "213-Computing SHA-256 digest\r\n213 SHA-256 0-9 {} /a b/c.txt",
            "251-Computing SHA-256 digest\r\n251 /a b/c.txt {}",
            "250-{}\r\n250 done",
            "200 sum={}",
        ] {
            let text = form.replace("{}", SHA);
            let expected = Some(SHA.to_ascii_lowercase());
            assert_eq!(sum(&text, Algorithm::Sha256), expected, "{form}");
        }
        assert_eq!(sum(&format!("250 {MD5}"), Algorithm::Md5).unwrap(), MD5);
    }

    #[test]
    fn what_is_no_sum_is_no_answer() {
        for text in [
            format!("550 {SHA}"),
            "250 done".into(),
            format!("250 {}", &SHA[1..]),
            format!("250 {MD5}"),
            format!("250 {SHA} {}", SHA.replace('9', "1")),
        ] {
            assert_eq!(sum(&text, Algorithm::Sha256), None, "{text}");
        }
    }

    #[test]
    fn a_crc_may_lack_its_zeros_and_have_a_prefix() {
        for (text, expected) in [
            ("250 D87F7E0C", Some("d87f7e0c")),
            ("250 0xD87F7E0C", Some("d87f7e0c")),
            ("250 7F7E0C", Some("007f7e0c")),
            ("250 7F7E0C done", None),
            ("250 ok", None),
        ] {
            assert_eq!(sum(text, Algorithm::Crc32).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_called_like_a_sum_is_not_taken_for_it() {
        let name = format!("/a/{}", MD5.replace('0', "1"));
        let said = |text: String| sum_in(&reply(&text), name.as_bytes(), Algorithm::Md5);
        assert_eq!(said(format!("251 {name} {MD5}")).unwrap(), MD5);
        let named = format!("213 MD5 0-4 {MD5} {}", &name["/a/".len()..]);
        assert_eq!(said(named).unwrap(), MD5);
        let own = format!("/a/{MD5}");
        let said = |text: String| sum_in(&reply(&text), own.as_bytes(), Algorithm::Md5);
        assert_eq!(said(format!("250 {MD5}")).unwrap(), MD5);
        assert_eq!(said(format!("251 {own} {MD5}")).unwrap(), MD5);
    }

    #[test]
    fn what_feat_announces_is_offered_and_hash_is_tried_first() {
        let offered = offered(
            " XCRC \"filename\" SP EP\r\n XMD5\r\n HASH SHA-256*;sha1;MD5;WHIRLPOOL\r\n XSHA\r\n SITE MD5;UTIME",
        );
        let hash = |name: &str| Way::Hash(name.into());
        assert_eq!(
            offered,
            [
                (Algorithm::Sha256, hash("SHA-256")),
                (Algorithm::Sha1, hash("sha1")),
                (Algorithm::Md5, hash("MD5")),
                (Algorithm::Sha1, Way::Command("XSHA")),
                (Algorithm::Md5, Way::Command("XMD5")),
                (Algorithm::Crc32, Way::Command("XCRC")),
                (Algorithm::Md5, Way::Command("SITE MD5")),
            ]
        );
        assert_eq!(self::offered(" SIZE\r\n SITE UTIME\r\n XMD"), []);
    }

    #[test]
    fn a_path_with_spaces_is_quoted_first_where_a_range_may_follow() {
        let own = Way::Command("XMD5");
        assert_eq!(arguments(&own, b"/a"), [b"/a"]);
        assert_eq!(arguments(&own, b"/a 1"), [&b"\"/a 1\""[..], b"/a 1"]);
        assert_eq!(arguments(&Way::Hash("MD5".into()), b"/a 1"), [b"/a 1"]);
    }

    proptest! {
        #[test]
        fn any_reply_is_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..200), path in "[/a-f0-9 ]{0,12}") {
            let text = [b"250 ", bytes.as_slice(), b"\r\n"].concat();
            if let Some(reply) = Reply::parse(&text, String::new()) {
                for algorithm in Algorithm::ALL {
                    let sum = sum_in(&reply, path.as_bytes(), algorithm);
                    prop_assert!(sum.is_none_or(|hex| hex.len() == algorithm.digits()));
                }
            }
        }
    }
}
