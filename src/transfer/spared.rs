//! Copies that are all that is left: their sources were deleted because of them, by this run.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::end::{Looks, Reading};
use super::inventory::Standing;
use crate::files::{NameEncoding, Place, name_keys};

/// Such copies, by what a system may take for their names. Clones share them: a transfer that is under way sees what is
/// deleted meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Spared(Arc<RwLock<Copies>>);

/// Names and paths stand as hashes by keys of their own: a million copies take 80 MB, where their bytes would take 700. That
/// two have the same, a server cannot bring about: it does not know the keys.
#[derive(Debug, Default)]
struct Copies {
    keys: [RandomState; 2],
    /// The last copy of each name.
    last: HashMap<u64, u32>,
    each: Vec<Copy>,
    readings: Vec<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Copy {
    path: [u64; 2],
    looks: Looks,
    /// Who has read its time, among the readings.
    by: u32,
    /// The copy of its name before it; itself where there is none.
    before: u32,
}

impl Copies {
    fn name(&self, key: &str) -> u64 {
        self.keys[0].hash_one(key)
    }

    fn path(&self, place: &Place, name: &[u8]) -> [u64; 2] {
        let path = (place.side, &place.folder, name);
        self.keys.each_ref().map(|key| key.hash_one(path))
    }

    fn reading(&mut self, by: Reading) -> u32 {
        let known = self.readings.iter().position(|known| *known == by);
        let number = known.unwrap_or_else(|| {
            self.readings.push(by);
            self.readings.len() - 1
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// All copies of a name, the last one first.
    fn alike(&self, key: &str) -> impl Iterator<Item = &Copy> {
        let mut next = self.last.get(&self.name(key)).copied();
        std::iter::from_fn(move || {
            let at = next?;
            let copy = self.each.get(at as usize)?;
            next = (copy.before != at).then_some(copy.before);
            Some(copy)
        })
    }
}

impl Spared {
    /// The source of a copy is gone. `encoding`: of its name; `by`: who has read its time.
    pub fn spare(
        &self,
        encoding: NameEncoding,
        place: &Place,
        name: &[u8],
        looks: Looks,
        by: Reading,
    ) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (path, by) = (all.path(place, name), all.reading(by));
        for key in name_keys(encoding, name) {
            let (name, at) = (all.name(&key), u32::try_from(all.each.len()));
            let at = at.unwrap_or(u32::MAX);
            let before = all.last.insert(name, at).unwrap_or(at);
            all.each.push(Copy {
                path,
                looks,
                by,
                before,
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
        if all.each.is_empty() {
            return false;
        }
        let (now, path) = (standing.looks(), all.path(place, name));
        let keys = name_keys(encoding, name);
        let mut alike = keys.iter().flat_map(|key| all.alike(key));
        alike.any(|copy| {
            let by = all.readings[copy.by as usize];
            copy.path == path || now.may_be_read_as(own, copy.looks, by)
        })
    }

    /// Whether such a copy, wherever it lies, has a name that a system may take for this one.
    pub(super) fn knows(&self, encoding: NameEncoding, name: &[u8]) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if all.each.is_empty() {
            return false;
        }
        let mut keys = name_keys(encoding, name).into_iter();
        keys.any(|key| all.last.contains_key(&all.name(&key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Kind, Side, Time};

    #[test]
    fn a_copy_takes_56_bytes_whatever_its_path() {
        assert_eq!(std::mem::size_of::<Copy>(), 56);
    }

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
        spared.spare(auto, &place("/x"), b"A.txt", looks, by);
        let later = Looks {
            modified: Some(Time::at(11)),
            ..looks
        };
        spared.spare(auto, &place("/z"), b"a.TXT", later, by);
        let stands = |size, time| Standing {
            kind: Kind::File,
            size: Some(size),
            modified: Some(Time::at(time)),
        };
        let holds = |folder: &str, name: &str, standing| {
            spared.holds(auto, &place(folder), name.as_bytes(), standing, by)
        };
        assert!(holds("/x", "A.txt", stands(7, 1)));
        assert!(holds("/y", "a.txt", stands(5, 9)) && holds("/y", "a.txt", stands(5, 11)));
        assert!(holds("/z", "a.TXT", stands(7, 1)));
        assert!(!holds("/z", "a.txt", stands(5, 8)));
        assert!(!holds("/y", "a.txt", stands(6, 9)));
        assert!(!holds("/x", "b.txt", stands(5, 9)));
    }
}
