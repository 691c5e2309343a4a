//! What must stand before files go, folder by folder, and which folders must not be one.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{Place, Side};
use crate::transfer::Looks;

/// What must stand at destinations before files go.
#[derive(Default)]
pub(in crate::exec) struct Copies {
    pub(super) folders: Vec<CopyFolder>,
    /// In the order of the files that rely on them.
    pub(super) each: Vec<Copy>,
    /// Their names, one behind the other.
    names: Vec<u8>,
    /// Names that a system may take for that of a copy, by its number, and that must stand there, too.
    beside: BTreeMap<u32, Vec<Vec<u8>>>,
    /// The copies of each folder.
    of_folders: Vec<Vec<u32>>,
    numbers: BTreeMap<(Side, Vec<u8>), u32>,
    roots: BTreeSet<(Side, Vec<u8>)>,
    pub(super) doubts: Vec<Doubt>,
    /// Files that rely on times which the side of a folder keeps, with that folder.
    pub(super) timed: Vec<(u32, u32)>,
}

/// Two folders that must not be one, where a file is to go.
#[derive(Clone, Copy)]
pub(super) struct Doubt {
    pub(super) file: u32,
    /// The one that is marked.
    pub(super) marked: u32,
    /// The one that must not show the mark.
    pub(super) looked: u32,
    /// Why the file stays otherwise.
    pub(super) why: Why,
}

/// A folder, by who reads it, what its end is confined to, and where it lies.
pub(super) type Spot = (Side, Vec<u8>, Vec<u8>);

/// The same by their paths.
pub(super) struct Apart {
    pub(super) marked: Spot,
    pub(super) looked: Spot,
    pub(super) why: Why,
}

/// Why two folders must not be one.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// A file's copy would be another file's.
    Rival,
    /// The file would be what this run has put there.
    PutThere,
    /// The file would be one that a transfer has read, and that has changed since.
    Changed,
    /// The file would be one whose copy goes by the same step.
    CopyGoes,
}

impl Why {
    /// Why a file stays: the two are one, or nobody knows.
    pub(super) fn words(self, are_one: bool) -> &'static str {
        match (self, are_one) {
            (Why::Rival, true) => {
                "its copy is another file's: the folders of both are one and the same"
            }
            (Why::Rival, false) => {
                "its copy cannot be told from that of another file: the folders of both may be one"
            }
            (Why::PutThere, true) => {
                "this run has put it there: its folder and the destination's are one and the same"
            }
            (Why::PutThere, false) => {
                "it may be what this run has put there: whether its folder is the destination's is not known"
            }
            (Why::Changed, true) => {
                "it changed after it was read: its folder and the source's are one and the same"
            }
            (Why::CopyGoes, true) => {
                "its copy goes by this step, too: its folder and the source's are one and the same"
            }
            (Why::CopyGoes, false) => {
                "its copy may go by this step, too: whether its folder is a source's is not known"
            }
            (Why::Changed, false) => {
                "it may have changed after it was read: whether its folder is a source's is not known"
            }
        }
    }
}

/// A copy to be looked at.
pub(super) struct CopyOf {
    pub(super) side: Side,
    pub(super) root: Vec<u8>,
    pub(super) place: Place,
    pub(super) name: Vec<u8>,
    pub(super) looks: Looks,
    pub(super) was_there: bool,
    /// Whether it counts as the file's for its time alone, which somebody must have set.
    pub(super) by_time: bool,
    /// Whether its time is compared to the second: it is not its source's, and a listing in minutes would not show that
    /// somebody has rewritten it since.
    pub(super) exactly: bool,
    pub(super) beside: Vec<Vec<u8>>,
    pub(super) rivals: Vec<Spot>,
}

/// A folder of a destination.
#[derive(Clone)]
pub(super) struct CopyFolder {
    pub(super) side: Side,
    /// What its end is confined to.
    pub(super) root: Vec<u8>,
    pub(super) path: Vec<u8>,
    /// Whether it is the first folder below its root.
    pub(super) is_first: bool,
}

/// A file of a destination. A run may have a million of them.
#[derive(Clone, Copy)]
pub(super) struct Copy {
    /// The file that relies on it.
    pub(super) file: u32,
    pub(super) folder: u32,
    number: u32,
    /// Where its name ends among all: it begins where the one before it ends.
    name_end: usize,
    pub(super) looks: Looks,
    /// Whether this run found it there and did not write it.
    pub(super) was_there: bool,
    /// Whether its time is compared to the second, although its folder's listing tells less.
    pub(super) exactly: bool,
}

impl Copy {
    /// What it must be, where its size was not known when it was found: converted files have another one.
    pub(super) fn as_known(&self, now: Looks) -> Looks {
        let size = self.looks.size.or(now.size.filter(|_| self.was_there));
        Looks { size, ..self.looks }
    }
}

impl Copies {
    /// The folders that hold copies.
    pub(super) fn looked_at(&self) -> Vec<u32> {
        let folders = (0u32..).zip(&self.of_folders);
        let holding = folders.filter(|(_, copies)| !copies.is_empty());
        holding.map(|(number, _)| number).collect()
    }

    /// The copies in a folder.
    pub(super) fn of_folder(&self, number: u32) -> impl Iterator<Item = &Copy> {
        let own = self.of_folders[number as usize].iter();
        own.map(|copy| &self.each[*copy as usize])
    }

    /// The name of a copy.
    pub(super) fn name(&self, copy: &Copy) -> &[u8] {
        let before = copy.number.checked_sub(1);
        let start = before.map_or(0, |before| self.each[before as usize].name_end);
        &self.names[start..copy.name_end]
    }

    /// Names that a system may take for that of a copy.
    pub(super) fn beside(&self, copy: &Copy) -> &[Vec<u8>] {
        self.beside.get(&copy.number).map_or(&[], Vec::as_slice)
    }

    /// The copies that a file relies on.
    pub(super) fn of_file(&self, file: u32) -> &[Copy] {
        let first = self.each.partition_point(|copy| copy.file < file);
        let count = self.each[first..].partition_point(|copy| copy.file == file);
        &self.each[first..first + count]
    }

    pub(super) fn add(&mut self, file: u32, copy: CopyOf) {
        let folder = self.folder((copy.side, copy.root.clone(), copy.place.folder));
        if self.roots.insert((copy.side, copy.root)) {
            self.folders[folder as usize].is_first = true;
        }
        for rival in copy.rivals {
            let looked = self.folder(rival);
            self.doubts.push(Doubt {
                file,
                marked: folder,
                looked,
                why: Why::Rival,
            });
        }
        let number = u32::try_from(self.each.len()).unwrap_or(u32::MAX);
        self.names.extend_from_slice(&copy.name);
        if !copy.beside.is_empty() {
            self.beside.insert(number, copy.beside);
        }
        self.of_folders[folder as usize].push(number);
        self.each.push(Copy {
            file,
            folder,
            number,
            name_end: self.names.len(),
            looks: copy.looks,
            was_there: copy.was_there,
            exactly: copy.exactly,
        });
    }

    /// A file goes only where the side of a folder keeps times that it is given.
    pub(super) fn add_timed(&mut self, file: u32, spot: Spot) {
        let folder = self.folder(spot);
        self.timed.push((file, folder));
    }

    pub(super) fn add_doubt(&mut self, file: u32, apart: Apart) {
        let (marked, looked) = (self.folder(apart.marked), self.folder(apart.looked));
        self.doubts.push(Doubt {
            file,
            marked,
            looked,
            why: apart.why,
        });
    }

    fn folder(&mut self, (side, root, path): Spot) -> u32 {
        let next = u32::try_from(self.folders.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry((side, path.clone())).or_insert(next);
        if number == next {
            self.of_folders.push(Vec::new());
            self.folders.push(CopyFolder {
                side,
                root,
                path,
                is_first: false,
            });
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_copy_has_its_own_name_and_takes_56_bytes_beside_it() {
        let copy = |name: &[u8], beside: &[&[u8]]| CopyOf {
            side: Side::Local,
            root: b"/".to_vec(),
            place: Place::above(Side::Local, b"/in/x"),
            name: name.to_vec(),
            looks: Looks::default(),
            was_there: false,
            exactly: false,
            by_time: false,
            beside: beside.iter().map(|name| name.to_vec()).collect(),
            rivals: Vec::new(),
        };
        let mut copies = Copies::default();
        copies.add(0, copy(b"a", &[]));
        copies.add(2, copy(b"", &[b"A"]));
        copies.add(2, copy(b"long", &[]));
        let names: Vec<&[u8]> = copies.of_folder(0).map(|copy| copies.name(copy)).collect();
        assert_eq!(names, [&b"a"[..], b"", b"long"]);
        let [first, second] = copies.of_file(2) else {
            panic!("two copies");
        };
        assert_eq!(copies.beside(first), [b"A"]);
        assert!(copies.beside(second).is_empty());
        assert_eq!(std::mem::size_of::<Copy>(), 56);
    }
}
