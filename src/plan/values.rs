//! Texts into typed values. What cannot be read says what would be right, and never repeats the text: it may be a secret.

use std::time::Duration;

use chrono::{DateTime, NaiveDate};

use crate::manifest::suggest;

/// A text that is not what its field wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadValue {
    /// What the field wants: fits after "is not".
    pub(super) wanted: String,
    /// What to write.
    pub(super) help: String,
}

type Read<T> = Result<T, BadValue>;

/// `30s`, `5m`, `7d`, `1h 30m`
pub(super) fn duration(text: &str) -> Read<Duration> {
    humantime::parse_duration(text)
        .map_err(|_| bad("a duration", "write it like `30s`, `5m`, `1h 30m` or `7d`"))
}

/// A duration longer than nothing.
pub(super) fn some_duration(text: &str) -> Read<Duration> {
    let read = duration(text)?;
    if read.is_zero() {
        return Err(bad("a duration longer than nothing", "write it like `30s`"));
    }
    Ok(read)
}

/// `512KiB`, `2GB`, or plain bytes.
pub(super) fn size(text: &str) -> Read<u64> {
    let read = text.trim().parse::<bytesize::ByteSize>();
    read.map(|size| size.as_u64())
        .map_err(|_| bad("a size", "write it like `4096`, `512KiB` or `2GB`"))
}

/// An instant in Unix seconds: a duration before `now`, or a date (RFC 3339, or a plain one, UTC).
pub(super) fn instant(text: &str, now: i64) -> Read<i64> {
    if let Ok(before) = humantime::parse_duration(text) {
        return Ok(now.saturating_sub_unsigned(before.as_secs()));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.and_then(|date| date.and_hms_opt(0, 0, 0))
        .map(|time| time.and_utc().timestamp())
        .ok_or_else(|| {
            bad(
                "a duration or a date",
                "write `7d` (before the run's start), `2026-11-22` (UTC) or `2026-11-22T18:00:00+08:00`",
            )
        })
}

/// `true` or `false`
pub(super) fn boolean(text: &str) -> Read<bool> {
    word(text, &[("true", true), ("false", false)])
}

/// A whole number within bounds.
pub(super) fn number(text: &str, from: u64, to: u64) -> Read<u64> {
    let read = text.parse::<u64>().ok();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    read.filter(|number| digits && (from..=to).contains(number))
        .ok_or_else(|| {
            let range = if to == u64::MAX {
                format!("a whole number from {from} up")
            } else {
                format!("a whole number from {from} to {to}")
            };
            bad(range.clone(), format!("write {range}, in digits only"))
        })
}

/// A whole number within bounds that fit `u32`.
pub(super) fn number32(text: &str, from: u32, to: u32) -> Read<u32> {
    let read = number(text, from.into(), to.into())?;
    Ok(u32::try_from(read).unwrap_or(to))
}

/// A port.
pub(super) fn port(text: &str) -> Read<u16> {
    let read = number(text, 1, 65_535)?;
    Ok(u16::try_from(read).unwrap_or(u16::MAX))
}

/// `50000-50100`, or one port.
pub(super) fn ports(text: &str) -> Read<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let wrong = |_| bad("a range of ports", "write it like `50000-50100`");
    let first = port(first.trim()).map_err(wrong)?;
    let last = port(last.trim()).map_err(wrong)?;
    if first > last {
        return Err(bad(
            "a range of ports",
            "put the lower port first, as in `50000-50100`",
        ));
    }
    Ok((first, last))
}

/// `0644` or `644`: octal, at most `7777`.
pub(super) fn mode(text: &str) -> Read<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let read = u32::from_str_radix(digits, 8).ok();
    read.filter(|mode| octal && *mode <= 0o7777)
        .ok_or_else(|| bad("a mode in octal digits", "write it like `0644` or `0755`"))
}

/// The zone of LIST times in seconds ahead of UTC: `+08:00`, `-5`, `UTC`.
pub(super) fn zone(text: &str) -> Read<i32> {
    let wrong = || {
        bad(
            "a time zone's distance from UTC",
            "write `auto`, `UTC`, `+08:00` or `-05:30`",
        )
    };
    if matches!(text, "Z" | "UTC" | "utc") {
        return Ok(0);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
    let hours = number32(hours, 0, 14).map_err(|_| wrong())?;
    let minutes = number32(minutes, 0, 59).map_err(|_| wrong())?;
    let seconds = i32::try_from(hours * 3600 + minutes * 60).unwrap_or_default();
    Ok(sign * seconds)
}

/// One of some words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Read<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    // `dir` is far from `directory` by letters, and yet no riddle.
    let begun = || {
        let mut begun = names
            .iter()
            .filter(|name| text.len() > 1 && name.starts_with(text));
        begun.next().copied().filter(|_| begun.next().is_none())
    };
    let help = match suggest(text, names.iter().copied()).or_else(begun) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write {}", either(&names)),
    };
    Err(bad(either(&names), help))
}

/// `a`, `b` or `c`
pub(super) fn either(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// A value that its field does not take.
pub(super) fn bad(wanted: impl Into<String>, help: impl Into<String>) -> BadValue {
    BadValue {
        wanted: wanted.into(),
        help: help.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_values_are_read() {
        assert_eq!(duration("1h 30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(size("512KiB").unwrap(), 512 * 1024);
        assert_eq!(size("2GB").unwrap(), 2_000_000_000);
        assert_eq!(size("4096").unwrap(), 4096);
        assert_eq!(instant("1d", 100_000).unwrap(), 13_600);
        assert_eq!(instant("1970-01-02", 0).unwrap(), 86_400);
        assert_eq!(instant("1970-01-01T08:00:01+08:00", 0).unwrap(), 1);
        assert_eq!(ports("50000-50100").unwrap(), (50_000, 50_100));
        assert_eq!(mode("0644").unwrap(), 0o644);
        assert_eq!(zone("+08:00").unwrap(), 28_800);
        assert_eq!(zone("-5:30").unwrap(), -19_800);
        assert_eq!(zone("UTC").unwrap(), 0);
    }

    #[test]
    fn bad_values_say_what_is_wanted() {
        assert_eq!(duration("7").unwrap_err().wanted, "a duration");
        assert!(some_duration("0s").is_err());
        assert!(size("2 XB").is_err());
        assert!(instant("2026-13-01", 0).is_err());
        assert_eq!(
            port("65536").unwrap_err().wanted,
            "a whole number from 1 to 65535"
        );
        assert!(number("+1", 0, 5).is_err());
        assert!(ports("9-8").is_err());
        assert!(mode("0888").is_err());
        assert!(mode("17777").is_err());
        assert!(zone("8").is_err());
        assert!(zone("版").is_err());
        assert_eq!(boolean("yes").unwrap_err().wanted, "`true` or `false`");
        assert_eq!(boolean("ture").unwrap_err().help, "did you mean `true`?");
    }
}
