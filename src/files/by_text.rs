//! Entries in the order of their paths as text.

use std::collections::HashMap;

use super::listing::compare;
use super::set::FileSet;

/// Sorts positions of a set. Each folder is kept once: its path may have tens of kilobytes, and a million entries below it.
pub(super) fn sort(set: &FileSet, rows: &mut [u32]) {
    let text = |bytes: &[u8]| set.encoding().decode(bytes).text.into_owned();
    let (mut numbers, mut folders) = (HashMap::new(), Vec::<String>::new());
    let mut keyed: Vec<(Box<str>, usize, u32)> = Vec::with_capacity(rows.len());
    for at in rows.iter() {
        let number = *numbers.entry(set.folder_number(*at)).or_insert_with(|| {
            folders.push(text(&set.folder(*at)));
            folders.len() - 1
        });
        keyed.push((text(&set.name(*at)).into(), number, *at));
    }
    keyed.sort_by(|a, b| {
        let [a, b] = [a, b].map(|(name, number, _)| (folders[*number].as_bytes(), name.as_bytes()));
        compare(a, b)
    });
    let sorted = keyed.into_iter().map(|(_, _, at)| at);
    rows.iter_mut().zip(sorted).for_each(|(row, at)| *row = at);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Folder, Kind, Listing, NameEncoding, Page, Side};
    use super::*;

    #[test]
    fn paths_are_in_the_order_of_their_whole_text() {
        let folders = ["", "b", "b/c"].map(|folder| {
            let mut page = Page::default();
            for name in ["版", "b.txt", "a", "d", "\u{e9}"] {
                page.push(name.as_bytes(), Kind::File, None, None);
            }
            let relative = folder.into();
            Folder { relative, page }
        });
        let auto = NameEncoding::Auto;
        let listing = Listing::assemble(Side::Local, b"/".to_vec(), auto, false, folders.into());
        let set = FileSet::all(Arc::new(listing));
        let mut rows: Vec<u32> = set.positions().rev().collect();
        sort(&set, &mut rows);
        let sorted: Vec<String> = rows.iter().map(|at| set.text(*at)).collect();
        let mut expected = sorted.clone();
        expected.sort();
        assert_eq!(sorted, expected);
        assert_eq!(sorted.len(), 15);
    }
}
