//! Listings that begin with the name, which holds no space: HP NonStop, WFTPD, SuperTCP and Chameleon on old Windows.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::files::{Kind, Time};

use super::date_numbers::with_month;
use super::dos::{self, Stated};
use super::month::{self, Month};
use super::row::{Row, number, word};
use super::time::{clock, local, two_digits_or_more, year_number};

/// Reads one line.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    // Others begin with spaces that mean something.
    if line.starts_with(b" ") {
        return None;
    }
    let (name, rest) = word(line)?;
    let (what, rest) = word(rest)?;
    nonstop(name, rest, offset)
        .filter(|_| number(what).is_some())
        .or_else(|| wftpd(name, number(what)?, rest, offset))
        .or_else(|| old_windows(name, what, rest, offset))
}

/// `REPORT   101   528 7-Mar-11 09:41:33 255,12 "nunu"`: a code, the size, the last change, owner, rights.
fn nonstop<'a>(name: &'a [u8], rest: &[u8], offset: i64) -> Option<Row<'a>> {
    let (size, rest) = word(rest)?;
    let (day, rest) = word(rest)?;
    let (time, rest) = word(rest)?;
    let rights = rest.trim_ascii_end();
    let quoted = rights.ends_with(b"\"") && rights.contains(&b',');
    let time = local(with_month(day)?.known()?, Some(clock(time)?), offset);
    file(name, Some(number(size)?), time).filter(|_| quoted)
}

/// `report.pdf       90113  03/07/11  Mon.   09:41:33`: the day of the week tells in which order the date is.
fn wftpd<'a>(name: &'a [u8], size: u64, rest: &[u8], offset: i64) -> Option<Row<'a>> {
    let (day, rest) = word(rest)?;
    let (weekday, rest) = word(rest)?;
    let (time, rest) = word(rest)?;
    let weekday = weekday_of(weekday.strip_suffix(b".")?)?;
    let (Stated::Sure(date) | Stated::MonthFirst(date) | Stated::DayFirst(date)) = dos::date(day)?;
    let swapped = || NaiveDate::from_ymd_opt(date.year(), date.day(), date.month());
    let date = [Some(date), swapped()]
        .into_iter()
        .flatten()
        .find(|date| date.weekday() == weekday);
    let time = date.and_then(|date| local(date, Some(clock(time)?), offset));
    file(name, Some(size), time).filter(|_| rest.trim_ascii().is_empty())
}

/// Of its first three letters.
fn weekday_of(word: &[u8]) -> Option<Weekday> {
    std::str::from_utf8(word.get(..3)?).ok()?.parse().ok()
}

/// `SETUP   <DIR>   03-07-95   09:41` (SuperTCP); `LETTER.TXT   2290   Mar 07 1995 09:41   A` (Chameleon).
fn old_windows<'a>(name: &'a [u8], what: &[u8], rest: &[u8], offset: i64) -> Option<Row<'a>> {
    let size = match what {
        b"<DIR>" => None,
        size => Some(number(size)?),
    };
    let (date, rest) = numbers(rest).or_else(|| words(rest))?;
    let (time, rest) = word(rest)?;
    let marks = rest.trim_ascii();
    let time = local(date, Some(clock(time)?), offset);
    let row = file(name, size, time)?;
    let kind = if size.is_some() {
        Kind::File
    } else {
        Kind::Folder
    };
    marks
        .iter()
        .all(|mark| b"RHSA".contains(mark))
        .then_some(Row { kind, ..row })
}

fn numbers(text: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let (day, rest) = word(text)?;
    match dos::date(day).filter(|_| day.contains(&b'-'))? {
        Stated::Sure(date) | Stated::MonthFirst(date) => Some((date, rest)),
        Stated::DayFirst(_) => None,
    }
}

fn words(text: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let (month, rest) = word(text)?;
    let (day, rest) = word(rest)?;
    let (year, rest) = word(rest)?;
    let Month::Is(month) = month::named(month)? else {
        return None;
    };
    let date = NaiveDate::from_ymd_opt(year_number(year)?, month, two_digits_or_more(day)?)?;
    Some((date, rest))
}

fn file(name: &[u8], size: Option<u64>, modified: Option<Time>) -> Option<Row<'_>> {
    Some(Row {
        name,
        kind: Kind::File,
        size,
        modified,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read() {
        for (line, name, kind, size) in [
            (
                "REPORT   101   528 7-Mar-11 09:41:33 255, 0 \"nunu\"",
                "REPORT",
                Kind::File,
                Some(528),
            ),
            (
                "REPORT   101   528 7-Mar-11 09:41:33 255,255 \"oooo\"",
                "REPORT",
                Kind::File,
                Some(528),
            ),
            (
                "report.pdf     90113  03/07/11  Mon.   09:41:33",
                "report.pdf",
                Kind::File,
                Some(90_113),
            ),
            (
                "report.pdf     90113  07/03/11  Mon.   09:41:33",
                "report.pdf",
                Kind::File,
                Some(90_113),
            ),
            (
                "SETUP    <DIR>           03-07-11        09:41",
                "SETUP",
                Kind::Folder,
                None,
            ),
            (
                "LETTER.TXT       2290      03-07-11        09:41",
                "LETTER.TXT",
                Kind::File,
                Some(2290),
            ),
            (
                "SETUP    <DIR>           Mar 07 2011 09:41",
                "SETUP",
                Kind::Folder,
                None,
            ),
            (
                "LETTER.TXT       2290      Mar 07 2011 09:41   A",
                "LETTER.TXT",
                Kind::File,
                Some(2290),
            ),
        ] {
            let row = row(line.as_bytes(), 0).unwrap();
            assert_eq!(
                (row.name, row.kind, row.size),
                (name.as_bytes(), kind, size),
                "{line}"
            );
            assert_eq!(row.modified.unwrap().seconds, 1_299_490_860, "{line}");
        }
        for bad in [
            "REPORT   101   528 7-Mar-11 09:41:33 255, 0",
            "report.pdf     90113  03/07/11  Mon   09:41:33",
            "SETUP    DIR           03-07-11        09:41",
            "LETTER.TXT       2290      Mar 07 2011 09:41   A name",
            "a b",
        ] {
            assert_eq!(row(bad.as_bytes(), 0), None, "{bad}");
        }
    }

    #[test]
    fn a_weekday_that_fits_no_order_leaves_the_time_unknown() {
        let row = row(b"report.pdf     90113  03/07/11  Tue.   09:41:33", 0).unwrap();
        assert_eq!(row.modified, None);
    }
}
