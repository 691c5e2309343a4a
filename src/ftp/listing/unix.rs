//! LIST in the form of `ls -l`: vsftpd, ProFTPD, Pure-FTPd, pyftpdlib and most others.

use chrono::{NaiveDate, NaiveTime};

use crate::files::{Kind, Time};

use super::month;
use super::row::{Row, number, word};
use super::time::{clock, iso_date, local, recent, two_digits_or_more, year_number};

/// Words between the mode and the date: link count, owner, group, size, and some more where names have spaces.
const MOST_WORDS: usize = 12;

/// Reads one line.
///
/// Owner and group may be absent or hold spaces, so the date is looked for: the first one whose word before it is
/// a number. Exactly one space follows the date; further ones belong to the name.
pub(super) fn row(line: &[u8], now: i64, offset: i64) -> Option<Row<'_>> {
    let (mode, mut rest) = word(line)?;
    let kind = kind(mode)?;
    let mut size = None;
    for _ in 0..MOST_WORDS {
        if size.is_some()
            && let Some((modified, after)) = date(rest, now, offset)
        {
            let name = after.strip_prefix(b" ").filter(|name| !name.is_empty())?;
            return Some(entry(kind, name, size, modified));
        }
        let (next, after) = word(rest)?;
        size = number(next);
        rest = after;
    }
    None
}

fn entry(kind: Kind, name: &[u8], size: Option<u64>, modified: Time) -> Row<'_> {
    Row {
        name: if kind == Kind::Link {
            link_name(name, size)
        } else {
            name
        },
        kind,
        size: size.filter(|_| kind == Kind::File),
        modified: Some(modified),
    }
}

/// The type of a mode such as `drwxr-xr-x`, with or without a mark behind it (`+`, `.`, `@`).
fn kind(mode: &[u8]) -> Option<Kind> {
    let (first, bits) = mode.split_first()?;
    let bits = bits.get(..9)?;
    if mode.len() > 11 || !bits.iter().all(|bit| b"rwxsStTlL-".contains(bit)) {
        return None;
    }
    match first {
        b'-' => Some(Kind::File),
        b'd' => Some(Kind::Folder),
        b'l' => Some(Kind::Link),
        b'b' | b'c' | b'p' | b's' | b'D' => Some(Kind::Other),
        _ => None,
    }
}

/// The date at the beginning of a text, and what follows it.
fn date(text: &[u8], now: i64, offset: i64) -> Option<(Time, &[u8])> {
    let (first, rest) = word(text)?;
    let (second, after) = word(rest)?;
    if let Some(date) = iso_date(first) {
        return Some((local(date, Some(clock(second)?), offset)?, after));
    }
    // `Nov 22` nearly everywhere, `22 Nov` on a few.
    let (month, day) = match (month::number(first), month::number(second)) {
        (Some(month), _) => (month, second),
        (None, Some(month)) => (month, first),
        (None, None) => return None,
    };
    let day = two_digits_or_more(day)?;
    let (third, after) = word(after)?;
    let (date, clock): (NaiveDate, Option<NaiveTime>) = match clock(third) {
        Some(clock) => (recent(month, day, clock, now, offset)?, Some(clock)),
        None => (
            NaiveDate::from_ymd_opt(year_number(third)?, month, day)?,
            None,
        ),
    };
    Some((local(date, clock, offset)?, after))
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
    let fitting = arrows().find(|at| Some((text.len() - at - ARROW.len()) as u64) == size);
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
