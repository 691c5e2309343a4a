//! Times as servers write them.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};

use crate::files::{Precision, Time};
use crate::ftp::reply::Reply;

/// Unix seconds as commands write them: `YYYYMMDDHHMMSS`, UTC (RFC 3659 §2.3). `None` outside the years 0 to 9999.
pub(in crate::ftp) fn command_time(seconds: i64) -> Option<String> {
    let time = DateTime::from_timestamp(seconds, 0)?;
    (0..=9999)
        .contains(&time.year())
        .then(|| time.format("%Y%m%d%H%M%S").to_string())
}

/// The time in a reply to MDTM.
pub(in crate::ftp) fn mdtm_reply(reply: &Reply) -> Option<Time> {
    if reply.code != 213 {
        return None;
    }
    stamp(reply.last_text().trim_ascii())
}

/// `YYYYMMDDHHMMSS`, with or without a fraction, UTC.
pub(super) fn stamp(text: &[u8]) -> Option<Time> {
    let digits = text.get(..14)?;
    if !matches!(text.get(14), None | Some(b'.')) {
        return None;
    }
    let at = |from: usize, to: usize| two_digits_or_more(&digits[from..to]);
    let date = NaiveDate::from_ymd_opt(i32::try_from(at(0, 4)?).ok()?, at(4, 6)?, at(6, 8)?)?;
    // A leap second (60) is a valid stamp; the second before it is near enough.
    let time = NaiveTime::from_hms_opt(at(8, 10)?, at(10, 12)?, at(12, 14)?.min(59))?;
    Some(Time::at(
        NaiveDateTime::new(date, time).and_utc().timestamp(),
    ))
}

/// A date and, where written, a time of day in the server's zone.
pub(super) fn local(date: NaiveDate, clock: Option<NaiveTime>, offset: i64) -> Option<Time> {
    let precision = match clock {
        Some(_) => Precision::Minute,
        None => Precision::Day,
    };
    let seconds = NaiveDateTime::new(date, clock.unwrap_or(NaiveTime::MIN))
        .and_utc()
        .timestamp();
    Some(Time::known(seconds.checked_sub(offset)?, precision))
}

/// How old a file may be whose date has no year: servers write it for half a year (180 to 183 days), and for what lies ahead;
/// a day is allowed for zones and clocks.
const YEARLESS: i64 = 184 * 86_400;

/// A date without a year, and a time of day in the server's zone: the last such moment, with a day allowed for zones and clocks.
/// Unknown where that is longer ago than a year is left out for: it may lie ahead, as ProFTPD and pyftpdlib write it. `None`
/// where there is no such day.
pub(super) fn without_year(
    (month, day): (u32, u32),
    clock: NaiveTime,
    days_later: u64,
    (now, offset): (i64, i64),
) -> Option<Option<Time>> {
    let date = recent(month, day, clock, now, offset)?;
    let date = date.checked_add_days(Days::new(days_later))?;
    let time = local(date, Some(clock), offset)?;
    let oldest = now.checked_sub(YEARLESS)?;
    Some((time.seconds >= oldest).then_some(time))
}

/// The latest date with this month and day that is not in the future; a day is allowed for zones and clocks.
fn recent(month: u32, day: u32, clock: NaiveTime, now: i64, offset: i64) -> Option<NaiveDate> {
    let limit = now.checked_add(offset)?.checked_add(86_400)?;
    let year = DateTime::from_timestamp(limit, 0)?.year();
    // Eight years back there is a 29 February, whatever the century.
    (0..=8)
        .filter_map(|back| NaiveDate::from_ymd_opt(year - back, month, day))
        .find(|date| NaiveDateTime::new(*date, clock).and_utc().timestamp() <= limit)
}

/// `8:08`, `08:08`, `08:08:59`.
pub(super) fn clock(word: &[u8]) -> Option<NaiveTime> {
    let mut parts = word.split(|byte| *byte == b':');
    let hour = two_digits_or_more(parts.next()?)?;
    let minute = two_digits_or_more(parts.next()?)?;
    if let Some(second) = parts.next() {
        two_digits_or_more(second)?;
    }
    match parts.next() {
        None => NaiveTime::from_hms_opt(hour, minute, 0),
        Some(_) => None,
    }
}

/// `2026-11-22`.
pub(super) fn iso_date(word: &[u8]) -> Option<NaiveDate> {
    let mut parts = word.split(|byte| *byte == b'-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let month = two_digits_or_more(parts.next()?)?;
    let day = two_digits_or_more(parts.next()?)?;
    match parts.next() {
        None => NaiveDate::from_ymd_opt(year_number(year)?, month, day),
        Some(_) => None,
    }
}

/// A zone such as `+0100`, in seconds east of UTC.
pub(super) fn offset_seconds(word: &[u8]) -> Option<i64> {
    let (sign, digits) = word.split_first()?;
    let number = i64::from(two_digits_or_more(digits).filter(|_| digits.len() == 4)?);
    let seconds = (number / 100) * 3600 + (number % 100) * 60;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// A year of four digits.
pub(super) fn year_number(word: &[u8]) -> Option<i32> {
    if word.len() != 4 {
        return None;
    }
    i32::try_from(two_digits_or_more(word)?).ok()
}

/// A year of two digits, in the century that IIS and other clients take it for; or of three, counted from 1900 (OS/2).
pub(super) fn short_year(word: &[u8]) -> Option<i32> {
    let number = i32::try_from(two_digits_or_more(word)?).ok()?;
    match (word.len(), number) {
        (2, 0..=69) => Some(2000 + number),
        (2, _) | (3, 100..) => Some(1900 + number),
        _ => None,
    }
}

/// A number of one to four digits.
pub(super) fn two_digits_or_more(word: &[u8]) -> Option<u32> {
    if word.is_empty() || word.len() > 4 || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        word.iter()
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_and_written() {
        assert_eq!(stamp(b"20261122080809"), Some(Time::at(1_795_334_889)));
        assert_eq!(stamp(b"20261122080809.123"), Some(Time::at(1_795_334_889)));
        assert_eq!(stamp(b"20261322080809"), None);
        assert_eq!(stamp(b"2026112208080"), None);
        assert_eq!(command_time(1_795_334_889).unwrap(), "20261122080809");
        assert_eq!(command_time(i64::MAX), None);
    }

    #[test]
    fn the_year_left_out_is_the_one_that_makes_it_past() {
        let now = 1_795_334_889;
        let early = clock(b"08:00").unwrap();
        let year = |month, day| recent(month, day, early, now, 0).unwrap().year();
        assert_eq!(year(11, 22), 2026);
        assert_eq!(year(11, 23), 2026);
        assert_eq!(year(11, 24), 2025);
        assert_eq!(year(2, 29), 2024);
        assert_eq!(recent(2, 30, early, now, 0), None);
    }

    #[test]
    fn a_date_without_a_year_is_of_the_last_half_year_or_unknown() {
        let now = 1_795_334_889;
        let early = clock(b"08:00").unwrap();
        let told = |date| without_year(date, early, 0, (now, 0)).map(|time| time.is_some());
        for (date, expected) in [
            ((11, 22), Some(true)),
            ((11, 23), Some(true)),
            ((5, 23), Some(true)),
            ((11, 24), Some(false)),
            ((5, 21), Some(false)),
            ((2, 29), Some(false)),
            ((2, 30), None),
        ] {
            assert_eq!(told(date), expected, "{date:?}");
        }
    }
}
