//! What one line of a listing says.

use crate::files::{Kind, Time};

use super::total::is_total;
use super::{dos, eplf, ibm_i, mlsd, mvs, name_first, os2, size_first, unix, vms};

/// One entry. The name is as it came: whoever keeps it checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) struct Row<'a> {
    pub(in crate::ftp) name: &'a [u8],
    pub(in crate::ftp) kind: Kind,
    pub(in crate::ftp) size: Option<u64>,
    pub(in crate::ftp) modified: Option<Time>,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum Parsed<'a> {
    /// An entry.
    Entry(Row<'a>),
    /// Nothing to know: blank, `total 12`, the folder itself or its parent.
    Nothing,
    /// A line that no dialect explains.
    Unreadable,
}

/// What a line shows of the whole listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum Habit {
    /// Nothing.
    None,
    /// A file's older versions follow it (VMS).
    Versions,
    /// The day stands before the month in dates of numbers.
    DayFirst,
}

/// Reads a line of LIST, in whatever dialect, each line by itself: servers mix them (links on IIS).
///
/// Times are in the server's zone: `offset` seconds are subtracted. `now`, in Unix seconds, gives the year that
/// recent entries leave out.
pub(in crate::ftp) fn list_line(line: &[u8], now: i64, offset: i64) -> (Parsed<'_>, Habit) {
    if names_nothing(line) {
        return (Parsed::Nothing, Habit::None);
    }
    if let Some((row, day_first)) = dos::row(line, offset) {
        let habit = if day_first {
            Habit::DayFirst
        } else {
            Habit::None
        };
        return (parsed(Some(row)), habit);
    }
    let row = unix::row(line, now, offset)
        .or_else(|| os2::row(line, offset))
        .or_else(|| eplf::row(line));
    if let Some(row) = row {
        return (parsed(Some(row)), Habit::None);
    }
    if let Some(row) = vms::row(line, offset) {
        return (parsed(Some(row)), Habit::Versions);
    }
    let row = ibm_i::row(line, now, offset)
        .or_else(|| mvs::row(line, offset))
        .or_else(|| size_first::row(line, offset))
        .or_else(|| name_first::row(line, offset));
    match row {
        None if mlsd::is_row(line) => (mlsd::row(line), Habit::None),
        row => (parsed(row), Habit::None),
    }
}

/// Whether a line of LIST is the one of the folder itself, or of its parent.
pub(in crate::ftp) fn is_folder_itself(line: &[u8]) -> bool {
    let row = unix::row(line, 0, 0).or_else(|| dos::row(line, 0).map(|(row, _)| row));
    row.is_some_and(|row| matches!(row.name, b"." | b".."))
}

fn parsed(row: Option<Row<'_>>) -> Parsed<'_> {
    match row {
        Some(row) if matches!(row.name, b"." | b"..") => Parsed::Nothing,
        Some(row) => Parsed::Entry(row),
        None => Parsed::Unreadable,
    }
}

/// Splits off the next word, with the spaces and tabs before it.
pub(super) fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !blank(byte))?;
    let text = &text[start..];
    let end = text.iter().position(blank).unwrap_or(text.len());
    Some((&text[..end], &text[end..]))
}

/// A number that may be written in groups of three digits (`1,234`, `1.234.567`).
pub(super) fn number(word: &[u8]) -> Option<u64> {
    let separator = word.iter().find(|byte| !byte.is_ascii_digit());
    let grouped = separator.is_none_or(|separator| is_grouped(word, *separator));
    if word.is_empty() || !grouped {
        return None;
    }
    let digits = word.iter().filter(|byte| byte.is_ascii_digit());
    digits.copied().try_fold(0_u64, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

fn is_grouped(word: &[u8], separator: u8) -> bool {
    let digits = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    let mut groups = word.split(|byte| *byte == separator);
    let first = groups.next().unwrap_or_default();
    let leads = (1..=3).contains(&first.len()) && digits(first);
    leads
        && matches!(separator, b',' | b'.')
        && groups.all(|group| group.len() == 3 && digits(group))
}

/// Whether a line is none of an entry: blank, a total, a frame of VMS, the head of a table, the heading that `ls -R` gives
/// the folder itself, or the folder's name alone.
fn names_nothing(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    matches!(text, b"" | b".:" | b"./:" | b"." | b"..")
        || is_total(line)
        || vms::is_frame(line)
        || mvs::is_head(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_that_name_nothing_are_passed_over() {
        for line in [
            &b""[..],
            b"  ",
            b"total 12",
            b".:",
            b"./:",
            b" .",
            b" ..",
            b"drwxr-xr-x 2 a b 40 Nov 22 08:08 ..",
        ] {
            assert_eq!(list_line(line, 0, 0).0, Parsed::Nothing, "{line:?}");
        }
        assert_eq!(list_line(b"no idea", 0, 0).0, Parsed::Unreadable);
    }

    #[test]
    fn numbers_may_stand_in_groups_of_three() {
        for (word, value) in [("7", 7), ("1,234", 1234), ("1.234.567", 1_234_567)] {
            assert_eq!(number(word.as_bytes()), Some(value));
        }
        for bad in [
            "",
            "1,2",
            "1,2345",
            "1,234.567",
            "1234,567",
            "1,",
            ",123",
            "-1",
            "1k",
        ] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200), now in any::<i32>()) {
            let _ = list_line(&line, i64::from(now), 0);
        }

        #[test]
        fn any_line_like_a_real_one_is_read_or_refused(line in "[-dl]rwxr-xr-x[+ .]{1,2}[0-9 ]{0,3}[a-zN ]{0,9}[0-9,]{0,22} (Nov|Feb|[0-9-]{0,10}) [0-9]{0,2} [0-9:]{0,5} .{0,9}") {
            let _ = list_line(line.as_bytes(), 1_795_334_889, 3600);
        }
    }
}
