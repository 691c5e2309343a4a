//! Listings of VM: `ALPHA     SCRIPT   V   80   902   9 2011-03-07 09:41:33 TOOLS`, and of older systems with the mode behind the
//! type and another date. A file is called by its name and type, `ALPHA.SCRIPT`.

use crate::files::Kind;

use super::dos::{self, Stated};
use super::row::{Row, word};
use super::time::{clock, iso_date, local};

/// The line with the two words of the name made one, as [`row`] takes it; `None` for what is none of VM's.
pub(super) fn joined(line: &[u8]) -> Option<Vec<u8>> {
    let (name, rest) = word(line)?;
    let (kind, rest) = word(rest)?;
    let (form, behind) = word(rest)?;
    let rest = match is_form(form) {
        true => rest,
        false => behind,
    };
    let joined = [name, b".", kind, rest].concat();
    row(&joined, 0).is_some().then_some(joined)
}

/// Reads one line of which [`joined`] has made the name one word. Records are counted there, not bytes.
pub(super) fn row(joined: &[u8], offset: i64) -> Option<Row<'_>> {
    let (name, rest) = word(joined)?;
    let (form, mut rest) = word(rest)?;
    if !is_form(form) {
        return None;
    }
    for _ in 0..3 {
        let (number, behind) = word(rest)?;
        if !number
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'-')
        {
            return None;
        }
        rest = behind;
    }
    let (day, rest) = word(rest)?;
    let day = match iso_date(day) {
        Some(day) => day,
        None => match dos::date(day)? {
            Stated::Sure(day) | Stated::MonthFirst(day) => day,
            Stated::DayFirst(_) => return None,
        },
    };
    let time = clock(word(rest)?.0)?;
    Some(Row {
        name,
        kind: if form == b"DIR" {
            Kind::Folder
        } else {
            Kind::File
        },
        size: None,
        modified: local(day, Some(time), offset),
    })
}

/// Records of fixed or varying length, or a directory.
fn is_form(word: &[u8]) -> bool {
    matches!(word, b"F" | b"V" | b"DIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for line in [
            &b"ALPHA    SCRIPT    A1 V         80      902    9      3/07/11   09:41:33"[..],
            b"ALPHA     SCRIPT   V         80        902          9 2011-03-07 09:41:33 TOOLS",
        ] {
            let joined = joined(line).unwrap();
            let row = row(&joined, 0).unwrap();
            assert_eq!((row.name, row.kind), (&b"ALPHA.SCRIPT"[..], Kind::File));
            assert_eq!(row.modified.unwrap().seconds, 1_299_490_860);
        }
        for bad in [
            &b"ALPHA SCRIPT X 80 902 9 2011-03-07 09:41:33"[..],
            b"ALPHA SCRIPT V 80 a 9 2011-03-07 09:41:33",
            b"ALPHA SCRIPT V 80 902 9 2011-03-07",
        ] {
            assert_eq!(joined(bad), None, "{bad:?}");
        }
    }
}
