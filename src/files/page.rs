//! One folder's entries, as one listing gave them.

use super::entry::{Kind, Precision, Time};
use super::name::check_component;

const SHOWN_PROBLEMS: usize = 20;
/// No system takes longer names (Windows counts 255 characters, which are 1020 bytes at most).
const LONGEST_NAME: usize = 4096;
/// Characters of a name that is refused, as they are shown.
const SHOWN_CHARACTERS: usize = 200;
pub(super) const UNKNOWN_SIZE: u64 = u64::MAX;
pub(super) const UNKNOWN_TIME: i64 = i64::MIN;

/// What was wrong with entries of a listing: a few in words, all of them counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first ones, in words for people.
    pub shown: Vec<String>,
    /// How many there were in all.
    pub count: usize,
}

impl Problems {
    /// Counts one more, and keeps its words while there is room.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        if self.shown.len() < SHOWN_PROBLEMS {
            self.shown.push(text());
        }
        self.count += 1;
    }

    /// Takes in those of another.
    pub fn merge(&mut self, other: Problems) {
        let room = SHOWN_PROBLEMS.saturating_sub(self.shown.len());
        self.shown.extend(other.shown.into_iter().take(room));
        self.count += other.count;
    }
}

/// The entries of one folder in one arena: name bytes and 32-byte rows.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub(super) names: Vec<u8>,
    pub(super) rows: Vec<PageRow>,
    problems: Problems,
    gap: Option<Gap>,
}

/// Why a listing may not show everything.
#[derive(Debug, Clone)]
struct Gap {
    reason: String,
    /// Whether another try may show more.
    broken: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PageRow {
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) nanos: u32,
    pub(super) start: u32,
    pub(super) length: u16,
    pub(super) kind: Kind,
    pub(super) precision: Precision,
}

/// One entry of a [`Page`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageEntry<'a> {
    /// The name's bytes, checked: no separator, no `..`, nothing that would split a command.
    pub name: &'a [u8],
    /// What it is.
    pub kind: Kind,
    /// Bytes, where the listing said so.
    pub size: Option<u64>,
    /// When it was modified, where the listing said so.
    pub modified: Option<Time>,
}

impl Page {
    /// Adds an entry. A hostile name is refused and counted among the problems; the listing goes on.
    pub fn push(&mut self, name: &[u8], kind: Kind, size: Option<u64>, modified: Option<Time>) {
        if name.len() > LONGEST_NAME {
            return self.refuse(name, || {
                format!("its name is longer than {LONGEST_NAME} bytes")
            });
        }
        if let Err(problem) = check_component(name) {
            return self.refuse(name, || problem.to_string());
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len()))
        else {
            return self.incomplete("the listing is larger than 4 GiB of names".into());
        };
        self.names.extend_from_slice(name);
        self.rows.push(PageRow {
            size: size.unwrap_or(UNKNOWN_SIZE),
            modified: modified.map_or(UNKNOWN_TIME, |time| time.seconds),
            nanos: modified.map_or(0, |time| time.nanos),
            start,
            length,
            kind,
            precision: modified.map_or(Precision::Second, |time| time.precision),
        });
    }

    fn refuse(&mut self, name: &[u8], reason: impl FnOnce() -> String) {
        self.problems.add(|| {
            // A character takes four bytes at most.
            let start = &name[..name.len().min(4 * SHOWN_CHARACTERS)];
            let text = String::from_utf8_lossy(start);
            let shown: String = text.escape_debug().take(SHOWN_CHARACTERS).collect();
            format!("entry `{shown}` refused: {}", reason())
        });
    }

    /// Records that an entry could not be read or was refused. The folder's other entries stand.
    pub fn problem(&mut self, text: impl FnOnce() -> String) {
        self.problems.add(text);
    }

    /// Records that the listing may not show everything; the first reason is kept.
    pub fn incomplete(&mut self, reason: String) {
        let broken = false;
        self.gap.get_or_insert(Gap { reason, broken });
    }

    /// Records that the listing broke off: another try may show more. This reason outweighs one that no try ends.
    pub fn broken(&mut self, reason: String) {
        if !self.is_broken() {
            let broken = true;
            self.gap = Some(Gap { reason, broken });
        }
    }

    /// Why the listing may not show everything, if so.
    pub fn incomplete_reason(&self) -> Option<&str> {
        self.gap.as_ref().map(|gap| gap.reason.as_str())
    }

    /// Whether the listing broke off, so that it is to be tried again.
    pub fn is_broken(&self) -> bool {
        self.gap.as_ref().is_some_and(|gap| gap.broken)
    }

    /// The entries that were refused or could not be read.
    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a name with a leading dot is among them, so that the listing hides none.
    pub fn shows_dot_names(&self) -> bool {
        self.entries().any(|entry| entry.name.starts_with(b"."))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes the names take.
    pub fn name_bytes(&self) -> usize {
        self.names.len()
    }

    /// Gives back memory that was held for entries that did not come.
    pub fn shrink(&mut self) {
        self.names.shrink_to_fit();
        self.rows.shrink_to_fit();
    }

    /// Changes the times that are known.
    pub fn correct_times(&mut self, correct: impl Fn(Time) -> Time) {
        let known = self.rows.iter_mut();
        for row in known.filter(|row| row.modified != UNKNOWN_TIME) {
            let time = correct(Time {
                seconds: row.modified,
                nanos: row.nanos,
                precision: row.precision,
            });
            (row.modified, row.nanos) = (time.seconds, time.nanos);
            row.precision = time.precision;
        }
    }

    /// Sets the time of the entry at a place in [`Page::entries`].
    pub fn set_time(&mut self, at: usize, time: Time) {
        if let Some(row) = self.rows.get_mut(at) {
            (row.modified, row.nanos) = (time.seconds, time.nanos);
            row.precision = time.precision;
        }
    }

    /// Makes the times unknown that are doubtful.
    pub fn forget_times(&mut self, doubtful: impl Fn(Time) -> bool) {
        let known = self.rows.iter_mut();
        for row in known.filter(|row| row.modified != UNKNOWN_TIME) {
            let time = Time {
                seconds: row.modified,
                nanos: row.nanos,
                precision: row.precision,
            };
            if doubtful(time) {
                row.modified = UNKNOWN_TIME;
                row.precision = Precision::Second;
            }
        }
    }

    /// The entries, in the server's order unless they were sorted.
    pub fn entries(&self) -> impl Iterator<Item = PageEntry<'_>> {
        self.rows.iter().map(|row| self.entry_of(row))
    }

    /// The entry at a place in [`Page::entries`].
    pub fn entry(&self, at: usize) -> Option<PageEntry<'_>> {
        self.rows.get(at).map(|row| self.entry_of(row))
    }

    /// Sorts the entries by the bytes of their names; of one that came twice, the first stays first.
    pub fn sort_by_name(&mut self) {
        let names = &self.names;
        self.rows
            .sort_by(|a, b| name_in(names, a).cmp(name_in(names, b)));
    }

    /// In a page that is sorted by name, where the entries begin whose names are not before this one.
    pub fn lower_bound(&self, name: &[u8]) -> usize {
        self.rows
            .partition_point(|row| name_in(&self.names, row) < name)
    }

    fn entry_of(&self, row: &PageRow) -> PageEntry<'_> {
        PageEntry {
            name: name_in(&self.names, row),
            kind: row.kind,
            size: (row.size != UNKNOWN_SIZE).then_some(row.size),
            modified: (row.modified != UNKNOWN_TIME).then_some(Time {
                seconds: row.modified,
                nanos: row.nanos,
                precision: row.precision,
            }),
        }
    }

    /// Changes what is known of the entry at a place in [`Page::entries`] (a link that was followed, say).
    pub fn amend(&mut self, at: usize, kind: Kind, size: Option<u64>, modified: Option<Time>) {
        let Some(row) = self.rows.get_mut(at) else {
            return;
        };
        row.kind = kind;
        row.size = size.unwrap_or(UNKNOWN_SIZE);
        row.modified = modified.map_or(UNKNOWN_TIME, |time| time.seconds);
        row.nanos = modified.map_or(0, |time| time.nanos);
        row.precision = modified.map_or(Precision::Second, |time| time.precision);
    }

    pub(super) fn into_parts(self) -> (Problems, Option<String>) {
        (self.problems, self.gap.map(|gap| gap.reason))
    }
}

fn name_in<'n>(names: &'n [u8], row: &PageRow) -> &'n [u8] {
    &names[row.start as usize..][..usize::from(row.length)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_refused_and_not_kept() {
        let mut page = Page::default();
        page.push(&[b'x'; LONGEST_NAME], Kind::File, None, None);
        page.push(&[b'x'; LONGEST_NAME + 1], Kind::File, None, None);
        assert_eq!((page.len(), page.problems().count), (1, 1));
        assert!(page.problems().shown[0].len() < 300);
    }

    #[test]
    fn a_listing_that_broke_off_outweighs_one_that_is_cut_for_good() {
        let mut page = Page::default();
        page.incomplete("truncated".into());
        assert!(!page.is_broken());
        page.broken("cut".into());
        page.incomplete("truncated".into());
        page.broken("cut again".into());
        assert!(page.is_broken());
        assert_eq!(page.incomplete_reason(), Some("cut"));
    }

    #[test]
    fn a_hostile_name_is_counted_and_the_others_stand() {
        let mut page = Page::default();
        page.push(b"../../etc/x", Kind::File, Some(1), None);
        page.push(b"good", Kind::File, None, Some(Time::at(5)));
        assert_eq!(page.problems().count, 1);
        let entries: Vec<_> = page.entries().collect();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].name, entries[0].size), (&b"good"[..], None));
        assert_eq!(entries[0].modified, Some(Time::at(5)));
    }
}
