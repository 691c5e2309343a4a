//! Walks over all files of the world.

use super::*;

impl Tree {
    /// Visits every name of a file below a folder: its spot, as it is shown, and the file. Links are not followed.
    pub(in crate::sim) fn walk_names(&self, root: Ino, visit: &mut dyn FnMut(&Spot, &[u8], Ino)) {
        let Some(folder) = self.folder(root) else {
            return;
        };
        for ((key, ino), (name, _)) in folder.spots().zip(folder.entries()) {
            match self.node(ino) {
                Node::File(_) => visit(&(root, key.to_vec()), name, ino),
                Node::Folder(_) => self.walk_names(ino, visit),
                Node::Link(_) => {}
            }
        }
    }

    /// Visits every name of a file below a folder.
    pub(in crate::sim) fn walk(&self, root: Ino, visit: &mut dyn FnMut(&Spot, Ino)) {
        self.walk_names(root, &mut |spot, _, ino| visit(spot, ino));
    }

    /// All names of a file.
    pub(in crate::sim) fn names_of(&self, stores: &[Ino], file: Ino) -> Vec<Spot> {
        let mut names = Vec::new();
        for store in stores {
            self.walk(*store, &mut |spot, ino| {
                if ino == file {
                    names.push(spot.clone());
                }
            });
        }
        names
    }

    /// The sums of all files that stand under final names, or were put aside from one.
    pub(in crate::sim) fn standing(&self, stores: &[Ino]) -> Vec<u64> {
        let mut sums = Vec::new();
        for store in stores {
            self.walk_names(*store, &mut |_, name, ino| {
                if let Some(file) = self.file(ino)
                    && (file.aside.is_some() || !is_temporary(name))
                {
                    sums.push(sum(&file.bytes));
                }
            });
        }
        sums.sort_unstable();
        sums.dedup();
        sums
    }
}
