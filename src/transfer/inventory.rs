//! What stands at a destination before a transfer, from one listing a folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use super::end::Looks;
use super::request::Choice;
use crate::files::{
    FileSet, Kind, Page, PageEntry, Partials, Route, Time, folded, is_aside, join, put_aside_from,
    same_form, split,
};

/// How a destination treats names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manners {
    /// Names that differ in case only are one name there.
    pub folds_case: bool,
    /// Its listings leave out names with a leading dot (vsftpd: LIST without `-a`).
    pub hides_dot_names: bool,
}

impl Manners {
    /// Whether something may stand at a name that a listing does not show.
    pub fn may_hide(self, name: &[u8]) -> bool {
        self.hides_dot_names && name.starts_with(b".")
    }
}

/// What stands at one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub kind: Kind,
    /// Bytes, where known.
    pub size: Option<u64>,
    /// When it was modified, where known.
    pub modified: Option<Time>,
}

/// What stands in the folders of a destination, temporary names included.
#[derive(Debug, Default)]
pub struct Inventory {
    manners: Manners,
    folders: HashMap<Vec<u8>, Option<Shelf>>,
    answers: HashMap<Vec<u8>, Option<Standing>>,
}

/// What is known of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// What stands there, as far as it was seen.
    pub(super) standing: Option<Standing>,
    /// Whether the listing may not show it, or not its size: to be asked.
    pub(super) unsure: bool,
    /// What the listing shows under another name that a system may take for this one.
    pub(super) alike: Option<Standing>,
}

impl Known {
    /// Whether it stands there by the server's own word only: the listing shows another name for it.
    pub(super) fn by_another_name(&self) -> bool {
        self.standing.is_some() && self.alike.is_some()
    }
}

/// One folder: entries sorted by the names that are compared.
#[derive(Debug, Default)]
struct Shelf {
    page: Page,
    /// Hashes of the names as a system may take them for one, each with its row; sorted, once that is asked.
    folded: OnceLock<Vec<(u64, u32)>>,
    /// Names as they were listed, by those that they are compared as, where these differ.
    listed: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// The destination folders (relative to `into`, which is the empty path and always first) that files of a set go
/// to, and all above them: parents first, each once. These are to be listed for an [`Inventory`].
pub fn folders(set: &FileSet, route: &Route, chosen: Option<&[Choice]>) -> Vec<Vec<u8>> {
    let is_left = |at: u32| {
        let choice = chosen.and_then(|chosen| chosen.get(at as usize));
        matches!(choice, Some(Choice::Known | Choice::Later))
    };
    let files = set
        .positions()
        .filter(|&at| set.kind(at) == Kind::File && !is_left(at));
    ancestors(files.filter_map(|at| route.relative(set, at).ok()))
}

/// All folders above these paths, parents first, each once; the empty path comes first.
pub(super) fn ancestors(paths: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut all = BTreeSet::from([Vec::new()]);
    paths.for_each(|path| add_ancestors(&mut all, &path));
    all.into_iter().collect()
}

/// Adds the folders above a path.
pub(super) fn add_ancestors(all: &mut BTreeSet<Vec<u8>>, path: &[u8]) {
    let mut rest = path;
    while let Some(slash) = rest.iter().rposition(|&byte| byte == b'/') {
        rest = &rest[..slash];
        if all.contains(rest) {
            break;
        }
        all.insert(rest.to_vec());
    }
}

impl Inventory {
    /// An inventory in which nothing has been looked at.
    pub fn new(manners: Manners) -> Inventory {
        Inventory {
            manners,
            ..Inventory::default()
        }
    }

    /// Takes in the listing of a folder, relative to `into`.
    pub fn take(&mut self, folder: &[u8], page: Page) {
        let shelf = match self.manners.folds_case {
            true => Shelf::keyed(&page, |name| self.key(name)),
            false => Shelf::new(page),
        };
        self.folders.insert(self.key(folder), Some(shelf));
    }

    /// Takes in that a folder is not there; so are all below it, which need not be listed.
    pub fn missing(&mut self, folder: &[u8]) {
        self.folders.insert(self.key(folder), None);
    }

    /// Takes in what was asked about one name (relative to `into`): `None` when it is not there, or when SIZE is
    /// refused of a name that the listing shows.
    pub fn answer(&mut self, relative: &[u8], standing: Option<Standing>) {
        self.answers.insert(self.key(relative), standing);
    }

    /// A name as it is compared at the destination.
    pub(super) fn key(&self, name: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(name) {
            Ok(text) if self.manners.folds_case => text.to_lowercase().into_bytes(),
            _ => name.to_vec(),
        }
    }

    /// Whether a folder was seen to be there. One that nobody looked at is taken for missing: making a folder that
    /// exists is no failure.
    pub(super) fn has_folder(&self, folder: &[u8]) -> bool {
        matches!(self.folders.get(&self.key(folder)), Some(Some(_)))
    }

    pub(super) fn look(&self, relative: &[u8]) -> Known {
        let key = self.key(relative);
        let (folder, name) = split(&key);
        let (shown, alike, may_hide) = match self.folders.get(folder) {
            Some(Some(shelf)) => {
                let dotted = self.manners.may_hide(name);
                let shown = shelf.find(name);
                let alike = shown.map_or_else(|| shelf.alike(name).map(Standing::of), |_| None);
                let incomplete = shelf.page.incomplete_reason().is_some();
                (shown, alike, incomplete || dotted)
            }
            // A folder that is not there, or below one that is not there.
            Some(None) => (None, None, false),
            None => (None, None, !self.below_missing(folder)),
        };
        match self.answers.get(&key) {
            Some(answer) => Known {
                standing: answer.map(|told| told.timed_as(alike)).or(shown),
                unsure: false,
                alike,
            },
            None => Known {
                standing: shown,
                unsure: shown.map_or(may_hide || alike.is_some(), Standing::is_vague),
                alike,
            },
        }
    }

    /// Files below `root` that were put aside for a successor which may never have come, by the paths that they had.
    pub fn put_aside(&self, root: &[u8]) -> Vec<Vec<u8>> {
        let folders = self.folders.iter();
        let folders = folders.filter_map(|(folder, shelf)| Some((folder, shelf.as_ref()?)));
        let found = folders.flat_map(|(folder, shelf)| {
            let folder = join(root, folder);
            let names = shelf.page.entries().map(|entry| entry.name);
            let aside = names.filter(|name| is_aside(name));
            aside.filter_map(move |name| put_aside_from(&join(&folder, name)))
        });
        let mut found: Vec<Vec<u8>> = found.collect();
        found.sort_unstable();
        found
    }

    /// What was seen to stand at a name, relative to `into`.
    pub fn standing(&self, relative: &[u8]) -> Option<Standing> {
        self.look(relative).standing
    }

    /// The name under which a file is listed that the destination takes for this one, where it is another: one that differs in
    /// more than the Unicode form, which a server or disk chooses itself.
    pub(super) fn listed_otherwise(&self, relative: &[u8]) -> Option<Vec<u8>> {
        self.look(relative).standing?;
        let key = self.key(relative);
        let (folder, name) = split(&key);
        let shelf = self.folders.get(folder)?.as_ref()?;
        let own = split(relative).1;
        let listed = match shelf.find(name) {
            Some(_) => shelf.listed.get(name).map_or(name, Vec::as_slice),
            None => shelf.alike(name)?.name,
        };
        (!same_form(listed, own)).then(|| listed.to_vec())
    }

    /// Whether something stands at a name whose size is that of a file, or not known.
    pub(super) fn may_be_same(&self, relative: &[u8], size: Option<u64>) -> bool {
        let known = self.look(relative);
        let standing = known.standing;
        // It may be followed although it leads nowhere yet.
        if known.alike.is_some_and(|alike| alike.kind == Kind::Link) {
            return true;
        }
        standing.is_some_and(|standing| match (standing.size, size) {
            _ if standing.kind != Kind::File => true,
            (Some(there), Some(here)) => there == here,
            _ => true,
        })
    }

    /// The partial files of one file, of whatever version, and their sizes.
    pub(super) fn partials<'i>(
        &'i self,
        partials: &'i Partials,
    ) -> impl Iterator<Item = (Vec<u8>, Option<u64>)> + 'i {
        let (folder, prefix) = split(partials.prefix());
        let shelf = self.folders.get(&self.key(folder));
        let shelf = shelf.and_then(Option::as_ref);
        let key = self.key(prefix);
        let entries = shelf
            .into_iter()
            .flat_map(move |shelf| shelf.starting_with(&key));
        let files = entries.filter(|entry| entry.kind == Kind::File);
        files.filter_map(move |entry| {
            let digits = entry.name.get(prefix.len()..)?;
            let path = join(folder, &[prefix, digits].concat());
            partials.hold(&path).then_some((path, entry.size))
        })
    }

    fn below_missing(&self, folder: &[u8]) -> bool {
        let mut rest = folder;
        while !rest.is_empty() {
            rest = split(rest).0;
            if let Some(state) = self.folders.get(rest) {
                return state.is_none();
            }
        }
        false
    }
}

impl Standing {
    /// Its size and time.
    pub fn looks(self) -> Looks {
        Looks {
            size: self.size,
            modified: self.modified,
        }
    }

    /// Whether a listing leaves open how large it is, and SIZE may tell.
    fn is_vague(self) -> bool {
        match self.kind {
            Kind::File => self.size.is_none(),
            Kind::Folder | Kind::Link | Kind::Other => false,
        }
    }

    /// With the time that the listing shows of the name which the server takes for this one; a link there is one here.
    fn timed_as(self, alike: Option<Standing>) -> Standing {
        let shown = alike.filter(|alike| alike.size == self.size);
        Standing {
            kind: alike.map_or(self.kind, |alike| alike.kind),
            modified: self.modified.or(shown.and_then(|shown| shown.modified)),
            ..self
        }
    }
}

impl Shelf {
    fn new(mut page: Page) -> Shelf {
        page.sort_by_name();
        Shelf {
            page,
            ..Shelf::default()
        }
    }

    /// The same with names as they are compared, where that is not as they are listed.
    fn keyed(page: &Page, key: impl Fn(&[u8]) -> Vec<u8>) -> Shelf {
        let (mut keyed, mut listed) = (Page::default(), BTreeMap::new());
        for entry in page.entries() {
            let name = key(entry.name);
            keyed.push(&name, entry.kind, entry.size, entry.modified);
            if name != entry.name {
                listed.insert(name, entry.name.to_vec());
            }
        }
        if let Some(reason) = page.incomplete_reason() {
            keyed.incomplete(reason.to_owned());
        }
        Shelf {
            listed,
            ..Shelf::new(keyed)
        }
    }

    fn find(&self, name: &[u8]) -> Option<Standing> {
        let entry = self.page.entry(self.page.lower_bound(name))?;
        (entry.name == name).then(|| Standing::of(entry))
    }

    /// What stands under another name that a system may take for this one: the server is to be asked whether it does.
    fn alike(&self, name: &[u8]) -> Option<PageEntry<'_>> {
        let folded = self.folded.get_or_init(|| {
            let entries = (0u32..).zip(self.page.entries());
            let mut folded: Vec<(u64, u32)> = entries
                .map(|(at, entry)| (folded(entry.name), at))
                .collect();
            folded.sort_unstable();
            folded
        });
        let wanted = self::folded(name);
        let first = folded.partition_point(|(hash, _)| *hash < wanted);
        let (hash, at) = folded.get(first)?;
        let entry = self.page.entry(*at as usize)?;
        (*hash == wanted).then_some(entry)
    }

    fn starting_with(&self, prefix: &[u8]) -> impl Iterator<Item = PageEntry<'_>> + use<'_> {
        let prefix = prefix.to_vec();
        let places = self.page.lower_bound(&prefix)..self.page.len();
        let entries = places.filter_map(|at| self.page.entry(at));
        entries.take_while(move |entry| entry.name.starts_with(&prefix))
    }
}

impl Standing {
    fn of(entry: PageEntry<'_>) -> Standing {
        Standing {
            kind: entry.kind,
            size: entry.size,
            modified: entry.modified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Fingerprint;

    fn page(names: &[&str]) -> Page {
        let mut page = Page::default();
        for name in names {
            page.push(name.as_bytes(), Kind::File, Some(1), None);
        }
        page
    }

    #[test]
    fn a_hidden_name_is_asked_for_until_it_is_answered() {
        let mut inventory = Inventory::new(Manners {
            hides_dot_names: true,
            ..Manners::default()
        });
        inventory.take(b"", page(&["a"]));
        assert!(!inventory.look(b"b").unsure);
        assert!(inventory.look(b".b").unsure);
        inventory.answer(b".b", None);
        assert_eq!(
            inventory.look(b".b"),
            Known {
                standing: None,
                unsure: false,
                alike: None
            }
        );
    }

    #[test]
    fn an_incomplete_listing_proves_no_absence() {
        let mut cut = page(&["a"]);
        cut.incomplete("output truncated".into());
        let mut inventory = Inventory::new(Manners::default());
        inventory.take(b"", cut);
        assert!(inventory.look(b"b").unsure);
        assert!(inventory.look(b"a").standing.is_some());
    }

    #[test]
    fn a_refused_size_does_not_unmake_what_the_listing_shows() {
        let mut nlst = Page::default();
        nlst.push(b"a", Kind::File, None, None);
        let mut inventory = Inventory::new(Manners::default());
        inventory.take(b"", nlst);
        assert!(inventory.look(b"a").unsure);
        inventory.answer(b"a", None);
        let known = inventory.look(b"a");
        assert!(known.standing.is_some() && !known.unsure);
    }

    #[test]
    fn a_name_that_may_be_anothers_is_asked_for() {
        let mut inventory = Inventory::new(Manners::default());
        inventory.take(b"", page(&["ReadMe", "b.", "\u{e9}"]));
        for name in ["README", "b", "\u{c9}", "e\u{301}"] {
            let known = inventory.look(name.as_bytes());
            assert!(known.unsure && known.standing.is_none(), "{name}");
        }
        assert!(!inventory.look(b"ReadMe").unsure && !inventory.look(b"c").unsure);
        // The server takes the one for the other.
        let told = Standing {
            kind: Kind::File,
            size: Some(1),
            modified: None,
        };
        inventory.answer(b"README", Some(told));
        inventory.answer(b"b", None);
        assert_eq!(inventory.look(b"README").standing, Some(told));
        assert!(inventory.look(b"b").standing.is_none() && !inventory.look(b"b").unsure);
    }

    #[test]
    fn below_a_missing_folder_nothing_is_asked() {
        let mut inventory = Inventory::new(Manners::default());
        inventory.take(b"", page(&[]));
        inventory.missing(b"x");
        assert!(!inventory.look(b"x/y/z").unsure);
        assert!(!inventory.has_folder(b"x/y"));
        assert!(inventory.has_folder(b""));
    }

    #[test]
    fn the_partials_of_a_file_are_found_and_nothing_like_them() {
        let owner = Fingerprint {
            manifest: "m",
            step: "s",
            source: "",
            path: b"/a",
        };
        let (mine, other) = (Partials::of(b"d/A", &owner), Partials::of(b"d/AA", &owner));
        let ours = mine.of_version(Some(1), None);
        let theirs = other.of_version(Some(1), None);
        for folds_case in [false, true] {
            let mut inventory = Inventory::new(Manners {
                folds_case,
                ..Manners::default()
            });
            let (ours, theirs) = (split(&ours).1, split(&theirs).1);
            let text = |name| std::str::from_utf8(name).unwrap();
            let copied = [ours, b"x"].concat();
            let shown = page(&[
                "A",
                text(ours),
                text(theirs),
                text(&copied),
                "A.ftpflow-0123456789",
            ]);
            inventory.take(b"d", shown);
            let found: Vec<_> = inventory.partials(&mine).collect();
            assert_eq!(found, [([b"d/", ours].concat(), Some(1))]);
        }
    }

    #[test]
    fn names_are_found_whatever_their_case_where_case_is_folded() {
        let mut inventory = Inventory::new(Manners {
            folds_case: true,
            ..Manners::default()
        });
        inventory.take(b"Dir", page(&["ReadMe"]));
        assert!(inventory.look(b"dir/README").standing.is_some());
    }
}
