//! One line for the control connection: the bytes to send, and the bytes that may be shown.

use crate::files::check_command;

use super::error::{Error, ErrorKind};

/// A checked command line, without its line end.
#[derive(Debug, Clone)]
pub(super) struct Line {
    bytes: Vec<u8>,
    shown: Option<&'static str>,
}

impl Line {
    /// A command of our own making, without anything from outside in it.
    pub(super) fn fixed(text: &'static str) -> Line {
        Line {
            bytes: text.as_bytes().to_vec(),
            shown: None,
        }
    }

    /// A verb and an argument from outside. Refused where the argument would end or split the line.
    pub(super) fn with(verb: &str, argument: &[u8]) -> Result<Line, Error> {
        check_command(argument).map_err(|problem| {
            Error::new(ErrorKind::Name)
                .command(verb.into())
                .detail(problem.to_string())
        })?;
        let mut bytes = Vec::with_capacity(verb.len() + 1 + argument.len());
        bytes.extend_from_slice(verb.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(argument);
        Ok(Line { bytes, shown: None })
    }

    /// A whole line that the user wrote.
    pub(super) fn raw(text: &[u8]) -> Result<Line, Error> {
        check_command(text).map_err(|problem| {
            Error::new(ErrorKind::Name).detail(format!("a login command: {problem}"))
        })?;
        Ok(Line {
            bytes: text.to_vec(),
            shown: None,
        })
    }

    /// `PASS`, never shown.
    pub(super) fn password(password: &[u8]) -> Result<Line, Error> {
        let mut line = Line::with("PASS", password)?;
        line.shown = Some("PASS ****");
        Ok(line)
    }

    /// What may be shown of it.
    pub(super) fn shown(&self) -> &[u8] {
        self.shown.map_or(&self.bytes, str::as_bytes)
    }

    /// The verb, of which "SITE CHMOD" is one, and what follows it.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        let from = if self.bytes.starts_with(b"SITE ") {
            5
        } else {
            0
        };
        let space = self.bytes[from..].iter().position(|byte| *byte == b' ');
        let end = space.map_or(self.bytes.len(), |at| from + at);
        let argument = self.bytes.get(end + 1..).unwrap_or_default();
        (&self.bytes[..end], argument)
    }

    /// How many bytes go out for it.
    pub(super) fn length(&self) -> usize {
        self.bytes.len() + 2
    }

    /// Puts it behind what is to be sent.
    ///
    /// A byte 255 goes out as it is, though telnet (RFC 854, RFC 959 §3.1) would have it doubled: vsftpd and
    /// Pure-FTPd store both bytes of a doubled one, and ProFTPD and pyftpdlib take the single one (tried).
    pub(super) fn append_to(&self, outbox: &mut Vec<u8>) {
        outbox.extend_from_slice(&self.bytes);
        outbox.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_split_the_line_is_refused() {
        for bad in [&b"a\r\nDELE b"[..], b"a\n", b"a\0"] {
            assert_eq!(Line::with("RETR", bad).unwrap_err().kind, ErrorKind::Name);
        }
    }

    #[test]
    fn a_password_is_sent_and_not_shown() {
        let line = Line::password(b"hush").unwrap();
        let mut out = Vec::new();
        line.append_to(&mut out);
        assert_eq!(out, b"PASS hush\r\n");
        assert_eq!(line.shown(), b"PASS ****");
    }

    #[test]
    fn a_byte_255_is_sent_as_it_is() {
        let mut out = Vec::new();
        Line::with("CWD", b"a\xff").unwrap().append_to(&mut out);
        assert_eq!(out, b"CWD a\xff\r\n");
    }
}
