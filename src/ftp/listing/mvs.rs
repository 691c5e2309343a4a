//! Listings of z/OS: data sets, members of a partitioned one, and jobs.
//!
//! None shows how many bytes a transfer brings: sizes are tracks, lines or the space in memory.

use chrono::NaiveDate;

use crate::files::Kind;

use super::date_numbers::numbers;
use super::row::{Row, word};
use super::time::{clock, local};

/// How data sets are organised; the partitioned ones (`PO`) hold members, as a folder does.
const ORGANISATIONS: [&[u8]; 9] = [
    b"PS", b"PS-E", b"PS-L", b"PO", b"PO-E", b"DA", b"VS", b"IS", b"PSU",
];
/// What a load module may need of memory.
const ADDRESSING: [&[u8]; 4] = [b"24", b"31", b"64", b"ANY"];
const JOBS: [&[u8]; 4] = [b"JOB", b"TSU", b"STC", b"J"];

/// Reads one line of any of them.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let words: Vec<&[u8]> = words(line).collect();
    data_set(&words, offset)
        .or_else(|| member(&words, offset))
        .or_else(|| module(&words))
        .or_else(|| job(&words))
}

/// Whether a line is the head of a listing.
pub(super) fn is_head(line: &[u8]) -> bool {
    let mut words = words(line);
    let (first, second) = (words.next(), words.next());
    match (first, second) {
        (Some(b"Volume"), Some(b"Unit")) => words.last() == Some(b"Dsname"),
        (Some(b"JOBNAME"), Some(b"JOBID")) => true,
        _ => is_head_of_members(line),
    }
}

/// Whether members follow, of which some show nothing but their name.
pub(super) fn is_head_of_members(line: &[u8]) -> bool {
    let mut words = words(line);
    words.next() == Some(b"Name")
        && matches!(
            (words.next(), words.next()),
            (Some(b"VV.MM"), Some(b"Created")) | (Some(b"Size"), Some(b"TTR"))
        )
}

/// A member without statistics: its name.
pub(super) fn bare_member(line: &[u8]) -> Option<Row<'_>> {
    let (name, rest) = word(line)?;
    let alone = rest.trim_ascii().is_empty() && name.len() <= 8 && is_name(name);
    alone.then(|| file(name))
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty())
}

/// `WORK07 3390   2011/03/07  1   15  FB      80 27920  PO  TEAM.JCL`; numbers may run together. Less is shown of what is on
/// tape, migrated, or no data set to transfer.
fn data_set<'a>(words: &[&'a [u8]], offset: i64) -> Option<Row<'a>> {
    match words {
        [b"Migrated", name] if is_name(name) => Some(file(name)),
        [volume, b"Tape", name] | [volume, _, b"VSAM", name]
            if is_volume(volume) && is_name(name) =>
        {
            Some(file(name))
        }
        [volume, unit, referred, .., organisation, name]
            if is_volume(volume)
                && unit.len() == 4
                && ORGANISATIONS.contains(organisation)
                && is_name(name) =>
        {
            let day = match *referred {
                b"**NONE**" => None,
                date => Some(day(date)?),
            };
            let kind = match organisation.starts_with(b"PO") {
                true => Kind::Folder,
                false => Kind::File,
            };
            Some(Row {
                kind,
                modified: day.and_then(|day| local(day, None, offset)),
                ..file(name)
            })
        }
        _ => None,
    }
}

/// `REPORT    01.07 2011/03/07 2011/03/07 09:41    33    30     0 CAROL`: the second date is that of the last change.
fn member<'a>(words: &[&'a [u8]], offset: i64) -> Option<Row<'a>> {
    let [name, version, created, changed, time, size, _, _, _] = words else {
        return None;
    };
    let versioned = version.len() == 5 && version[2] == b'.';
    day(created).filter(|_| versioned && size.iter().all(u8::is_ascii_digit))?;
    let modified = local(day(changed)?, Some(clock(time)?), offset);
    is_name(name).then(|| Row {
        modified,
        ..file(name)
    })
}

/// `PROGRAM   00B308 000411  00 FO                31    ANY`: a load module.
fn module<'a>(words: &[&'a [u8]]) -> Option<Row<'a>> {
    let [name, size, place, _, .., last] = words else {
        return None;
    };
    let hex = |word: &[u8]| word.len() == 6 && word.iter().all(u8::is_ascii_hexdigit);
    let known = hex(size) && hex(place) && ADDRESSING.contains(last) && is_name(name);
    known.then(|| file(name))
}

/// `CAROLJ   JOB04711  OUTPUT    4 Spool Files`, and with its owner, class and end. The server knows it by its number.
fn job<'a>(words: &[&'a [u8]]) -> Option<Row<'a>> {
    let [_, id, .., count, spool, files] = words else {
        return None;
    };
    let digits = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let numbered = JOBS
        .iter()
        .any(|kind| id.strip_prefix(*kind).is_some_and(digits));
    let spooled = spool.eq_ignore_ascii_case(b"spool") && files.eq_ignore_ascii_case(b"files");
    (numbered && spooled && digits(count)).then(|| file(id))
}

fn file(name: &[u8]) -> Row<'_> {
    Row {
        name,
        kind: Kind::File,
        size: None,
        modified: None,
    }
}

fn day(word: &[u8]) -> Option<NaiveDate> {
    let year_first = word.get(4) == Some(&b'/');
    numbers(word).filter(|_| year_first)?.known()
}

fn is_volume(word: &[u8]) -> bool {
    (1..=6).contains(&word.len())
        && word
            .iter()
            .all(|byte| !byte.is_ascii_lowercase() && is_sign(byte))
}

fn is_name(word: &[u8]) -> bool {
    word.iter()
        .all(|byte| is_sign(byte) || matches!(byte, b'.' | b'-' | b'\''))
}

fn is_sign(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"$#@_".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(line: &[u8]) -> (&[u8], Kind, Option<i64>) {
        let row = row(line, 0).unwrap();
        (row.name, row.kind, row.modified.map(|time| time.seconds))
    }

    #[test]
    fn data_sets_are_files_and_partitioned_ones_folders() {
        let day = Some(1_299_456_000);
        let set = read(b"WORK07 3390   2011/03/07  1   15  FB      80 27920  PO  TEAM.JCL");
        assert_eq!(set, (&b"TEAM.JCL"[..], Kind::Folder, day));
        let glued = read(b"WORK07 3390   2011/03/07  1+++++  VBS  32767 27966  PS  $.DATA");
        assert_eq!(glued, (&b"$.DATA"[..], Kind::File, day));
        let never = read(b"WORK07 3390   **NONE**    1   15  NONE     0     0  PO  NEVER");
        assert_eq!(never, (&b"NEVER"[..], Kind::Folder, None));
        for line in [
            &b"Migrated                 A.B"[..],
            b"Migrated\t\tA.B",
            b"WORK07 Tape              A.B",
            b"WORK07 3390   VSAM A.B",
        ] {
            assert_eq!(read(line), (&b"A.B"[..], Kind::File, None));
        }
    }

    #[test]
    fn members_and_jobs_are_files() {
        let member = read(b"REPORT    01.07 2011/03/06 2011/03/07 09:41    33    30     0 CAROL");
        assert_eq!(member, (&b"REPORT"[..], Kind::File, Some(1_299_490_860)));
        let module = read(b"PROGRAM   00B308 000411 ALIAS    00 FO             RN RU   31    ANY");
        assert_eq!(module, (&b"PROGRAM"[..], Kind::File, None));
        let job = read(b"CAROLJ   JOB04711 CAROL    OUTPUT A        RC=0000 4 spool files");
        assert_eq!(job.0, b"JOB04711");
        assert_eq!(bare_member(b"MEMBER1     ").unwrap().name, b"MEMBER1");
        assert_eq!(bare_member(b"two words"), None);
    }

    #[test]
    fn heads_are_known_and_other_lines_are_none() {
        assert!(is_head(
            b"Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname"
        ));
        assert!(is_head(
            b" Name     VV.MM   Created       Changed      Size  Init   Mod   Id"
        ));
        assert!(is_head_of_members(b" Name      Size     TTR   Alias-of AC"));
        for bad in [
            &b"WORK07 3390   2011/13/07  1   15  FB      80 27920  PO  A"[..],
            b"WORK07 3390   2011/03/07  1   15  FB      80 27920  XX  A",
            b"REPORT    01.07 2011/03/06 2011/03/07 24:41    33    30     0 CAROL",
            b"a few words",
            b"",
        ] {
            assert_eq!(row(bad, 0), None, "{bad:?}");
        }
    }
}
