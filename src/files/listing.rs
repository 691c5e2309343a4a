//! What was found on one side below one folder: an immutable arena of entries.

use std::cmp::Ordering;

use super::NameEncoding;
use super::aside::is_aside;
use super::entry::{Kind, Precision, Side, Time};
use super::limits::Allowance;
use super::page::{Page, Problems, UNKNOWN_SIZE, UNKNOWN_TIME};
use super::path::join;
use super::temporary::{is_temporary, name_before};

/// One folder's page, and where the folder lies below the root.
#[derive(Debug)]
pub struct Folder {
    /// Path relative to the listing's root, empty for the root itself; bytes as on the side.
    pub relative: Vec<u8>,
    /// Its entries.
    pub page: Page,
}

/// Entries below a root, sorted by relative path: 32-byte rows over one run of name bytes.
#[derive(Debug, Clone)]
pub struct Listing {
    side: Side,
    root: Vec<u8>,
    encoding: NameEncoding,
    names: Vec<u8>,
    folders: Vec<Vec<u8>>,
    rows: Vec<Row>,
    problems: Problems,
    repeated: Problems,
    incomplete: Option<String>,
    /// What the entries count towards while they are held.
    held: Option<Allowance>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    size: u64,
    modified: i64,
    nanos: u32,
    start: u32,
    folder: u32,
    length: u16,
    kind: Kind,
    precision: Precision,
}

impl Listing {
    /// Puts the pages of folders together and sorts the entries by relative path.
    ///
    /// Temporary names of ftpflow's own are left out, and with `hidden: false` names with a leading dot, on
    /// every kind of server alike.
    pub fn assemble(
        side: Side,
        root: Vec<u8>,
        encoding: NameEncoding,
        hidden: bool,
        folders: Vec<Folder>,
    ) -> Listing {
        let mut listing = Listing::empty(side, root, encoding);
        listing.make_room(&folders);
        // Each page goes as soon as it is taken in: the arena and one page are in memory at once.
        for folder in folders {
            listing.take(folder, hidden);
        }
        listing.sort();
        listing.drop_repeated();
        listing
    }

    /// A listing without entries.
    pub fn empty(side: Side, root: Vec<u8>, encoding: NameEncoding) -> Listing {
        Listing {
            side,
            root,
            encoding,
            names: Vec::new(),
            folders: Vec::new(),
            rows: Vec::new(),
            problems: Problems::default(),
            repeated: Problems::default(),
            incomplete: None,
            held: None,
        }
    }

    /// The same, whose entries count towards this as long as it is there.
    #[must_use]
    pub fn held_by(self, allowance: Allowance) -> Listing {
        let held = Some(allowance);
        Listing { held, ..self }
    }

    /// The side it was taken on.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Absolute path of the root, as bytes of the side.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The encoding of its names.
    pub fn encoding(&self) -> NameEncoding {
        self.encoding
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The entries that were refused or could not be read.
    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    /// The entries that came more than once, of which one counts.
    pub fn repeated(&self) -> &Problems {
        &self.repeated
    }

    /// Why something may be missing, if so. Deletes refuse such a listing.
    pub fn incomplete_reason(&self) -> Option<&str> {
        self.incomplete.as_deref()
    }

    /// The number of an entry's folder: entries that have the same lie in one.
    pub fn folder_number(&self, at: u32) -> u32 {
        self.rows[at as usize].folder
    }

    /// The folder of an entry, relative to the root; empty for the root.
    pub fn folder(&self, at: u32) -> &[u8] {
        &self.folders[self.rows[at as usize].folder as usize]
    }

    /// The last name of an entry.
    pub fn name(&self, at: u32) -> &[u8] {
        self.name_of(&self.rows[at as usize])
    }

    /// The last names of all entries.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().map(|row| self.name_of(row))
    }

    /// The path of an entry relative to the root.
    pub fn relative(&self, at: u32) -> Vec<u8> {
        join(self.folder(at), self.name(at))
    }

    /// What an entry is.
    pub fn kind(&self, at: u32) -> Kind {
        self.rows[at as usize].kind
    }

    /// The size of an entry in bytes, where known.
    pub fn size(&self, at: u32) -> Option<u64> {
        let size = self.rows[at as usize].size;
        (size != UNKNOWN_SIZE).then_some(size)
    }

    /// When an entry was modified, where known.
    pub fn modified(&self, at: u32) -> Option<Time> {
        let row = &self.rows[at as usize];
        (row.modified != UNKNOWN_TIME).then_some(Time {
            seconds: row.modified,
            nanos: row.nanos,
            precision: row.precision,
        })
    }

    /// Finds the entry with this relative path.
    #[cfg(test)]
    pub fn find(&self, relative: &[u8]) -> Option<u32> {
        let (folder, name) = super::path::split(relative);
        let number = self.folders.iter().position(|known| known == folder)?;
        self.find_in(u32::try_from(number).ok()?, name)
    }

    /// Finds the entry with this name in the folder that had this place among those that the listing was assembled of.
    pub fn find_in(&self, folder: u32, name: &[u8]) -> Option<u32> {
        let path = self.folders.get(folder as usize)?;
        let found = self
            .rows
            .binary_search_by(|row| match row.folder == folder {
                true => self.name_of(row).cmp(name),
                false => compare(
                    (&self.folders[row.folder as usize], self.name_of(row)),
                    (path, name),
                ),
            });
        found.ok().and_then(|at| u32::try_from(at).ok())
    }

    /// The entries at these positions, which ascend, in an arena of their own.
    pub(super) fn only(&self, positions: &[u32]) -> Listing {
        let mut only = self.without_entries();
        let mut last = None;
        for at in positions {
            let row = self.rows[*at as usize];
            if last != Some(row.folder) {
                only.folders.push(self.folders[row.folder as usize].clone());
                last = Some(row.folder);
            }
            let start = only.names.len();
            only.names.extend_from_slice(self.name_of(&row));
            // Neither is above what it was: names are copied once each, and a folder at most once for each of its entries.
            only.rows.push(Row {
                start: u32::try_from(start).unwrap_or(u32::MAX),
                folder: u32::try_from(only.folders.len() - 1).unwrap_or(u32::MAX),
                ..row
            });
        }
        let (entries, bytes) = (only.rows.len() as u64, only.names.len() as u64);
        let held = self.held.as_ref();
        only.held = held.map(|held| held.for_copy(entries, bytes));
        only
    }

    fn without_entries(&self) -> Listing {
        Listing {
            root: self.root.clone(),
            problems: self.problems.clone(),
            repeated: self.repeated.clone(),
            incomplete: self.incomplete.clone(),
            ..Listing::empty(self.side, Vec::new(), self.encoding)
        }
    }

    /// All rows at once, and all names unless they come from one page, whose own are taken.
    fn make_room(&mut self, folders: &[Folder]) {
        let pages = || folders.iter().map(|folder| &folder.page);
        self.rows.reserve_exact(pages().map(Page::len).sum());
        if folders.len() > 1 {
            let names = pages().map(Page::name_bytes).sum();
            self.names.reserve_exact(names);
        }
    }

    fn take(&mut self, folder: Folder, hidden: bool) {
        let number = u32::try_from(self.folders.len());
        let offset = u32::try_from(self.names.len());
        let total = self.names.len() + folder.page.names.len();
        let (Ok(number), Ok(offset), Ok(_)) = (number, offset, u32::try_from(total)) else {
            self.incomplete
                .get_or_insert("the listing holds more than 4 GiB of names".into());
            return;
        };
        let Folder { relative, mut page } = folder;
        if self.names.capacity() == 0 {
            self.names = std::mem::take(&mut page.names);
        } else {
            self.names.extend_from_slice(&page.names);
        }
        let names = &self.names[offset as usize..];
        for row in &page.rows {
            let name = &names[row.start as usize..][..usize::from(row.length)];
            if is_own(name) || (!hidden && name.starts_with(b".")) {
                continue;
            }
            self.rows.push(Row {
                size: row.size,
                modified: row.modified,
                nanos: row.nanos,
                start: offset + row.start,
                folder: number,
                length: row.length,
                kind: row.kind,
                precision: row.precision,
            });
        }
        self.folders.push(relative);
        let (problems, incomplete) = page.into_parts();
        self.problems.merge(problems);
        if self.incomplete.is_none() {
            self.incomplete = incomplete;
        }
    }

    fn sort(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by(|a, b| {
            let names = self.compare_rows(a, b);
            // Of one that is listed twice, the first stays first.
            names.then_with(|| (a.folder, a.start).cmp(&(b.folder, b.start)))
        });
        self.rows = rows;
    }

    /// A name that a listing shows twice is one file, and never two that are both transferred or deleted.
    fn drop_repeated(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        let mut again = std::mem::take(&mut self.repeated);
        rows.dedup_by(|later, first| {
            let repeated = self.compare_rows(first, later).is_eq();
            if repeated {
                again.add(|| self.again(first));
            }
            repeated
        });
        self.rows = rows;
        self.repeated = again;
    }

    fn again(&self, row: &Row) -> String {
        let path = join(&self.folders[row.folder as usize], self.name_of(row));
        let path = self.encoding.decode(&path).text.into_owned();
        format!("`{path}` is listed more than once; what was listed first counts")
    }

    fn compare_rows(&self, a: &Row, b: &Row) -> Ordering {
        if a.folder == b.folder {
            return self.name_of(a).cmp(self.name_of(b));
        }
        compare(
            (&self.folders[a.folder as usize], self.name_of(a)),
            (&self.folders[b.folder as usize], self.name_of(b)),
        )
    }

    fn name_of(&self, row: &Row) -> &[u8] {
        &self.names[row.start as usize..][..usize::from(row.length)]
    }
}

/// Whether a name is one of ftpflow's own, which no list shows.
fn is_own(name: &[u8]) -> bool {
    is_temporary(name) || is_aside(name) || name_before(name).is_some()
}

/// Compares two (folder, name) as the relative paths that they make. What both folders begin with is compared at once: it may
/// have tens of kilobytes.
pub(super) fn compare(a: (&[u8], &[u8]), b: (&[u8], &[u8])) -> Ordering {
    if a.0 == b.0 {
        return a.1.cmp(b.1);
    }
    let common = a.0.len().min(b.0.len());
    let begin = a.0[..common].cmp(&b.0[..common]);
    begin.then_with(|| bytes_of(a).skip(common).cmp(bytes_of(b).skip(common)))
}

fn bytes_of<'a>((folder, name): (&'a [u8], &'a [u8])) -> impl Iterator<Item = &'a u8> {
    let slash: &[u8] = if folder.is_empty() { b"" } else { b"/" };
    folder.iter().chain(slash).chain(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(names: &[&str]) -> Page {
        let mut page = Page::default();
        for name in names {
            page.push(name.as_bytes(), Kind::File, Some(name.len() as u64), None);
        }
        page
    }

    fn listing(hidden: bool) -> Listing {
        let folders = vec![
            Folder {
                relative: b"b".to_vec(),
                page: page(&["z", "a"]),
            },
            Folder {
                relative: Vec::new(),
                page: page(&[
                    "c",
                    "b.txt",
                    ".hidden",
                    "x.ftpflow-0123456789",
                    "x.ftpflow-01234567898e9096",
                ]),
            },
        ];
        Listing::assemble(
            Side::Local,
            b"/r".to_vec(),
            NameEncoding::Auto,
            hidden,
            folders,
        )
    }

    fn paths(listing: &Listing) -> Vec<String> {
        (0..listing.len() as u32)
            .map(|at| String::from_utf8(listing.relative(at)).unwrap())
            .collect()
    }

    #[test]
    fn entries_are_sorted_by_relative_path_without_temporary_and_hidden_names() {
        assert_eq!(
            paths(&listing(false)),
            ["b.txt", "b/a", "b/z", "c", "x.ftpflow-0123456789"]
        );
        assert_eq!(paths(&listing(true))[0], ".hidden");
    }

    #[test]
    fn an_entry_is_found_by_its_relative_path() {
        let listing = listing(false);
        assert_eq!(listing.find(b"b/z"), Some(2));
        assert_eq!(listing.find(b"c"), Some(3));
        assert_eq!(listing.find(b"b/y"), None);
    }

    #[test]
    fn a_name_that_is_listed_twice_is_one_file_and_a_problem() {
        let mut twice = page(&["b", "a"]);
        twice.push(b"a", Kind::File, Some(7), None);
        let relative = Vec::new();
        let folders = vec![Folder {
            relative,
            page: twice,
        }];
        let (root, encoding) = (b"/r".to_vec(), NameEncoding::Auto);
        let listing = Listing::assemble(Side::Local, root, encoding, false, folders);
        assert_eq!(paths(&listing), ["a", "b"]);
        assert_eq!(listing.size(0), Some(1));
        assert_eq!((listing.problems().count, listing.repeated().count), (0, 1));
    }

    #[test]
    fn a_row_takes_32_bytes() {
        assert_eq!(std::mem::size_of::<Row>(), 32);
    }
}
