//! LIST in the form of `ls -l`: vsftpd, ProFTPD, Pure-FTPd, pyftpdlib and most others.

use crate::files::{Kind, Time};

use super::date::dated;
use super::mode::{Mode, mode};
use super::row::{Row, number, word};

/// Words between the mode and the date: link count, owner, group, size, and some more where names have spaces.
const MOST_WORDS: usize = 24;
/// With fewer words before it, what looks like a date is an owner `jan` of the group 20.
const FEWEST_WORDS: usize = 2;
/// A number behind so many spaces is a size in its column, and no link count: owner and group are left out.
const WIDE: usize = 6;

/// What the word before the date says of the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Bytes(u64),
    /// A size for people (`33.5k`), or one that is glued to the group (`users4096`): the word is the right one, and the number
    /// of bytes is not to be had from it.
    Unknown,
}

/// Reads one line.
///
/// Owner and group may be absent or hold spaces, so the date is looked for. The word before it is the size: where
/// that is nothing of the kind, the line is not read at all, lest a date in the name be taken instead.
pub(super) fn row(line: &[u8], now: i64, offset: i64) -> Option<Row<'_>> {
    let (mode, mut rest) = mode(line)?;
    let (mut size, mut wide) = (None, false);
    for words in 0..MOST_WORDS {
        let enough = words >= FEWEST_WORDS || (words == 1 && wide);
        if enough && let Some((modified, name)) = dated(rest, now, offset) {
            return entry(mode, name, size?, modified);
        }
        let (next, after) = word(rest)?;
        wide = rest.len() - after.len() - next.len() >= WIDE;
        size = sized(mode, next);
        rest = after;
    }
    None
}

fn sized(mode: Mode, word: &[u8]) -> Option<Size> {
    let number = number(word).or_else(|| minor(mode, word));
    let unknown = || (for_people(word) || is_glued(word)).then_some(Size::Unknown);
    number.map(Size::Bytes).or_else(unknown)
}

fn entry(mode: Mode, name: &[u8], size: Size, modified: Option<Time>) -> Option<Row<'_>> {
    let size = match size {
        Size::Bytes(bytes) => Some(bytes),
        Size::Unknown => None,
    };
    let name = match mode.kind {
        _ if mode.padded => name.trim_ascii_start(),
        Kind::Link => link_name(name, size),
        // `ls -F` marks folders so; no name holds a separator.
        Kind::Folder => name.strip_suffix(b"/").unwrap_or(name),
        _ => name,
    };
    (!name.is_empty()).then_some(Row {
        name,
        kind: mode.kind,
        size: size.filter(|_| mode.kind == Kind::File),
        modified,
    })
}

/// `33.5k`, `4.0K`, `12M`, `1.5GB`.
fn for_people(word: &[u8]) -> bool {
    let end = word
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b','));
    let (digits, unit) = word.split_at(end.unwrap_or(word.len()));
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix(b"b").unwrap_or(&unit);
    digits.first().is_some_and(u8::is_ascii_digit) && matches!(unit, b"k" | b"m" | b"g" | b"t")
}

/// A name with a number at its end.
fn is_glued(word: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let letter = word.first().is_some_and(u8::is_ascii_alphabetic);
    letter && word.last().is_some_and(u8::is_ascii_digit) && word.iter().all(plain)
}

/// A device's number in the place of the size: `3`, `8,0`, or as HP-UX shows it, `0x000003`.
fn minor(mode: Mode, word: &[u8]) -> Option<u64> {
    let digits = word.strip_prefix(b"0x");
    let known = match digits {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => word
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b','),
    };
    (mode.kind == Kind::Other && known && !word.is_empty()).then_some(0)
}

/// The name of a link without its target. Either may hold ` -> `: the size of a link is the length of its target.
fn link_name(text: &[u8], size: Option<u64>) -> &[u8] {
    const ARROW: &[u8] = b" -> ";
    let arrows = || {
        text.windows(ARROW.len())
            .enumerate()
            .filter(|(_, window)| *window == ARROW)
            .map(|(at, _)| at)
    };
    let fitting = arrows().find(|at| (text.len() - at - ARROW.len()) as u64 == size.unwrap_or(0));
    match fitting.or_else(|| arrows().next()) {
        Some(at) => &text[..at],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    const NOW: i64 = 1_795_334_889;

    #[track_caller]
    fn read(line: &[u8]) -> Row<'_> {
        row(line, NOW, 0).unwrap()
    }

    #[test]
    fn a_recent_file_has_minutes_and_an_old_one_days() {
        let recent = read(b"-rw-r--r--    1 1000     1000         4096 Nov 22 08:08 a.txt");
        assert_eq!(
            (recent.name, recent.kind, recent.size),
            (&b"a.txt"[..], Kind::File, Some(4096))
        );
        let time = recent.modified.unwrap();
        assert_eq!(
            (time.seconds, time.precision),
            (1_795_334_880, Precision::Minute)
        );
        let old = read(b"-rw-r--r-- 1 a b 1 Jan  5  2001 a").modified.unwrap();
        assert_eq!((old.seconds, old.precision), (978_652_800, Precision::Day));
    }

    #[test]
    fn names_keep_their_bytes_and_spaces() {
        assert_eq!(
            read(b"-rw-r--r-- 1 a b 1 Nov 22 08:08   two lead ").name,
            b"  two lead "
        );
        assert_eq!(
            read(b"-rw-r--r-- 1 a b 1 Nov 22 08:08 \xb0\xe6\xb1\xbe").name,
            b"\xb0\xe6\xb1\xbe"
        );
        assert_eq!(
            read(b"-rw-r--r-- 1 a b 1 Nov 22 08:08 a -> b").name,
            b"a -> b"
        );
        assert_eq!(read(b"-rw-r--r-- 1 a b 1 Nov 22 08:08 -la").name, b"-la");
    }

    #[test]
    fn a_link_is_told_from_its_target_by_its_size() {
        let link = read(b"lrwxrwxrwx 1 a b 6 Nov 22 08:08 x -> y -> target");
        assert_eq!(
            (link.name, link.kind, link.size),
            (&b"x -> y"[..], Kind::Link, None)
        );
        assert_eq!(read(b"lrwxrwxrwx 1 a b 9 Nov 22 08:08 x -> odd").name, b"x");
    }

    #[test]
    fn odd_columns_do_not_lose_the_entry() {
        assert_eq!(
            read(b"drwxr-xr-x+ 2 a b 1,024 Nov 22 08:08 d").kind,
            Kind::Folder
        );
        assert_eq!(
            read(b"-rw-r--r-- 1 domain users more 7 22 Nov 2020 x").size,
            Some(7)
        );
        assert_eq!(read(b"-rw-r--r-- 1 a 7 2026-11-22 08:08 x").size, Some(7));
        assert_eq!(
            read(b"-rw-r--r-- 1 a b 1,234,567 Nov 22 08:08 x").size,
            Some(1_234_567)
        );
        let device = read(b"crw-rw-rw- 1 root root 1, 3 Nov 22 08:08 null");
        assert_eq!(
            (device.kind, device.size, device.name),
            (Kind::Other, None, &b"null"[..])
        );
    }

    #[test]
    fn a_size_in_its_column_needs_no_owner() {
        let bare = read(b"-rw-rw----                     2786 Jul  7 01:57 README");
        assert_eq!((bare.name, bare.size), (&b"README"[..], Some(2786)));
    }

    #[test]
    fn an_owner_called_like_a_month_is_no_date() {
        let folder = read(b"drwxr-xr-x 2 jan 20 4096 Nov 22 08:08 docs");
        assert_eq!((folder.name, folder.kind), (&b"docs"[..], Kind::Folder));
    }

    #[test]
    fn a_date_in_the_name_is_never_taken_for_that_of_the_file() {
        let line = b"-rw-r--r-- 1 a b 33:5 Nov 22 08:08 copy 7 Nov 22 08:08 x";
        assert_eq!(row(line, NOW, 0), None);
        for size in ["33.5k", "users4096", "4K", "1.2GB"] {
            let line = format!("-rw-r--r-- 1 a {size} Nov 22 08:08 copy 7 Nov 22 08:08 x");
            let found = read(line.as_bytes());
            assert_eq!(
                (found.name, found.size),
                (&b"copy 7 Nov 22 08:08 x"[..], None)
            );
        }
    }

    #[test]
    fn an_offset_is_subtracted() {
        let time = row(b"-rw-r--r-- 1 a b 1 Nov 22 16:08 x", NOW, 28_800)
            .unwrap()
            .modified;
        assert_eq!(time.unwrap().seconds, 1_795_334_880);
    }

    #[test]
    fn a_line_without_name_or_date_is_unreadable() {
        for bad in [
            &b"-rw-r--r-- 1 a b 1 Nov 22 08:08"[..],
            b"-rw-r--r-- 1 a b 1 Nov 22 08:08 ",
            b"drwx",
            b"-rw-r--r-- 1 a b c d e f g h i j k l m",
        ] {
            assert_eq!(row(bad, NOW, 0), None, "{bad:?}");
        }
    }
}
