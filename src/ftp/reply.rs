//! A server's reply: three digits and text (RFC 959 §4.2), kept as the bytes that came.

/// One complete reply to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The three digits of the last line.
    pub(super) code: u16,
    /// The lines without line ends; the code stands in the first and the last.
    pub(super) lines: Vec<Vec<u8>>,
    /// The command that it answers, as it may be shown.
    pub(super) command: String,
    /// Whether that was sent to a server that was not tested before it had answered others: of a refusal nothing is learned then.
    pub(super) early: bool,
}

impl Reply {
    /// Reads the bytes of one reply; `None` when they are none.
    ///
    /// The last line decides: some servers (glFTPd) end a reply with another code than they began it with.
    pub(super) fn parse(bytes: &[u8], command: String) -> Option<Reply> {
        let lines: Vec<Vec<u8>> = bytes
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec())
            .filter(|line| !line.is_empty())
            .collect();
        let code = code(lines.last()?)?;
        Some(Reply {
            code,
            lines,
            command,
            early: false,
        })
    }

    /// 1xx: another reply follows.
    pub(super) fn is_preliminary(&self) -> bool {
        self.code / 100 == 1
    }

    /// 2xx: done. Servers differ in the digits that follow (250 for 226, 200 for 250), so only the first counts.
    pub(super) fn is_done(&self) -> bool {
        self.code / 100 == 2
    }

    /// 3xx: the server waits for the next command of a pair.
    pub(super) fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// 4xx and 5xx: refused.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.code / 100, 4 | 5)
    }

    /// The text of the last line, after the code, with doubled bytes 255 made single: vsftpd doubles telnet's IAC in replies.
    pub(super) fn last_text(&self) -> Vec<u8> {
        let line = self.lines.last().map_or(&[][..], Vec::as_slice);
        let text = line.get(4..).unwrap_or_default();
        let mut out = Vec::with_capacity(text.len());
        let mut bytes = text.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if byte == 0xff {
                bytes.next_if_eq(&0xff);
            }
            out.push(byte);
        }
        out
    }
}

/// The code of a line that ends a reply, line end and all; `None` for one with which a reply goes on.
pub(super) fn last_line_code(line: &[u8]) -> Option<u16> {
    code(line.trim_ascii_end()).filter(|_| line.get(3) != Some(&b'-'))
}

fn code(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(line.get(3), None | Some(b' ' | b'-')) {
        return None;
    }
    let code = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    (100..600).contains(&code).then_some(code)
}

/// The path in a 257 reply: between quotes, a quote in it doubled (RFC 959 appendix II); or without quotes, where it is all that
/// the reply says, but for `is …` behind it.
pub(super) fn path_in(reply: &Reply) -> Option<Vec<u8>> {
    let text = reply.last_text();
    match text.iter().position(|byte| *byte == b'"') {
        Some(quote) => quoted(&text[quote + 1..]),
        None => bare(&text),
    }
}

fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut path = Vec::new();
    let mut rest = text.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte == b'"' && rest.next_if_eq(&b'"').is_none() {
            return (!path.is_empty()).then_some(path);
        }
        path.push(byte);
    }
    None
}

/// A path with spaces is not told from the words behind one.
fn bare(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let end = text.iter().position(|byte| *byte == b' ');
    let (path, behind) = text.split_at(end.unwrap_or(text.len()));
    let sure = behind.is_empty() || behind.starts_with(b" is ");
    (path.starts_with(b"/") && sure).then(|| path.to_vec())
}

/// The number in a reply to SIZE (RFC 3659 §4).
pub(super) fn size(reply: &Reply) -> Option<u64> {
    if reply.code != 213 {
        return None;
    }
    String::from_utf8(reply.last_text())
        .ok()?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(text: &[u8]) -> Reply {
        Reply::parse(text, "PWD".into()).unwrap()
    }

    #[test]
    fn the_last_line_decides_the_code() {
        let reply = reply(b"230-hello\r\n 220 inside\r\n230 done\r\n");
        assert_eq!((reply.code, reply.lines.len()), (230, 3));
        assert_eq!(reply.last_text(), b"done");
        assert!(reply.is_done());
    }

    #[test]
    fn quotes_in_a_path_are_doubled() {
        let path = |text: &[u8]| path_in(&reply(text));
        assert_eq!(
            path(b"257 \"/a \"\"b\"\"\" is it\r\n").unwrap(),
            b"/a \"b\""
        );
        assert_eq!(path(b"257 no quotes\r\n"), None);
        assert_eq!(path(b"257 /home/ann\r\n").unwrap(), b"/home/ann");
        let said = b"257 /home/ann is the current directory\r\n";
        assert_eq!(path(said).unwrap(), b"/home/ann");
        assert_eq!(path(b"257 /home/ann b\r\n"), None);
        assert_eq!(path(b"257 \"open\r\n"), None);
    }

    #[test]
    fn sizes_are_read_only_from_213() {
        assert_eq!(size(&reply(b"213 42 \r\n")), Some(42));
        assert_eq!(size(&reply(b"550 42\r\n")), None);
        assert_eq!(size(&reply(b"213 4,2\r\n")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(reply) = Reply::parse(&bytes, String::new()) {
                prop_assert!((100..600).contains(&reply.code));
                let _ = (path_in(&reply), size(&reply));
            }
        }
    }
}
