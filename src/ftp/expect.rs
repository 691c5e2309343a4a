//! Which replies can be the answer to which command.
//!
//! Servers vary in the last two digits (250 for 226, 200 for 250), so these are wide: what is told apart is what no server
//! says of this command, and so answers another one. Then nobody knows which reply belongs to what.

use super::command::Line;

/// Codes that belong to certain commands, and are no general "done" (RFC 959 §4.2.1, RFC 2428, RFC 3659).
const OWN_WORDS: [u16; 16] = [
    211, 212, 213, 214, 215, 220, 221, 225, 227, 229, 230, 231, 232, 234, 235, 257,
];
/// "Transfer aborted": said of transfers only.
const ABORTED: u16 = 426;

/// Whether a reply with this code can be the one to this line.
pub(super) fn may_answer(line: &Line, code: u16) -> bool {
    let (verb, argument) = line.parts();
    let plain = is_plain(code);
    let waits = code / 100 == 3 && !matches!(code, 331 | 332 | 334 | 336);
    let refusal = matches!(code / 100, 4 | 5);
    let done = match verb.to_ascii_uppercase().as_slice() {
        b"RETR" | b"STOR" | b"APPE" | b"LIST" | b"NLST" | b"MLSD" => {
            return code / 100 == 1 || may_end_transfer(code);
        }
        b"RNFR" => waits,
        b"REST" => waits || plain,
        b"SIZE" => code == 213,
        b"MDTM" => code == 213 || (plain && sets_time(argument)),
        b"MFMT" => code == 213 || plain,
        b"EPSV" => code == 229 || matches!(code, 200 | 202),
        b"PASV" => code == 227 || matches!(code, 200 | 202),
        b"PWD" | b"MKD" => code == 257 || plain,
        b"RNTO" | b"DELE" | b"RMD" | b"CWD" | b"TYPE" | b"EPRT" | b"PORT" | b"PBSZ" | b"PROT"
        | b"SITE CHMOD" | b"NOOP" => plain,
        // Logging in, and what only some servers know: HASH, XMD5, SITE.
        _ => return true,
    };
    done || (refusal && code != ABORTED)
}

/// Whether a reply with this code can be the last one to a transfer.
pub(super) fn may_end_transfer(code: u16) -> bool {
    matches!(code, 400..=599) || is_plain(code)
}

/// A "done" that says nothing of what was done.
fn is_plain(code: u16) -> bool {
    code / 100 == 2 && !OWN_WORDS.contains(&code)
}

/// Whether a refusal says that the server did not understand a line or will not take it now, which it says of lines that
/// reach it in the midst of a transfer (Pure-FTPd 500, aioftp 502, ProFTPD 450) and not of the transfer.
pub(super) fn may_be_of_early_line(code: u16) -> bool {
    matches!(code, 450 | 500..=504)
}

/// `20200102030405 path`: vsftpd's form of MDTM.
fn sets_time(argument: &[u8]) -> bool {
    argument.len() > 14 && argument[..14].iter().all(u8::is_ascii_digit) && argument[14] == b' '
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(verb: &str, argument: &str, code: u16) -> bool {
        may_answer(&Line::with(verb, argument.as_bytes()).unwrap(), code)
    }

    #[test]
    fn what_servers_say_in_place_of_the_standard_is_taken() {
        for (verb, code) in [
            ("RNTO", 226),
            ("RNTO", 200),
            ("DELE", 200),
            ("MKD", 250),
            ("MKD", 521),
            ("CWD", 200),
            ("CWD", 226),
            ("RETR", 125),
            ("STOR", 250),
            ("RNFR", 350),
            ("MFMT", 253),
            ("EPSV", 522),
            ("SIZE", 421),
        ] {
            assert!(fits(verb, "a", code), "{verb} {code}");
        }
        assert!(fits("MDTM", "20200102030405 a", 250));
    }

    #[test]
    fn what_answers_another_command_is_not() {
        for (verb, code) in [
            ("RNFR", 250),
            ("RNTO", 227),
            ("RNTO", 213),
            ("RNTO", 150),
            ("RNTO", 350),
            ("DELE", 229),
            ("SIZE", 250),
            ("SIZE", 226),
            ("MDTM", 250),
            ("MLSD", 227),
            ("STOR", 213),
            ("STOR", 350),
            ("CWD", 227),
            ("TYPE", 150),
            ("SIZE", 426),
        ] {
            assert!(!fits(verb, "a", code), "{verb} {code}");
        }
        assert!(!fits("EPSV", "", 227) && !fits("PASV", "", 229));
    }
}
