//! LIST of IBM i (OS/400) in its own style: owner, size, date, time, type of object, name.

use chrono::{DateTime, NaiveDate};

use crate::files::Kind;

use super::row::{Row, number, word};
use super::time::{clock, local, short_year, two_digits_or_more};

/// A day is allowed for zones and clocks.
const TOLERANCE: i64 = 86_400;

/// Reads one line: `CAROL            7750 11/03/07 09:41:33 *STMF      letter.zip`. Size, date or both may be left out.
///
/// A file of the database (`X.FILE`) holds members, as a folder does; a save file is one file. Only of a stream file is the
/// size that of what is transferred.
pub(super) fn row(line: &[u8], now: i64, offset: i64) -> Option<Row<'_>> {
    let (_owner, rest) = word(line)?;
    let (size, rest) = sized(rest);
    let (modified, rest) = match dated(rest, now) {
        Some((day, time, rest)) => (day.and_then(|day| local(day, Some(time), offset)), rest),
        None => (None, rest),
    };
    let (object, name) = word(rest)?;
    let name = name.trim_ascii_start();
    let kind = kind(object.strip_prefix(b"*")?, name)?;
    let name = match kind {
        Kind::Folder => name.strip_suffix(b"/").unwrap_or(name),
        _ => name,
    };
    (!name.is_empty()).then_some(Row {
        name,
        kind,
        size: size.filter(|_| object == b"*STMF"),
        modified,
    })
}

/// The file of the database that the member of a line belongs to: a library shows the members of its files, too.
pub(super) fn file_of_member(line: &[u8]) -> Option<&[u8]> {
    let at = line.windows(5).position(|window| window == b"*MEM ")?;
    let name = line[at + 5..].trim_ascii_start();
    name.iter()
        .position(|byte| *byte == b'/')
        .map(|slash| &name[..slash])
}

fn sized(text: &[u8]) -> (Option<u64>, &[u8]) {
    match word(text).and_then(|(size, rest)| Some((number(size)?, rest))) {
        Some((size, rest)) => (Some(size), rest),
        None => (None, text),
    }
}

type Written<'a> = (Option<NaiveDate>, chrono::NaiveTime, &'a [u8]);

fn dated(text: &[u8], now: i64) -> Option<Written<'_>> {
    let (day, rest) = word(text)?;
    let (time, rest) = word(rest)?;
    Some((date(day, now)?, clock(time)?, rest))
}

/// `11/03/07`, whose order is the job's: the only day that it can mean and that has been; `None` inside where there are several.
/// With dots the day comes first.
fn date(word: &[u8], now: i64) -> Option<Option<NaiveDate>> {
    let separator = *word.get(2)?;
    let mut parts = word.split(|byte| *byte == separator);
    let mut next = || parts.next().filter(|part| part.len() == 2);
    let parts = [next()?, next()?, next()?];
    if word.len() != 8 || !matches!(separator, b'/' | b'-' | b'.') {
        return None;
    }
    let day = |year: usize, month: usize, day: usize| {
        let (month, day) = (
            two_digits_or_more(parts[month])?,
            two_digits_or_more(parts[day])?,
        );
        NaiveDate::from_ymd_opt(short_year(parts[year])?, month, day)
    };
    let latest = DateTime::from_timestamp(now.checked_add(TOLERANCE)?, 0)?.date_naive();
    let readings = match separator {
        b'.' => [day(2, 1, 0), None, None],
        _ => [day(2, 0, 1), day(2, 1, 0), day(0, 1, 2)],
    };
    let mut days = readings.into_iter().flatten().filter(|day| *day <= latest);
    let first = days.next()?;
    Some(days.all(|day| day == first).then_some(first))
}

fn kind(object: &[u8], name: &[u8]) -> Option<Kind> {
    let ends = |with: &[u8]| name.to_ascii_uppercase().ends_with(with);
    match object {
        b"DIR" | b"DDIR" | b"LIB" | b"FLR" => Some(Kind::Folder),
        b"FILE" if ends(b".FILE") => Some(Kind::Folder),
        b"STMF" | b"DSTMF" | b"FILE" | b"MEM" | b"DOC" => Some(Kind::File),
        b"SYMLNK" => Some(Kind::Link),
        other => {
            let known = !other.is_empty() && other.iter().all(u8::is_ascii_uppercase);
            known.then_some(Kind::Other)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_334_889;

    #[track_caller]
    fn read(line: &str) -> (String, Kind, Option<u64>, Option<i64>) {
        let row = row(line.as_bytes(), NOW, 0).unwrap();
        let name = String::from_utf8_lossy(row.name).into_owned();
        (
            name,
            row.kind,
            row.size,
            row.modified.map(|time| time.seconds),
        )
    }

    #[test]
    fn objects_are_files_folders_or_neither() {
        let time = Some(1_299_490_860);
        let read = |line| read(line);
        assert_eq!(
            read("CAROL            7750 03/31/11 09:41:33 *STMF      a letter.zip"),
            (
                "a letter.zip".into(),
                Kind::File,
                Some(7750),
                Some(1_301_564_460)
            )
        );
        assert_eq!(
            read("CAROL            8192 07.03.11 09:41:33 *DIR       folder1/"),
            ("folder1".into(), Kind::Folder, None, time)
        );
        for (line, kind) in [
            (
                "CAROL   135168 07.03.11 09:41:33 *FILE      X.FILE",
                Kind::Folder,
            ),
            (
                "CAROL   135168 07.03.11 09:41:33 *FILE      X.SAVF",
                Kind::File,
            ),
            (
                "CAROL                            *MEM       X.MBR",
                Kind::File,
            ),
            ("CAROL    28672 07.03.11 09:41:33 *DTAARA    X", Kind::Other),
        ] {
            assert_eq!((read(line).1, read(line).2), (kind, None), "{line}");
        }
    }

    #[test]
    fn a_date_of_several_readings_is_unknown() {
        assert_eq!(read("CAROL 5 11/03/07 09:41:33 *STMF a").3, None);
        assert!(read("CAROL 5 23/02/00 09:41:33 *STMF a").3.is_some());
        // No other day than this has been.
        assert!(read("CAROL 5 10/12/27 09:41:33 *STMF a").3.is_some());
    }

    #[test]
    fn what_lacks_its_type_or_its_name_is_no_entry() {
        for bad in [
            "CAROL 5 11/03/07 09:41:33 STMF a",
            "CAROL 5 11/03/07 30:41:33 *STMF a",
            "CAROL 5 03/24 09:41:33 *STMF a",
            "CAROL 5 11/03/07 09:41:33 *STMF",
            "CAROL USR 5 11/03/07 09:41:33 *STMF a",
        ] {
            assert_eq!(row(bad.as_bytes(), NOW, 0), None, "{bad}");
        }
        assert_eq!(
            file_of_member(b"A   *MEM X.FILE/Y.MBR"),
            Some(&b"X.FILE"[..])
        );
        assert_eq!(file_of_member(b"A   *STMF X/Y"), None);
    }
}
