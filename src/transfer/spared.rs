//! Copies that are all that is left: their sources were deleted because of them, by this run.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::end::{Looks, Reading};
use super::inventory::Standing;
use crate::files::{NameEncoding, Place, name_keys};

/// Such copies, by what a system may take for their names. Clones share them: a transfer that is under way sees what is
/// deleted meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Spared(Arc<RwLock<HashMap<String, Vec<Copy>>>>);

#[derive(Debug, Clone)]
struct Copy {
    place: Place,
    name: Vec<u8>,
    looks: Looks,
    /// Who has read its time.
    by: Reading,
}

impl Spared {
    /// The source of a copy is gone. `encoding`: of its name; `by`: who has read its time.
    pub fn spare(
        &self,
        encoding: NameEncoding,
        place: Place,
        name: Vec<u8>,
        looks: Looks,
        by: Reading,
    ) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for key in name_keys(encoding, &name) {
            let copies = all.entry(key).or_default();
            let (place, name) = (place.clone(), name.clone());
            copies.push(Copy {
                place,
                name,
                looks,
                by,
            });
        }
    }

    /// Whether what stands at a name is such a copy, or may be one that was found under another path.
    pub fn holds(
        &self,
        encoding: NameEncoding,
        place: &Place,
        name: &[u8],
        standing: Standing,
        own: Reading,
    ) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return false;
        }
        let now = standing.looks();
        let keys = name_keys(encoding, name);
        let mut alike = keys.iter().filter_map(|key| all.get(key)).flatten();
        alike.any(|copy| {
            let is_it = copy.place == *place && copy.name == name;
            is_it || now.may_be_read_as(own, copy.looks, copy.by)
        })
    }
}

impl Spared {
    /// Whether such a copy, wherever it lies, has a name that a system may take for this one.
    pub(super) fn knows(&self, encoding: NameEncoding, name: &[u8]) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = match all.is_empty() {
            true => Vec::new(),
            false => name_keys(encoding, name),
        }
        .into_iter();
        keys.any(|key| all.contains_key(&key))
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
        let spared = Spared::default();
        let by = Reading::LOCAL;
        let auto = NameEncoding::Auto;
        spared.spare(auto, place("/x"), b"A.txt".to_vec(), looks, by);
        let stands = |size, time| Standing {
            kind: Kind::File,
            size: Some(size),
            modified: Some(Time::at(time)),
        };
        let holds = |folder: &str, name: &str, standing| {
            spared.holds(auto, &place(folder), name.as_bytes(), standing, by)
        };
        assert!(holds("/x", "A.txt", stands(7, 1)));
        assert!(holds("/y", "a.txt", stands(5, 9)));
        assert!(!holds("/y", "a.txt", stands(6, 9)));
        assert!(!holds("/x", "b.txt", stands(5, 9)));
    }
}
