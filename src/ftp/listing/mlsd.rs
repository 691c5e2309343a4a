//! MLSD: facts, one space, the name (RFC 3659 §7). A tab in the place of the space was seen, too.

use crate::files::Kind;

use super::row::{Parsed, Row, number};
use super::time::stamp;

/// The facts that a line of MLSD may begin with, in the listing of a server that answers LIST so, too.
const FIRST: [&[u8]; 5] = [b"type=", b"size=", b"modify=", b"perm=", b"unique="];

/// Whether a line can be nothing but one of MLSD.
pub(super) fn is_row(line: &[u8]) -> bool {
    let begins = |fact: &&[u8]| {
        line.get(..fact.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(fact))
    };
    FIRST.iter().any(begins) && line.contains(&b';')
}

/// Reads one line. Times are UTC and exact to the second.
pub(in crate::ftp) fn row(line: &[u8]) -> Parsed<'_> {
    if line.is_empty() {
        return Parsed::Nothing;
    }
    let Some(space) = end_of_facts(line) else {
        return Parsed::Unreadable;
    };
    let (facts, name) = (&line[..space], &line[space + 1..]);
    if name.is_empty() || !(facts.is_empty() || facts.contains(&b'=')) {
        return Parsed::Unreadable;
    }
    let mut row = Row {
        name,
        kind: Kind::Other,
        size: None,
        modified: None,
    };
    for fact in facts.split(|byte| *byte == b';') {
        let Some(equals) = fact.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (key, value) = (&fact[..equals], &fact[equals + 1..]);
        if key.eq_ignore_ascii_case(b"type") {
            match kind(value) {
                Some(kind) => row.kind = kind,
                None => return Parsed::Nothing,
            }
        } else if key.eq_ignore_ascii_case(b"size") {
            row.size = number(value);
        } else if key.eq_ignore_ascii_case(b"modify") {
            row.modified = stamp(value);
        }
    }
    if row.kind != Kind::File {
        row.size = None;
    }
    match (row.kind, row.name) {
        // Servers that call them neither `cdir` nor `pdir`.
        (Kind::Folder | Kind::Other, b"." | b"..") => Parsed::Nothing,
        _ => Parsed::Entry(row),
    }
}

/// Whether a line says what its entry is.
pub(in crate::ftp) fn tells_type(line: &[u8]) -> bool {
    let facts = end_of_facts(line).map_or(line, |end| &line[..end]);
    facts.split(|byte| *byte == b';').any(|fact| {
        let (key, value) = fact.split_at_checked(5).unwrap_or_default();
        key.eq_ignore_ascii_case(b"type=") && !value.is_empty()
    })
}

/// The facts end at the first space, or at a tab behind a semicolon; only the target of a link (`slink:`) may hold some,
/// up to its semicolon.
fn end_of_facts(line: &[u8]) -> Option<usize> {
    let space = line.iter().position(|byte| *byte == b' ');
    let tab = line.windows(2).position(|pair| pair == b";\t");
    if let Some(semicolon) = tab.filter(|at| space.is_none_or(|space| *at < space)) {
        return Some(semicolon + 1);
    }
    let space = space?;
    let lower = line[..space].to_ascii_lowercase();
    let target = lower.windows(6).rposition(|window| window == b"slink:");
    match target {
        Some(at) if !lower[at..].contains(&b';') => {
            let end = line.windows(2).position(|pair| pair == b"; ");
            end.map(|semicolon| semicolon + 1)
        }
        _ => Some(space),
    }
}

/// `None` for the folder itself and its parent.
fn kind(value: &[u8]) -> Option<Kind> {
    let value = value.to_ascii_lowercase();
    match value.as_slice() {
        b"cdir" | b"pdir" => None,
        b"file" => Some(Kind::File),
        b"dir" => Some(Kind::Folder),
        // `OS.unix=slink:target`, `OS.unix=slink`, `OS.unix=symlink`
        other if other.starts_with(b"os.unix=sl") || other.starts_with(b"os.unix=symlink") => {
            Some(Kind::Link)
        }
        _ => Some(Kind::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Time;
    use proptest::prelude::*;

    #[track_caller]
    fn read(line: &[u8]) -> Row<'_> {
        match row(line) {
            Parsed::Entry(row) => row,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn facts_are_read_whatever_their_case_and_order() {
        let file = read(b"Size=12;Modify=20261122080809.5;UNIX.mode=0644;Type=File;  lead.txt ");
        assert_eq!((file.name, file.size), (&b" lead.txt "[..], Some(12)));
        assert_eq!(
            (file.kind, file.modified),
            (Kind::File, Some(Time::at(1_795_334_889)))
        );
        assert_eq!(read(b"type=dir;size=4096; \xb0\xe6").name, b"\xb0\xe6");
        assert_eq!(read(b"type=OS.unix=slink:/x; l").kind, Kind::Link);
        assert_eq!(
            read(b"type=OS.unix=slink:/a b;size=3; my link").name,
            b"my link"
        );
        assert_eq!(read(b" bare").kind, Kind::Other);
        assert_eq!(read(b"type=file;size=3;\tmy file").name, b"my file");
        assert_eq!(read(b"type=file;size=3; \tmy file").name, b"\tmy file");
    }

    #[test]
    fn a_type_may_be_left_out() {
        assert!(tells_type(b"size=1;Type=file; a"));
        for line in [
            &b"size=1; type=file;"[..],
            b"Type=; a",
            b" a",
            b"size=1;\ttype=file; a",
        ] {
            assert!(!tells_type(line), "{line:?}");
        }
    }

    #[test]
    fn the_folder_itself_and_its_parent_are_left_out() {
        assert_eq!(row(b"type=cdir; ."), Parsed::Nothing);
        assert_eq!(row(b"type=pdir; .."), Parsed::Nothing);
        assert_eq!(row(b"type=dir; ."), Parsed::Nothing);
        assert_eq!(row(b"modify=20261122080809; .."), Parsed::Nothing);
        assert!(matches!(row(b"type=file; .."), Parsed::Entry(_)));
    }

    #[test]
    fn a_line_of_another_dialect_is_unreadable() {
        assert_eq!(
            row(b"drwxr-xr-x 2 a b 1 Nov 22 08:08 d"),
            Parsed::Unreadable
        );
        assert_eq!(row(b"nospace"), Parsed::Unreadable);
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = row(&line);
        }
    }
}
