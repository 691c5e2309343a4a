//! A whole LIST: its lines one by one, with the few things that concern more than one line.

use crate::files::Kind;

use super::row::{Habit, Parsed, list_line};
use super::{ibm_i, mvs, vm, vms};

/// Reads the lines of one listing.
#[derive(Debug, Default)]
pub(in crate::ftp) struct Reader {
    /// A name of VMS whose other columns come with the next line.
    held: Option<Vec<u8>>,
    /// The name of the last versioned file: older versions of it follow.
    versioned: Vec<u8>,
    day_first: bool,
    /// Whether members of a partitioned data set follow (z/OS).
    members: bool,
    /// The last file of the database (IBM i): its members may follow, and stand in it.
    database: Vec<u8>,
}

impl Reader {
    /// Gives what a line says, and the line: nothing where the next one belongs to it, both where it does not.
    pub(in crate::ftp) fn line(
        &mut self,
        line: &[u8],
        now: i64,
        offset: i64,
        mut each: impl FnMut(&[u8], Parsed<'_>),
    ) {
        if let Some(held) = self.held.take() {
            let joined = [&held, &b" "[..], line].concat();
            if vms::goes_on(line) && vms::row(&joined, offset).is_some() {
                return self.give(&joined, now, offset, each);
            }
            each(&held, Parsed::Unreadable);
        }
        if vms::is_name_alone(line) {
            self.held = Some(line.to_vec());
            return;
        }
        self.give(line, now, offset, each);
    }

    /// Whether dates have the day before the month, so that those which may be read either way were read wrong.
    pub(in crate::ftp) fn has_day_first(&self) -> bool {
        self.day_first
    }

    /// Gives what is left when the listing ends.
    pub(in crate::ftp) fn finish(self, mut each: impl FnMut(&[u8], Parsed<'_>)) {
        if let Some(held) = self.held {
            each(&held, Parsed::Unreadable);
        }
    }

    /// Of a file's versions, which VMS lists from the newest, the first counts: a name without version means it.
    fn give(
        &mut self,
        line: &[u8],
        now: i64,
        offset: i64,
        mut each: impl FnMut(&[u8], Parsed<'_>),
    ) {
        self.members |= mvs::is_head_of_members(line);
        let (parsed, habit) = list_line(line, now, offset);
        let parsed = match parsed {
            Parsed::Unreadable => return self.in_context(line, offset, each),
            parsed => parsed,
        };
        if self.is_member(line, &parsed) {
            return each(line, Parsed::Nothing);
        }
        self.day_first |= habit == Habit::DayFirst;
        if let Parsed::Entry(row) = &parsed
            && habit == Habit::Versions
        {
            if self.versioned == row.name {
                return each(line, Parsed::Nothing);
            }
            self.versioned = row.name.to_vec();
        }
        each(line, parsed);
    }

    /// A line that tells nothing by itself.
    fn in_context(&self, line: &[u8], offset: i64, mut each: impl FnMut(&[u8], Parsed<'_>)) {
        let member = || mvs::bare_member(line).filter(|_| self.members);
        if let Some(joined) = vm::joined(line) {
            let row = vm::row(&joined, offset);
            return each(line, row.map_or(Parsed::Unreadable, Parsed::Entry));
        }
        each(line, member().map_or(Parsed::Unreadable, Parsed::Entry));
    }

    /// Whether a line is that of a member of a file which was listed before it.
    fn is_member(&mut self, line: &[u8], parsed: &Parsed<'_>) -> bool {
        match (ibm_i::file_of_member(line), parsed) {
            (Some(file), _) => file == self.database,
            (None, Parsed::Entry(row)) if row.kind == Kind::Folder => {
                self.database.clear();
                self.database.extend_from_slice(row.name);
                false
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&[u8]]) -> Vec<Result<String, ()>> {
        let mut out = Vec::new();
        let mut each = |_: &[u8], parsed: Parsed<'_>| match parsed {
            Parsed::Entry(row) => out.push(Ok(String::from_utf8_lossy(row.name).into_owned())),
            Parsed::Nothing => {}
            Parsed::Unreadable => out.push(Err(())),
        };
        let mut reader = Reader::default();
        for line in lines {
            reader.line(line, 1_795_334_889, 0, &mut each);
        }
        reader.finish(each);
        out
    }

    #[test]
    fn a_whole_listing_of_vms_is_read() {
        let found = read(&[
            b"Directory DISK$USER:[ANN]",
            b"",
            b"A.TXT;3  1/3  22-NOV-2026 08:08:37 [A,B] (RWED,RWED,RE,)",
            b"A.TXT;2  1/3  21-NOV-2026 08:08:37 [A,B] (RWED,RWED,RE,)",
            b"A_NAME_OF_MANY_LETTERS_THAT_FILLS_ITS_COLUMN.TXT;1",
            b"         2/3  22-NOV-2026 08:08:37 [A,B] (RWED,RWED,RE,)",
            b"OLD.DIR;1  1/3  22-NOV-2026 08:08:37 [A,B] (RWE,RWE,RE,E)",
            b"",
            b"Total of 4 files, 5/12 blocks.",
        ]);
        let long = "A_NAME_OF_MANY_LETTERS_THAT_FILLS_ITS_COLUMN.TXT";
        let expected = ["A.TXT", long, "OLD"].map(|name| Ok(name.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn members_count_where_their_data_set_is_listed() {
        let head = b" Name     VV.MM   Created       Changed      Size  Init   Mod   Id";
        assert_eq!(read(&[head, b"MEMBER1   "]), [Ok("MEMBER1".into())]);
        assert_eq!(read(&[b"MEMBER1   "]), [Err(())]);
        let file = b"CAROL  45056 31.12.14 14:19:31 *FILE X.FILE";
        let member = b"CAROL                        *MEM  X.FILE/X.MBR";
        assert_eq!(read(&[file, member]), [Ok("X.FILE".into())]);
        assert_eq!(read(&[member]), [Ok("X.FILE/X.MBR".into())]);
        let vm = b"ALPHA     SCRIPT   V   80   902   9 2011-03-07 09:41:33 TOOLS";
        assert_eq!(read(&[vm]), [Ok("ALPHA.SCRIPT".into())]);
    }

    #[test]
    fn a_name_without_its_columns_is_not_lost_in_silence() {
        assert_eq!(
            read(&[b"A.TXT;1", b"-rw-r--r-- 1 a b 1 Nov 22 08:08 x"]),
            [Err(()), Ok("x".into())]
        );
        assert_eq!(read(&[b"A.TXT;1"]), [Err(())]);
    }
}
