//! The files of a set by the folders that they lie in.

use std::collections::BTreeMap;

use crate::files::{FileSet, split};

/// A folder and the positions that lie in it.
#[derive(Debug)]
pub(super) struct FolderOf {
    pub(super) folder: Vec<u8>,
    pub(super) positions: Vec<u32>,
}

pub(super) fn by_folder(set: &FileSet) -> Vec<FolderOf> {
    let mut folders: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
    for at in set.positions() {
        let relative = set.relative(at);
        let folder = split(&relative).0.to_vec();
        folders.entry(folder).or_default().push(at);
    }
    let folders = folders.into_iter();
    folders
        .map(|(folder, positions)| FolderOf { folder, positions })
        .collect()
}
