//! LIST in the form of `dir`: IIS and other Windows servers.

use chrono::{NaiveDate, NaiveTime};

use crate::files::Kind;

use super::date::past_column;
use super::row::{Row, number, word};
use super::time::{clock, iso_date, local, short_year, two_digits_or_more, year_number};

/// IIS writes `<DIR>` and this many spaces before the name.
const SPACES_BEHIND_DIR: usize = 10;

/// A date of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    /// One day only.
    Sure(NaiveDate),
    /// The month first, as IIS has it everywhere, unless another line shows that this server has the day first.
    MonthFirst(NaiveDate),
    /// The day first: nothing else makes a day of it.
    DayFirst(NaiveDate),
}

/// Reads one line: `11-22-26  08:08AM       <DIR>          name`, years of two or four digits. Also says whether it shows that
/// the day stands before the month.
pub(super) fn row(line: &[u8], offset: i64) -> Option<(Row<'_>, bool)> {
    let (day, rest) = word(line)?;
    let (time, rest) = word(rest)?;
    let stated = date(day)?;
    let (time, rest) = time_of_day(time, rest)?;
    let (what, rest) = word(rest)?;
    let modified = match stated {
        // With slashes and 24 hours, half the world has the day first.
        Stated::MonthFirst(_) if day.contains(&b'/') && !time.halved => None,
        Stated::Sure(date) | Stated::MonthFirst(date) | Stated::DayFirst(date) => {
            Some(local(date, Some(time.clock), offset)?)
        }
    };
    let (kind, size, name) = match what {
        b"<DIR>" => (Kind::Folder, None, behind_marker(rest)),
        b"<JUNCTION>" | b"<SYMLINKD>" | b"<SYMLINK>" => {
            (Kind::Link, None, link(behind_marker(rest)))
        }
        size if time.apart => (Kind::File, Some(number(size)?), past_column(rest)),
        size => (Kind::File, Some(number(size)?), rest.strip_prefix(b" ")?),
    };
    let row = Row {
        name,
        kind,
        size,
        modified,
    };
    (!name.is_empty()).then_some((row, matches!(stated, Stated::DayFirst(_))))
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

/// `11-22-26`, `11/22/2026`, `2026-11-22`, `22.11.2026`.
pub(super) fn date(word: &[u8]) -> Option<Stated> {
    if let Some(date) = iso_date(word) {
        return Some(Stated::Sure(date));
    }
    let separator = *word.iter().find(|byte| !byte.is_ascii_digit())?;
    let mut parts = word.split(|byte| *byte == separator);
    let (first, second) = (parts.next()?, parts.next()?);
    let year = parts.next()?;
    let year = year_number(year).or_else(|| short_year(year))?;
    let (first, second) = (two_digits_or_more(first)?, two_digits_or_more(second)?);
    let (month_first, day_first) = (
        NaiveDate::from_ymd_opt(year, first, second),
        NaiveDate::from_ymd_opt(year, second, first),
    );
    match (separator, parts.next()) {
        (b'.', None) => day_first.map(Stated::Sure),
        (b'-' | b'/', None) => match (month_first, day_first) {
            (Some(date), Some(_)) if first != second => Some(Stated::MonthFirst(date)),
            (Some(date), _) => Some(Stated::Sure(date)),
            (None, day_first) => day_first.map(Stated::DayFirst),
        },
        _ => None,
    }
}

/// A time of day as it is written.
struct Written {
    clock: NaiveTime,
    /// With AM or PM.
    halved: bool,
    /// With a space before that.
    apart: bool,
}

impl Written {
    fn of(clock: NaiveTime, halved: bool, apart: bool) -> Written {
        Written {
            clock,
            halved,
            apart,
        }
    }
}

/// Reads `08:08`, `08:08AM` or `08:08 AM`.
fn time_of_day<'a>(time: &[u8], rest: &'a [u8]) -> Option<(Written, &'a [u8])> {
    if let Some(afternoon) = time.len().checked_sub(2).and_then(|at| half(&time[at..])) {
        let clock = halved(&time[..time.len() - 2], afternoon)?;
        return Some((Written::of(clock, true, false), rest));
    }
    match word(rest).and_then(|(next, behind)| Some((half(next)?, behind))) {
        Some((afternoon, behind)) => {
            let clock = halved(time, afternoon)?;
            Some((Written::of(clock, true, true), behind))
        }
        None => Some((Written::of(clock(time)?, false, false), rest)),
    }
}

/// Whether a word is that of the afternoon.
fn half(word: &[u8]) -> Option<bool> {
    match word {
        _ if word.eq_ignore_ascii_case(b"PM") => Some(true),
        _ if word.eq_ignore_ascii_case(b"AM") => Some(false),
        _ => None,
    }
}

fn halved(digits: &[u8], afternoon: bool) -> Option<NaiveTime> {
    let mut parts = digits.split(|byte| *byte == b':');
    let hour = two_digits_or_more(parts.next()?)?;
    let minute = two_digits_or_more(parts.next()?)?;
    let hour = hour % 12 + if afternoon { 12 } else { 0 };
    match parts.next() {
        Some(second) => two_digits_or_more(second).filter(|second| *second < 60)?,
        None => 0,
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(line: &[u8]) -> Row<'_> {
        row(line, 0).unwrap().0
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
        let at = |time: &[u8]| time_of_day(time, b"").map(|(time, _)| time.clock);
        assert_eq!(at(b"12:00AM"), NaiveTime::from_hms_opt(0, 0, 0));
        assert_eq!(at(b"12:00PM"), NaiveTime::from_hms_opt(12, 0, 0));
        assert_eq!(at(b"17:30"), NaiveTime::from_hms_opt(17, 30, 0));
        let apart = read(b"11/22/2026   8:08 PM    1,234,567  a b");
        assert_eq!((apart.name, apart.size), (&b"a b"[..], Some(1_234_567)));
        assert_eq!(apart.modified.unwrap().seconds, 1_795_378_080);
    }

    #[test]
    fn the_order_of_day_and_month_is_not_guessed() {
        let day_first = |line: &[u8]| row(line, 0).map(|(row, first)| (row.modified, first));
        let time = read(b"11-22-26  08:08PM  1 a").modified;
        assert_eq!(day_first(b"22-11-26  08:08PM  1 a"), Some((time, true)));
        assert_eq!(day_first(b"22.11.2026  20:08  1 a"), Some((time, false)));
        assert_eq!(day_first(b"03/04/2026  20:08  1 a"), Some((None, false)));
        let known = day_first(b"03/04/2026  08:08PM  1 a").unwrap();
        assert!(known.0.is_some());
        assert_eq!(day_first(b"32-11-26  08:08PM  1 a"), None);
    }

    #[test]
    fn a_junction_loses_its_target() {
        let link = read(b"11-22-26  08:08AM       <JUNCTION>     old [C:\\new]");
        assert_eq!((link.name, link.kind), (&b"old"[..], Kind::Link));
    }
}
