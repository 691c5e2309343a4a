//! What a listing shows of a folder of copies, found by name: each of a million copies is looked for among a million names.

use std::cell::OnceCell;

use super::index::Index;
use crate::files::{Page, PageEntry, fold, same_form};
use crate::transfer::End;

pub(super) struct Sight {
    page: Page,
    names: Index,
    /// By what a system may take for a name; made for the first copy that is not shown.
    folded: OnceCell<Index>,
}

impl Sight {
    pub(super) fn of(page: Page) -> Sight {
        let entries = (0u32..).zip(page.entries());
        Sight {
            names: Index::new(entries.map(|(at, entry)| (entry.name, 0, at))),
            folded: OnceCell::new(),
            page,
        }
    }

    /// Why something may be missing.
    pub(super) fn incomplete_reason(&self) -> Option<&str> {
        self.page.incomplete_reason()
    }

    /// The entry of a name.
    pub(super) fn entry(&self, name: &[u8]) -> Option<PageEntry<'_>> {
        let mut entries = self.entries(self.names.find(name));
        entries.find(|entry| entry.name == name)
    }

    /// Whether a listing that is whole does not show a name.
    pub(super) fn lacks(&self, name: &[u8]) -> bool {
        self.incomplete_reason().is_none() && self.entry(name).is_none()
    }

    /// Whether a name may stand there though it is not shown: with a leading dot, where no such name is (vsftpd).
    pub(super) fn may_hide(&self, end: &mut dyn End, name: &[u8]) -> bool {
        end.may_hide(name) && !self.page.shows_dot_names()
    }

    /// The name of an entry that a system may take for this one.
    pub(super) fn listed_otherwise(&self, end: &dyn End, name: &[u8]) -> Option<String> {
        let folded = |name: &[u8]| fold(&end.decode(name));
        let index = self.folded.get_or_init(|| {
            let entries = (0u32..).zip(self.page.entries());
            Index::new(entries.map(|(at, entry)| (folded(entry.name), 0, at)))
        });
        let own = folded(name);
        let others = self.entries(index.find(own.as_str()));
        let mut others = others.map(|entry| entry.name);
        let other = others.find(|other| !same_form(other, name) && folded(other) == own)?;
        Some(end.decode(other))
    }

    fn entries(
        &self,
        found: impl Iterator<Item = (u32, u32)>,
    ) -> impl Iterator<Item = PageEntry<'_>> {
        found.filter_map(|(_, at)| self.page.entry(at as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Kind;

    #[test]
    fn the_first_entry_of_a_name_is_found() {
        let mut page = Page::default();
        for (name, size) in [("b", 1), ("a", 2), ("b", 3)] {
            page.push(name.as_bytes(), Kind::File, Some(size), None);
        }
        let sight = Sight::of(page);
        let size = |name: &str| sight.entry(name.as_bytes())?.size;
        assert_eq!((size("a"), size("b"), size("c")), (Some(2), Some(1), None));
    }
}
