//! Copies that are all that is left: their sources were deleted because of them, by this run.

use std::collections::HashMap;

use super::end::Looks;
use super::inventory::Standing;
use crate::files::{Place, fold};

/// Such copies, by what a system may take for their names.
#[derive(Debug, Clone, Default)]
pub struct Spared(HashMap<String, Vec<Copy>>);

#[derive(Debug, Clone)]
struct Copy {
    place: Place,
    name: Vec<u8>,
    looks: Looks,
}

impl Spared {
    /// The source of a copy is gone. `text`: its name, for people.
    pub fn spare(&mut self, text: &str, place: Place, name: Vec<u8>, looks: Looks) {
        let copies = self.0.entry(fold(text)).or_default();
        copies.push(Copy { place, name, looks });
    }

    /// Whether what stands at a name is such a copy, or may be one that was found under another path.
    pub(super) fn holds(&self, text: &str, place: &Place, name: &[u8], standing: Standing) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let now = Looks {
            size: standing.size,
            modified: standing.modified,
        };
        let alike = self.0.get(&fold(text)).into_iter().flatten();
        let mut alike = alike.map(|copy| {
            let is_it = copy.place == *place && copy.name == name;
            is_it || copy.looks.may_be_one(now)
        });
        alike.any(|holds| holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Kind, Side, Time};

    #[test]
    fn a_copy_is_known_by_its_place_and_under_another_path_by_its_looks() {
        let place = |folder: &str| Place {
            side: Side::Local,
            folder: folder.into(),
        };
        let looks = Looks {
            size: Some(5),
            modified: Some(Time::at(9)),
        };
        let mut spared = Spared::default();
        spared.spare("A.txt", place("/x"), b"A.txt".to_vec(), looks);
        let stands = |size, time| Standing {
            kind: Kind::File,
            size: Some(size),
            modified: Some(Time::at(time)),
        };
        let holds = |folder: &str, name: &str, standing| {
            spared.holds(name, &place(folder), name.as_bytes(), standing)
        };
        assert!(holds("/x", "A.txt", stands(7, 1)));
        assert!(holds("/y", "a.txt", stands(5, 9)));
        assert!(!holds("/y", "a.txt", stands(6, 9)));
        assert!(!holds("/x", "b.txt", stands(5, 9)));
    }
}
