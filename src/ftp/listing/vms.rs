//! The listings of OpenVMS: `NAME.TXT;3   4/6   8-SEP-1998 01:38:37  [GROUP,OWNER]  (RWED,RWED,RE,)`.

use chrono::NaiveDate;

use crate::files::Kind;

use super::month;
use super::row::{Row, word};
use super::time::{clock, local, two_digits_or_more, year_number};

/// Reads one line, or the two that a long name makes, joined by a space.
///
/// Names lose their version: without one a server means the newest. Sizes are in blocks, which say nothing exact.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (full, rest) = word(line)?;
    let name = without_version(without_folder(full))?;
    let (mut next, mut rest) = word(rest)?;
    if next
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'/')
    {
        (next, rest) = word(rest)?;
    }
    let date = date(next)?;
    let clock = word(rest).and_then(|(time, _)| clock(without_hundredths(time)));
    let (name, kind) = match folder(name) {
        Some(folder) => (folder, Kind::Folder),
        None => (name, Kind::File),
    };
    Some(Row {
        name,
        kind,
        size: None,
        modified: Some(local(date, clock, offset)?),
    })
}

/// Whether a line is a name whose other columns follow on the next line.
pub(super) fn is_name_alone(line: &[u8]) -> bool {
    !line.contains(&b' ') && without_version(line).is_some()
}

/// The head and the end of a listing: `Directory DISK$USER:[ANN]` or its path alone, `Total of 11 files, 2083 blocks.`
pub(super) fn is_frame(line: &[u8]) -> bool {
    let path = line.strip_prefix(b"Directory ");
    if let Some(path) = path.or_else(|| is_folder_alone(line).then_some(line)) {
        return path.ends_with(b"]");
    }
    if !matches!(line.first(), Some(b'T' | b't' | b'G' | b'g')) {
        return false;
    }
    let lower = line.to_ascii_lowercase();
    let count = lower.strip_prefix(b"total ");
    let files = count.and_then(word).and_then(|(_, unit)| word(unit));
    lower.starts_with(b"total of ")
        || lower.starts_with(b"grand total of ")
        || files.is_some_and(|(unit, _)| matches!(unit, b"file" | b"files" | b"files,"))
}

fn is_folder_alone(line: &[u8]) -> bool {
    if !line.ends_with(b"]") || line.contains(&b' ') {
        return false;
    }
    let disk = line.windows(2).position(|pair| pair == b":[");
    disk.is_some_and(|at| at > 0)
}

/// CMU/VMS-IP writes the folder before each name: `[ANN.OLD]A.TXT;1`. No name holds a bracket.
fn without_folder(full: &[u8]) -> &[u8] {
    match full.iter().position(|byte| *byte == b']') {
        Some(end) if full.starts_with(b"[") => &full[end + 1..],
        _ => full,
    }
}

fn without_version(full: &[u8]) -> Option<&[u8]> {
    let at = full.iter().rposition(|byte| *byte == b';')?;
    let version = &full[at + 1..];
    let is_version = !version.is_empty() && version.iter().all(u8::is_ascii_digit);
    (is_version && at > 0).then(|| &full[..at])
}

/// `ARCHIVES.DIR` is the folder that paths call `ARCHIVES`.
fn folder(name: &[u8]) -> Option<&[u8]> {
    let (folder, end) = name.split_at_checked(name.len().checked_sub(4)?)?;
    (end.eq_ignore_ascii_case(b".DIR") && !folder.is_empty()).then_some(folder)
}

fn date(word: &[u8]) -> Option<NaiveDate> {
    let mut parts = word.split(|byte| *byte == b'-');
    let day = two_digits_or_more(parts.next()?)?;
    let month = month::number(parts.next()?)?;
    let year = year_number(parts.next()?)?;
    match parts.next() {
        None => NaiveDate::from_ymd_opt(year, month, day),
        Some(_) => None,
    }
}

fn without_hundredths(time: &[u8]) -> &[u8] {
    let end = time.iter().position(|byte| *byte == b'.');
    &time[..end.unwrap_or(time.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    #[test]
    fn files_and_folders_are_read() {
        let file = row(
            b"CORE.DMP;12    2/4    22-NOV-2026 08:08:37.12   [SYSTEM,OWNER]  (RWED,RWED,RE,)",
            0,
        )
        .unwrap();
        assert_eq!(
            (file.name, file.kind, file.size),
            (&b"CORE.DMP"[..], Kind::File, None)
        );
        let time = file.modified.unwrap();
        assert_eq!(
            (time.seconds, time.precision),
            (1_795_334_880, Precision::Minute)
        );
        let folder = row(b"OLD.DIR;1  1  5-JAN-2001 10:00 [A] (RWE,RWE,RE,E)", 0).unwrap();
        assert_eq!((folder.name, folder.kind), (&b"OLD"[..], Kind::Folder));
    }

    #[test]
    fn a_line_without_version_or_date_is_no_entry() {
        for bad in [
            &b"CORE.DMP 2/4 22-NOV-2026 08:08:37"[..],
            b"CORE.DMP;1",
            b"CORE.DMP;1 %RMS-E-PRV, insufficient privilege or file protection violation",
            b";1 2 22-NOV-2026 08:08",
        ] {
            assert_eq!(row(bad, 0), None, "{bad:?}");
        }
    }

    #[test]
    fn head_and_end_are_no_entries() {
        assert!(is_frame(b"Directory DISK$USER:[ANN]"));
        assert!(is_frame(b"Total of 11 files, 2083 blocks."));
        assert!(!is_frame(b"Directory listing follows"));
        assert!(is_name_alone(b"A_NAME_OF_MANY_LETTERS.TXT;1"));
    }
}
