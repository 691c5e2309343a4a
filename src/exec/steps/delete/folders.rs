//! The files of a set by the folders that they lie in.

use std::collections::BTreeMap;

use crate::files::FileSet;

/// A folder and the positions that lie in it.
#[derive(Debug)]
pub(super) struct FolderOf {
    pub(super) folder: Vec<u8>,
    pub(super) positions: Vec<u32>,
}

/// Each path of a folder is made once, and not for each of its files: it may have tens of kilobytes.
pub(super) fn by_folder(set: &FileSet) -> Vec<FolderOf> {
    let mut numbers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for at in set.positions() {
        let number = numbers.entry(set.folder_number(at));
        number.or_default().push(at);
    }
    let mut folders: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
    for mut positions in numbers.into_values() {
        let folder = folders.entry(set.folder(positions[0]));
        folder.or_default().append(&mut positions);
    }
    let folders = folders.into_iter();
    folders
        .map(|(folder, positions)| FolderOf { folder, positions })
        .collect()
}
