//! `type: ascii`: line ends on the wire are CRLF (RFC 959 §3.1.1.1), on this machine LF.

/// What happens to line ends on their way. Lines may be cut anywhere between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Convert {
    /// LF becomes CRLF; a CRLF that is there already stays one.
    ToWire {
        /// Whether the last byte so far was a CR.
        after_cr: bool,
    },
    /// CRLF becomes LF; a CR by itself stays.
    FromWire {
        /// Whether a CR is held back until the next byte is seen.
        held: bool,
    },
}

impl Convert {
    pub(super) const TO_WIRE: Convert = Convert::ToWire { after_cr: false };
    pub(super) const FROM_WIRE: Convert = Convert::FromWire { held: false };

    /// Writes the converted bytes over `out`: at most twice as many, and one.
    pub(super) fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.clear();
        for &byte in bytes {
            match self {
                Convert::ToWire { after_cr } => {
                    if byte == b'\n' && !*after_cr {
                        out.push(b'\r');
                    }
                    *after_cr = byte == b'\r';
                    out.push(byte);
                }
                Convert::FromWire { held } => {
                    if *held && byte != b'\n' {
                        out.push(b'\r');
                    }
                    *held = byte == b'\r';
                    if !*held {
                        out.push(byte);
                    }
                }
            }
        }
    }

    /// What is still owed at the end of the file.
    pub(super) fn rest(self) -> &'static [u8] {
        match self {
            Convert::FromWire { held: true } => b"\r",
            _ => b"",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(mut convert: Convert, pieces: &[&[u8]]) -> Vec<u8> {
        let (mut all, mut out) = (Vec::new(), Vec::new());
        for piece in pieces {
            convert.pass(piece, &mut out);
            all.extend_from_slice(&out);
        }
        all.extend_from_slice(convert.rest());
        all
    }

    #[test]
    fn line_ends_are_converted_across_borders() {
        assert_eq!(
            run(Convert::TO_WIRE, &[b"a\nb\r", b"\nc\n\n"]),
            b"a\r\nb\r\nc\r\n\r\n"
        );
        assert_eq!(
            run(Convert::FROM_WIRE, &[b"a\r", b"\nb\r", b"c\r"]),
            b"a\nb\rc\r"
        );
        assert_eq!(
            run(Convert::FROM_WIRE, &[b"\r", b"", b"\r", b"\n"]),
            b"\r\n"
        );
    }

    proptest! {
        #[test]
        fn where_it_is_cut_makes_no_difference(text in "[a\r\n]{0,40}", cut in 0usize..40, out in any::<bool>()) {
            let convert = if out { Convert::TO_WIRE } else { Convert::FROM_WIRE };
            let cut = cut.min(text.len());
            let (one, two) = text.as_bytes().split_at(cut);
            prop_assert_eq!(run(convert, &[one, two]), run(convert, &[text.as_bytes()]));
        }

        #[test]
        fn local_lines_survive_the_way_to_the_wire_and_back(text in "[ab\n]{0,40}") {
            let wire = run(Convert::TO_WIRE, &[text.as_bytes()]);
            prop_assert_eq!(run(Convert::FROM_WIRE, &[&wire]), text.as_bytes());
        }
    }
}
