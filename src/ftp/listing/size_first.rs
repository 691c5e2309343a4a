//! Listings that begin with the size: VShell on Windows, VxWorks; and OS-9 and the numbers of a server without words, whose size
//! stands further on.

use chrono::NaiveDate;

use crate::files::{Kind, Time};

use super::date::with_comma;
use super::month::{self, Month};
use super::row::{Row, number, word};
use super::time::{clock, local, short_year, two_digits_or_more, year_number};

/// Bits of a mode that tell what an entry is, and their values (`S_IFMT` of POSIX).
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// Reads one line.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    vshell(line, offset)
        .or_else(|| vxworks(line, offset))
        .or_else(|| os9(line, offset))
        .or_else(|| octal(line))
}

/// `90113  Mar 07, 2011 09:41 report.pdf`; a folder ends in a separator.
fn vshell(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (size, rest) = word(line)?;
    let size = number(size)?;
    let (modified, name) = with_comma(rest, offset)?;
    let folder = name.strip_suffix(b"/");
    made(folder.unwrap_or(name), folder.is_some(), size, modified)
}

/// `2048    Mar-07-2011  09:41:33   conf <DIR>`.
fn vxworks(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (size, rest) = word(line)?;
    let size = number(size)?;
    let (day, rest) = word(rest)?;
    let (time, name) = word(rest)?;
    let mut parts = day.split(|byte| *byte == b'-');
    let Month::Is(month) = month::named(parts.next()?)? else {
        return None;
    };
    let (day, year) = (
        two_digits_or_more(parts.next()?)?,
        year_number(parts.next()?)?,
    );
    let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| parts.next().is_none())?;
    let name = name.trim_ascii();
    let folder = name.strip_suffix(b"<DIR>").map(<[u8]>::trim_ascii_end);
    let modified = local(date, Some(clock(time)?), offset);
    made(folder.unwrap_or(name), folder.is_some(), size, modified)
}

/// `20.20 11/03/07 0941 d-ewrewr 2650 85920 tools`: owner, date, time, attributes, sector, size.
fn os9(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (_, rest) = word(line).filter(|(owner, _)| is_owner(owner))?;
    let (day, rest) = word(rest)?;
    let (time, rest) = word(rest).filter(|(time, _)| time.len() == 4)?;
    let (attributes, rest) = word(rest)?;
    let (sector, rest) = word(rest)?;
    let (size, name) = word(rest)?;
    let known = attributes.len() == 8
        && attributes.iter().all(|byte| b"dsewr-".contains(byte))
        && sector.iter().all(u8::is_ascii_hexdigit);
    let mut parts = day.split(|byte| *byte == b'/');
    let year = short_year(parts.next()?)?;
    let (month, day) = (
        two_digits_or_more(parts.next()?)?,
        two_digits_or_more(parts.next()?)?,
    );
    let time = two_digits_or_more(time)?;
    let clock = chrono::NaiveTime::from_hms_opt(time / 100, time % 100, 0)?;
    let modified = local(
        NaiveDate::from_ymd_opt(year, month, day)?,
        Some(clock),
        offset,
    );
    let folder = attributes.starts_with(b"d");
    made(name.strip_prefix(b" ")?, folder, number(size)?, modified).filter(|_| known)
}

fn is_owner(word: &[u8]) -> bool {
    let dot = word.iter().position(|byte| *byte == b'.');
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    dot.is_some_and(|at| digits(&word[..at]) && digits(&word[at + 1..]))
}

/// `0100600   12   40   907      1299490893       numeric`: mode, owner, group, size, Unix seconds.
fn octal(line: &[u8]) -> Option<Row<'_>> {
    let (mode, rest) = word(line).filter(|(mode, _)| mode.starts_with(b"0"))?;
    let (owner, rest) = word(rest)?;
    let (group, rest) = word(rest)?;
    let (size, rest) = word(rest)?;
    let (seconds, name) = word(rest)?;
    number(owner).and(number(group))?;
    let mode = std::str::from_utf8(mode).ok()?;
    let kind = match u32::from_str_radix(mode, 8).ok()? & TYPE {
        FOLDER => Kind::Folder,
        FILE => Kind::File,
        LINK => Kind::Link,
        0 => return None,
        _ => Kind::Other,
    };
    // A column, whose width nobody tells.
    let name = name.trim_ascii_start();
    let size = number(size)?;
    (!name.is_empty()).then_some(Row {
        name,
        kind,
        size: (kind == Kind::File).then_some(size),
        modified: Some(Time::at(i64::try_from(number(seconds)?).ok()?)),
    })
}

fn made(name: &[u8], folder: bool, size: u64, modified: Option<Time>) -> Option<Row<'_>> {
    (!name.is_empty()).then_some(Row {
        name,
        kind: if folder { Kind::Folder } else { Kind::File },
        size: (!folder).then_some(size),
        modified,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read() {
        let minute = 1_299_490_860;
        for (line, name, kind, size, seconds) in [
            (
                "90113  Mar 07, 2011 09:41 my report",
                "my report",
                Kind::File,
                Some(90_113),
                minute,
            ),
            (
                "0  Mar 07, 2011 09:41 folder/",
                "folder",
                Kind::Folder,
                None,
                minute,
            ),
            (
                "2048    Mar-07-2011  09:41:33   a conf <DIR>",
                "a conf",
                Kind::Folder,
                None,
                minute,
            ),
            (
                "2048    Mar-07-2011  09:41:33   conf",
                "conf",
                Kind::File,
                Some(2048),
                minute,
            ),
            (
                "20.20 11/03/07 0941 d-ewrewr 2650 85920 tools",
                "tools",
                Kind::Folder,
                None,
                minute,
            ),
            (
                "20.20 11/03/07 0941 --ewrewr 2A50 85920 a b",
                "a b",
                Kind::File,
                Some(85_920),
                minute,
            ),
            (
                "0100600   12   40   907   1299490893     a b",
                "a b",
                Kind::File,
                Some(907),
                minute + 33,
            ),
            (
                "0040700   12   40   907   1299490893     a",
                "a",
                Kind::Folder,
                None,
                minute + 33,
            ),
        ] {
            let row = row(line.as_bytes(), 0).unwrap();
            assert_eq!(
                (row.name, row.kind, row.size),
                (name.as_bytes(), kind, size),
                "{line}"
            );
            assert_eq!(row.modified.unwrap().seconds, seconds, "{line}");
        }
        for bad in [
            "90113  Mar 07 2011 09:41 report",
            "2048    Mar-07-2011  09:41:33",
            "2048    Mär-32-2011  09:41:33 a",
            "20.20 11/03/07 0941 d-ewrexx 2650 85920 tools",
            "0600   12   40   907   1299490893     a",
            "12 4 5",
        ] {
            assert_eq!(row(bad.as_bytes(), 0), None, "{bad}");
        }
    }
}
