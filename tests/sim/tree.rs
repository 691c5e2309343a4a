//! Files, folders and links of all servers and of this machine, in one arena.
//!
//! A server entry or the disk is a view: it begins in one folder of the arena. So two entries that share a folder, a
//! local folder that is also a server's root, and hard links are nothing special, and what two paths lead to can be
//! compared by number.

use std::collections::BTreeMap;

/// A node of the arena.
pub(super) type Ino = usize;

/// A name in a folder, as the folder compares names.
pub(super) type Spot = (Ino, Vec<u8>);

/// Links that are followed on one path.
const MOST_LINKS: usize = 8;

/// What stands in the arena.
#[derive(Debug, Clone)]
pub(super) enum Node {
    File(File),
    Folder(Folder),
    /// Where it leads: an absolute path in the view, or one relative to its folder.
    Link(Vec<u8>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    /// Milliseconds since the Unix epoch, by the clock of its server.
    pub(super) modified: i64,
    /// Whether it would outlive a power loss; what a server has taken is the server's care.
    pub(super) flushed: bool,
    /// The final name that it had before it was put aside.
    pub(super) aside: Option<Spot>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    names: BTreeMap<Vec<u8>, (Vec<u8>, Ino)>,
    pub(super) habits: Habits,
}

/// What a store does with names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Habits {
    /// Names that differ in case only are one.
    pub(super) folds: bool,
    /// Dots and spaces at the end of new names are dropped.
    pub(super) trims: bool,
}

/// Where a path leads.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Its last name; none where the path is a root.
    pub(super) spot: Option<Spot>,
    /// What stands there.
    pub(super) ino: Option<Ino>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Folder {
    fn key(&self, name: &[u8]) -> Vec<u8> {
        let mut end = name.len();
        while self.habits.trims && end > 1 && matches!(name[end - 1], b'.' | b' ') {
            end -= 1;
        }
        match self.habits.folds {
            true => name[..end].to_ascii_lowercase(),
            false => name[..end].to_vec(),
        }
    }

    /// The names as they are shown, and what they stand for.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], Ino)> {
        self.names.values().map(|(name, ino)| (&name[..], *ino))
    }

    /// The same by the keys of [`Spot`]s.
    pub(super) fn spots(&self) -> impl Iterator<Item = (&[u8], Ino)> {
        self.names.iter().map(|(key, (_, ino))| (&key[..], *ino))
    }
}

impl Tree {
    pub(super) fn add(&mut self, node: Node) -> Ino {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub(super) fn node(&self, ino: Ino) -> &Node {
        &self.nodes[ino]
    }

    pub(super) fn file(&self, ino: Ino) -> Option<&File> {
        match &self.nodes[ino] {
            Node::File(file) => Some(file),
            _ => None,
        }
    }

    pub(super) fn file_mut(&mut self, ino: Ino) -> Option<&mut File> {
        match &mut self.nodes[ino] {
            Node::File(file) => Some(file),
            _ => None,
        }
    }

    pub(super) fn folder(&self, ino: Ino) -> Option<&Folder> {
        match &self.nodes[ino] {
            Node::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    fn folder_mut(&mut self, ino: Ino) -> Option<&mut Folder> {
        match &mut self.nodes[ino] {
            Node::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// What a name stands for.
    pub(super) fn at(&self, spot: &Spot) -> Option<Ino> {
        self.folder(spot.0)?.names.get(&spot.1).map(|(_, ino)| *ino)
    }

    /// The file that a name stands for, links followed not at all.
    pub(super) fn file_at(&self, spot: &Spot) -> Option<&File> {
        self.file(self.at(spot)?)
    }

    /// The name as it is shown.
    pub(super) fn shown(&self, spot: &Spot) -> Vec<u8> {
        let entry = self.folder(spot.0).and_then(|f| f.names.get(&spot.1));
        entry.map_or_else(|| spot.1.clone(), |(name, _)| name.clone())
    }

    /// Puts something under a name.
    pub(super) fn put(&mut self, folder: Ino, name: &[u8], ino: Ino) {
        if let Some(folder) = self.folder_mut(folder) {
            let key = folder.key(name);
            let kept = match folder.habits.trims {
                true => name[..key.len()].to_vec(),
                false => name.to_vec(),
            };
            // A store that folds case keeps the name that it knows.
            let kept = folder
                .names
                .get(&key)
                .map_or(kept, |(name, _)| name.clone());
            folder.names.insert(key, (kept, ino));
        }
    }

    /// Takes a name away.
    pub(super) fn take(&mut self, spot: &Spot) -> Option<Ino> {
        let folder = self.folder_mut(spot.0)?;
        folder.names.remove(&spot.1).map(|(_, ino)| ino)
    }

    /// Makes a folder below another, with its habits.
    pub(super) fn make_folder(&mut self, parent: Ino, name: &[u8]) -> Ino {
        let habits = self.folder(parent).map(|folder| folder.habits);
        let folder = Folder {
            names: BTreeMap::new(),
            habits: habits.unwrap_or_default(),
        };
        let ino = self.add(Node::Folder(folder));
        self.put(parent, name, ino);
        ino
    }

    /// Makes the folders of a path below another.
    pub(super) fn make_folders(&mut self, parent: Ino, path: &str) -> Ino {
        let mut at = parent;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let key = self.folder(at).map(|f| f.key(name.as_bytes()));
            let there = key.and_then(|key| self.at(&(at, key)));
            at = there.unwrap_or_else(|| self.make_folder(at, name.as_bytes()));
        }
        at
    }

    /// Whether a path below a folder passes through a symbolic link, its last name left aside.
    pub(super) fn passes_link(&self, root: Ino, relative: &[u8]) -> bool {
        let mut slashes = relative.iter().enumerate().filter(|(_, b)| **b == b'/');
        slashes.any(|(end, _)| {
            let found = self.find(root, &relative[..end], false);
            let ino = found.and_then(|found| found.ino);
            ino.is_some_and(|ino| matches!(self.node(ino), Node::Link(_)))
        })
    }

    /// The path of a folder below another, which has this path itself.
    pub(super) fn path_of(&self, root: Ino, folder: Ino, path: &[u8]) -> Option<Vec<u8>> {
        if root == folder {
            return Some(path.to_vec());
        }
        let entries = self.folder(root)?.entries();
        let mut folders = entries.filter(|(_, ino)| self.folder(*ino).is_some());
        folders.find_map(|(name, ino)| self.path_of(ino, folder, &[path, b"/", name].concat()))
    }

    /// Where a path of a view leads; links are followed, the last one where that is asked for. Nothing where a folder on
    /// the way is missing.
    pub(super) fn find(&self, root: Ino, path: &[u8], last: bool) -> Option<Found> {
        let mut way = Way {
            tree: self,
            stack: vec![root],
            links: 0,
        };
        let mut names = path.split(|byte| *byte == b'/').peekable();
        let mut found = Found {
            spot: None,
            ino: Some(root),
        };
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            found = way.step(found, name, last || !is_last)?;
        }
        Some(found)
    }
}

/// A path being walked: the folders above, so that `..` leads back.
struct Way<'t> {
    tree: &'t Tree,
    stack: Vec<Ino>,
    links: usize,
}

impl Way<'_> {
    fn step(&mut self, at: Found, name: &[u8], follow: bool) -> Option<Found> {
        if name.is_empty() || name == b"." {
            return Some(at);
        }
        if name == b".." {
            // Above what is missing lies nothing.
            self.tree.folder(at.ino?)?;
            if self.stack.len() > 1 {
                self.stack.pop();
            }
            let ino = self.stack.last().copied();
            return Some(Found { spot: None, ino });
        }
        let parent = *self.stack.last()?;
        let folder = self.tree.folder(at.ino?)?;
        let spot = (parent, folder.key(name));
        let ino = self.tree.at(&spot);
        match ino.map(|ino| self.tree.node(ino)) {
            Some(Node::Link(target)) if follow => self.follow(&target.clone()),
            Some(Node::Folder(_)) => {
                self.stack.extend(ino);
                Some(Found {
                    spot: Some(spot),
                    ino,
                })
            }
            _ => Some(Found {
                spot: Some(spot),
                ino,
            }),
        }
    }

    fn follow(&mut self, target: &[u8]) -> Option<Found> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return None;
        }
        if target.starts_with(b"/") {
            self.stack.truncate(1);
        }
        let mut found = Found {
            spot: None,
            ino: self.stack.last().copied(),
        };
        for name in target.split(|byte| *byte == b'/') {
            found = self.step(found, name, true)?;
        }
        Some(found)
    }
}
