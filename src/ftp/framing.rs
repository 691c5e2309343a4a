//! Where a reply ends (RFC 959 §4.2), told to suppaftp in the form that it knows.
//!
//! It ends a reply at any line of three digits and a space. Servers send less and more than that: a code with nothing behind
//! it ends one, too, and a banner may hold a line such as `404 steps to the door`, which ends nothing.

use super::reply::last_line_code;

/// What the lines of the reply being read have said so far.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// The code of a reply of several lines that has begun.
    opened: Option<[u8; 3]>,
    within_line: bool,
}

/// What is known of the line that lies first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framed {
    /// It may be handed over.
    Plain,
    /// It looks like the end of another reply than the one that has begun: what follows decides.
    Doubtful,
}

impl Framing {
    /// Looks at the line that lies first, all of it, and puts what suppaftp needs into it.
    pub(super) fn frame(&mut self, inbox: &mut Vec<u8>) -> Framed {
        if self.within_line {
            return Framed::Plain;
        }
        let (line, behind) = first_line(inbox);
        match self.opened {
            None if line.get(3) == Some(&b'-') => self.opened = code(line),
            Some(opened) if last_line_code(line).is_some() && code(line) != Some(opened) => {
                match goes_on(behind, opened) {
                    None => return Framed::Doubtful,
                    Some(true) => inbox.insert(0, b' '),
                    Some(false) => self.complete(inbox),
                }
            }
            _ => self.complete(inbox),
        }
        Framed::Plain
    }

    /// Settles a line that stayed doubtful: nothing came behind it, so it is the end. glFTPd ends replies so.
    pub(super) fn settle(&mut self, inbox: &mut Vec<u8>) {
        self.complete(inbox);
    }

    /// Takes in what was handed over.
    pub(super) fn handed(&mut self, bytes: &[u8]) {
        self.within_line = !bytes.ends_with(b"\n");
    }

    /// A code alone becomes a code and a space.
    fn complete(&self, inbox: &mut Vec<u8>) {
        let (line, _) = first_line(inbox);
        if last_line_code(line).is_some() && line.get(3) != Some(&b' ') {
            inbox.insert(3, b' ');
        }
    }
}

/// Whether a reply goes on behind a line with another code: so it does where its own code stands further on, or text. `None`
/// where too little has come.
fn goes_on(behind: &[u8], opened: [u8; 3]) -> Option<bool> {
    let mut lines = behind
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"));
    let first = lines.next()?;
    let own = |line: &[u8]| code(line) == Some(opened);
    Some(code(first).is_none() || own(first) || lines.any(own))
}

fn first_line(inbox: &[u8]) -> (&[u8], &[u8]) {
    let end = inbox.iter().position(|byte| *byte == b'\n');
    inbox.split_at(end.map_or(inbox.len(), |end| end + 1))
}

/// The three digits of a line that begins as lines with a code do.
fn code(line: &[u8]) -> Option<[u8; 3]> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let separated = matches!(rest.first(), None | Some(b' ' | b'-' | b'\r' | b'\n'));
    (separated && digits.iter().all(u8::is_ascii_digit)).then_some(*digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines as suppaftp gets them, when all have come.
    fn framed(text: &str) -> String {
        let mut framing = Framing::default();
        let mut inbox = text.as_bytes().to_vec();
        let mut out = Vec::new();
        while !inbox.is_empty() {
            if framing.frame(&mut inbox) == Framed::Doubtful {
                framing.settle(&mut inbox);
            }
            let length = first_line(&inbox).0.len();
            let line: Vec<u8> = inbox.drain(..length).collect();
            framing.handed(&line);
            out.extend(line);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_code_alone_ends_a_reply() {
        assert_eq!(framed("226\r\n"), "226 \r\n");
        assert_eq!(framed("226\n"), "226 \n");
        assert_eq!(framed("226-a\r\n226\r\n"), "226-a\r\n226 \r\n");
        assert_eq!(framed("226 done\r\n"), "226 done\r\n");
        assert_eq!(framed("2260\r\n"), "2260\r\n");
    }

    #[test]
    fn a_line_of_a_banner_that_begins_with_another_code_ends_nothing() {
        let told = "220-hi\r\n404 steps\r\n220 go on\r\n";
        assert_eq!(framed(told), "220-hi\r\n 404 steps\r\n220 go on\r\n");
        let told = "220-hi\r\n404\r\ntext\r\n220\r\n";
        assert_eq!(framed(told), "220-hi\r\n 404\r\ntext\r\n220 \r\n");
        let told = "220-hi\r\n404 a\r\n405 b\r\n220 c\r\n";
        assert_eq!(framed(told), "220-hi\r\n 404 a\r\n 405 b\r\n220 c\r\n");
    }

    #[test]
    fn another_code_with_nothing_behind_it_is_the_end() {
        assert_eq!(framed("230-a\r\n226 b\r\n"), "230-a\r\n226 b\r\n");
        assert_eq!(framed("230-a\r\n226\r\n"), "230-a\r\n226 \r\n");
    }
}
