//! A writer of lines for people behind the redactor.

use std::io::{self, Write};
use std::sync::Arc;

use super::redact::{MASK, Redactor, mask};

/// A line longer than this is passed on in parts.
const LONGEST: usize = 64 * 1024;

/// A writer of lines for people that masks what is written as [`Redactor::line`] does, also where a secret is split between
/// writes.
///
/// Lines are passed on whole. A flush passes on an unfinished line, except an end that may become a secret.
#[derive(Debug)]
pub struct Redacted<W: Write> {
    inner: W,
    redactor: Arc<Redactor>,
    pending: Vec<u8>,
    /// Whether what was passed on ends with a mask: a secret that touches it is masked with it.
    masked: bool,
}

impl<W: Write> Redacted<W> {
    /// A writer in front of another one.
    pub fn new(redactor: &Arc<Redactor>, inner: W) -> Redacted<W> {
        Redacted {
            inner,
            redactor: Arc::clone(redactor),
            pending: Vec::new(),
            masked: false,
        }
    }

    fn pass(&mut self, end: usize) -> io::Result<()> {
        if end == 0 {
            return Ok(());
        }
        let found = self.redactor.stretches(&self.pending[..end]);
        let masked = mask(&self.pending[..end], &found);
        let touches = self.masked && found.first().is_some_and(|&(start, _)| start == 0);
        let known = if touches { MASK.len() } else { 0 };
        let result = self.inner.write_all(&masked[known..]);
        self.masked = found.last().is_some_and(|&(_, last)| last == end);
        self.pending.drain(..end);
        result
    }
}

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if let Some(line) = self.pending.iter().rposition(|&byte| byte == b'\n') {
            self.pass(line + 1)?;
        }
        if self.pending.len() > LONGEST {
            self.pass(self.redactor.settled(&self.pending))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.redactor.settled(&self.pending))?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Redacted<W> {
    fn drop(&mut self) {
        // Nothing can be done about an error here; whoever wants to know flushes first.
        let _ = self.pass(self.pending.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(["hunter2", "hunter2-long"])
    }

    #[test]
    fn a_flush_holds_back_only_what_may_become_a_secret() {
        let mut writer = Redacted::new(&Arc::new(redactor()), Vec::new());
        write!(writer, "progress hunt").unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.inner, b"progress ");
        write!(writer, "er2 ").unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.inner, b"progress *** ");
    }

    #[test]
    fn secrets_that_touch_are_one_mask_however_they_are_cut() {
        let redactor = Arc::new(Redactor::new(["aabb", "bbba"]));
        for cut in 0..=8 {
            let mut shown = Vec::new();
            let mut writer = Redacted::new(&redactor, &mut shown);
            let (first, second) = "aabbbbba".split_at(cut);
            for part in [first, second] {
                write!(writer, "{part}").unwrap();
                writer.flush().unwrap();
            }
            drop(writer);
            assert_eq!(shown, MASK.as_bytes(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn no_way_of_cutting_writes_lets_a_secret_through(
            parts in proptest::collection::vec("[ab\n]{0,4}", 0..12),
            flush in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let redactor = Arc::new(Redactor::new(["aabb", "bbba", "abab"]));
            let mut shown = Vec::new();
            {
                let mut writer = Redacted::new(&redactor, &mut shown);
                for (part, flush) in parts.iter().zip(flush) {
                    writer.write_all(part.as_bytes()).unwrap();
                    if flush {
                        writer.flush().unwrap();
                    }
                }
            }
            let shown = String::from_utf8(shown).unwrap();
            let whole = parts.concat();
            prop_assert_eq!(shown, redactor.line(&whole));
        }
    }
}
