//! EPLF, the form of publicfile and other servers of D. J. Bernstein's school: `+facts,\tname`.

use crate::files::{Kind, Time};

use super::row::{Row, number};
use super::time::command_time;

/// Reads one line. Times are Unix seconds, so no zone is needed.
pub(super) fn row(line: &[u8]) -> Option<Row<'_>> {
    let line = line.strip_prefix(b"+")?;
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (facts, name) = (&line[..tab], &line[tab + 1..]);
    let mut row = Row {
        name,
        kind: Kind::Other,
        size: None,
        modified: None,
    };
    for fact in facts.split(|byte| *byte == b',') {
        match fact.split_first() {
            Some((b'/', [])) => row.kind = Kind::Folder,
            Some((b'r', [])) => row.kind = Kind::File,
            Some((b's', size)) => row.size = Some(number(size)?),
            Some((b'm', seconds)) => row.modified = time(seconds)?,
            // Identity, permissions, and what is still to be invented.
            _ => {}
        }
    }
    (!name.is_empty()).then_some(row)
}

/// The time, unknown where no calendar of four digits has it; `None` for what is no number.
fn time(seconds: &[u8]) -> Option<Option<Time>> {
    let seconds = i64::try_from(number(seconds)?).ok();
    let known = seconds.filter(|seconds| command_time(*seconds).is_some());
    Some(known.map(Time::at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_its_specification_are_read() {
        let file = row(b"+i8388621.48594,m825718503,r,s280,\tdjb.html").unwrap();
        assert_eq!(
            (file.name, file.kind, file.size),
            (&b"djb.html"[..], Kind::File, Some(280))
        );
        assert_eq!(file.modified.unwrap().seconds, 825_718_503);
        let folder = row(b"+i8388621.50690,m824255907,/,\t514").unwrap();
        assert_eq!((folder.name, folder.kind), (&b"514"[..], Kind::Folder));
    }

    #[test]
    fn a_line_without_tab_or_name_is_no_entry() {
        assert_eq!(row(b"+r,s280 djb.html"), None);
        assert_eq!(row(b"+r,s280,\t"), None);
        assert_eq!(row(b"+r,sx,\tname"), None);
        assert_eq!(row(b"+r,mx,\tname"), None);
    }

    #[test]
    fn a_time_beyond_the_calendar_is_unknown() {
        let far = row(b"+r,m9223372036854775807,\tname").unwrap();
        assert_eq!((far.name, far.modified), (&b"name"[..], None));
    }
}
