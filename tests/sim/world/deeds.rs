//! What somebody else does to the world.

use super::*;

impl State {
    /// Somebody else does something.
    pub(super) fn somebody(&mut self, deed: Deed, number: u32) {
        let mut all: Vec<(usize, Spot)> = Vec::new();
        for (store, root) in self.stores.iter().enumerate() {
            self.tree.walk_names(*root, &mut |spot, name, _| {
                if is_temporary(name) == (deed == Deed::Comes) {
                    all.push((store, spot.clone()));
                }
            });
        }
        if all.is_empty() {
            return;
        }
        let (store, spot) = all[number as usize % all.len()].clone();
        let now = (BEGINNING + self.offsets[store]) * 1000 + self.clock as i64;
        let Some(ino) = self.tree.at(&spot) else {
            return;
        };
        let old = self.tree.file(ino);
        let second = old.map(|file| file.modified.div_euclid(1000));
        let length = old.map_or(0, |file| file.bytes.len());
        let length = match deed {
            Deed::Changes | Deed::Adds | Deed::Comes => length + 3,
            _ => length,
        };
        let name = self.tree.shown(&spot);
        let mut touched = vec![spot.clone()];
        match deed {
            Deed::Rewrites => {
                let bytes = self.contents.make(length);
                if let Some(file) = self.tree.file_mut(ino) {
                    file.bytes = bytes;
                    file.modified = now;
                }
                touched = self.tree.names_of(&self.stores, ino);
            }
            Deed::Replaces | Deed::Changes => {
                let file = self.new_file(length, now);
                self.tree.put(spot.0, &name, file);
            }
            Deed::Takes => {
                self.tree.take(&spot);
            }
            Deed::Comes => {
                let end = name.windows(9).position(|part| part == b".ftpflow-");
                let file = self.new_file(length, now);
                self.tree
                    .put(spot.0, &name[..end.unwrap_or(name.len())], file);
                touched = self.tree.names_of(&self.stores, file);
            }
            Deed::Renames | Deed::Adds => {
                let other = [&name[..], b"2"].concat();
                let file = match deed {
                    Deed::Renames => self.tree.take(&spot).unwrap_or(ino),
                    _ => self.new_file(length, now),
                };
                self.tree.put(spot.0, &other, file);
                touched.push((spot.0, other));
            }
        }
        if self.traces {
            let shown = String::from_utf8_lossy(&name).into_owned();
            self.log.push(format!("     ! of `{shown}`"));
        }
        let alike = matches!(deed, Deed::Rewrites | Deed::Replaces);
        let alike = alike && second == Some(now.div_euclid(1000));
        self.oracle
            .somebody(&self.tree, &self.stores, touched, alike);
    }

    pub(super) fn new_file(&mut self, length: usize, modified: i64) -> Ino {
        let bytes = self.contents.make(length);
        self.tree.add(Node::File(File {
            bytes,
            modified,
            flushed: true,
            aside: None,
        }))
    }
}
