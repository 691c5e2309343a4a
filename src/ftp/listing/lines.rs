//! Lines out of a stream of bytes, bounded.

/// The longest line that is read; a path on any system is shorter.
const LINE_BYTES: usize = 64 * 1024;

/// Cuts what comes in into lines. Both CRLF and LF end one.
#[derive(Debug, Default)]
pub(in crate::ftp) struct Lines {
    started: Vec<u8>,
    overlong: bool,
}

impl Lines {
    /// Gives each line that these bytes complete, without its end; `None` stands for one that was too long.
    pub(in crate::ftp) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Option<&[u8]>)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            if self.started.is_empty() && !self.overlong && end <= LINE_BYTES {
                each(Some(without_cr(&bytes[..end])));
            } else {
                self.grow(&bytes[..end]);
                self.give(&mut each);
            }
            bytes = &bytes[end + 1..];
        }
        self.grow(bytes);
    }

    /// Whether a line was begun that nothing has ended.
    pub(in crate::ftp) fn has_begun(&self) -> bool {
        self.overlong || !self.started.is_empty()
    }

    fn give(&mut self, each: &mut impl FnMut(Option<&[u8]>)) {
        if std::mem::take(&mut self.overlong) {
            each(None);
        } else {
            each(Some(without_cr(&self.started)));
        }
        self.started.clear();
    }

    fn grow(&mut self, bytes: &[u8]) {
        if self.overlong || self.started.len() + bytes.len() > LINE_BYTES {
            self.overlong = true;
            self.started.clear();
        } else {
            self.started.extend_from_slice(bytes);
        }
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The lines, and whether another was begun.
    fn lines(chunks: &[&[u8]]) -> (Vec<Option<Vec<u8>>>, bool) {
        let mut out = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.feed(chunk, |line| out.push(line.map(<[u8]>::to_vec)));
        }
        (out, lines.has_begun())
    }

    #[test]
    fn a_line_too_long_is_reported_and_the_next_is_read() {
        let long = vec![b'x'; LINE_BYTES + 1];
        let out = lines(&[&long, b"\r\nnext\r\n"]);
        assert_eq!(out, (vec![None, Some(b"next".to_vec())], false));
    }

    #[test]
    fn the_half_of_a_line_is_never_given() {
        let out = lines(&[b"whole\nha", b"lf"]);
        assert_eq!(out, (vec![Some(b"whole".to_vec())], true));
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a')], 0..60), cut in 0..60_usize) {
            let cut = cut.min(text.len());
            prop_assert_eq!(lines(&[&text[..cut], &text[cut..]]), lines(&[&text]));
        }
    }
}
