//! LIST in the form of `dir`: IIS and other Windows servers.

use chrono::{NaiveDate, NaiveTime};

use crate::files::Kind;

use super::row::{Row, number, word};
use super::time::{clock, iso_date, local, two_digits_or_more, year_number};

/// IIS writes `<DIR>` and this many spaces before the name.
const SPACES_BEHIND_DIR: usize = 10;

/// Reads one line: `11-22-26  08:08AM       <DIR>          name`, years of two or four digits.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (day, rest) = word(line)?;
    let (time, rest) = word(rest)?;
    let (what, rest) = word(rest)?;
    let modified = local(date(day)?, Some(half_days(time)?), offset)?;
    let (kind, size, name) = match what {
        b"<DIR>" => (Kind::Folder, None, behind_marker(rest)),
        b"<JUNCTION>" | b"<SYMLINKD>" | b"<SYMLINK>" => {
            (Kind::Link, None, link(behind_marker(rest)))
        }
        size => (Kind::File, Some(number(size)?), rest.strip_prefix(b" ")?),
    };
    (!name.is_empty()).then_some(Row {
        name,
        kind,
        size,
        modified: Some(modified),
    })
}

fn behind_marker(rest: &[u8]) -> &[u8] {
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    &rest[spaces.min(SPACES_BEHIND_DIR)..]
}

/// `name [target]`, or with an arrow, which no name on Windows can hold.
fn link(name: &[u8]) -> &[u8] {
    let find = |mark: &[u8]| name.windows(mark.len()).position(|window| window == mark);
    let bracket = find(b" [").filter(|_| name.ends_with(b"]"));
    match find(b" -> ").or_else(|| find(b" => ")).or(bracket) {
        Some(at) => &name[..at],
        None => name,
    }
}

/// `11-22-26`, `11/22/2026`, `2026-11-22`.
pub(super) fn date(word: &[u8]) -> Option<NaiveDate> {
    if let Some(date) = iso_date(word) {
        return Some(date);
    }
    let mut parts = word.split(|byte| matches!(byte, b'-' | b'/'));
    let month = two_digits_or_more(parts.next()?)?;
    let day = two_digits_or_more(parts.next()?)?;
    let year = parts.next()?;
    let year = match year.len() {
        // The pivot that IIS and other clients use.
        2 => match i32::try_from(two_digits_or_more(year)?).ok()? {
            short @ 0..=69 => 2000 + short,
            short => 1900 + short,
        },
        _ => year_number(year)?,
    };
    match parts.next() {
        None => NaiveDate::from_ymd_opt(year, month, day),
        Some(_) => None,
    }
}

fn half_days(word: &[u8]) -> Option<NaiveTime> {
    let (digits, mark) = word.len().checked_sub(2).map(|at| word.split_at(at))?;
    let afternoon = mark.eq_ignore_ascii_case(b"PM");
    if !afternoon && !mark.eq_ignore_ascii_case(b"AM") {
        return clock(word);
    }
    let colon = digits.iter().position(|byte| *byte == b':')?;
    let hour = two_digits_or_more(&digits[..colon])?;
    let minute = two_digits_or_more(&digits[colon + 1..])?;
    let hour = hour % 12 + if afternoon { 12 } else { 0 };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(line: &[u8]) -> Row<'_> {
        row(line, 0).unwrap()
    }

    #[test]
    fn files_and_folders_of_iis_are_read() {
        let file = read(b"11-22-26  08:08AM              1234567 a b.zip");
        assert_eq!(
            (file.name, file.kind, file.size),
            (&b"a b.zip"[..], Kind::File, Some(1_234_567))
        );
        assert_eq!(file.modified.unwrap().seconds, 1_795_334_880);
        let folder = read(b"11-22-2026  08:08PM       <DIR>           lead");
        assert_eq!((folder.name, folder.kind), (&b" lead"[..], Kind::Folder));
        assert_eq!(folder.modified.unwrap().seconds, 1_795_378_080);
    }

    #[test]
    fn noon_and_midnight_are_told_apart() {
        assert_eq!(half_days(b"12:00AM"), NaiveTime::from_hms_opt(0, 0, 0));
        assert_eq!(half_days(b"12:00PM"), NaiveTime::from_hms_opt(12, 0, 0));
        assert_eq!(half_days(b"17:30"), NaiveTime::from_hms_opt(17, 30, 0));
    }

    #[test]
    fn a_junction_loses_its_target() {
        let link = read(b"11-22-26  08:08AM       <JUNCTION>     old [C:\\new]");
        assert_eq!((link.name, link.kind), (&b"old"[..], Kind::Link));
    }
}
