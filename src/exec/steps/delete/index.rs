//! Positions found by hash: 16 bytes for each, where a map would keep a million names.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Numbers of ledgers and positions in them, sorted by the hash of a key. What is found has to be compared: hashes collide.
#[derive(Default)]
pub(super) struct Index(Vec<(u64, u32, u32)>);

impl Index {
    pub(super) fn new<K: Hash>(rows: impl Iterator<Item = (K, u32, u32)>) -> Index {
        let mut rows: Vec<_> = rows
            .map(|(key, number, at)| (hash(&key), number, at))
            .collect();
        rows.sort_unstable();
        Index(rows)
    }

    /// What may have a key.
    pub(super) fn find<K: Hash + ?Sized>(&self, key: &K) -> impl Iterator<Item = (u32, u32)> {
        let wanted = hash(key);
        let first = self.0.partition_point(|(hash, ..)| *hash < wanted);
        let alike = self.0[first..].iter();
        let alike = alike.take_while(move |(hash, ..)| *hash == wanted);
        alike.map(|(_, number, at)| (*number, *at))
    }

    /// What may have one of several keys, each once.
    pub(super) fn find_any(&self, keys: &[String]) -> Vec<(u32, u32)> {
        let mut found: Vec<_> = keys.iter().flat_map(|key| self.find(key)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn hash<K: Hash + ?Sized>(key: &K) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_of_several_keys_is_found_once() {
        let rows = [("a", 0, 1), ("b", 0, 1), ("b", 2, 3), ("c", 4, 5)];
        let index = Index::new(rows.into_iter());
        let keys = ["b", "a", "d"].map(str::to_owned);
        assert_eq!(index.find_any(&keys), [(0, 1), (2, 3)]);
        assert_eq!(index.find("c").collect::<Vec<_>>(), [(4, 5)]);
    }
}
