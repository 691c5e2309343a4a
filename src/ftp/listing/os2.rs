//! LIST of OS/2: `     0           DIR   11-22-97   08:08  name`, size first, then attributes and the date of `dir`.

use crate::files::Kind;

use super::dos::{self, Stated};
use super::row::{Row, number, word};
use super::time::{clock, local};

/// Attributes and `DIR` between size and date.
const MOST_MARKS: usize = 2;

/// Reads one line. Two spaces stand before the name; further ones belong to it.
pub(super) fn row(line: &[u8], offset: i64) -> Option<Row<'_>> {
    let (size, mut rest) = word(line)?;
    let size = number(size)?;
    let mut folder = false;
    for _ in 0..=MOST_MARKS {
        let (next, after) = word(rest)?;
        rest = after;
        if let Some(Stated::Sure(date) | Stated::MonthFirst(date)) = dos::date(next) {
            let (time, name) = word(rest)?;
            let name = name.strip_prefix(b"  ").filter(|name| !name.is_empty())?;
            return Some(Row {
                name,
                kind: if folder { Kind::Folder } else { Kind::File },
                size: (!folder).then_some(size),
                modified: Some(local(date, Some(clock(time)?), offset)?),
            });
        }
        folder |= next == b"DIR";
        // Read-only, hidden, system, archive.
        if next != b"DIR" && !next.iter().all(|mark| b"RHSA".contains(mark)) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_read() {
        let file = row(b" 40960      A          11-22-97   08:08  A B.TXT", 0).unwrap();
        assert_eq!(
            (file.name, file.kind, file.size),
            (&b"A B.TXT"[..], Kind::File, Some(40_960))
        );
        let folder = row(b"     0    RHS    DIR   11-22-1997 08:08  SUB", 0).unwrap();
        assert_eq!((folder.name, folder.kind), (&b"SUB"[..], Kind::Folder));
        let late = row(b" 36611      A    11-22-126  08:08  x", 0).unwrap();
        assert_eq!(late.modified.unwrap().seconds, 1_795_334_880);
        for bad in [
            &b"     0           dir   11-22-97   08:08  x"[..],
            b"                 DIR   11-22-97   08:08  x",
            b"     0           DIR   11-22-97   08:08  ",
            b"     0           DIR   13-22-97   08:08  x",
            b"     0           DIR   22-11-97   08:08  x",
        ] {
            assert_eq!(row(bad, 0), None, "{bad:?}");
        }
    }
}
