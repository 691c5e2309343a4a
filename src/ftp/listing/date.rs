//! The dates of `ls -l`, and where the name behind them begins.

use chrono::{NaiveDate, NaiveDateTime};

use crate::files::Time;

use super::month;
use super::row::word;
use super::signs;
use super::time::{
    clock, iso_date, local, offset_seconds, recent, two_digits_or_more, year_number,
};

/// Reads the date at the beginning of a text, and gives the name behind it.
///
/// Exactly one space follows the date; further ones belong to the name, but where the server fills a narrower date
/// up to the width of its column. The name is empty where nobody can tell where it begins.
pub(super) fn dated(text: &[u8], now: i64, offset: i64) -> Option<(Time, &[u8])> {
    iso(text, offset)
        .or_else(|| numeric(text, now, offset))
        .or_else(|| by_month(text, now, offset))
}

/// `2026-11-22 08:08`; `2020-11-22 ` for old files of `--time-style=iso`; `2026-11-22 08:08:09.5 +0100`.
fn iso(text: &[u8], offset: i64) -> Option<(Time, &[u8])> {
    let (first, rest) = word(text)?;
    let date = iso_date(first)?;
    let (second, after) = word(rest)?;
    if let Some(whole) = before_fraction(second) {
        return exact(date, whole, after);
    }
    match clock(second) {
        Some(clock) => Some((local(date, Some(clock), offset)?, one_space(after))),
        None => Some((local(date, None, offset)?, past_column(rest))),
    }
}

/// A time with a fraction of a second is followed by its zone, so it needs no offset.
fn exact<'a>(date: NaiveDate, time: &[u8], after: &'a [u8]) -> Option<(Time, &'a [u8])> {
    let colon = time.iter().rposition(|byte| *byte == b':')?;
    let minutes = NaiveDateTime::new(date, clock(&time[..colon])?);
    let seconds = two_digits_or_more(&time[colon + 1..]).filter(|second| *second < 60)?;
    let (zone, after) = word(after)?;
    let utc = minutes.and_utc().timestamp() + i64::from(seconds) - offset_seconds(zone)?;
    Some((Time::at(utc), one_space(after)))
}

/// `11-22 08:08`, the other half of `--time-style=iso`, and `11-22 2020`.
fn numeric(text: &[u8], now: i64, offset: i64) -> Option<(Time, &[u8])> {
    let (first, rest) = word(text)?;
    let dash = first.iter().position(|byte| *byte == b'-')?;
    let (month, day) = (&first[..dash], &first[dash + 1..]);
    if month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (month, day) = (two_digits_or_more(month)?, two_digits_or_more(day)?);
    with_clock_or_year((month, day), rest, (now, offset), one_space)
}

/// `Nov 22` nearly everywhere, `22 Nov` on a few, `11月 22日` in East Asia.
fn by_month(text: &[u8], now: i64, offset: i64) -> Option<(Time, &[u8])> {
    let (first, rest) = word(text)?;
    let (second, rest) = word(rest)?;
    let (month, day) = match (month::number(first), month::number(second)) {
        (Some(month), _) => (month, second),
        (None, Some(month)) => (month, first),
        (None, None) => return None,
    };
    let day = two_digits_or_more(signs::before(day, &signs::DAY).unwrap_or(day))?;
    let start = text.len() - text.trim_ascii_start().len();
    // `Nov 22 2020 ` is one column narrower than `Nov 22 08:08`: AIX and IBM i fill it up.
    let width = |after: &[u8]| text.len() - after.len() - start;
    let fill = |after: &[u8]| width(after) == "Nov 22 2020".len() && text[start..][..11].is_ascii();
    with_clock_or_year((month, day), rest, (now, offset), |after| {
        if fill(after) {
            past_column(after)
        } else {
            one_space(after)
        }
    })
}

fn with_clock_or_year<'a>(
    (month, day): (u32, u32),
    rest: &'a [u8],
    (now, offset): (i64, i64),
    behind_year: impl FnOnce(&'a [u8]) -> &'a [u8],
) -> Option<(Time, &'a [u8])> {
    let (third, after) = word(rest)?;
    if let Some(clock) = clock(third) {
        let date = recent(month, day, clock, now, offset)?;
        return Some((
            local(date, Some(clock), offset)?,
            behind_clock(third, after),
        ));
    }
    let year = year_number(signs::before(third, &signs::YEAR).unwrap_or(third))?;
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some((local(date, None, offset)?, behind_year(after)))
}

/// Behind `08:08:09` may stand a year (`ls -lT`) or a name that begins with a number like one: not to be told.
fn behind_clock<'a>(clock: &[u8], after: &'a [u8]) -> &'a [u8] {
    let doubtful = word(after).is_some_and(|(next, name)| {
        let year = year_number(next).is_some_and(|year| (1970..2100).contains(&year));
        year && !name.is_empty()
    });
    if doubtful && clock.iter().filter(|byte| **byte == b':').count() == 2 {
        return b"";
    }
    one_space(after)
}

/// `08:08:09.123` without its fraction.
fn before_fraction(time: &[u8]) -> Option<&[u8]> {
    let dot = time.iter().position(|byte| *byte == b'.')?;
    let digits = time[dot + 1..].iter().all(u8::is_ascii_digit);
    digits.then_some(&time[..dot])
}

fn one_space(after: &[u8]) -> &[u8] {
    after.strip_prefix(b" ").unwrap_or_default()
}

/// Past one space, or past two where the first fills the column.
fn past_column(after: &[u8]) -> &[u8] {
    after
        .strip_prefix(b"  ")
        .unwrap_or_else(|| one_space(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    const NOW: i64 = 1_795_334_889;

    #[track_caller]
    fn read(text: &str) -> (i64, Precision, String) {
        let (time, name) = dated(text.as_bytes(), NOW, 3600).unwrap();
        let name = String::from_utf8_lossy(name).into_owned();
        (time.seconds + 3600, time.precision, name)
    }

    #[test]
    fn every_form_has_its_precision_and_ends_where_the_name_begins() {
        let day = 1_606_003_200;
        let minute = 1_795_334_880;
        for (text, seconds, precision) in [
            ("Nov 22  2020 a", day, Precision::Day),
            ("Nov 22 2020  a", day, Precision::Day),
            ("22 Nov 2020 a", day, Precision::Day),
            ("2020-11-22  a", day, Precision::Day),
            ("11-22 2020 a", day, Precision::Day),
            ("11月 22日 2020年 a", day, Precision::Day),
            ("Nov 22 08:08 a", minute, Precision::Minute),
            ("22. Nov 08:08 a", minute, Precision::Minute),
            ("11-22 08:08 a", minute, Precision::Minute),
            ("2026-11-22 08:08 a", minute, Precision::Minute),
            ("Nov 22 08:08:09 a", minute, Precision::Minute),
            (
                "2026-11-22 08:08:09.5 +0100 a",
                minute + 9,
                Precision::Second,
            ),
        ] {
            assert_eq!(read(text), (seconds, precision, "a".into()), "{text}");
        }
    }

    #[test]
    fn spaces_behind_a_full_column_belong_to_the_name() {
        assert_eq!(read("Nov 22 08:08  a").2, " a");
        assert_eq!(read("Nov 22  2020  a").2, " a");
        assert_eq!(read("Nov 22 2020   a").2, " a");
    }

    #[test]
    fn a_name_that_may_begin_with_a_year_is_not_guessed() {
        assert_eq!(read("Nov 22 08:08:09 2026 a").2, "");
        assert_eq!(read("Nov 22 08:08:09 2026").2, "2026");
        assert_eq!(read("Nov 22 08:08 2026 a").2, "2026 a");
    }
}
