//! The first column of `ls -l`: type, rights, and what servers glue to them.

use crate::files::Kind;

use super::row::word;

/// What the first column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) kind: Kind,
    /// Whether the name is a column of its own, padded with spaces (NetWare).
    pub(super) padded: bool,
}

/// Reads the first column, and gives what follows it.
pub(super) fn mode(line: &[u8]) -> Option<(Mode, &[u8])> {
    let (first, rest) = word(line)?;
    if let Some(kind) = unix(first).or_else(|| enterprise(first)) {
        let padded = false;
        return Some((Mode { kind, padded }, rest));
    }
    netware(first, rest)
}

/// `drwxr-xr-x`, with or without a mark behind it (`+`, `.`, `@`), and a link count that has no room (`+1464`). Some servers
/// leave one or three of its letters out.
fn unix(word: &[u8]) -> Option<Kind> {
    let (letter, rest) = word.split_first()?;
    let short = matches!(word.len(), 7 | 9);
    let (bits, behind) = rest.split_at_checked(if short { rest.len() } else { 9 })?;
    let links = match behind {
        [b'+' | b'.' | b'@' | b'*', links @ ..] => links,
        links => links,
    };
    if !bits.iter().all(|bit| b"rwxsStTlL-".contains(bit)) || !links.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    match letter {
        // Beside `-`: `f` on some Windows servers; contiguous and migrated files are files, too.
        b'-' | b'f' | b'F' | b'C' | b'M' | b'm' => Some(Kind::File),
        b'd' => Some(Kind::Folder),
        // `e` is an external link of z/OS, with its target behind an arrow like others.
        b'l' | b'e' => Some(Kind::Link),
        b'b' | b'c' | b'p' | b's' | b'D' | b'P' | b'n' | b'w' | b'?' => Some(Kind::Other),
        _ => None,
    }
}

/// Connect:Enterprise: flags of a batch and the protocol that it came by, `-C--E-----FTP`. It knows no folders.
fn enterprise(word: &[u8]) -> Option<Kind> {
    let (flags, protocol) = word.split_at_checked(10)?;
    let flag = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
    let known = [b"FTP", b"FTS", b"TCP", b"BSC", b"ASY"]
        .iter()
        .any(|known| *known == protocol);
    (known && flags.iter().all(flag)).then_some(Kind::File)
}

/// NetWare: `d [RWCEAFMS]`, and of older servers `d[RWCEMFA]`.
fn netware<'a>(first: &'a [u8], rest: &'a [u8]) -> Option<(Mode, &'a [u8])> {
    let (letter, glued) = first.split_first()?;
    let kind = match letter {
        b'-' => Kind::File,
        b'd' => Kind::Folder,
        _ => return None,
    };
    let (rights, rest) = match glued {
        [] => word(rest)?,
        glued => (glued, rest),
    };
    let inner = rights.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let known = matches!(inner.len(), 7 | 8) && inner.iter().all(|bit| b"RWCEAFMS-".contains(bit));
    let padded = true;
    known.then_some((Mode { kind, padded }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_what_is_glued_to_them_are_read() {
        for (text, kind) in [
            (&b"-rwSr-sr-T"[..], Kind::File),
            (b"drwxr-x---+1464", Kind::Folder),
            (b"lrwxrwxrwx@", Kind::Link),
            (b"crw-rw-rw-", Kind::Other),
            (b"d [RWCEAFMS]", Kind::Folder),
            (b"-[RWCEMFA]", Kind::File),
            (b"drwxrwx", Kind::Folder),
            (b"drw-r--rw", Kind::Folder),
            (b"-C--E-----FTP", Kind::File),
            (b"-AR--M----TCP", Kind::File),
        ] {
            let found = mode(text).map(|(mode, rest)| (mode.kind, rest));
            assert_eq!(found, Some((kind, &b""[..])), "{text:?}");
        }
        for bad in [
            &b"drwx"[..],
            b"zrwxr-xr-x",
            b"drwxr-xr-x!",
            b"d [RWX]",
            b"a [RWCEAFMS]",
        ] {
            assert_eq!(mode(bad), None, "{bad:?}");
        }
    }
}
