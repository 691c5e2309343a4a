//! File sets: an ordered choice of entries on one side, as steps hand them on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::NameEncoding;
use super::entry::{Kind, Side, Time};
use super::listing::Listing;
use super::name::{NameProblem, Reach, translate};
use super::path::{join, split};
use super::renaming::Renaming;

/// A set of one in so many entries of a listing is copied rather than kept with all of it.
const WORTH_A_COPY: usize = 4;

/// An ordered list of entries on one side. Cloning shares everything.
#[derive(Debug, Clone)]
pub struct FileSet {
    base: Base,
    rows: Arc<[u32]>,
}

#[derive(Debug, Clone)]
enum Base {
    Listing(Arc<Listing>),
    Routed(Arc<Routed>),
}

#[derive(Debug)]
struct Routed {
    from: FileSet,
    route: Route,
    /// Times that are not what the route makes of them, by position.
    times: BTreeMap<u32, Option<Time>>,
}

/// How the entries of a set are named and placed at a destination.
#[derive(Debug, Clone)]
pub struct Route {
    /// The destination's side.
    pub side: Side,
    /// Absolute path of `into` there, as bytes of that side.
    pub root: Vec<u8>,
    /// What bytes the destination takes.
    pub reach: Reach,
    /// The encoding of names there.
    pub encoding: NameEncoding,
    /// Whether a space at the end of a name stays there.
    pub keeps_spaces: bool,
    /// Whether only the last name is kept.
    pub flatten: bool,
    /// What the last name becomes, where that is another one.
    pub rename: Option<Arc<Renaming>>,
    /// Whether a file has the same size there (not after an ASCII transfer).
    pub keeps_size: bool,
    /// Whether a file has the same time there.
    pub keeps_times: bool,
}

impl FileSet {
    /// All entries of a listing, in its order.
    pub fn all(listing: Arc<Listing>) -> FileSet {
        let rows = (0..u32::try_from(listing.len()).unwrap_or(u32::MAX)).collect();
        FileSet {
            base: Base::Listing(listing),
            rows,
        }
    }

    /// The entries at these positions of this set, in the order given.
    #[must_use]
    pub fn subset(&self, positions: impl IntoIterator<Item = u32>) -> FileSet {
        let rows = positions.into_iter().map(|at| self.rows[at as usize]);
        FileSet {
            base: self.base.clone(),
            rows: rows.collect(),
        }
    }

    /// The same entries in a listing of their own, where they are a small part of theirs: so that it can go.
    #[must_use]
    pub fn compact(self) -> FileSet {
        let Base::Listing(listing) = &self.base else {
            return self;
        };
        if self.rows.len() > listing.len() / WORTH_A_COPY {
            return self;
        }
        let mut chosen = self.rows.to_vec();
        chosen.sort_unstable();
        chosen.dedup();
        let at = |row: &u32| chosen.binary_search(row).unwrap_or_default();
        let rows = self.rows.iter().map(at);
        let rows = rows
            .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
            .collect();
        FileSet {
            base: Base::Listing(Arc::new(listing.only(&chosen))),
            rows,
        }
    }

    /// The entries at these positions as they stand at a destination. `seen`: the time that an entry was seen to have there,
    /// where that is known.
    #[must_use]
    pub fn routed(
        &self,
        positions: Vec<u32>,
        route: Route,
        seen: impl Fn(u32) -> Option<Option<Time>>,
    ) -> FileSet {
        let differs = |(row, at): (u32, &u32)| {
            let time = seen(*at)?;
            let usual = self.modified(*at).filter(|_| route.keeps_times);
            (time != usual).then_some((row, time))
        };
        let times = (0u32..).zip(&positions).filter_map(differs).collect();
        let from = self.subset(positions);
        let rows = (0..u32::try_from(from.len()).unwrap_or(u32::MAX)).collect();
        FileSet {
            base: Base::Routed(Arc::new(Routed { from, route, times })),
            rows,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The positions of all entries.
    pub fn positions(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// The side of the entries.
    pub fn side(&self) -> Side {
        match &self.base {
            Base::Listing(listing) => listing.side(),
            Base::Routed(routed) => routed.route.side,
        }
    }

    /// Absolute path of the root.
    pub fn root(&self) -> &[u8] {
        match &self.base {
            Base::Listing(listing) => listing.root(),
            Base::Routed(routed) => &routed.route.root,
        }
    }

    /// The encoding of the names.
    pub fn encoding(&self) -> NameEncoding {
        match &self.base {
            Base::Listing(listing) => listing.encoding(),
            Base::Routed(routed) => routed.route.encoding,
        }
    }

    /// Why entries may be missing from the listing behind this set, if so.
    pub fn incomplete_reason(&self) -> Option<&str> {
        match &self.base {
            Base::Listing(listing) => listing.incomplete_reason(),
            Base::Routed(_) => None,
        }
    }

    /// Why the listing behind this set may lack entries, refused ones included; the set must be all of a listing.
    pub fn gaps(&self) -> Option<String> {
        if let Some(reason) = self.incomplete_reason() {
            return Some(reason.to_owned());
        }
        match &self.base {
            Base::Listing(listing) => {
                let problems = listing.problems();
                let refused = format!("{} entries of it cannot be read", problems.count);
                (problems.count > 0).then_some(refused)
            }
            Base::Routed(_) => None,
        }
    }

    /// The path of an entry relative to the root, as bytes of the side.
    pub fn relative(&self, at: u32) -> Vec<u8> {
        let row = self.rows[at as usize];
        match &self.base {
            Base::Listing(listing) => listing.relative(row),
            // What was routed has arrived, so its name was translated before; the source's own bytes stand
            // in only where that is not so.
            Base::Routed(routed) => routed
                .route
                .relative(&routed.from, row)
                .unwrap_or_else(|_| routed.from.relative(row)),
        }
    }

    /// The folder of an entry relative to the root, as bytes of the side.
    pub fn folder(&self, at: u32) -> Vec<u8> {
        match &self.base {
            Base::Listing(listing) => listing.folder(self.rows[at as usize]).to_vec(),
            Base::Routed(_) => split(&self.relative(at)).0.to_vec(),
        }
    }

    /// A number that entries have in common only where they lie in one folder.
    pub fn folder_number(&self, at: u32) -> u32 {
        let row = self.rows[at as usize];
        match &self.base {
            Base::Listing(listing) => listing.folder_number(row),
            Base::Routed(routed) => routed.from.folder_number(row),
        }
    }

    /// The last name of an entry, as bytes of the side.
    pub fn name(&self, at: u32) -> Cow<'_, [u8]> {
        match &self.base {
            Base::Listing(listing) => listing.name(self.rows[at as usize]).into(),
            Base::Routed(_) => split(&self.relative(at)).1.to_vec().into(),
        }
    }

    /// The absolute path of an entry, as bytes of the side.
    pub fn absolute(&self, at: u32) -> Vec<u8> {
        join(self.root(), &self.relative(at))
    }

    /// The relative path of an entry as text for people and patterns.
    pub fn text(&self, at: u32) -> String {
        let relative = self.relative(at);
        self.encoding().decode(&relative).text.into_owned()
    }

    /// What an entry is.
    pub fn kind(&self, at: u32) -> Kind {
        let row = self.rows[at as usize];
        match &self.base {
            Base::Listing(listing) => listing.kind(row),
            Base::Routed(routed) => routed.from.kind(row),
        }
    }

    /// The size of an entry in bytes, where known.
    pub fn size(&self, at: u32) -> Option<u64> {
        let row = self.rows[at as usize];
        match &self.base {
            Base::Listing(listing) => listing.size(row),
            Base::Routed(routed) if routed.route.keeps_size => routed.from.size(row),
            Base::Routed(_) => None,
        }
    }

    /// When an entry was modified, where known.
    pub fn modified(&self, at: u32) -> Option<Time> {
        let row = self.rows[at as usize];
        match &self.base {
            Base::Listing(listing) => listing.modified(row),
            Base::Routed(routed) => match routed.times.get(&row) {
                Some(time) => *time,
                None if routed.route.keeps_times => routed.from.modified(row),
                None => None,
            },
        }
    }
}

impl Route {
    /// How many files a set has, where `rename` matches the name of none of them.
    pub fn renames_none_of(&self, set: &FileSet) -> Option<usize> {
        let rename = self.rename.as_ref()?;
        let files = || set.positions().filter(|at| set.kind(*at) == Kind::File);
        let text = |at| set.encoding().decode(&set.name(at)).text.into_owned();
        let matched = files().any(|at| rename.apply(&text(at)).is_some());
        let count = files().count();
        (!matched && count > 0).then_some(count)
    }

    /// The path, relative to `into`, that an entry of a set gets at the destination.
    pub fn relative(&self, set: &FileSet, at: u32) -> Result<Vec<u8>, NameProblem> {
        let source = set.relative(at);
        let kept = match source.iter().rposition(|&byte| byte == b'/') {
            Some(slash) if self.flatten => &source[slash + 1..],
            _ => &source[..],
        };
        let mut path = Vec::with_capacity(kept.len());
        let mut names = kept.split(|&byte| byte == b'/').peekable();
        while let Some(name) = names.next() {
            if !path.is_empty() {
                path.push(b'/');
            }
            let is_last = names.peek().is_none();
            let name = self
                .name(name, set.encoding(), is_last)
                .map_err(|problem| match set.side() {
                    Side::Local => problem.of_this_machine(),
                    Side::Server(_) => problem,
                })?;
            if !self.keeps_spaces && name.last().is_some_and(u8::is_ascii_whitespace) {
                return Err(NameProblem::EndSpace);
            }
            path.extend(name);
        }
        Ok(path)
    }

    /// One name as it is at the destination.
    fn name(&self, name: &[u8], from: NameEncoding, is_last: bool) -> Result<Vec<u8>, NameProblem> {
        let rename = self.rename.as_ref().filter(|_| is_last);
        let Some(rename) = rename else {
            return translate(name, from, self.reach);
        };
        let decoded = from.decode(name);
        match rename.apply(&decoded.text) {
            None => translate(name, from, self.reach),
            // What stands for its bytes would be written in their place.
            Some(_) if !decoded.exact => Err(NameProblem::NotText(decoded.text.into_owned())),
            Some(renamed) => translate(renamed.as_bytes(), NameEncoding::Auto, self.reach),
        }
    }

    /// The absolute path that an entry of a set gets at the destination.
    pub fn absolute(&self, set: &FileSet, at: u32) -> Result<Vec<u8>, NameProblem> {
        Ok(join(&self.root, &self.relative(set, at)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Folder, Page};
    use super::*;

    fn source() -> FileSet {
        let mut page = Page::default();
        page.push(
            b"\xb0\xe6\xb1\xbe.zip",
            Kind::File,
            Some(3),
            Some(Time::at(9)),
        );
        page.push(b"b.txt", Kind::File, Some(4), None);
        let folder = Folder {
            relative: b"sub".to_vec(),
            page,
        };
        let gbk = NameEncoding::for_label("gbk").unwrap();
        let listing = Listing::assemble(Side::Local, b"/from".to_vec(), gbk, false, vec![folder]);
        FileSet::all(Arc::new(listing))
    }

    fn route(flatten: bool) -> Route {
        Route {
            side: Side::Local,
            root: b"/into".to_vec(),
            reach: Reach::AnyBytes,
            encoding: NameEncoding::Auto,
            keeps_spaces: true,
            flatten,
            rename: None,
            keeps_size: true,
            keeps_times: false,
        }
    }

    #[test]
    fn a_routed_set_has_the_names_of_its_destination() {
        let set = source();
        assert_eq!(set.text(1), "sub/版本.zip");
        let arrived = set.routed(vec![1], route(false), |_| None);
        assert_eq!(arrived.absolute(0), "/into/sub/版本.zip".as_bytes());
        assert_eq!((arrived.size(0), arrived.modified(0)), (Some(3), None));
    }

    #[test]
    fn a_small_part_has_a_listing_of_its_own_and_the_same_order() {
        let mut folders = Vec::new();
        for folder in ["", "b", "c"] {
            let mut page = Page::default();
            for name in ["z", "b.txt", "a", "y"] {
                let size = (folder.len() * 10 + name.len()) as u64;
                page.push(name.as_bytes(), Kind::File, Some(size), Some(Time::at(3)));
            }
            page.incomplete("cut off".into());
            folders.push(Folder {
                relative: folder.into(),
                page,
            });
        }
        let auto = NameEncoding::Auto;
        let listing = Listing::assemble(Side::Local, b"/from".to_vec(), auto, false, folders);
        let all = FileSet::all(Arc::new(listing));
        for chosen in [vec![], vec![7], vec![9, 2, 1], vec![0, 11, 3]] {
            let set = all.subset(chosen);
            let compact = set.clone().compact();
            assert!(!Arc::ptr_eq(&list(&set), &list(&compact)));
            assert_eq!(list(&compact).len(), set.len());
            assert_eq!(compact.incomplete_reason(), Some("cut off"));
            for at in set.positions() {
                assert_eq!(compact.absolute(at), set.absolute(at));
                assert_eq!(compact.size(at), set.size(at));
                assert_eq!(compact.modified(at), set.modified(at));
                assert!(list(&compact).find(&set.relative(at)).is_some());
            }
        }
        let most = all.subset(0..4);
        assert!(Arc::ptr_eq(&list(&most), &list(&most.clone().compact())));
    }

    fn list(set: &FileSet) -> Arc<Listing> {
        match &set.base {
            Base::Listing(listing) => Arc::clone(listing),
            Base::Routed(_) => panic!("not listed"),
        }
    }

    #[test]
    fn rename_changes_the_last_name_and_no_bytes_that_are_no_text() {
        let mut page = Page::default();
        for name in [&b"a.tmp"[..], b"b.txt", b"\xff.tmp"] {
            page.push(name, Kind::File, Some(1), None);
        }
        let folders = vec![Folder {
            relative: b"x.tmp".to_vec(),
            page,
        }];
        let (root, encoding) = (b"/".to_vec(), NameEncoding::Auto);
        let listing = Listing::assemble(Side::Local, root, encoding, false, folders);
        let set = FileSet::all(Arc::new(listing));
        let rename = crate::files::Rename {
            pattern: r"\.tmp$".into(),
            to: ".版本".into(),
        };
        let route = Route {
            rename: Some(Arc::new(rename.ready().unwrap())),
            ..route(false)
        };
        assert_eq!(route.relative(&set, 0).unwrap(), "x.tmp/a.版本".as_bytes());
        assert_eq!(route.relative(&set, 1).unwrap(), b"x.tmp/b.txt");
        assert!(matches!(
            route.relative(&set, 2),
            Err(NameProblem::NotTextHere(_))
        ));
    }

    #[test]
    fn flatten_keeps_the_last_name() {
        let set = source();
        assert_eq!(route(true).absolute(&set, 0).unwrap(), b"/into/b.txt");
    }

    #[test]
    fn a_subset_of_a_routed_set_keeps_its_route() {
        let arrived = source().routed(vec![0, 1], route(false), |at| {
            (at == 1).then_some(Some(Time::at(7)))
        });
        assert_eq!(arrived.modified(0), None);
        let arrived = arrived.subset([1]);
        assert_eq!(arrived.text(0), "sub/版本.zip");
        assert_eq!(arrived.modified(0), Some(Time::at(7)));
    }
}
