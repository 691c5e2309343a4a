//! Dates of `ls -l` that are numbers, with the name behind them.

use chrono::{NaiveDate, NaiveDateTime};

use crate::files::Time;

use super::date::{Dated, one_space, past_column, with_clock_or_year};
use super::month::{self, Month};
use super::row::word;
use super::time::{
    clock, iso_date, local, offset_seconds, short_year, two_digits_or_more, year_number,
};

/// What three numbers with separators say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// One day of the calendar.
    Is(NaiveDate),
    /// Day and month may stand in either order.
    Either,
}

impl Day {
    /// The day, where it is one.
    pub(super) fn known(self) -> Option<NaiveDate> {
        match self {
            Day::Is(date) => Some(date),
            Day::Either => None,
        }
    }
}

/// Reads a date of numbers at the beginning of a text.
pub(super) fn dated(text: &[u8], now: i64, offset: i64) -> Option<Dated<'_>> {
    iso(text, offset)
        .or_else(|| together(text, offset))
        .or_else(|| separated(text, offset))
        .or_else(|| two_numbers(text, now, offset))
        .or_else(|| three_words(text, now, offset))
}

/// `2026-11-22 08:08`; `2020-11-22 ` for old files of `--time-style=iso`; `2026-11-22 08:08:09.5 +0100`.
fn iso(text: &[u8], offset: i64) -> Option<Dated<'_>> {
    let (first, rest) = word(text)?;
    let date = iso_date(first)?;
    let (second, after) = word(rest)?;
    if let Some(whole) = before_fraction(second) {
        return exact(date, whole, after);
    }
    match clock(second) {
        Some(clock) => Some((local(date, Some(clock), offset), one_space(after))),
        None => Some((local(date, None, offset), past_column(rest))),
    }
}

/// `2026-11-22T08:08:09`, with or without the `Z` of UTC.
fn together(text: &[u8], offset: i64) -> Option<Dated<'_>> {
    let (first, after) = word(text)?;
    let at = first.iter().position(|byte| *byte == b'T')?;
    let (date, time) = (iso_date(&first[..at])?, &first[at + 1..]);
    let time = match time.strip_suffix(b"Z") {
        Some(utc) => Some(Time::at(to_the_second(date, utc)?)),
        None => local(date, Some(clock(time)?), offset),
    };
    Some((time, one_space(after)))
}

/// A time with a fraction of a second is followed by its zone, so it needs no offset.
fn exact<'a>(date: NaiveDate, time: &[u8], after: &'a [u8]) -> Option<Dated<'a>> {
    let (zone, after) = word(after)?;
    let utc = to_the_second(date, time)? - offset_seconds(zone)?;
    Some((Some(Time::at(utc)), one_space(after)))
}

fn to_the_second(date: NaiveDate, time: &[u8]) -> Option<i64> {
    let colon = time.iter().rposition(|byte| *byte == b':')?;
    let minutes = NaiveDateTime::new(date, clock(&time[..colon])?);
    let seconds = two_digits_or_more(&time[colon + 1..]).filter(|second| *second < 60)?;
    Some(minutes.and_utc().timestamp() + i64::from(seconds))
}

/// `2026/11/22 08:08`, `22.11.2026 08:08`, `22-Nov-20`; the time of day may be left out.
fn separated(text: &[u8], offset: i64) -> Option<Dated<'_>> {
    let (first, rest) = word(text)?;
    let day = numbers(first).or_else(|| with_month(first))?;
    let (second, after) = word(rest)?;
    let (clock, name) = match clock(second) {
        Some(clock) => (Some(clock), one_space(after)),
        // Nothing says how wide the column is.
        None => (None, rest.trim_ascii_start()),
    };
    let time = day.known().and_then(|date| local(date, clock, offset));
    Some((time, name))
}

/// `2026/11/22`, `22.11.2026`, `22-11-2026`, `11/22/2026`: three numbers, one separator, a year of four digits at an end.
///
/// Dots go with the day first. With another separator the greater number tells which of the two is the day.
pub(super) fn numbers(word: &[u8]) -> Option<Day> {
    let separator = *word.iter().find(|byte| !byte.is_ascii_digit())?;
    let mut parts = word.split(|byte| *byte == separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    if let Some(year) = year_number(first) {
        let date = NaiveDate::from_ymd_opt(year, pair(second)?, pair(third)?);
        return date.map(Day::Is);
    }
    let (year, first, second) = (year_number(third)?, pair(first)?, pair(second)?);
    match NaiveDate::from_ymd_opt(year, second, first) {
        day_first if separator == b'.' => day_first.map(Day::Is),
        day_first => either(day_first, NaiveDate::from_ymd_opt(year, first, second)),
    }
}

/// Of two readings, the only one, or that of both.
fn either(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<Day> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Some(Day::Either),
        (one, other) => one.or(other).map(Day::Is),
    }
}

/// `22-Nov-2020`, `22-nov-20`.
pub(super) fn with_month(word: &[u8]) -> Option<Day> {
    let mut parts = word.split(|byte| *byte == b'-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let year = year_number(year).or_else(|| short_year(year))?;
    let (day, None) = (pair(day)?, parts.next()) else {
        return None;
    };
    match month::named(month)? {
        Month::Is(month) => NaiveDate::from_ymd_opt(year, month, day).map(Day::Is),
        Month::Doubtful => Some(Day::Either),
    }
}

/// `11-22 08:08`, the other half of `--time-style=iso`, and `11-22 2020`.
fn two_numbers(text: &[u8], now: i64, offset: i64) -> Option<Dated<'_>> {
    let (first, rest) = word(text)?;
    let dash = first.iter().position(|byte| *byte == b'-')?;
    let (month, day) = (&first[..dash], &first[dash + 1..]);
    if month.len() != 2 || day.len() != 2 {
        return None;
    }
    let month = Month::Is(two_digits_or_more(month)?);
    let day = two_digits_or_more(day)?;
    with_clock_or_year((month, day), rest, (now, offset), one_space)
}

/// `11 22 08:08`, where the names of months are numbers.
fn three_words(text: &[u8], now: i64, offset: i64) -> Option<Dated<'_>> {
    let (first, rest) = word(text)?;
    let (second, rest) = word(rest)?;
    let (first, second) = (pair(first)?, pair(second)?);
    clock(word(rest)?.0)?;
    let (month, day) = match (first, second) {
        (1..=12, 13..=31) => (Month::Is(first), second),
        (13..=31, 1..=12) => (Month::Is(second), first),
        (1..=12, 1..=12) if first == second => (Month::Is(first), second),
        (1..=12, 1..=12) => (Month::Doubtful, second),
        _ => return None,
    };
    with_clock_or_year((month, day), rest, (now, offset), one_space)
}

/// A number of one digit or two.
fn pair(word: &[u8]) -> Option<u32> {
    two_digits_or_more(word).filter(|_| word.len() <= 2)
}

/// `08:08:09.123` without its fraction.
fn before_fraction(time: &[u8]) -> Option<&[u8]> {
    let dot = time.iter().position(|byte| *byte == b'.')?;
    let digits = time[dot + 1..].iter().all(u8::is_ascii_digit);
    digits.then_some(&time[..dot])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    const NOW: i64 = 1_795_334_889;
    const DAY: i64 = 1_606_003_200;
    const MINUTE: i64 = 1_795_334_880;

    #[test]
    fn every_form_has_its_precision_and_ends_where_the_name_begins() {
        for (text, seconds, precision) in [
            ("2020-11-22  a", DAY, Precision::Day),
            ("11-22 2020 a", DAY, Precision::Day),
            ("2020.11.22   a", DAY, Precision::Day),
            ("22-nov-20 a", DAY, Precision::Day),
            ("22-Nov-2020 a", DAY, Precision::Day),
            ("11-22 08:08 a", MINUTE, Precision::Minute),
            ("11 22 08:08 a", MINUTE, Precision::Minute),
            ("22 11 08:08 a", MINUTE, Precision::Minute),
            ("2026-11-22 08:08 a", MINUTE, Precision::Minute),
            ("2026-11-22T08:08:09 a", MINUTE, Precision::Minute),
            ("2026-11-22T07:08:09Z a", MINUTE + 9, Precision::Second),
            ("2026/11/22 08:08 a", MINUTE, Precision::Minute),
            ("22.11.2026 08:08 a", MINUTE, Precision::Minute),
            ("22-11-2026 08:08 a", MINUTE, Precision::Minute),
            ("11/22/2026 08:08 a", MINUTE, Precision::Minute),
            (
                "2026-11-22 08:08:09.5 +0100 a",
                MINUTE + 9,
                Precision::Second,
            ),
        ] {
            let (time, name) = dated(text.as_bytes(), NOW, 3600).unwrap();
            let expected = Time::known(seconds - 3600, precision);
            assert_eq!((time, name), (Some(expected), &b"a"[..]), "{text}");
        }
    }

    #[test]
    fn day_and_month_that_may_change_places_leave_the_time_unknown() {
        for text in ["04/05/2026 08:08 a", "04-05-2026 08:08 a", "4 5 08:08 a"] {
            assert_eq!(
                dated(text.as_bytes(), NOW, 0),
                Some((None, &b"a"[..])),
                "{text}"
            );
        }
        let same = dated(b"05/05/2026 08:08 a", NOW, 0).unwrap();
        assert!(same.0.is_some());
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "22/13/2026 08:08 a",
            "0.1.2 08:08 a",
            "13 14 08:08 a",
            "1-2-3 a",
        ] {
            assert_eq!(dated(text.as_bytes(), NOW, 0), None, "{text}");
        }
    }
}
