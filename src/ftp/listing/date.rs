//! The dates of `ls -l`, and where the name behind them begins.

use chrono::NaiveDate;

use crate::files::Time;

use super::date_numbers;
use super::month::{self, Month};
use super::row::word;
use super::signs;
use super::time::{clock, local, two_digits_or_more, without_year, year_number};

/// A date, and what stands behind it. The time is unknown where its numbers or words mean several days.
pub(super) type Dated<'a> = (Option<Time>, &'a [u8]);

/// Reads the date at the beginning of a text, and gives the name behind it.
///
/// Exactly one space follows the date; further ones belong to the name, but where the server fills a narrower date
/// up to the width of its column. The name is empty where nobody can tell where it begins.
pub(super) fn dated(text: &[u8], now: i64, offset: i64) -> Option<Dated<'_>> {
    date_numbers::dated(text, now, offset)
        .or_else(|| year_first(text, offset))
        .or_else(|| by_month(text, now, offset))
}

/// `Nov 22` nearly everywhere, `22 Nov` on a few, `11月 22日` in East Asia.
fn by_month(text: &[u8], now: i64, offset: i64) -> Option<Dated<'_>> {
    let (first, rest) = word(text)?;
    let (second, rest) = word(rest)?;
    let (month, day) = match (month_of(first), month::named(second)) {
        (Some(month), _) => (month, second),
        (None, Some(month)) => (month, first),
        (None, None) => return None,
    };
    let comma = day.strip_suffix(b",");
    let day = number(comma.unwrap_or(day), &signs::DAY)?;
    if comma.is_some() && month_of(first).is_some() {
        return with_year_and_clock((month, day), rest, offset);
    }
    let start = text.len() - text.trim_ascii_start().len();
    // `Nov 22 2020 ` is one column narrower than `Nov 22 08:08`: AIX and IBM i fill it up.
    let width = |after: &[u8]| text.len() - after.len() - start;
    let fill = |after: &[u8]| width(after) == "Nov 22 2020".len() && text[start..][..11].is_ascii();
    let (time, after) = with_clock_or_year((month, day), rest, (now, offset), |after| {
        if fill(after) {
            past_column(after)
        } else {
            one_space(after)
        }
    })?;
    Some((time, after))
}

/// `Nov 22, 2020 08:08` and nothing else.
pub(super) fn with_comma(text: &[u8], offset: i64) -> Option<Dated<'_>> {
    let (month, rest) = word(text)?;
    let (day, rest) = word(rest)?;
    let day = two_digits_or_more(day.strip_suffix(b",")?)?;
    with_year_and_clock((month::named(month)?, day), rest, offset)
}

fn month_of(word: &[u8]) -> Option<Month> {
    month::named(word).or_else(|| month::signed(word))
}

/// `2020년 11월 22일`, and with the year's sign left out.
fn year_first(text: &[u8], offset: i64) -> Option<Dated<'_>> {
    let (first, rest) = word(text)?;
    let year = year_of(first)?;
    let (second, rest) = word(rest)?;
    let Some(Month::Is(month)) = month::signed(second) else {
        return None;
    };
    let (third, after) = word(rest)?;
    let day = number(third, &signs::DAY)?;
    // What stands before the month may be a size: then a year or a time of day follows the day.
    let behind = word(after).map(|(next, _)| next).unwrap_or_default();
    if clock(behind).is_some() || year_of(behind).is_some() {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some((local(date, None, offset), one_space(after)))
}

/// `Nov 22, 2020 08:08`: VShell.
fn with_year_and_clock((month, day): (Month, u32), rest: &[u8], offset: i64) -> Option<Dated<'_>> {
    let (year, rest) = word(rest)?;
    let year = year_of(year)?;
    let (time, after) = word(rest)?;
    let clock = clock(time)?;
    let time = match month {
        Month::Is(month) => local(
            NaiveDate::from_ymd_opt(year, month, day)?,
            Some(clock),
            offset,
        ),
        Month::Doubtful => None,
    };
    Some((time, one_space(after)))
}

/// What follows a month and a day: a time of day, or a year.
pub(super) fn with_clock_or_year<'a>(
    (month, day): (Month, u32),
    rest: &'a [u8],
    (now, offset): (i64, i64),
    behind_year: impl FnOnce(&'a [u8]) -> &'a [u8],
) -> Option<Dated<'a>> {
    let (third, after) = word(rest)?;
    let midnight = third == b"24:00";
    let clock = if midnight {
        clock(b"00:00")
    } else {
        clock(third)
    };
    let Month::Is(month) = month else {
        let known = clock.is_some() || year_of(third).is_some();
        let name = if clock.is_some() {
            one_space(after)
        } else {
            behind_year(after)
        };
        return (known && (1..=31).contains(&day)).then_some((None, name));
    };
    if let Some(clock) = clock {
        let later = u64::from(midnight);
        let time = without_year((month, day), clock, later, (now, offset))?;
        return Some((time, behind_clock(third, after)));
    }
    let date = NaiveDate::from_ymd_opt(year_of(third)?, month, day)?;
    Some((local(date, None, offset), behind_year(after)))
}

/// A year of four digits, with or without an East Asian sign.
fn year_of(word: &[u8]) -> Option<i32> {
    let plain = signs::before(word, &signs::YEAR).or_else(|| signs::before_any(word));
    year_number(plain.unwrap_or(word))
}

fn number(word: &[u8], known: &[&[u8]]) -> Option<u32> {
    let plain = signs::before(word, known).or_else(|| signs::before_any(word));
    two_digits_or_more(plain.unwrap_or(word))
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

pub(super) fn one_space(after: &[u8]) -> &[u8] {
    after.strip_prefix(b" ").unwrap_or_default()
}

/// Past one space, or past two where the first fills the column.
pub(super) fn past_column(after: &[u8]) -> &[u8] {
    after
        .strip_prefix(b"  ")
        .unwrap_or_else(|| one_space(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    const NOW: i64 = 1_795_334_889;
    const DAY: i64 = 1_606_003_200;
    const MINUTE: i64 = 1_795_334_880;

    #[track_caller]
    fn read(text: &str) -> (i64, Precision, String) {
        let (time, name) = dated(text.as_bytes(), NOW, 3600).unwrap();
        let name = String::from_utf8_lossy(name).into_owned();
        let time = time.unwrap();
        (time.seconds + 3600, time.precision, name)
    }

    #[test]
    fn every_form_has_its_precision_and_ends_where_the_name_begins() {
        for (text, seconds, precision) in [
            ("Nov 22  2020 a", DAY, Precision::Day),
            ("Nov 22 2020  a", DAY, Precision::Day),
            ("22 Nov 2020 a", DAY, Precision::Day),
            ("11月 22日 2020年 a", DAY, Precision::Day),
            ("2020년 11월 22일 a", DAY, Precision::Day),
            ("Nov 22 08:08 a", MINUTE, Precision::Minute),
            ("22. Nov 08:08 a", MINUTE, Precision::Minute),
            ("22. November, 08:08 a", MINUTE, Precision::Minute),
            ("Nov 22, 2026 08:08 a", MINUTE, Precision::Minute),
            ("Nov 22 08:08:09 a", MINUTE, Precision::Minute),
            ("Nov 21 24:00 a", MINUTE - 488 * 60, Precision::Minute),
        ] {
            assert_eq!(read(text), (seconds, precision, "a".into()), "{text}");
        }
    }

    #[test]
    fn a_word_of_several_months_leaves_the_time_unknown() {
        for text in ["lip 22 08:08 a", "22 lip 2020 a", "lip 22, 2020 08:08 a"] {
            let found = dated(text.as_bytes(), NOW, 0).unwrap();
            assert_eq!(found, (None, &b"a"[..]), "{text}");
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
