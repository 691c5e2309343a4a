//! The listings of OpenVMS: `NAME.TXT;3   4/6   8-SEP-1998 01:38:37  [GROUP,OWNER]  (RWED,RWED,RE,)`.

use crate::files::Kind;

use super::date_numbers::{Day, with_month};
use super::row::{Row, word};
use super::time::{clock, local};

/// Columns before the date: blocks, and the owner where it comes first.
const MOST_COLUMNS: usize = 3;

/// Reads one line, or the two that a long name makes, joined by a space.
///
/// Names lose their version: without one a server means the newest. Sizes are in blocks, which say nothing exact.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (full, mut rest) = word(line)?;
    let name = without_version(without_folder(full))?;
    let mut columns = 0;
    let day = loop {
        let (next, behind) = word(rest)?;
        rest = behind;
        match day(next) {
            Some(day) => break day,
            None if columns < MOST_COLUMNS && (is_size(next) || is_owner(next)) => columns += 1,
            None => return None,
        }
    };
    let clock = word(rest).and_then(|(time, _)| clock(without_hundredths(time)));
    let (name, kind) = match folder(name) {
        Some(folder) => (folder, Kind::Folder),
        None => (name, Kind::File),
    };
    Some(Row {
        name,
        kind,
        size: None,
        modified: day.known().and_then(|date| local(date, clock, offset)),
    })
}

/// `2/4`, `7`, `2KB`, `******`: blocks used and allocated, kilobytes, or a number that has no room.
fn is_size(word: &[u8]) -> bool {
    let digits = word.strip_suffix(b"KB").unwrap_or(word);
    digits
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'*'))
}

fn is_owner(word: &[u8]) -> bool {
    word.starts_with(b"[") && word.ends_with(b"]")
}

/// Whether a line has the columns that belong behind a name, and none of its own.
pub(super) fn goes_on(line: &[u8]) -> bool {
    word(line).is_some_and(|(first, _)| is_size(first) || is_owner(first))
}

/// Whether a line is a name whose other columns follow on the next line.
pub(super) fn is_name_alone(line: &[u8]) -> bool {
    !line.contains(&b' ') && without_version(line).is_some()
}

/// The head and the end of a listing: `Directory DISK$USER:[ANN]` or its path alone, `Total of 11 files, 2083 blocks.`
pub(super) fn is_frame(line: &[u8]) -> bool {
    // An empty folder.
    if line.starts_with(b"*.*;") && line.windows(10).any(|text| text == b"%RMS-E-FNF") {
        return true;
    }
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

fn day(word: &[u8]) -> Option<Day> {
    // A year of two digits stands in no listing of VMS.
    let year = word.rsplit(|byte| *byte == b'-').next()?;
    with_month(word).filter(|_| year.len() == 4)
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
        let other = row(
            b"a.txt;1   [SUMMARY]    1/3     22-NOV-2026 08:08  (RWE,RWE,RE,)",
            0,
        );
        assert_eq!(other.unwrap().modified, file.modified);
        let other = row(b"a.txt;1 2KB 22-NOV-2026 08:08:37.27", 0);
        assert_eq!(other.unwrap().modified, file.modified);
        let other = row(b"a.txt;1   ******\t22-NOV-2026 08:08:37.27", 0);
        assert_eq!(other.unwrap().modified, file.modified);
        let doubtful = row(
            b"a.txt;1    6/8    15-JUI-2002    OWNER   (RWED,RWED,RE,)",
            0,
        );
        assert_eq!(doubtful.unwrap().modified, None);
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
        assert!(is_frame(b"*.*;0              <%RMS-E-FNF, file not found>"));
        assert!(is_name_alone(b"A_NAME_OF_MANY_LETTERS.TXT;1"));
    }
}
